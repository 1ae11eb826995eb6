"""Runs make themselves known to the other programs of their user: a small file for each in the user's own folder.

A file is left where it is when its run ends, so that nobody who looks now and then misses a short run. It is swept
later, by the next run.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mdk_jupyter.kernels import place
from mdk_jupyter.local.files import write_atomically
from mdk_jupyter.local.store import FOLDER, is_driven

KEPT = 60.0  # seconds that the file of a run stays at least
STARTER = "MDK_STARTER"  # environment variable: by what the program that starts a run will know it


@dataclass(frozen=True, slots=True)
class Announcement:
    """One run. `process` drives it, None where a service does."""

    run: Path  # its folder
    process: int | None
    starter: str | None


def announce(run: Path, *, driven: bool = True) -> None:
    """Make a run known, and its store; `driven`: by this process. Where that cannot be written, nobody is told."""
    with contextlib.suppress(OSError):
        runs, stores = _folder("runs"), _folder("stores")
        _sweep(runs)
        store = str(run.parents[2])
        note = stores / hashlib.sha256(store.encode()).hexdigest()[:16]
        if not note.exists():
            write_atomically(note, store)
        starter = os.environ.pop(STARTER, None)  # the runs of its steps are others
        content = {"run": str(run), "process": os.getpid() if driven else None, "starter": starter}
        write_atomically(runs / f"{run.name}.json", json.dumps(content))


def announced() -> Iterator[Announcement]:
    """Yield the runs that have made themselves known in the last minute, and all that go on."""
    with contextlib.suppress(OSError):
        for path in sorted(_folder("runs").glob("*.json")):
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                content = json.loads(path.read_text(encoding="utf-8"))
                yield Announcement(Path(content["run"]), content["process"], content["starter"])


def names() -> set[str]:
    """Return the ids of the runs that `announced` yields. Costs one look at a small folder."""
    with contextlib.suppress(OSError):
        return {path.stem for path in _folder("runs").glob("*.json")}
    return set()


def stores() -> list[Path]:
    """Return the folders whose `.mdk` holds runs that have made themselves known since this machine was started."""
    found = []
    with contextlib.suppress(OSError):
        for note in sorted(_folder("stores").glob("[0-9a-f]*")):
            with contextlib.suppress(OSError):
                store = Path(note.read_text(encoding="utf-8"))
                if (store / FOLDER / "runs").is_dir():
                    found.append(store)
                else:
                    note.unlink()
    return found


def _sweep(runs: Path) -> None:
    """Take away the files of runs that have ended a while ago."""
    limit = time.time() - KEPT
    for path in runs.glob("*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            if path.stat().st_mtime < limit and not is_driven(Path(json.loads(path.read_text("utf-8"))["run"])):
                path.unlink()


def _folder(name: str) -> Path:
    """Return a folder of the user's alone, made when it is missing.

    Raises:
        OSError: it cannot be had.
    """
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "mdk"
    else:
        base = place.runtime_folder()
    folder = base / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
