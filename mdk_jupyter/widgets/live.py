"""Follows a run on the screen of a notebook, and leaves its final picture there.

While it runs, JupyterLab and Notebook show a widget that counts the seconds by itself; other notebooks show
HTML that replaces itself. At the end both become plain HTML, so that a saved notebook, an exported page and
a viewer without a kernel show how the run ended. A plain IPython prints lines.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any, Protocol

from mdk_jupyter.local.events import Event
from mdk_jupyter.widgets.html import run_html
from mdk_jupyter.widgets.text import run_text, step_line
from mdk_jupyter.widgets.view import RunView, follow

LARGE = 50  # steps


class Screen(Protocol):
    """Where a run is shown."""

    def draw(self, view: RunView) -> None:
        """Show the view."""

    def close(self, view: RunView) -> None:
        """Show the view for good."""


def screen(shell: Any) -> Screen:
    """Return the best screen that the front end of an IPython shell can show."""
    if not hasattr(shell, "kernel"):
        return LinesScreen()
    return WidgetScreen() if _has_our_javascript() else HtmlScreen()


def _has_our_javascript() -> bool:
    """Whether the front end comes from this environment, and has the widget's JavaScript for that.

    A Jupyter of another environment may not have it, and other front ends fetch it from the internet.
    """
    import psutil  # type: ignore[import-untyped]

    if "JPY_SESSION_NAME" not in os.environ:
        return False
    try:
        server = psutil.Process(os.getppid()).cmdline()
    except (psutil.Error, OSError):
        return False
    return bool(server) and Path(server[0]).parent.parent == Path(sys.prefix)


class Live:
    """An observer of a run that keeps a screen up to date.

    Example:
        >>> live = Live(screen(get_ipython()))             # doctest: +SKIP
        >>> run = mdk.run("churn.ipynb", observe=live)     # doctest: +SKIP
        >>> live.close(view_of(run, Path()))               # doctest: +SKIP
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._drawn = 0.0
        self.view = RunView(title="")

    def __call__(self, event: Event) -> None:
        before, self.view = self.view, follow(self.view, event)
        if self.view is before or (event.kind == "cell" and self._is_too_soon()):
            return
        self._screen.draw(self.view)
        self._drawn = time.monotonic()

    def close(self, view: RunView | None = None) -> None:
        """Leave `view`, or else the last one seen, on the screen for good."""
        self.view = view or self.view
        self._screen.close(self.view)

    def _is_too_soon(self) -> bool:
        """A graph of hundreds of steps is not drawn anew for every cell."""
        return len(self.view.steps) > LARGE and time.monotonic() - self._drawn < 1


class LinesScreen:
    """Prints a line for every step that begins or ends."""

    def __init__(self) -> None:
        self._printed: set[str] = set()

    def draw(self, view: RunView) -> None:
        for line in filter(None, map(step_line, view.steps)):
            if line not in self._printed:
                self._printed.add(line)
                print(line, flush=True)

    def close(self, view: RunView) -> None:
        self.draw(view)
        print(run_text(view), flush=True)


class HtmlScreen:
    """One HTML output that replaces itself."""

    def __init__(self) -> None:
        self.handle: Any = None

    def draw(self, view: RunView) -> None:
        self._show(view)

    def close(self, view: RunView) -> None:
        self._show(view)

    def _show(self, view: RunView) -> None:
        from IPython.display import display

        bundle = {"text/html": run_html(view), "text/plain": run_text(view)}
        if self.handle is None:
            self.handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self.handle.update(bundle, raw=True)


class WidgetScreen:
    """A widget while the run runs; its picture as HTML afterwards."""

    def __init__(self) -> None:
        self._final = HtmlScreen()
        self._widget: Any = None

    def draw(self, view: RunView) -> None:
        if self._widget is None:
            from IPython.display import display

            from mdk_jupyter.widgets.widget import RunWidget

            self._widget = RunWidget()
            self._widget.draw(view)
            self._final.handle = display(self._widget, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._widget.draw(view)

    def close(self, view: RunView) -> None:
        self._final.close(view)
        if self._widget is not None:
            self._widget.close()
