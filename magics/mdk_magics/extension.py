"""What `%load_ext mdk_jupyter` does to a shell, and undoes."""

from __future__ import annotations

from typing import Any

from mdk_magics import component
from mdk_magics.command import CommandMagics
from mdk_magics.freshness import Memory
from mdk_magics.session import Session

_loaded: dict[int, tuple[Any, Session]] = {}  # by shell: what unloading needs


def load(shell: Any) -> None:
    """Register the magics, and begin to remember which cells are run."""
    typed = shell.history_manager.input_hist_raw if shell.history_manager else ()
    session = Session(shell, Memory.starting_from(typed))
    remover = component.register(shell)
    shell.register_magics(CommandMagics(shell, session))
    shell.events.register("pre_run_cell", session.remember)
    _loaded[id(shell)] = remover, session


def unload(shell: Any) -> None:
    """Leave the shell as it was."""
    remover, session = _loaded.pop(id(shell))
    component.unregister(shell, remover)
    shell.events.unregister("pre_run_cell", session.remember)
    del shell.magics_manager.magics["line"]["mdk"]
