"""Runs on a service in the run store: their record, how they go on, and what they leave.

Several programs may follow one run: a terminal, a Jupyter server. Each asks the service; whoever sees something new
first writes it down, alone, and the others read it there.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mdk_converters.findings import Finding
from mdk_converters.graph import dependencies
from mdk_converters.spec_reader import load_spec
from mdk_converters.spec_writer import dump_spec
from mdk_converters.targets.kfp import keys
from mdk_jupyter.errors import MDKError, NotFoundError, ServiceError
from mdk_jupyter.local.announcing import announce
from mdk_jupyter.local.branching import collect, collect_metrics
from mdk_jupyter.local.events import ENDED, Event, State
from mdk_jupyter.local.files import write_atomically
from mdk_jupyter.local.journal import Tail, event_of
from mdk_jupyter.local.locks import holding
from mdk_jupyter.local.record import Run, Step, finding_to_json
from mdk_jupyter.local.store import create_run_folder, list_runs, storing
from mdk_jupyter.remote.prepare import Prepared
from mdk_jupyter.remote.progress import StepView, blocks_of, steps_of
from mdk_jupyter.remote.service import JobView, Service, Submitted, Task, connect
from mdk_jupyter.remote.told import read_failure

PAUSES = (1.0, 2.0, 3.0, 5.0)  # seconds between looks; the last one for ever
_RELIES_ON = ("project_id", "region", "pipeline_root", "api_endpoint", "host", "namespace", "token_variable", "token_file", "storage_endpoint")  # fmt: skip


def record(prepared: Prepared, submitted: Submitted, *, folder: Path, source: Path) -> Run:
    """Keep a record of a submitted job beside the runs of its notebook; one that is there already is returned.

    Raises:
        StoreError: it cannot be written.
    """
    for known in list_runs(folder):
        if known.remote.get("name") == submitted.name:
            with _alone(known):
                known.warnings += [warning for warning in submitted.warnings if warning not in known.warnings]
                known.save()
            return known
    plan, pipeline = prepared.plan, prepared.pipeline
    place = create_run_folder(folder)
    waits = dependencies(pipeline)
    settings = plan.service.model_dump(exclude_none=True)
    run = Run(
        id=place.name,
        pipeline=plan.pipeline,
        folder=place,
        source=source,
        started=time.time(),
        parameters=plan.parameters,
        steps={name: Step(name, after=sorted(waits[name])) for name in pipeline.components},
        warnings=[*submitted.warnings],
        target=plan.target,
        remote={
            "job": plan.job,
            "name": submitted.name,
            "link": submitted.link,
            "environment": plan.environment,
            "labels": plan.labels,
            "cells": dict(prepared.numbers),
            "blocks": blocks_of(json.loads(plan.document.spec)),
            "settings": {name: settings[name] for name in _RELIES_ON if name in settings},
        },
    )
    with storing(place):
        write_atomically(run.spec, dump_spec(pipeline))
        run.save()
    announce(run.folder, driven=False)
    return run


def service_of(run: Run) -> Service:
    """Return a connection to the service that a run is on.

    Raises:
        ServiceError: the service cannot be asked.
    """
    assert run.target != "local", "runs on this machine have no service"
    return connect(run.target, run.remote["settings"])


def refresh(run: Run, service: Service) -> Run:
    """Bring the record of a run up to date."""
    if run.state not in ENDED:
        Follower(run, service).look()
    return run


def cancel(run: Run, service: Service) -> Run:
    """Let a run end, and bring its record up to date."""
    if run.state not in ENDED:
        service.cancel(run.remote["name"])
    return refresh(run, service)


def watch(run: Run, service: Service, sleep: Callable[[float], None] = time.sleep) -> Iterator[Event]:
    """Yield what happens in a run until it ends, beginning with all that has happened.

    A connection that is lost for a while is waited for; the run goes on without it.

    Raises:
        ServiceError: the service stayed away.
    """
    follower = Follower(run, service)
    yield from follower.so_far()
    looks = 0
    while run.state not in ENDED:
        yield from follower.look()
        if run.state not in ENDED:
            sleep(PAUSES[min(looks, len(PAUSES) - 1)])
            looks += 1


@contextmanager
def _alone(run: Run) -> Iterator[None]:
    """Be the only one who changes the record of a run, and begin with what others have made of it.

    Raises:
        StoreError: the record cannot be read or written.
    """
    with storing(run.folder), holding(run.folder / "record.lock"):
        recorded = Run.open(run.folder)
        for field in dataclasses.fields(Run):
            setattr(run, field.name, getattr(recorded, field.name))
        yield


class Follower:
    """Keeps the record of a run up to date, and tells what has changed since the last look, whoever saw it first.

    `told` is how many bytes of the journal have been told: another follower's `told`, or else as many as there are.
    """

    def __init__(self, run: Run, service: Service, told: int | None = None) -> None:
        self.run = run
        self._service = service
        self._journal = Tail(run.events, told or 0)
        with _alone(run):
            if told is None:
                self._journal.lines()  # they have led to the record as it is
        self._pipeline = load_spec(run.spec)
        self._waits = dependencies(self._pipeline)

    @property
    def told(self) -> int:
        """How many bytes of the journal have been told."""
        return self._journal.at

    def so_far(self) -> Iterator[Event]:
        """Yield the events that lead to the run as it is recorded."""
        run = self.run
        graph = {name: list(step.after) for name, step in run.steps.items() if step.part_of is None}
        data = {"graph": graph, "pipeline": run.pipeline, "source": str(run.source), "folder": str(run.folder)}
        yield Event(run.started or time.time(), run.id, "run", state="running", data=data)
        for step in run.steps.values():
            if step.part_of is not None:
                yield self._event(step, "waiting", data={"part_of": step.part_of, "after": step.after})
            if step.state != "waiting":
                if step.started is not None and step.cached_from is None:
                    yield self._event(step, "running", step.started)
                if step.state != "running":
                    yield self._told(step)
        if run.state in ENDED:
            yield self._end()

    def look(self) -> list[Event]:
        """Ask the service, bring the record up to date, and return what is new."""
        run = self.run
        view = self._service.look(run.remote["name"])
        with _alone(run):
            if run.state not in ENDED:
                new = self._take_all(view)
                with run.events.open("a", encoding="utf-8") as journal:
                    journal.writelines(event.to_line() + "\n" for event in new)
                run.save()
        return [*filter(None, map(event_of, self._journal.lines()))]

    def _take_all(self, view: JobView) -> list[Event]:
        run = self.run
        new: list[Event] = []
        for step in steps_of(self._pipeline, self._waits, run.remote["blocks"], view):
            new += self._take(step, view)
        if view.state in ("done", "failed", "cancelled"):
            run.state = view.state
            ended = view.ended or time.time()
            run.started = view.started or run.started
            run.seconds = max(0.0, ended - (run.started or ended))
            if view.state == "failed" and not run.failures:
                self._blame(view)
            new.append(self._end())
        elif view.state == "running":
            run.state = "running"
            run.started = view.started or run.started
        return new

    def _take(self, seen: StepView, view: JobView) -> list[Event]:
        step = self.run.steps.get(seen.name)
        new: list[Event] = []
        if step is None:
            assert seen.part_of is not None
            step = self._add_part(seen.name, seen.part_of)
            new.append(self._event(step, "waiting", data={"part_of": seen.part_of, "after": step.after}))
        if _progress(seen.state) <= _progress(step.state):  # nothing new, or an answer that others have overtaken
            return new
        task = seen.task
        before, step.state, step.why = step.state, seen.state, seen.why
        if task is not None:
            step.started = task.started or step.started
            if task.ended is not None and task.started is not None:
                step.seconds = max(0.0, task.ended - task.started)
        if (
            before == "waiting"
            and step.state in ("done", "failed", "cancelled")
            and step.started
            and not seen.is_cached
        ):
            new.append(self._event(step, "running", step.started))
        if step.state == "done":
            self._receive(step, seen)
        elif step.state == "failed":
            self._explain(step, seen)
        new.append(self._told(step))
        return new

    def _add_part(self, name: str, whole: str) -> Step:
        steps = self.run.steps
        part = Step(name, after=[n for n in steps[whole].after if steps[n].part_of is None], part_of=whole)
        ordered: dict[str, Step] = {}
        for key, step in steps.items():
            if key == whole:
                ordered[name] = part
            ordered[key] = step
        steps[whole].after.append(name)
        self.run.steps = ordered
        return part

    def _receive(self, step: Step, seen: StepView) -> None:
        """Fetch what a step that is done has told of its values and metrics."""
        if seen.task is None:  # a repeated component
            parts = [part for part in self.run.steps.values() if part.part_of == step.name]
            outputs = self._pipeline.components[step.name].outputs
            with_all = [name for name in outputs if all(name in part.outputs for part in parts)]
            step.outputs = {name: collect([part.outputs[name] for part in parts]) for name in with_all}
            step.metrics = collect_metrics([part.metrics for part in parts])
            return
        if seen.is_cached:
            step.cached_from = _job_in(seen.task.artifacts.get(keys.METRICS, ""))
        uri = artifact_uri(self.run, self._service, seen.task, keys.METRICS)
        if uri is not None:
            told = json.loads(self._service.storage.read(uri))
            step.metrics, step.outputs = told["metrics"], told["outputs"]
            self._register(step, told.get("models", ()))

    def _register(self, step: Step, models: Iterable[Mapping[str, Any]]) -> None:
        """Register what a step logged where it reached no registry. What is registered already stays one version."""
        for model in models:
            from mdk_jupyter.registry.connecting import connect as open_registry
            from mdk_jupyter.registry.connecting import find_home

            try:
                registry = open_registry(find_home(self.run.folder.parents[2]))
                registry.register(model["name"], idempotency_key=model["idempotency_key"], **model["fields"])
            except MDKError as error:
                why = error.findings[0].message
                self.run.warnings.append(
                    f"{model['name']} of step {step.name!r} is not registered: {why}; `mdk submit --again` tries again"
                )

    def _explain(self, step: Step, seen: StepView) -> None:
        """Say why a step failed, in its own words where they can be had."""
        if seen.task is None:
            step.findings = [Finding("MDK480", f"a run of {step.name!r} failed", names=(step.name,))]
            return
        try:
            log = self._service.log(self.run.remote["name"], seen.task)
        except ServiceError as error:
            log = ""
            self.run.warnings.append(error.findings[0].message)
        numbers = self.run.remote["cells"]
        step.findings, step.traceback = read_failure(log or seen.task.error, step.name, numbers)
        path = self.run.folder / f"{step.name}.log"
        if log:
            write_atomically(path, log + "\n")
            step.log = path

    def _blame(self, view: JobView) -> None:
        """Note why a job failed of which no step did."""
        self.run.warnings.append(view.error or "the service failed the job and does not say why")

    def _told(self, step: Step) -> Event:
        data: dict[str, Any] = {"why": step.why} if step.why else {}
        if step.state == "done":
            data |= {"metrics": step.metrics}
            if step.cached_from:
                data["cached_from"] = step.cached_from
        message = None
        if step.state == "failed":
            data |= {"findings": [*map(finding_to_json, step.findings)], "traceback": step.traceback}
            message = step.findings[0].message
        when = (step.started or time.time()) + (step.seconds or 0) if step.state != "running" else step.started
        return Event(
            when or time.time(), self.run.id, "step", step.name, step.state, step.seconds, message=message, data=data
        )

    def _event(self, step: Step, state: Any, when: float | None = None, data: Mapping[str, Any] | None = None) -> Event:
        return Event(when or time.time(), self.run.id, "step", step.name, state, data=data or {})

    def _end(self) -> Event:
        run = self.run
        when = (run.started or time.time()) + (run.seconds or 0)
        return Event(when, run.id, "run", state=run.state, seconds=run.seconds, data={"metrics": run.metrics})


def _progress(state: State) -> int:
    return 2 if state in ENDED else 1 if state == "running" else 0


def artifact_uri(run: Run, service: Service, task: Task, key: str) -> str | None:
    """Return where an artifact of a task is; where the service does not tell, by looking into the bucket."""
    if key in task.artifacts:
        return task.artifacts[key]
    folder = service.folder(run.remote["name"])
    found = [uri for uri in service.storage.find(folder) if _is_of(uri.removeprefix(folder), task, key)]
    numbered = [uri for uri in found if f"{task.id}/" in uri]
    return next(iter(numbered or found), None)


def _job_in(uri: str) -> str:
    """Return the job that an artifact is from: ROOT/PROJECT/JOB/TASK/artifact."""
    parts = uri.split("/")
    return parts[-3] if len(parts) > 3 else "unknown"


def _is_of(path: str, task: Task, key: str) -> bool:
    first, *_, last = path.split("/")
    return last == key and (first == task.name or first.startswith(f"{task.name}_"))


def fetch_notebook(run: Run, step: Step, service: Service) -> Path:
    """Return the executed notebook of a step, downloaded unless it is here already.

    Raises:
        NotFoundError: it was not executed (MDK371).
        ServiceError: the notebook cannot be fetched.
    """
    if step.notebook is not None and step.notebook.exists():
        return step.notebook
    task = _task_of(run, step, service)
    uri = artifact_uri(run, service, task, keys.NOTEBOOK) if task is not None else None
    if uri is None:
        message = f"step {step.name!r} of run {run.id} has no executed notebook: it is {step.state}"
        raise NotFoundError([Finding("MDK371", message, fix="name a step that was started", names=(step.name,))])
    path = run.folder / f"{step.name}.ipynb"
    try:
        text = service.storage.read(uri).decode()
    except MDKError as error:
        message = f"{uri} cannot be fetched: {error.findings[0].message}"
        raise ServiceError([Finding("MDK482", message, fix="run the pipeline again")]) from error
    with storing(path):
        write_atomically(path, text)
    with _alone(run):
        run.steps[step.name].notebook = step.notebook = path
        run.save()
    return path


def fetch_logs(run: Run, steps: list[Step], service: Service) -> None:
    """Bring what steps have printed here, as far as the service tells it."""
    fetched: dict[str, Path] = {}
    for step in steps:
        task = _task_of(run, step, service)
        text = service.log(run.remote["name"], task) if task is not None else ""
        if text:
            path = run.folder / f"{step.name}.log"
            with storing(path):
                write_atomically(path, text + "\n")
            fetched[step.name] = step.log = path
    with _alone(run):
        for name, path in fetched.items():
            run.steps[name].log = path
        run.save()


def _task_of(run: Run, step: Step, service: Service) -> Task | None:
    pipeline = load_spec(run.spec)
    view = service.look(run.remote["name"])
    seen = steps_of(pipeline, dependencies(pipeline), run.remote["blocks"], view)
    return next((one.task for one in seen if one.name == step.name), None)
