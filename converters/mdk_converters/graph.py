"""Which component waits for which, and the order in which they can run."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping

from mdk_converters.findings import Finding, SpecError
from mdk_converters.spec import Pipeline


def dependencies(pipeline: Pipeline) -> dict[str, set[str]]:
    """Return, for every component, the components it waits for.

    They are the producers of its inputs and of what decides about it, and those in `after`.

    Example:
        >>> dependencies(pipeline)
        {'load': set(), 'train': {'load'}}
    """
    return {
        name: {producer(source) for source in (*component.inputs.values(), *component.control.values())}
        | set(component.after)
        for name, component in pipeline.components.items()
    }


def producer(source: str) -> str:
    """Return the component of an input's source: `load` for `load.flights`."""
    return source.partition(".")[0]


def order(pipeline: Pipeline) -> list[str]:
    """Return the components so that each comes after all it waits for, otherwise as they are declared.

    Raises:
        SpecError: MDK215 when components wait for each other.
    """
    waits = dependencies(pipeline)
    rank = {name: number for number, name in enumerate(waits)}
    followers: dict[str, list[str]] = {name: [] for name in waits}
    for name, needed in waits.items():
        for other in needed:
            followers[other].append(name)
    missing = {name: len(needed) for name, needed in waits.items()}
    ready = [(rank[name], name) for name, count in missing.items() if not count]
    heapq.heapify(ready)
    done = []
    while ready:
        _, name = heapq.heappop(ready)
        done.append(name)
        for follower in followers[name]:
            missing[follower] -= 1
            if not missing[follower]:
                heapq.heappush(ready, (rank[follower], follower))
    if len(done) < len(waits):
        raise SpecError([cycle_finding(find_cycle(waits))])
    return done


def find_cycle(waits: Mapping[str, Collection[str]]) -> list[str]:
    """Return components that wait for each other in a ring, each for the next, or [] when there is none.

    The ring starts with the member that `waits` names first. Names that are no key of `waits` are passed over.

    Example:
        >>> find_cycle({"a": ["c"], "b": ["a"], "c": ["b"]})
        ['a', 'c', 'b']
    """
    rank = {name: number for number, name in enumerate(waits)}
    finished: set[str] = set()
    for start in waits:
        trail: dict[str, list[str]] = {}  # the way from `start`, with the neighbours still to be tried
        name: str | None = start if start not in finished else None
        while name is not None:
            if name in trail:
                names = list(trail)
                ring = names[names.index(name) :]
                first = ring.index(min(ring, key=rank.__getitem__))
                return ring[first:] + ring[:first]
            trail[name] = sorted((n for n in waits[name] if n in rank), key=rank.__getitem__, reverse=True)
            name = _next(trail, finished)
    return []


def _next(trail: dict[str, list[str]], finished: set[str]) -> str | None:
    """Take the next untried neighbour from the end of the trail; walk back where there is none."""
    while trail:
        last = next(reversed(trail))
        while trail[last]:
            name = trail[last].pop()
            if name not in finished:
                return name
        finished.add(last)
        del trail[last]
    return None


def cycle_finding(cycle: list[str]) -> Finding:
    """Say which components wait for each other."""
    ring = " -> ".join([*cycle, cycle[0]])
    return Finding(
        "MDK215",
        f"components wait for each other: {ring} (each needs the next)",
        fix="take one of these inputs or `after` entries out, or merge the components",
        names=tuple(cycle),
    )
