"""Runs as the browser sees them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mdk_jupyter.local.events import Event
from mdk_jupyter.local.journal import log_of, notebook_of, read_events
from mdk_jupyter.local.record import Run, Step
from mdk_jupyter.server.findings import shown
from mdk_jupyter.server.places import Places
from mdk_jupyter.server.project import guards
from mdk_jupyter.server.run_models import RunView, StepView


def run_view(run: Run, places: Places) -> RunView:
    """Return the view of a run in a store below the server's root."""
    environment = run.remote.get("environment") or None
    at = _cells_at_work(run) if run.target == "local" and run.state == "running" else {}
    return RunView(
        id=run.id,
        store=places.store(run.folder) or "",
        pipeline=run.pipeline,
        source=places.path(run.source) if run.source else None,
        target=run.target,  # type: ignore[arg-type]  # a record says no other ones
        environment=environment,
        state=run.state,
        started=run.started,
        seconds=run.seconds,
        parameters=run.parameters,
        metrics=run.metrics,
        steps=[_step_view(run, step, places, at) for step in run.steps.values()],
        warnings=run.warnings,
        link=run.remote.get("link"),
        protected=guards(run.folder.parents[2], environment),
    )


def _step_view(run: Run, step: Step, places: Places, at: Mapping[str, Event]) -> StepView:
    cell = at.get(step.name) if step.state == "running" else None
    return StepView(
        name=step.name,
        state=step.state,
        started=step.started,
        seconds=step.seconds,
        cached=step.cached_from is not None,
        why=step.why,
        after=step.after,
        part_of=step.part_of,
        cell=cell.cell if cell else None,
        cells=cell.data.get("cells") if cell else None,
        notebook=_path(notebook_of(run, step), places),
        log=_path(log_of(run, step), places),
        findings=shown(step.findings),
        traceback=step.traceback,
        metrics=step.metrics,
    )


def _path(file: Path | None, places: Places) -> str | None:
    return places.path(file) if file is not None else None


def _cells_at_work(run: Run) -> dict[str, Event]:
    """Return for each step the event of the cell that it began last."""
    return {event.step: event for event in read_events(run.folder) if event.kind == "cell" and event.step}
