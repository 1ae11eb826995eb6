"""A run as lines of JSON on standard output, for programs: `mdk --events run local …`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mdk_converters.findings import Finding
    from mdk_jupyter.local.events import Event, Observer
    from mdk_jupyter.local.pages import Page
    from mdk_jupyter.local.record import Run
    from mdk_jupyter.remote.plan import Plan
    from mdk_jupyter.widgets.sheet import Sheet


class EventLines:
    """Prints the events of a run; after the last of them a line that says where its record is.

    A line is an event as `local.events.Event` describes it, or has one of these kinds: `notebook` asks for a path,
    `finished` gives the run's `folder`, `refused` the `findings` that say why there is no run, `page` the path of a
    page to show, `result` what a command returned.
    """

    shown: Run | None = None

    def notebook(self) -> Path:
        """Ask for the notebook to work on, which the command did not name: `{"kind": "notebook"}`.

        The answer is a line on standard input.
        """
        from mdk_converters.findings import Finding
        from mdk_jupyter.errors import UsageError

        _print(json.dumps({"kind": "notebook"}))
        answer = sys.stdin.readline().rstrip("\n")
        if not answer:
            raise UsageError([Finding("MDK356", "no notebook was named", fix="name the notebook to work on")])
        return Path(answer)

    @contextmanager
    def watching(self) -> Iterator[Observer]:
        """Print every event as it comes."""

        def observe(event: Event) -> None:
            _print(event.to_line())

        yield observe

    def show(self, result: Any) -> None:
        """Print a command's result that is no run of this moment."""
        _print(json.dumps({"kind": "result", **result.to_json()}, ensure_ascii=False))

    def plan(self, plan: Plan | Sheet) -> None:
        """Print a plan: `{"kind": "plan", …}`."""
        _print(json.dumps({"kind": "plan", **plan.to_json()}, ensure_ascii=False))

    def confirm(self, question: str) -> bool:
        """Ask nobody: programs say `--yes`.

        Raises:
            UsageError: always (MDK559).
        """
        from mdk_jupyter.cli.terminal import nobody_to_ask
        from mdk_jupyter.errors import UsageError

        raise UsageError([nobody_to_ask()])

    def open(self, page: Page) -> None:
        """Say where a page is."""
        _print(json.dumps({"kind": "page", "path": str(page.path)}))

    def finished(self, run: Run) -> None:
        """Say where the run's record is."""
        self.shown = run
        _print(json.dumps({"kind": "finished", "folder": str(run.folder)}))


def print_refusal(error: str, findings: Iterable[Finding]) -> None:
    """Say why there is no run; `error` is the name of the exception."""
    from mdk_jupyter.local.record import finding_to_json

    content: dict[str, Any] = {"kind": "refused", "error": error, "findings": [*map(finding_to_json, findings)]}
    _print(json.dumps(content, ensure_ascii=False))


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
