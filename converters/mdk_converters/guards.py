"""Which inputs a step has to leave as they are, because a step that may come later reads them too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mdk_converters.graph import dependencies, order, producer
from mdk_converters.spec import STATE, Component, Pipeline


class Guards:
    """The later readers of every output.

    `numbers` are those of the notebook's cells by their ids: a component whose cells all come before those of
    another one does not read what that one changes. Without them it may.
    """

    def __init__(self, pipeline: Pipeline, numbers: Mapping[str, int]) -> None:
        self._pipeline, self._numbers = pipeline, numbers
        self._bits = {name: 1 << number for number, name in enumerate(pipeline.components)}
        self._over: dict[str, int] = {}  # the components that are over before one starts, as bits
        waits = dependencies(pipeline)
        for name in order(pipeline):
            over = 0
            for other in waits[name]:
                over |= self._over[other] | self._bits[other]
            self._over[name] = over
        self._readers: dict[str, list[str]] = {}
        for name, component in pipeline.components.items():
            for source in component.inputs.values():
                self._readers.setdefault(source, []).append(name)

    def later(self, name: str) -> list[str]:
        """Return the outputs ("component.name") of this step's producers that later steps read, too."""
        component = self._pipeline.components[name]
        makers = dict.fromkeys(producer(source) for source in component.inputs.values())
        sources = (f"{maker}.{output}" for maker in makers for output in self._pipeline.components[maker].outputs)
        return [source for source in sources if any(self._readers_after(name, source))]

    def guarded(self, name: str) -> list[str]:
        """Return the inputs whose very version a later step reads, and that this step does not hand on."""
        later = set(self.later(name))
        own = candidates(self._pipeline.components[name])
        return [variable for variable, source in own.items() if source in later]

    def _readers_after(self, name: str, source: str) -> Iterator[bool]:
        for reader in self._readers.get(source, []):
            over = self._over[name] & self._bits[reader]
            yield reader != name and not over and not self._ends_before(reader, name)

    def _ends_before(self, one: str, other: str) -> bool:
        """Return whether the notebook has every cell of `one` above the first of `other`."""
        first, second = self._cells(one), self._cells(other)
        return first is not None and second is not None and max(first) < min(second)

    def _cells(self, name: str) -> list[int] | None:
        component: Component = self._pipeline.components[name]
        numbers = [self._numbers.get(cell.id) for cell in component.cells]
        known = [number for number in numbers if number is not None]
        return known if known and len(known) == len(numbers) else None


def candidates(component: Component) -> dict[str, str]:
    """Return the inputs that a component could change for others, with their sources."""
    return {
        variable: source
        for variable, source in component.inputs.items()
        if not variable.startswith(STATE) and variable not in component.outputs
    }


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
