"""Searches: that they find what is there whatever way they take, and how much they look at."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from registries import ADA, BOB, ROOT, VIC, artifact, fill
from sqlalchemy import Connection, event, select, text

from mdk_jupyter.registry.conditions import condition
from mdk_jupyter.registry.domain import Actor, Grant, Page, Role, Search, Status, Version
from mdk_jupyter.registry.service import Registry, searching
from mdk_jupyter.registry.service.paging import encode
from mdk_jupyter.registry.tables import models, versions

# What they find


def mixed(registry: Registry, folder: Path) -> list[Version]:
    """Fill a registry, and return all versions, newest first. Some are older than others that came before them."""
    before = Registry.open(f"sqlite:///{folder}/before.db")
    fill(before, "older_flights", 6, labels={"team": "air"}, metrics={"auc": 0.5, "f1": 0.5}, project="air")
    for number in range(24):
        model = ("flights", "trains", "ships")[number % 3]
        registry.register(
            (ADA, BOB)[number % 2],
            model,
            artifact=artifact(number),
            project="air" if model == "flights" else model,
            description="Not of flights" if model == "trains" else None,
            labels={"team": ("air", "rail")[number % 2], "kind": f"k{number % 4}"},
            metrics={"auc": number % 5 / 10, **({"f1": number % 3 / 10} if number % 4 else {})},
        )
        if number == 12:
            registry.import_(ROOT, before.export(ROOT))
    before.close()
    fill(registry, "older_flights", 2, labels={"team": "air"})
    for number in range(3):
        registry.quarantine(BOB, f"flights/1.0.{number}", reason="bad")
    registry.archive(BOB, "ships/1.0.0", reason="old")
    registry.publish(BOB, "trains/1.0.4", environment="dev")
    for model in ("flights", "ships", "older_flights"):  # heads without a champion
        registry.promote(BOB, f"{model}/1.0.5", to="dev")
    rows = select(models.c.name, versions.c.patch).join_from(versions, models).order_by(versions.c.id.desc())
    with registry.database.read() as connection:
        found = connection.execute(rows).all()
    return [registry.version(VIC, f"{row.name}/1.0.{row.patch}") for row in found]


def meets(version: Version, query: Search, projects: set[str]) -> bool:
    """Return whether a version is one of those that a search asks for."""
    said = "Not of flights" if version.model == "trains" else ""
    return (
        ("*" in projects or version.project in projects)
        and (query.text is None or query.text.lower() in f"{version.model}\n{said}".lower())
        and query.project in {None, version.project}
        and query.labels.items() <= version.labels.items()
        and all(condition(each).holds(version.metrics, None)[0] for each in query.metrics)
        and (query.champion_in is None or version.places.get(query.champion_in) == "champion")
        and query.trained_by in {None, version.provenance.trained_by}
        and (query.since is None or version.created >= query.since)
        and (query.until is None or version.created < query.until)
        and query.status in {None, version.status}
    )


def queries(times: list[datetime]) -> st.SearchStrategy[Search]:
    metric = st.builds(
        "{} {} {}".format, st.sampled_from(["auc", "f1"]), st.sampled_from([">", "<", ">=", "==", "!="]), st.sampled_from([0.1, 0.2, 0.4])
    )  # fmt: skip
    moment = st.sampled_from([times[0] + timedelta(days=1), times[-1] - timedelta(days=1), *times])
    optional: dict[str, st.SearchStrategy[Any]] = {
        "text": st.sampled_from(["flights", "FLIGHTS", "s", "trains", "%", ""]),
        "project": st.sampled_from(["air", "ships", "none"]),
        "labels": st.dictionaries(st.sampled_from(["team", "kind"]), st.sampled_from(["air", "rail", "k0", "k1"])),
        "metrics": st.lists(metric, max_size=3).map(tuple),
        "champion_in": st.just("dev"),
        "trained_by": st.sampled_from(["ada", "bob"]),
        "since": moment,
        "until": moment,
        "status": st.sampled_from(list(Status)),
    }
    some = st.lists(st.sampled_from(sorted(optional)), unique=True, max_size=4)
    return some.flatmap(lambda names: st.builds(Search, **{name: optional[name] for name in names}))


def all_pages(ask: Callable[[str | None], Page[Version]], limit: int) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        page = ask(cursor)
        assert len(page.items) == limit if page.next else len(page.items) <= limit
        found += [version.reference for version in page.items]
        cursor = page.next
        if cursor is None:
            return found


def test_every_way_of_searching_finds_the_same(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = mixed(registry, tmp_path)
    assert [v.created for v in everything] != sorted((v.created for v in everything), reverse=True)
    seen = st.sampled_from([{"*"}, {"*"}, {"air"}, {"air", "ships"}, {"none", "other"}])

    @settings(max_examples=150 if registry.database.sqlite else 80, suppress_health_check=list(HealthCheck))
    @given(
        queries([version.created for version in everything]),
        seen,
        st.sampled_from([(1, 2), (3, 6), searching._FEW]),
        st.sampled_from([2, 5, 50]),
    )
    def check(query: Search, projects: set[str], few: tuple[int, int], limit: int) -> None:
        monkeypatch.setattr(searching, "_FEW", few)
        grants = tuple(Grant(subject="zoe", role=Role.VIEWER, project=project) for project in sorted(projects))
        zoe = Actor(name="zoe", grants=grants)
        wanted = [version.reference for version in everything if meets(version, query, projects)]
        assert all_pages(lambda cursor: registry.search(zoe, query, cursor=cursor, limit=limit), limit) == wanted

    check()


# What they look at

_GROW = """
WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < {most})
INSERT INTO versions(model_id, n, major, minor, patch, project, created, registered_by, trained_by, body, labels, status, places)
SELECT v.model_id, numbers.n, 1, 0, numbers.n - 1, v.project, (SELECT max(created) FROM versions) + numbers.n,
    v.registered_by, v.trained_by, v.body, v.labels, CASE WHEN numbers.n < 5 THEN 'quarantined' ELSE 'active' END, '{{}}'
