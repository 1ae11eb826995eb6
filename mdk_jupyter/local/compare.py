"""Two runs side by side: what differs between them, and what does not."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mdk_converters.spec import Pipeline
from mdk_jupyter.local.record import Run, Step

Record = Mapping[str, Any]


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()
"""Stands for what one of two runs does not have; None is a value."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A parameter or a metric in both runs."""

    name: str
    a: Any
    b: Any

    @property
    def is_same(self) -> bool:
        """Whether value and type are equal; NaN is equal to itself."""
        return self.a is not ABSENT and self.b is not ABSENT and json.dumps(self.a) == json.dumps(self.b)

    @property
    def difference(self) -> int | float | None:
        """`b - a` where both are numbers."""
        if _is_number(self.a) and _is_number(self.b):
            found: int | float = self.b - self.a
            return found
        return None


@dataclass(frozen=True, slots=True)
class StepPair:
    """A step in both runs; None where a run has no such step."""

    name: str
    a: Step | None
    b: Step | None


@dataclass(frozen=True, slots=True)
class ArtifactPair:
    """An output of a step by its records; None where a run has no such artifact."""

    step: str
    name: str
    a: Record | None
    b: Record | None

    @property
    def is_same(self) -> bool:
        """Whether the stored bytes are the same."""
        return self.a is not None and self.b is not None and _identity(self.a) == _identity(self.b)

    @property
    def change(self) -> str:
        """`same`, `changed`, or in which run it is alone."""
        if self.a is None:
            return "only in b"
        if self.b is None:
            return "only in a"
        return "same" if self.is_same else "changed"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Run `b` seen from run `a`: what `mdk runs diff` shows.

    Example:
        >>> comparison = compare_runs(find_run(Path(), "latest~1"), find_run(Path(), "latest"))  # doctest: +SKIP
        >>> [pair.name for pair in comparison.parameters if not pair.is_same]                    # doctest: +SKIP
        ['trees']
    """

    a: Run
    b: Run
    parameters: tuple[Pair, ...]
    metrics: tuple[Pair, ...]
    sources: Mapping[str, str]  # component -> unified diff of its code; of those that differ
    steps: tuple[StepPair, ...]
    artifacts: tuple[ArtifactPair, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON values."""
        return {
            "a": _run_json(self.a),
            "b": _run_json(self.b),
            "parameters": {pair.name: _pair_json(pair) for pair in self.parameters},
            "metrics": {pair.name: {**_pair_json(pair), "difference": pair.difference} for pair in self.metrics},
            "sources": dict(self.sources),
            "steps": {pair.name: {"a": _step_json(pair.a), "b": _step_json(pair.b)} for pair in self.steps},
            "artifacts": {
                f"{pair.step}.{pair.name}": {"change": pair.change, "a": _brief(pair.a), "b": _brief(pair.b)}
                for pair in self.artifacts
            },
        }

    def __repr__(self) -> str:
        from mdk_jupyter.widgets.comparison import comparison_text

        return comparison_text(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from mdk_jupyter.widgets.comparison import comparison_html

        return {"text/plain": repr(self), "text/html": comparison_html(self)}


def compare_runs(a: Run, b: Run) -> Comparison:
    """Compare two runs with the specs that they ran.

    Raises:
        SpecError: a spec cannot be read.
    """
    from mdk_converters.spec_reader import load_spec

    return compare(a, b, load_spec(a.spec), load_spec(b.spec))


def compare(a: Run, b: Run, spec_a: Pipeline, spec_b: Pipeline) -> Comparison:
    """Compare two runs, given what each of them ran. Names stand in the order of `a`, those of `b` alone after them."""
    return Comparison(
        a,
        b,
        parameters=_pairs(a.parameters, b.parameters),
        metrics=_pairs(a.metrics, b.metrics),
        sources=_changed_sources(a, b, spec_a, spec_b),
        steps=tuple(StepPair(name, a.steps.get(name), b.steps.get(name)) for name in _names(a.steps, b.steps)),
        artifacts=tuple(_artifacts(a, b)),
    )


def component_source(pipeline: Pipeline, component: str) -> str:
    """Return a component's code as it runs: its definitions, then its cells, each under a `# %%` line."""
    found = pipeline.components[component]
    definitions = [pipeline.definitions[name].source for name in found.definitions]
    return "".join(f"# %%\n{source.rstrip()}\n" for source in (*definitions, *(cell.source for cell in found.cells)))


def _names(a: Iterable[str], b: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*a, *b]))


def _pairs(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[Pair, ...]:
    return tuple(Pair(name, a.get(name, ABSENT), b.get(name, ABSENT)) for name in _names(a, b))


def _changed_sources(a: Run, b: Run, spec_a: Pipeline, spec_b: Pipeline) -> dict[str, str]:
    found = {}
    for name in _names(spec_a.components, spec_b.components):
        before, after = (
            component_source(spec, name).rstrip("\n").split("\n") if name in spec.components else []
            for spec in (spec_a, spec_b)
        )
        if before != after:
            labels = f"{a.id}/{name}", f"{b.id}/{name}"
            found[name] = "\n".join(difflib.unified_diff(before, after, *labels, lineterm=""))
    return found


def _artifacts(a: Run, b: Run) -> Iterable[ArtifactPair]:
    for step in _names(a.steps, b.steps):
        left = a.steps[step].outputs if step in a.steps else {}
        right = b.steps[step].outputs if step in b.steps else {}
        for name in _names(left, right):
            yield ArtifactPair(step, name, left.get(name), right.get(name))


def _identity(record: Record) -> tuple[Any, ...]:
    """What makes two records the same artifact. Without a digest it is why there is none."""
    return record["status"], record.get("format"), record.get("digest"), record.get("key"), record.get("reason")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _pair_json(pair: Pair) -> dict[str, Any]:
    sides = {side: value for side, value in (("a", pair.a), ("b", pair.b)) if value is not ABSENT}
    return {**sides, "same": pair.is_same}


def _run_json(run: Run) -> dict[str, Any]:
    return {"id": run.id, "pipeline": run.pipeline, "state": run.state, "started": run.started, "seconds": run.seconds}


def _step_json(step: Step | None) -> dict[str, Any] | None:
    if step is None:
        return None
    return {"state": step.state, "seconds": step.seconds, "cached_from": step.cached_from}


def _brief(record: Record | None) -> dict[str, Any] | None:
    keys = ("status", "type", "preview", "size", "digest")
    return None if record is None else {key: record.get(key) for key in keys}
