"""Faces of a run in a notebook."""

from mdk_jupyter.widgets.html import run_html
from mdk_jupyter.widgets.view import RunView, StepView, follow, view_of

__all__ = ["RunView", "StepView", "follow", "run_html", "view_of"]
