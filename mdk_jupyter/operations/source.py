"""Where a file of operations is from: the commit it is in, and the job that applies it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from mdk_jupyter.operations.apply import Source


def source_of(path: Path) -> Source:
    """Return what the history should tell of a file's origin; what is not known is left out."""
    return Source(commit=_commit(path), url=_job())


def _commit(path: Path) -> str | None:
    """Return the commit that the file is in as it is, None where it has other changes."""
    folder = path.absolute().parent
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True)
        changed = ["git", "status", "--porcelain", "--", path.name]
        state = subprocess.run(changed, cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.strip() if not state.stdout.strip() else None


def _job() -> str | None:
    """Return the page of the job that this runs in, on GitHub or GitLab."""
    say = os.environ.get
    if say("GITHUB_RUN_ID"):
        return f"{say('GITHUB_SERVER_URL')}/{say('GITHUB_REPOSITORY')}/actions/runs/{say('GITHUB_RUN_ID')}"
    return say("CI_JOB_URL")
