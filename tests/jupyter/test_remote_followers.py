"""Several who follow one run on a service: its journal has everything once, and each of them hears everything once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pipelines import component, pipeline

from mdk_converters.graph import dependencies
from mdk_converters.spec_writer import dump_spec
from mdk_jupyter.local.events import ENDED, Event
from mdk_jupyter.local.record import Run, Step
from mdk_jupyter.local.store import create_run_folder, read_run
from mdk_jupyter.remote.runs import Follower, fetch_logs, watch
from mdk_jupyter.remote.service import JobView, Task

NAMES = [f"s{number}" for number in range(6)]
STEPS: dict[str, Any] = {
    name: component("1", name=name, after=[NAMES[n - 1]] if n else []) for n, name in enumerate(NAMES)
}
MADE = pipeline(**STEPS)
LAST = 2 * len(NAMES)  # each step begins, and ends


def view(moment: int) -> JobView:
    """Return the job at a moment: every other one, a step begins or ends."""
    tasks = [
        Task(name, name, "done" if moment > 2 * n + 1 else "running", "", started=n + 1.0, ended=n + 2.0 if moment > 2 * n + 1 else None)
        for n, name in enumerate(NAMES)
        if moment > 2 * n
    ]  # fmt: skip
    return JobView(
        "done" if moment >= LAST else "running", 0.0, float(LAST) if moment >= LAST else None, "", tuple(tasks)
    )


class Clockwork:
    """A service whose job has come further each time that somebody looks."""

    def __init__(self) -> None:
        self._moments = count(1)
        self.storage = self

    def look(self, name: str) -> JobView:
        return view(next(self._moments))

    def folder(self, name: str) -> str:
        return "gs://b/"

    def find(self, folder: str) -> list[str]:
        return []

    def log(self, name: str, task: Task) -> str:
        return f"{task.name} says hello"


class Stopped(Clockwork):
    """A service that answers what it knew at one moment."""

    def __init__(self, moment: int) -> None:
        super().__init__()
        self.moment = moment

    def look(self, name: str) -> JobView:
        return view(self.moment)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = create_run_folder(tmp_path)
    waits = dependencies(MADE)
    remote: dict[str, Any] = {"name": "job", "cells": {}, "blocks": {}}
    steps = {name: Step(name, after=sorted(waits[name])) for name in NAMES}
    run = Run(place.name, "chain", place, started=1.0, steps=steps, target="vertex", remote=remote)
    run.spec.write_text(dump_spec(MADE))
    run.save()
    return place


def follower(folder: Path, service: Any) -> Follower:
    return Follower(read_run(folder), service)


def what(events: list[Event] | Iterator[Event]) -> list[tuple[str | None, str | None]]:
    return [(event.step, event.state) for event in events]


def journal(folder: Path) -> list[tuple[str | None, str | None]]:
    return what(Event.from_line(line) for line in (folder / "events.jsonl").read_text().splitlines())


EVERYTHING = [(name, state) for name in NAMES for state in ("running", "done")] + [(None, "done")]


def test_each_of_two_hears_everything_once(folder: Path) -> None:
    service = Clockwork()
    one, other = follower(folder, service), follower(folder, service)
    heard: tuple[list[Event], list[Event]] = ([], [])
    while one.run.state not in ENDED or other.run.state not in ENDED:
        heard[0].extend(one.look())
        heard[1].extend(other.look())
    assert what(heard[0]) == what(heard[1]) == journal(folder) == EVERYTHING
    assert what(watch(read_run(folder), service))[1:] == EVERYTHING  # type: ignore[arg-type] # after the first, "running"


def test_many_at_the_same_moment_write_everything_once(folder: Path) -> None:
    service = Clockwork()
    heard: dict[int, list[Event]] = {number: [] for number in range(6)}
    followers = {number: follower(folder, service) for number in heard}

    def follow(number: int) -> None:
        while followers[number].run.state not in ENDED:
            heard[number].extend(followers[number].look())

    threads = [threading.Thread(target=follow, args=(number,)) for number in heard]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(journal(folder), key=str) == sorted(EVERYTHING, key=str)
    assert all(what(events) == journal(folder) for events in heard.values())


def test_an_answer_that_others_have_overtaken_changes_nothing(folder: Path) -> None:
    late = follower(folder, Stopped(1))
    assert what(follower(folder, Stopped(4)).look()) == EVERYTHING[:4]
    assert what(late.look()) == EVERYTHING[:4]
    assert late.run.steps["s0"].state == read_run(folder).steps["s0"].state == "done"
    assert len(journal(folder)) == 4


def test_who_takes_over_from_a_follower_hears_what_that_one_missed(folder: Path) -> None:
    first = follower(folder, Stopped(2))
    assert what(first.look()) == EVERYTHING[:2]
    follower(folder, Stopped(5)).look()
    assert what(Follower(read_run(folder), Stopped(6), first.told).look()) == EVERYTHING[2:6]  # type: ignore[arg-type]


def test_fetched_logs_leave_what_has_happened_meanwhile(folder: Path) -> None:
    seen_before = read_run(folder)
    follower(folder, Stopped(LAST)).look()
    fetch_logs(seen_before, [seen_before.steps["s0"]], Stopped(LAST))  # type: ignore[arg-type]
    run = read_run(folder)
    assert run.state == "done" and {step.state for step in run.steps.values()} == {"done"}
    assert run.steps["s0"].log is not None and run.steps["s0"].log.read_text() == "s0 says hello\n"
