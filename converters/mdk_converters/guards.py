"""Which inputs a step must leave as they are: those that a step which may come later reads as they were."""

from __future__ import annotations

from collections.abc import Mapping

from mdk_converters.graph import dependencies
from mdk_converters.spec import STATE, Component, Pipeline


def guarded(pipeline: Pipeline, name: str, later: frozenset[str]) -> list[str]:
    """Return the inputs that a step does not hand on and whose very version is among `later`, as `read_later` has it.

    Inputs that only share objects with such a version are known when their artifacts are.
    """
    component = pipeline.components[name]
    return [variable for variable, source in candidates(component).items() if source in later]


def candidates(component: Component) -> dict[str, str]:
    """Return the inputs that a component could change for others, with their sources."""
    return {
        variable: source
        for variable, source in component.inputs.items()
        if not variable.startswith(STATE) and variable not in component.outputs
    }


def read_later(pipeline: Pipeline, name: str, numbers: Mapping[str, int]) -> frozenset[str]:
    """Return the sources, as component.name, that steps read which may come later than this one.

    `numbers` are the notebook's cell numbers by cell id, as far as they are known: what the page has above is not
    later.
    """
    component = pipeline.components[name]
    before = ancestors(pipeline, name)
    return frozenset(
        source
        for other, reader in pipeline.components.items()
        if other != name and other not in before and not _ends_before(reader, component, numbers)
        for source in reader.inputs.values()
    )


def ancestors(pipeline: Pipeline, name: str) -> set[str]:
    """Return the steps that are over before this one starts."""
    waits = dependencies(pipeline)
    found: set[str] = set()
    pending = [name]
    while pending:
        new = waits[pending.pop()] - found
        found |= new
        pending += new
    return found


def _ends_before(reader: Component, component: Component, numbers: Mapping[str, int]) -> bool:
    """Whether the notebook has every cell of `reader` above the first of `component`."""
    if not all(cell.id in numbers for cell in (*reader.cells, *component.cells)):
        return False
    return max(numbers[c.id] for c in reader.cells) < min(numbers[c.id] for c in component.cells)
