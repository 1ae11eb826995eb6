"""Statements that are made once and carried out often.

SQLAlchemy compiles them, and its pool has the connections. Carrying a statement out is left to the driver: what
SQLAlchemy does around each one takes several times as long as PostgreSQL needs for the answer.
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection, Executable
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError, NoResultFound

_NAMED = re.compile(r"%\((?=\w+\)s)")  # before the name of a value, for PostgreSQL
_SQLITE = sqlite.dialect(paramstyle="named")


class Row(Protocol):
    """What a database answers with: of a driver or of SQLAlchemy, its columns are attributes."""

    def __getattr__(self, name: str, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class _Text:
    """A statement as a driver takes it, with the values that are written into it."""

    sql: str
    fixed: Mapping[str, Any]
    row: Any

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[Row]:
        return [self.row._make(row) for row in _carried_out(connection, self.sql, {**self.fixed, **values}).fetchall()]

    def run(self, connection: Connection, values: Mapping[str, Any]) -> int:
        return int(_carried_out(connection, self.sql, {**self.fixed, **values}).rowcount)


class Prepared:
    """A statement that never changes; its values do, and are named.

    Its columns hold text and numbers: the driver's values are given as they are. Rows have their columns as attributes.

    Example:
        >>> Prepared(select(chains).where(chains.c.name == bindparam("chain"))).first(connection, {"chain": "flights"})
        ... # doctest: +SKIP
    """

    def __init__(self, statement: Executable, **by_dialect: Executable) -> None:
        """`by_dialect` has the statement of the databases that do not take `statement`."""
        self._statement = statement
        self._by_dialect = by_dialect
        self._texts: dict[tuple[str, tuple[str, ...]], _Text] = {}

    def all(self, connection: Connection, values: Mapping[str, Any]) -> list[Row]:
        """Return all rows."""
        return self.text(connection, values).rows(connection, values)

    def first(self, connection: Connection, values: Mapping[str, Any]) -> Row | None:
        """Return the first row, None where there is none."""
        rows = self.all(connection, values)
        return rows[0] if rows else None

    def one(self, connection: Connection, values: Mapping[str, Any]) -> Row:
        """Return the row that is there.

        Raises:
            NoResultFound: it is not.
        """
        row = self.first(connection, values)
        if row is None:
            raise NoResultFound(str(self._statement))
        return row

    def run(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Change rows, and return how many."""
        return self.text(connection, values).run(connection, values)

    def text(self, connection: Connection, values: Iterable[str]) -> _Text:
        """Return the statement for values of these names."""
        dialect = connection.dialect
        key = dialect.name, tuple(values)
        text = self._texts.get(key)
        if text is None:
            statement: Any = self._by_dialect.get(dialect.name, self._statement)
            compiled = statement.compile(
                dialect=_SQLITE if dialect.name == "sqlite" else dialect, column_keys=list(key[1])
            )
            columns = getattr(statement, "exported_columns", ())
            row = namedtuple("Row", [column.name for column in columns])  # type: ignore[misc]
            text = self._texts[key] = _Text(str(compiled), compiled.params, row)
        return text


class Together:
    """Changes that belong together: one statement for PostgreSQL, one after the other for SQLite.

    None of them sees what another does, and no row may be changed by two of them.
    """

    def __init__(self, **changes: Prepared) -> None:
        self._changes = changes
        self._texts: dict[tuple[Any, ...], _Text] = {}

    def run(self, connection: Connection, **values: Mapping[str, Any] | None) -> None:
        """Carry out the changes that have values."""
        given = {name: each for name, each in values.items() if each is not None}
        if connection.dialect.name == "sqlite":
            for name, each in given.items():
                self._changes[name].run(connection, each)
        else:
            everything = {f"{name}_{key}": value for name, each in given.items() for key, value in each.items()}
            self._text(connection, given).run(connection, everything)

    def _text(self, connection: Connection, given: Mapping[str, Mapping[str, Any]]) -> _Text:
        key = tuple((name, *each) for name, each in given.items())
        text = self._texts.get(key)
        if text is None:
            texts = {name: self._changes[name].text(connection, each) for name, each in given.items()}
            parts = [f"_{name} AS ({_NAMED.sub(f'%({name}_', one.sql)})" for name, one in texts.items()]
            fixed = {f"{name}_{key}": value for name, one in texts.items() for key, value in one.fixed.items()}
            text = self._texts[key] = _Text(f"WITH {', '.join(parts)} SELECT 1", fixed, None)
        return text


def _carried_out(connection: Connection, sql: str, values: Mapping[str, Any]) -> Any:
    """Return the driver's cursor. Its errors become those that SQLAlchemy raises, and a lost connection is dropped."""
    dialect = connection.dialect
    driver: Any = connection.connection.dbapi_connection
    try:
        return driver.execute(sql, values)
    except dialect.loaded_dbapi.Error as error:
        if lost := dialect.is_disconnect(error, driver, None):
            connection.invalidate(error)
        raise DBAPIError.instance(
            sql,
            None,  # values are nobody's business
            error,
            dialect.loaded_dbapi.Error,
            connection_invalidated=lost,
            dialect=dialect,
        ) from error
