"""What travels between the server and the browser; of runs in run_models.py. The TypeScript types are made from these.

Paths are Jupyter's contents paths: relative to the server's root, with `/`. Times are seconds since the epoch,
durations are seconds. A *store* is the path of the folder whose `.mdk` holds runs, "" for the root.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mdk_converters.spec import ParameterType, ValueType
from mdk_converters.spellings import Style
from mdk_jupyter.registry.domain import GateResult, Waiver

ServiceName = Literal["registry", "vertex", "kfp"]
Severity = Literal["error", "warning", "info"]


class Sent(BaseModel):
    """What the server sends. Numbers that JSON has not are texts: "NaN", "Infinity"."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings")


class Asked(BaseModel):
    """What the browser sends."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# Findings and errors


class Finding(Sent):
    """One problem, at a line (from 1) within a cell (from 1)."""

    code: str
    severity: Severity
    message: str
    fix: str = ""
    cell_id: str | None = None
    cell: int | None = None
    line: int | None = None
    column: int | None = None
    names: list[str] = []


class Problem(Sent):
    """The body of every answer that is an error."""

    message: str
    findings: list[Finding] = []
    gates: list[GateResult] = Field(
        default=[], description="Where a policy refused: every gate, and whether it was passed."
    )
    service: ServiceName | None = Field(default=None, description="The service that is away.")
    revision: int | None = Field(
        default=None, description="Where the request was based on another one: the one that holds."
    )


# About


class ServingEnvironment(Sent):
    """One environment that a registry knows by itself."""

    name: str
    protected: bool = Field(description="Whether its champions change by pull request alone.")


class RegistryPlace(Sent):
    """Which registry the project has. `actor` is who works on it, where that is known without asking a server."""

    where: str
    kind: Literal["embedded", "remote"]
    actor: str | None = None
    environments: list[ServingEnvironment] = Field(description="In the order in which versions move on.")


class EnvironmentInfo(Sent):
    """One environment of mdk.yaml: what pipelines can be submitted to."""

    name: str
    protected: bool = Field(description="Whether its champions change by pull request alone.")
    target: Literal["vertex", "kfp"] | None


class About(Sent):
    """What holds for a project. `project` is the contents path of its folder, None where it is outside of the root."""

    version: str
    name: str
    project: str | None
    registry: RegistryPlace
    environments: list[EnvironmentInfo]
    editable: bool = Field(description="Whether the server may write into the project's folder.")


# Checking


class CheckRequest(Asked):
    """A notebook: what is on disk, or `content` as it is in the editor (an object; text for scripts and specs).

    Of several requests of one `client` for one path that wait, the newest is carried out and answers all.
    """

    path: str
    content: dict[str, Any] | str | None = None
    client: str = ""


class ComponentOptions(Sent):
    """What a component's cells say of it; None is what they do not say."""

    after: list[str] | None = None
    when: str | None = None
    foreach: str | None = None
    cpu: float | None = None
    memory: str | None = None
    gpu: str | None = None
    image: str | None = None
    retries: int | None = None
    timeout: str | None = None
    cache: bool | None = None
    description: str | None = None
    requirements: list[str] | None = None
    files: list[str] | None = None
    changes: list[str] | None = None
    outputs: list[str] | None = None
    metrics: list[str] | None = None
    env: dict[str, str] | None = None
    secrets: dict[str, str] | None = None
    volumes: dict[str, str] | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class Component(Sent):
    """One step to be. Where the notebook has errors, what is not known yet is empty; no component is missing."""

    name: str
    cells: list[str] = Field(description="Ids of its cells, in the order of the page.")
    after: list[str] = []
    inputs: dict[str, str] = Field(default={}, description="Name -> component.name of the output it is.")
    outputs: dict[str, ValueType] = Field(default={}, description="Name -> kind of value.")
    options: ComponentOptions
    needs: list[str] = Field(default=[], description="The components that it waits for.")


class ParameterInfo(Sent):
    """A parameter of the pipeline. Without a default each run must give it."""

    name: str
    type: ParameterType
    default: Any = None
    required: bool = False
    description: str | None = None


class CellRole(Sent):
    """What one code cell is for."""

    id: str
    cell: int
    kind: Literal["component", "parameters", "skip", "exploration"]
    component: str | None = None


class Checked(Sent):
    """What a notebook is as a pipeline, and what is wrong with it."""

    name: str
    components: list[Component]
    parameters: list[ParameterInfo]
    findings: list[Finding]
    cells: list[CellRole]
    style: Style = Field(description="How the notebook's cells say what they are, mostly.")
    ok: bool = Field(description="Whether it is a pipeline: no finding is an error.")


class SpecRequest(Asked):
    """A notebook, as for a check."""

    path: str
    content: dict[str, Any] | str | None = None


class Spec(Sent):
    """A pipeline spec."""

    yaml: str


# Events


class RegistryEvent(Sent):
    """The event https://mdk-jupyter.dev/events/registry/v1. An empty model stands for the registry itself."""

    model: str
    environment: str | None
    action: str


# Promotion, rollback and challengers


class OperationRequest(Asked):
    """A promotion, a rollback or challengers. With `apply` false nothing changes."""

    model: str
    environment: str
    version: str | None = Field(
        default=None, description="What to promote, or to go back to; None: the previous champion."
    )
    challengers: dict[str, int] | None = Field(
        default=None,
        description="Version -> percent of the traffic, of those that challenge; the champion has the rest.",
    )
    reason: str | None = None
    apply: bool = False
    path: str | None = Field(default=None, description="Contents path from which mdk.yaml is looked for.")
    revision: int | None = Field(default=None, description="The revision that was shown; any other one is refused.")
    waivers: list[Waiver] = Field(default=[], description="Gates to set aside, where the environment is not protected.")
    break_glass: str | None = Field(default=None, description="Why all gates are passed by; flagged in the history.")
    quarantine: bool = Field(default=True, description="Whether a rollback puts the version that leaves away.")


class FileEdit(Sent):
    """A change to a file of the repository; `diff` is unified."""

    file: str
    before: str
    after: str
    diff: str


class PullRequest(Sent):
    """What reviewers will read; `url` where it was opened."""

    title: str
    body: str
    url: str | None = None


class OperationView(Sent):
    """What an operation would change, or has changed. In a protected environment that is a file on a branch."""

    protected: bool
    applied: bool = Field(description="Whether it was carried out: the registry changed, or the edit is on the branch.")
    version: str = Field(description="The version that is to be the champion, or stays it.")
    roles: list[str] = Field(
        default=[], description="Those who may do it, of the registry's roles; empty where it is a file, without any."
    )
    changed_by: list[str] = Field(default=[], description="Who alone may do it, where the policy names them.")
    text: str = Field(description="The plan, to be read.")
    markdown: str
    plan: dict[str, Any] = Field(description="The plan as `mdk ops plan --format json` prints it.")
    gates: list[GateResult] = []
    blocked: list[str] = Field(default=[], description="What stands in the way.")
    notes: list[str] = []
    edit: FileEdit | None = None
    branch: str | None = None
    commit: str | None = None
    pull_request: PullRequest | None = None
    next_steps: list[str] = Field(default=[], description="What is left for the user to do.")
    revision: int | None = None
