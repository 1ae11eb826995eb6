"""What questions are answered with."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, Literal, TypeVar

from pydantic import Field, JsonValue

from mdk_jupyter.registry.domain.base import Environment, Frozen, Labels
from mdk_jupyter.registry.domain.policies import MetricDifference
from mdk_jupyter.registry.domain.versions import Status


class Difference(Frozen):
    """A fact in which two versions differ. Nested facts have dotted names."""

    name: str
    before: JsonValue
    after: JsonValue


class Comparison(Frozen):
    """Two versions, side by side."""

    a: str
    b: str
    metrics: tuple[MetricDifference, ...]
    parameters: tuple[Difference, ...]
    others: tuple[Difference, ...] = Field(
        description="Signature, datasets, requirements, provenance, artifact, labels."
    )


class Search(Frozen):
    """What versions to look for. All that is given must hold."""

    text: str | None = Field(default=None, description="Part of the model's name or description.")
    project: str | None = None
    labels: Labels = Field(default={})
    metrics: tuple[str, ...] = Field(default=(), description="Such as `auc > 0.8`.")
    champion_in: Environment | None = None
    trained_by: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    status: Status | None = None


T = TypeVar("T")


class Page(Frozen, Generic[T]):
    """Some of a longer list. `next` is the `cursor` of the next page, None at the end."""

    items: tuple[T, ...]
    next: str | None = None


class Node(Frozen):
    """A thing in the lineage."""

    id: str
    kind: Literal["version", "dataset", "run", "notebook", "commit", "environment"]
    label: str
    facts: dict[str, JsonValue] = Field(default={})


class Edge(Frozen):
    """`source` came before `target`."""

    source: str
    target: str
    relation: Literal["trained", "evaluated", "made", "contains", "serves"]


class Graph(Frozen):
    """Lineage: what was made from what."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


class CostRow(Frozen):
    """What the versions with one value of a label took."""

    value: str = Field(description="Empty for versions without the label.")
    currency: str
    versions: int
    amount: float
    wall_seconds: float
    cpu_seconds: float
    gpu_seconds: float


class Imported(Frozen):
    """What an import did."""

    models: int
    versions: int
    skipped: int = Field(description="Versions that were there already.")
