"""Telling what happens in a run: in its record, in its journal, and to whoever watches."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, TextIO

from mdk_jupyter.local.events import Event, Kind, Observer, State
from mdk_jupyter.local.record import Run, Step


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells of one run. To be used by the thread that drives it, but for `event`."""

    record: Run
    journal: TextIO
    observe: Observer

    def event(self, kind: Kind, **fields: Any) -> Event:
        """Return an event of this moment; nobody is told yet."""
        return Event(time.time(), self.record.id, kind, **fields)

    def tell(self, event: Event) -> None:
        """Write an event to the journal and show it."""
        # What steps print is in their logs and notebooks; the journal stays small.
        if event.kind != "output":
            self.journal.write(event.to_line() + "\n")
            self.journal.flush()
        self.observe(event)

    def news(self, kind: Kind, **fields: Any) -> None:
        """Tell what has just happened."""
        self.tell(self.event(kind, **fields))

    def warn(self, message: str, step: str | None = None) -> None:
        """Tell what is worth knowing, and keep it in the record."""
        self.record.warnings.append(f"{step}: {message}" if step else message)
        self.news("warning", message=message, step=step)

    def begin(self) -> None:
        """Tell that the run begins, and what it is made of."""
        record = self.record
        data = {
            "pipeline": record.pipeline,
            "graph": {step.name: step.after for step in record.steps.values()},
            "source": str(record.source) if record.source else None,
            "folder": str(record.folder),
        }
        self.news("run", state="running", data=data)

    def enter(self, step: Step, state: State, **fields: Any) -> None:
        """Let a step be in a state: record it, and tell it."""
        step.state = state
        self.record.save()
        self.news("step", step=step.name, state=state, **fields)

    def end(self, state: State) -> None:
        """Let the run end: record it, and tell it."""
        record = self.record
        record.state = state
        record.seconds = time.time() - (record.started or time.time())
        record.save()
        self.news("run", state=state, seconds=record.seconds, data={"metrics": record.metrics})
