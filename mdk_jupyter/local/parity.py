"""Does the pipeline give what the notebook gives? Both are run, and every value is compared."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from mdk_converters.components import Role
from mdk_converters.convert import convert
from mdk_converters.findings import Finding, NotebookError, Place
from mdk_converters.grammar import roles
from mdk_converters.notebook import Notebook, read_notebook
from mdk_converters.spec import CellSource, Component, Metadata, Pipeline
from mdk_jupyter.errors import RunError, UsageError
from mdk_jupyter.local.compare import ABSENT, Pair
from mdk_jupyter.local.events import Observer
from mdk_jupyter.local.record import Run
from mdk_jupyter.local.sameness import Records, Verdict, compare_stored
from mdk_jupyter.sources import SPECS, check_source

STEP = "notebook"  # the one step of the run that is the whole notebook
_CALL = "__import__('mdk_jupyter.runtime.snapshots', fromlist=['_']).{}"

Watching = Callable[[], AbstractContextManager[Observer]]


@dataclass(frozen=True, slots=True)
class Compared:
    """One value or metric of one component, in the notebook and in the pipeline."""

    component: str
    name: str
    kind: Literal["value", "metric"]
    verdict: Verdict  # `a` is the notebook's, `b` the pipeline's
    place: Place  # the component's last cell


@dataclass(frozen=True, slots=True)
class Parity:
    """How the notebook's values and metrics compare with the pipeline's."""

    path: Path
    notebook: Run
    pipeline: Run
    compared: tuple[Compared, ...]

    @property
    def is_given(self) -> bool:
        """Whether nothing differs."""
        return not self.having(False)

    def having(self, same: bool | None) -> list[Compared]:
        """Return what is the same (True), differs (False) or could not be compared (None)."""
        return [one for one in self.compared if one.verdict.same is same]

    @property
    def findings(self) -> list[Finding]:
        """An error for each difference, a note for each value that was not compared."""
        return [_different(one) for one in self.having(False)] + [_not_compared(one) for one in self.having(None)]


def check_parity(path: Path, watching: Watching) -> Parity:
    """Run a notebook in one kernel, then as a pipeline, both in its folder, and compare what they give.

    `watching` is called for each of the two runs, and gives a context with the observer of that run.

    Raises:
        UsageError: there is no such notebook, or it is a spec (MDK372).
        NotebookError: the notebook cannot be converted.
        RunError: a cell failed, in the notebook or in the pipeline.
        KeyboardInterrupt: a run was cancelled.
    """
    check_source(path)
    if path.suffix in SPECS:
        message = f"{path} is a pipeline spec, and parity is between a pipeline and its notebook"
        raise UsageError([Finding("MDK372", message, fix="name the notebook")])
    notebook = read_notebook(path)
    conversion = convert(notebook)
    if conversion.pipeline is None:
        raise NotebookError(conversion.findings)
    pipeline = _without_cache(conversion.pipeline)
    whole = _run(whole_notebook(notebook, pipeline), path, watching)
    parts = _run(pipeline, path, watching)
    return Parity(path, whole, parts, tuple(_compare(whole, parts, pipeline, notebook)))


def whole_notebook(notebook: Notebook, pipeline: Pipeline) -> Pipeline:
    """Return the notebook as a pipeline of one step, which takes down what each component would hand on.

    Cells after the last component are left out: no value depends on them.
    """
    found = [role for role in roles(notebook)[0] if role.kind != "skip"]
    last = {role.component: number for number, role in enumerate(found) if role.component is not None}
    cells = [_call("begin()", 0)]
    for component, members in groupby(enumerate(found[: max(last.values()) + 1]), key=lambda pair: pair[1].component):
        numbers, parts = zip(*members, strict=True)
        steered = component is not None and _is_steered(pipeline.components[component])
        cells += [_cell(role, steered) for role in parts]
        if component is not None and numbers[-1] == last[component]:
            part = pipeline.components[component]
            arguments = component, list(part.outputs), list(part.metrics), _snapshot_name(pipeline, component)
            cells.append(_call(f"take{arguments!r}", len(cells)))
        else:
            cells.append(_call(f"pause({component!r})", len(cells)))
    env = {name: value for part in pipeline.components.values() for name, value in part.env.items()}
    return Pipeline(
        apiVersion="mdk/v1",
        metadata=Metadata(name=Path(notebook.path).name, kernel=pipeline.metadata.kernel),
        components={STEP: Component(cells=cells, cache=False, env=env)},
    )


def _is_steered(component: Component) -> bool:
    return component.when is not None or component.foreach is not None


def _cell(role: Role, steered: bool) -> CellSource:
    """Return a cell; the line that says when or how often it runs stays, and the extension obeys it."""
    if steered:
        return CellSource(id=role.cell.id, source=role.cell.source)
    return CellSource(id=role.cell.id, line_offset=role.line_offset, source=role.source)


def _call(call: str, number: int) -> CellSource:
    return CellSource(id=f"mdk-snapshot-{number}", source=_CALL.format(call))


def _snapshot_name(pipeline: Pipeline, component: str) -> str:
    return f"snapshot-{list(pipeline.components).index(component)}.json"


def _without_cache(pipeline: Pipeline) -> Pipeline:
    """Return the pipeline with every component to be run: what an earlier run gave is not what it gives now."""
    components = {name: part.model_copy(update={"cache": False}) for name, part in pipeline.components.items()}
    return pipeline.model_copy(update={"components": components})


def _run(pipeline: Pipeline, path: Path, watching: Watching) -> Run:
    from mdk_jupyter.local.runner import run

    with watching() as observe:
        record = run(pipeline, folder=path.parent, source=path, parameters={}, observe=observe)
    if record.state == "cancelled":
        raise KeyboardInterrupt
    if record.failures:
        raise RunError(record)
    return record


def _compare(whole: Run, parts: Run, pipeline: Pipeline, notebook: Notebook) -> Iterator[Compared]:
    places = {role.component: notebook.place(role.cell) for role in roles(notebook)[0]}
    verdicts, metrics = {}, {}
    pending: dict[str, tuple[Records, Records]] = {}
    for component, part in pipeline.components.items():
        snapshot = json.loads((whole.folder / "steps" / _snapshot_name(pipeline, component)).read_text("utf-8"))
        step = parts.steps.get(component)
        if step is None or step.state != "done":
            reason = "the component is not in the run" if step is None else f"the step was {step.state}"
            verdicts[component] = dict.fromkeys(part.outputs, Verdict(None, reason=reason))
            continue
        one, other = snapshot["outputs"], step.outputs
        known = {name: _verdict_by_record(name, one[name], other[name]) for name in part.outputs}
        verdicts[component] = {name: verdict for name, verdict in known.items() if verdict is not None}
        metrics[component] = _compare_metrics(snapshot["metrics"], step.metrics)
        if open_ := [name for name, verdict in known.items() if verdict is None]:
            pending[component] = {name: one[name] for name in open_}, {name: other[name] for name in open_}
    python = _python(pipeline.metadata.kernel)
    for component, found in compare_stored(
        pending, parts.store, python=python, folder=Path(notebook.path).parent
    ).items():
        verdicts[component] |= found
    for component, part in pipeline.components.items():
        for name in part.outputs:
            yield Compared(component, name, "value", verdicts[component][name], places[component])
        for name, verdict in metrics.get(component, {}).items():
            yield Compared(component, name, "metric", verdict, places[component])


def _verdict_by_record(name: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> Verdict | None:
    """Judge two values by what is known of them without loading them; None when that is not enough."""
    for record in (a, b):
        if record["status"] == "untravelable":
            return Verdict(None, reason=record["reason"])
    if "items" in b:  # handed on by the runs of a repeated component
        return None
    if a["status"] != b["status"]:
        return Verdict(False, name, *("nothing" if record["status"] == "unbound" else "a value" for record in (a, b)))
    same = a["status"] == "unbound" or all(a[key] == b[key] for key in ("digest", "key", "type"))
    return Verdict(True) if same else None


def _compare_metrics(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Verdict]:
    pairs = [Pair(name, a.get(name, ABSENT), b.get(name, ABSENT)) for name in dict.fromkeys([*a, *b])]
    return {
        pair.name: Verdict(True) if pair.is_same else Verdict(False, pair.name, *map(_written, (pair.a, pair.b)))
        for pair in pairs
    }


def _written(metric: Any) -> str:
    return "nothing" if metric is ABSENT else repr(metric)


def _python(kernel: str) -> str:
    """Return the interpreter of a kernel, which has the packages that the values need."""
    from mdk_jupyter.local.kernels import is_installed

    if kernel == "python3" or not is_installed(kernel):
        return sys.executable
    from jupyter_client.kernelspec import KernelSpecManager

    command: str = KernelSpecManager().get_kernel_spec(kernel).argv[0]
    return command


def _different(one: Compared) -> Finding:
    said = one.verdict
    what = one.name if one.kind == "value" else f"metric {one.name}"
    return Finding(
        "MDK373",
        f"component {one.component!r} gives another {what} in the pipeline than in the notebook: "
        f"{said.path} is {said.a} in the notebook and {said.b} in the pipeline",
        one.place,
        "set a seed where chance decides; leave times and paths out of values; else please report the notebook",
        names=(one.component, one.name),
    )


def _not_compared(one: Compared) -> Finding:
    return Finding(
        "MDK374",
        f"{one.name} of component {one.component!r} was not compared: {one.verdict.reason}",
        one.place,
        severity="note",
        names=(one.component, one.name),
    )
