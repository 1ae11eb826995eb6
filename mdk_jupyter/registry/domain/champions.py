"""What an environment has of a model."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, JsonValue

from mdk_jupyter.registry.domain.base import Frozen, Percent
from mdk_jupyter.registry.domain.versions import Place, Version


class Challenger(Frozen):
    """A version that gets a share of the traffic besides the champion."""

    version: str
    percent: Percent


class Champion(Frozen):
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


class Placement(Frozen):
    """A version in an environment, other than as its champion; or the champion's endpoint and status."""

    version: str
    place: Place
    percent: Percent | None = None
    endpoint: str | None = None
    status: dict[str, JsonValue] = Field(default={}, description="What the deployment reported of itself.")
    since: datetime
    actor: str


class Deployment(Frozen):
    """All that one environment has of a model."""

    model: str
    environment: str
    revision: int
    champion: str | None
    placements: tuple[Placement, ...]
