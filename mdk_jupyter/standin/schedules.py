"""Schedules of both services: they start jobs when their time has come."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mdk_jupyter.standin.answers import Refused
from mdk_jupyter.standin.clock import Clock, read, written
from mdk_jupyter.standin.cron import every, following
from mdk_jupyter.standin.documents import Documents
from mdk_jupyter.standin.jobs import Job, Jobs

_KIND = "schedules"


@dataclass
class Schedule:
    """One schedule of Vertex, or one recurring run of Kubeflow."""

    name: str  # full
    service: str  # vertex or kfp
    resource: dict[str, Any]  # as the service shows it
    cron: str | None = None
    interval: int | None = None  # seconds; in place of `cron`
    start: str | None = None
    end: str | None = None
    max_runs: int | None = None
    at_once: int = 1  # jobs of this schedule that may run at the same time
    queues: bool = False  # a run beyond that waits, in place of being left out
    state: str = "ACTIVE"  # PAUSED, COMPLETED
    next: str | None = None
    catches_up: bool = False
    runs: int = 0
    jobs: list[str] = field(default_factory=list)  # full names
    created: str = ""
    updated: str = ""
    paused: str | None = None
    resumed: str | None = None
    last: dict[str, str] | None = None  # the time of the last run, and how it began


class Scheduler:
    """Knows all schedules, and starts what is due."""

    def __init__(self, documents: Documents, clock: Clock, jobs: Jobs) -> None:
        self._documents = documents
        self._clock = clock
        self._jobs = jobs
        self.starters: dict[str, Callable[[Schedule, datetime], Job]] = {}  # by service
        self._schedules = {name: Schedule(**document) for name, document in documents.all(_KIND)}
        for schedule in self._schedules.values():
            if schedule.state == "ACTIVE" and not schedule.catches_up:
                self._plan(schedule, clock.now())
        jobs.on_end.append(lambda _: clock.wake())  # a run may wait for it

    def get(self, name: str) -> Schedule:
        """Return a schedule.

        Raises:
            Refused: there is none of that name.
        """
        if name not in self._schedules:
            raise Refused(404, f"The Schedule does not exist: {name}")
        return self._schedules[name]

    def all(self, prefix: str) -> list[Schedule]:
        """Return all schedules whose names begin with `prefix`, oldest first."""
        return [schedule for name, schedule in self._schedules.items() if name.startswith(prefix)]

    def add(self, schedule: Schedule) -> Schedule:
        """Begin to follow a schedule.

        Raises:
            Refused: its time cannot be read.
        """
        schedule.created = self._clock.text()
        self._plan(schedule, self._clock.now())
        self._schedules[schedule.name] = schedule
        return self.save(schedule)

    def replan(self, schedule: Schedule) -> Schedule:
        """Follow a schedule that was changed.

        Raises:
            Refused: its time cannot be read.
        """
        if schedule.state == "ACTIVE":
            self._plan(schedule, self._clock.now())
        return self.save(schedule)

    def pause(self, schedule: Schedule) -> None:
        """Start nothing any more until `resume`.

        Raises:
            Refused: the schedule is completed.
        """
        self._demand_open(schedule)
        schedule.state, schedule.paused = "PAUSED", self._clock.text()
        self.save(schedule)

    def resume(self, schedule: Schedule, *, catch_up: bool) -> None:
        """Go on after a pause; with `catch_up`, what would have started during the pause starts now.

        Raises:
            Refused: the schedule is completed.
        """
        self._demand_open(schedule)
        schedule.state, schedule.resumed, schedule.catches_up = "ACTIVE", self._clock.text(), catch_up
        if not catch_up or schedule.next is None:
            self._plan(schedule, self._clock.now())
        self.save(schedule)

    def delete(self, name: str) -> None:
        """Forget a schedule; its jobs go on.

        Raises:
            Refused: there is none of that name.
        """
        self.get(name)
        del self._schedules[name]
        self._documents.delete(_KIND, name)
        self._clock.wake()

    def save(self, schedule: Schedule) -> Schedule:
        """Keep a changed schedule."""
        schedule.updated = self._clock.text()
        self._documents.put(_KIND, schedule.name, dataclasses.asdict(schedule))
        self._clock.wake()
        return schedule

    async def follow(self) -> None:
        """Start what is due, for ever."""
        while True:
            now = self._clock.now()
            for schedule in list(self._schedules.values()):
                self._look_at(schedule, now)
            times = [read(s.next) for s in self._schedules.values() if s.next and s.state == "ACTIVE"]
            await self._clock.sleep_until(min((time for time in times if time > now), default=None))

    def _look_at(self, schedule: Schedule, now: datetime) -> None:
        while schedule.state == "ACTIVE" and schedule.next is not None and read(schedule.next) <= now:
            due = read(schedule.next)
            if self._is_full(schedule):
                if schedule.queues:
                    return
                schedule.last = {"scheduledRunTime": written(due), "runResponse": "SKIPPED: too many runs at once"}
            else:
                self._fire(schedule, due)
            self._plan(schedule, due if schedule.catches_up else now)
            if schedule.catches_up and schedule.next is not None and read(schedule.next) > now:
                schedule.catches_up = False
            self.save(schedule)

    def _is_full(self, schedule: Schedule) -> bool:
        names = {job.name for job in self._jobs.all("") if not job.over}
        return len(names & set(schedule.jobs)) >= schedule.at_once

    def _fire(self, schedule: Schedule, due: datetime) -> None:
        schedule.runs += 1
        try:
            job = self.starters[schedule.service](schedule, due)
        except (Refused, OSError) as error:
            schedule.last = {"scheduledRunTime": written(due), "runResponse": str(error)}
            logging.getLogger(__name__).warning("schedule %s: %s", schedule.name, error)
            return
        schedule.jobs.append(job.name)
        schedule.last = {"scheduledRunTime": written(due), "runResponse": "OK"}

    def _plan(self, schedule: Schedule, after: datetime) -> None:
        if schedule.start is not None:
            after = max(after, read(schedule.start) - timedelta(microseconds=1))  # the time of the start itself counts
        if schedule.cron is not None:
            time = following(schedule.cron, after, seconds=schedule.service == "kfp")
        else:
            time = every(schedule.interval or 0, after)
        over = (schedule.max_runs is not None and schedule.runs >= schedule.max_runs) or (
            schedule.end is not None and time > read(schedule.end)
        )
        schedule.state = "COMPLETED" if over else schedule.state
        schedule.next = None if over else written(time)

    @staticmethod
    def _demand_open(schedule: Schedule) -> None:
        if schedule.state == "COMPLETED":
            raise Refused(400, f"The Schedule {schedule.name} is completed.", "FAILED_PRECONDITION")
