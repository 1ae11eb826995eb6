"""The schema, and how a database of an earlier version of mdk-jupyter gets to it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from mdk_jupyter.registry.errors import ConflictError

HEAD = "0001"
"""The newest revision under `versions/`. A database that has it is opened without loading Alembic."""

_LOCK = 0x6D646B  # "mdk": an advisory lock, so that of several servers that start one migrates


_Connections = Callable[[], AbstractContextManager[Connection]]


def upgrade(read: _Connections, write: _Connections) -> None:
    """Bring the schema up to date, in one transaction.

    Raises:
        ConflictError: the schema is of a newer version of mdk-jupyter (MDK515).
    """
    with read() as connection:
        if revision(connection) == HEAD:
            return
    with write() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if revision(connection) != HEAD:
            _migrate(connection)


def revision(connection: Connection) -> str | None:
    """Return the revision of the database's schema, None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(connection: Connection) -> None:
    from alembic.command import upgrade as run
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    try:
        run(config, HEAD)
    except CommandError as error:
        raise ConflictError(
            "MDK515",
            f"the registry's schema is {revision(connection)!r}, which this version of mdk-jupyter does not know",
            "Update mdk-jupyter to the version that the others use.",
        ) from error
