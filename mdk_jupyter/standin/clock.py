"""The stand-in's clock. It can be put forward, so that a schedule need not be waited for."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the time, in UTC, and wakes those who sleep when it is put forward."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC) + self._ahead

    def text(self) -> str:
        """Return the time as the APIs write it."""
        return written(self.now())

    def advance(self, seconds: float) -> None:
        """Put the clock forward."""
        self._ahead += timedelta(seconds=seconds)
        self.wake()

    def wake(self) -> None:
        """End the sleep of all who wait in `sleep_until`, for what they wait for may have changed."""
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep_until(self, time: datetime | None) -> None:
        """Wait until a time, for ever when there is none, or until somebody calls `wake`."""
        seconds = None if time is None else max(0.0, (time - self.now()).total_seconds())
        try:
            await asyncio.wait_for(self._moved.wait(), seconds)
        except TimeoutError:
            return


def written(time: datetime) -> str:
    """Return a time as the APIs write it.

    Example:
        >>> written(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
        '2026-01-02T03:04:05.000000Z'
    """
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read(text: str) -> datetime:
    """Return the time that a text of an API means.

    Raises:
        ValueError: it is none.
    """
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
