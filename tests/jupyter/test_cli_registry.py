"""`mdk registry`, `mdk promote` and `mdk rollback`: what they show, ask, refuse and change."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import mdk_jupyter as mdk
from mdk_jupyter.cli import call
from mdk_jupyter.cli.terminal import Terminal
from mdk_jupyter.errors import UsageError
from mdk_jupyter.registry.errors import RefusedError, StaleError


class Face(Terminal):
    """A terminal whose user answers as told, and may do something meanwhile."""

    def __init__(self, answer: bool = True, meanwhile: Any = None) -> None:
        super().__init__()
        self.answer, self.meanwhile, self.asked = answer, meanwhile, list[str]()

    def confirm(self, question: str) -> bool:
        self.asked.append(question)
        if self.meanwhile is not None:
            self.meanwhile()
        return self.answer


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MDK_REGISTRY", raising=False)
    mdk.log_model("flights", {"w": 1}, version="1.0", metrics={"auc": 0.7}, labels={"team": "growth"})
    mdk.log_model("flights", {"w": 2}, metrics={"auc": 0.8})
    return tmp_path


def said(*words: str, face: Face | None = None) -> str:
    """Return what a command shows at its end."""
    sheet = call(words, face or Face())
    return str(sheet) if sheet is not None else ""


def as_json(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """Return what a command prints as JSON, which is all that it prints."""
    capsys.readouterr()
    assert call([*words, "--json"], Face()) is None
    return json.loads(capsys.readouterr().out)


def test_a_version_goes_from_its_registration_to_production_and_back(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    face = Face()
    shown = said("promote", "flights", "1.0.0", "--to", "dev", "-m", "first", face=face)
    assert face.asked == ["Make flights/1.0.0 the champion of dev?"]
    assert "★ dev 1.0.0" in shown
    assert "champion    none → 1.0.0" in capsys.readouterr().out

    said("promote", "flights@latest", "dev", "-m", "better")
    plan = capsys.readouterr().out
    assert "1.0.0 → 1.0.1" in plan and "+0.1" in plan and "trained by" in plan
    assert "★ dev 1.0.1" in said("registry", "list")

    shown = said("rollback", "flights", "dev", "-m", "false alarms")
    assert "★ dev 1.0.0" in shown and "before    1.0.1" in shown
    assert "✕ quarantined" in said("registry", "show", "flights")
    history = said("registry", "history", "flights")
    assert [line.split()[2] for line in history.splitlines()[1:]] == [
        "quarantine", "rollback", "publish", "promote", "publish", "promote", "register", "register",
    ]  # fmt: skip
    assert "false alarms" in history
    assert "the history is whole" in said("registry", "verify")
    assert "auc" in said("registry", "compare", "flights/1.0.0", "flights/1.0.1")
    since = mdk.registry().history("flights", environment="dev").items[1].at
    assert "flights/1.0.1 → flights/1.0.0" in said("registry", "diff", "flights", "dev", "--since", since.isoformat())


def test_nothing_happens_without_a_yes(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ("promote", "flights/1.0.0", "dev"),
        ("registry", "publish", "flights/1.0.0", "dev"),
        ("registry", "archive", "flights/1.0.0", "-m", "old"),
        ("registry", "approve", "flights/1.0.0", "dev"),
    ):
        with pytest.raises(KeyboardInterrupt):
            call(words, Face(answer=False))
        with pytest.raises(UsageError) as caught:
            call(words, Terminal())
        assert caught.value.findings[0].code == "MDK559"
    assert "none → 1.0.0" in capsys.readouterr().out
    call(["promote", "flights/1.0.0", "dev", "--plan"], Face(answer=False))
    assert {record.action for record in mdk.registry().history("flights").items} == {"register"}


def test_what_was_shown_is_what_is_changed() -> None:
    def somebody_else() -> None:
        mdk.registry().publish("flights/1.0.1", environment="dev", reason="faster")

    with pytest.raises(StaleError):
        call(["registry", "publish", "flights/1.0.0", "dev"], Face(meanwhile=somebody_else))
    assert mdk.registry().champion("flights", environment="dev").version.version == "1.0.1"


def test_the_policy_is_held_before_anything_is_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "policy.yaml").write_text(
        "gates:\n"
        "  - {name: better, kind: metric, expression: auc > champion}\n"
        "  - {name: carded, kind: card, waivable: true}\n"
    )
    assert "auc > champion" in said("registry", "policy", "dev", "--set", "policy.yaml")
    face = Face()
    with pytest.raises(RefusedError) as caught:
        call(["promote", "flights/1.0.1", "dev"], face)
    assert face.asked == [] and "carded" in str(caught.value)
    out = capsys.readouterr().out
    assert "✓ passed" in out and "✕ failed" in out
    said("promote", "flights/1.0.1", "dev", "--waive", "carded=a demo")
    with pytest.raises(RefusedError, match="better"):
        call(["promote", "flights/1.0.0", "dev", "--waive", "carded=a demo"], face)
    assert "--break-glass" not in said("registry", "show", "flights")
    said("registry", "publish", "flights/1.0.0", "dev", "--break-glass", "the new one fails")
    assert mdk.registry().champion("flights", environment="dev").version.version == "1.0.0"

    (folder / "policy.yaml").write_text("gates: [{name: better, kind: wish}]\n")
    with pytest.raises(UsageError, match=r"gates\.0\.kind"):
        call(["registry", "policy", "dev", "--set", "policy.yaml"], Face())


def test_json_is_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    said("promote", "flights/1.0.1", "dev")
    assert as_json(capsys, "registry", "list")["items"][0]["champions"] == {"dev": "1.0.1"}
    assert as_json(capsys, "registry", "show", "flights")["model"]["versions"] == 2
    assert as_json(capsys, "registry", "show", "flights@champion", "--env", "dev")["version"] == "1.0.1"
    assert len(as_json(capsys, "registry", "versions", "flights")["items"]) == 2
    assert [v["version"] for v in as_json(capsys, "registry", "search", "auc > 0.75", "flig")["items"]] == ["1.0.1"]
    assert as_json(capsys, "registry", "history", "flights", "--env", "dev")["items"][0]["action"] == "publish"
    assert as_json(capsys, "registry", "compare", "flights/1.0.0", "flights/1.0.1")["metrics"]
    assert as_json(capsys, "registry", "lineage", "flights/1.0.1")["nodes"]
    assert as_json(capsys, "registry", "costs") == []
    assert as_json(capsys, "registry", "policy", "prod")["after"] == "stage"
    only = as_json(capsys, "registry", "policy", "prod", "--changed-by", "ci", "--changed-by", "ops")
    assert (only["changed_by"], only["after"]) == (["ci", "ops"], "stage")
    assert "changed by   ci, ops" in said("registry", "policy", "prod")
    assert as_json(capsys, "registry", "policy", "prod", "--changed-by", "")["changed_by"] == []
    assert as_json(capsys, "registry", "verify")["breaks"] == []
    proposal = as_json(capsys, "promote", "flights/1.0.0", "dev", "--plan")
    assert proposal["plan"]["environments"][0]["models"][0]["differences"][0]["before"] == "1.0.1"
    assert (proposal["protected"], proposal["edit"], proposal["blocked"]) == (False, None, [])
    assert as_json(capsys, "registry", "promote", "flights/1.0.0", "dev", "--yes")["environment"] == "dev"
    challenged = as_json(capsys, "registry", "challengers", "flights", "dev", "1.0.0=10", "--yes")
    assert {p["version"]: p["percent"] for p in challenged["placements"] if p["percent"]} == {"1.0.0": 10}
    as_json(capsys, "registry", "challengers", "flights", "dev", "--yes")
    labelled = as_json(capsys, "registry", "annotate", "flights/1.0.0", "--label", "team=", "--label", "tier=gold")
    assert labelled["labels"] == {"tier": "gold"}
    assert as_json(capsys, "registry", "approve", "flights/1.0.0", "stage", "--yes")[0]["environment"] == "stage"
    assert as_json(capsys, "registry", "quarantine", "flights/1.0.0", "-m", "leak")["status"] == "quarantined"
    assert as_json(capsys, "registry", "quarantine", "flights/1.0.0", "-m", "no", "--lift")["status"] == "active"
    back = ("rollback", "flights", "dev", "--to", "1.0.1", "-m", "x", "--yes")
    assert as_json(capsys, "registry", *back)["changed"] is False
    assert as_json(capsys, "registry", "grant", "zoe", "viewer", "--project", "p")[0]["role"] == "viewer"
    assert len(as_json(capsys, "registry", "grant")) == 1
    assert as_json(capsys, "registry", "grant", "zoe", "viewer", "--project", "p", "--revoke") == []
    token = as_json(capsys, "registry", "token", "zoe", "--days", "1")[0]
    assert token["secret"] and as_json(capsys, "registry", "token", "--revoke", token["id"])[0]["revoked"]


def test_a_card_is_read_from_a_file(folder: Path) -> None:
    (folder / "card.md").write_text("# Flights\n")
    assert "# Flights" in said("registry", "annotate", "flights/1.0.0", "--card", "card.md")


def test_what_is_exported_can_be_imported_elsewhere(folder: Path) -> None:
    said("registry", "export", "-o", "all.jsonl")
    other = f"sqlite:///{folder / 'other.db'}"
    assert "2 versions" in said("registry", "--url", other, "import", "all.jsonl")
    assert "2 were there already" in said("registry", "--url", other, "import", "all.jsonl")
    assert "flights" in said("registry", "--url", other, "list")


def test_a_changed_history_is_found(folder: Path) -> None:
    database = sqlite3.connect(folder / ".mdk/registry.db")
    for (name,) in database.execute("select name from sqlite_master where type = 'trigger'").fetchall():
        database.execute(f'drop trigger "{name}"')
    table = next(
        name
        for (name,) in database.execute("select name from sqlite_master where type = 'table'")
        if {"actor", "hash"} <= {column[1] for column in database.execute(f'pragma table_info("{name}")')}
    )
    database.execute(f'update "{table}" set actor = ?', ("nobody",))
    database.commit()
    database.close()
    done = run(folder, "registry", "verify")
    assert done.returncode == 1 and "the history was changed" in done.stdout


def test_a_history_is_held_against_an_anchor(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said("registry", "annotate", "flights/1.0.0", "--note", "seen")
    call(["registry", "anchor", "anchor.jsonl"], Face())
    assert "compared with an anchor" in said("registry", "verify", "--anchor", "anchor.jsonl")
    identity = {f"GIT_{who}_{what}": "ada@x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for words in (("init", "-q"), ("commit", "-q", "--allow-empty", "-m", "x")):
        subprocess.run(["git", *words], check=True, env=os.environ | identity)
    monkeypatch.setenv("GIT_COMMITTER_NAME", "ada")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "ada@x")
    call(["registry", "anchor", "--tag", "."], Face())
    assert "anchored in the tag mdk-registry-anchor/" in capsys.readouterr().out
    assert "compared with an anchor" in said("registry", "verify", "--tag", ".")
    for wrong in (["anchor"], ["anchor", "f", "--tag", "."], ["anchor", "f", "--push", "origin"]):
        with pytest.raises(UsageError):
            call(["registry", *wrong], Face())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["registry", "show", "nothing"], "no model 'nothing'"),
        (["registry", "list", "--label", "x"], "not KEY=VALUE"),
        (["registry", "search", "--since", "yesterday"], "not a time"),
        (["registry", "challengers", "flights", "dev", "1.0.0=many"], "whole number"),
        (["registry", "grant", "zoe", "king"], "no role"),
        (["registry", "import"], "name a file"),
        (["registry", "search", "--champion-in", "P!"], "champion_in"),
        (["promote", "flights/1.0.0", "dev", "--waive", "auc=x"], "at least 3 characters"),
        (["promote", "flights/1.0.0"], "say where: --to prod"),
        (["promote", "flights/1.0.0", "1.0.1", "--to", "dev"], "names a version already"),
        (["promote", "flights@champion", "--to", "dev"], "by its number"),
        (["rollback", "flights", "-m", "x"], "say where: --env prod"),
        (["rollback", "flights", "dev", "-m", "x"], "no champion in dev"),
        (["registry", "frobnicate"], "No such command"),
    ],
)
def test_mistakes_are_explained(words: list[str], message: str) -> None:
    with pytest.raises(mdk.MDKError, match=message):
        call(words, Face())


def test_texts_of_others_do_no_harm() -> None:
    mdk.log_model("evil", {}, description="<script>alert(1)</script>", labels={"<b>": "\x1b[31mred\nx"})
    for words in (["registry", "show", "evil"], ["registry", "show", "evil/1.0.0"], ["registry", "list"]):
        sheet = call(words, Face())
        bundle = sheet._repr_mimebundle_()
        assert "<script>" not in bundle["text/html"] and "<b>=" not in bundle["text/html"]
        assert "\x1b" not in bundle["text/plain"]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mdk_jupyter.cli", *words]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_exit_codes_and_streams(folder: Path) -> None:
    done = run(folder, "registry")
    assert done.returncode == 0 and "flights" in done.stdout and not done.stderr
    done = run(folder, "promote", "flights/1.0.0", "dev")
    assert done.returncode == 2 and "MDK559" in done.stderr
    done = run(folder, "promote", "flights/1.0.0", "prod", "--yes")
    assert done.returncode == 1 and "MDK557" in done.stderr and "✕ failed" in done.stdout
    done = run(folder, "registry", "--url", "http://127.0.0.1:9", "list")
    assert done.returncode == 3 and "MDK550" in done.stderr
