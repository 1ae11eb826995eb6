"""What a step also depended on, found while it ran: files, folders, modules, packages, what it wrote."""

from __future__ import annotations

import dataclasses
import glob
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdk_jupyter.local.cache_key import digest_of, variables
from mdk_jupyter.local.packages import installed, owners
from mdk_jupyter.runtime.watch import IGNORED_NAMES, Stamp, listing, stamp

_RACY = 2_000_000_000  # ns; a file written so shortly before may change again without a sign of it
_PATTERN = re.compile(r"\*[^\s\[\]{}()|\\]*\.\w+$")  # such as data/*.parquet
_LARGEST_TREE = 2_000

Facts = dict[str, Any]
"""What is known of a path: {} it is not there, {"folder"}, {"sha256", "size", "mtime_ns"}, {"matches"} of a pattern."""

_ANY_FOLDER = {"folder": None}


class Unfollowed(Exception):
    """The step's result cannot be kept; says why."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """All paths are relative to the notebook's folder where they are inside of it, so that folders can move."""

    files: dict[str, Facts] = field(default_factory=dict)
    folders: dict[str, str | None] = field(default_factory=dict)  # digest of the names in it
    written: dict[str, Facts] = field(default_factory=dict)
    modules: dict[str, Facts] = field(default_factory=dict)
    packages: dict[str, dict[str, str]] = field(default_factory=dict)  # by the folder of packages
    variables: dict[str, str | None] = field(default_factory=dict)  # that modules may read
    hosts: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def change(self, folder: Path, environ: Mapping[str, str]) -> str | None:
        """Return what is not any more as it was, or None."""
        for path, facts in self.files.items():
            if not _is_same(folder / path, facts):
                return f"file {path} {_verb(folder / path, facts)}"
        for path, names in self.folders.items():
            if _names(folder / path) != names:
                return f"folder {path} changed"
        for path, facts in self.written.items():
            if not _is_same(folder / path, facts):
                return f"file {path}, which it writes, {_verb(folder / path, facts)}"
        for path, facts in self.modules.items():
            if not _is_same(folder / path, facts):
                return f"module {path} {_verb(folder / path, facts)}"
        for site, packages in self.packages.items():
            now = installed(site)
            for name, version in packages.items():
                if now.get(name) != version:
                    return f"{name} {version} -> {now.get(name, 'not installed')}"
        for name, digest in self.variables.items():
            if _variable(environ, name) != digest:
                return f"environment variable {name} changed"
        return None


@dataclass(frozen=True, slots=True)
class Named:
    """The paths that a step's code and values name, as they were before it ran.

    Readers in native code, such as those of Arrow, open files where Python does not see it.
    """

    before: dict[str, Facts]

    @classmethod
    def look(cls, texts: Iterable[str], patterns: Iterable[str], folder: Path) -> Named:
        """Look at what `texts` name in `folder`, and at the files that fit `patterns`."""
        names = {_absolute(text, folder) for text in texts if _may_be_path(text)}
        wanted = [_absolute(pattern, folder) for pattern in patterns]
        wanted += [name for name in names if _PATTERN.search(name)]
        names |= {found for pattern in wanted for found in _matches(pattern)}
        before = {name: _quick(name) for name in sorted(names) if not _is_hidden(os.path.relpath(name, folder))}
        # A text with blanks that names nothing is no path.
        return cls({name: facts for name, facts in before.items() if facts or " " not in os.path.relpath(name, folder)})


