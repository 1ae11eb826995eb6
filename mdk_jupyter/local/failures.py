"""What went wrong in a step, said in terms of the user's notebook: here of the kernel, there of the code in it."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from typing import Any

from mdk_converters.findings import Finding, Place
from mdk_jupyter.kernels.client import UNKNOWN_EXIT
from mdk_jupyter.runtime.failures import Failure, Origins, asked_to_exit, handed_nothing_on, raised, too_slow

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_CRASH_LINE = re.compile(r'File "[^"]*ipykernel_\d+[^"]*", line (\d+) in <module>')  # as faulthandler writes it

__all__ = [
    "Failure",
    "Origins",
    "asked_to_exit",
    "cancelled",
    "died",
    "handed_nothing_on",
    "not_started",
    "raised",
    "raised_unexplained",
    "too_slow",
]


def raised_unexplained(step: str, cell: Mapping[str, Any], output: Mapping[str, Any], origins: Origins) -> Failure:
    """Explain an exception when the kernel could not be asked: from the cell's output."""
    message = f"{output['ename']}: {_ANSI.sub('', output['evalue'])}"
    finding = Finding(
        "MDK300",
        f"step {step!r} failed: {message}",
        origins.place(cell),
        "mend the cell and run again",
        names=(step,),
    )
    return Failure((finding,), _ANSI.sub("", "\n".join(output["traceback"])))


def died(step: str, cell: Mapping[str, Any], code: int, words: str, origins: Origins) -> Failure:
    """Explain why the kernel's process is gone, from its exit code and its last `words`."""
    match = _CRASH_LINE.search(words)
    place = origins.place(cell, int(match[1]) if match else None)
    what, fix = _death(code)
    finding = Finding("MDK301", f"the kernel of step {step!r} {what}", place, fix, names=(step,))
    return Failure((finding,), _tail(words) or None)


def cancelled(step: str, cell: Mapping[str, Any], origins: Origins) -> Failure:
    """Explain that the kernel was ended because the run was."""
    message = f"step {step!r} was ended: the run was cancelled"
    return Failure((Finding("MDK301", message, origins.place(cell), "run again", names=(step,)),), final=True)


def not_started(step: str, why: str, words: str, origins: Origins) -> Failure:
    """Explain that no kernel came up."""
    return Failure(
        (
            Finding(
                "MDK302",
                f"the kernel of step {step!r} did not start: {why}",
                Place(notebook=origins.notebook),
                "try `python -m ipykernel_launcher` in this environment; it must start without an error",
                names=(step,),
            ),
        ),
        _tail(words) or None,
    )


def _death(code: int) -> tuple[str, str]:
    if code == UNKNOWN_EXIT:
        return "ended, and so did the kernel server, which would know why", "run again"
    if code >= 0:
        return (
            f"ended itself with exit code {code} (os._exit)",
            "let the cell come to its end; to stop early, raise an exception that says why",
        )
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    if name == "SIGKILL":
        return (
            "was killed (SIGKILL), as the system does when memory runs out",
            "use less memory in the step: fewer rows or columns, smaller types, `del` of what is not needed",
        )
    if name in ("SIGSEGV", "SIGBUS", "SIGILL", "SIGABRT", "SIGFPE"):
        return (
            f"crashed ({name}) in native code",
            "look for the library on the last line shown; update it, or report the crash to it",
        )
    return f"was ended by {name}", "find out who sent the signal; then run again"


def _tail(words: str) -> str:
    return "\n".join(_ANSI.sub("", words).rstrip().splitlines()[-20:])
