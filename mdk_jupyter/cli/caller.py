"""Who calls a command: a terminal, or a notebook that knows more than a terminal does."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mdk_jupyter.local.events import Observer
from mdk_jupyter.local.pages import Page
from mdk_jupyter.local.record import Run

if TYPE_CHECKING:
    from mdk_jupyter.remote.plan import Plan
    from mdk_jupyter.widgets.sheet import Sheet


class Caller(Protocol):
    """What the commands ask of the face in front of them; a command finds it as its context's `obj`."""

    def notebook(self) -> Path:
        """Return the notebook to work on when the command line names none.

        Raises:
            MDKError: there is none; says what to do.
        """

    def watching(self) -> AbstractContextManager[Observer]:
        """Return an observer that shows a run as it happens."""

    def finished(self, run: Run) -> None:
        """Show how a run ended."""

    def plan(self, plan: Plan | Sheet) -> None:
        """Show what a submission or promotion would do."""

    def confirm(self, question: str) -> bool:
        """Ask whoever is there.

        Raises:
            MDKError: nobody is there; says what to do.
        """

    def open(self, page: Page) -> None:
        """Show a page."""
