"""What a notebook does for the commands: it names itself, and shows runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mdk_jupyter.local.events import Observer
from mdk_jupyter.local.pages import Page
from mdk_jupyter.local.record import Run
from mdk_jupyter.widgets.live import Live, screen
from mdk_jupyter.widgets.view import view_of
from mdk_magics.refusal import describe
from mdk_magics.session import Session

if TYPE_CHECKING:
    from mdk_jupyter.registry.face import RegistryFace
    from mdk_jupyter.remote.plan import Plan
    from mdk_jupyter.widgets.sheet import Sheet


class NotebookCaller:
    """The caller of the commands in one `%mdk`."""

    def __init__(self, shell: Any, session: Session) -> None:
        self._shell = shell
        self._session = session
        self._beside = Path.cwd()
        self._live: Live | None = None
        self.shown: Run | None = None  # how it ended is on the screen already

    def notebook(self) -> Path:
        """Return the open notebook, with a warning where its file is older than what is on the screen."""
        notebook = self._session.notebook()
        self._beside = notebook.parent
        if stale := self._session.stale(notebook):
            print(describe(stale), file=sys.stderr)
        return notebook

    @contextmanager
    def watching(self) -> Iterator[Observer]:
        """Show the run while it lasts."""
        live = Live(screen(self._shell))
        self._live = live
        try:
            yield live
        finally:
            if live.view.run:  # it had begun
                live.close()

    def finished(self, run: Run) -> None:
        """Leave the final picture on the screen."""
        live = self._live or Live(screen(self._shell))
        live.close(view_of(run, self._beside))
        self.shown = run

    def browse(self, registry: RegistryFace) -> RegistryFace:
        """Return the registry, which shows itself as the cell's value."""
        return registry

    def confirm(self, question: str) -> bool:
        """Ask below the cell.

        Raises:
            UsageError: the notebook is executed with nobody in front of it (MDK559).
        """
        kernel = getattr(self._shell, "kernel", None)
        if kernel is not None and not kernel._allow_stdin:
            from mdk_jupyter.cli.terminal import nobody_to_ask
            from mdk_jupyter.errors import UsageError

            raise UsageError([nobody_to_ask()])
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")

    def plan(self, plan: Plan | Sheet) -> None:
        """Show a plan as a table."""
        from IPython.display import display

        display(plan)  # type: ignore[no-untyped-call]

    def open(self, page: Page) -> None:
        """Show a link to a page."""
        from IPython.display import display

        display(page)  # type: ignore[no-untyped-call]
