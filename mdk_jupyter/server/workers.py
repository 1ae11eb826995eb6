"""Work off the event loop: bounded in threads and in time, apart for each kind, so that none starves another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from mdk_converters.findings import Finding
from mdk_jupyter.errors import ServiceError

T = TypeVar("T")


class AwayError(ServiceError):
    """A service could not be asked, or did not answer in time. `service` is its name."""

    def __init__(self, service: str, findings: tuple[Finding, ...]) -> None:
        super().__init__(findings)
        self.service = service


class Workers:
    """A few threads for one kind of work, each piece of which may take `seconds`, its wait for a thread included."""

    def __init__(self, name: str, threads: int, seconds: float) -> None:
        self.name = name
        self._seconds = seconds
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=f"mdk {name}")

    async def do(self, function: Callable[..., T], *given: Any, service: str | None = None) -> T:
        """Call `function` in a thread; with `service`, its failures are those of that service.

        Raises:
            AwayError: the service is away, or the time is over (MDK381).
        """
        loop = asyncio.get_running_loop()
        try:
            return await asyncio.wait_for(loop.run_in_executor(self._executor, function, *given), self._seconds)
        except TimeoutError:
            message = f"{service or self.name}: no answer within {self._seconds:g} s"
            fix = "try again; the rest of the panel does not wait for it"
            raise AwayError(service or self.name, (Finding("MDK381", message, fix=fix),)) from None
        except ServiceError as error:
            if service is None:
                raise
            raise AwayError(service, error.findings) from error

    def close(self) -> None:
        """Take no more work, and drop what waits."""
        self._executor.shutdown(wait=False, cancel_futures=True)


class Newest:
    """One piece of work at a time for each key. Of those that wait the newest is done, and its result is everyone's."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, asyncio.Lock] = {}
        self._waiting: dict[Hashable, _Waiting] = {}

    async def do(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Return what `work` gives, or what newer work for the same key gives."""
        waiting = self._waiting.get(key)
        if waiting is None:
            waiting = self._waiting[key] = _Waiting(work)
            waiting.turn = asyncio.create_task(self._take_turn(key, waiting))
        else:  # it has not begun: this takes its place
            waiting.work = work
        result: T = await asyncio.shield(waiting.turn)
        return result

    async def _take_turn(self, key: Hashable, waiting: _Waiting) -> Any:
        async with self._locks.setdefault(key, asyncio.Lock()):
            del self._waiting[key]  # what comes now waits for the next turn
            try:
                return await waiting.work()
            finally:
                if key not in self._waiting:
                    del self._locks[key]


class _Waiting:
    turn: asyncio.Task[Any]

    def __init__(self, work: Callable[[], Awaitable[Any]]) -> None:
        self.work = work
