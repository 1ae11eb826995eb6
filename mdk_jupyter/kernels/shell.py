"""A stand-in for the notebook's shell while libraries are imported ahead of the kernel that will have one.

Many libraries ask at their import whether they are in a notebook, and the answer is the same for all kernels: yes. A library that
wants more of the shell than that (to register with it, to keep it) must be imported where the shell is.
"""

from __future__ import annotations

import builtins
import contextlib
import sys
from collections.abc import Iterator
from typing import Any, ClassVar

# They want more, and ask again when it matters; until then they are content with no shell.
_ASKS_AGAIN = frozenset({"matplotlib.pyplot"})


class Watch:
    """What was asked of the stand-in."""

    def __init__(self) -> None:
        self.wanted: list[str] = []
        self._shell: Any = _stand_in(self)
        self._references = sys.getrefcount(self._shell)

    def shell(self) -> Any:
        """Answer whoever asks for the shell."""
        frame = sys._getframe(1)
        while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith(("IPython.", __name__)):
            frame = frame.f_back
        return None if frame.f_globals.get("__name__") in _ASKS_AGAIN else self._shell

    def is_disturbed(self) -> bool:
        """Whether somebody used the shell, or kept it."""
        return bool(self.wanted) or sys.getrefcount(self._shell) > self._references


@contextlib.contextmanager
def watched() -> Iterator[Watch]:
    """Let modules that are imported meanwhile find a shell."""
    from IPython.core.interactiveshell import InteractiveShell

    watch = Watch()
    InteractiveShell.initialized = lambda: watch.shell() is not None  # type: ignore[method-assign]
    InteractiveShell.instance = lambda *args, **kwargs: watch.shell()  # type: ignore[method-assign]
    builtins.get_ipython = watch.shell  # type: ignore[attr-defined]
    try:
        yield watch
    finally:
        # The inherited class methods are in place again.
        del InteractiveShell.initialized, InteractiveShell.instance
        del builtins.get_ipython  # type: ignore[attr-defined]


def _stand_in(watch: Watch) -> Any:
    class Asked:
        def __getattr__(self, name: str) -> Any:
            if not name.startswith("__"):
                watch.wanted.append(name)
            raise AttributeError(name)

    class ZMQInteractiveShell(Asked):
        kernel = Asked()
        config: ClassVar[dict[str, dict[str, str]]] = {"IPKernelApp": {}, "HistoryManager": {}}

    ZMQInteractiveShell.__module__ = "ipykernel.zmqshell"
    ZMQInteractiveShell.__qualname__ = "ZMQInteractiveShell"
    return ZMQInteractiveShell()
