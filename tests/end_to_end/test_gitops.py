"""The whole story of GitOps, with real git repositories and a real registry on PostgreSQL."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from gitops import FILE, Person, Team
from registries import artifact
from standin_server import until
from submitting import tagged, write_notebook

from mdk_jupyter.registry.domain import Gate, Policy
from mdk_jupyter.registry.errors import ForbiddenError

START = """\
# yaml-language-server: $schema=docs/operations.schema.json
apiVersion: mdk/v1
kind: Operations
environments:
  prod:   # what our customers see
    models: {}
"""
TRAIN = (
    ("parameters", "auc = 0.7"),
    ("component:train", "model = {'w': auc}"),
    (
        "component:register",
        "import mdk_jupyter as mdk\nversion = mdk.log_model('flights', model, version='1.0', metrics={'auc': auc}).version",
    ),
)


@pytest.fixture
def team(tmp_path: Path, new_postgres_database: Callable[[], str]) -> Iterator[Team]:
    made = Team(tmp_path, new_postgres_database(), START)
    yield made
    made.close()


def registered(team: Team, model: str, *scores: float) -> None:
    """Register versions 1.0.0, 1.0.1 … that have been champion in dev and stage."""
    registry = team.registry("trainer")
    for number, auc in enumerate(scores):
        version = registry.register(model, artifact=artifact(number), version="1.0", metrics={"auc": auc})
        for environment in ("dev", "stage"):
            registry.publish(version.reference, environment=environment)


def proposed(person: Person, *words: str) -> str:
    """Propose something from the newest main branch, push the branch, and return its name."""
    said = person.mdk(*words, "--yes", "--json")
    assert said.code == 0, said.err
    branch = str(said.json["branch"])
    assert said.json["protected"] and not said.json["applied"] and said.json["commit"]
    person.git("push", "-q", "origin", branch)
    return branch


def history(team: Team, model: str = "flights") -> list[str]:
    return [record.action for record in team.registry().history(model, limit=200).items]


def test_the_whole_story(team: Team) -> None:
    ada, bob, ci = team.ada, team.bob, team.ci

    # Three versions are trained by a pipeline, and go through dev and stage, which are not protected.
    write_notebook(ada.folder / "train.ipynb", tagged(*TRAIN))
    for auc in (0.7, 0.8, 0.9):
        assert ada.mdk("run", "local", "train.ipynb", "-p", f"auc={auc}").code == 0
    for version in ("1.0.0", "1.0.1", "1.0.2"):
        for environment in ("dev", "stage"):
            said = ada.mdk("promote", "flights", version, "--to", environment, "-m", "tried", "--yes")
            assert said.code == 0, said.err
            assert f"★ {environment} {version}" in said.out
    gate = Gate(name="good", kind="metric", expression="auc >= 0.6")
    team.registry().set_policy(
        Policy(environment="prod", after="stage", promoted=True, approvals=1, separation=True, gates=(gate,))
    )

    # A pull request: the main branch and the working copy stay, the plan says what is missing.
    (ada.folder / "scratch.txt").write_text("unfinished")
    first = proposed(ada, "promote", "flights", "1.0.0", "--to", "prod", "-m", "the first one")
    assert ada.git("branch", "--show-current") == "main" and ada.text == START
    assert ada.git("status", "--porcelain", "--", FILE) == ""
    assert ada.git("log", "-1", "--format=%an %s%n%b", first) == "ada Promote flights 1.0.0 to prod\nthe first one"
    bob.git("fetch", "-q")
    bob.git("checkout", "-q", first)
    comment = bob.mdk("ops", "plan", "--format", "markdown")
    assert comment.code == 2
    assert comment.out.startswith("<!-- mdk ops plan -->\n### 1 change in prod")
    assert "| champion | none | 1.0.0 |" in comment.out and "trained by: ada" in comment.out
    assert "❌ failed | 0 of 1 agreed" in comment.out and "cannot be applied yet" in comment.out
    assert "notebook train.ipynb" in comment.out and "✅ passed | it was champion in stage" in comment.out
    blocked = bob.plan()
    refused = bob.mdk("ops", "apply", "--plan", blocked)
    assert refused.code == 1 and "MDK613" in refused.err
    assert team.registry().observe("prod", names=["flights"])[0].champion is None
    assert bob.mdk("registry", "approve", "flights/1.0.0", "prod", "-m", "looks good", "--yes").code == 0
    wanted = bob.plan()
    assert wanted != blocked, "an answer of a gate is part of the plan"

    # Merged and applied, twice: the second time nothing is sent.
    team.merge(first)
    assert ci.plan() == wanted, "the same plan from another clone"
    applied = ci.mdk("ops", "apply", "--plan", wanted, "--report", "report.json")
    assert applied.code == 0, applied.err
    report = json.loads((ci.folder / "report.json").read_text())
    assert report["environments"][0]["state"] == "applied"
    assert report["environments"][0]["models"][0]["champion"] == "1.0.0"
    before = history(team)
    again = ci.mdk("ops", "apply", "--plan", wanted)
    assert again.code == 0 and "was applied before" in again.out
    assert history(team) == before
    assert ci.mdk("ops", "plan").code == 0
    record = team.registry().history("flights", environment="prod", limit=1).items[0]
    assert (record.actor, record.data["serial"], record.data["commit"]) == ("ci", 1, ci.git("rev-parse", "HEAD"))

    # Two pull requests compete. The second one is refused, with its line, and planned again.
    for version in ("1.0.1", "1.0.2"):
        assert bob.mdk("registry", "approve", f"flights/{version}", "prod", "--yes").code == 0
    ours = proposed(ada, "promote", "flights", "1.0.1", "--to", "prod", "-m", "better")
    bob.git("checkout", "-q", "main")
    theirs = proposed(bob, "promote", "flights@latest", "--to", "prod", "-m", "best")
    bob.git("checkout", "-q", theirs)
    stale = bob.plan()
    team.merge(ours)
    assert ci.mdk("ops", "apply", "--plan", ci.plan()).code == 0
    assert team.champion("flights", "prod") == "1.0.1"
    team.merge(theirs, "-X", "theirs")
    refused = ci.mdk("ops", "apply", "--plan", stale)
    assert refused.code == 1 and "MDK610" in refused.err and "write serial: 3" in refused.err
    assert FILE in refused.err and "serial: 2" in refused.err
    assert team.champion("flights", "prod") == "1.0.1"
    ci.write(ci.text.replace("serial: 2", "serial: 3"), "the next serial")
    moved = ci.mdk("ops", "apply", "--plan", stale)
    assert moved.code == 1 and "MDK612" in moved.err and "plan` again" in moved.err
    assert ci.mdk("ops", "apply", "--plan", ci.plan()).code == 0
    assert team.champion("flights", "prod") == "1.0.2"
    ci.git("push", "-q", "origin", "main")

    # Back, in one step; and once more goes further back, not to the bad one.
    back = proposed(ada, "rollback", "flights", "--env", "prod", "-m", "false alarms")
    team.merge(back)
    assert ci.mdk("ops", "apply", "--plan", ci.plan()).code == 0
    assert team.champion("flights", "prod") == "1.0.1"
    assert team.registry().version("flights/1.0.2").status == "quarantined"
    assert "quarantined: {1.0.2: false alarms}" in ci.text and "# what our customers see" in ci.text
    further = proposed(ada, "rollback", "flights", "--env", "prod", "-m", "this one too")
    assert "champion: 1.0.0" in ada.git("show", f"{further}:{FILE}")

    # Somebody changes it by hand. Drift says who, and its patch brings the file up to date.
    assert ci.mdk("ops", "drift").code == 0
    team.registry("eve").rollback("flights", environment="prod", reason="the night shift decided", quarantine=False)
    drift = ci.mdk("ops", "drift", "--patch", "drift.patch", "--format", "json")
    assert drift.code == 2
    (found,) = drift.json["models"]
    assert [(one["name"], one["before"], one["after"]) for one in found["differences"]] == [
        ("champion", "1.0.1", "1.0.0")
    ]
    assert [(one["actor"], one["action"]) for one in found["records"]] == [("eve", "rollback")]
    assert "the night shift decided" in ci.mdk("ops", "drift").out
    plan = ci.mdk("ops", "plan", "--format", "markdown")
    assert plan.code == 2 and "overwritten" in plan.out and "eve" in plan.out
    ci.git("apply", "drift.patch")
    assert "champion: 1.0.0" in ci.text and "the night shift decided (eve, " in ci.text
    (ci.folder / "drift.patch").unlink()
    ci.write(ci.text, "as it is")
    assert ci.mdk("ops", "apply", "--plan", ci.plan()).code == 0
    assert ci.mdk("ops", "drift").code == 0 and ci.mdk("ops", "plan").code == 0
    assert team.champion("flights", "prod") == "1.0.0"

    # The way by hand is closed. By a pull request it goes on as before.
    rules = team.registry().policy("prod")
    team.registry().set_policy(rules.model_copy(update={"changed_by": ("ci",)}))
    with pytest.raises(ForbiddenError):
        team.registry("eve").rollback("flights", environment="prod", to="1.0.1", reason="once more")
    refused = bob.mdk("registry", "publish", "flights/1.0.1", "prod", "--yes")
    assert refused.code == 1 and "MDK531" in refused.err and "`mdk promote`" in refused.err
    ci.git("push", "-q", "origin", "main")
    bob.git("checkout", "-q", "main")
    team.merge(proposed(bob, "promote", "flights", "1.0.1", "--to", "prod", "-m", "it was not that"))
    assert ci.mdk("ops", "apply", "--plan", ci.plan()).code == 0
    assert team.champion("flights", "prod") == "1.0.1"

    # The history tells all of it, and is whole.
    assert team.registry().verify().whole
    assert history(team).count("apply") == 6


def test_a_broken_file_changes_nothing(team: Team) -> None:
    registered(team, "flights", 0.7)
    good = START.replace("{}", "\n      flights: {champion: 1.0.0, serial: 1}")
    for wrong, code, said in (
        (good.replace("champion", "champoin"), "MDK605", 'did you mean "champion"?'),
        (good.replace("flights", "flihgts"), "MDK614", 'did you mean "flights"?'),
        (good.replace("1.0.0", "1.0.7"), "MDK615", "no version flights/1.0.7"),
        (good.replace("1.0.0", "latest"), "MDK611", "mdk ops pin"),
        (good.replace("{champion", "champion"), "MDK601", "not YAML"),
        (good.replace("prod:", "production:"), "MDK605", "no such environment"),
    ):
        team.ci.write(wrong)
        for words in (("ops", "plan"), ("ops", "apply", "--plan", "0" * 16)):
            refused = team.ci.mdk(*words)
            assert refused.code == 1, refused.out
            assert code in refused.err and said in refused.err and "line" in refused.err
    assert team.ci.mdk("ops", "plan", "--fromat", "json").code == 1, "2 would say that there are changes"
    team.ci.write(good.replace("1.0.0", "latest"))
    assert team.ci.mdk("ops", "pin", "--check").code == 2
    assert team.ci.mdk("ops", "pin").code == 0 and team.ci.text == good
    assert team.ci.mdk("ops", "pin", "--check").code == 0
    assert "apply" not in history(team)


BOTH = """\
apiVersion: mdk/v1
kind: Operations
environments:
  stage:
    models:
      flights: {champion: 1.0.1, serial: 1}
  prod:
    models:
      taxis: {champion: 1.0.1, challengers: {1.0.0: 10}, labels: {tier: gold}, serial: 1, reason: all of it}
