"""Where a model comes from: the code's state in git, the notebook, and who it is. Nothing here fails a call."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
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


def about(notebook: Path | None, root: Path) -> dict[str, Any]:
    """Return the state of git and of a notebook in the project at `root`, as `domain.Provenance` has them."""
    git = git_state(notebook.parent if notebook is not None and notebook.parent.is_dir() else root)
    state = (
        {"url": git.repository or None, "commit": git.commit, "branch": git.branch or None, "dirty": git.is_dirty}
        if git is not None
        else None
    )
    if notebook is None:
        return {"git": state, "notebook": None}
    full = notebook.absolute()
    path = full.relative_to(root).as_posix() if full.is_relative_to(root) else full.name
    return {"git": state, "notebook": {"path": path, "sha256": file_digest(notebook)}}


def user() -> str:
    """Return who works on this machine."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
