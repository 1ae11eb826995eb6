"""What the driver asks of a step's kernel around the cells. Runs there: standard library only."""

from __future__ import annotations

import atexit
import faulthandler
import functools
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from mdk_jupyter.runtime.leaving import leave
from mdk_jupyter.runtime.tracebacks import tell


def failure(cells: Mapping[str, tuple[str, int]], current: str) -> str:
    """Tell the last exception as JSON: type, message, line in the failed cell, traceback, findings.

    `cells` gives, by execution count, what to call each cell and how many lines come before its source;
    `current` is the execution count of the cell that failed.
    """
    error = sys.last_value
    if error is None:
        raise LookupError("no exception")
    # Frames know their cell by the file name under which IPython compiled it.
    counts = {name: str(count) for name, count in _file_names().items() if str(count) in cells}
    origins = {name: cells[count] for name, count in counts.items()}
    here = {name: 0 for name, count in counts.items() if count == current}
    return json.dumps(tell(error, origins, here, cells[current]))


def arrive(log: str) -> None:
    """To be called before the user's code: a crash in native code says in `log` which line it was."""
    faulthandler.enable(Path(log).open("a", encoding="utf-8"))  # noqa: SIM115 - open as long as the process lives
    part_early()


@functools.cache
def part_early() -> None:
    """At the end, let those exit handlers run that are registered from now on.

    The kernel's own stop threads and sockets, which takes long and sometimes never ends.
    """
    atexit.register(_leave)


def farewell() -> None:
    """End the process as Python ends: exit handlers run, open files are written out. Does not return."""
    global _leaving  # noqa: PLW0603
    _leaving = True
    atexit._run_exitfuncs()


_leaving = False


def _leave() -> None:
    if _leaving:
        leave(0)


def _file_names() -> dict[str, int]:
    shell = sys.modules["IPython"].get_ipython()
    return getattr(shell.compile, "_filename_map", {})
