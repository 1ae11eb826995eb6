"""What is known of each task of a job."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

from mdk_jupyter.standin.values import Upstream, Values

State = Literal["PENDING", "RUNNING", "SUCCEEDED", "CACHED", "FAILED", "CANCELLED", "NOT_TRIGGERED"]
ENDED = {"SUCCEEDED", "CACHED", "FAILED", "CANCELLED", "NOT_TRIGGERED"}
GOOD = {"SUCCEEDED", "CACHED"}


@dataclass
class Attempt:
    """One start of a task's container that failed."""

    time: str
    code: int
    message: str


@dataclass
class Task:
    """A task of a job: a container, an import, a sub-DAG, a loop or one repetition of it."""

    id: str
    name: str
    path: str  # names from the root down, joined by `/`
    parent: str | None  # id
    kind: str = "dag"  # or container, importer
    state: State = "PENDING"
    created: str = ""
    started: str | None = None
    ended: str | None = None
    error: str | None = None
    inputs: Values = field(default_factory=Values)
    outputs: Values = field(default_factory=Values)
    attempts: list[Attempt] = field(default_factory=list)
    cached_from: str | None = None  # the task whose outputs these are

    def as_upstream(self) -> Upstream:
        """Return what tasks after it need to know."""
        return Upstream("SUCCEEDED" if self.state == "CACHED" else self.state, self.outputs, self.error)

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_document(document: dict[str, Any]) -> Task:
        """Return the task of which this is the JSON."""
        values = {name: Values(**document[name]) for name in ("inputs", "outputs")}
        attempts = [Attempt(**attempt) for attempt in document["attempts"]]
        return Task(**{**document, **values, "attempts": attempts})
