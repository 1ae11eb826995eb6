"""Artifact records: what a run remembers of a value. The bytes themselves are in the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["value", "unbound", "untravelable"]


@dataclass(frozen=True, slots=True)
class Record:
    """One value that a step handed on.

    `key` is the name inside a joint artifact: values that share mutable objects are stored together.
    """

    status: Status
    format: str | None = None
    digest: str | None = None
    size: int = 0
    type: str | None = None
    key: str | None = None
    reason: str | None = None
    preview: str | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Record:
        """Read a record; keys that are no part of it are left to their owner."""
        return cls(**{name: data[name] for name in cls.__slots__ if name in data})


UNBOUND = Record("unbound")
