"""The widget of a running run. Importing this imports ipywidgets."""

from __future__ import annotations

import time
from importlib.resources import files

import anywidget
import traitlets

from mdk_jupyter.widgets.html import run_body
from mdk_jupyter.widgets.view import RunView

HERE = files("mdk_jupyter.widgets")


class RunWidget(anywidget.AnyWidget):
    """Shows the HTML of a run; the browser only counts the seconds of what is running."""

    _esm = HERE.joinpath("run.js").read_text(encoding="utf-8")
    _css = HERE.joinpath("run.css").read_text(encoding="utf-8")
    html = traitlets.Unicode().tag(sync=True)
    now = traitlets.Float().tag(sync=True)

    def draw(self, view: RunView) -> None:
        """Show `view`; one message to the browser."""
        now = time.time()
        with self.hold_sync():
            self.html = run_body(view, now)
            self.now = now
