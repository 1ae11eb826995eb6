"""Which folders have runs: those that were asked for, those of open notebooks, and those that runs have announced."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from pathlib import Path

from mdk_converters.findings import Finding
from mdk_jupyter.errors import NotFoundError, UsageError
from mdk_jupyter.local import announcing
from mdk_jupyter.local.record import Run
from mdk_jupyter.local.store import FOLDER, find_run, newest_runs
from mdk_jupyter.server.places import Places


class Stores:
    """The stores below the server's root. They are asked for in threads; what they remember is only added to."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._seen: set[str] = set()

    def note(self, store: str) -> None:
        """Remember a store."""
        self._seen.add(store)

    def known(self) -> list[str]:
        """Return all stores that have runs."""
        told = (self._places.path(folder) for folder in announcing.stores())
        found = self._seen | {store for store in told if store is not None}
        return sorted(filter(self._has_runs, found))

    def _has_runs(self, store: str) -> bool:
        try:
            return (self._places.file(store) / FOLDER / "runs").is_dir()
        except UsageError:  # the notebook of a session may be anywhere
            return False

    def newest(self, stores: Iterable[str], before: str | None = None) -> Iterator[Run]:
        """Yield the runs of several stores, newest first."""
        each = [newest_runs(self._places.file(store), before) for store in stores]
        return heapq.merge(*each, key=lambda run: run.id, reverse=True)

    def find(self, store: str | None, wanted: str) -> Run:
        """Return a run by its id; without a store it is looked for in all that are known.

        Raises:
            NotFoundError: there is no such run (MDK352).
        """
        if store is not None:
            self.note(store)
            return find_run(self._places.file(store), wanted)
        for known in self.known():
            folder: Path = self._places.file(known)
            if (folder / FOLDER / "runs" / wanted / "run.json").is_file():
                return find_run(folder, wanted)
        raise NotFoundError([Finding("MDK352", f"no run {wanted!r} is known here", fix="name its store")])