"""


class Lock:
    """Holds the lock of a model, so that whoever writes to it waits."""

    def __init__(self, team: Team, model: str) -> None:
        url = team.url.replace("postgresql+psycopg:", "postgresql:")
        self._holding, self._watching = psycopg.connect(url), psycopg.connect(url, autocommit=True)
        self._holding.execute("SELECT 1 FROM chains WHERE name = %s FOR UPDATE", [model])

    def waiting(self) -> int:
        """Return how many connections to this database wait for a lock."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        row = self._watching.execute(query).fetchone()
        assert row is not None
        return int(row[0])

    def release(self) -> None:
        self._holding.close()
        self._watching.close()


def test_an_apply_that_was_killed_half_way_goes_on(team: Team) -> None:
    registered(team, "flights", 0.7, 0.8)
    registered(team, "taxis", 0.7, 0.8)
    team.registry().publish("flights/1.0.0", environment="stage")
    team.ci.write(BOTH)
    wanted = team.ci.plan()
    lock = Lock(team, "taxis")
    apply = team.ci.start("ops", "apply", "--plan", wanted)
    until(lock.waiting)
    assert team.champion("flights", "stage") == "1.0.1", "the first environment is done"
    apply.send_signal(signal.SIGKILL)
    apply.communicate()
    lock.release()
    assert team.registry().observe("prod", names=["taxis"])[0].champion is None, "nothing of the second one"
    stage = history(team, "flights")
    report = team.ci.mdk("ops", "apply", "--plan", wanted, "--format", "json")
    assert report.code == 0, report.err
    assert [(one["environment"], one["state"]) for one in report.json["environments"]] == [
        ("stage", "already"),
        ("prod", "applied"),
    ]
    assert history(team, "flights") == stage
    (standing,) = team.registry().observe("prod", names=["taxis"])
    assert (standing.champion, standing.challengers, standing.labels) == ("1.0.1", {"1.0.0": 10}, {"tier": "gold"})
    done = team.ci.mdk("ops", "apply", "--plan", wanted, "--format", "json")
    assert {one["state"] for one in done.json["environments"]} == {"already"}


