"""The history and its events; and what is found when somebody meddles."""

from __future__ import annotations

import json
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from registries import ADA, BOB, ROOT, VIC, artifact, fill
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from mdk_jupyter.registry import anchors, audit, outbox
from mdk_jupyter.registry import policy as gates
from mdk_jupyter.registry.domain import (
    Anchor,
    ChainEnd,
    CloudEvent,
    Role,
)
from mdk_jupyter.registry.errors import (
    InvalidError,
)
from mdk_jupyter.registry.service import Registry

# History


def test_the_history_cannot_be_changed(registry: Registry) -> None:
    fill(registry, "flights", 2)
    for statement in ("UPDATE audit SET actor = 'me'", "DELETE FROM audit", "DELETE FROM audit WHERE seq = 2"):
        with pytest.raises(DBAPIError, match="append-only"), registry.database.write() as connection:
            connection.execute(text(statement))
    if not registry.database.sqlite:
        with pytest.raises(DBAPIError, match="append-only"), registry.database.write() as connection:
            connection.execute(text("TRUNCATE audit"))
    assert registry.verify(VIC).whole


def meddle(registry: Registry, *statements: str) -> None:
    """Do what an owner of the database could do."""
    with registry.database.write() as connection:
        for table, triggers in {"audit": ("audit_update", "audit_delete"), "versions": ("versions_fixed",)}.items():
            for trigger in triggers:
                on = "" if registry.database.sqlite else f" ON {table}"
                connection.execute(text(f"DROP TRIGGER {trigger}{on}"))
        for statement in statements:
            connection.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit SET actor = 'eve' WHERE seq = 3", "changed"),
        ("UPDATE audit SET data = '{}' WHERE seq = 3", "changed"),
        ("UPDATE audit SET at = at + 1 WHERE seq = 3", "changed"),
        ("DELETE FROM audit WHERE seq = 3", "missing"),
        ("DELETE FROM audit WHERE seq = 5", "ends at 4"),
        ("UPDATE versions SET body = '{}' WHERE n = 2", "version 1.0.1 was changed"),
    ],
)
def test_meddling_is_found(registry: Registry, statement: str, found: str) -> None:
    fill(registry, "flights", 4)
    registry.publish(BOB, "flights/1.0.3", environment="dev")
    meddle(registry, statement)
    verification = registry.verify(VIC, "flights")
    assert not verification.whole and any(found in each.what for each in verification.breaks), verification.breaks


def test_a_cut_or_rewritten_history_is_found_by_the_anchor(registry: Registry, tmp_path: Path) -> None:
    fill(registry, "flights", 4)
    kept = tmp_path / "anchors" / "registry.jsonl"
    anchors.to_file(registry.anchor(VIC), kept)
    registry.register(ADA, "flights", artifact=artifact())
    anchors.to_file(anchor := registry.anchor(VIC), kept)
    assert anchors.from_file(kept)[-1] == anchor and len(anchors.from_file(kept)) == 2
    registry.register(ADA, "flights", artifact=artifact())
    assert registry.verify(VIC, anchors=[anchor]).anchored >= 1 and registry.verify(VIC, anchors=[anchor]).whole
    with registry.database.read() as connection:
        before = connection.execute(text("SELECT hash FROM audit WHERE seq = 4")).scalar()
    meddle(
        registry,
        "DELETE FROM audit WHERE seq > 4",
        f"UPDATE chains SET seq = 4, hash = '{before}' WHERE name = 'flights'",
        "DELETE FROM version_details WHERE version_id IN (SELECT id FROM versions WHERE n > 4)",
        "UPDATE models SET versions = 4, newest_id = (SELECT id FROM versions WHERE n = 4)",
        "UPDATE versions SET n = n + 100 WHERE n > 4",
    )
    plain = [each.what for each in registry.verify(VIC, "flights").breaks]
    assert not any("record" in what or "ends" in what for what in plain), "the chain alone cannot tell"
    found = [each.what for each in registry.verify(VIC, "flights", anchors=[anchor]).breaks]
    assert "the chain is not the one that the anchor was taken of" in found
    # Who waits for the next anchor has that one on their side, and none of the earlier ones.
    anchors.to_file(registry.anchor(VIC), kept)
    (*_, newest) = anchors.from_file(kept)
    assert not any("anchor" in each.what for each in registry.verify(VIC, "flights", anchors=[newest]).breaks)
    all_of_them = registry.verify(VIC, "flights", anchors=anchors.from_file(kept))
    assert [each.seq for each in all_of_them.breaks if "anchor" in each.what] == [5]


