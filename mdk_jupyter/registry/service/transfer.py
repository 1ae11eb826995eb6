"""Moving models to another registry, with their versions, champions and the whole history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select, update
from sqlalchemy.exc import SQLAlchemyError

from mdk_jupyter.registry import audit
from mdk_jupyter.registry.access import Verb, require
from mdk_jupyter.registry.audit import REGISTRY, Entry
from mdk_jupyter.registry.database import canonical
from mdk_jupyter.registry.domain import Actor, Imported
from mdk_jupyter.registry.errors import InvalidError
from mdk_jupyter.registry.migrations import EXPORTED_ALIKE, HEAD
from mdk_jupyter.registry.service.base import Service
from mdk_jupyter.registry.service.rows import no_model
from mdk_jupyter.registry.tables import (
    approvals,
    assignments,
    costs,
    datasets,
    details,
    heads,
    labels,
    lines,
    metrics,
    models,
    placements,
    promotions,
    versions,
)
from mdk_jupyter.registry.tables import audit as records

_OF_MODELS = (lines, heads, assignments, placements)
_OF_VERSIONS = (details, labels, metrics, datasets, costs, promotions, approvals)
_TABLES = {table.name: table for table in (models, versions, *_OF_MODELS, *_OF_VERSIONS, records)}


class Transfer(Service):
    """export, import_."""

    def export(self, actor: Actor, names: Sequence[str] | None = None) -> Iterator[str]:
        """Yield models as lines of JSON: first what they are, then all rows of each. All lines are of one moment."""
        require(actor, Verb.READ, project="*")
        with self.database.snapshot() as connection:
            query = select(models).order_by(models.c.name)
            rows = connection.execute(query if names is None else query.where(models.c.name.in_(names))).all()
            if missing := sorted(set(names or ()) - {row.name for row in rows}):
                raise no_model(missing[0])
            yield canonical({"mdk_registry": HEAD, "models": len(rows)})
            for model in rows:
                yield _line(models, model)
                for table, condition in _parts(model):
                    query = select(table).where(condition).order_by(*table.primary_key.columns)
                    for row in connection.execute(query):
                        yield _line(table, row)

    def import_(self, actor: Actor, lines: Iterable[str]) -> Imported:
        """Take in what `export` gave, in one transaction. Models that are there already stay as they are.

        Raises:
            InvalidError: a line is not what an export writes (MDK548), or it is of another schema (MDK515).
        """
        require(actor, Verb.IMPORT, project="*")

        def act(entry: Entry) -> Imported:
            taking = _Taking(entry)
            for number, line in enumerate(lines, 1):
                try:
                    taking.take(json.loads(line))
                except (ValueError, KeyError, TypeError, SQLAlchemyError) as error:
                    raise InvalidError(
                        "MDK548", f"line {number} is not of an export of a registry", "Export again."
                    ) from error
            done = taking.done()
            entry.record("import", event="registry.imported", **done.model_dump())
            return done

        return self._once(actor, REGISTRY, None, (), Imported, act)


def _parts(model: Any) -> Iterator[tuple[Table, Any]]:
    ids = select(versions.c.id).where(versions.c.model_id == model.id)
    yield versions, versions.c.model_id == model.id
    for table in _OF_MODELS:
        yield table, table.c.model_id == model.id
    for table in _OF_VERSIONS:
        yield table, table.c.version_id.in_(ids)
    yield records, records.c.chain == model.name


def _line(table: Table, row: Any) -> str:
    return canonical({"table": table.name, "row": dict(row._mapping)})


class _Taking:
    """An import while it goes on. Rows get the ids of this registry."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.connection: Connection = entry.connection
        self.model: int | None = None
        self.chain: Entry | None = None
        self.newest: int | None = None
        self.versions: dict[int, int] = {}
        self.models = self.taken = self.skipped = 0

    def take(self, line: dict[str, Any]) -> None:
        if "mdk_registry" in line:
            if line["mdk_registry"] not in EXPORTED_ALIKE:
                raise InvalidError(
                    "MDK515",
                    f"the export has the schema {line['mdk_registry']}, this registry {HEAD}",
                    "Export and import with the same version of mdk-jupyter.",
                )
            return
        table, row = _TABLES[line["table"]], dict(line["row"])
        if table is models:
            self._finish()
            self._take_model(row)
        elif self.model is None:
            self.skipped += table is versions
        elif table is records:
            self._take_record(row)
        else:
            self._take_row(table, row)

    def done(self) -> Imported:
        self._finish()
        return Imported(models=self.models, versions=self.taken, skipped=self.skipped)

    def _take_model(self, row: dict[str, Any]) -> None:
        self.model = self.chain = None
        there = select(models.c.id).where(models.c.name == row["name"])
        chain = audit.enter(self.connection, self.entry.actor, row["name"])
        if self.connection.execute(there).first() is not None:
            return
        self.chain, self.newest, self.versions = chain, row.pop("newest_id"), {}
        row.pop("id")
        self.model = self.connection.execute(models.insert().returning(models.c.id), row).scalar_one()
        self.models += 1

    def _take_row(self, table: Table, row: dict[str, Any]) -> None:
        id = row.pop("id", None)
        if "model_id" in row:
            row["model_id"] = self.model
        if row.get("version_id") is not None:
            row["version_id"] = self.versions[row["version_id"]]
        if table is not versions:
            self.connection.execute(table.insert(), row)
            return
        self.versions[id] = self.connection.execute(table.insert().returning(table.c.id), row).scalar_one()
        self.taken += 1

    def _take_record(self, row: dict[str, Any]) -> None:
        assert self.chain is not None
        self.connection.execute(records.insert(), row)
        self.chain.seq, self.chain.hash, self.chain.at = row["seq"], row["hash"], max(row["at"], self.chain.at)

    def _finish(self) -> None:
        """Close a model: its own history goes on with the import."""
        if self.model is None or self.chain is None:
            return
        newest = self.versions.get(self.newest) if self.newest is not None else None
        self.connection.execute(update(models).where(models.c.id == self.model).values(newest_id=newest))
        self.chain.record("import", event="model.imported")
        self.model = None