def observe(
    notes: Mapping[str, Any],
    named: Named,
    *,
    folder: Path,
    cwd: Path,
    environ: Mapping[str, str],
    memo: Path,
    started: float,
) -> Dependencies:
    """Return what the step depended on, from the notes that its kernel took.

    `folder` is the notebook's, `cwd` where the step ran (another one when it was isolated).

    Raises:
        Unfollowed: a result of this step cannot be kept.
        OSError: a file cannot be read, or the memo not be written.
    """
    if notes["blind"]:
        raise Unfollowed(notes["blind"])
    place = _Place(str(folder.absolute()), str(cwd.absolute()))
    named_now = {path: _quick(path) for path in named.before}
    written = dict.fromkeys(notes["written"])
    read: dict[str, Stamp] = dict(notes["read"])
    _check_folders(notes["listed"], place)
    for path, before in named.before.items():
        now = named_now[path]
        if path in written or any(other.startswith(path + os.sep) for other in written):
            continue
        if before == now:
            if before.get("size") is not None:
                read.setdefault(path, [before["size"], before["mtime_ns"]])
        elif before == {}:
            written[path] = None
        else:
            raise Unfollowed(f"{place.shown(path)} changed while it ran")
    scratch = tempfile.gettempdir() + os.sep
    files: dict[str, Facts] = {}
    modules = {path for path in notes["modules"] if not _is_hidden(path)}
    for path, seen in read.items():
        if path in modules:
            continue
        facts = _facts(path)
        if path in written:
            if seen is not None:
                raise Unfollowed(f"it reads and changes {place.shown(path)}")
            continue
        if path.startswith(scratch) and path not in named.before and not place.is_inside(path) and not facts:
            continue
        is_as_seen = seen == ([facts["size"], facts["mtime_ns"]] if "size" in facts else None)
        if not is_as_seen and "folder" not in facts:
            raise Unfollowed(f"{place.shown(path)} changed while it ran")
        files[place.relative(path)] = _settled(facts)
    for path, before in named.before.items():
        if path not in written and path not in read and "size" not in before:
            inside = any(other.startswith(path + os.sep) for other in written)
            if before == {} or not inside:
                files[place.relative(path)] = named_now[path]
    kept_writes = (
        {}
        if place.is_isolated
        else {
            place.relative(path): _ANY_FOLDER if os.path.isdir(path) else _settled(_facts(path))  # noqa: PTH112
            for path in written
            if place.is_inside(path) or path in named.before or not path.startswith(scratch)
        }
    )
    module_facts = {}
    for path in sorted(modules):
        facts = _facts(path)
        if facts.get("mtime_ns", 0) > started * 1e9:
            raise Unfollowed(f"the module {place.shown(path)} changed while it ran")
        module_facts[place.relative(path)] = _settled(facts)
    packages = {}
    for site, names in notes["packages"].items():
        versions = installed(site)
        packages[site] = {name: versions[name] for name in sorted(owners(site, names, memo))}
    sources = [_text(path) for path in modules if path.endswith(".py")]
    return Dependencies(
        files=files,
        folders={} if place.is_isolated else {place.relative(path): _names(Path(path)) for path in notes["listed"]},
        written=kept_writes,
        modules=module_facts,
        packages=packages,
        variables={name: _variable(environ, name) for name in sorted(variables(sources))},
        hosts=sorted(notes["hosts"]),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    folder: str
    cwd: str

    @property
    def is_isolated(self) -> bool:
        return self.folder != self.cwd

    def is_inside(self, path: str) -> bool:
        return path.startswith((self.folder + os.sep, self.cwd + os.sep))

    def relative(self, path: str) -> str:
        """The path as it is kept. Files of an isolated step are copies of those in the notebook's folder."""
        for root in (self.cwd, self.folder):
            if path == root:
                return "."
            if path.startswith(root + os.sep):
                return path[len(root) + 1 :]
        return path

    def shown(self, path: str) -> str:
        return self.relative(path)


def _check_folders(listed: Mapping[str, list[str] | None], place: _Place) -> None:
    for path, names in listed.items():
        if listing(path) != names:
            raise Unfollowed(f"the folder {place.shown(path)}, which it lists, changed while it ran")


def _may_be_path(text: str) -> bool:
    return 0 < len(text) <= 1024 and "\n" not in text and "\0" not in text and text.strip("./\\ ~*") != ""


def _is_hidden(path: str) -> bool:
    return not IGNORED_NAMES.isdisjoint(Path(path).parts) or path.startswith(("/dev/", "/proc/", "/sys/"))


def _absolute(name: str, folder: Path) -> str:
    return os.path.abspath(folder / os.path.expanduser(name))  # noqa: PTH100, PTH111 - links stay as they are


def _quick(path: str) -> Facts:
    """What is known of a path at a glance."""
    if _PATTERN.search(path):
        return {"matches": digest_of([os.path.relpath(found, Path(path).parent) for found in _matches(path)])}
    if os.path.isdir(path):  # noqa: PTH112
        return {"folder": _tree(path)}
    seen = stamp(path)
    return {} if seen is None else {"size": seen[0], "mtime_ns": seen[1]}


def _matches(pattern: str) -> list[str]:
    return sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - absolute, with links as they are


def _tree(path: str) -> str:
    """A digest of a folder's files: names, sizes and times; of a large one, the names in it."""
    found: list[Any] = []
    for parent, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in IGNORED_NAMES)
        place = Path(parent)
        found += [[os.path.relpath(parent, path), name, stamp(str(place / name))] for name in sorted(files)]
        if len(found) > _LARGEST_TREE:
            return digest_of(listing(path))
    return digest_of(found)


def _facts(path: str) -> Facts:
    """What is known of a path, content included."""
    facts = _quick(path)
    return {"sha256": _sha256(path, facts["size"], facts["mtime_ns"]), **facts} if "size" in facts else facts


def _settled(facts: Facts) -> Facts:
    """The facts, without a time that proves nothing: the file is too fresh."""
    if "mtime_ns" in facts and time.time_ns() - facts["mtime_ns"] < _RACY:
        return {**facts, "mtime_ns": None}
    return facts


_digests: dict[tuple[str, int, int], str] = {}  # of large files that several steps read


def _sha256(path: str, size: int, mtime_ns: int) -> str:
    known = _digests.get((path, size, mtime_ns))
    if known is None:
        with open(path, "rb") as file:  # noqa: PTH123
            known = hashlib.file_digest(file, "sha256").hexdigest()
        if time.time_ns() - mtime_ns > _RACY:
            _digests[path, size, mtime_ns] = known
    return known


def _is_same(path: Path, facts: Facts) -> bool:
    if facts == _ANY_FOLDER:
        return path.is_dir()
    now = _quick(str(path))
    if "sha256" not in facts:
        return now == facts
    if now.get("size") != facts["size"]:
        return False
    if now["mtime_ns"] == facts["mtime_ns"]:
        return True
    return bool(_sha256(str(path), now["size"], now["mtime_ns"]) == facts["sha256"])


def _verb(path: Path, facts: Facts) -> str:
    if not facts:
        return "is new"
    return "changed" if path.exists() else "is gone"


def _names(path: Path) -> str | None:
    names = listing(str(path))
    return None if names is None else digest_of(names)


def _variable(environ: Mapping[str, str], name: str) -> str | None:
    return digest_of(environ[name]) if name in environ else None


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