def test_of_two_at_once_one_wins_and_the_other_plans_again(team: Team) -> None:
    registered(team, "flights", 0.7, 0.8)
    entry = START.replace("{}", "\n      flights: {{champion: {}, serial: 1}}")
    plans = {}
    for person, version in ((team.ada, "1.0.0"), (team.bob, "1.0.1")):
        person.write(entry.format(version))
        plans[person] = person.plan()
    lock = Lock(team, "flights")
    running = {person: person.start("ops", "apply", "--plan", wanted) for person, wanted in plans.items()}
    until(lambda: lock.waiting() == 2)
    lock.release()
    ended = {person: (*process.communicate(), process.returncode) for person, process in running.items()}
    codes = {person.name: code for person, (_, _, code) in ended.items()}
    assert sorted(codes.values()) == [0, 1], ended
    winner = next(person for person in plans if codes[person.name] == 0)
    loser = next(person for person in plans if codes[person.name] == 1)
    assert "MDK510" in ended[loser][0] and "plan` again" in ended[loser][0]
    assert team.champion("flights", "prod") == {"ada": "1.0.0", "bob": "1.0.1"}[winner.name]
    assert history(team).count("apply") == 1
    again = loser.mdk("ops", "plan")
    assert again.code == 1 and "MDK610" in again.err
    loser.write(loser.text.replace("serial: 1", "serial: 2"))
    assert loser.mdk("ops", "apply", "--plan", loser.plan()).code == 0
    assert history(team).count("apply") == 2 and team.registry().verify().whole


