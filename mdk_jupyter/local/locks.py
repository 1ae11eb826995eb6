"""Locks on files. The operating system drops them when the process dies, however it dies."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int, *, shared: bool) -> bool:
        # There are no shared locks: each sharer takes one of many bytes.
        import os

        with contextlib.suppress(OSError):
            os.lseek(descriptor, os.getpid() % 4096 + 1 if shared else 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1 if shared else 4098)
            return True
        return False

else:
    import fcntl

    def _try_lock(descriptor: int, *, shared: bool) -> bool:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            return True
        return False


@contextlib.contextmanager
def holding(path: Path, *, shared: bool = False, patience: float | None = None) -> Iterator[bool]:
    """Hold a lock while this lasts, alone or with all who share it; False when it could not be had.

    `patience` is how many seconds to wait for it; None waits as long as it takes.

    Raises:
        OSError: the file cannot be opened.
    """
    deadline = None if patience is None else time.monotonic() + patience
    with path.open("ab") as file:
        while not (held := _try_lock(file.fileno(), shared=shared)):
            if deadline is not None and time.monotonic() >= deadline:
                break
            time.sleep(0.02)
        yield held


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock."""
    try:
        with path.open("rb") as file:
            return not _try_lock(file.fileno(), shared=True)
    except FileNotFoundError:
        return False
