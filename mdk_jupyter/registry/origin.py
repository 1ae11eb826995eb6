"""Where a model comes from: the code's state in git, the notebook, the run, and the packages. Nothing here fails a call."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import re
import subprocess
import sys
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

_PATIENCE = 3.0  # seconds for git; a network folder must not hold a cell up
_SESSION = "JPY_SESSION_NAME"  # Jupyter Server tells kernels their notebook's path by it


@dataclass(frozen=True, slots=True)
class GitState:
    """The working copy. `is_dirty`: tracked files differ from the commit."""

    repository: str
    commit: str
    branch: str
    is_dirty: bool


def git_state(folder: Path) -> GitState | None:
    """Return the state of the working copy that `folder` is in; None outside of one, before the first commit, or
    where git is missing or slow."""
    status = _git(folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    if status is None:
        return None
    lines = status.splitlines()
    about = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# ") and " " in line[2:])
    commit = about.get("branch.oid", "")
    if not re.fullmatch(r"[0-9a-f]{40,64}", commit):
        return None
    branch = about.get("branch.head", "")
    remote = _git(folder, "config", "--get", "remote.origin.url")
    top = remote if remote else _git(folder, "rev-parse", "--show-toplevel")
    return GitState(
        without_credentials((top or "").strip()),
        commit,
        "" if branch == "(detached)" else branch,
        any(not line.startswith("#") for line in lines),
    )


def without_credentials(url: str) -> str:
    """Return a repository's URL without the user and password that some machines put into it.

    Example:
        >>> without_credentials("https://me:token@example.org/team/churn.git")
        'https://example.org/team/churn.git'
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _git(folder: Path, *words: str) -> str | None:
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            env=environment,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None


def notebook_path(job_file: str | None) -> Path | None:
    """Return the notebook that this process runs: of a run by its record, in Jupyter by what the server says."""
    if job_file is not None:
        try:
            record = json.loads((Path(job_file).parent.parent / "run.json").read_text("utf-8"))
            return Path(record["source"]) if record.get("source") else None
        except (OSError, ValueError, KeyError, AttributeError):
            return None
    main = sys.modules["__main__"].__dict__
    named = os.environ.get(_SESSION) or main.get("__vsc_ipynb_file__") or main.get("__session__")
    if not isinstance(named, str) or not named.endswith(".ipynb"):
        return None
    path = Path(named)
    return next((place for place in (path, Path(path.name)) if place.is_file()), None)


def file_digest(path: Path) -> str | None:
    """Return a file's sha256 in hexadecimal digits, None when it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def user() -> str:
    """Return who works on this machine."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


def requirements(model: object) -> list[str]:
    """Return NAME==VERSION of the installed packages that the notebook or the model uses, and of what these need.

    Packages that happen to be loaded, such as those of the kernel itself, are left out.
    """
    owners = _owners()
    needed: dict[str, str] = {}
    pending = [name for module in _modules_in_use(model) for name in owners.get(module, ())]
    while pending:
        name = pending.pop()
        key = _normal(name)
        if key in needed:
            continue
        try:
            about = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        needed[key] = f"{key}=={about.version}"
        loaded = (_bare(line) for line in about.requires or () if "extra ==" not in line)
        pending += [other for other in loaded if _is_loaded(other, owners)]
    return [needed[key] for key in sorted(needed)]


def _modules_in_use(model: object) -> set[str]:
    names = {kind.__module__ for kind in type(model).__mro__}
    for value in list(sys.modules["__main__"].__dict__.values()):
        found = value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", None)
        names.add(found if isinstance(found, str) else "")
    tops = {name.partition(".")[0] for name in names}
    return tops - {"__main__", "builtins", "", "IPython", "mdk_jupyter", "mdk_magics", *sys.stdlib_module_names}


@cache
def _owners() -> dict[str, list[str]]:
    return dict(metadata.packages_distributions())


def _is_loaded(distribution: str, owners: dict[str, list[str]]) -> bool:
    wanted = _normal(distribution)
    return any(wanted in map(_normal, names) for top, names in owners.items() if top in sys.modules)


def _bare(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    return match[0] if match else requirement


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def digests(inputs: dict[str, Any]) -> Iterator[tuple[str, str, str, str | None]]:
    """Yield name, producer, digest and preview of the tables and arrays among a step's inputs."""
    for name, about in inputs.items():
        for record in _parts(about):
            if record.get("status") == "value" and record.get("format") in _DATA and record.get("digest"):
                yield name, about.get("producer", ""), record["digest"], record.get("preview")


_DATA = frozenset(["parquet", "arrow", "polars", "npy", "npy-locked"])


def _parts(about: dict[str, Any]) -> Iterable[dict[str, Any]]:
    parts: Iterable[dict[str, Any]] = about.get("items", (about,))
    return parts
