"""What the driver asks of a step's kernel around the cells. Runs there: standard library only."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import faulthandler
import functools
import gc
import io
import json
import logging
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path

_MAGIC_BODIES = ("<timed exec>", "<magic-timeit>")  # how IPython calls the body of %%time and %%timeit
_MACHINERY = tuple(
    part.replace("/", os.sep)
    for part in (
        "/IPython/core/",
        "/ipykernel/",
        "<decorator-gen-",
        "/mdk_jupyter/runtime/",
        "/mdk_jupyter/artifacts/",
    )
)


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
    label, offset = cells[current]
    for name in _MAGIC_BODIES:
        origins[name] = (label, offset + 1)
        here[name] = 1
    story = traceback.TracebackException.from_exception(error)
    line = _line(story, here)
    for link in _chain(story):
        _rewrite(link, origins)
    return json.dumps(
        {
            "type": type(error).__name__,
            "message": _message(story),
            "line": line,
            "traceback": "".join(story.format()),
            "findings": [dataclasses.asdict(finding) for finding in getattr(error, "findings", ())],
            "errno": error.errno if isinstance(error, OSError) else None,
        }
    )


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
        logging.shutdown()
        _flush_open_files()
        os._exit(0)


def _file_names() -> dict[str, int]:
    shell = sys.modules["IPython"].get_ipython()
    return getattr(shell.compile, "_filename_map", {})


def _message(story: traceback.TracebackException) -> str:
    lines = list(story.format_exception_only())
    # A syntax error comes with its place, which is told otherwise.
    return (lines[-1] if _is_syntax_error(story) else "".join(lines)).strip()


def _is_syntax_error(story: traceback.TracebackException) -> bool:
    return story.exc_type is not None and issubclass(story.exc_type, SyntaxError)


def _line(story: traceback.TracebackException, here: Mapping[str, int]) -> int | None:
    """Return the line of the failed cell: where its own code was last."""
    if _is_syntax_error(story) and story.filename in here:
        return int(story.lineno or 1) + here[story.filename]
    bodies = [frame for frame in story.stack if frame.filename in _MAGIC_BODIES]
    own = bodies or [frame for frame in story.stack if frame.filename in here and frame.name == "<module>"]
    frame = next(iter(own), None)
    return frame.lineno + here[frame.filename] if frame is not None and frame.lineno is not None else None


def _chain(story: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    """Yield the exception, those it came from, and the members of a group."""
    yield story
    for link in (story.__cause__, story.__context__, *(getattr(story, "exceptions", None) or ())):
        if link is not None:
            yield from _chain(link)


def _rewrite(story: traceback.TracebackException, origins: Mapping[str, tuple[str, int]]) -> None:
    """Call the cells what the user calls them, and leave out the machinery that ran them."""
    frames: list[traceback.FrameSummary] = []
    for frame in story.stack:
        if frame.filename in _MAGIC_BODIES:
            frames.clear()  # the line before it is how the magic was called
        if frame.filename in origins:
            _ = frame.line  # looked up by the old name, once
            label, offset = origins[frame.filename]
            frame.filename = label
            for attribute in ("lineno", "end_lineno"):
                if (number := getattr(frame, attribute, None)) is not None:
                    setattr(frame, attribute, number + offset)
            frames.append(frame)
        elif not any(part in frame.filename for part in _MACHINERY):
            frames.append(frame)
    story.stack[:] = frames
    if _is_syntax_error(story) and story.filename in origins:
        label, offset = origins[story.filename]
        story.filename, story.lineno = label, str(int(story.lineno or 1) + offset)


def _flush_open_files() -> None:
    for thing in gc.get_objects():
        if isinstance(thing, (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)):
            # Not those for reading: a thread that waits for input holds them.
            with contextlib.suppress(OSError, ValueError):
                if not thing.closed and thing.writable():
                    thing.flush()
