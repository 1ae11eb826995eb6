"""What the registry is asked: lists, searches, comparisons, sums."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from registries import ADA, BOB, VIC, artifact, fill

from mdk_jupyter.registry.domain import (
    Actor,
    Cost,
    Dataset,
    GitState,
    Grant,
    NotebookState,
    Page,
    Place,
    Provenance,
    Role,
    RunRef,
    Search,
    Version,
)
from mdk_jupyter.registry.errors import (
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from mdk_jupyter.registry.service import Registry


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
