"""What travels between the registry and those who use it.

The OpenAPI document and the types of the JupyterLab extension are made from these classes: names and units here are
names and units there. Times are UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

ENVIRONMENTS = ("dev", "stage", "prod")
"""The environments that a registry knows by itself, in the order in which versions move on."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")]
Environment = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Percent = Annotated[int, Field(ge=0, le=100)]
MetricValue = bool | int | Annotated[float, Field(allow_inf_nan=False)] | str
MetricName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Labels = dict[
    Annotated[str, StringConstraints(min_length=1, max_length=100)], Annotated[str, StringConstraints(max_length=300)]
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """What notebooks show."""
        from mdk_jupyter.widgets.registry_sheets import sheet_of

        sheet = sheet_of(self)
        return sheet._repr_mimebundle_() if sheet is not None else {"text/plain": repr(self)}


# Who


class Role(StrEnum):
    """What somebody may do. Each includes the ones before it, but for admin: who grants may not promote by that."""

    VIEWER = "viewer"
    CONTRIBUTOR = "contributor"
    APPROVER = "approver"
    ADMIN = "admin"


class Grant(_Frozen):
    """A role of somebody in a project and an environment; `*` stands for all."""

    subject: str = Field(min_length=1, max_length=300, description="The name that authentication gives, or `*`.")
    role: Role
    project: str = "*"
    environment: str = "*"


class Actor(_Frozen):
    """Who acts. Made by authentication alone, never from the content of a request."""

    name: str = Field(min_length=1, max_length=300)
    grants: tuple[Grant, ...] = ()
    method: str = Field(
        default="local", description="How the actor was authenticated: local, token, oidc, iap, cloudrun."
    )
    claims: dict[str, str] = Field(
        default={}, description="Facts of the token worth keeping: repository, ref, issuer ..."
    )


# What a version is made of


class ArtifactRef(_Frozen):
    """The model's bytes: where they are, and what they must be. Fixed for ever when the version is registered."""

    uri: str = Field(min_length=1, max_length=2000)
    sha256: Sha256 | None = Field(default=None, description="Of the file, or of the listing of a folder.")
    size: int | None = Field(default=None, ge=0, description="In bytes.")
    format: str | None = Field(default=None, max_length=100, description="joblib, skops, xgboost, torch, onnx ...")


class GitState(_Frozen):
    """The commit that the notebook was at."""

    url: str | None = None
    commit: str | None = None
    branch: str | None = None
    dirty: bool = Field(default=False, description="Whether there were changes that no commit has.")


class NotebookState(_Frozen):
    """The notebook that made the version."""

    path: str
    sha256: Sha256 | None = None


class RunRef(_Frozen):
    """The run that made the version."""

    id: str
    pipeline: str | None = None
    target: str | None = Field(default=None, description="local, vertex or kfp.")
    url: str | None = None


class Provenance(_Frozen):
    """Where a version comes from."""

    trained_by: str | None = Field(
        default=None, max_length=300, description="Whoever registers, where it is not given."
    )
    git: GitState | None = None
    notebook: NotebookState | None = None
    run: RunRef | None = None
    python: str | None = None
    image: str | None = Field(default=None, description="The container image with its digest.")


class Column(_Frozen):
    """One input or output of a model."""

    name: str
    type: str = Field(description="float, int, bool, str, category, datetime, tensor(…), …")
    optional: bool = False


class Signature(_Frozen):
    """What a model takes and gives."""

    inputs: tuple[Column, ...] = ()
    outputs: tuple[Column, ...] = ()


class Dataset(_Frozen):
    """Data that a version was made from or judged by."""

    uri: str = Field(min_length=1, max_length=600)
    role: Literal["training", "validation", "test", "reference", "other"] = "training"
    sha256: Sha256 | None = None
    rows: int | None = Field(default=None, ge=0)
    name: str | None = None


class Cost(_Frozen):
    """What it took to make a version."""

    amount: float | None = Field(default=None, ge=0, description="Money, in `currency`.")
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    wall_seconds: float | None = Field(default=None, ge=0)
    cpu_seconds: float | None = Field(default=None, ge=0)
    gpu_seconds: float | None = Field(default=None, ge=0)


class NewVersion(_Frozen):
    """What is given to register a version."""

    version: str | None = Field(
        default=None, pattern=r"^\d{1,6}\.\d{1,6}$", description="major.minor; the patch is allocated."
    )
    artifact: ArtifactRef
    metrics: dict[MetricName, MetricValue] = {}
    parameters: dict[str, JsonValue] = {}
    signature: Signature | None = None
    provenance: Provenance = Provenance()
    datasets: tuple[Dataset, ...] = ()
    requirements: tuple[str, ...] = Field(default=(), description="Pinned packages, one `name==version` each.")
    profile: dict[str, JsonValue] | None = Field(
        default=None, description="Distribution of the training data, for monitoring."
    )
    cost: Cost | None = None
    description: str | None = Field(
        default=None, description="Of the model, where this is its first version; else of the version."
    )
    project: str | None = Field(default=None, max_length=128, description="Given with the first version of a model.")
    use_case: str | None = None
    sensitivity: str | None = Field(
        default=None, description="none, personal, confidential ... in the organisation's words."
    )
    owner: str | None = None
    labels: Labels = {}
    vertex_model: str | None = Field(default=None, description="projects/P/locations/L/models/M@V")
    extra: dict[str, JsonValue] = Field(default={}, description="Kept and shown as it was given.")


# What is known of models and versions


class Status(StrEnum):
    """Whether a version may be used."""

    ACTIVE = "active"
    QUARANTINED = "quarantined"
    ARCHIVED = "archived"


class Place(StrEnum):
    """What a version is in an environment."""

    STAGED = "staged"
    CHALLENGER = "challenger"
    CHAMPION = "champion"


class Version(_Frozen):
    """A registered version. All but labels, card, status and places stays as it was registered."""

    model: str
    project: str
    version: str = Field(description="major.minor.patch")
    n: int = Field(description="Counts the versions of the model, from 1.")
    artifact: ArtifactRef
    metrics: dict[str, MetricValue]
    parameters: dict[str, JsonValue]
    signature: Signature | None
    provenance: Provenance
    datasets: tuple[Dataset, ...]
    requirements: tuple[str, ...] = Field(default=(), description="Only where a single version is asked for.")
    profile: dict[str, JsonValue] | None = Field(default=None, description="Only where a single version is asked for.")
    cost: Cost | None
    description: str | None
    vertex_model: str | None
    extra: dict[str, JsonValue]
    created: datetime
    registered_by: str = Field(description="From the authentication.")
    labels: Labels
    card: str | None = Field(default=None, description="The model card, as Markdown.")
    status: Status
    status_reason: str | None = None
    places: dict[str, Place] = Field(description="By environment: champion, challenger or staged.")

    @property
    def reference(self) -> str:
        """`flights/1.4.2`"""
        return f"{self.model}/{self.version}"


class ModelInfo(_Frozen):
    """A model: the name that its versions share."""

    name: str
    project: str
    description: str | None
    owner: str | None
    use_case: str | None
    sensitivity: str | None
    labels: Labels
    created: datetime
    created_by: str
    versions: int = Field(description="How many were registered.")
    newest: str | None = Field(description="major.minor.patch of the newest version.")
    champions: dict[str, str] = Field(description="Version by environment.")


class Challenger(_Frozen):
    """A version that gets a share of the traffic besides the champion."""

    version: str
    percent: Percent


class Champion(_Frozen):
    """Which version an environment serves, since when, and who decided it."""

    model: str
    environment: str
    version: Version
    since: datetime
    until: datetime | None = Field(default=None, description="Set where a past champion was asked for.")
    actor: str
    reason: str | None
    endpoint: str | None = None
    revision: int = Field(description="Counts the changes of this model in this environment.")
    previous: str | None = Field(default=None, description="The version before it.")
    changed: bool = Field(default=True, description="False where the version was the champion already.")


class Placement(_Frozen):
    """A version in an environment, other than as its champion; or the champion's endpoint and status."""

    version: str
    place: Place
    percent: Percent | None = None
    endpoint: str | None = None
    status: dict[str, JsonValue] = Field(default={}, description="What the deployment reported of itself.")
    since: datetime
    actor: str


class Deployment(_Frozen):
    """All that one environment has of a model."""

    model: str
    environment: str
    revision: int
    champion: str | None
    placements: tuple[Placement, ...]


# Policy


class Gate(_Frozen):
    """A condition on a version.

    `metric`: `expression` such as `auc >= 0.8`, or `auc >= champion - 0.01` (passes where there is no champion).
    `label`: the version has the label `key`, with `value` where that is given. `card`, `signature`, `dataset`,
    `digest`: the version has one. `clean_git`: it was made from a commit without other changes.
    """

    name: Name
    kind: Literal["metric", "label", "card", "signature", "dataset", "digest", "clean_git"]
    expression: str | None = None
    key: str | None = None
    value: str | None = None
    waivable: bool = Field(default=False, description="Whether an approver may set it aside, with a reason.")


class Policy(_Frozen):
    """What it takes to bring a version into an environment and to make it the champion there."""

    environment: Environment
    project: str = Field(default="*", description="A policy of a project goes before that of all.")
    after: Environment | None = Field(default=None, description="Where the version must have been champion before.")
    after_waivable: bool = True
    promoted: bool = Field(
        default=False, description="Whether publishing needs a promotion into the environment before."
    )
    approvals: int = Field(
        default=0, ge=0, le=10, description="How many others must have agreed before it is published."
    )
    separation: bool = Field(
        default=False, description="Who trained or requested does not count among those who agree."
    )
    gates: tuple[Gate, ...] = ()
    break_glass: bool = Field(default=True, description="Whether an approver may pass all gates in an emergency.")


class GateResult(_Frozen):
    """How one gate judged."""

    gate: str
    passed: bool
    detail: str
    needed_for: Literal["promote", "publish"] = Field(default="promote", description="The first verb that needs it.")
    waivable: bool = False
    waived: str | None = Field(default=None, description="The reason it was set aside.")


class Waiver(_Frozen):
    """A gate that is set aside, and why."""

    gate: str
    reason: str = Field(min_length=3)


class Approval(_Frozen):
    """Somebody agreed that a version may be published."""

    model: str
    version: str
    environment: str
    actor: str
    comment: str | None
    at: datetime


class Promotion(_Frozen):
    """A version moved on into an environment."""

    model: str
    version: str
    environment: str
    actor: str
    reason: str | None
    at: datetime
    revision: int
    gates: tuple[GateResult, ...]
    changed: bool = True


class MetricDifference(_Frozen):
    """One metric of two versions."""

    name: str
    before: MetricValue | None
    after: MetricValue | None
    difference: float | None = Field(default=None, description="after - before, where both are numbers.")


class PromotionPlan(_Frozen):
    """What publishing a version would change, and what stands in its way."""

    model: str
    environment: str
    champion: str | None
    candidate: str
    place: Place | None = Field(description="What the candidate is there now.")
    metrics: tuple[MetricDifference, ...]
    gates: tuple[GateResult, ...]
    approvals: tuple[Approval, ...]
    approvals_needed: int = Field(description="How many are still missing.")
    may_promote: bool
    may_publish: bool
    revision: int = Field(description="Send it as `expected_revision`.")


# Reading


class Difference(_Frozen):
    """A fact in which two versions differ. Nested facts have dotted names."""

    name: str
    before: JsonValue
    after: JsonValue


class Comparison(_Frozen):
    """Two versions, side by side."""

    a: str
    b: str
    metrics: tuple[MetricDifference, ...]
    parameters: tuple[Difference, ...]
    others: tuple[Difference, ...] = Field(
        description="Signature, datasets, requirements, provenance, artifact, labels."
    )


class Search(_Frozen):
    """What versions to look for. All that is given must hold."""

    text: str | None = Field(default=None, description="Part of the model's name or description.")
    project: str | None = None
    labels: Labels = {}
    metrics: tuple[str, ...] = Field(default=(), description="Such as `auc > 0.8`.")
    champion_in: Environment | None = None
    trained_by: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    status: Status | None = None


T = TypeVar("T")


class Page(_Frozen, Generic[T]):
    """Some of a longer list. `next` is the `cursor` of the next page, None at the end."""

    items: tuple[T, ...]
    next: str | None = None


class AuditRecord(_Frozen):
    """One thing that happened, for ever. Each record holds the hash of the one before it."""

    chain: str = Field(description="The model's name; empty for what concerns the whole registry.")
    seq: int
    at: datetime
    actor: str
    method: str = Field(description="How the actor was authenticated.")
    action: str = Field(description="register, promote, publish, rollback, quarantine ...")
    version: str | None
    environment: str | None
    data: dict[str, JsonValue]
    previous: str
    hash: str


class Break(_Frozen):
    """A place where the history is not what was written."""

    chain: str
    seq: int
    what: str


class Verification(_Frozen):
    """Whether the history is whole."""

    chains: int
    records: int
    breaks: tuple[Break, ...]
    anchored: int = Field(default=0, description="How many heads were compared with an anchor outside.")

    @property
    def whole(self) -> bool:
        return not self.breaks


class ChainEnd(_Frozen):
    """The last record of a history."""

    seq: int = Field(ge=0)
    hash: str = Field(max_length=64)


class Anchor(_Frozen):
    """The ends of all histories at one moment, to be kept outside the registry."""

    at: datetime
    heads: dict[str, ChainEnd] = Field(description="By model; the registry's own history has an empty name.")


class Node(_Frozen):
    """A thing in the lineage."""

    id: str
    kind: Literal["version", "dataset", "run", "notebook", "commit", "environment"]
    label: str
    facts: dict[str, JsonValue] = {}


class Edge(_Frozen):
    """`source` came before `target`."""

    source: str
    target: str
    relation: Literal["trained", "evaluated", "made", "contains", "serves"]


class Graph(_Frozen):
    """Lineage: what was made from what."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


class CostRow(_Frozen):
    """What the versions with one value of a label took."""

    value: str = Field(description="Empty for versions without the label.")
    currency: str
    versions: int
    amount: float
    wall_seconds: float
    cpu_seconds: float
    gpu_seconds: float


class CloudEvent(_Frozen):
    """A change, as CloudEvents 1.0 says it. Delivered at least once: tell repeats by `id`."""

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(min_length=1)
    source: str
    type: str = Field(description="Such as `dev.mdk.registry.champion.changed.v1`.")
    subject: str = Field(min_length=1, description="A model; `_registry` for what concerns no single one.")
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    data: dict[str, JsonValue]


class Imported(_Frozen):
    """What an import did."""

    models: int
    versions: int
    skipped: int = Field(description="Versions that were there already.")


class Token(_Frozen):
    """A token of the dev mode. The secret is shown once, when the token is made."""

    id: str
    subject: str
    note: str | None = None
    created: datetime
    expires: datetime | None
    revoked: bool = False
    secret: str | None = None


Metrics = Mapping[str, MetricValue]
