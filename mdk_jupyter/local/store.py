"""The run store: `.mdk/` beside the notebook, with runs by id and artifacts by digest."""

from __future__ import annotations

import contextlib
import difflib
import errno
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from mdk_converters.findings import Finding
from mdk_jupyter.errors import NotFoundError, StoreError
from mdk_jupyter.local.files import write_atomically
from mdk_jupyter.local.locks import holding, is_held
from mdk_jupyter.local.record import Run, Step

FOLDER = ".mdk"
_LATEST = re.compile(r"latest(?:~(\d+))?")


def open_store(root: Path) -> Path:
    """Make the folder `.mdk` of a project, for artifacts and results, and return it.

    Raises:
        StoreError: `root` cannot be written (MDK350) or the disk is full (MDK351).
    """
    home = (root / FOLDER).absolute()
    with storing(home):
        for name in ("artifacts", "cache"):
            (home / name).mkdir(parents=True, exist_ok=True)
        _ignore(home)
    return home


def create_run_folder(folder: Path, home: Path | None = None) -> Path:
    """Make the folder of a new run under `folder/.mdk/runs`. Names sort by time.

    `home` is the project's `.mdk`, as `open_store` returns it; it learns where its runs are.

    Raises:
        StoreError: `folder` cannot be written (MDK350) or the disk is full (MDK351).
    """
    runs = (folder / FOLDER / "runs").absolute()
    with storing(runs):
        runs.mkdir(parents=True, exist_ok=True)
        _ignore(runs.parent)
        if home is not None:
            _note_runs(home, runs)
        while True:
            now = datetime.now(UTC)
            path = runs / f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03d}-{secrets.token_hex(2)}"
            with contextlib.suppress(FileExistsError):
                path.mkdir()
                return path


def known_runs(home: Path) -> list[Path]:
    """Return the folders of runs whose artifacts are in the store of `home`."""
    places = [home / "runs"]
    for note in sorted((home / "cache" / "runs").glob("*")):
        with contextlib.suppress(OSError):
            places.append(Path(os.path.normpath(home / note.read_text(encoding="utf-8"))))
    return [place for place in dict.fromkeys(places) if place.is_dir()]


def _note_runs(home: Path, runs: Path) -> None:
    place = os.path.relpath(runs, home)
    note = home / "cache" / "runs" / hashlib.sha256(place.encode()).hexdigest()[:16]
    if not note.exists():
        note.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(note, place)


def _ignore(home: Path) -> None:
    """Keep what is in the folder out of version control."""
    ignore = home / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")


def list_runs(folder: Path) -> list[Run]:
    """Return the runs beside the notebooks of `folder`, newest first. Unreadable ones are left out."""
    return list(newest_runs(folder))


def newest_runs(folder: Path, before: str | None = None) -> Iterator[Run]:
    """Yield the runs beside the notebooks of `folder`, newest first, those with an id below `before` alone."""
    for path in sorted((folder / FOLDER / "runs").absolute().glob("*/run.json"), reverse=True):
        if before is None or path.parent.name < before:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                yield read_run(path.parent)


def find_run(folder: Path, wanted: str) -> Run:
    """Return one run: by id, by the unique beginning or end of an id, or `latest`; `latest~1` is the one before.

    Raises:
        NotFoundError: there is no such run, or several (MDK352).
        StoreError: its record cannot be read (MDK353).
    """
    folders = sorted(path.parent for path in (folder / FOLDER / "runs").absolute().glob("*/run.json"))
    ids = [path.name for path in folders]
    if (back := _LATEST.fullmatch(wanted)) is not None:
        matches = folders[::-1][int(back[1] or 0) :][:1]
    else:
        matches = [p for p in folders if p.name == wanted] or [
            p for p in folders if p.name.startswith(wanted) or p.name.endswith(wanted)
        ]
    if len(matches) != 1:
        what = f"{len(matches)} runs match {wanted!r}" if matches else f"no run {wanted!r} in {folder}"
        fix = "name one of " + ", ".join(reversed(ids[-5:])) if ids else "run a notebook with `mdk run local` first"
        raise NotFoundError([Finding("MDK352", what, fix=fix)])
    try:
        return read_run(matches[0])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            [
                Finding(
                    "MDK353",
                    f"the record of run {matches[0].name} cannot be read: {error}",
                    fix=f"look at {matches[0]} or delete it",
                )
            ]
        ) from error


def find_steps(run: Run, wanted: str) -> list[Step]:
    """Return a step by its name, or all repetitions of a component by the component's.

    Raises:
        NotFoundError: the run has no such step (MDK370).
    """
    found = [step for name, step in run.steps.items() if wanted in (name, name.partition("[")[0])]
    if not found:
        close = difflib.get_close_matches(wanted, run.steps, n=1)
        message = f"run {run.id} has no step {wanted!r}" + (f"; did you mean {close[0]!r}?" if close else "")
        fix = "name one of " + ", ".join(run.steps)
        raise NotFoundError([Finding("MDK370", message, fix=fix, names=(wanted,))])
    return found


def find_step(run: Run, wanted: str) -> Step:
    """Return a step by its name.

    Raises:
        NotFoundError: the run has no such step, or that component was repeated (MDK370).
    """
    first, *others = find_steps(run, wanted)
    if others:
        names = ", ".join(step.name for step in (first, *others))
        message = f"{wanted!r} of run {run.id} was repeated"
        raise NotFoundError([Finding("MDK370", message, fix=f"name one of {names}", names=(wanted,))])
    return first


def read_run(folder: Path) -> Run:
    """Read a run from its folder; one whose driver is gone without having ended it is `interrupted`.

    Raises:
        OSError, ValueError, KeyError, TypeError: the record cannot be read.
    """
    run = Run.open(folder)
    if run.target == "local" and run.state in ("waiting", "running") and not is_driven(folder):
        # The driver may have ended the run between the two looks.
        run = Run.open(folder)
        if run.state in ("waiting", "running"):
            run.state = "interrupted"
            for step in run.steps.values():
                if step.state == "running":
                    step.state = "interrupted"
    return run


@contextlib.contextmanager
def driving(folder: Path) -> Iterator[None]:
    """Hold the run: while this lasts, `is_driven` is true everywhere. Ends with the process at the latest."""
    with holding(folder / "driver.lock"):
        yield


def is_driven(folder: Path) -> bool:
    """Whether a living process drives the run."""
    return is_held(folder / "driver.lock")


@contextlib.contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn what the operating system says about writing `path` into a `StoreError`."""
    try:
        yield
    except OSError as error:
        refuse_storing(error, path)


def refuse_storing(error: OSError, path: Path) -> NoReturn:
    """Raise the `StoreError` that explains `error`."""
    where = error.filename or path
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        finding = Finding(
            "MDK351",
            f"the disk is full: {where} could not be written",
            fix="make room (`mdk cache prune` removes what recent runs do not need), then run again",
        )
    else:
        finding = Finding(
            "MDK350",
            f"{where} cannot be written: {error.strerror or error}",
            fix="copy the notebook to a folder that you can write to: a run is kept in .mdk beside it",
        )
    raise StoreError([finding]) from error
