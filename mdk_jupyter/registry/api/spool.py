"""Lines on their way to somebody who may be slow: the database is done with them at its own speed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from threading import Condition, Thread

_BLOCK = 1 << 16  # bytes that are sent at once


class Spool:
    """Iterates over lines as bytes, from a file that another thread fills as fast as they come.

    Whoever stops reading holds a file, and neither a connection to the database nor its snapshot.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = lines
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when nobody has it any more
        self._news = Condition()
        self._written = 0
        self._is_whole = False
        self._error: BaseException | None = None
        Thread(target=self._fill, name="export", daemon=True).start()

    def _fill(self) -> None:
        try:
            for line in self._lines:
                self._add(line.encode())
        except BaseException as error:
            self._error = error
        with self._news:
            self._is_whole = True
            self._news.notify_all()

    def _add(self, data: bytes) -> None:
        with self._news:
            self._file.seek(self._written)
            self._file.write(data)
            self._written += len(data)
            self._news.notify_all()

    def __iter__(self) -> Iterator[bytes]:
        at = 0
        while True:
            with self._news:
                self._news.wait_for(lambda: self._written > at or self._is_whole)  # noqa: B023 - called at once
                if self._written == at:
                    break
                self._file.seek(at)
                block = self._file.read(min(_BLOCK, self._written - at))
            at += len(block)
            yield block
        if self._error is not None:
            raise self._error
