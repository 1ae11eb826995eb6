"""Several changes of one environment that happen together, and how models stand there: what GitOps asks and gets."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from mdk_jupyter.registry.domain import Labels, Name, Percent, Waiver

Number = Annotated[str, StringConstraints(pattern=r"^\d{1,6}\.\d{1,6}\.\d{1,9}$")]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16,64}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


# Steps


class Promoting(_Frozen):
    """A version moves on into the environment; nothing happens where it has a place there."""

    verb: Literal["promote"] = "promote"
    version: Number


class Crowning(_Frozen):
    """A version becomes the champion."""

    verb: Literal["publish"] = "publish"
    version: Number


class RollingBack(_Frozen):
    """A past champion becomes the champion again, and no gate is asked."""

    verb: Literal["rollback"] = "rollback"
    version: Number | None = Field(default=None, description="Without it, the one before that may be used.")
    quarantine: bool = Field(default=False, description="Whether the version that leaves gets quarantined.")


class Challenging(_Frozen):
    """Which versions get which share of the traffic; those that are not named get none."""

    verb: Literal["challenge"] = "challenge"
    challengers: dict[Number, Percent]


class Sharing(_Frozen):
    """The share of one challenger; None takes it out."""

    verb: Literal["share"] = "share"
    version: Number
    percent: Percent | None


class Labelling(_Frozen):
    """Labels of a version; None takes one away."""

    verb: Literal["label"] = "label"
    version: Number
    labels: dict[str, str | None]


class Quarantining(_Frozen):
    """A version may not be used any more."""

    verb: Literal["quarantine"] = "quarantine"
    version: Number
    why: Reason


class Reporting(_Frozen):
    """What a deployment says of itself; the champion's, where no version is named."""

    verb: Literal["report"] = "report"
    version: Number | None = None
    endpoint: str | None = Field(default=None, max_length=500)
    status: dict[str, JsonValue] | None = None


Step = Annotated[
    Promoting | Crowning | RollingBack | Challenging | Sharing | Labelling | Quarantining | Reporting,
    Field(discriminator="verb"),
]


# Changes


class Entry(_Frozen):
    """The entry of a file that a change comes from."""

    serial: int = Field(ge=1, le=2**31 - 1)
    digest: Digest = Field(description="Of what the entry says.")
    notes: str | None = Field(default=None, max_length=10_000)


class Origin(_Frozen):
    """What the changes come from: the plan, its part for this environment, and the commit of the file."""

    plan: Digest
    part: Digest
    commit: str | None = Field(default=None, max_length=64)
    url: str | None = Field(default=None, max_length=1000, description="Of the run that applies it.")


class Change(_Frozen):
    """What changes for one model, in this order."""

    model: Name
    steps: tuple[Step, ...] = Field(default=(), max_length=50)
    reason: Reason | None = None
    entry: Entry | None = None
    operation: Digest | None = Field(default=None, description="Carried out once, ever, in this environment.")
    waivers: tuple[Waiver, ...] = Field(default=(), max_length=100)
    break_glass: Reason | None = Field(default=None, description="Why all gates are passed by.")


class Applied(_Frozen):
    """What the history says of the last time that a file was applied to a model's environment."""

    at: datetime
    actor: str
    revision: int = Field(description="That the environment had then.")
    plan: str
    part: str
    serial: int | None = None
    digest: str | None = None
    notes: str | None = None
    commit: str | None = None


class Standing(_Frozen):
    """How a model stands in an environment."""

    model: str
    environment: str
    revision: int
    champion: str | None
    endpoint: str | None = Field(default=None, description="Of the champion.")
    challengers: dict[str, int] = Field(description="Percent by version.")
    labels: Labels = Field(description="Of the champion.")
    past: tuple[str, ...] = Field(description="Versions that have been its champion.")
    previous: str | None = Field(default=None, description="The champion that a rollback would go back to.")
    applied: Applied | None = Field(default=None, description="None where no entry of a file was ever applied.")
    operations: tuple[str, ...] = Field(default=(), description="Operations that were carried out.")
    parts: dict[str, str] = Field(default={}, description="By plan, the part of it that was applied here; the newest.")


class ModelOutcome(_Frozen):
    """What became of one change. `changed` is false where its operation had been carried out before."""

    model: str
    changed: bool
    revision: int
    champion: str | None


class Outcome(_Frozen):
    """What became of the changes."""

    environment: str
    changes: tuple[ModelOutcome, ...]
