"""What the extension consists of, for its handlers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mdk_jupyter.server.events.bus import Bus
from mdk_jupyter.server.events.remote import RemoteRuns
from mdk_jupyter.server.places import Places
from mdk_jupyter.server.registry import Registries
from mdk_jupyter.server.runs import Runs
from mdk_jupyter.server.stores import Stores
from mdk_jupyter.server.workers import Newest, Workers


@dataclass(frozen=True, slots=True)
class Parts:
    """One of each, for as long as the server lives. Kinds of work that could starve each other have their own workers."""

    largest: int  # bytes of a request
    places: Places
    stores: Stores
    runs: Runs
    newest: Newest  # checks
    compiler: Workers  # reading notebooks
    files: Workers  # reading and writing records of runs
    starting: Workers  # plans, and runs until they have begun
    services: Workers  # Vertex AI, Kubeflow Pipelines
    registry: Workers  # asking a registry
    operations: Workers  # planning promotions and carrying them out, with git
    registries: Registries
    bus: Bus
    remote: RemoteRuns

    @property
    def workers(self) -> Sequence[Workers]:
        """Return all workers."""
        return self.compiler, self.files, self.starting, self.services, self.registry, self.operations

    def workers_for(self, target: str) -> tuple[Workers, str | None]:
        """Return who asks about runs on a target, and the service that is asked."""
        return (self.files, None) if target == "local" else (self.services, target)
