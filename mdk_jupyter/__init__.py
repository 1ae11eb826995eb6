"""From a notebook to a governed production model without leaving JupyterLab.

>>> import mdk_jupyter as mdk
>>> run = mdk.run("churn.ipynb")     # doctest: +SKIP
>>> mdk.log_metrics(auc=0.9)         # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mdk_jupyter._version import __version__

if TYPE_CHECKING:
    from mdk_jupyter.api import convert as convert
    from mdk_jupyter.api import run as run
    from mdk_jupyter.errors import MDKError as MDKError
    from mdk_jupyter.local.record import Run as Run
    from mdk_jupyter.registry.connecting import registry as registry
    from mdk_jupyter.registry.recording import load_model as load_model
    from mdk_jupyter.registry.recording import log_model as log_model
    from mdk_jupyter.runtime import log_metrics as log_metrics

# Where each name lives; imported when it is first used.
_HOMES = {
    "MDKError": "mdk_jupyter.errors",
    "Run": "mdk_jupyter.local.record",
    "convert": "mdk_jupyter.api",
    "load_model": "mdk_jupyter.registry.recording",
    "log_metrics": "mdk_jupyter.runtime",
    "log_model": "mdk_jupyter.registry.recording",
    "run": "mdk_jupyter.api",
}
# What steps in containers have of them.
_IN_CONTAINERS = {
    "load_model": "mdk_jupyter.runtime.registering",
    "log_model": "mdk_jupyter.runtime.registering",
}

__all__ = [
    "MDKError",
    "Run",
    "__version__",
    "convert",
    "load_model",
    "log_metrics",
    "log_model",
    "registry",
    "run",
]


def __getattr__(name: str) -> Any:
    if name == "registry":
        return import_module("mdk_jupyter.registry")  # the package, which can be called
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_home(name), name)
    globals()[name] = value
    return value


def _home(name: str) -> ModuleType:
    try:
        return import_module(_HOMES[name])
    except ModuleNotFoundError as error:
        if name not in _IN_CONTAINERS or not (error.name or "").startswith("mdk_jupyter."):
            raise
        return import_module(_IN_CONTAINERS[name])


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, "registry"})


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Called by JupyterLab: where the built extension is."""
    return [{"src": "labextension", "dest": "mdk-jupyter"}]


def load_ipython_extension(shell: Any) -> None:
    """Called by `%load_ext mdk_jupyter`."""
    import mdk_magics

    mdk_magics.load_ipython_extension(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Called by `%unload_ext mdk_jupyter`."""
    import mdk_magics

    mdk_magics.unload_ipython_extension(shell)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Called by Jupyter's server; a kernel never imports what it is made of."""
    from mdk_jupyter.server.app import MDKExtension

    return [{"module": "mdk_jupyter.server.app", "app": MDKExtension}]
