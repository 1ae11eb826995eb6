"""Which steps a run is about: all of them, or those that were asked for."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mdk_converters.findings import Finding
from mdk_converters.graph import dependencies, producer
from mdk_converters.spec import Pipeline
from mdk_jupyter.errors import UsageError


@dataclass(frozen=True, slots=True)
class Selection:
    """The steps of a run. All others are left alone."""

    run: frozenset[str]  # run, or are taken from the cache
    again: frozenset[str]  # of those, run whatever the cache knows
    read: frozenset[str]  # are taken from the cache and never run
    option: str = "--from"  # why those of `again` run

    def with_parts(self, name: str, parts: Iterable[str]) -> Selection:
        """Return it with the runs of a repeated step, which are what the step is."""

        def grown(names: frozenset[str]) -> frozenset[str]:
            return names.union(parts) if name in names else names

        return Selection(grown(self.run), grown(self.again), grown(self.read))


def select(
    pipeline: Pipeline, *, start: Sequence[str] = (), only: Sequence[str] = (), until: Sequence[str] = ()
) -> Selection:
    """Return the steps of a run.

    `start`: these and all that follow from them run again. `only`: just these run; what they read comes from
    the cache. `until`: these and all that they wait for.

    Raises:
        UsageError: a step is unknown (MDK312), or `only` comes with one of the others (MDK313); all at once.
    """
    waits = dependencies(pipeline)
    findings = [
        finding
        for option, names in (("--from", start), ("--only", only), ("--until", until))
        for name in names
        if (finding := _unknown(name, option, waits)) is not None
    ]
    if only and (start or until):
        fix = "give --only alone, or --from and --until together"
        findings.append(Finding("MDK313", "--only goes with neither --from nor --until", fix=fix))
    if findings:
        raise UsageError(findings)
    everything = frozenset(waits)
    if only:
        reads = {
            name: {producer(source) for source in (*c.inputs.values(), *c.control.values())}
            for name, c in pipeline.components.items()
        }
        chosen = frozenset(only)
        return Selection(chosen, chosen, _closure(chosen, reads) - chosen, "--only")
    run = _closure(until, waits) if until else everything
    followers: dict[str, set[str]] = {name: set() for name in waits}
    for name, needed in waits.items():
        for other in needed:
            followers[other].add(name)
    return Selection(run, _closure(start, followers) & run, frozenset())


def _closure(names: Iterable[str], edges: Mapping[str, Collection[str]]) -> frozenset[str]:
    """The names and all that can be reached from them."""
    found = set(names)
    pending = list(found)
    while pending:
        new = set(edges[pending.pop()]) - found
        found |= new
        pending += new
    return frozenset(found)


def _unknown(name: str, option: str, known: Collection[str]) -> Finding | None:
    if name in known:
        return None
    close = difflib.get_close_matches(name, known, n=1)
    return Finding(
        "MDK312",
        f"{option} {name}: the pipeline has no such step" + (f"; did you mean {close[0]!r}?" if close else ""),
        fix=f"its steps are: {', '.join(known)}",
        names=(name, *close),
    )
