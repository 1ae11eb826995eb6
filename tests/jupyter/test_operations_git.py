"""Proposals: a commit beside the working copy, pushed and opened where that can be; and the notebook's and server's face."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from gitops import FILE, Person, Team
from registries import artifact

from mdk_jupyter.cli import call
from mdk_jupyter.cli.terminal import Terminal
from mdk_jupyter.operations import carry_out, propose_challengers, propose_promotion, propose_rollback
from mdk_jupyter.operations.errors import OperationsError
from mdk_jupyter.registry.errors import ConflictError, InvalidError, NotFoundError, RefusedError, StaleError

START = "apiVersion: mdk/v1\nkind: Operations\nenvironments:\n  prod:\n    models: {}   # none yet\n"
GH = """#!/bin/sh
printf '%s\\n' "$@" > "$GH_LOG"
cat > "$GH_LOG.body"
[ -z "$GH_FAILS" ] || { echo "not logged in" >&2; exit 4; }
echo https://github.example.org/travel/pull/7
"""


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    made = Team(tmp_path / "team", f"sqlite:///{tmp_path / 'registry.db'}", START)
    registry = made.registry()
    for number in range(3):
        registry.register("flights", artifact=artifact(number), version="1.0", metrics={"auc": 0.7 + number / 10})
        for environment in ("dev", "stage"):
            registry.publish(f"flights/1.0.{number}", environment=environment)
    monkeypatch.chdir(made.ada.folder)
    for name, value in made.ada.environ.items():
        monkeypatch.setenv(name, value)
    yield made
    made.close()


def with_gh(team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install something that stands where `gh` would."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "gh").write_text(GH)
    (tools / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GH_LOG", str(tmp_path / "gh.log"))
    return tmp_path / "gh.log"


def test_the_branch_is_pushed_and_the_pull_request_opened_where_gh_is(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = with_gh(team, tmp_path, monkeypatch)
    said = team.ada.mdk("promote", "flights", "1.0.0", "--to", "prod", "-m", "first; $(rm -rf /)", "--yes", "--json")
    assert said.code == 0, said.err
    assert (said.json["pushed"], said.json["url"]) == (True, "https://github.example.org/travel/pull/7")
    words = log.read_text().splitlines()
    branch = "mdk/promote-flights-1.0.0-prod"
    assert words == ["pr", "create", "--title", "Promote flights 1.0.0 to prod", "--body-file", "-", "--base", "main",
                     "--head", branch]  # fmt: skip
    assert "| champion | none | 1.0.0 |" in (log.parent / "gh.log.body").read_text()
    assert team.bob.git("ls-remote", "--heads", "origin", branch).endswith(branch)

    again = team.ada.mdk("promote", "flights", "1.0.0", "--to", "prod", "--no-open", "--yes", "--json")
    assert again.json["branch"] == f"{branch}-2" and not again.json["pushed"]
    monkeypatch.setenv("GH_FAILS", "1")
    failed = team.ada.mdk("promote", "flights", "1.0.1", "--to", "prod", "--branch", "try/it", "--yes", "--json")
    assert failed.code == 0 and failed.json["pushed"] and failed.json["url"] is None
    assert "MDK623" in failed.json["next_steps"][0] and "not logged in" in failed.json["next_steps"][0]
    assert failed.json["branch"] == "try/it"


def test_nothing_of_the_working_copy_is_touched(team: Team) -> None:
    (team.ada.folder / FILE).write_text("this is: being edited\n")
    (team.ada.folder / "new.txt").write_text("staged")
    team.ada.git("add", "new.txt")
    before = team.ada.git("status", "--porcelain")
    done = carry_out(propose_promotion("flights", "1.0.0", to="prod", reason="first"))
    assert team.ada.git("status", "--porcelain") == before
    assert done.commit is not None and done.proposal.branch is not None and not done.applied
    assert team.ada.git("show", "--stat", "--format=", done.commit).split()[0] == FILE
    assert team.ada.git("rev-parse", f"{done.commit}^") == team.ada.git("rev-parse", "origin/main")
    assert "models:   # none yet" in team.ada.git("show", f"{done.commit}:{FILE}")
    assert json.loads(json.dumps(done.to_json()))["pull_request"]["base"] == "main"


def test_a_proposal_starts_from_what_the_remote_has_by_now(team: Team) -> None:
    first = propose_promotion("flights", "1.0.0", to="prod", reason="first")
    team.bob.write(START.replace("# none yet", "# still none"), "a remark")
    team.bob.git("push", "-q")
    second = propose_promotion("flights", "1.0.0", to="prod")
    assert first.edit is not None and second.edit is not None
    assert "still none" in second.edit.after and "still none" not in first.edit.after
    team.ada.git("remote", "set-url", "origin", str(team.ada.folder / "gone"))
    third = propose_promotion("flights", "1.0.0", to="prod")
    assert "could not be reached" in third.notes[0] and third.edit == second.edit


def test_a_project_below_the_root_of_its_repository(team: Team) -> None:
    below = team.ada.folder / "models" / "travel"
    below.mkdir(parents=True)
    for name in (FILE, "mdk.yaml"):
        (team.ada.folder / name).rename(below / name)
    team.ada.git("add", "-A")
    team.ada.git("commit", "-q", "-m", "move")
    team.ada.git("push", "-q", "origin", "main")
    proposal = propose_promotion("flights", "1.0.0", to="prod", folder=below)
    assert proposal.edit is not None and proposal.edit.file == f"models/travel/{FILE}"
    assert proposal.edit.diff.startswith(f"diff --git a/models/travel/{FILE}")
    carry_out(proposal)
    registry = team.registry()
    registry.promote("flights/1.0.1", to="prod")
    registry.publish("flights/1.0.1", environment="prod", reason="by hand")
    person = Person("ada", below)
    assert person.mdk("ops", "drift", "--patch", "drift.patch").code == 2
    team.ada.git("apply", "models/travel/drift.patch")
    assert "champion: 1.0.1" in (below / FILE).read_text()


def test_what_cannot_be_proposed(team: Team, tmp_path: Path) -> None:
    def refused(kind: type[Exception], code: str, *words: str, **named: Any) -> None:
        propose = propose_rollback if "environment" in named else propose_promotion
        with pytest.raises(kind, match=code):
            propose(*words, **named)

    refused(NotFoundError, "MDK500", "flihgts", "1.0.0", to="prod")
    refused(NotFoundError, "MDK501", "flights", "1.0.9", to="prod")
    refused(NotFoundError, "MDK502", "flights", environment="prod", reason="x")
    refused(ConflictError, "MDK516", "flights", environment="dev", reason="x", to="2.0.0")
    refused(OperationsError, "MDK624", "flights", "1.0.2", to="dev")
    team.bob.write(START.replace("{}", "\n      flights: {champion: 1.0.0, serial: 1}"))
    team.bob.git("push", "-q")
    refused(OperationsError, "MDK624", "flights", "1.0.0", to="prod")
    team.bob.write("environments: {dev: {operations: []}}")
    team.bob.git("push", "-q")
    refused(OperationsError, "MDK630", "flights", "1.0.0", to="prod")
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "mdk.yaml").write_text("name: alone\nenvironments: {prod: {protected: true}}\n")
    refused(OperationsError, "MDK620", "flights", "1.0.0", to="prod", folder=alone, registry=team.registry())
    Person("ada", alone).git("init", "-q")
    refused(OperationsError, "MDK621", "flights", "1.0.0", to="prod", folder=alone, registry=team.registry())


def test_an_unprotected_environment_changes_at_once(team: Team) -> None:
    (team.ada.folder / "mdk.yaml").write_text(
        json.dumps({"name": "travel", "registry": {"url": team.url}, "environments": {"prod": {"protected": False}}})
    )
    proposal = propose_promotion("flights", "1.0.0", to="prod", reason="first")
    assert not proposal.protected and proposal.edit is None and proposal.revision == 0
    stale = propose_promotion("flights", "1.0.1", to="prod")
    done = carry_out(proposal)
    assert done.applied and done.outcome is not None and done.outcome.changes[0].champion == "1.0.0"
    assert team.champion("flights", "prod") == "1.0.0"
    with pytest.raises(StaleError):
        carry_out(stale)
    actions = [record.action for record in team.registry().history("flights", environment="prod").items]
    assert actions == ["publish", "promote"], "no file was applied"
    carry_out(propose_promotion("flights", "1.0.1", to="prod"))
    back = carry_out(propose_rollback("flights", environment="prod", reason="worse"))
    assert back.applied and team.champion("flights", "prod") == "1.0.0"
    assert team.registry().version("flights/1.0.1").status == "quarantined"
    with pytest.raises(ConflictError, match="MDK514"):
        propose_rollback("flights", environment="prod", reason="once more")
    with pytest.raises(RefusedError) as caught:
        carry_out(propose_promotion("flights", "1.0.1", to="prod"))
    assert caught.value.code == "MDK557" and "quarantined" in str(caught.value)


def test_what_goes_past_the_file_says_so(team: Team) -> None:
    class Asked(Terminal):
        questions: ClassVar[list[str]] = []

        def confirm(self, question: str) -> bool:
            self.questions.append(question)
            return False

    registry = team.registry()
    registry.promote("flights/1.0.0", to="prod")
    registry.publish("flights/1.0.0", environment="prod")
    for words in (
        ("publish", "flights/1.0.1", "prod"),
        ("rollback", "flights", "prod", "-m", "x"),
        ("challengers", "flights", "prod", "1.0.1=5"),
        ("publish", "flights/1.0.1", "dev"),
    ):
        with pytest.raises((KeyboardInterrupt, RefusedError)):
            call(["registry", *words], Asked())
    assert ["goes past operations.yaml" in question for question in Asked.questions] == [True, True, False]


def test_a_rollback_writes_what_keeps_the_bad_version_away(team: Team) -> None:
    team.bob.write(
        START.replace("{}", "\n      flights: {champion: 1.0.1, challengers: {1.0.0: 5, 1.0.2: 5}, serial: 4}")
    )
    team.bob.git("push", "-q")
    registry = team.registry()
    for number in range(2):
        registry.promote(f"flights/1.0.{number}", to="prod")
        registry.publish(f"flights/1.0.{number}", environment="prod")
    proposal = propose_rollback("flights", environment="prod", reason="false alarms")
    assert proposal.edit is not None
    assert (
        "flights: {champion: 1.0.0, challengers: {1.0.2: 5}, serial: 5, reason: false alarms, "
        "quarantined: {1.0.1: false alarms}}" in proposal.edit.after
    )
    (planned,) = proposal.plan.models
    assert planned.rollback and not proposal.blocked
    kept = propose_rollback("flights", environment="prod", reason="x", quarantine=False)
    assert kept.edit is not None and "quarantined" not in kept.edit.after


def test_challengers_are_proposed_as_a_promotion_is(team: Team) -> None:
    registry = team.registry()
    with pytest.raises(NotFoundError, match="MDK502"):
        propose_challengers("flights", {"1.0.1": 10}, environment="prod")
    registry.promote("flights/1.0.0", to="prod")
    registry.publish("flights/1.0.0", environment="prod")
    said = team.ada.mdk(
        "challengers", "flights", "1.0.1=10", "latest=5", "--env", "prod", "-m", "a few", "-y", "--json"
    )
    assert said.code == 0, said.err
    proposed = said.json
    assert proposed["branch"] == "mdk/challenge-flights-prod" and proposed["commit"] and not proposed["applied"]
    assert "Challengers of flights in prod: 1.0.1 10 %, 1.0.2 5 %" in proposed["pull_request"]["title"]
    assert "| challengers | none | 1.0.1 10 %, 1.0.2 5 % |" in proposed["markdown"].replace("\\", "")
    edited = team.ada.git("show", f"{proposed['commit']}:{FILE}")
    assert "models:   # none yet" in edited and "challengers: {1.0.1: 10, 1.0.2: 5}" in edited
    assert not registry.deployments("flights")[-1].placements[1:], "nothing has changed yet"

    team.ada.git("push", "-q", "origin", f"{proposed['commit']}:main")
    team.ci.git("pull", "-q")
    assert team.ci.mdk("ops", "apply", "--plan", team.ci.plan()).code == 0
    shares = {one.version: one.percent for one in registry.deployments("flights")[-1].placements if one.percent}
    assert shares == {"1.0.1": 10, "1.0.2": 5}
    with pytest.raises(OperationsError, match="MDK624"):
        propose_challengers("flights", {"1.0.2": 5, "1.0.1": 10}, environment="prod")
    ended = propose_challengers("flights", {}, environment="prod")
    assert ended.edit is not None and "challengers" not in ended.edit.after and "serial: 2" in ended.edit.after


def test_challengers_of_an_unprotected_environment_change_at_once(team: Team) -> None:
    before = team.registry().deployments("flights")[0]
    proposal = propose_challengers("flights", {"1.0.0": 20, "1.0.1": 30}, environment="dev", reason="try")
    assert not proposal.protected and proposal.edit is None and proposal.version == before.champion == "1.0.2"
    said = team.ada.mdk("challengers", "flights", "1.0.0=20%", "--env", "dev", "--plan")
    assert "none → 1.0.0 20 %" in said.out
    done = carry_out(proposal)
    assert done.applied and done.outcome is not None and done.outcome.changes[0].revision == before.revision + 1
    record = team.registry().history("flights", environment="dev").items[0]
    assert (record.action, record.data["reason"]) == ("set_challengers", "try")
    with pytest.raises(StaleError):
        carry_out(proposal)
    for shares, code in (
        ({"1.0.0": 60, "1.0.1": 41}, "MDK544"),
        ({"1.0.0": -1}, "MDK544"),
        ({"1.0.2": 10}, "MDK544"),
        ({"1.0.9": 10}, "MDK501"),
        ({"1.0.0": 20, "1.0.1": 30}, "MDK624"),
    ):
        with pytest.raises((InvalidError, NotFoundError, OperationsError), match=code):
            propose_challengers("flights", shares, environment="dev")
    team.registry().quarantine("flights/1.0.1", reason="wrong data")
    with pytest.raises(RefusedError, match=r"cannot be challenged so: flights/1\.0\.1 is quarantined: wrong data"):
        carry_out(propose_challengers("flights", {"1.0.1": 10}, environment="dev"))
    assert team.ada.mdk("challengers", "flights", "1.0.0=x", "--env", "dev").code == 2
    assert team.ada.mdk("challengers", "flights").code == 2
