"""What travels between the server and the browser about runs; see models.py for what is said of paths and times."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from mdk_jupyter.server.models import Asked, Finding, Sent

State = Literal["waiting", "running", "done", "failed", "skipped", "cancelled", "interrupted"]
Target = Literal["local", "vertex", "kfp"]
Metrics = dict[str, Any]


class StepView(Sent):
    """One step of a run. `notebook` and `log` are paths in the drive `mdk:`."""

    name: str
    state: State
    started: float | None = None
    seconds: float | None = None
    cached: bool = False
    why: str = ""
    after: list[str] = Field(default=[])
    part_of: str | None = None
    cell: int | None = Field(default=None, description="Which of its cells runs, from 1.")
    cells: int | None = Field(default=None, description="How many it has.")
    notebook: str | None = None
    log: str | None = None
    findings: list[Finding] = Field(default=[])
    traceback: str | None = None
    metrics: Metrics = Field(default={})


class RunView(Sent):
    """One run, here or on a service."""

    id: str
    store: str
    pipeline: str
    source: str | None
    target: Target
    environment: str | None = None
    state: State
    started: float | None = None
    seconds: float | None = None
    parameters: dict[str, Any] = Field(default={})
    metrics: Metrics = Field(default={})
    steps: list[StepView] = Field(default=[])
    warnings: list[str] = Field(default=[])
    link: str | None = None
    protected: bool = Field(
        default=False, description="Whether its environment is one that nothing is sent to by mistake."
    )


class RunList(Sent):
    """Runs, the newest first, and the stores that were looked into."""

    runs: list[RunView]
    stores: list[str]


class LogText(Sent):
    """What a step printed."""

    text: str


class NotebookPath(Sent):
    """Where an executed notebook is: a path in the drive `mdk:`."""

    path: str


class RunRequest(Asked):
    """A run to start. The notebook is read from disk."""

    path: str
    target: Target = "local"
    environment: str | None = None
    parameters: dict[str, Any] = Field(default={})
    start: list[str] = Field(default=[])
    only: list[str] = Field(default=[])
    until: list[str] = Field(default=[])
    cache: bool = True
    keep_going: bool = False
    workers: Annotated[int, Field(ge=1)] | None = None
    schedule: str | None = Field(default=None, description="A cron line, or off; for targets elsewhere.")
    again: bool = Field(default=False, description="Run the same once more; for targets elsewhere.")


class Scheduled(Sent):
    """What was done about a schedule."""

    text: str


class PlanRequest(Asked):
    """A submission to look at before it is sent."""

    path: str
    environment: str | None = None
    target: Literal["vertex", "kfp"] | None = None
    parameters: dict[str, Any] = Field(default={})
    schedule: str | None = None


class PlannedStep(Sent):
    """One step as it would run on the service."""

    model_config = ConfigDict(extra="allow")

    name: str
    task: str
    after: list[str]
    image: str
    pinned: bool
    installs: list[str]
    cpu: float | None
    memory: str | None
    gpu: str | None
    retries: int
    timeout: str | None
    cached: bool
    when: str | None
    foreach: str | None
    secrets: list[str]


class SubmitPlan(Sent):
    """What `mdk submit --dry-run --json` prints."""

    model_config = ConfigDict(extra="allow")

    pipeline: str
    name: str
    project: str
    environment: str
    target: Literal["vertex", "kfp"]
    job: str
    root: str
    labels: dict[str, str]
    parameters: dict[str, Any]
    changed: dict[str, Any]
    schedule: str | None
    steps: list[PlannedStep]
    costs: list[str]
    spec_size: int


class Planned(Sent):
    """A plan, as values and as text. `protected` says that its environment is not to be touched by mistake."""

    plan: SubmitPlan
    text: str
    warnings: list[Finding]
    protected: bool


# Comparing runs


class PairView(Sent):
    """A parameter or metric in two runs; a side that a run has not is left out."""

    model_config = ConfigDict(extra="allow")

    same: bool
    a: Any = None
    b: Any = None
    difference: float | None = None


class ComparedRun(Sent):
    """One of two runs."""

    id: str
    pipeline: str
    state: State
    started: float | None
    seconds: float | None


class ComparedStep(Sent):
    """A step in one of two runs."""

    state: State
    seconds: float | None
    cached_from: str | None


class ComparedSteps(Sent):
    """A step in both runs; None where a run has no such step."""

    a: ComparedStep | None
    b: ComparedStep | None


class ArtifactBrief(Sent):
    """A value that a step left."""

    status: str | None
    type: str | None
    preview: str | None
    size: int | None
    digest: str | None


class ComparedArtifact(Sent):
    """A value in both runs."""

    change: Literal["same", "changed", "only in a", "only in b"]
    a: ArtifactBrief | None
    b: ArtifactBrief | None


class RunComparison(Sent):
    """Run `b` seen from run `a`: what `mdk runs diff --json` prints."""

    a: ComparedRun
    b: ComparedRun
    parameters: dict[str, PairView]
    metrics: dict[str, PairView]
    sources: dict[str, str] = Field(description="Component -> unified diff of its code; of those that differ.")
    steps: dict[str, ComparedSteps]
    artifacts: dict[str, ComparedArtifact] = Field(description="By step.name.")


# Events


class RunEventContent(Sent):
    """One thing that happened in a run; see `mdk_jupyter.local.events.Event`."""

    time: float
    run: str
    kind: Literal["run", "step", "cell", "output", "warning"]
    step: str | None = None
    state: State | None = None
    seconds: float | None = None
    cell: int | None = None
    message: str | None = None
    data: dict[str, Any] = Field(default={})


class RunEvent(Sent):
    """The event https://mdk-jupyter.dev/events/run/v1."""

    store: str
    run: str
    source: str | None
    event: RunEventContent
