"""How much a project's store holds, and clearing up in it."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mdk_converters.findings import Finding
from mdk_jupyter.amounts import read_size
from mdk_jupyter.artifacts.store import Store
from mdk_jupyter.errors import StoreError, UsageError
from mdk_jupyter.local.cache import Cache, all_entries, read_entry
from mdk_jupyter.local.locks import holding
from mdk_jupyter.local.record import Run
from mdk_jupyter.local.store import is_driven, known_runs

BOUND = "MDK_CACHE_SIZE"  # the environment variable with the largest size of a store
DEFAULT_BOUND = 10_000_000_000
KEPT_RUNS = 20  # of each notebook's folder keep their values
PATIENCE = 3.0  # seconds that runs have to come to their end

_TEMPORARY = re.compile(r"new-.*|\..+\.[0-9a-f]{8}")  # as the store and `write_atomically` call them


@dataclass(slots=True)
class Usage:
    """What a store holds."""

    entries: int = 0
    artifacts: int = 0
    size: int = 0  # bytes


@dataclass(slots=True)
class Cleared:
    """What was removed."""

    entries: int = 0
    artifacts: int = 0
    size: int = 0  # bytes


def bound() -> int:
    """Return how large a store may become, in bytes.

    Raises:
        UsageError: MDK_CACHE_SIZE is no size (MDK313).
    """
    text = os.environ.get(BOUND)
    if not text:
        return DEFAULT_BOUND
    try:
        return read_size(text)
    except ValueError as error:
        raise UsageError([Finding("MDK313", f"{BOUND}: {error}", fix="write 5GB or 500MB")]) from None


def usage(home: Path) -> Usage:
    """Return what the store in a `.mdk` folder holds."""
    found = Usage(entries=sum(1 for _ in all_entries(home)))
    for path in _artifacts(home):
        with contextlib.suppress(OSError):
            found.size += path.stat().st_size
            found.artifacts += 1
    found.size += sum(path.stat().st_size for path in all_entries(home))
    return found


def prune(
    home: Path, *, max_size: int | None = None, older_than: float | None = None, everything: bool = False
) -> Cleared:
    """Remove what nobody needs: results not used for `older_than` seconds, then those used longest ago until the
    store has `max_size` bytes, and artifacts that no result and no recent run has. `everything`: all of it.

    Raises:
        StoreError: runs are under way and do not come to their end (MDK358).
    """
    with holding(Cache(home).lock, patience=PATIENCE) as held:
        if not held:
            message = f"a run is under way that uses the store {home}"
            raise StoreError([Finding("MDK358", message, fix="wait for its end, or cancel it; then try again")])
        return _Pruning(home, everything).prune(max_size, older_than)


def keep_within(home: Path, size: int) -> Cleared | None:
    """Prune a store that has become larger than `size`, unless somebody uses it."""
    if usage(home).size <= size:
        return None
    with holding(Cache(home).lock, patience=0) as held:
        return _Pruning(home, everything=False).prune(size, None) if held else None


@dataclass(slots=True)
class _Entry:
    path: Path
    used: float
    digests: set[str]


@dataclass(slots=True)
class _Pruning:
    """One clearing up, with the store to itself."""

    home: Path
    everything: bool
    cleared: Cleared = field(default_factory=Cleared)

    def prune(self, max_size: int | None, older_than: float | None) -> Cleared:
        self._remove_temporaries()
        entries = sorted(self._entries(), key=lambda entry: entry.used)
        pinned = set() if self.everything else set(self._of_runs())
        oldest = 0.0 if older_than is None else time.time() - older_than
        kept = []
        for entry in entries:
            if self.everything or entry.used < oldest:
                self._remove_entry(entry)
            else:
                kept.append(entry)
        users: dict[str, int] = {}
        for digest in (digest for entry in kept for digest in entry.digests):
            users[digest] = users.get(digest, 0) + 1
        store = Store(self.home / "artifacts")
        needed = {store.path(digest) for digest in {*users, *pinned}}
        for path in list(_artifacts(self.home)):
            if path not in needed:
                self._remove_artifact(path)
        if max_size is not None:
            size = usage(self.home).size
            before = self.cleared.size
            for entry in kept:
                if size - (self.cleared.size - before) <= max_size:
                    break
                self._remove_entry(entry)
                for digest in entry.digests:
                    users[digest] -= 1
                    if not users[digest] and digest not in pinned:
                        self._remove_artifact(store.path(digest))
        return self.cleared

    def _entries(self) -> Iterator[_Entry]:
        for path in list(all_entries(self.home)):
            entry = read_entry(path)
            if entry is None:
                _unlink(path)
            else:
                yield _Entry(path, path.stat().st_mtime, set(entry.blobs()))

    def _of_runs(self) -> Iterator[str]:
        """The artifacts of the newest runs."""
        for place in known_runs(self.home):
            for path in sorted(place.glob("*/run.json"), reverse=True)[:KEPT_RUNS]:
                with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                    for step in Run.open(path.parent).steps.values():
                        yield from (record["digest"] for record in step.outputs.values() if record.get("digest"))

    def _remove_temporaries(self) -> None:
        """Remove what killed processes left half written."""
        places: list[Iterable[Path]] = [(self.home / "artifacts").glob("new-*"), (self.home / "cache").rglob(".*")]
        places += [run.rglob(".*") for place in known_runs(self.home) for run in place.iterdir() if not is_driven(run)]
        for path in (path for place in places for path in place):
            if _TEMPORARY.fullmatch(path.name) and path.is_file():
                _unlink(path)

    def _remove_entry(self, entry: _Entry) -> None:
        self.cleared.size += _unlink(entry.path)
        self.cleared.entries += 1
        with contextlib.suppress(OSError):
            entry.path.parent.rmdir()

    def _remove_artifact(self, path: Path) -> None:
        self.cleared.size += _unlink(path)
        self.cleared.artifacts += 1


def _artifacts(home: Path) -> Iterator[Path]:
    yield from (home / "artifacts").glob("??/*")


def _unlink(path: Path) -> int:
    """Remove a file; return how large it was."""
    with contextlib.suppress(OSError):
        size = path.stat().st_size
        path.unlink()
        return size
    return 0
