"""Databases of earlier versions, and what the role of a server may do with a database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from registries import ADA, BOB, EVE, ROOT, VIC, artifact, replay, whole_history
from sqlalchemy import Connection, MetaData, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from mdk_jupyter.cli import call
from mdk_jupyter.cli.terminal import Terminal
from mdk_jupyter.registry import migrations
from mdk_jupyter.registry import policy as gates
from mdk_jupyter.registry.database import Database
from mdk_jupyter.registry.domain import Role, Search, Status
from mdk_jupyter.registry.errors import ConflictError
from mdk_jupyter.registry.roles import grant_all
from mdk_jupyter.registry.service import Registry
from mdk_jupyter.registry.tables import metadata

SCHEMAS = sorted(path.name for path in Path(__file__).parent.glob("registry_schema_*.sql"))


def old_sqlite(folder: Path, schema: str) -> str:
    """Return a file with the schema and the data that an earlier version left."""
    with closing(sqlite3.connect(folder / "old.db")) as connection:
        connection.executescript((Path(__file__).parent / schema).read_text(encoding="utf-8"))
    return f"sqlite:///{folder}/old.db"


def old_postgres(folder: Path, schema: str, empty: str) -> str:
    """Return a PostgreSQL database at the revision of the schema, with the same data."""
    source = create_engine(old_sqlite(folder, schema))
    target = create_engine(empty.replace("postgresql:", "postgresql+psycopg:"))
    with source.connect() as old, target.begin() as new:
        revision = str(migrations.revision(old))
        new.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        migrations.migrate(new, revision)
        tables = MetaData()
        tables.reflect(new)
        for table in tables.sorted_tables:
            rows = [dict(row._mapping) for row in old.execute(table.select())]
            new.execute(table.delete()) if table.name in {"alembic_version", "chains"} else None
            if rows:
                new.execute(table.insert(), rows)
            if "id" in table.c and table.name != "tokens":
                highest = f"(SELECT coalesce(max(id), 1) FROM {table.name})"
                new.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), {highest})")
    source.dispose()
    target.dispose()
    return empty


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_registry_of_every_released_schema_moves_forward(
    schema: str, kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "sqlite":
        url = old_sqlite(tmp_path, schema)
    else:
        new: Callable[[], str] = request.getfixturevalue("new_postgres_database")
        url = old_postgres(tmp_path, schema, new())
    registry = Registry.open(url)
    with registry.database.read() as connection:
        assert migrations.revision(connection) == migrations.HEAD
    assert registry.verify(VIC).whole
    champion = registry.champion(VIC, "flights", environment="prod")
    assert (champion.version.version, champion.previous, champion.revision) == ("1.0.0", "1.0.1", 5)
    assert replay(whole_history(registry, "flights")) == {"stage": (1, "1.0.0"), "prod": (5, "1.0.0")}
    assert registry.version(VIC, "flights@latest").requirements == ("numpy==2.0.0",)
    assert registry.policy(VIC, "prod").approvals == 1 and len(registry.tokens(ROOT)) == 1
    assert registry.search(VIC, Search(labels={"team": "air"}, metrics=("auc > 0.65",))).items[0].version == "1.0.2"
    for query, found in (
        (Search(text="FLI"), ["1.0.2", "1.0.1", "1.0.0"]),
        (Search(status=Status.QUARANTINED), ["1.0.1"]),
        (Search(until=registry.version(VIC, "flights/1.0.1").created), ["1.0.0"]),
    ):
        assert [version.version for version in registry.search(VIC, query).items] == found
    assert registry.register(ADA, "flights", artifact=artifact()).version == "1.0.3"
    events = registry.events(VIC).items
    assert [event.id for event in events][-1] == "flights:12"
    assert {event.subject for event in events} == {"flights", "_registry"} and len({e.id for e in events}) == len(
        events
    )
    with pytest.raises(DBAPIError, match="append-only"), registry.database.write() as connection:
        connection.execute(text("DELETE FROM audit"))
    assert_schema_is_that_of_the_tables(registry.database)
    registry.close()


def assert_schema_is_that_of_the_tables(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.write() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert not [each for each in differences if "alembic_version" not in str(each)]


def test_a_new_schema_is_that_of_the_tables(registry_url: str) -> None:
    database = Database.open(registry_url)
    assert_schema_is_that_of_the_tables(database)
    database.close()


def test_an_export_of_every_schema_that_is_alike_comes_in(tmp_path: Path) -> None:
    registry = Registry.open(f"sqlite:///{tmp_path}/new.db")
    registry.register(ADA, "flights", artifact=artifact())
    first, *lines = registry.export(VIC)
    for number, revision in enumerate(sorted(migrations.EXPORTED_ALIKE)):
        other = Registry.open(f"sqlite:///{tmp_path}/{number}.db")
        head = first.replace(f'"{migrations.HEAD}"', f'"{revision}"')
        assert other.import_(ROOT, [head, *lines]).versions == 1
        other.close()
    registry.close()


# The role of a server


@pytest.fixture
def owner(new_postgres_database: Callable[[], str]) -> str:
    return new_postgres_database()


def role_of(owner: str, name: str) -> str:
    """Make a role that may log in, and return the database's URL as it."""
    with connected(owner) as connection:
        found = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": name}).first()
        if found is None:
            connection.exec_driver_sql(f'CREATE ROLE "{name}" LOGIN')
    return make_url(owner).set(username=name).render_as_string(hide_password=False)


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """One transaction as the user of a URL."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def test_a_server_does_its_work_and_cannot_change_the_history(owner: str, capsys: pytest.CaptureFixture[str]) -> None:
    url = role_of(owner, "registry app")  # a name that must be quoted
    call(["registry", "migrate", "--db", owner, "--app-role", "registry app"], Terminal())
    assert "servers connect as registry app" in capsys.readouterr().out

    served = Registry.open(url, policies=gates.LONE)
    work(served)
    assert served.verify(VIC).whole

    with connected(owner) as connection:  # as if somebody had forgotten the triggers
        connection.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER ALL; ALTER TABLE versions DISABLE TRIGGER ALL")
    for statement in (
        "UPDATE audit SET actor = 'nobody'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "DROP TABLE audit",
        "ALTER TABLE audit ENABLE TRIGGER ALL",
        "DELETE FROM versions",
        "DELETE FROM assignments",
        "INSERT INTO service_roles VALUES ('other')",
        "UPDATE alembic_version SET version_num = '0001'",
    ):
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), connected(url) as connection:
            connection.exec_driver_sql(statement)
    assert served.verify(VIC).whole
    served.close()


def work(registry: Registry) -> None:
    """Use every table in every way that a server does."""
    for number in range(3):
        registry.register(
            ADA, "flights", artifact=artifact(number), labels={"team": "air"}, metrics={"auc": 0.7}, idempotency_key=f"k{number}"
        )  # fmt: skip
    for version in ("1.0.0", "1.0.1"):
        registry.promote(BOB, f"flights/{version}", to="dev")
        registry.publish(BOB, f"flights/{version}", environment="dev")
    registry.set_challengers(BOB, "flights", environment="dev", challengers={"1.0.2": 10})
    registry.set_challengers(BOB, "flights", environment="dev", challengers={})
    assert registry.rollback(BOB, "flights", environment="dev", reason="bad").version.version == "1.0.0"
    registry.annotate(ADA, "flights/1.0.0", labels={"team": "sea"}, card="# Card", note="seen")
    registry.annotate(ADA, "flights/1.0.0", labels={"team": None})
    registry.approve(EVE, "flights/1.0.0", environment="prod")
    registry.archive(BOB, "flights/1.0.2", reason="old")
    registry.grant(ROOT, "zoe", Role.VIEWER)
    registry.revoke(ROOT, "zoe", Role.VIEWER)
    registry.set_policy(ROOT, gates.LONE["prod"])
    token = registry.create_token(ROOT, "zoe")
    assert registry.holder(str(token.secret)) == registry.actor("zoe", "token")
    registry.revoke_token(ROOT, token.id)
    assert registry.relay(lambda event: None).delivered == len(registry.events(VIC, limit=1000).items)
    assert registry.import_(ROOT, registry.export(VIC)).skipped == 3


def test_a_server_waits_for_the_owner_to_migrate(owner: str) -> None:
    url = role_of(owner, "app_waiting")
    call(["registry", "migrate", "--db", owner, "--app-role", "app_waiting"], Terminal())
    with connected(owner) as connection:  # as it was before
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
        connection.exec_driver_sql("ALTER TABLE service_roles RENAME TO set_aside")
        connection.exec_driver_sql("DROP INDEX versions_model, versions_model_created, versions_status, outbox_waiting")
    with pytest.raises(ConflictError) as caught:
        Registry.open(url)
    assert caught.value.code == "MDK518"
    Registry.open(owner).close()
    with connected(owner) as connection:
        connection.exec_driver_sql("INSERT INTO service_roles SELECT * FROM set_aside")
        connection.exec_driver_sql("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM app_waiting")
        grant_all(connection)  # what ends each migration
    served = Registry.open(url)
    work(served)
    served.close()


def test_what_cannot_be_a_service_role(owner: str, tmp_path: Path) -> None:
    for role, db in (("nobody-there", owner), ("postgres", owner), ("app", f"sqlite:///{tmp_path}/r.db")):
        with pytest.raises(ConflictError) as caught:
            call(["registry", "migrate", "--db", db, "--app-role", role], Terminal())
        assert caught.value.code == "MDK519"
