"""What a run looks like at one moment, whatever draws it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mdk_converters.findings import Finding, Place
from mdk_jupyter.local.events import ENDED, Event, State
from mdk_jupyter.local.record import Run
from mdk_jupyter.runtime.failures import finding_from_json


@dataclass(frozen=True, slots=True)
class StepView:
    """One step. Times are seconds since the epoch."""

    name: str
    needs: tuple[str, ...] = ()
    state: State = "waiting"
    started: float | None = None
    ended: float | None = None
    detail: str = ""  # "cell 2 of 5" while it runs, "cell 7, line 3" where it failed
    notebook: str | None = None  # link to the executed notebook, relative to the one on screen
    cached_from: str | None = None  # the run that its results were taken from
    why: str = ""  # why it ran, or was skipped

    @property
    def word(self) -> str:
        """The state, or `cached` for a step that was done in an earlier run."""
        return "cached" if self.cached_from else self.state

    @property
    def remark(self) -> str:
        """What there is to say of the step besides state and time."""
        source = f"from run {self.cached_from}" if self.cached_from else ""
        return " · ".join(filter(None, [self.detail, source, self.why]))

    def seconds(self, now: float) -> float | None:
        """Return how long the step has taken until `now`, or None when it did not run."""
        return _seconds(self, now)


@dataclass(frozen=True, slots=True)
class RunView:
    """One run with its steps in the order of the pipeline."""

    title: str
    run: str = ""
    steps: tuple[StepView, ...] = ()
    state: State = "running"
    started: float | None = None
    ended: float | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    trouble: str = ""  # the failure as text: step, cell, line and the user's traceback

    def seconds(self, now: float) -> float | None:
        """Return how long the run has taken until `now`."""
        return _seconds(self, now)

    @property
    def count(self) -> str:
        """How far the run is: `3 of 6 steps, 2 cached`."""
        done = sum(step.state == "done" for step in self.steps)
        cached = sum(step.cached_from is not None for step in self.steps)
        return f"{done} of {len(self.steps)} steps" + (f", {cached} cached" if cached else "")


def begin(title: str, run: str, graph: Mapping[str, Iterable[str]], started: float) -> RunView:
    """Return the view of a run that starts now; `graph` gives for every step those it waits for."""
    steps = tuple(StepView(name, tuple(needs)) for name, needs in graph.items())
    return RunView(title, run, steps, started=started)


def follow(view: RunView, event: Event) -> RunView:
    """Return the view after `event`. Events of the user's output change nothing."""
    if event.kind == "run" and event.state is not None:
        if event.state == "running":
            return begin(str(event.data["pipeline"]), event.run, event.data["graph"], event.time)
        ended = event.time if event.state in ENDED else None
        return replace(view, state=event.state, ended=ended, metrics=event.data.get("metrics", view.metrics))
    if event.kind == "step" and event.state == "waiting" and event.step is not None:
        return _with_part(view, StepView(event.step, tuple(event.data["after"])), event.data["part_of"])
    if event.kind == "step" and event.state is not None:
        view = _with_step(view, event.step, lambda step: _step_after(step, event))
        if event.state == "failed":
            findings = [finding_from_json(content) for content in event.data.get("findings", ())]
            view = _with_step(view, event.step, lambda step: replace(step, detail=_where(findings)))
            said = trouble(str(event.step), findings, event.data.get("traceback"))
            view = replace(view, trouble="\n\n".join(filter(None, [view.trouble, said])))
        return view
    if event.kind == "cell":
        return _with_step(view, event.step, lambda step: replace(step, detail=_cell(event)))
    if event.kind == "warning" and event.message:
        about = f"{event.step}: {event.message}" if event.step else event.message
        return replace(view, warnings=(*view.warnings, about))
    return view


