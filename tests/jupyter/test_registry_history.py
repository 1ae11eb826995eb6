"""The history, and what is found when somebody meddles."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from registries import ADA, BOB, VIC, artifact, fill
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from mdk_jupyter.registry import anchors
from mdk_jupyter.registry.domain import Anchor, ChainEnd
from mdk_jupyter.registry.errors import InvalidError
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
