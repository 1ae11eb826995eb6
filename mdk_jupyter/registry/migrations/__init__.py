"""The schema, and how a database of an earlier version of mdk-jupyter gets to it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import ProgrammingError

from mdk_jupyter.registry.errors import ConflictError

HEAD = "0003"
"""The newest revision under `versions/`. A database that has it is opened without loading Alembic."""

EXPORTED_ALIKE = frozenset(["0001", "0002", HEAD])
"""The revisions that export the same tables with the same columns as the newest one."""

_LOCK = 0x6D646B  # "mdk": an advisory lock, so that of several servers that start one migrates
_NO_RIGHT = "42501"  # PostgreSQL: insufficient_privilege


_Connections = Callable[[], AbstractContextManager[Connection]]


def upgrade(read: _Connections, write: _Connections) -> None:
    """Bring the schema up to date, in one transaction.

    Raises:
        ConflictError: the schema is of a newer version of mdk-jupyter (MDK515), or of an older one and the account may
            not change it (MDK518).
    """
    with read() as connection:
        if revision(connection) == HEAD:
            return
    try:
        with write() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            if revision(connection) != HEAD:
                migrate(connection)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != _NO_RIGHT:
            raise
        raise ConflictError(
            "MDK518",
            "the registry's schema has to be brought up to date, and the account that opens it may not do that",
            "Run `mdk registry migrate --db URL` as the owner of the tables, then start the server again.",
        ) from error


def revision(connection: Connection) -> str | None:
    """Return the revision of the database's schema, None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def migrate(connection: Connection, to: str = HEAD) -> None:
    """Carry out the revisions up to one, and give service roles what they need of the new tables."""
    from alembic.command import upgrade as run
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    try:
        run(config, to)
    except CommandError as error:
        raise ConflictError(
            "MDK515",
            f"the registry's schema is {revision(connection)!r}, which this version of mdk-jupyter does not know",
            "Update mdk-jupyter to the version that the others use.",
        ) from error
    if to == HEAD:
        from mdk_jupyter.registry.roles import grant_all

        grant_all(connection)
