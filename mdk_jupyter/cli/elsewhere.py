"""A run for a face that shows it by itself, driven by a process that has imported everything already."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from mdk_jupyter.kernels.client import Command

if TYPE_CHECKING:
    from mdk_converters.findings import MDKError
    from mdk_jupyter.cli.caller import Caller
    from mdk_jupyter.local.events import Observer
    from mdk_jupyter.local.record import Run


def run_elsewhere(words: Sequence[str], caller: Caller) -> Run:
    """Carry out a `run` command elsewhere, show it through `caller`, and return the run.

    Raises:
        UnavailableError: there is no kernel server; nothing was done.
        MDKError: what is wrong.
    """
    with _pipe() as (answers, answers_end), _pipe() as (out, out_end), _pipe() as (err, err_end):
        streams = [answers.fileno(), out_end.fileno(), err_end.fileno()]
        command = Command(["mdk", "--events", *words], os.environ, streams)
        for file in (answers, out_end, err_end):
            file.close()
        copier = threading.Thread(target=_copy, args=(err,), daemon=True)
        copier.start()
        try:
            with caller.watching() as observe:
                last = _follow(_Conversation(command, out, answers_end), caller, observe)
        except BaseException:
            command.send_signal(signal.SIGINT)
            raise
        finally:
            answers_end.close()
            code = command.wait()
            copier.join()
    run = _ended(last, code)
    caller.finished(run)
    return run


@contextmanager
def _pipe() -> Iterator[tuple[IO[str], IO[str]]]:
    readable, writable = os.pipe()
    with os.fdopen(readable, encoding="utf-8", errors="replace") as out, os.fdopen(writable, "w") as end:
        yield out, end


def _copy(lines: IO[str]) -> None:
    for line in lines:
        sys.stderr.write(line)


class _Conversation(NamedTuple):
    command: Command
    lines: IO[str]
    answers: IO[str]


def _follow(talk: _Conversation, caller: Caller, observe: Observer) -> dict[str, Any]:
    """Show events as they come; Ctrl-C cancels the run, and it is shown to its end. Return the last line."""
    last: dict[str, Any] = {}
    while True:
        try:
            line = talk.lines.readline()
            if not line:
                return last
            last = json.loads(line)
            _heed(last, talk, caller, observe)
        except KeyboardInterrupt:
            talk.command.send_signal(signal.SIGINT)


def _heed(content: dict[str, Any], talk: _Conversation, caller: Caller, observe: Observer) -> None:
    from mdk_jupyter.local.events import Event

    if content["kind"] == "notebook":
        talk.answers.write(f"{caller.notebook()}\n")
        talk.answers.flush()
    elif content["kind"] not in ("finished", "refused"):
        observe(Event(**content))


def _ended(last: dict[str, Any], code: int) -> Run:
    from mdk_converters.findings import Finding
    from mdk_jupyter import errors
    from mdk_jupyter.local.store import read_run

    if last.get("kind") == "finished":
        return read_run(Path(last["folder"]))
    if last.get("kind") == "refused":
        raise refusal(last)
    finding = Finding("MDK340", f"the process that drove the run ended with code {code}", fix="run again")
    raise errors.ServiceError([finding])


def refusal(line: dict[str, Any]) -> MDKError:
    """Return the error that a line of the kind `refused` tells of."""
    from mdk_jupyter import errors
    from mdk_jupyter.runtime.failures import finding_from_json

    kind: type[MDKError] = getattr(errors, line["error"], errors.MDKError)
    return kind([finding_from_json(finding) for finding in line["findings"]])
