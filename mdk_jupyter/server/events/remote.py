"""Runs on services: each is asked for now and then, less often while its service is away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mdk_converters.findings import MDKError
from mdk_jupyter.local.events import ENDED
from mdk_jupyter.local.record import Run
from mdk_jupyter.server.events.bus import Bus
from mdk_jupyter.server.workers import Workers

if TYPE_CHECKING:
    from mdk_jupyter.remote.runs import Follower

_LONGEST_PAUSE = 60.0  # seconds


class RemoteRuns:
    """A task for each run that has not ended. To be used on the event loop."""

    def __init__(self, bus: Bus, services: Workers) -> None:
        self._bus = bus
        self._services = services
        self._tasks: dict[Path, asyncio.Task[None]] = {}

    def follow(self, runs: Iterable[Run]) -> None:
        """Follow those of the runs that are on a service, have not ended and are not followed yet."""
        for run in runs:
            if run.target != "local" and run.state not in ENDED and run.folder not in self._tasks:
                task = self._tasks[run.folder] = asyncio.create_task(self._follow(run))
                task.add_done_callback(partial(self._forget, run.folder))

    def close(self) -> None:
        """Look no more; the runs go on."""
        for task in self._tasks.values():
            task.cancel()

    def _forget(self, folder: Path, task: asyncio.Task[None]) -> None:
        del self._tasks[folder]

    async def _follow(self, run: Run) -> None:
        from mdk_jupyter.remote.runs import PAUSES

        follower: Follower | None = None
        looks = failures = 0
        told: int | None = None  # how much of the journal; None: not even what has happened so far
        while run.state not in ENDED:
            try:
                if follower is None:
                    follower = await self._services.do(_follower, run.folder, told, service=run.target)
                    run = follower.run
                if told is None:
                    told = follower.told
                    for event in follower.so_far():
                        self._bus.run(run.folder, run.source, event)
                for event in await self._services.do(follower.look, service=run.target):
                    self._bus.run(run.folder, run.source, event)
                told = follower.told
                looks, failures = looks + 1, 0
                pause = PAUSES[min(looks, len(PAUSES)) - 1]
            except MDKError:
                follower = None  # what it has asked may be on its way still
                failures += 1
                pause = min(PAUSES[-1] * 2**failures, _LONGEST_PAUSE)
            except (OSError, ValueError, KeyError, TypeError):  # its record was taken away
                return
            if run.state not in ENDED:
                await asyncio.sleep(pause)


def _follower(folder: Path, told: int | None) -> Follower:
    from mdk_jupyter.local.store import read_run
    from mdk_jupyter.remote.runs import Follower, service_of

    run = read_run(folder)
    return Follower(run, service_of(run), told)
