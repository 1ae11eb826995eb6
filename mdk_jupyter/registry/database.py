"""Connections: how transactions begin on SQLite and PostgreSQL, and that the schema is the newest."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, func, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from mdk_jupyter.registry.errors import InvalidError
from mdk_jupyter.registry.migrations import upgrade
from mdk_jupyter.registry.prepared import Prepared

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A SQLite transaction that began by reading cannot be sure to write: others may have written meanwhile.
_WRITE = Prepared(text("BEGIN"), sqlite=text("BEGIN IMMEDIATE"))
_SNAPSHOT = Prepared(text("BEGIN ISOLATION LEVEL REPEATABLE READ"), sqlite=text("BEGIN"))
_COMMIT = Prepared(text("COMMIT"))


class Database:
    """An open registry database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.sqlite = engine.dialect.name == "sqlite"
        self._idle: deque[Connection] = deque()  # ready for their next use, without a way through the pool

    @classmethod
    def open(cls, url: str) -> Database:
        """Open a database and bring its schema up to date.

        Raises:
            InvalidError: the URL is not one, its driver is not installed (MDK546), or a newer version of
                mdk-jupyter has migrated the database (MDK515).
        """
        engine = _engine(url)
        try:
            database = cls(engine)
            upgrade(database.read, database.write)
        except BaseException:
            engine.dispose()
            raise
        return database

    def close(self) -> None:
        self._let_go()
        self.engine.dispose()

    def _let_go(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Each statement sees what is committed when it starts. The connection is used again, so it gets no options."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self.engine.connect()
        try:
            yield connection
            if connection.in_transaction():
                connection.rollback()  # SQLAlchemy's transaction, of which the database knows nothing
        except BaseException:
            if connection.invalidated:  # the others were lost with it, and each would fail a request
                self._let_go()
            connection.close()  # the pool rolls back what was begun
            raise
        self._idle.append(connection)

    def snapshot(self) -> AbstractContextManager[Connection]:
        """All statements see the same moment."""
        return self._transaction(_SNAPSHOT)

    def write(self) -> AbstractContextManager[Connection]:
        """One transaction, committed at the end or rolled back. On SQLite it waits its turn before it reads."""
        return self._transaction(_WRITE)

    @contextmanager
    def _transaction(self, begin: Prepared) -> Iterator[Connection]:
        """We say when a transaction begins, and how; a single statement that reads needs none around it."""
        with self.read() as connection:
            begin.run(connection, {})
            yield connection
            _COMMIT.run(connection, {})


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise _bad_url(url) from error
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.get_backend_name() != "postgresql":
        raise _bad_url(url)
    try:
        engine = create_engine(parsed, pool_size=10, max_overflow=20, pool_pre_ping=False)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise InvalidError(
            "MDK546", "the driver for PostgreSQL is not installed", "Run `pip install 'mdk-jupyter[postgres]'`."
        ) from error

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.autocommit = True

    return engine


def _bad_url(url: str) -> InvalidError:
    scheme = url.partition(":")[0]
    return InvalidError(
        "MDK546",
        f"the registry cannot be opened by a URL that begins with {scheme!r}",
        "Give `sqlite:///PATH` or `postgresql://USER@HOST/DATABASE`.",
    )


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise InvalidError("MDK546", "a registry in memory would be lost", "Give the path of a file: `sqlite:///PATH`.")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, pool_size=10, max_overflow=20, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # what was acknowledged survives a loss of power
        connection.execute("PRAGMA foreign_keys = ON")

    return engine


def upsert(connection: Connection, table: Table, row: dict[str, Any], *changed: str) -> int:
    """Insert a row; where its key is there, change the columns `changed` to the row's, or leave all as it is.

    Returns how many rows were inserted or changed.
    """
    return upserting(table, *changed).run(connection, row)


@cache
def upserting(table: Table, *changed: str, filled: str | None = None) -> Prepared:
    """Return the statement of `upsert`. The column `filled` changes where the new row has a value for it."""

    def written(new: Any) -> Any:
        values = {name: new.excluded[name] for name in changed}
        if filled is not None:
            values[filled] = func.coalesce(new.excluded[filled], table.c[filled])
        if not values:
            return new.on_conflict_do_nothing()
        return new.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=values)

    return Prepared(written(postgresql.insert(table)), sqlite=written(sqlite.insert(table)))


def microseconds(moment: datetime) -> int:
    """Return the microseconds since 1970. A moment without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def moment(microseconds: int) -> datetime:
    """Return the moment, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def now() -> int:
    """Return the time in microseconds since 1970."""
    return microseconds(datetime.now(UTC))


def canonical(value: object) -> str:
    """Return JSON text that is the same for the same value: what is hashed and stored."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