def test_an_anchor_that_cannot_be_read_is_not_passed_over(small: Registry, tmp_path: Path) -> None:
    kept = tmp_path / "anchors.jsonl"
    with pytest.raises(InvalidError, match="cannot be read"):
        anchors.from_file(kept)
    kept.write_text("\n")
    with pytest.raises(InvalidError, match="there is no anchor"):
        anchors.from_file(kept)
    anchors.to_file(small.anchor(VIC), kept)
    with kept.open("a") as file:
        file.write('{"at": "2026-')
    with pytest.raises(InvalidError, match="line 3 cannot be read"):
        anchors.from_file(kept)
    with pytest.raises(InvalidError, match="cannot be written"):
        anchors.to_file(small.anchor(VIC), kept / "below")


def test_anchors_in_git_tags(small: Registry, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for setting in (("user.name", "a"), ("user.email", "a@b")):
        subprocess.run(["git", "-C", str(tmp_path), "config", *setting], check=True)
    subprocess.run(["git", "-C", str(tmp_path), "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True)
    subprocess.run(["git", "-C", str(tmp_path), "remote", "add", "origin", str(remote)], check=True)
    with pytest.raises(InvalidError, match="there is no anchor"):
        anchors.from_tags(tmp_path)
    end = ChainEnd(seq=1, hash="0" * 64)  # of so many models that the text is longer than an argument may be
    first = Anchor(at=small.anchor(VIC).at, heads={f"m{number}-{'x' * 180}": end for number in range(1000)})
    anchors.to_tag(first, tmp_path)
    fill(small, "flights", 1)
    second = small.anchor(VIC)
    anchors.to_tag(second, tmp_path, remote="origin")
    assert anchors.from_tags(tmp_path) == [first, second] and anchors.from_tags(remote) == [second]
    with pytest.raises(InvalidError, match="git"):
        anchors.to_tag(first, tmp_path)
    with pytest.raises(InvalidError, match="git"):
        anchors.to_tag(small.anchor(VIC), tmp_path, remote="nowhere")
    subprocess.run(["git", "-C", str(tmp_path), "tag", "-m", "no anchor", "mdk-registry-anchor/x"], check=True)
    with pytest.raises(InvalidError, match="mdk-registry-anchor/x cannot be read"):
        anchors.from_tags(tmp_path)


# Events


def test_events_are_delivered_at_least_once(registry: Registry) -> None:
    fill(registry, "flights", 2)
    registry.publish(BOB, "flights/1.0.0", environment="dev")
    taken: list[CloudEvent] = []

    def moody(event: CloudEvent) -> None:
        taken.append(event)
        if event.id == "flights:2" and len(taken) < 4:
            raise ConnectionError("not now")

    assert registry.relay(moody) == 2
    assert [event.id for event in taken] == ["flights:1", "flights:2", "flights:3"]
    assert registry.relay(moody) == 0, "it is tried again later, not at once"
    with registry.database.write() as connection:
        connection.execute(text("UPDATE outbox SET due = 0 WHERE due IS NOT NULL"))
    assert registry.relay(moody) == 1 and registry.relay(moody) == 0
    assert taken[-1].id == "flights:2"
    event = taken[2]
    assert event.type == "dev.mdk.registry.champion.changed.v1" and event.subject == "flights"
    assert (event.data["version"], event.data["environment"], event.data["champion_before"]) == ("1.0.0", "dev", None)


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


def test_events_over_http(small: Registry) -> None:
    fill(small, "flights", 1)
    got: list[tuple[str, dict[str, Any]]] = []

    class Consumer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.headers["Content-Type"], json.loads(body)))
            self.send_response(204 if len(got) > 1 else 503)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Consumer)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        sink = outbox.http_sink(f"http://127.0.0.1:{server.server_port}/events")
        assert small.relay(sink) == 0
        with small.database.write() as connection:
            connection.execute(text("UPDATE outbox SET due = 0"))
        assert small.relay(sink) == 1
    finally:
        server.shutdown()
        server.server_close()
    kind, event = got[1]
    assert kind == "application/cloudevents+json" and event["specversion"] == "1.0" and event["id"] == "flights:1"


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