def view_of(run: Run, beside: Path) -> RunView:
    """Return the view of a run that is known from its record; links are relative to the folder `beside`."""
    steps = tuple(
        StepView(
            name=step.name,
            needs=tuple(step.after),
            state=step.state,
            # A cached step took no time of its own.
            started=None if step.cached_from else step.started,
            ended=None if step.cached_from else _end(step.started, step.seconds),
            detail=_where(step.findings),
            notebook=_link(step.notebook, beside),
            cached_from=step.cached_from,
            why=step.why,
        )
        for step in run.steps.values()
    )
    return RunView(
        title=run.pipeline,
        run=run.id,
        steps=steps,
        state=run.state,
        started=run.started,
        ended=_end(run.started, run.seconds),
        metrics=run.metrics,
        warnings=tuple(run.warnings),
        trouble="\n\n".join(trouble(step.name, step.findings, step.traceback) for step in run.failures),
    )


def trouble(step: str, findings: Iterable[Finding], traceback: str | None) -> str:
    """Return why a step failed: each finding with its place and what to do, and the user's own traceback."""
    parts = []
    for finding in findings:
        about = "" if step in finding.message else f"{step}: "
        parts.append(f"{about}{finding.code} {finding.message}")
        if finding.place != Place():
            parts.append(f"in {finding.place}")
        if finding.place.text is not None and not traceback:
            parts.append(f"    {finding.place.text}")
        if finding.fix:
            parts.append(finding.fix)
    return "\n".join([*parts, *([traceback.strip("\n")] if traceback else [])]) or f"{step} failed"


def _end(started: float | None, seconds: float | None) -> float | None:
    return None if started is None or seconds is None else started + seconds


def _with_step(view: RunView, name: str | None, change: Callable[[StepView], StepView]) -> RunView:
    return replace(view, steps=tuple(change(step) if step.name == name else step for step in view.steps))


def _with_part(view: RunView, part: StepView, whole: str) -> RunView:
    """Add a run of the repeated step `whole`, below those that are there, and let the step wait for it."""
    names = [step.name for step in view.steps]
    at = names.index(whole) + 1
    while at < len(names) and names[at].startswith(f"{whole}["):
        at += 1
    steps = (*view.steps[:at], part, *view.steps[at:])
    return _with_step(replace(view, steps=steps), whole, lambda step: replace(step, needs=(*step.needs, part.name)))


def _step_after(step: StepView, event: Event) -> StepView:
    assert event.state is not None
    why = str(event.data.get("why") or step.why)
    if event.state == "running":
        return replace(step, state="running", started=event.time, ended=None, why=why)
    if "cached_from" in event.data:
        return replace(step, state=event.state, cached_from=event.data["cached_from"])
    ended = event.time if step.started is not None else None
    return replace(step, state=event.state, ended=ended, detail="", why=why)


def _where(findings: Sequence[Finding]) -> str:
    """Return the cell at fault: `cell 7, line 3`."""
    place = findings[0].place if findings else Place()
    parts = [("cell", place.cell_number), ("line", place.line)]
    return ", ".join(f"{what} {number}" for what, number in parts if number is not None)


def _cell(event: Event) -> str:
    cells = event.data.get("cells")
    return f"cell {event.cell} of {cells}" if cells else f"cell {event.cell}"


def _link(notebook: Path | None, beside: Path) -> str | None:
    """Return the path of an executed notebook as a relative link, as Jupyter resolves them in an output."""
    if notebook is None:
        return None
    try:
        relative = Path(os.path.relpath(notebook.resolve(), beside.resolve()))
    except ValueError:  # another drive, on Windows
        return notebook.resolve().as_uri()
    return quote(relative.as_posix())


def _seconds(view: StepView | RunView, now: float) -> float | None:
    if view.started is None:
        return None
    return max(0.0, (view.ended if view.ended is not None else now) - view.started)


def clock(seconds: float | None) -> str:
    """Return a duration as people write it: `0.26 s`, `12.4 s`, `3:07`, `1:02:45`."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def number(value: Any) -> str:
    """Return a metric as text."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def size(count: int) -> str:
    """Return a number of bytes as people write it: `312 B`, `4.2 kB`, `1.1 GB`."""
    amount, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    return f"{count} B" if unit == "B" else f"{amount:.3g} {unit}"
