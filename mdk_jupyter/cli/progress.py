"""A table of the steps that changes as they run. Importing this imports rich."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mdk_jupyter.local.events import State
from mdk_jupyter.widgets.html import SIGNS
from mdk_jupyter.widgets.view import RunView, StepView, clock

_STYLES: dict[State, str] = {
    "waiting": "dim",
    "running": "yellow",
    "done": "green",
    "failed": "bold red",
    "skipped": "dim",
    "cancelled": "magenta",
    "interrupted": "magenta",
}


class TableScreen:
    """What `widgets.live.Live` draws on. The times of running steps go on by themselves."""

    def __init__(self, console: Console | None = None) -> None:
        self._view = RunView(title="")
        self._console = console or Console()
        self._live = Live(console=self._console, get_renderable=self.picture, refresh_per_second=8, transient=True)

    def draw(self, view: RunView) -> None:
        self._view = view

    def close(self, view: RunView) -> None:
        self._view = view

    def __enter__(self) -> TableScreen:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def picture(self) -> RenderableType:
        """Return the table as it is now: all steps, or those in the middle of things where the terminal is low."""
        view = self._view
        if not view.steps:
            return Text("")
        rows = max(3, self._console.height - 4)
        shown = view.steps if len(view.steps) <= rows else _foremost(view.steps, rows)
        table = Table.grid(padding=(0, 2))
        now = time.time()
        for step in shown:
            style = _STYLES[step.state]
            table.add_row(
                Text(f"{SIGNS[step.state]} {step.name}", style=style),
                Text(step.state, style=style),
                Text(clock(step.seconds(now)), justify="right"),
                Text(step.detail, style="dim"),
            )
        done = sum(step.state == "done" for step in view.steps)
        head = Text(f"{view.title}: {done} of {len(view.steps)} steps, {clock(view.seconds(now))}", style="bold")
        return Group(head, table)


def _foremost(steps: tuple[StepView, ...], count: int) -> list[StepView]:
    """Return the steps that are worth a row when not all have one, in their order."""
    rank: dict[State, int] = {"failed": 0, "running": 1, "waiting": 3}
    last_first = sorted(enumerate(steps), key=lambda pair: (rank.get(pair[1].state, 2), -(pair[1].ended or 0), pair[0]))
    return [step for _, step in sorted(last_first[:count])]
