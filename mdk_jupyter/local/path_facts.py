"""What is known of a path in the file system, and whether it is still so."""

from __future__ import annotations

import glob
import hashlib
import os
import re
import time
from pathlib import Path
from typing import Any

from mdk_jupyter.local.cache_key import digest_of
from mdk_jupyter.runtime.watch import IGNORED_NAMES, listing, stamp

PATTERN = re.compile(r"\*[^\s\[\]{}()|\\]*\.\w+$")  # such as data/*.parquet
_RACY = 2_000_000_000  # ns; a file written so shortly before may change again without a sign of it
_LARGEST_TREE = 2_000  # files

Facts = dict[str, Any]
"""What is known of a path: {} it is not there, {"folder"}, {"sha256", "size", "mtime_ns"}, {"matches"} of a pattern."""

ANY_FOLDER: Facts = {"folder": None}


def quick(path: str) -> Facts:
    """What is known of a path at a glance."""
    if PATTERN.search(path):
        return {"matches": digest_of([os.path.relpath(found, Path(path).parent) for found in matches(path)])}
    if os.path.isdir(path):  # noqa: PTH112
        return {"folder": _tree(path)}
    seen = stamp(path)
    return {} if seen is None else {"size": seen[0], "mtime_ns": seen[1]}


def matches(pattern: str) -> list[str]:
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


def facts_of(path: str) -> Facts:
    """What is known of a path, content included."""
    facts = quick(path)
    return {"sha256": _sha256(path, facts["size"], facts["mtime_ns"]), **facts} if "size" in facts else facts


def settled(facts: Facts) -> Facts:
    """The facts, without a time that proves nothing: the file is too fresh."""
    if "mtime_ns" in facts and time.time_ns() - facts["mtime_ns"] < _RACY:
        return {**facts, "mtime_ns": None}
    return facts


_LARGE = 1_000_000  # bytes; digests of smaller files are not worth remembering
_MOST_DIGESTS = 1_000

digests: dict[str, list[Any]] = {}
"""Of large files, by path: size, mtime_ns and sha256. Who keeps it between processes saves reading them again."""


def _sha256(path: str, size: int, mtime_ns: int) -> str:
    known = digests.get(path)
    if known is not None and known[:2] == [size, mtime_ns]:
        return str(known[2])
    with open(path, "rb") as file:  # noqa: PTH123
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if size >= _LARGE and time.time_ns() - mtime_ns > _RACY:
        digests[path] = [size, mtime_ns, digest]
        while len(digests) > _MOST_DIGESTS:
            digests.pop(next(iter(digests)), None)
    return digest


def is_same(path: Path, facts: Facts) -> bool:
    if facts == ANY_FOLDER:
        return path.is_dir()
    now = quick(str(path))
    if "sha256" not in facts:
        return now == facts
    if now.get("size") != facts["size"]:
        return False
    if now["mtime_ns"] == facts["mtime_ns"]:
        return True
    return bool(_sha256(str(path), now["size"], now["mtime_ns"]) == facts["sha256"])
