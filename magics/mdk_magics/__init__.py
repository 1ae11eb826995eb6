"""The IPython extension: `%mdk` and `%%component`. Load it with `%load_ext mdk_jupyter`."""

from __future__ import annotations

from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """Called by `%load_ext`."""
    from mdk_magics.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Called by `%unload_ext`."""
    from mdk_magics.extension import unload

    unload(shell)