OLD = """\
metadata: {config_version: "1", description: platform, author: ada}
environments:
  main:
    api_settings:
      expanded_model_registry_endpoint: https://registry.example.org
      project_id: p
      region: europe-west3
      deployment_environment: prod
    operations:
"""
OPERATIONS = {
    "publish_primary": """\
      - type: publish_primary
        target: {vertex_ai_model_resource_name: projects/1/locations/l/models/2, vertex_ai_model_version_id: 3}
        champion_status: {publish_status: champion, deployment_status: {inference_type: batch-inference}}
        demoted_status: {publish_status: challenger, deployment_status: {traffic_split_percentage: 20}}
""",
    "rollback_primary": """\
      - type: rollback_primary
        target: {model_name: churn, model_inference_reference: latest}
        demoted_status: {publish_status: archived}
""",
    "update_deployment_status": """\
      - type: update_deployment_status
        target: {model_name: churn, model_inference_reference: 1.0.1}
        updated_status: {publish_status: challenger, deployment_status: {status: active, traffic_split_percentage: 15}}
""",
}
AFTER = {
    "publish_primary": ("1.0.2", {"1.0.1": 20}, {"publish", "promote", "set_challengers", "report"}),
    "rollback_primary": ("1.0.0", {}, {"rollback", "quarantine"}),
    "update_deployment_status": ("1.0.0", {"1.0.1": 15}, {"set_challengers", "report"}),
}


@pytest.mark.parametrize("kind", OPERATIONS)
def test_an_operation_of_the_old_format_merged_three_times_acts_once(team: Team, kind: str) -> None:
    registry = team.registry()
    for number in range(3):
        vertex = "projects/1/locations/l/models/2@3" if number == 2 else None
        version = registry.register("churn", artifact=artifact(number), version="1.0", vertex_model=vertex)
        for environment in ("dev", "stage"):
            registry.publish(version.reference, environment=environment)
    for number in range(2):
        registry.promote(f"churn/1.0.{number}", to="prod")
    registry.publish("churn/1.0.0", environment="prod")
    if kind != "update_deployment_status":
        registry.publish("churn/1.0.1", environment="prod")
    before = history(team, "churn")
    champion, challengers, actions = AFTER[kind]
    comment = ""
    for merge in range(3):
        comment += f"# merged for the {merge + 1}. time\n"
        team.ci.write(comment + OLD + OPERATIONS[kind])
        plan = team.ci.mdk("ops", "plan", "--format", "json")
        assert plan.code == (2 if merge == 0 else 0), plan.err
        for _ in range(2):
            assert team.ci.mdk("ops", "apply", "--plan", plan.json["hash"]).code == 0
        (standing,) = registry.observe("prod", names=["churn"])
        assert (standing.champion, standing.challengers) == (champion, challengers)
    now = history(team, "churn")
    added = now[: len(now) - len(before)]
    assert set(added) == {*actions, "apply"} and added.count("apply") == 1
    if kind == "rollback_primary":  # another name is another operation: it would go further back, if there were more
        team.ci.write(OLD + OPERATIONS[kind].replace("target", "name: once more\n        target"))
        refused = team.ci.mdk("ops", "plan")
        assert refused.code == 1 and "no earlier champion" in refused.err
