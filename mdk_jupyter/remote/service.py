"""What a service that runs pipelines is asked for, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from mdk_jupyter.project.settings import Kubeflow, Vertex
from mdk_jupyter.remote.plan import Plan
from mdk_jupyter.remote.storage import Storage

TaskState = Literal["waiting", "running", "done", "cached", "failed", "skipped", "cancelled"]
JobState = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Task:
    """One task as the service shows it. Times are seconds since the epoch."""

    id: str
    name: str
    state: TaskState
    parent: str = ""  # the id of the task that it is in
    started: float | None = None
    ended: float | None = None
    error: str = ""
    log: str = ""  # what its log goes by
    artifacts: Mapping[str, str] = field(default_factory=dict)  # output -> URI


@dataclass(frozen=True, slots=True)
class JobView:
    """One job at one moment."""

    state: JobState
    started: float | None
    ended: float | None
    error: str
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Submitted:
    """A job that the service has. `existed`: it was there before, and nothing was sent."""

    name: str  # what to ask the service for
    link: str
    existed: bool
    warnings: tuple[str, ...] = ()


class Service(Protocol):
    """A connection to one service. Everything raises `ServiceError` where the service does not do as asked."""

    @property
    def storage(self) -> Storage:
        """The bucket of the pipeline root."""

    def submit(self, plan: Plan) -> Submitted:
        """Start the plan's job, unless it was started before."""

    def set_schedule(self, plan: Plan) -> Literal["created", "updated"]:
        """Let the plan run by its schedule; there is one for each pipeline and environment."""

    def end_schedule(self, plan: Plan) -> bool:
        """Take the schedule of the plan's pipeline and environment away; return whether there was one."""

    def look(self, name: str) -> JobView:
        """Return how a job is."""

    def cancel(self, name: str) -> None:
        """Let a job end."""

    def log(self, name: str, task: Task) -> str:
        """Return the last lines that a task printed, as far as the service tells them."""

    def folder(self, name: str) -> str:
        """Return the URI below the pipeline root that everything of a job is in."""


def connect(target: str, settings: Vertex | Kubeflow | Mapping[str, Any]) -> Service:
    """Return a connection to the service of a target.

    Raises:
        ServiceError: there are no credentials (MDK471), or a package is missing (MDK478).
    """
    if target == "vertex":
        from mdk_jupyter.remote.vertex import VertexService

        return VertexService(settings if isinstance(settings, Vertex) else Vertex.model_validate(settings))
    from mdk_jupyter.remote.kubeflow import KubeflowService

    return KubeflowService(settings if isinstance(settings, Kubeflow) else Kubeflow.model_validate(settings))
