"""The steps as a tree that changes as they run. Importing this imports rich."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mdk_jupyter.local.events import ENDED, State
from mdk_jupyter.widgets.html import SIGNS
from mdk_jupyter.widgets.tree import hung
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
BAR = 24  # characters


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
        """Return the tree as it is now: all steps, or those in the middle of things where the terminal is low."""
        view = self._view
        if not view.steps:
            return Text("")
        rows = max(3, self._console.height - 4)
        if len(view.steps) <= rows:
            shown = hung(view.steps, self._console.width // 3)
        else:
            shown = [("", step) for step in _foremost(view.steps, rows)]
        table = Table.grid(padding=(0, 2))
        now = time.time()
        for guide, step in shown:
            style = _STYLES[step.state]
            table.add_row(
                Text.assemble((guide, "dim"), (f"{SIGNS[step.state]} {step.name}", style)),
                Text(step.word, style=style),
                Text(clock(step.seconds(now)), justify="right"),
                Text(step.remark or _awaited(step, view), style="dim", overflow="ellipsis", no_wrap=True),
            )
        return Group(_head(view, now), table)


def _head(view: RunView, now: float) -> RenderableType:
    """Return the title with a bar that fills as steps end."""
    ended = sum(step.state in ENDED for step in view.steps)
    said = Text.assemble((view.title, "bold"), f": {view.count}, {clock(view.seconds(now))}")
    bar = ProgressBar(total=len(view.steps), completed=ended, width=BAR)
    head = Table.grid(padding=(0, 2))
    head.add_row(said, bar)
    return head


def _awaited(step: StepView, view: RunView) -> str:
    """Say what a step waits for besides the one that it hangs below."""
    if step.state != "waiting" or len(step.needs) < 2:
        return ""
    pending = [other.name for other in view.steps if other.name in step.needs and other.state not in ENDED]
    return f"waits for {', '.join(pending)}" if len(pending) > 1 else ""


def _foremost(steps: tuple[StepView, ...], count: int) -> list[StepView]:
    """Return the steps that are worth a row when not all have one, in their order."""
    rank: dict[State, int] = {"failed": 0, "running": 1, "waiting": 3}
    last_first = sorted(enumerate(steps), key=lambda pair: (rank.get(pair[1].state, 2), -(pair[1].ended or 0), pair[0]))
    return [step for _, step in sorted(last_first[:count])]
