"""The commands' face in a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

if TYPE_CHECKING:
    from mdk_converters.findings import Finding
    from mdk_jupyter.local.compare import Comparison
    from mdk_jupyter.local.events import Observer
    from mdk_jupyter.local.pages import Page
    from mdk_jupyter.local.record import Run
    from mdk_jupyter.remote.plan import Plan
    from mdk_jupyter.widgets.sheet import Sheet


class Terminal:
    """Names the only notebook of the folder, shows progress, and sums up."""

    def __init__(self) -> None:
        self.shown: Run | None = None

    def notebook(self) -> Path:
        """Return the only notebook, or the only spec, of the current folder."""
        from mdk_jupyter.sources import only_source

        return only_source(Path())

    @contextmanager
    def watching(self) -> Iterator[Observer]:
        """Show the run while it lasts: a table that changes, or lines where nobody watches."""
        from mdk_jupyter.cli.progress import TableScreen
        from mdk_jupyter.widgets.live import LinesScreen, Live

        if _is_watched():
            with TableScreen() as table:
                yield Live(table)
        else:
            yield Live(LinesScreen())

    def finished(self, run: Run) -> None:
        """Sum the run up: how it ended, metrics, what went wrong, and where everything is."""
        from mdk_jupyter.amounts import size
        from mdk_jupyter.widgets.text import run_text
        from mdk_jupyter.widgets.view import view_of

        self.shown = run
        typer.echo(run_text(view_of(run, Path())))
        if run.target != "local":
            typer.echo(f"\n{run.target:<10} {run.remote['job']}\nlink       {run.remote['link']}")
            return
        typer.echo(f"\nvalues     {size(run.size)}, {size(run.written)} new on disk")
        beside = run.source.with_name(f"{run.source.stem}.pipeline.yaml") if run.source else run.spec
        typer.echo(f"spec       {_shown(beside if beside.exists() else run.spec)}")
        for number, step in enumerate(step for step in run.steps.values() if step.notebook):
            typer.echo(f"{'' if number else 'notebooks':<10} {_shown(step.notebook)}")

    def show(self, result: Run | Comparison | Sheet) -> None:
        """Print what a command returned and has not shown itself."""
        from mdk_jupyter.widgets.sheet import Sheet

        if isinstance(result, Sheet):
            typer.echo(result.text(colour=_is_coloured(sys.stdout)))
            return
        from mdk_jupyter.local.compare import Comparison
        from mdk_jupyter.widgets.comparison import comparison_text

        if isinstance(result, Comparison):
            typer.echo(comparison_text(result, colour=_is_coloured(sys.stdout)))
        else:
            self.finished(result)

    def plan(self, plan: Plan | Sheet) -> None:
        """Print a plan."""
        from mdk_jupyter.widgets.sheet import Sheet

        typer.echo(f"{plan.text(colour=_is_coloured(sys.stdout))}\n" if isinstance(plan, Sheet) else str(plan))

    def confirm(self, question: str) -> bool:
        """Ask on the terminal.

        Raises:
            UsageError: nobody is there to answer (MDK559).
        """
        if not sys.stdin.isatty():
            from mdk_jupyter.errors import UsageError

            raise UsageError([nobody_to_ask()])
        return typer.confirm(question)

    def open(self, page: Page) -> None:
        """Open a page in the browser; where there is none, print its path."""
        import webbrowser

        if not (_has_browser() and webbrowser.open(page.path.as_uri())):
            typer.echo(_shown(page.path))


def nobody_to_ask() -> Finding:
    """Say that a question has no answer."""
    from mdk_converters.findings import Finding

    return Finding("MDK559", "this asks before it changes anything, and nobody is there", fix="add --yes")


def show_findings(findings: Iterable[Finding]) -> None:
    """Print findings for people, on standard error."""
    from mdk_converters.report import as_text

    for finding in findings:
        typer.echo(as_text(finding, colour=_is_coloured(sys.stderr)), err=True)


def _is_watched() -> bool:
    return sys.stdout.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


def _has_browser() -> bool:
    """Whether a browser would show up on the screen in front of the user."""
    if os.environ.get("CI") or os.environ.get("SSH_CONNECTION"):
        return False
    return sys.platform in ("darwin", "win32") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))


def _is_coloured(stream: TextIO) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _shown(path: Path | None) -> str:
    return os.path.relpath(path) if path else ""
