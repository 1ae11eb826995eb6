"""Jobs of both services: from their start to their end, over restarts of the server."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdk_jupyter.standin import ir
from mdk_jupyter.standin.answers import Refused
from mdk_jupyter.standin.clock import Clock
from mdk_jupyter.standin.containers import Containers
from mdk_jupyter.standin.documents import Documents
from mdk_jupyter.standin.execution import Execution
from mdk_jupyter.standin.results import KeptResults
from mdk_jupyter.standin.secret_files import secrets_of
from mdk_jupyter.standin.settings import Settings
from mdk_jupyter.standin.storage import Storage
from mdk_jupyter.standin.tasks import ENDED, GOOD, Task
from mdk_jupyter.standin.values import Artifact

_KIND = "jobs"
_OVER = {"SUCCEEDED", "FAILED", "CANCELLED"}
_STOPPED = "The stand-in was stopped while the job ran."


@dataclass
class Job:
    """One pipeline job of Vertex, or one run of Kubeflow."""

    name: str  # full
    id: str
    service: str  # vertex or kfp
    owner: str  # what its cache belongs to
    parent: str  # what the names of its artifacts begin with
    resource: dict[str, Any]  # what was submitted, as the service shows it
    spec: dict[str, Any]
    root: str  # pipeline root
    parameters: dict[str, Any]
    artifacts: dict[str, list[Artifact]] = field(default_factory=dict)
    fail_fast: bool = False
    number: str = ""  # of the execution
    state: str = "PENDING"
    created: str = ""
    scheduled: str = ""
    platform: dict[str, Any] = field(default_factory=dict)  # by executor: what Kubernetes adds to its container
    started: str | None = None
    ended: str | None = None
    updated: str = ""
    error: str | None = None
    tasks: list[Task] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return self.state in _OVER

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {**vars(self), "tasks": [task.as_document() for task in self.tasks]}

    @staticmethod
    def from_document(document: dict[str, Any]) -> Job:
        """Return the job of which this is the JSON."""
        return Job(**{**document, "tasks": [Task.from_document(task) for task in document["tasks"]]})


class Jobs:
    """Starts, cancels and remembers jobs."""

    def __init__(self, settings: Settings, documents: Documents, storage: Storage, clock: Clock) -> None:
        self._settings = settings
        self._documents = documents
        self._storage = storage
        self._clock = clock
        self._containers = Containers(settings, clock.text)
        self._jobs: dict[str, Job] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._stopping = False
        self.on_task_end: list[Callable[[Job, Task], None]] = []
        self.on_end: list[Callable[[Job], None]] = []
        for name, document in documents.all(_KIND):
            self._jobs[name] = self._restored(Job.from_document(document))

    def _restored(self, job: Job) -> Job:
        if not job.over:
            self._finish(job, "FAILED", _STOPPED)
        return job

    def get(self, name: str) -> Job:
        """Return a job.

        Raises:
            Refused: there is none of that name.
        """
        if name not in self._jobs:
            raise Refused(404, f"The PipelineJob does not exist: {name}")
        return self._jobs[name]

    def all(self, prefix: str) -> list[Job]:
        """Return all jobs whose names begin with `prefix`, oldest first."""
        return [job for name, job in self._jobs.items() if name.startswith(prefix)]

    def submit(self, job: Job) -> Job:
        """Check a job and start it.

        Raises:
            Refused: its name is taken, its spec or a parameter is wrong, or its bucket does not exist.
        """
        if job.name in self._jobs:
            raise Refused(409, f"PipelineJob resource with ID {job.id} already exists ({job.name}).")
        ir.check(job.spec)
        job.parameters = ir.parameters_of(job.spec, job.parameters)
        self._check_root(job)
        job.number = new_id()
        job.created = job.updated = self._clock.text()
        job.scheduled = job.scheduled or job.created
        self._jobs[job.name] = job
        self._start(job, {})
        return job

    def _check_root(self, job: Job) -> None:
        folder = self._storage.path_of(job.root)
        bucket = folder.relative_to(self._storage.root).parts[0]
        if not (self._storage.root / bucket).is_dir():
            raise Refused(
                400, f"The bucket {bucket} of the pipeline root {job.root} does not exist.", "FAILED_PRECONDITION"
            )

    def retry(self, name: str) -> Job:
        """Run a job again that failed or was cancelled; what it made is kept.

        Raises:
            Refused: there is no such job, or it did not fail.
        """
        job = self.get(name)
        if job.state not in {"FAILED", "CANCELLED"}:
            raise Refused(400, f"Only a failed or cancelled run can be retried; {job.id} is {job.state}.")
        kept = {task.path: task for task in job.tasks if task.state in GOOD and task.kind != "dag"}
        job.state, job.error, job.ended, job.tasks = "PENDING", None, None, []
        self._start(job, kept)
        return job

    def cancel(self, name: str) -> None:
        """Cancel a job, if it is not over yet: its processes are killed.

        Raises:
            Refused: there is no such job.
        """
        job = self.get(name)
        running = self._running.get(name)
        if running is not None and not job.over:
            job.state = "CANCELLING"
            running.cancel()

    def delete(self, name: str) -> None:
        """Forget a job.

        Raises:
            Refused: there is no such job, or it still runs.
        """
        job = self.get(name)
        if not job.over:
            raise Refused(400, f"The PipelineJob {name} is still running; cancel it first.", "FAILED_PRECONDITION")
        for task in job.tasks:
            self.log_of(task.id).unlink(missing_ok=True)
        del self._jobs[name]
        self._documents.delete(_KIND, name)

    async def stop(self) -> None:
        """End all jobs and their processes; those that run are failed."""
        self._stopping = True
        for running in self._running.values():
            running.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def log_of(self, task: str) -> Path:
        """Return the file with the log of a task, which need not exist."""
        return self._settings.state / "logs" / f"{task}.jsonl"

    def _start(self, job: Job, kept: Mapping[str, Task]) -> None:
        self.save(job, at_once=True)
        task = asyncio.create_task(self._run(job, kept), name=job.name)
        self._running[job.name] = task
        task.add_done_callback(lambda _: self._running.pop(job.name, None))

    async def _run(self, job: Job, kept: Mapping[str, Task]) -> None:
        await asyncio.sleep(0)  # the answer to the submission says that the job is pending
        job.state, job.started = "RUNNING", job.started or self._clock.text()
        execution = self._execution(job, kept)
        job.tasks = execution.tasks
        try:
            self.save(job)
            root = await execution.run(job.id, job.parameters, job.artifacts)
        except asyncio.CancelledError:
            state, why = ("FAILED", _STOPPED) if self._stopping else ("CANCELLED", "The PipelineJob was cancelled.")
            self._finish(job, state, why)
        except Exception as error:
            logging.getLogger(__name__).exception("job %s failed by a fault of the stand-in", job.name)
            self._finish(job, "FAILED", f"The stand-in failed: {error!r}")
        else:
            self._finish(job, root.state, _explained(root, job.tasks))

    def _execution(self, job: Job, kept: Mapping[str, Task]) -> Execution:
        facts = {
            "pipeline_job_name": job.id,
            "pipeline_job_resource_name": job.name,
            "pipeline_job_uuid": job.number if job.service == "vertex" else job.id,
            "pipeline_root": job.root,
            "pipeline_job_create_time_utc": job.created,
            "pipeline_job_schedule_time_utc": job.scheduled,
        }
        project = job.parent.split("/")[1] if "/" in job.parent else job.parent
        pipeline = job.spec["pipelineInfo"]["name"]
        return Execution(
            spec=job.spec,
            output=f"{job.root.rstrip('/')}/{project if job.service == 'vertex' else pipeline}/{job.id}",
            facts=facts,
            job=job.name,
            artifact_name=lambda: f"{job.parent}/metadataStores/default/artifacts/{new_id()}",
            new_id=new_id,
            log_of=self.log_of,
            now=self._clock.text,
            changed=lambda task: self._changed(job, task),
            storage=self._storage,
            containers=self._containers,
            results=KeptResults(self._documents, job.owner),
            kept=kept,
            fail_fast=job.fail_fast,
            variables=lambda executor: {
                **(
                    {"GOOGLE_CLOUD_PROJECT": project, "CLOUD_ML_PROJECT_ID": project} if job.service == "vertex" else {}
                ),
                **secrets_of(self._settings.secret_files, job.platform.get(executor, {})),
            },
        )

    def _changed(self, job: Job, task: Task) -> None:
        if task.state in ENDED:
            for callback in self.on_task_end:
                callback(job, task)
        self.save(job)

    def _finish(self, job: Job, state: str, error: str | None) -> None:
        for task in job.tasks:
            if task.state not in ENDED:
                task.state, task.ended = "CANCELLED", self._clock.text()
        job.state, job.ended = state, self._clock.text()
        job.error = None if state == "SUCCEEDED" else error
        self.save(job, at_once=True)
        for callback in self.on_end:
            callback(job)

    def save(self, job: Job, *, at_once: bool = False) -> None:
        """Keep a changed job."""
        job.updated = self._clock.text()
        self._documents.put_lazily(_KIND, job.name, job.as_document)
        if at_once:
            self._documents.write(_KIND, job.name)


def _explained(root: Task, tasks: list[Task]) -> str | None:
    """Return why a job failed, down to the last words of the containers that did."""
    if root.error is None:
        return None
    causes = sorted(f"{task.name}: {task.error}" for task in tasks if task.state == "FAILED" and task.kind != "dag")
    return "; ".join([root.error, *causes])


def new_id() -> str:
    """Return a new number, as the services give them to resources.

    Example:
        >>> len(new_id())
        18
    """
    return str(10**17 + secrets.randbelow(9 * 10**17))
