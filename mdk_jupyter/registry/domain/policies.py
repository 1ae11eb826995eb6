"""What it takes to get into an environment, and what was decided."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from mdk_jupyter.registry.domain.base import Environment, Frozen, MetricValue, Name
from mdk_jupyter.registry.domain.versions import Place


class Gate(Frozen):
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


class Policy(Frozen):
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
    changed_by: tuple[str, ...] = Field(
        default=(),
        max_length=100,
        description="Who alone may change champions and traffic there, such as the job that applies operations.yaml. "
        "Others keep their other rights. Empty: everybody whose role allows it.",
    )
    break_glass: bool = Field(default=True, description="Whether an approver may pass all this in an emergency.")


class GateResult(Frozen):
    """How one gate judged."""

    gate: str
    passed: bool
    detail: str
    needed_for: Literal["promote", "publish"] = Field(default="promote", description="The first verb that needs it.")
    waivable: bool = False
    waived: str | None = Field(default=None, description="The reason it was set aside.")


class Waiver(Frozen):
    """A gate that is set aside, and why."""

    gate: str
    reason: str = Field(min_length=3)


class Approval(Frozen):
    """Somebody agreed that a version may be published."""

    model: str
    version: str
    environment: str
    actor: str
    comment: str | None
    at: datetime


class Promotion(Frozen):
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


class MetricDifference(Frozen):
    """One metric of two versions."""

    name: str
    before: MetricValue | None
    after: MetricValue | None
    difference: float | None = Field(default=None, description="after - before, where both are numbers.")


class PromotionPlan(Frozen):
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
