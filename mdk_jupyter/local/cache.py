"""The cache of results: what steps handed on, by what it followed from.

Under a key (`cache_key`) lie entries; each lists what else the step depended on and counts when that is as it was.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdk_jupyter.artifacts.store import Store
from mdk_jupyter.errors import ArtifactError
from mdk_jupyter.local.cache_key import Ingredients, digest_of
from mdk_jupyter.local.dependencies import Dependencies
from mdk_jupyter.local.files import write_atomically
from mdk_jupyter.local.path_facts import digests

FORMAT = 1  # of entries
_MOST_ENTRIES = 20  # under one key


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The result of a step and what it depended on."""

    key: str
    dependencies: Dependencies
    outputs: Mapping[str, dict[str, Any]]  # artifact records by name
    metrics: Mapping[str, Any]
    notebook: str  # digests of the executed notebook and of what the step printed
    log: str
    seconds: float
    run: str
    pipeline: str
    step: str

    def blobs(self) -> dict[str, str]:
        """Return the digests that it needs in the store, and what each is."""
        named = {record["digest"]: f"`{name}`" for name, record in self.outputs.items() if record.get("digest")}
        return {**named, self.notebook: "its executed notebook", self.log: "its log"}


@dataclass(frozen=True, slots=True)
class Last:
    """The last run of a step: what it followed from, and why its result is not in the cache, if it is not."""

    ingredients: Ingredients
    not_kept: str | None = None


@dataclass(slots=True)
class Cache:
    """The cache in a project's `.mdk` folder. Safe to use from several threads and processes."""

    home: Path
    _verified: dict[str, list[int]] = field(init=False)
    _files: dict[str, list[Any]] = field(init=False)
    _is_changed: bool = field(init=False, default=False)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        memo = _read_json(self._memo) or {}
        self._verified = memo.get("artifacts", {})
        digests.update(memo.get("files", {}))
        self._files = dict(digests)

    @property
    def folder(self) -> Path:
        return self.home / "cache"

    @property
    def store(self) -> Store:
        return Store(self.home / "artifacts")

    @property
    def lock(self) -> Path:
        """What runs hold together while they last, and who clears up alone."""
        return self.folder / "lock"

    @property
    def packages(self) -> Path:
        """Where it is remembered which module belongs to which package."""
        return self.folder / "packages"

    @property
    def _memo(self) -> Path:
        return self.folder / "seen.json"

    # -- entries

    def find(
        self, key: str, folder: Path, environ: Mapping[str, str], is_wanted: Callable[[Entry], bool]
    ) -> tuple[Entry | None, str | None]:
        """Return an entry that counts now, or why there is none; nothing at all when there never was.

        Damaged entries and artifacts are taken out. `folder` is the notebook's, `environ` what a kernel inherits.
        """
        why = None
        for path in self._entries(key):
            entry = read_entry(path)
            if entry is None:
                _remove(path)
                why = why or "its entry in the cache was damaged"
                continue
            if not is_wanted(entry):
                continue
            problem = entry.dependencies.change(folder, environ) or self._missing(entry, path)
            if problem is None:
                with contextlib.suppress(OSError):  # when it was used last, for who clears up
                    os.utime(path)
                return entry, None
            why = why or problem
        return None, why

    def keep(self, entry: Entry) -> None:
        """Add an entry.

        Raises:
            OSError: it cannot be written; then everything is as it was.
        """
        content = {"format": FORMAT, **dataclasses.asdict(entry)}
        text = json.dumps(content, ensure_ascii=False)
        name = digest_of([entry.dependencies.to_json(), entry.pipeline, entry.step])[:16]
        folder = self._entry_folder(entry.key)
        folder.mkdir(parents=True, exist_ok=True)
        for old in self._entries(entry.key)[_MOST_ENTRIES - 1 :]:
            _remove(old)
        write_atomically(folder / f"{name}.json", f"{digest_of(text)}\n{text}\n")
        for digest in entry.blobs():
            self._note_whole(digest)

    def _entry_folder(self, key: str) -> Path:
        return self.folder / "entries" / key[:2] / key[2:]

    def _entries(self, key: str) -> list[Path]:
        """The entries under a key, the one used last first."""
        found = []
        with contextlib.suppress(OSError):
            for path in self._entry_folder(key).glob("*.json"):
                found.append((path.stat().st_mtime_ns, path))
        return [path for _, path in sorted(found, reverse=True)]

    # -- artifacts

    def _missing(self, entry: Entry, path: Path) -> str | None:
        """Return what is wrong with the artifacts of an entry; take out what is."""
        for digest, what in entry.blobs().items():
            problem = self.problem_of(digest)
            if problem is not None:
                _remove(path)
                return f"{what} {problem}"
        return None

    def problem_of(self, digest: str) -> str | None:
        """Return whether an artifact is missing or damaged; a damaged one is removed.

        Content is compared once; then it counts as long as size, time and inode of the file are the same.
        """
        path = self.store.path(digest)
        try:
            if self._verified.get(digest) == _identity(path):
                return None
            self.store.verify(digest)
        except (ArtifactError, OSError) as error:
            if isinstance(error, FileNotFoundError) or (isinstance(error, ArtifactError) and error.code == "MDK320"):
                return "is no longer in the store"
            _remove(path)
            return "was damaged in the store"
        self._note_whole(digest)
        return None

    def _note_whole(self, digest: str) -> None:
        with self._lock, contextlib.suppress(OSError):
            self._verified[digest] = _identity(self.store.path(digest))
            self._is_changed = True

    def save_memo(self) -> None:
        """Remember which artifacts were found whole, and the digests of large files."""
        with self._lock, contextlib.suppress(OSError):
            files = dict(digests)  # other runs of this process add to it
            if self._is_changed or files != self._files:
                write_atomically(self._memo, json.dumps({"artifacts": self._verified, "files": files}))
                self._is_changed = False

    # -- the last runs

    def last(self, scope: str, step: str) -> Last | None:
        """Return what is known of the last run of a step; `scope` tells pipelines apart."""
        content = _read_json(self._last(scope, step))
        return Last(**content) if content else None

    def remember(self, scope: str, step: str, last: Last) -> None:
        """Keep what a step that ran followed from.

        Raises:
            OSError: it cannot be written.
        """
        path = self._last(scope, step)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(dataclasses.asdict(last), ensure_ascii=False))

    def _last(self, scope: str, step: str) -> Path:
        return self.folder / "last" / f"{digest_of([scope, step])[:32]}.json"


def read_entry(path: Path) -> Entry | None:
    """Read an entry; None when it is damaged or of another version."""
    try:
        checksum, _, text = path.read_text(encoding="utf-8").partition("\n")
        content = json.loads(text)
        if digest_of(text.removesuffix("\n")) != checksum or content.pop("format") != FORMAT:
            return None
        return Entry(**{**content, "dependencies": Dependencies(**content["dependencies"])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def all_entries(home: Path) -> Iterator[Path]:
    """Yield the files of all entries in a `.mdk` folder."""
    yield from (home / "cache" / "entries").glob("*/*/*.json")


def _identity(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
