"""What tasks made, to be taken again: outputs by cache key, imports by URI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mdk_jupyter.standin.documents import Documents
from mdk_jupyter.standin.values import Artifact, Values


class KeptResults:
    """Keeps the results of one service and project; others are not seen, as in the services themselves."""

    def __init__(self, documents: Documents, owner: str) -> None:
        self._documents = documents
        self._owner = owner

    def cached(self, key: str) -> tuple[str, Values] | None:
        """Return the id and the outputs of a task with the same key."""
        found = self._documents.get("results", f"{self._owner}/{key}")
        return None if found is None else (found["task"], Values(found["parameters"], found["artifacts"]))

    def keep(self, key: str, task: str, outputs: Values) -> None:
        """Keep the outputs of a task."""
        entry = {"task": task, "parameters": outputs.parameters, "artifacts": outputs.artifacts}
        self._documents.put("results", f"{self._owner}/{key}", entry)

    def imported(self, uri: str, metadata: Mapping[str, Any]) -> Artifact | None:
        """Return the artifact that was imported from a URI before, with the same metadata."""
        found = self._documents.get("imports", f"{self._owner}/{uri}")
        return found if found is not None and found["metadata"] == metadata else None

    def keep_import(self, artifact: Artifact) -> None:
        """Keep an artifact that was imported."""
        self._documents.put("imports", f"{self._owner}/{artifact['uri']}", artifact)
