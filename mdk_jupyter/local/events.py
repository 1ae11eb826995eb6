"""Events: what happens in a run, as it happens."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["waiting", "running", "done", "failed", "skipped", "cancelled", "interrupted"]
"""`skipped`: not started, because another step failed or it was not selected. `interrupted`: the driver died without
a word. A step whose result is in the cache goes from `waiting` to `done`."""

Kind = Literal["run", "step", "cell", "output", "warning"]

ENDED: frozenset[State] = frozenset({"done", "failed", "skipped", "cancelled", "interrupted"})


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    kind      says                            filled in
    run       the run entered `state`         data: graph, pipeline, source, folder (running), metrics (ended)
    step      a step entered `state`          step, seconds; data: part_of, after (waiting: a run of a repeated step is
                                              new), why (running, skipped), notebook, metrics (done), cached_from
                                              (done, by the cache), findings, traceback (failed)
    cell      a cell of a step is starting    step, cell (from 1, user's cells only), data: cells, id, number
    output    the user's code printed         step, message, data: stream ("stdout", "stderr")
    warning   worth knowing, no failure       message, step when it is about one
    """

    time: float  # seconds since the epoch
    run: str
    kind: Kind
    step: str | None = None
    state: State | None = None
    seconds: float | None = None
    cell: int | None = None
    message: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)  # JSON values only

    def to_line(self) -> str:
        """Return the event as one line of JSON, without what is empty."""
        content = {name: value for name in self.__slots__ if (value := getattr(self, name)) not in (None, {})}
        return json.dumps(content, ensure_ascii=False)

    @classmethod
    def from_line(cls, line: str) -> Event:
        """Read an event back from its line.

        Example:
            >>> Event.from_line('{"time": 1.5, "run": "r", "kind": "run", "state": "done"}').state
            'done'
        """
        return cls(**json.loads(line))


Observer = Callable[[Event], None]
"""Called with every event, in the thread that called `run`, in the order in which things happened."""
