"""Runs on this machine: every one of this user announces itself, and tells what happens in its journal."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mdk_jupyter.local import announcing
from mdk_jupyter.local.events import Event
from mdk_jupyter.local.journal import Journal
from mdk_jupyter.local.record import Run
from mdk_jupyter.local.store import is_driven

PAUSE = 0.2  # seconds between two looks

Tell = Callable[[Path, Path | None, Event], None]
"""Told of each event: the run's folder, its source, the event. In the watcher's thread."""


@dataclass(frozen=True, slots=True)
class _Followed:
    folder: Path
    source: Path | None
    journal: Journal


class LocalRuns:
    """A thread that follows the runs that go on, from their beginning, and all that come."""

    def __init__(self, tell: Tell, adopt: Callable[[Run], None]) -> None:
        """`tell` is called with each event of a run here, `adopt` with each new run on a service."""
        self._tell = tell
        self._adopt = adopt
        self._known: set[str] = set()
        self._followed: list[_Followed] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="mdk runs", daemon=True)

    def start(self) -> None:
        """Begin with what goes on already."""
        self._thread.start()

    def close(self) -> None:
        """End, in a moment."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        self._find(going_on=True)
        while not self._over.wait(PAUSE):
            self._find(going_on=False)
            self._followed = [run for run in self._followed if self._goes_on(run)]

    def _find(self, *, going_on: bool) -> None:
        """Take up runs that are new; with `going_on` those alone that have not ended."""
        if announcing.names() == self._known:
            return
        found = [announced.run for announced in announcing.announced()]
        for run in found:
            if run.name not in self._known:
                self._take_up(run, going_on)
        self._known = {run.name for run in found}

    def _take_up(self, folder: Path, going_on: bool) -> None:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # taken away again, or of another version
            run = Run.open(folder)
            if run.target != "local":
                self._adopt(run)
            elif not going_on or is_driven(folder):
                self._followed.append(_Followed(folder, run.source, Journal(folder)))

    def _goes_on(self, run: _Followed) -> bool:
        try:
            for event in run.journal.news():
                self._tell(run.folder, run.source, event)
        except (OSError, ValueError, KeyError, TypeError):
            return False
        return not run.journal.ended
