"""Which tasks run inside a condition or a loop: blocks, one within the other."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from mdk_converters.conditions import Condition, parse_condition
from mdk_converters.graph import dependencies, order
from mdk_converters.loops import Loop, parse_loop
from mdk_converters.spec import Pipeline


@dataclass(eq=False, slots=True)
class Block:
    """Tasks that run together: the whole pipeline, those behind one condition, or the one of a loop."""

    name: str = "root"
    parent: Block | None = None
    condition: Condition | None = None
    loop: Loop | None = None
    control: Mapping[str, str] = field(default_factory=dict)  # as in the component: where the names come from

    def holds(self, condition: Condition, control: Mapping[str, str]) -> bool:
        """Return whether this block, or one around it, is behind that very condition."""
        return any(b.condition and (b.condition.text, b.control) == (condition.text, control) for b in self.path())

    def path(self) -> list[Block]:
        """Return the blocks from the outermost to this one."""
        return [*self.parent.path(), self] if self.parent is not None else [self]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where every component runs, in the order in which they can run."""

    root: Block
    places: Mapping[str, Block]
    apart: Mapping[str, tuple[str, str]]  # components that wait for two that no block holds both of

    def seen_in(self, component: str) -> Block:
        """Return the block in which others find the results of a component: a loop's are lists outside of it."""
        place = self.places[component]
        return place.parent if place.loop is not None and place.parent is not None else place


def layout(pipeline: Pipeline, taken: Collection[str]) -> Layout:
    """Find the blocks of a pipeline; their names are not among those that are `taken`.

    What waits for a component behind a condition is behind that condition itself. Components that have one
    condition in one place share a block, so that a third can wait for both of them.
    """
    root = Block()
    waits = dependencies(pipeline)
    names = _names(taken)
    branches: dict[tuple[Block, str, tuple[tuple[str, str], ...]], Block] = {}
    found = Layout(root, places := {}, apart := {})
    sequence = order(pipeline)
    rank = {name: number for number, name in enumerate(sequence)}
    for name in sequence:
        component = pipeline.components[name]
        place, last = root, name
        for other in sorted(waits[name], key=rank.__getitem__):
            seen = found.seen_in(other)
            if place in seen.path():
                place, last = (seen, other) if seen is not place else (place, last)
            elif seen not in place.path():
                apart[name] = (last, other)
        if component.when is not None:
            condition = parse_condition(component.when)
            control = {n: component.control[n] for n in condition.names if n in component.control}
            branch = (place, condition.text, tuple(control.items()))
            if branch not in branches and not place.holds(condition, control):
                branches[branch] = Block(next(names["condition"]), place, condition, None, control)
            place = branches.get(branch, place)
        if component.foreach is not None:
            place = Block(next(names["for-loop"]), place, None, parse_loop(component.foreach), component.control)
        places[name] = place
    return found


def _names(taken: Collection[str]) -> Mapping[str, Iterator[str]]:
    """Return the names of blocks, numbered together."""
    numbers = count(1)

    def fresh(kind: str) -> Iterator[str]:
        yield from (name for number in numbers if (name := f"{kind}-{number}") not in taken)

    return {kind: fresh(kind) for kind in ("condition", "for-loop")}
