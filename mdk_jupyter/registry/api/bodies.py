"""What requests carry, where it is not a class of the domain already."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from mdk_jupyter.registry.domain import Anchor, Environment, Name, Percent, Role, Waiver

Reason = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
SemVer = Annotated[str, StringConstraints(pattern=r"^\d{1,6}\.\d{1,6}\.\d{1,9}$")]
VersionOrAlias = Annotated[str, StringConstraints(pattern=r"^(\d{1,6}\.\d{1,6}\.\d{1,9}|latest|champion)$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Gated(_Body):
    reason: Reason | None = None
    waivers: tuple[Waiver, ...] = ()
    break_glass: Reason | None = Field(None, description="Why all gates are passed by; flagged in the history.")


class Promoting(_Gated):
    """Let a version move on."""

    to: Environment


class Publishing(_Gated):
    """Make a version the champion."""

    version: VersionOrAlias
    endpoint: str | None = Field(None, max_length=1000)


class RollingBack(_Body):
    """Make a past champion the champion again."""

    to: SemVer | None = Field(None, description="Without it, the last other champion that is not quarantined.")
    reason: Reason
    quarantine: bool = Field(True, description="Whether the version that is left gets quarantined.")


class Challenging(_Body):
    """Say which versions get which share of the traffic."""

    challengers: dict[Annotated[str, StringConstraints(max_length=300)], Percent] = Field(
        max_length=100, description="Percent by version; the rest is the champion's."
    )
    reason: Reason | None = None


class Reporting(_Body):
    """What a deployment says of itself."""

    version: VersionOrAlias
    endpoint: str | None = Field(None, max_length=1000)
    status: dict[str, JsonValue] | None = None


class Reasoned(_Body):
    """A change that needs no more than a reason."""

    reason: Reason


class Annotating(_Body):
    """What may change in a version after it was registered."""

    note: str | None = Field(None, max_length=10_000)
    labels: (
        dict[
            Annotated[str, StringConstraints(min_length=1, max_length=100)],
            Annotated[str, StringConstraints(max_length=300)] | None,
        ]
        | None
    ) = Field(None, description="null for a label takes it away.")
    card: str | None = Field(None, max_length=200_000, description="Markdown.")


class Approving(_Body):
    """Agree that a version may be published."""

    environment: Environment
    comment: str | None = Field(None, max_length=2000)


class Granting(_Body):
    """Give somebody a role."""

    subject: str = Field(min_length=1, max_length=300)
    role: Role
    project: Name | Annotated[str, StringConstraints(pattern=r"^\*$")] = "*"
    environment: Environment | Annotated[str, StringConstraints(pattern=r"^\*$")] = "*"


class MakingToken(_Body):
    """Make a token of the dev mode."""

    subject: str = Field(min_length=1, max_length=300)
    days: float | None = Field(30, gt=0, le=3650)
    note: str | None = Field(None, max_length=300)


class Verifying(_Body):
    """Hold the history against what was kept of it."""

    name: Name | None = Field(None, description="A model; all of them without it.")
    anchors: list[Anchor] = Field(min_length=1, description="All that were kept; each is compared.")
