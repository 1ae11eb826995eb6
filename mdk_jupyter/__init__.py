"""From a notebook to a governed production model without leaving JupyterLab.

>>> import mdk_jupyter as mdk
>>> run = mdk.run("churn.ipynb")     # doctest: +SKIP
>>> mdk.log_metrics(auc=0.9)         # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mdk_jupyter._version import __version__

if TYPE_CHECKING:
    from mdk_jupyter.api import convert as convert
    from mdk_jupyter.api import run as run
    from mdk_jupyter.errors import MDKError as MDKError
    from mdk_jupyter.local.record import Run as Run
    from mdk_jupyter.runtime import log_metrics as log_metrics

# Where each name lives; imported when it is first used.
_HOMES = {
    "MDKError": "mdk_jupyter.errors",
    "Run": "mdk_jupyter.local.record",
    "convert": "mdk_jupyter.api",
    "log_metrics": "mdk_jupyter.runtime",
    "run": "mdk_jupyter.api",
}

__all__ = ["MDKError", "Run", "__version__", "convert", "log_metrics", "run"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


def load_ipython_extension(shell: Any) -> None:
    """Called by `%load_ext mdk_jupyter`."""
    import mdk_magics

    mdk_magics.load_ipython_extension(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Called by `%unload_ext mdk_jupyter`."""
    import mdk_magics

    mdk_magics.unload_ipython_extension(shell)
