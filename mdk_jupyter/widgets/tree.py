"""The steps as a tree: each hangs below the last of those that it waits for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mdk_jupyter.widgets.layout import layers
from mdk_jupyter.widgets.view import StepView

WIDTH = 2  # characters of indentation for each level


def hung(steps: Sequence[StepView], room: int) -> list[tuple[str, StepView]]:
    """Return the steps from top to bottom, each with what to draw in front of it.

    Where the levels do not fit into `room` characters nothing is drawn, and the steps stay as they are.

    Example:
        >>> steps = StepView("load"), StepView("train", ("load",)), StepView("plot", ("load",))
        >>> print("\\n".join(guide + step.name for guide, step in hung(steps, 20)))
        load
        ├ train
        └ plot
    """
    level = layers({step.name: step.needs for step in steps})
    below: dict[str | None, list[StepView]] = {}
    for step in steps:
        needs = [name for name in step.needs if name in level]
        above = max(reversed(needs), key=level.__getitem__) if needs else None
        below.setdefault(above, []).append(step)
    if WIDTH * max(level.values(), default=0) > room:
        return [("", step) for step in steps]
    return list(_rows(below, None, ""))


def _rows(below: dict[str | None, list[StepView]], above: str | None, indent: str) -> Iterator[tuple[str, StepView]]:
    *most, last = below.get(above, [None])
    for step in (*most, last):
        if step is None:
            return
        own, further = ("", "") if above is None else ("└ ", "  ") if step is last else ("├ ", "│ ")
        yield indent + own, step
        yield from _rows(below, step.name, indent + further)
