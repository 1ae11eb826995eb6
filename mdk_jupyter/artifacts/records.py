"""Artifact records: what a run remembers of a value. The bytes themselves are in the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

Status = Literal["value", "unbound", "untravelable"]


@dataclass(frozen=True)
class Record:
    """One value that a step handed on.

    `key` is the name inside a joint artifact: values that share mutable objects are stored together.
    `length` is the number of items of a list or tuple.
    `shares` are the artifacts, received by the step and not handed on again, whose objects this value holds too.
    """

    status: Status
    format: str | None = None
    digest: str | None = None
    size: int = 0
    type: str | None = None
    key: str | None = None
    reason: str | None = None
    preview: str | None = None
    length: int | None = None
    shares: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Record:
        """Read a record; keys that are no part of it are left to their owner."""
        known = {field.name: data[field.name] for field in fields(cls) if field.name in data}
        return cls(**known | {"shares": tuple(known.get("shares", ()))})

    def holdings(self, name: str) -> tuple[str, ...]:
        """What `shares` says of a value that holds objects of this one, which a step knows as `name`."""
        own = self.digest if self.key is not None else f"{self.digest} {name}"
        return (own or "", *self.shares)


UNBOUND = Record("unbound")
