"""Printing what steps print, each line after the step's name."""

from __future__ import annotations

from mdk_jupyter.local.events import Event, Observer


def aloud(observe: Observer) -> Observer:
    """Return an observer that prints what the steps print, and hands every event on."""
    started: dict[str, str] = {}  # the beginning of a line that is not complete yet

    def observed(event: Event) -> None:
        if event.kind == "output" and event.step and event.message:
            *lines, started[event.step] = (started.get(event.step, "") + event.message).split("\n")
            for line in lines:
                print(named(event.step, line))
        elif event.kind == "step" and event.step and (rest := started.pop(event.step, "")):
            print(named(event.step, rest))
        observe(event)

    return observed


def named(step: str, line: str) -> str:
    """Return a line as it stands among the lines of other steps."""
    return f"[{step}] {last_written(line)}"


def last_written(line: str) -> str:
    """Return what a terminal would show of a line that goes back to its start, as progress bars do.

    Example:
        >>> last_written("10 %\\r50 %\\r100 %\\r")
        '100 %'
    """
    return line.rstrip("\r").rpartition("\r")[2]
