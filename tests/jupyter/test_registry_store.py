"""What the registry keeps of versions and champions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from registries import ADA, BOB, EVE, ROOT, VIC, artifact, bring_to_prod, fill, person, whole_history
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from mdk_jupyter.registry import audit
from mdk_jupyter.registry.changes import Change, Crowning, Origin
from mdk_jupyter.registry.domain import (
    Cost,
    Dataset,
    GitState,
    NotebookState,
    Place,
    Policy,
    Provenance,
    Role,
    RunRef,
    Search,
    Waiver,
)
from mdk_jupyter.registry.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RefusedError,
    StaleError,
)
from mdk_jupyter.registry.service import Registry

# Versions


def test_a_version_comes_back_as_it_was_given(registry: Registry) -> None:
    provenance = Provenance(
        trained_by="grace",
        git=GitState(url="https://host/repo", commit="c" * 40, branch="main", dirty=True),
        notebook=NotebookState(path="flights.ipynb", sha256="a" * 64),
        run=RunRef(id="r1", pipeline="flights", target="local"),
    )
    given: dict[str, Any] = {
        "artifact": artifact(7),
        "metrics": {"auc": 0.5, "n": 3, "kind": "tree", "ok": True},
        "parameters": {"depth": 3, "nested": {"ä": [1, None, "x"]}},
        "provenance": provenance,
        "datasets": (Dataset(uri="gs://d/train", rows=10), Dataset(uri="gs://d/test", role="test")),
        "requirements": ("numpy==2.0.0",),
        "profile": {"age": {"edges": [0, 1.5], "counts": [3]}},
        "cost": Cost(amount=1.25, currency="EUR", cpu_seconds=60),
        "labels": {"team": "air", "cost-centre": "42"},
        "vertex_model": "projects/p/locations/l/models/7@3",
        "extra": {"ticket": "T-1"},
    }
    made = registry.register(ADA, "flights", description="late or not", project="air", owner="grace", **given)
    for field, value in given.items():
        assert getattr(made, field) == value, field
    assert (made.version, made.n, made.registered_by, made.project) == ("1.0.0", 1, "ada", "air")
    for reference in ("flights/1.0.0", "flights@latest", "models:/flights", "projects/p/locations/l/models/7"):
        assert registry.version(VIC, reference) == made
    model = registry.model(VIC, "flights")
    assert (model.owner, model.description, model.labels) == ("grace", "late or not", given["labels"])
    in_list = registry.versions(VIC, "flights").items[0]
    assert in_list == made.model_copy(update={"requirements": (), "profile": None})


def test_who_trained_is_who_registers_unless_it_is_said(registry: Registry) -> None:
    assert registry.register(ADA, "m", artifact=artifact()).provenance.trained_by == "ada"


def test_numbers_go_on_by_line(registry: Registry) -> None:
    numbers = [
        registry.register(ADA, "m", version=line, artifact=artifact()).version
        for line in (None, None, "1.1", "1.0", None, "2.0", None)
    ]
    assert numbers == ["1.0.0", "1.0.1", "1.1.0", "1.0.2", "1.0.3", "2.0.0", "2.0.1"]


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [
        ("my model", {}, "MDK549"),
        ("../m", {}, "MDK549"),
        ("m", {"version": "1.2.3"}, "MDK549"),
        ("m", {"metrics": {"auc": float("nan")}}, "MDK549"),
        ("m", {"labels": {"": "x"}}, "MDK549"),
        ("m", {"labels": {"team": "a\0b"}}, "MDK549"),
        ("m", {"metrics": {"a\0b": 1}}, "MDK549"),
        ("m", {"nonsense": 1}, "MDK549"),
        ("m", {"project": "another"}, "MDK547"),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(
    small: Registry, name: str, given: dict[str, Any], code: str
) -> None:
    small.register(ADA, "m", artifact=artifact(), project="mine")
    with pytest.raises(InvalidError) as caught:
        small.register(ADA, name, artifact=artifact(), **given)
    assert caught.value.code == code
    assert small.model(VIC, "m").versions == 1 and len(small.models(VIC).items) == 1
    assert small.register(ADA, "m", artifact=artifact()).version == "1.0.1", "a refusal costs no number"


def test_labels_card_and_notes_change_and_the_rest_does_not(registry: Registry) -> None:
    made = registry.register(ADA, "m", artifact=artifact(), labels={"team": "air", "old": "x"})
    changed = registry.annotate(ADA, "m@latest", labels={"team": "rail", "old": None}, card="# Card", note="seen")
    assert changed == made.model_copy(update={"labels": {"team": "rail"}, "card": "# Card"})
    assert registry.search(VIC, Search(labels={"team": "rail"})).items
    assert not registry.search(VIC, Search(labels={"old": "x"})).items
    assert whole_history(registry, "m")[-1].data["note"] == "seen"
    for statement in ("UPDATE versions SET body = '{}'", "DELETE FROM versions", "UPDATE versions SET patch = 9"):
        with pytest.raises(DBAPIError, match=r"immutable|archived"), registry.database.write() as connection:
            connection.execute(text(statement))


# Champions


def test_the_way_of_a_version_to_prod(registry: Registry) -> None:
    fill(registry, "flights", 2)
    reference = "flights/1.0.0"
    with pytest.raises(RefusedError) as refused:
        registry.promote(BOB, reference, to="prod")
    assert (
        refused.value.code == "MDK520" and next(gate.gate for gate in refused.value.gates if not gate.passed) == "after"
    )
    plan = registry.plan_promotion(VIC, reference, environment="prod")
    assert (plan.may_promote, plan.may_publish, plan.approvals_needed, plan.champion) == (False, False, 1, None)
    registry.publish(BOB, reference, environment="stage")
    assert registry.plan_promotion(VIC, reference, environment="prod").may_promote
    promotion = registry.promote(BOB, reference, to="prod", reason="ready")
    assert promotion.changed and registry.version(VIC, reference).places == {
        "stage": Place.CHAMPION,
        "prod": Place.STAGED,
    }
    with pytest.raises(RefusedError) as refused:
        registry.publish(BOB, reference, environment="prod")
    assert "approvals" in str(refused.value), "who asked for it does not agree with it"
    registry.approve(EVE, reference, environment="prod", comment="fine")
    plan = registry.plan_promotion(BOB, reference, environment="prod")
    assert plan.may_publish and [approval.actor for approval in plan.approvals] == ["eve"]
    champion = registry.publish(
        BOB, reference, environment="prod", endpoint="https://e", expected_revision=plan.revision
    )
    assert (champion.version.version, champion.endpoint, champion.actor) == ("1.0.0", "https://e", "bob")
    again = registry.publish(BOB, reference, environment="prod")
    assert not again.changed and again.revision == champion.revision
    assert registry.model(VIC, "flights").champions == {"stage": "1.0.0", "prod": "1.0.0"}
    assert registry.model(VIC, "flights").newest == "1.0.1"


def test_rolling_back_walks_back_and_never_toggles(registry: Registry) -> None:
    fill(registry, "flights", 3)
    for number in ("1.0.0", "1.0.1", "1.0.2"):
        bring_to_prod(registry, number)
    back = [registry.rollback(BOB, "flights", environment="prod", reason="bad").version.version for _ in range(2)]
    assert back == ["1.0.1", "1.0.0"]
    with pytest.raises(ConflictError) as caught:
        registry.rollback(BOB, "flights", environment="prod", reason="bad")
    assert caught.value.code == "MDK514"
    with pytest.raises(ConflictError) as caught:
        registry.publish(EVE, "flights/1.0.2", environment="prod")
    assert caught.value.code == "MDK512"
    assert "rolled back in prod: bad" in (registry.version(VIC, "flights/1.0.2").status_reason or "")
    registry.unquarantine(BOB, "flights/1.0.2", reason="mended")
    forward = registry.rollback(
        BOB, "flights", environment="prod", to="1.0.2", reason="it was not that", quarantine=False
    )
    assert forward.version.version == "1.0.2" and forward.previous == "1.0.0"


def test_the_champion_of_any_moment(registry: Registry) -> None:
    fill(registry, "flights", 3)
    times = []
    for number in range(3):
        times.append(registry.publish(BOB, f"flights/1.0.{number}", environment="stage").since)
    for number, since in enumerate(times):
        assert registry.champion(VIC, "flights", environment="stage", as_of=since).version.version == f"1.0.{number}"
    past = registry.champion(VIC, "flights", environment="stage", as_of=times[1])
    assert (past.since, past.until) == (times[1], times[2])
    assert registry.champion(VIC, "flights", environment="stage", as_of=datetime.now(UTC)).until is None
    with pytest.raises(NotFoundError) as caught:
        registry.champion(VIC, "flights", environment="stage", as_of=times[0] - timedelta(microseconds=1))
    assert caught.value.code == "MDK502"


def test_time_does_not_go_back_with_the_clock(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(registry, "flights", 2)
    first = registry.publish(BOB, "flights/1.0.0", environment="dev")
    monkeypatch.setattr(audit, "now", lambda: 1)
    second = registry.publish(BOB, "flights/1.0.1", environment="dev")
    assert second.since >= first.since
    moments = [record.at for record in whole_history(registry, "flights")]
    assert moments == sorted(moments) and registry.verify(VIC).whole


def test_an_environment_that_a_job_alone_changes(registry: Registry) -> None:
    """The policy names who applies the file of operations: nobody else changes champions or traffic."""
    ci = person("repo:ann/flights:environment:prod", Role.APPROVER)
    fill(registry, "flights", 3)
    for number in ("1.0.0", "1.0.1"):
        bring_to_prod(registry, number)
    rules = registry.policy(VIC, "prod").model_copy(update={"changed_by": (ci.name,), "approvals": 0})
    registry.set_policy(ROOT, rules)
    registry.publish(BOB, "flights/1.0.2", environment="stage")
    before = registry.deployments(VIC, "flights")
    for act in (
        lambda who: registry.promote(who, "flights/1.0.2", to="prod"),
        lambda who: registry.publish(who, "flights/1.0.0", environment="prod"),
        lambda who: registry.rollback(who, "flights", environment="prod", reason="bad"),
        lambda who: registry.set_challengers(who, "flights", environment="prod", challengers={"1.0.0": 5}),
        lambda who: registry.apply(
            who,
            [Change(model="flights", steps=(Crowning(version="1.0.0"),))],
            environment="prod",
            expected_revisions={"flights": before[-1].revision},
            origin=Origin(plan="ab" * 8, part="ab" * 8),
        ),
    ):
        with pytest.raises(ForbiddenError) as caught:
            act(EVE)
        assert caught.value.code == "MDK531" and ci.name in str(caught.value)
    assert registry.deployments(VIC, "flights") == before
    registry.approve(EVE, "flights/1.0.2", environment="prod")  # her other rights are as they were
    registry.set_challengers(ci, "flights", environment="prod", challengers={"1.0.0": 5})
    registry.promote(ci, "flights/1.0.2", to="prod")
    assert registry.publish(ci, "flights/1.0.2", environment="prod").changed
    registry.publish(EVE, "flights/1.0.1", environment="prod", break_glass="nobody can merge")
    record = whole_history(registry, "flights")[-1]
    assert (record.data["break_glass"], record.data["gates_broken"]) == ("nobody can merge", ["changed_by"])
    registry.set_policy(ROOT, rules.model_copy(update={"break_glass": False}))
    with pytest.raises(ForbiddenError):
        registry.publish(EVE, "flights/1.0.2", environment="prod", break_glass="again")


def test_glass_is_broken_with_a_reason_that_stays(registry: Registry) -> None:
    fill(registry, "flights", 1)
    registry.publish(BOB, "flights/1.0.0", environment="prod", break_glass="the site is down")
    record = whole_history(registry, "flights")[-1]
    assert record.data["break_glass"] == "the site is down"
    assert record.data["gates_broken"] == ["after", "promoted", "approvals"]
    assert registry.events(VIC).items[-1].data["gates_broken"]
    registry.set_policy(ROOT, Policy(environment="prod", after="stage", break_glass=False))
    registry.register(ADA, "flights", artifact=artifact())
    with pytest.raises(RefusedError) as caught:
        registry.publish(BOB, "flights/1.0.1", environment="prod", break_glass="again")
    assert caught.value.code == "MDK521"
    waived = registry.publish(BOB, "flights/1.0.1", environment="prod", waivers=[Waiver(gate="after", reason="hotfix")])
    assert waived.changed and whole_history(registry, "flights")[-1].data["waived"] == {"after": "hotfix"}


def test_challengers_share_what_the_champion_leaves(registry: Registry) -> None:
    fill(registry, "flights", 4)
    with pytest.raises(NotFoundError):
        registry.set_challengers(BOB, "flights", environment="stage", challengers={"1.0.1": 10})
    registry.publish(BOB, "flights/1.0.0", environment="stage")
    shared = registry.set_challengers(
        BOB, "flights", environment="stage", challengers={"1.0.1": 10, "flights/1.0.2": 20}
    )
    assert {place.version: place.percent for place in shared.placements} == {"1.0.0": None, "1.0.1": 10, "1.0.2": 20}
    for wrong in ({"1.0.1": 60, "1.0.2": 50}, {"1.0.1": -1}, {"1.0.0": 10}):
        with pytest.raises(InvalidError):
            registry.set_challengers(BOB, "flights", environment="stage", challengers=wrong)
    with pytest.raises(ConflictError) as caught:
        registry.archive(BOB, "flights/1.0.1", reason="old")
    assert caught.value.code == "MDK511"
    reported = registry.report_deployment(
        ADA, "flights/1.0.1", environment="stage", endpoint="e", status={"ready": True}
    )
    assert reported.revision == shared.revision
    registry.publish(BOB, "flights/1.0.1", environment="stage")
    assert registry.champion(VIC, "flights", environment="stage").endpoint == "e"
    registry.set_challengers(BOB, "flights", environment="stage", challengers={})
    assert registry.archive(BOB, "flights/1.0.2", reason="old").status == "archived"
    with pytest.raises(ConflictError) as caught:
        registry.report_deployment(ADA, "flights/1.0.2", environment="stage", endpoint="e")
    assert caught.value.code == "MDK517"


def test_a_stale_decision_is_refused(registry: Registry) -> None:
    fill(registry, "flights", 2)
    seen = registry.publish(BOB, "flights/1.0.0", environment="stage").revision
    registry.publish(EVE, "flights/1.0.1", environment="stage")
    for call in (
        lambda: registry.publish(BOB, "flights/1.0.0", environment="stage", expected_revision=seen),
        lambda: registry.promote(BOB, "flights/1.0.0", to="stage", expected_revision=seen),
        lambda: registry.rollback(BOB, "flights", environment="stage", reason="x", expected_revision=seen),
        lambda: registry.set_challengers(BOB, "flights", environment="stage", challengers={}, expected_revision=seen),
    ):
        with pytest.raises(StaleError) as caught:
            call()
        assert (caught.value.code, caught.value.revision) == ("MDK510", seen + 1)


def test_a_key_stands_for_one_request(registry: Registry) -> None:
    fill(registry, "flights", 2)
    first = registry.publish(BOB, "flights/1.0.0", environment="stage", idempotency_key="k")
    registry.publish(BOB, "flights/1.0.1", environment="stage")
    assert registry.publish(BOB, "flights/1.0.0", environment="stage", idempotency_key="k") == first
    assert registry.champion(VIC, "flights", environment="stage").version.version == "1.0.1"
    with pytest.raises(InvalidError) as caught:
        registry.publish(BOB, "flights/1.0.1", environment="stage", idempotency_key="k")
    assert caught.value.code == "MDK543"
    assert registry.publish(EVE, "flights/1.0.0", environment="stage", idempotency_key="k").changed, (
        "keys are the actor's"
    )
