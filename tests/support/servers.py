"""Kernel servers in tests: which processes belong to one, and that they go away."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from pipelines import processes_naming

from mdk_jupyter.kernels import client, place


def processes_of(folder: Path) -> list[int]:
    """Return the processes that a server in `folder` has started: they all have its first environment."""
    return processes_naming(f"{place.FOLDER}={folder}")


def end_servers(folder: Path) -> list[int]:
    """Stop the servers in `folder` and return the processes that do not go away."""
    before = os.environ.get(place.FOLDER)
    os.environ[place.FOLDER] = str(folder)
    try:
        client.stop()
    finally:
        if before is not None:
            os.environ[place.FOLDER] = before
    own = own_family()
    wait_until(lambda: not set(processes_of(folder)) - own, 15)
    return sorted(set(processes_of(folder)) - own)


def command_of(process: int) -> str:
    """Return what a process runs, to be read."""
    try:
        return f"{process} " + Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return str(process)


def own_family() -> set[int]:
    """The processes above this one: they may have the variable too."""
    found, process = set(), os.getpid()
    while process > 1:
        found.add(process)
        try:
            process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            break
    return found


def wait_until(holds: Callable[[], object], seconds: float = 30) -> bool:
    """Wait until something holds; return whether it does."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return bool(holds())
        time.sleep(0.02)
    return True
