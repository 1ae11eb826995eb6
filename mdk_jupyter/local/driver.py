"""What goes on in a run: which step starts when, and what becomes of it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from mdk_converters.findings import Finding, MDKError, Place
from mdk_converters.guards import ancestors
from mdk_converters.spec import Pipeline
from mdk_converters.spec_writer import dump_spec
from mdk_jupyter.local import jobs
from mdk_jupyter.local.announcing import announce
from mdk_jupyter.local.branching import after_skipped, collect, collect_metrics
from mdk_jupyter.local.cache import Entry
from mdk_jupyter.local.caching import Caching, Miss, remarks
from mdk_jupyter.local.dependencies import Named
from mdk_jupyter.local.events import Event, Observer, State
from mdk_jupyter.local.failures import Failure, Origins
from mdk_jupyter.local.files import write_atomically
from mdk_jupyter.local.kernels import Kernels
from mdk_jupyter.local.record import Run, Step, finding_to_json
from mdk_jupyter.local.scheduling import Amount, need, startable
from mdk_jupyter.local.selection import Selection
from mdk_jupyter.local.steering import Steering
from mdk_jupyter.local.steps import Outcome, Task, load_engine, perform
from mdk_jupyter.local.tasks import Tasks, lacking
from mdk_jupyter.local.telling import Teller

AHEAD = 2  # kernels that boot before their step can start
PATIENCE = 5.0  # seconds that an interrupted cell has to come to its end


@dataclass(kw_only=True)
class Driver:
    """What is going on in a run. Everything happens in the calling thread but the steps' own work."""

    pipeline: Pipeline
    record: Run
    folder: Path
    origins: Origins
    kernels: Kernels
    caching: Caching
    selection: Selection
    machine: Amount
    slots: int  # steps at the same time
    observe: Observer
    isolated: bool
    keep_going: bool
    timeout: str | None  # of steps that have none of their own
    steering: Steering = field(init=False)
    tasks: Tasks = field(init=False)
    teller: Teller = field(init=False)
    missed: dict[str, Miss] = field(default_factory=dict)  # steps that have to run
    inbox: SimpleQueue[Event | Outcome | _Abandoned] = field(default_factory=SimpleQueue)

    def __post_init__(self) -> None:
        self.steering = Steering(pipeline=self.pipeline, parameters=self.record.parameters, store=self.record.store)
        self.tasks = Tasks(
            record=self.record,
            steering=self.steering,
            folder=self.folder,
            origins=self.origins,
            isolated=self.isolated,
            timeout=self.timeout,
        )

    def drive(self) -> None:
        record = self.record
        record.started = time.time()
        record.state = "running"
        write_atomically(record.spec, dump_spec(self.pipeline))
        record.save()
        announce(record.folder)
        with record.events.open("a", encoding="utf-8") as journal:
            self.teller = Teller(record, journal, self.observe)
            self.teller.begin()
            for warning in lacking(self.pipeline, self.machine):
                self.teller.warn(warning)
            try:
                self._run_steps()
                state: State = "failed" if record.failures else "done"
            except KeyboardInterrupt:
                self._cancel()
                state = "cancelled"
            for step in self._in_state("waiting"):
                self._skip(step, self._why_skipped(step, state))
            if self.kernels.remark and any(step.attempts for step in record.steps.values()):
                self.teller.warn(self.kernels.remark)
            self.teller.end(state)

    def _in_state(self, *states: State) -> list[Step]:
        return [step for step in self.record.steps.values() if step.state in states]

    # -- which step, and when

    def _run_steps(self) -> None:
        for step in self._in_state("waiting"):
            if not self._is_selected(step.name):
                self._skip(step, "not selected")
        self._start_ready()
        while self._in_state("running"):
            self._receive(self.inbox.get())
            if self.keep_going or not self.record.failures:
                self._start_ready()

    def _ready(self) -> list[Step]:
        return [step for step in self._in_state("waiting") if all(map(self._is_over, step.after))]

    def _is_over(self, name: str) -> bool:
        """Whether nobody needs to wait for the step any more: it is done, skipped, or not part of the run."""
        return self.record.steps[name].state in ("done", "skipped") or not self._is_selected(name)

    def _is_selected(self, name: str) -> bool:
        return name in self.selection.run | self.selection.read

    def _start_ready(self) -> None:
        self._take_known()
        if self.record.failures and not self.keep_going:
            return
        amounts = {step.name: need(self.pipeline.components[step.name]) for step in self._ready()}
        running = [need(self.pipeline.components[step.name]) for step in self._in_state("running")]
        chosen = startable(amounts, running, self.machine, self.slots - len(running))
        self._prepare_kernels(chosen)
        if chosen:
            load_engine()
        for name in chosen:
            self._start(self.record.steps[name])

    def _prepare_kernels(self, chosen: list[str]) -> None:
        """Let the kernels of the next steps boot: of those that start now, and of a few more that are sure to."""
        sure = (
            step.name
            for step in self._in_state("waiting")
            if step.name not in chosen
            and step.name not in self.selection.read
            and not self._is_undecided(step)
            and (step.name in self.missed or self.caching.will_run(step.name))
        )
        later = [name for name, _ in zip(sure, range(AHEAD), strict=False)]
        if chosen or later:
            self.kernels.prepare([self.tasks.launch(name) for name in (*chosen, *later)])

    # -- conditions and loops

    def _is_undecided(self, step: Step) -> bool:
        """Whether a condition or loop stands between the step and its kernel."""
        component = self.pipeline.components[step.name]
        return component.when is not None or (component.foreach is not None and step.part_of is None)

    def _runs_itself(self, step: Step) -> bool:
        """Decide about a step whose turn it is: False when it is skipped, or when its runs take its place."""
        name, produced = step.name, self.tasks.produced()
        left_out = [n for n in step.after if self.record.steps[n].state == "skipped" and self._is_selected(n)]
        if left_out:
            self._skip(step, after_skipped(left_out).reason)
        elif name in self.steering.parts:
            self._join(step)
        else:
            try:
                decision = self.steering.decide(name, produced)
                if not decision.runs:
                    self._skip(step, decision.reason)
                elif self._is_undecided(step) and self.pipeline.components[name].foreach is not None:
                    self._unroll(step, produced)
                else:
                    return True
            except MDKError as error:
                self._fail(step, Failure(tuple(self._placed(step, finding) for finding in error.findings), final=True))
        return False

    def _unroll(self, step: Step, produced: jobs.Produced) -> None:
        """Let the runs of a repeated component take its place; it waits for them."""
        names = self.steering.unroll(step.name, produced)
        step.started, step.why = time.time(), f"once for each of {len(names)} items"
        self.pipeline = self.caching.pipeline = self.steering.pipeline
        self.selection = self.caching.selection = self.selection.with_parts(step.name, names)
        for part in self.record.add_parts(step, names):
            self.teller.enter(part, "waiting", data={"part_of": step.name, "after": part.after})

    def _join(self, step: Step) -> None:
        """Hand on together what the runs of a repeated component have handed on."""
        parts = [self.record.steps[name] for name in self.steering.parts[step.name]]
        outputs = self.pipeline.components[step.name].outputs
        step.outputs = {name: collect([part.outputs[name] for part in parts]) for name in outputs}
        step.metrics = collect_metrics([part.metrics for part in parts])
        step.size = sum(part.size for part in parts)
        step.seconds = time.time() - (step.started or time.time())
        self.teller.enter(step, "done", seconds=step.seconds, data={"metrics": step.metrics})

    def _placed(self, step: Step, finding: Finding) -> Finding:
        cell = self.pipeline.components[step.name].cells[0]
        number = self.origins.numbers.get(cell.id)
        return replace(finding, place=Place(self.origins.notebook, cell_number=number, cell_id=cell.id))

    # -- what is known already

    def _take_known(self) -> None:
        """Take the results of all ready steps that are in the cache, and of those that are ready then."""
        taken = False
        while new := [step for step in self._ready() if step.name not in self.missed]:
            for step in new:
                if not self._runs_itself(step):
                    continue
                found = self.caching.seek(step.name, self.tasks.job(step.name))
                if isinstance(found, Entry):
                    self._take(step, found)
                    taken = True
                elif step.name in self.selection.read:
                    self._fail(step, _not_there(step.name, found.why, self.origins))
                    return
                else:
                    self.missed[step.name] = found
        if taken:
            self.record.save()

    def _take(self, step: Step, entry: Entry) -> None:
        step.started = time.time()
        step.notebook, step.log = self.tasks.paths(step.name)
        self.caching.take(entry, step.notebook, step.log)
        step.outputs, step.metrics = dict(entry.outputs), dict(entry.metrics)
        step.cached_from, step.remarks = entry.run, remarks(entry)
        step.size = _size(step.outputs)
        step.seconds = time.time() - step.started
        step.state = "done"
        data = {"notebook": str(step.notebook), "metrics": step.metrics, "cached_from": step.cached_from}
        self.teller.news("step", step=step.name, state="done", seconds=step.seconds, data=data)

    # -- what has to run

    def _start(self, step: Step) -> None:
        miss = self.missed[step.name]
        step.started = time.time()
        step.why = miss.why
        step.notebook, step.log = self.tasks.paths(step.name)
        self.teller.enter(step, "running", data={"why": miss.why})
        job = self.tasks.job(step.name)
        task = self.tasks.task(step.name, job)
        named = self.caching.look(step.name, job, task.launch)
        arguments = (task, miss, named)
        threading.Thread(target=self._perform, args=arguments, name=f"mdk {step.name}", daemon=True).start()

    def _perform(self, task: Task, miss: Miss, named: Named) -> None:
        def news(kind: Any, **fields: Any) -> None:
            self.inbox.put(self.teller.event(kind, **fields))

        try:
            outcome = perform(task, self.kernels, news)
            # Before the step is said to be done: whoever stops the run then finds its result in the cache.
            self.inbox.put(self._kept(outcome, task, miss, named))
        except BaseException as error:  # it must reach the driver, which would wait for ever
            self.inbox.put(_Abandoned(task.step, error))

    def _kept(self, outcome: Outcome, task: Task, miss: Miss, named: Named) -> Outcome:
        try:
            return replace(outcome, remarks=self.caching.keep(miss, task, outcome, named, self.record.id))
        except (OSError, MDKError) as error:
            return replace(outcome, trouble=f"its result is not in the cache, which cannot be written: {error}")

    def _receive(self, message: Event | Outcome | _Abandoned) -> None:
        if isinstance(message, Event):
            self.teller.tell(message)
        elif isinstance(message, _Abandoned):
            raise message.error
        else:
            self._settle(message)

    def _settle(self, outcome: Outcome, *, cancelled: bool = False) -> None:
        step = self.record.steps[outcome.step]
        step.seconds, step.attempts = outcome.seconds, outcome.attempts
        step.remarks = list(outcome.remarks)
        if outcome.trouble is not None:
            self.teller.warn(outcome.trouble, step.name)
        if outcome.failure is None:
            step.outputs, step.metrics = dict(outcome.outputs), dict(outcome.metrics)
            step.size, step.written = _size(step.outputs), outcome.written
            data = {"notebook": str(step.notebook), "metrics": step.metrics}
            self.teller.enter(step, "done", seconds=step.seconds, data=data)
        elif cancelled:
            self.teller.enter(step, "cancelled", seconds=step.seconds)
        else:
            self._fail(step, outcome.failure)

    def _fail(self, step: Step, failure: Failure) -> None:
        step.findings, step.traceback = list(failure.findings), failure.traceback
        data = {
            "notebook": str(step.notebook) if step.notebook else None,
            "findings": [finding_to_json(finding) for finding in failure.findings],
            "traceback": failure.traceback,
        }
        message = failure.findings[0].message
        self.teller.enter(step, "failed", seconds=step.seconds, message=message, data=data)

    def _skip(self, step: Step, why: str) -> None:
        step.why = why
        self.teller.enter(step, "skipped", data={"why": why})

    def _why_skipped(self, step: Step, state: State) -> str:
        if state == "cancelled":
            return "the run was cancelled"
        failures = [failed.name for failed in self.record.failures]
        own = ancestors(self.pipeline, step.name)
        return ", ".join([name for name in failures if name in own] or failures) + " failed"

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
        for step in self._in_state("running"):
            self.teller.enter(step, "cancelled")

    def _await_cancelled(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        with contextlib.suppress(Empty):
            while self._in_state("running"):
                message = self.inbox.get(timeout=max(0.0, deadline - time.monotonic()))
                if isinstance(message, Outcome):
                    self._settle(message, cancelled=True)
                elif isinstance(message, _Abandoned):
                    self.teller.enter(self.record.steps[message.step], "cancelled")
                else:
                    self.teller.tell(message)


class _Abandoned:
    """A step's thread that ended by an exception."""

    def __init__(self, step: str, error: BaseException) -> None:
        self.step = step
        self.error = error


def _size(outputs: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the bytes of a step's values; names that share an artifact count once."""
    return sum({record["digest"]: record["size"] for record in outputs.values() if record.get("digest")}.values())


def _not_there(step: str, why: str, origins: Origins) -> Failure:
    finding = Finding(
        "MDK314",
        f"the result of step {step!r} is not in the cache ({why}), and with --only it is not run",
        Place(notebook=origins.notebook),
        f"run it first: `mdk run local --until {step}`; or leave out --only",
        names=(step,),
    )
    return Failure((finding,), final=True)