FROM numbers JOIN versions v ON v.model_id = {model} AND v.n = 1
"""
_INVERTED = """
INSERT INTO version_labels(key, value, version_id) SELECT 'half', CASE mod(n, 2) WHEN 0 THEN 'even' ELSE 'odd' END, id FROM versions;
INSERT INTO version_labels(key, value, version_id) SELECT 'third', CASE mod(n, 3) WHEN 0 THEN 'yes' ELSE 'no' END, id FROM versions;
INSERT INTO version_metrics(key, version_id, value) SELECT 'auc', id, mod(n, 100) / 100.0 FROM versions;
INSERT INTO version_metrics(key, version_id, value) SELECT 'loss', id, 1 - mod(n, 100) / 100.0 FROM versions;
UPDATE models SET versions = (SELECT max(n) FROM versions WHERE model_id = models.id)
"""


def grow(registry: Registry, most: int) -> None:
    """Give each of eight models so many versions, one model after the other."""
    for number in range(8):
        fill(registry, f"m{number}", 1, project=f"p{number}")
    with registry.database.write() as connection:
        for id in connection.execute(select(models.c.id).order_by(models.c.id)).scalars().all():
            connection.exec_driver_sql(_GROW.format(most=most, model=id))
        for statement in _INVERTED.split(";"):
            connection.execute(text(statement))
    with registry.database.read() as connection:
        connection.exec_driver_sql("ANALYZE" if registry.database.sqlite else "VACUUM ANALYZE")


@contextmanager
def looked_at(registry: Registry) -> Iterator[list[int]]:
    """Count the instructions of SQLite's machine (in tens), or the pages that PostgreSQL touches."""
    counts: list[int] = []
    if registry.database.sqlite:
        with registry.database.read() as connection:  # the one that the pool has
            driver: Any = connection.connection.dbapi_connection
        driver.set_progress_handler(lambda: counts.append(1), 10)
        yield counts
        driver.set_progress_handler(None, 10)
        return

    def explain(connection: Connection, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        driver: Any = connection.connection.dbapi_connection
        (told,) = driver.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", values).fetchone()
        plan = told[0]["Plan"] if isinstance(told, list) else json.loads(told)[0]["Plan"]
        counts.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])

    event.listen(registry.database.engine, "before_cursor_execute", explain)
    yield counts
    event.remove(registry.database.engine, "before_cursor_execute", explain)


def test_a_search_looks_at_as_much_in_a_registry_of_six_times_as_many_versions(
    registry_url: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "_FEW", (20, 60))
    other: Callable[[], str] = (
        (lambda: f"sqlite:///{tmp_path}/other.db")
        if registry_url.startswith("sqlite")
        else request.getfixturevalue("new_postgres_database")
    )
    sizes = {}
    for url, most in ((registry_url, 250), (other(), 1500)):
        registry = Registry.open(url)
        grow(registry, most)
        sizes[most] = work(registry, most)
        registry.close()
    grown = {name: (few, sizes[1500][name]) for name, few in sizes[250].items() if sizes[1500][name] > few * 1.5 + 20}
    assert not grown


def work(registry: Registry, most: int) -> dict[str, int]:
    """Return how much each search looks at."""
    middle = encode(most // 2)
    times = [registry.versions(VIC, name, cursor=middle, limit=1).items[0].created for name in ("m0", "m7")]
    oldest = tuple(Grant(subject="zoe", role=Role.VIEWER, project=project) for project in ("p0", "p1", "none"))
    zoe = Actor(name="zoe", grants=oldest)
    asked: dict[str, tuple[Actor, Search]] = {
        "all": (VIC, Search()),
        "text of all": (VIC, Search(text="m")),
        "text of the oldest": (VIC, Search(text="M0")),
        "text of none": (VIC, Search(text="nothing")),
        "text and label": (VIC, Search(text="m0", labels={"third": "yes"})),
        "text and time": (VIC, Search(text="m0", since=times[0])),
        "old text, new time": (VIC, Search(text="m0", since=times[1])),
        "projects that are old": (zoe, Search()),
        "quarantined": (VIC, Search(status=Status.QUARANTINED, text="m1")),
        "archived": (VIC, Search(status=Status.ARCHIVED)),
        "quarantined and label": (VIC, Search(status=Status.QUARANTINED, labels={"half": "even"})),
        "label": (VIC, Search(labels={"half": "odd"})),
        "labels": (VIC, Search(labels={"half": "odd", "third": "no"})),
        "since": (VIC, Search(since=times[0])),
        "since the future": (VIC, Search(since=times[1] + timedelta(days=1))),
        "until": (VIC, Search(until=times[0])),
        "until and label": (VIC, Search(until=times[0], labels={"half": "even"})),
        "metric": (VIC, Search(metrics=("auc > 0.3",))),
        "metrics": (VIC, Search(metrics=("auc > 0.3", "loss > 0.3"))),
        "range of a metric": (VIC, Search(metrics=("auc >= 0.4", "auc <= 0.6"), text="m0")),
        "trained by and text": (VIC, Search(trained_by="ada", text="m0")),
    }
    found = {}
    for name, (actor, query) in asked.items():
        registry.search(actor, query, limit=5)
        with looked_at(registry) as counts:
            registry.search(actor, query, limit=5)
        found[name] = sum(counts)
    return found
