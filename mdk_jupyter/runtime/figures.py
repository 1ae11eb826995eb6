"""Matplotlib's figures where IPython is missing: they become outputs of the cell that made them."""

from __future__ import annotations

import io
import sys
from typing import Any

from mdk_jupyter.runtime.outputs import Outputs

BACKEND = "module://mdk_jupyter.runtime.figures_backend"  # for the environment variable MPLBACKEND

outputs: Outputs | None = None


def show(*_: Any, **__: Any) -> None:
    """Show the open figures, and close them."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None or outputs is None:
        return
    for number in pyplot.get_fignums():
        figure = pyplot.figure(number)
        if figure.axes or figure.lines:
            outputs.display({"text/plain": repr(figure), "image/png": png(figure)}, {})
    pyplot.close("all")


def is_figure(value: object) -> bool:
    """Tell whether a value is a figure of matplotlib."""
    module = sys.modules.get("matplotlib.figure")
    return module is not None and isinstance(value, module.Figure)


def png(figure: Any) -> bytes:
    """Return a figure as an image."""
    file = io.BytesIO()
    figure.savefig(file, format="png", bbox_inches="tight")
    return file.getvalue()
