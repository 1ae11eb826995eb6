"""."""

from __future__ import annotations

from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """Called by `%load_ext mdk_jupyter`."""
    from mdk_magics import load_ipython_extension as load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Called by `%unload_ext mdk_jupyter`."""
    from mdk_magics import unload_ipython_extension as unload

    unload(shell)
