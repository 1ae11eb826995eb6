"""What a step also depended on, found while it ran: files, folders, modules, packages, what it wrote."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdk_jupyter.local.cache_key import digest_of, variables
from mdk_jupyter.local.packages import installed, owners
from mdk_jupyter.local.path_facts import ANY_FOLDER, PATTERN, Facts, facts_of, is_same, matches, quick, settled
from mdk_jupyter.runtime.watch import IGNORED_NAMES, Stamp, listing

_MOST_TEXTS = 5_000  # that are looked at, the short ones first
_MOST_FOLDERS = 20  # in which named files are looked for, too


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
            if not is_same(folder / path, facts):
                return f"file {path} {_verb(folder / path, facts)}"
        for path, names in self.folders.items():
            if _names(folder / path) != names:
                return f"folder {path} changed"
        for path, facts in self.written.items():
            if not is_same(folder / path, facts):
                return f"file {path}, which it writes, {_verb(folder / path, facts)}"
        for path, facts in self.modules.items():
            if not is_same(folder / path, facts):
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
        texts = sorted({text for text in texts if _may_be_path(text)}, key=len)[:_MOST_TEXTS]
        names = {_absolute(text, folder) for text in texts}
        wanted = [_absolute(pattern, folder) for pattern in patterns]
        wanted += [name for name in names if PATTERN.search(name)]
        names |= {found for pattern in wanted for found in matches(pattern)}
        folders = [name for name in sorted(names) if Path(name).is_dir()][:_MOST_FOLDERS]
        inside = (_absolute(text, Path(place)) for place in folders for text in texts if "." in text)
        names |= {path for path in inside if Path(path).is_file()}
        before = {name: quick(name) for name in sorted(names) if not _is_hidden(os.path.relpath(name, folder))}
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
    for path, names in notes["listed"].items():
        if listing(path) != names:
            raise Unfollowed(f"the folder {place.relative(path)}, which it lists, changed while it ran")
    modules = sorted(path for path in notes["modules"] if not _is_hidden(path))
    written = _written(notes, named, place)
    files = {
        **_named_places(named, written, notes["read"], place),
        **_read({**notes["read"], **_named_files(named, written)}, written, set(modules), named, place),
    }
    if notes["workers"]:  # they may have read what is in the folders
        files |= {place.relative(path): quick(path) for path in notes["listed"]}
    return Dependencies(
        files=files,
        folders={} if place.is_isolated else {place.relative(path): _names(Path(path)) for path in notes["listed"]},
        written={} if place.is_isolated else _effects(written, named, place),
        modules={place.relative(path): _module(path, started, place) for path in modules},
        packages={site: _packages(site, names, memo) for site, names in notes["packages"].items()},
        variables={
            name: _variable(environ, name)
            for name in sorted(variables(_text(path) for path in modules if path.endswith(".py")))
        },
        hosts=sorted(notes["hosts"]),
    )


def _written(notes: Mapping[str, Any], named: Named, place: _Place) -> list[str]:
    """The paths that the step changed, also in native code as far as they were named.

    Raises:
        Unfollowed: native code changed what may be an input.
    """
    written = dict.fromkeys(notes["written"])
    for path, before in named.before.items():
        if path in written or _is_above(path, notes["written"]) or quick(path) == before:
            continue
        if before:
            raise Unfollowed(f"{place.relative(path)} changed while it ran")
        written[path] = None
    return list(written)


def _named_files(named: Named, written: Collection[str]) -> dict[str, Stamp]:
    """The files that were named and left alone: native code may have read them."""
    return {
        path: [facts["size"], facts["mtime_ns"]]
        for path, facts in named.before.items()
        if "size" in facts and path not in written
    }


def _named_places(named: Named, written: Collection[str], read: Collection[str], place: _Place) -> dict[str, Facts]:
    """What was named and is no file: folders that the step leaves alone, patterns, and what is not there."""
    return {
        place.relative(path): facts
        for path, facts in named.before.items()
        if "size" not in facts and path not in written and path not in read and not _is_above(path, written)
    }


def _read(
    read: Mapping[str, Stamp], written: Collection[str], modules: Collection[str], named: Named, place: _Place
) -> dict[str, Facts]:
    """The files that the step read.

    Raises:
        Unfollowed: one of them changed since.
    """
    found = {}
    for path, seen in read.items():
        if path in modules:
            continue
        facts = facts_of(path)
        if path in written:
            if seen is not None:
                raise Unfollowed(f"it reads and changes {place.relative(path)}")
            continue
        if not facts and place.is_scratch(path) and path not in named.before:
            continue
        if "folder" not in facts and seen != ([facts["size"], facts["mtime_ns"]] if facts else None):
            raise Unfollowed(f"{place.relative(path)} changed while it ran")
        found[place.relative(path)] = settled(facts)
    return found


def _effects(written: Iterable[str], named: Named, place: _Place) -> dict[str, Facts]:
    """What the step left in the file system, without its temporary files."""
    return {
        place.relative(path): ANY_FOLDER if Path(path).is_dir() else settled(facts_of(path))
        for path in written
        if path in named.before or not place.is_scratch(path)
    }


def _module(path: str, started: float, place: _Place) -> Facts:
    facts = facts_of(path)
    if facts.get("mtime_ns", 0) > started * 1e9:
        raise Unfollowed(f"the module {place.relative(path)} changed while it ran")
    return settled(facts)


def _packages(site: str, modules: list[str], memo: Path) -> dict[str, str]:
    versions = installed(site)
    return {name: versions[name] for name in sorted(owners(site, modules, memo))}


def _is_above(folder: str, paths: Iterable[str]) -> bool:
    return any(path.startswith(folder + os.sep) for path in paths)


@dataclass(frozen=True, slots=True)
class _Place:
    folder: str
    cwd: str

    @property
    def is_isolated(self) -> bool:
        return self.folder != self.cwd

    def is_scratch(self, path: str) -> bool:
        """Whether it is a temporary file: in the system's folder for them, and not in the notebook's or the step's."""
        return path.startswith(tempfile.gettempdir() + os.sep) and not path.startswith(
            (self.folder + os.sep, self.cwd + os.sep)
        )

    def relative(self, path: str) -> str:
        """The path as it is kept. Files of an isolated step are copies of those in the notebook's folder."""
        for root in (self.cwd, self.folder):
            if path == root:
                return "."
            if path.startswith(root + os.sep):
                return path[len(root) + 1 :]
        return path


def _may_be_path(text: str) -> bool:
    return (
        0 < len(text) <= 1024
        and "\n" not in text
        and "\0" not in text
        and "://" not in text
        and text.strip("./\\ ~*") != ""
    )


def _is_hidden(path: str) -> bool:
    return not IGNORED_NAMES.isdisjoint(Path(path).parts) or path.startswith(("/dev/", "/proc/", "/sys/"))


def _absolute(name: str, folder: Path) -> str:
    return os.path.abspath(folder / os.path.expanduser(name))  # noqa: PTH100, PTH111 - links stay as they are


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
