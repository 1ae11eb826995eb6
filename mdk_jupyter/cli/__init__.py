"""The `mdk` command tree."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from mdk_jupyter.cli.caller import Caller

__all__ = ["call", "main"]

_HANDED_OVER = ("run",)  # what needs the most imports


def main() -> NoReturn:
    """The `mdk` of the terminal. Commands with much to import are carried out where it is imported already."""
    command = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    if command in _HANDED_OVER and not {"-h", "--help"} & set(sys.argv):
        from mdk_jupyter.kernels import client

        with contextlib.suppress(client.UnavailableError):  # then here
            try:
                sys.exit(client.hand_over(sys.argv))
            except KeyboardInterrupt:  # before the command had begun to listen
                sys.exit(130)
    from mdk_jupyter.cli import entry

    entry.main()


def call(words: Sequence[str], caller: Caller) -> Any:
    """Carry out a command for a face that shows its result by itself; see `entry.call`."""
    from mdk_jupyter.cli import entry

    return entry.call(words, caller)
