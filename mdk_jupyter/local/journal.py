"""What a run tells while it lasts, and afterwards: its events and what its steps printed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from mdk_jupyter.local.events import ENDED, Event, State
from mdk_jupyter.local.record import Run, Step
from mdk_jupyter.local.store import is_driven, read_run

PAUSE = 0.1  # seconds between two looks


def read_events(folder: Path, *, follow: bool = False) -> Iterator[Event]:
    """Yield the events of the run in `folder`, and with `follow` those to come until it ends.

    The last event says how the run ended, also where its driver died before it could.

    Raises:
        OSError, ValueError, KeyError, TypeError: the record cannot be read.
    """
    journal = Journal(folder)
    while True:
        yield from journal.news()
        if journal.ended or not follow:
            return
        time.sleep(PAUSE)


class Journal:
    """The events of the run in `folder`, look by look. `ended`: there will be no more."""

    def __init__(self, folder: Path) -> None:
        self.ended = False
        self._folder = folder
        self._tail = Tail(folder / "events.jsonl")
        self._last = 0.0
        self._seen: dict[str, State] = {}

    def news(self) -> list[Event]:
        """Return what was told since the last look.

        The last event says how the run ended, also where its driver died before it could.

        Raises:
            OSError, ValueError, KeyError, TypeError: the record cannot be read.
        """
        driven = is_driven(self._folder)  # asked first: what it wrote before its end is read below
        found = []
        for event in filter(None, map(event_of, self._tail.lines())):
            self._last = event.time
            if event.step is not None and event.state is not None:
                self._seen[event.step] = event.state
            found.append(event)
            if event.kind == "run" and event.state in ENDED:
                self.ended = True
                return found
        if not driven:
            self.ended = True
            run = read_run(self._folder)
            if run.target == "local":  # what else would know the end of a run elsewhere is its service
                found += _untold(run, self._seen, self._last)
        return found


def read_logs(run: Run, steps: Collection[str] | None, *, follow: bool = False) -> Iterator[tuple[str, str]]:
    """Yield what steps printed, as (step, line), and with `follow` what they will print until the run ends.

    Without `steps` it is all of them, those that the run only learns of while it lasts included.

    Raises:
        OSError, ValueError, KeyError, TypeError: the record cannot be read.
    """
    tails: dict[str, Tail] = {}
    while True:
        ended = not follow or run.state in ENDED
        for name, step in run.steps.items():
            log = log_of(run, step) if steps is None or name in steps else None
            if log is not None:
                tail = tails.setdefault(name, Tail(log))
                yield from ((name, line) for line in tail.lines())
                if (ended or step.state in ENDED) and (rest := tail.rest()):
                    yield name, rest
        if ended:
            return
        time.sleep(PAUSE)
        run = read_run(run.folder)


def log_of(run: Run, step: Step) -> Path | None:
    """Return the file with what a step printed, perhaps in the run that its results were taken from."""
    return kept_file(run, step, step.log, ".log")


def notebook_of(run: Run, step: Step) -> Path | None:
    """Return the executed notebook of a step, perhaps in the run that its results were taken from."""
    return kept_file(run, step, step.notebook, ".ipynb")


def kept_file(run: Run, step: Step, own: Path | None, suffix: str) -> Path | None:
    if own is not None and own.exists():
        return own
    if step.cached_from is not None:
        first = run.folder.parent / step.cached_from / f"{step.name}{suffix}"
        return first if first.exists() else None
    return None


class Tail:
    """A text file that grows, and that need not be there yet. `at` is the byte to begin with."""

    def __init__(self, path: Path, at: int = 0) -> None:
        self._path = path
        self._at = at
        self._rest = b""

    @property
    def at(self) -> int:
        """The byte behind the last whole line."""
        return self._at - len(self._rest)

    def lines(self) -> list[str]:
        """Return the lines that were completed since the last call, without their ends."""
        with contextlib.suppress(FileNotFoundError), self._path.open("rb") as file:
            file.seek(self._at)
            new = file.read()
            self._at += len(new)
            *whole, self._rest = (self._rest + new).split(b"\n")
            return [_text(line) for line in whole]
        return []

    def rest(self) -> str:
        """Take the line that has no end, and will not get one."""
        rest, self._rest = self._rest, b""
        return _text(rest)


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace")


def event_of(line: str) -> Event | None:
    """Read a line; one that a full disk or another version made unreadable is passed over."""
    with contextlib.suppress(ValueError, TypeError):
        return Event.from_line(line)
    return None


def _untold(run: Run, seen: Mapping[str, State], when: float) -> Iterator[Event]:
    """Yield what the driver would have said of the end, had it lived."""
    for step in run.steps.values():
        if step.state != seen.get(step.name, "waiting"):
            yield Event(when, run.id, "step", step.name, step.state, step.seconds)
    yield Event(when, run.id, "run", state=run.state, seconds=run.seconds, data={"metrics": run.metrics})
