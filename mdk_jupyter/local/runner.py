"""Running a pipeline: every step as soon as what it waits for is done."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from mdk_converters.findings import Finding, NotebookError
from mdk_converters.graph import dependencies, order
from mdk_converters.spec import Pipeline
from mdk_converters.spec_writer import dump_spec
from mdk_converters.targets.notebooks import step_notebook
from mdk_jupyter.errors import UsageError
from mdk_jupyter.kernels.preload import modules_of
from mdk_jupyter.local import jobs
from mdk_jupyter.local.events import Event, Observer, State
from mdk_jupyter.local.failures import Failure, Origins
from mdk_jupyter.local.files import write_atomically
from mdk_jupyter.local.kernels import Kernels, Launch, is_installed
from mdk_jupyter.local.parameters import complete
from mdk_jupyter.local.record import Run, Step, finding_to_json
from mdk_jupyter.local.steps import Outcome, Task, load_engine, perform
from mdk_jupyter.local.store import create_run_folder, driving, refuse_storing

AHEAD = 2  # kernels that boot before their step can start
PATIENCE = 5.0  # seconds that an interrupted cell has to come to its end


def run(
    pipeline: Pipeline,
    *,
    folder: Path,
    source: Path | None,
    parameters: Mapping[str, Any],
    workers: int | None = None,
    observe: Observer,
    isolated: bool = False,
) -> Run:
    """Run a pipeline on this machine and return how it went, whatever the state it ended in.

    Each step runs in a kernel of its own, in `folder` (the notebook's) or, `isolated`, in an empty one.
    Independent steps run at the same time, at most `workers` (default: one per processor). After a failure
    nothing new starts; what runs comes to its end. Ctrl-C interrupts the steps, and the run is `cancelled`.
    `observe` is called in the calling thread.

    Raises:
        SpecError: the components wait for each other.
        UsageError: a parameter is unknown or has the wrong type; with `isolated`, a declared file is missing.
        StoreError: the run store cannot be written.
    """
    sequence = order(pipeline)
    values = complete(pipeline, parameters)
    if isolated:
        _check_files(pipeline, folder)
    path = create_run_folder(folder)
    waits = dependencies(pipeline)
    steps = {name: Step(name, after=sorted(waits[name], key=sequence.index)) for name in sequence}
    record = Run(
        path.name, pipeline.metadata.name, path, source.absolute() if source else None, parameters=values, steps=steps
    )
    try:
        with driving(path), Kernels(pipeline.metadata.kernel, modules_of(pipeline)) as kernels:
            _Driver(
                pipeline=pipeline,
                record=record,
                folder=folder,
                origins=_origins(pipeline, folder, source),
                kernels=kernels,
                workers=workers or _processors(),
                observe=observe,
                isolated=isolated,
            ).drive()
    except BrokenPipeError:  # nobody watches any more
        _give_up(record)
        raise
    except OSError as error:
        _give_up(record)
        refuse_storing(error, path)
    except BaseException:
        _give_up(record)
        raise
    return record


def _give_up(record: Run) -> None:
    """Leave a record that says that the driver failed, if it can still be written."""
    record.state = "failed"
    for step in record.steps.values():
        if step.state == "running":
            step.state = "cancelled"
        elif step.state == "waiting":
            step.state = "skipped"
    with contextlib.suppress(OSError):
        record.save()


@dataclass(kw_only=True)
class _Driver:
    """What is going on in a run. Everything happens in the calling thread but the steps' own work."""

    pipeline: Pipeline
    record: Run
    folder: Path
    origins: Origins
    kernels: Kernels
    workers: int
    observe: Observer
    isolated: bool
    inbox: SimpleQueue[Event | Outcome | _Abandoned] = field(default_factory=SimpleQueue)

    def drive(self) -> None:
        record = self.record
        record.started = time.time()
        record.state = "running"
        (record.folder / "steps").mkdir()
        write_atomically(record.spec, dump_spec(self.pipeline))
        record.save()
        with record.events.open("a", encoding="utf-8") as self.journal:
            self.news(
                "run",
                state="running",
                data={
                    "pipeline": record.pipeline,
                    "graph": {step.name: step.after for step in record.steps.values()},
                    "source": str(record.source) if record.source else None,
                    "folder": str(record.folder),
                },
            )
            for warning in _warnings(self.pipeline):
                record.warnings.append(warning)
                self.news("warning", message=warning)
            try:
                self._prepare_kernels()
                load_engine()
                self._run_steps()
                state: State = "failed" if record.failures else "done"
            except KeyboardInterrupt:
                self._cancel()
                state = "cancelled"
            for step in record.steps.values():
                if step.state == "waiting":
                    self._enter(step, "skipped")
            record.state = state
            record.seconds = time.time() - record.started
            record.save()
            self.news("run", state=state, seconds=record.seconds, data={"metrics": record.metrics})

    def news(self, kind: Any, **fields: Any) -> None:
        """Write an event to the journal and show it."""
        self._tell(self._event(kind, **fields))

    def _event(self, kind: Any, **fields: Any) -> Event:
        return Event(time.time(), self.record.id, kind, **fields)

    def _tell(self, event: Event) -> None:
        # What steps print is in their logs and notebooks; the journal stays small.
        if event.kind != "output":
            self.journal.write(event.to_line() + "\n")
            self.journal.flush()
        self.observe(event)

    def _enter(self, step: Step, state: State, **fields: Any) -> None:
        step.state = state
        self.record.save()
        self.news("step", step=step.name, state=state, **fields)

    # -- steps

    def _run_steps(self) -> None:
        self._start_ready()
        while self._running():
            self._receive(self.inbox.get())
            if not self.record.failures:
                self._start_ready()

    def _running(self) -> list[Step]:
        return [step for step in self.record.steps.values() if step.state == "running"]

    def _ready(self) -> list[Step]:
        steps = self.record.steps
        return [
            step
            for step in steps.values()
            if step.state == "waiting" and all(steps[name].state == "done" for name in step.after)
        ]

    def _start_ready(self) -> None:
        for step in self._ready()[: self.workers - len(self._running())]:
            self._start(step)
        self._prepare_kernels()

    def _start(self, step: Step) -> None:
        # The one place where a step begins: a result that is known already would be taken here.
        step.started = time.time()
        step.log = self.record.folder / f"{step.name}.log"
        step.notebook = self.record.folder / f"{step.name}.ipynb"
        self._enter(step, "running")
        task = self._task(step)
        threading.Thread(target=self._perform, args=(task,), name=f"mdk {step.name}", daemon=True).start()

    def _perform(self, task: Task) -> None:
        def news(kind: Any, **fields: Any) -> None:
            self.inbox.put(self._event(kind, **fields))

        try:
            self.inbox.put(perform(task, self.kernels, news))
        except BaseException as error:  # it must reach the driver, which would wait for ever
            self.inbox.put(_Abandoned(task.step, error))

    def _receive(self, message: Event | Outcome | _Abandoned) -> None:
        if isinstance(message, Event):
            self._tell(message)
        elif isinstance(message, _Abandoned):
            raise message.error
        else:
            self._settle(message)

    def _settle(self, outcome: Outcome, *, cancelled: bool = False) -> None:
        step = self.record.steps[outcome.step]
        step.seconds, step.attempts = outcome.seconds, outcome.attempts
        if outcome.failure is None:
            step.outputs, step.metrics = dict(outcome.outputs), dict(outcome.metrics)
            data = {"notebook": str(step.notebook), "metrics": step.metrics}
            self._enter(step, "done", seconds=step.seconds, data=data)
        elif cancelled:
            self._enter(step, "cancelled", seconds=step.seconds)
        else:
            self._fail(step, outcome.failure)

    def _fail(self, step: Step, failure: Failure) -> None:
        step.findings, step.traceback = list(failure.findings), failure.traceback
        data = {
            "notebook": str(step.notebook),
            "findings": [finding_to_json(finding) for finding in failure.findings],
            "traceback": failure.traceback,
        }
        message = failure.findings[0].message
        self._enter(step, "failed", seconds=step.seconds, message=message, data=data)

    # -- what a step needs

    def _task(self, step: Step) -> Task:
        component = self.pipeline.components[step.name]
        record = self.record
        launch = self._launch(step.name)
        result = record.folder / "steps" / f"{step.name}.result.json"
        job = jobs.job(
            self.pipeline,
            step.name,
            run=record.id,
            store=record.store,
            result=result,
            parameters=record.parameters,
            produced={name: other.outputs for name, other in record.steps.items()},
            numbers=self.origins.numbers,
        )
        write_atomically(Path(launch.env["MDK_STEP"]), json.dumps(job, ensure_ascii=False))
        if self.isolated:
            _copy_files(component.files, self.folder, launch.cwd)
        return Task(
            step=step.name,
            notebook=step_notebook(self.pipeline, step.name),
            parameters=job["parameters"],
            launch=launch,
            output=record.folder / f"{step.name}.ipynb",
            log=record.folder / f"{step.name}.log",
            result=result,
            origins=self.origins,
            timeout=component.timeout,
            retries=component.retries,
        )

    def _launch(self, name: str) -> Launch:
        steps = (self.record.folder / "steps").absolute()
        env = {**self.pipeline.components[name].env, "MDK_STEP": str(steps / f"{name}.job.json")}
        cwd = self.folder
        if self.isolated:
            cwd = steps / f"{name}.folder"
            cwd.mkdir(exist_ok=True)
            # The user's own modules travel to remote targets too.
            path = [str(self.folder.absolute()), *filter(None, [os.environ.get("PYTHONPATH")])]
            env["PYTHONPATH"] = os.pathsep.join(path)
        return Launch(name, cwd, env, steps / f"{name}.kernel.log")

    def _prepare_kernels(self) -> None:
        """Let the kernels of the next steps boot: of those that can start, and a few more."""
        waiting = [step for step in self.record.steps.values() if step.state == "waiting"]
        ready = self._ready()[: self.workers - len(self._running())]
        later = [step for step in waiting if step not in ready][:AHEAD]
        self.kernels.prepare([self._launch(step.name) for step in (*ready, *later)])

    # -- the end before the end

    def _cancel(self) -> None:
        """Interrupt what runs; end what does not listen, or at once at the second Ctrl-C."""
        try:
            self.kernels.interrupt()
            self._await_cancelled(PATIENCE)
        except KeyboardInterrupt:
            pass
        self.kernels.kill()
        with contextlib.suppress(KeyboardInterrupt):
            self._await_cancelled(PATIENCE)
        for step in self._running():
            self._enter(step, "cancelled")

    def _await_cancelled(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        with contextlib.suppress(Empty):
            while self._running():
                message = self.inbox.get(timeout=max(0.0, deadline - time.monotonic()))
                if isinstance(message, Outcome):
                    self._settle(message, cancelled=True)
                elif isinstance(message, _Abandoned):
                    self._enter(self.record.steps[message.step], "cancelled")
                else:
                    self._tell(message)


class _Abandoned:
    """A step's thread that ended by an exception."""

    def __init__(self, step: str, error: BaseException) -> None:
        self.step = step
        self.error = error


def _processors() -> int:
    """Return how many processors this process may use, which in a container can be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _origins(pipeline: Pipeline, folder: Path, source: Path | None) -> Origins:
    """Find the notebook behind the pipeline, so that messages can give its cells' numbers."""
    from mdk_converters.notebook import read_notebook

    metadata = pipeline.metadata
    notebook = source if source and source.suffix in (".ipynb", ".py") else None
    if notebook is None and metadata.notebook:
        notebook = (source.parent if source else folder) / metadata.notebook
    if notebook is None:
        return Origins(str(source or metadata.name), {})
    try:
        return Origins(str(notebook), {cell.id: cell.number for cell in read_notebook(notebook).cells})
    except NotebookError:  # moved away or changed since the spec was made
        return Origins(str(notebook), {})


def _warnings(pipeline: Pipeline) -> Iterator[str]:
    kernel = pipeline.metadata.kernel
    if not is_installed(kernel):
        yield f"the notebook's kernel {kernel!r} is not installed here; its steps run on this Python"
    for name, component in pipeline.components.items():
        for variable in component.secrets:
            if variable not in os.environ:
                yield f"step {name!r} wants the secret {variable}, which the environment does not have"


def _check_files(pipeline: Pipeline, folder: Path) -> None:
    findings = [
        Finding(
            "MDK310",
            f"component {name!r} declares the file {pattern!r}, which is not in {folder}",
            fix="correct `files:` of the component, or put the file there",
            names=(name, pattern),
        )
        for name, component in pipeline.components.items()
        for pattern in component.files
        if not any(folder.glob(pattern))
    ]
    if findings:
        raise UsageError(findings)


def _copy_files(patterns: list[str], folder: Path, target: Path) -> None:
    """Copy the files that a component declares into its own folder."""
    for path in (path for pattern in patterns for path in folder.glob(pattern)):
        destination = target / path.relative_to(folder)
        destination.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, destination, dirs_exist_ok=True)
        else:
            shutil.copy2(path, destination)
