"""Parts of the user's own modules that change while a notebook runs: `state.module:tally:count`."""

from __future__ import annotations

import functools
import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

PREFIX = "state.module:"
_CACHED = type(functools.lru_cache(lambda: None))
_UNCHANGING = (int, float, complex, str, bytes, type(None))


def is_present(name: str) -> bool:
    """Tell whether the module of a part is loaded and has it."""
    module, owner, last = _find(name, sys.modules.get(_module_name(name)))
    return module is not None and hasattr(owner, last)


def capture(name: str) -> Any:
    """Return the part; of a function that remembers its results, those that can travel."""
    _, owner, last = _find(name, sys.modules[_module_name(name)])
    value = getattr(owner, last)
    if not isinstance(value, _CACHED):
        return value
    from mdk_jupyter.artifacts import functions, pickles

    return [entry for entry in functions.remembered(value) if pickles.travels(entry)]


def restore(name: str, value: Any) -> None:
    """Put a part in place, under all names by which the notebook and its modules know it."""
    _, owner, last = _find(name, importlib.import_module(_module_name(name)))
    old = getattr(owner, last, None)
    if isinstance(old, _CACHED):
        from mdk_jupyter.artifacts import functions

        value = functions.remembering(old, value)
    setattr(owner, last, value)
    if isinstance(old, _UNCHANGING):
        return
    for module in _own_modules():
        for other in [key for key, known in vars(module).items() if known is old]:
            setattr(module, other, value)


def _module_name(name: str) -> str:
    return name.removeprefix(PREFIX).partition(":")[0]


def _find(name: str, module: ModuleType | None) -> tuple[ModuleType | None, Any, str]:
    """Return the module, and what holds the part under which attribute."""
    *outer, last = name.rpartition(":")[2].split(".")
    owner: Any = module
    for step in outer:
        owner = getattr(owner, step, None)
    return module, owner, last


def _own_modules() -> list[ModuleType]:
    """The notebook, and the modules in its folder."""
    here = str(Path.cwd())
    return [
        module
        for key, module in list(sys.modules.items())
        if isinstance(module, ModuleType)
        and (key == "__main__" or (getattr(module, "__file__", None) or "").startswith(here))
    ]
