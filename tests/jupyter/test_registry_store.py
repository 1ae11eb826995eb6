"""What the registry keeps: versions, history, events, rights; and what it finds when somebody meddles."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from registries import ADA, BOB, EVE, ROOT, VIC, artifact, person, whole_history
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from mdk_jupyter.codes import CODES
from mdk_jupyter.registry import anchors, audit, outbox
from mdk_jupyter.registry import policy as gates
from mdk_jupyter.registry.access import local
from mdk_jupyter.registry.database import Database
from mdk_jupyter.registry.domain import (
    Actor,
    CloudEvent,
    Cost,
    Dataset,
    Gate,
    GitState,
    Grant,
    NotebookState,
    Page,
    Place,
    Policy,
    Provenance,
    Role,
    RunRef,
    Search,
    Status,
    Version,
    Waiver,
)
from mdk_jupyter.registry.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RefusedError,
    RegistryError,
    StaleError,
)
from mdk_jupyter.registry.service import Registry


@pytest.fixture
def registry(registry_url: str) -> Iterator[Registry]:
    opened = Registry.open(registry_url, policies=gates.SHARED)
    yield opened
    opened.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Registry]:
    """A registry of one person, in a file."""
    opened = Registry.open(f"sqlite:///{tmp_path}/small.db")
    yield opened
    opened.close()


def fill(registry: Registry, name: str, count: int, **given: Any) -> list[Version]:
    return [registry.register(ADA, name, artifact=artifact(number), **given) for number in range(count)]


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


def bring_to_prod(registry: Registry, number: str, name: str = "flights") -> None:
    registry.publish(BOB, f"{name}/{number}", environment="stage")
    registry.promote(BOB, f"{name}/{number}", to="prod")
    registry.publish(EVE, f"{name}/{number}", environment="prod", reason="better")


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


# Reading


def test_pages_are_stable_while_versions_are_added(registry: Registry) -> None:
    fill(registry, "flights", 25, labels={"team": "air"}, metrics={"auc": 0.5})
    fill(registry, "zoo", 1)
    asks: list[Callable[[str | None], Page[Version]]] = [
        lambda cursor: registry.versions(VIC, "flights", cursor=cursor, limit=10),
        lambda cursor: registry.search(VIC, Search(labels={"team": "air"}), cursor=cursor, limit=10),
        lambda cursor: registry.search(VIC, Search(text="fLIGHT", metrics=("auc >= 0.5",)), cursor=cursor, limit=10),
        lambda cursor: registry.search(
            VIC, Search(trained_by="ada", project="default", text="flights"), cursor=cursor, limit=10
        ),
    ]
    for ask in asks:
        newest = registry.model(VIC, "flights").versions
        seen: list[int] = []
        cursor = None
        while True:
            page = ask(cursor)
            assert len(page.items) <= 10
            seen += [version.n for version in page.items]
            registry.register(ADA, "flights", artifact=artifact(), labels={"team": "air"}, metrics={"auc": 0.5})
            cursor = page.next
            if cursor is None:
                break
        assert seen == list(range(newest, 0, -1))
    names = [model.name for model in registry.models(VIC).items]
    assert names == ["flights", "zoo"]
    first = registry.models(VIC, limit=1)
    assert [model.name for model in registry.models(VIC, cursor=first.next, limit=1).items] == ["zoo"]
    for wrong in ({"limit": 0}, {"limit": 1001}, {"cursor": "!"}, {"cursor": first.next}):
        with pytest.raises(InvalidError) as caught:
            registry.versions(VIC, "flights", **wrong)
        assert caught.value.code == "MDK541"


def test_searching(registry: Registry) -> None:
    registry.register(ADA, "flights", artifact=artifact(), metrics={"auc": 0.7}, labels={"team": "air", "kind": "tree"})
    registry.register(ADA, "flights", artifact=artifact(), metrics={"auc": 0.9}, labels={"team": "air"})
    middle = datetime.now(UTC)
    registry.register(
        BOB, "trains_1", artifact=artifact(), metrics={"auc": 0.9, "f1": 0.2}, labels={"team": "rail"}, project="rail"
    )
    registry.publish(BOB, "flights/1.0.0", environment="stage")

    def found(**query: Any) -> list[str]:
        return [version.reference for version in registry.search(VIC, Search(**query)).items]

    assert found() == ["trains_1/1.0.0", "flights/1.0.1", "flights/1.0.0"]
    assert found(metrics=("auc > 0.8",)) == ["trains_1/1.0.0", "flights/1.0.1"]
    assert found(metrics=("auc > 0.8", "f1 < 0.5")) == ["trains_1/1.0.0"]
    assert found(metrics=("auc != 0.9",)) == ["flights/1.0.0"] == found(metrics=("auc == 0.7",))
    assert found(labels={"team": "air"}) == ["flights/1.0.1", "flights/1.0.0"]
    assert found(labels={"team": "air", "kind": "tree"}) == ["flights/1.0.0"] == found(champion_in="stage")
    assert found(project="rail") == ["trains_1/1.0.0"] == found(trained_by="bob") == found(since=middle)
    assert found(until=middle) == ["flights/1.0.1", "flights/1.0.0"]
    assert found(text="s_1") == ["trains_1/1.0.0"] and not found(text="%") and not found(text="s_x")
    assert registry.search(VIC, Search(champion_in="stage")).items[0].places == {"stage": Place.CHAMPION}
    models = [model.name for model in registry.models(VIC, labels={"team": "rail"}).items]
    assert models == ["trains_1"] == [model.name for model in registry.models(VIC, project="rail").items]
    assert [model.name for model in registry.models(VIC, champion_in="stage").items] == ["flights"]
    with pytest.raises(InvalidError):
        found(metrics=("auc > champion",))


def test_nobody_sees_projects_without_a_role_there(registry: Registry) -> None:
    registry.register(ADA, "open", artifact=artifact(), project="open", cost=Cost(amount=1))
    registry.register(
        ADA, "closed", artifact=artifact(), project="closed", cost=Cost(amount=1), datasets=[Dataset(uri="s3://x")]
    )
    guest = Actor(name="guest", grants=(Grant(subject="guest", role=Role.APPROVER, project="open"),))
    assert [model.name for model in registry.models(guest).items] == ["open"]
    assert [version.model for version in registry.search(guest, Search()).items] == ["open"]
    assert [row.value for row in registry.costs(guest, by="project")] == ["open"]
    for call in (
        lambda: registry.model(guest, "closed"),
        lambda: registry.version(guest, "closed@latest"),
        lambda: registry.versions(guest, "closed"),
        lambda: registry.champion(guest, "closed", environment="prod"),
        lambda: registry.deployments(guest, "closed"),
        lambda: registry.history(guest, "closed"),
        lambda: registry.lineage(guest, "closed@latest"),
        lambda: registry.plan_promotion(guest, "closed@latest", environment="prod"),
        lambda: registry.publish(guest, "closed@latest", environment="dev"),
        lambda: registry.approve(guest, "closed@latest", environment="dev"),
        lambda: registry.archive(guest, "closed@latest", reason="x"),
        lambda: registry.register(guest, "closed", artifact=artifact()),
        lambda: registry.events(guest),
        lambda: list(registry.export(guest)),
        lambda: registry.tokens(guest),
    ):
        with pytest.raises(ForbiddenError):
            call()
    with pytest.raises(NotFoundError):
        registry.lineage(guest, "s3://x")


def test_comparing_and_lineage(registry: Registry) -> None:
    shared = Dataset(uri="gs://d/train", name="train")
    for depth, score in ((3, 0.7), (4, 0.8)):
        registry.register(
            ADA, "flights", artifact=artifact(depth), metrics={"auc": score, "kind": "tree"},
            parameters={"depth": depth, "tree": {"leaf": 1}}, datasets=[shared, Dataset(uri=f"gs://d/{depth}", role="test")],
            provenance=Provenance(run=RunRef(id=f"r{depth}"), git=GitState(commit="c" * 40), notebook=NotebookState(path="f.ipynb")),
        )  # fmt: skip
    registry.publish(BOB, "flights/1.0.0", environment="dev")
    comparison = registry.compare(VIC, "flights@champion", "flights@latest", environment="dev")
    assert (comparison.a, comparison.b) == ("flights/1.0.0", "flights/1.0.1")
    assert comparison.metrics[0].difference == pytest.approx(0.1) and comparison.metrics[1].difference is None
    assert [(each.name, each.before, each.after) for each in comparison.parameters] == [("depth", 3, 4)]
    assert {each.name for each in comparison.others} == {
        "artifact.sha256",
        "artifact.size",
        "artifact.uri",
        "datasets",
        "provenance.run.id",
    }
    graph = registry.lineage(VIC, "gs://d/train")
    assert sorted(node.id for node in graph.nodes if node.kind == "version") == [
        "version:flights/1.0.0",
        "version:flights/1.0.1",
    ]
    assert len([node for node in graph.nodes if node.kind == "commit"]) == 1
    one = registry.lineage(VIC, "flights/1.0.0")
    ids = {node.id for node in one.nodes}
    assert {edge.source for edge in one.edges} | {edge.target for edge in one.edges} == ids
    assert ("version:flights/1.0.0", "environment:flights@dev") in {(edge.source, edge.target) for edge in one.edges}
    with pytest.raises(NotFoundError) as caught:
        registry.lineage(VIC, "gs://nothing")
    assert caught.value.code == "MDK504"


def test_costs_are_summed_by_label_and_currency(registry: Registry) -> None:
    for team, amount, currency in (("air", 1.5, "USD"), ("air", 2, "USD"), ("air", 1, "EUR"), (None, None, "USD")):
        labels = {"team": team} if team else {}
        registry.register(
            ADA, "m", artifact=artifact(), labels=labels, cost=Cost(amount=amount, currency=currency, gpu_seconds=10)
        )
    registry.register(ADA, "m", artifact=artifact())
    rows = [
        (row.value, row.currency, row.versions, row.amount, row.gpu_seconds) for row in registry.costs(VIC, by="team")
    ]
    assert rows == [("air", "USD", 2, 3.5, 20), ("air", "EUR", 1, 1, 10), ("", "USD", 1, 0, 10)]
    assert sum(row.versions for row in registry.costs(VIC, by="model")) == 4
    assert not registry.costs(VIC, by="team", until=datetime(2020, 1, 1, tzinfo=UTC))


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
    assert anchors.from_file(kept) == anchor
    registry.register(ADA, "flights", artifact=artifact())
    assert registry.verify(VIC, anchor=anchor).anchored >= 1 and registry.verify(VIC, anchor=anchor).whole
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
    found = [each.what for each in registry.verify(VIC, "flights", anchor=anchor).breaks]
    assert "the chain is not the one that the anchor was taken of" in found


def test_anchors_in_git_tags(small: Registry, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for setting in (("user.name", "a"), ("user.email", "a@b")):
        subprocess.run(["git", "-C", str(tmp_path), "config", *setting], check=True)
    subprocess.run(["git", "-C", str(tmp_path), "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    with pytest.raises(InvalidError):
        anchors.from_tag(tmp_path)
    first = small.anchor(VIC)
    name = anchors.to_tag(first, tmp_path)
    fill(small, "flights", 1)
    second = small.anchor(VIC)
    anchors.to_tag(second, tmp_path)
    assert anchors.from_tag(tmp_path) == second and anchors.from_tag(tmp_path, name) == first
    with pytest.raises(InvalidError, match="git"):
        anchors.to_tag(first, tmp_path)


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
        entry.close()
    assert [event.id for event in registry.events(VIC, after=page.next).items] == ["late:1"]
    registry.close()


# Rights and rules


def test_grants_tokens_and_policies(registry: Registry) -> None:
    registry.grant(ROOT, "grace", Role.CONTRIBUTOR, project="air")
    registry.grant(ROOT, "*", Role.VIEWER)
    registry.grant(ROOT, "*", Role.VIEWER)
    grace = registry.actor("grace", "oidc", {"ref": "main"})
    assert {grant.role for grant in grace.grants} == {Role.CONTRIBUTOR, Role.VIEWER}
    assert registry.grants(grace, "grace") == [Grant(subject="grace", role=Role.CONTRIBUTOR, project="air")]
    registry.register(grace, "m", artifact=artifact(), project="air")
    assert whole_history(registry, "m")[0].data["claims"] == {"ref": "main"}
    registry.revoke(ROOT, "grace", Role.CONTRIBUTOR, project="air")
    with pytest.raises(NotFoundError):
        registry.revoke(ROOT, "grace", Role.CONTRIBUTOR, project="air")
    for call in (
        lambda: registry.grant(BOB, "bob", Role.ADMIN),
        lambda: registry.grants(BOB),
        lambda: registry.create_token(BOB, "bob"),
        lambda: registry.set_policy(BOB, Policy(environment="prod")),
        lambda: registry.publish(ROOT, "m@latest", environment="dev"),
        lambda: registry.import_(BOB, []),
    ):
        with pytest.raises(ForbiddenError):
            call()
    token = registry.create_token(ROOT, "ci", days=1, note="build")
    assert token.secret and registry.subject_of(token.secret) == "ci" and registry.subject_of("mdk_x") is None
    expired = registry.create_token(ROOT, "ci", days=-1)
    assert registry.subject_of(expired.secret or "") is None
    listed = registry.tokens(ROOT)
    assert {each.id for each in listed} == {token.id, expired.id} and all(each.secret is None for each in listed)
    registry.revoke_token(ROOT, token.id)
    assert registry.subject_of(token.secret) is None
    with registry.database.read() as connection:
        kept = str(connection.execute(text("SELECT * FROM tokens")).all()) + str(
            connection.execute(text("SELECT data FROM audit")).all()
        )
    assert token.secret not in kept
    everywhere = Policy(environment="prod", gates=(Gate(name="score", kind="metric", expression="auc > 0.5"),))
    registry.set_policy(ROOT, everywhere, reason="quality")
    mine = Policy(environment="prod", project="air", gates=(Gate(name="card", kind="card"),))
    registry.set_policy(ROOT, mine)
    assert registry.policy(VIC, "prod") == everywhere == registry.policy(VIC, "prod", project="rail")
    assert registry.policy(VIC, "prod", project="air") == mine
    assert registry.policy(VIC, "stage") == Policy(environment="stage")
    assert {gate.gate for gate in registry.plan_promotion(VIC, "m@latest", environment="prod").gates} == {"card"}
    with pytest.raises(InvalidError):
        registry.set_policy(ROOT, Policy(environment="prd"))
    assert [record.action for record in registry.history(VIC, "").items][:2] == ["set_policy", "set_policy"]


def test_unknown_environments_are_refused(small: Registry) -> None:
    fill(small, "m", 1)
    me = local("me")
    for call in (
        lambda: small.publish(me, "m@latest", environment="prd"),
        lambda: small.promote(me, "m@latest", to="prd"),
        lambda: small.champion(me, "m", environment="prd"),
        lambda: small.rollback(me, "m", environment="prd", reason="x"),
    ):
        with pytest.raises(InvalidError) as caught:
            call()
        assert caught.value.code == "MDK544"
    with pytest.raises(InvalidError) as caught:
        small.version(me, "m@champion")
    assert caught.value.code == "MDK545"


def test_a_file_is_a_registry_of_one(small: Registry) -> None:
    me = local("me")
    small.register(me, "m", artifact=artifact())
    small.publish(me, "m@latest", environment="stage")
    small.promote(me, "m@latest", to="prod")
    assert small.publish(me, "m@latest", environment="prod").changed


# Moving house, and the schema


def test_a_registry_moves_to_another(registry: Registry, small: Registry) -> None:
    fill(registry, "flights", 3, labels={"team": "air"}, metrics={"auc": 0.5}, profile={"a": 1}, cost=Cost(amount=1))
    bring_to_prod(registry, "1.0.0")
    registry.set_challengers(BOB, "flights", environment="prod", challengers={"1.0.2": 5})
    fill(registry, "trains", 1)
    lines = list(registry.export(VIC))
    fill(small, "trains", 2)
    done = small.import_(ROOT, lines)
    assert (done.models, done.versions, done.skipped) == (1, 3, 1)
    assert small.versions(VIC, "flights") == registry.versions(VIC, "flights")
    assert small.version(VIC, "flights/1.0.0") == registry.version(VIC, "flights/1.0.0")
    assert small.champion(VIC, "flights", environment="prod") == registry.champion(VIC, "flights", environment="prod")
    assert small.deployments(VIC, "flights") == registry.deployments(VIC, "flights")
    assert whole_history(small, "flights")[:-1] == whole_history(registry, "flights")
    assert small.model(VIC, "flights").newest == "1.0.2" and small.model(VIC, "trains").versions == 2
    assert small.search(VIC, Search(labels={"team": "air"}, metrics=("auc > 0",))).items
    verification = small.verify(VIC)
    assert verification.whole, verification.breaks
    assert small.register(ADA, "flights", artifact=artifact()).version == "1.0.3"
    assert small.import_(ROOT, registry.export(VIC, ["flights"])).skipped == 3
    with pytest.raises(NotFoundError):
        list(registry.export(VIC, ["nothing"]))
    for wrong in ("{", '{"table": "grants", "row": {}}', '{"table": "models", "row": {"name": "x"}}', "[]"):
        with pytest.raises(InvalidError) as caught:
            small.import_(ROOT, [wrong])
        assert caught.value.code == "MDK548"


def test_a_newer_schema_is_left_alone(small: Registry, tmp_path: Path) -> None:
    fill(small, "m", 1)
    with closing(sqlite3.connect(tmp_path / "small.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConflictError) as caught:
        Registry.open(f"sqlite:///{tmp_path}/small.db")
    assert caught.value.code == "MDK515"


@pytest.mark.parametrize("url", ["mysql://h/d", "nonsense", "sqlite://", "sqlite:///:memory:"])
def test_what_cannot_be_opened(url: str) -> None:
    with pytest.raises(InvalidError) as caught:
        Database.open(url)
    assert caught.value.code == "MDK546"


def test_every_refusal_is_explained() -> None:
    folder = Path(audit.__file__).parent
    raised = {
        code for path in folder.rglob("*.py") for code in re.findall(r'"(MDK5\d\d)"', path.read_text(encoding="utf-8"))
    }
    assert raised and raised <= CODES.keys()
    assert issubclass(StaleError, ConflictError) and issubclass(ConflictError, RegistryError)
    assert person("x", Role.VIEWER).grants


def test_what_is_read_most_is_one_statement_that_walks_an_index(small: Registry) -> None:
    fill(small, "flights", 3, labels={"team": "air"}, metrics={"auc": 0.5})
    small.publish(local("me"), "flights/1.0.0", environment="dev")
    statements: list[tuple[str, Any]] = []
    listen = ("before_cursor_execute", lambda *call: statements.append((call[2], call[3])))
    event.listen(small.database.engine, *listen)
    for read in (
        lambda: small.champion(VIC, "flights", environment="dev"),
        lambda: small.versions(VIC, "flights"),
        lambda: small.model(VIC, "flights"),
        lambda: small.models(VIC),
        lambda: small.search(VIC, Search()),
        lambda: small.search(VIC, Search(labels={"team": "air"})),
        lambda: small.search(VIC, Search(metrics=("auc > 0.1",))),
        lambda: small.search(VIC, Search(champion_in="dev")),
        lambda: small.search(VIC, Search(trained_by="ada", status=Status.ACTIVE)),
    ):
        statements.clear()
        read()
        assert len(statements) == 1, statements
        with small.database.engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statements[0][0]}", statements[0][1]).all()
        steps = [str(step[-1]) for step in plan]
        assert not any("TEMP B-TREE" in step for step in steps), steps
        assert all(
            step.startswith("SEARCH") or "INDEX" in step or step == "SCAN versions"
            for step in steps
            if step.startswith(("SEARCH", "SCAN"))
        ), steps
    event.remove(small.database.engine, *listen)
