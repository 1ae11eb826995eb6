"""Roles of PostgreSQL for services: what a server needs, and nothing with which it could change the history.

The owner of the tables migrates them; the server connects as somebody else. Triggers refuse changes of the history to
everybody, but an owner can drop a trigger, and a role without the rights cannot.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select, text

from mdk_jupyter.registry.database import Database, upsert
from mdk_jupyter.registry.errors import ConflictError
from mdk_jupyter.registry.tables import metadata, service_roles

_ADDED_TO = frozenset(["audit"])  # rows are added, and stay as they are
_KEPT = frozenset(["versions", "models", "chains", "heads", "assignments"])  # rows change, and never go


def allow(database: Database, role: str) -> None:
    """Give a role what a server needs, now and after each migration. The database is opened by the tables' owner.

    Raises:
        ConflictError: the database has no roles, or the role is not there or has more rights than it should (MDK519).
    """
    if database.sqlite:
        raise _unfit("SQLite has no roles", "Leave `--app-role` out: whoever can write the file can change it.")
    with database.write() as connection:
        _check(connection, role)
        upsert(connection, service_roles, {"name": role})
        grant_all(connection)


def grant_all(connection: Connection) -> None:
    """Give all roles that were allowed what a server needs of the tables that are there."""
    if connection.dialect.name != "postgresql":
        return
    quote = connection.dialect.identifier_preparer.quote
    schema = quote(connection.execute(text("SELECT current_schema()")).scalar_one())
    sequences = list(_sequences(connection))
    for role in map(quote, connection.execute(select(service_roles.c.name)).scalars().all()):
        statements = [f"GRANT USAGE ON SCHEMA {schema} TO {role}", f"GRANT SELECT ON alembic_version TO {role}"]
        for table in metadata.sorted_tables:
            name = quote(table.name)
            statements.append(f"REVOKE ALL ON {name} FROM {role}")
            statements.append(f"GRANT {', '.join(_rights(table.name))} ON {name} TO {role}")
        statements += [f"GRANT USAGE, SELECT ON SEQUENCE {sequence} TO {role}" for sequence in sequences]
        for statement in statements:
            connection.exec_driver_sql(statement)


def _sequences(connection: Connection) -> Iterator[str]:
    """Yield what numbers the rows of tables, by names that are ready for statements."""
    for table in metadata.sorted_tables:
        if "id" in table.c:
            named = text("SELECT pg_get_serial_sequence(:table, 'id')")
            if sequence := connection.execute(named, {"table": table.name}).scalar():
                yield str(sequence)


def _rights(table: str) -> list[str]:
    if table == service_roles.name:
        return ["SELECT"]
    changing = [] if table in _ADDED_TO else ["UPDATE"] if table in _KEPT else ["UPDATE", "DELETE"]
    return ["SELECT", "INSERT", *changing]


def _check(connection: Connection, role: str) -> None:
    about = connection.execute(
        text(
            "SELECT rolsuper, pg_has_role(oid, (SELECT relowner FROM pg_class WHERE oid = 'audit'::regclass), 'MEMBER')"
            " AS owns FROM pg_roles WHERE rolname = :name"
        ),
        {"name": role},
    ).first()
    if about is None:
        raise _unfit(f"the database has no role {role}", f"Make it first: CREATE ROLE {role} LOGIN PASSWORD '…'.")
    if about.rolsuper or about.owns:
        raise _unfit(
            f"the role {role} is a superuser or owns the tables, so nothing could be kept from it",
            "Name another role, as which the server connects.",
        )


def _unfit(why: str, fix: str) -> ConflictError:
    return ConflictError("MDK519", why, fix)
