"""Events: written with each change, delivered at least once, in order, to whoever listens."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from registries import ADA, BOB, ROOT, VIC, fill
from registry_server import dev_door, role, sqlite_url
from servers import wait_until
from sqlalchemy import text

from mdk_jupyter.cli import call
from mdk_jupyter.cli.terminal import Terminal
from mdk_jupyter.errors import UsageError
from mdk_jupyter.registry import audit, outbox
from mdk_jupyter.registry import policy as gates
from mdk_jupyter.registry.api import relaying
from mdk_jupyter.registry.domain import CloudEvent, Role
from mdk_jupyter.registry.errors import InvalidError
from mdk_jupyter.registry.service import Registry


class Consumer:
    """Takes events that are posted to it, with the status that `answers` gives."""

    def __init__(self, answers: Callable[[str], int]) -> None:
        self.answers = answers
        self.got: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.url = ""

    @property
    def ids(self) -> list[str]:
        return [event["id"] for _, event in self.got]


@contextmanager
def consumer(answers: Callable[[str], int] = lambda _: 204) -> Iterator[Consumer]:
    taking = Consumer(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = taking.answers(event["id"])
            taking.got.append((dict(self.headers), event))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        taking.url = f"http://127.0.0.1:{server.server_port}/events"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield taking
        server.shutdown()


def let_time_pass(registry: Registry) -> None:
    """Make what waits to be tried again, or is being delivered, due at once."""
    with registry.database.write() as connection:
        connection.execute(text("UPDATE outbox SET due = 0 WHERE due IS NOT NULL"))


def delivered(done: outbox.Relayed) -> tuple[int, list[str]]:
    """Return how many events were taken, and the ids of those that were not."""
    return done.delivered, [one.event.id for one in done.refused]


def test_events_are_delivered_at_least_once_and_in_order(registry: Registry) -> None:
    fill(registry, "flights", 2)
    registry.publish(BOB, "flights/1.0.0", environment="dev")
    fill(registry, "taxis", 1)
    taken: list[CloudEvent] = []

    def moody(event: CloudEvent) -> None:
        if event.id == "flights:2" and len(taken) < 4:
            taken.append(event)
            raise ConnectionError("not now")
        taken.append(event)

    # What comes after the one that was refused waits with it; another model's does not.
    assert delivered(registry.relay(moody)) == (2, ["flights:2"])
    assert [event.id for event in taken] == ["flights:1", "flights:2", "taxis:1"]
    assert delivered(registry.relay(moody)) == (0, []), "it is tried again later, not at once"
    let_time_pass(registry)
    assert delivered(registry.relay(moody)) == (0, ["flights:2"])
    let_time_pass(registry)
    assert delivered(registry.relay(moody)) == (2, []) and delivered(registry.relay(moody)) == (0, [])
    assert [event.id for event in taken[-2:]] == ["flights:2", "flights:3"]
    event = taken[-1]
    assert event.type == "dev.mdk.registry.champion.changed.v1" and event.subject == "flights"
    assert (event.data["version"], event.data["environment"], event.data["champion_before"]) == ("1.0.0", "dev", None)


def test_an_event_that_nobody_ever_takes_holds_up_the_others_for_a_while_only(registry: Registry) -> None:
    fill(registry, "flights", 3)
    taken: list[str] = []

    def choosy(event: CloudEvent) -> None:
        if event.id == "flights:1":
            raise ValueError("what is this?")
        taken.append(event.id)

    for attempt in range(1, 10):
        (refused,) = registry.relay(choosy).refused
        assert (refused.event.id, refused.attempts, taken) == ("flights:1", attempt, [])
        let_time_pass(registry)
    assert delivered(registry.relay(choosy)) == (2, ["flights:1"]) and taken == ["flights:2", "flights:3"]
    assert delivered(registry.relay(choosy)) == (0, []), "it is still kept, for later"
    let_time_pass(registry)
    assert delivered(registry.relay(taken.append)) == (1, [])  # type: ignore[arg-type]


def test_an_event_that_was_on_its_way_when_the_process_ended_is_delivered_by_another(registry: Registry) -> None:
    fill(registry, "flights", 2)
    taken: list[str] = []

    def end(event: CloudEvent) -> None:
        taken.append(event.id)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        registry.relay(end)
    other = Registry(registry.database, {})
    assert delivered(other.relay(lambda event: taken.append(event.id))) == (0, []), "it may still be on its way"
    let_time_pass(registry)
    assert delivered(other.relay(lambda event: taken.append(event.id))) == (2, [])
    assert taken == ["flights:1", "flights:1", "flights:2"]


def test_several_deliver_at_once_and_no_event_twice(registry: Registry) -> None:
    for number in range(12):
        fill(registry, f"m{number}", 3)
    taken: list[str] = []
    together = threading.Barrier(4)

    def deliver() -> None:
        together.wait()
        while registry.relay(lambda event: taken.append(event.id), limit=5).delivered:
            pass

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while registry.relay(lambda event: taken.append(event.id)).delivered:  # that were held up at the end
        pass
    assert Counter(taken) == Counter(f"m{number}:{seq}" for number in range(12) for seq in (1, 2, 3))
    for number in range(12):
        assert [id for id in taken if id.startswith(f"m{number}:")] == [f"m{number}:{seq}" for seq in (1, 2, 3)]


def test_events_of_the_registry_itself_are_told_apart_from_those_of_models(registry: Registry) -> None:
    registry.grant(ROOT, "zoe", Role.VIEWER)
    fill(registry, "registry", 1)
    registry.set_policy(ROOT, gates.LONE["prod"])
    registry.set_policy(ROOT, gates.LONE["prod"])  # is set already
    events = registry.events(VIC).items
    assert [(event.id, event.subject, event.data["model"]) for event in events] == [
        ("_registry:1", "_registry", None),
        ("registry:1", "registry", "registry"),
        ("_registry:2", "_registry", None),
    ]
    with pytest.raises(InvalidError):
        fill(registry, "_registry", 1)


def test_events_over_http(small: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(small, "flights", 1)
    with consumer(lambda _: 503) as taking:
        sink = relaying.http_sink(taking.url)
        (refused,) = small.relay(sink).refused
        assert str(refused.error) == "127.0.0.1 answered 503"
        let_time_pass(small)
        taking.answers = lambda _: 302  # nobody is sent elsewhere with an event
        assert small.relay(sink).refused
        let_time_pass(small)
        taking.answers = lambda _: 204
        monkeypatch.setenv(relaying.VARIABLE, "s3cret")
        assert delivered(small.relay(relaying.http_sink(taking.url))) == (1, [])
        headers, event = taking.got[-1]
        assert headers["Content-Type"] == "application/cloudevents+json" and headers["Authorization"] == "Bearer s3cret"
        assert event["specversion"] == "1.0" and event["id"] == "flights:1" and event["data"]["version"] == "1.0.0"
        assert "Authorization" not in taking.got[0][0]
    fill(small, "flights", 1)
    (refused,) = small.relay(sink).refused
    assert "127.0.0.1 cannot be reached" in str(refused.error)
    for address in ("pubsub://events", "https://", "http://hooks.example.com/x"):
        with pytest.raises(UsageError) as caught:
            relaying.http_sink(address)
        assert caught.value.findings[0].code == "MDK581" and "s3cret" not in str(caught.value)


def test_a_server_delivers_beside_its_requests(tmp_path: Path) -> None:
    with consumer(lambda _: 503) as taking:
        words = ("--workers", "2", "--events-to", taking.url)
        with dev_door(sqlite_url(tmp_path), *words, ada=[role("approver")]) as door:
            for number in range(3):
                door.register("ada", f"m{number}")
            assert wait_until(lambda: {f"m{number}:1" for number in range(3)} <= {*taking.ids})
            assert wait_until(lambda: any("was not taken" in line.get("message", "") for line in door.server.log()))
            taking.answers = lambda _: 204
            before = len(taking.got)
            assert wait_until(lambda: {f"m{number}:1" for number in range(3)} <= {*taking.ids[before:]})
            door.register("ada", "late")
            assert wait_until(lambda: "late:1" in taking.ids)

            def counted(outcome: str) -> float:
                wanted = f'mdk_registry_events_total{{outcome="{outcome}"}}'
                lines = door.at_root("ada", "GET", "/metrics").text.splitlines()
                return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(wanted))

            granted = sum(id.startswith("_registry:") for id in {*taking.ids})
            assert wait_until(lambda: counted("delivered") == 4 + granted)
            assert counted("refused") >= 3
            assert door.server.stop() in {0, -15}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MDK_REGISTRY", raising=False)
    registry = Registry.open(f"sqlite:///{tmp_path}/.mdk/registry.db")
    fill(registry, "flights", 2)
    return registry


def test_events_by_command(project: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    call(["registry", "events"], Terminal())
    said = capsys.readouterr()
    assert [json.loads(line)["id"] for line in said.out.splitlines()] == ["flights:1", "flights:2"]
    cursor = said.err.split("--after ")[1].strip()
    fill(project, "taxis", 1)
    call(["registry", "events", "--after", cursor], Terminal())
    assert [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()] == ["taxis:1"]


def test_relaying_by_command(project: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    with consumer(lambda id: 500 if id == "flights:2" else 200) as taking:
        words = ["registry", "relay", "--once", "--to", taking.url]
        done = subprocess.run(
            [sys.executable, "-m", "mdk_jupyter.cli", *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 1 and "1 delivered; the others wait" in done.stderr
        assert "flights:2 was not taken: 127.0.0.1 answered 500" in done.stderr
        taking.answers = lambda _: 200
        let_time_pass(project)
        call(words, Terminal())
        assert capsys.readouterr().err.strip() == "1 delivered"
        assert taking.ids == ["flights:1", "flights:2", "flights:2"]
        with pytest.raises(UsageError, match="where its database is"):
            call(["registry", "--url", "http://127.0.0.1:9", "relay", "--to", taking.url], Terminal())


def test_an_event_that_commits_late_is_not_passed_over(new_postgres_database: Any) -> None:
    registry = Registry.open(new_postgres_database())
    fill(registry, "early", 1)
    with registry.database.write() as slow:
        entry = audit.enter(slow, ADA, "late")
        entry.record("note", event="note")  # has its id, and is not committed
        fill(registry, "fast", 1)
        page = registry.events(VIC)
        assert [event.id for event in page.items] == ["early:1", "fast:1"]
    assert [event.id for event in registry.events(VIC, after=page.next).items] == ["late:1"]
    registry.close()
