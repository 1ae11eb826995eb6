"""Exceptions of the user's code, told in terms of the notebook's cells."""

from __future__ import annotations

import dataclasses
import os
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

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


def tell(
    error: BaseException, origins: Mapping[str, tuple[str, int]], here: Mapping[str, int], current: tuple[str, int]
) -> dict[str, Any]:
    """Tell an exception as JSON values: type, message, line in the failed cell, traceback, findings.

    `origins` gives, by the file names under which cells were compiled, what to call each and how many lines come
    before its source; `here` are the names of the failed cell, with 0, and `current` is its own origin.
    """
    label, offset = current
    origins, here = dict(origins), dict(here)
    for name in _MAGIC_BODIES:
        origins[name] = (label, offset + 1)
        here[name] = 1
    story = traceback.TracebackException.from_exception(error)
    line = _line(story, here)
    for link in _chain(story):
        _rewrite(link, origins)
    return {
        "type": type(error).__name__,
        "message": _message(story),
        "line": line,
        "traceback": "".join(story.format()),
        "findings": [dataclasses.asdict(finding) for finding in getattr(error, "findings", ())],
        "errno": error.errno if isinstance(error, OSError) else None,
    }


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
