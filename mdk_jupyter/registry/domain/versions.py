"""Models and versions: what is given to register one, and what is known of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field, JsonValue

from mdk_jupyter.registry.domain.base import Frozen, Labels, MetricName, MetricValue, Sha256


class ArtifactRef(Frozen):
    """The model's bytes: where they are, and what they must be. Fixed for ever when the version is registered."""

    uri: str = Field(min_length=1, max_length=2000)
    sha256: Sha256 | None = Field(default=None, description="Of the file, or of the listing of a folder.")
    size: int | None = Field(default=None, ge=0, description="In bytes.")
    format: str | None = Field(default=None, max_length=100, description="joblib, skops, xgboost, torch, onnx ...")


class GitState(Frozen):
    """The commit that the notebook was at."""

    url: str | None = None
    commit: str | None = None
    branch: str | None = None
    dirty: bool = Field(default=False, description="Whether there were changes that no commit has.")


class NotebookState(Frozen):
    """The notebook that made the version."""

    path: str
    sha256: Sha256 | None = None


class RunRef(Frozen):
    """The run that made the version."""

    id: str
    pipeline: str | None = None
    target: str | None = Field(default=None, description="local, vertex or kfp.")
    url: str | None = None


class Provenance(Frozen):
    """Where a version comes from."""

    trained_by: str | None = Field(
        default=None, max_length=300, description="Whoever registers, where it is not given."
    )
    git: GitState | None = None
    notebook: NotebookState | None = None
    run: RunRef | None = None
    python: str | None = None
    image: str | None = Field(default=None, description="The container image with its digest.")


class Column(Frozen):
    """One input or output of a model."""

    name: str
    type: str = Field(description="float, int, bool, str, category, datetime, tensor(…), …")
    optional: bool = False


class Signature(Frozen):
    """What a model takes and gives."""

    inputs: tuple[Column, ...] = ()
    outputs: tuple[Column, ...] = ()


class Dataset(Frozen):
    """Data that a version was made from or judged by."""

    uri: str = Field(min_length=1, max_length=600)
    role: Literal["training", "validation", "test", "reference", "other"] = "training"
    sha256: Sha256 | None = None
    rows: int | None = Field(default=None, ge=0)
    name: str | None = None


class Cost(Frozen):
    """What it took to make a version."""

    amount: float | None = Field(default=None, ge=0, description="Money, in `currency`.")
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    wall_seconds: float | None = Field(default=None, ge=0)
    cpu_seconds: float | None = Field(default=None, ge=0)
    gpu_seconds: float | None = Field(default=None, ge=0)


class NewVersion(Frozen):
    """What is given to register a version."""

    version: str | None = Field(
        default=None, pattern=r"^\d{1,6}\.\d{1,6}$", description="major.minor; the patch is allocated."
    )
    artifact: ArtifactRef
    metrics: dict[MetricName, MetricValue] = Field(default={})
    parameters: dict[str, JsonValue] = Field(default={})
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
    labels: Labels = Field(default={})
    vertex_model: str | None = Field(default=None, description="projects/P/locations/L/models/M@V")
    extra: dict[str, JsonValue] = Field(default={}, description="Kept and shown as it was given.")


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


class Version(Frozen):
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


class ModelInfo(Frozen):
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
