"""What happened, and whether it is whole."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from mdk_jupyter.registry.domain.base import Frozen


class AuditRecord(Frozen):
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


class Break(Frozen):
    """A place where the history is not what was written."""

    chain: str
    seq: int
    what: str


class Verification(Frozen):
    """Whether the history is whole."""

    chains: int
    records: int
    breaks: tuple[Break, ...]
    anchored: int = Field(default=0, description="How many ends of histories, kept in anchors outside, were compared.")

    @property
    def whole(self) -> bool:
        return not self.breaks


class ChainEnd(Frozen):
    """The last record of a history."""

    seq: int = Field(ge=0)
    hash: str = Field(max_length=64)


class Anchor(Frozen):
    """The ends of all histories at one moment, to be kept outside the registry."""

    at: datetime
    heads: dict[str, ChainEnd] = Field(description="By model; the registry's own history has an empty name.")


class CloudEvent(Frozen):
    """A change, as CloudEvents 1.0 says it. Delivered at least once: tell repeats by `id`."""

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(min_length=1)
    source: str
    type: str = Field(description="Such as `dev.mdk.registry.champion.changed.v1`.")
    subject: str = Field(min_length=1, description="A model; `_registry` for what concerns no single one.")
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    data: dict[str, JsonValue]
