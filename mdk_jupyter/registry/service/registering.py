"""Registering versions, and what may be said of them later."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from pydantic import BaseModel
from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    Float,
    Sequence,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from mdk_jupyter.registry.access import Verb, require
from mdk_jupyter.registry.audit import RECORD, Entry
from mdk_jupyter.registry.conditions import as_number
from mdk_jupyter.registry.database import canonical
from mdk_jupyter.registry.domain import Actor, Labels, NewVersion, Status, Version
from mdk_jupyter.registry.errors import ConflictError, InvalidError, NotFoundError
from mdk_jupyter.registry.prepared import Prepared, Row, Together
from mdk_jupyter.registry.references import Reference
from mdk_jupyter.registry.semver import Line, Number, next_line
from mdk_jupyter.registry.service.base import Service, may, valid
from mdk_jupyter.registry.service.rows import as_version, find_model, find_version, number_of, whole_version
from mdk_jupyter.registry.tables import costs, datasets, details, labels, lines, metrics, models, versions


class _Labelled(BaseModel):
    labels: Labels


DEFAULT_PROJECT = "default"
_BODY = {"artifact", "metrics", "parameters", "signature", "provenance", "datasets", "cost", "description", "extra"}


class Registering(Service):
    """register, annotate, quarantine, archive."""

    def register(self, actor: Actor, name: str, *, idempotency_key: str | None = None, **given: Any) -> Version:
        """Add a version. `given` are the fields of `NewVersion`."""
        return self.add(actor, name, valid(NewVersion, given), idempotency_key=idempotency_key)

    def add(self, actor: Actor, name: str, new: NewVersion, *, idempotency_key: str | None = None) -> Version:
        """Add a version.

        Raises:
            InvalidError: the name is not one (MDK549), or the model is in another project than the one given (MDK547).
        """
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", name):
            raise InvalidError(
                "MDK549", f"{name!r} cannot be a model's name", "Take letters, digits, `-`, `_` and `.`."
            )
        return self._once(
            actor, name, idempotency_key, ("register", new), Version, lambda entry: _add(entry, actor, name, new)
        )

    def annotate(
        self,
        actor: Actor,
        reference: str,
        *,
        note: str | None = None,
        labels: Mapping[str, str | None] | None = None,
        card: str | None = None,
        environment: str | None = None,
    ) -> Version:
        """Add a note to the history, set labels (None takes one away), or write the model card."""
        parsed, chain = self._name_of(reference)

        def act(entry: Entry) -> Version:
            row = find_version(entry.connection, parsed, environment)
            may(actor, Verb.ANNOTATE, row)
            said: dict[str, Any] = {}
            if note is not None:
                said["note"] = note
            if labels is not None:
                said["labels"] = dict(labels)
                _relabel(entry, row, labels)
            if card is not None:
                said["card"] = hashlib.sha256(card.encode()).hexdigest()
                _change(entry, row, card=card)
            if said:
                entry.record("annotate", number_of(row), event="version.annotated", **said)
            return _read(entry, row)

        return self._once(actor, chain, None, (), Version, act)

    def quarantine(self, actor: Actor, reference: str, *, reason: str, environment: str | None = None) -> Version:
        """Let nobody promote or publish the version, and no rollback return to it. A champion stays until a rollback."""
        return self._set_status(actor, reference, Status.QUARANTINED, reason, environment)

    def unquarantine(self, actor: Actor, reference: str, *, reason: str) -> Version:
        """Take a quarantine back."""
        return self._set_status(actor, reference, Status.ACTIVE, reason)

    def archive(self, actor: Actor, reference: str, *, reason: str) -> Version:
        """Put a version away for good. Nothing of it is deleted, and its number is not given again.

        Raises:
            ConflictError: it is in use in an environment (MDK511).
        """
        return self._set_status(actor, reference, Status.ARCHIVED, reason)

    def _set_status(
        self, actor: Actor, reference: str, status: Status, reason: str, environment: str | None = None
    ) -> Version:
        parsed, chain = self._name_of(reference)

        def act(entry: Entry) -> Version:
            row = find_version(entry.connection, parsed, environment)
            may(actor, Verb.ARCHIVE if status is Status.ARCHIVED else Verb.QUARANTINE, row)
            set_status(entry, row, status, reason)
            return _read(entry, row)

        return self._once(actor, chain, None, (), Version, act)


def set_status(entry: Entry, row: Row, status: Status, reason: str) -> None:
    """Change whether a version may be used; nothing happens where it has the status already."""
    if row.status == status:
        return
    if row.status == Status.ARCHIVED:
        raise ConflictError(
            "MDK512", f"{row.model}/{number_of(row)} is archived", "Register the artifact anew as another version."
        )
    places = json.loads(row.places)
    if status is Status.ARCHIVED and places:
        where = ", ".join(f"{place} in {environment}" for environment, place in sorted(places.items()))
        raise ConflictError(
            "MDK511", f"{row.model}/{number_of(row)} is {where}", "Publish another version there first."
        )
    _change(entry, row, status=status.value, status_reason=reason)
    verb = {Status.ACTIVE: "unquarantine", Status.QUARANTINED: "quarantine", Status.ARCHIVED: "archive"}[status]
    entry.record(verb, number_of(row), event=f"version.{verb}d", reason=reason)


def _add(entry: Entry, actor: Actor, name: str, new: NewVersion) -> Version:
    connection = entry.connection
    model = _model(entry, name, new)
    require(actor, Verb.REGISTER, project=model.project)
    line = next_line(new.version, model.newest)
    patch, id = _allocated(connection, model.id, line)
    number = Number(*line, patch)
    given = new.model_dump(mode="json")
    trained_by = new.provenance.trained_by or actor.name
    given["provenance"]["trained_by"] = trained_by
    body = canonical({field: given[field] for field in _BODY})
    row = {
        "id": id,
        "model_id": model.id,
        "n": model.versions + 1,
        **number._asdict(),
        "project": model.project,
        "created": entry.at,
        "registered_by": actor.name,
        "trained_by": trained_by,
        "vertex_model": new.vertex_model,
        "body": body,
        "labels": canonical(new.labels),
        "status": Status.ACTIVE.value,
        "places": "{}",
    }
    newest = {"model": model.id, "count": model.versions + 1, "number": str(number), "newest": id}
    parts = _parts(id, new)
    said = {"artifact": given["artifact"], "body": hashlib.sha256(body.encode()).hexdigest(), "labels": given["labels"]}
    record = entry.next("register", str(number), event="version.registered", project=model.project, **said)
    _add_version.run(connection, version=row, newest=newest, **parts, **record)
    for uri, role in sorted({(dataset.uri, dataset.role) for dataset in new.datasets}):
        _insert_dataset.run(connection, {"version_id": id, "uri": uri, "role": role})
    stored: Any = SimpleNamespace(**row, model=name, card=None, status_reason=None)
    return as_version(stored, SimpleNamespace(**parts["details"]))


def _parts(id: int, new: NewVersion) -> dict[str, dict[str, Any]]:
    """Return what searches and sums look at, and what is read with a single version only.

    Raises:
        InvalidError: a text cannot be found again (MDK549).
    """
    if any("\0" in text for text in (*new.labels, *new.labels.values(), *new.metrics)):
        raise InvalidError(
            "MDK549",
            "a label or the name of a metric holds the character NUL",
            "Leave it out: databases do not keep it.",
        )
    numbers = {key: as_number(value) for key, value in new.metrics.items()}
    profile = canonical(new.profile) if new.profile is not None else None
    parts: dict[str, dict[str, Any]] = {
        "details": {"version_id": id, "requirements": canonical(new.requirements), "profile": profile},
        "metrics": {
            "version": id,
            "pairs": canonical({key: value for key, value in numbers.items() if value is not None}),
        },
        "labels": {"version": id, "pairs": canonical(new.labels)},
    }
    if new.cost:
        parts["cost"] = {"version_id": id, **new.cost.model_dump()}
    return parts


def _allocated(connection: Connection, model_id: int, line: Line) -> tuple[int, int]:
    """Take the next patch of a line, and return it and the id of the version that will have it."""
    row = _allocate.one(connection, {"model_id": model_id, **line._asdict(), "next_patch": 1})
    return row.next_patch - 1, row.id


def _allocating(new: Any, id: ColumnElement[int]) -> Any:
    key = list(lines.primary_key.columns)
    more = new.on_conflict_do_update(index_elements=key, set_={"next_patch": lines.c.next_patch + 1})
    return more.returning(lines.c.next_patch, id.label("id"))


_allocate = Prepared(
    _allocating(postgresql.insert(lines), Sequence("versions_id_seq").next_value()),
    # As SQLite would number the row by itself.
    sqlite=_allocating(sqlite.insert(lines), select(func.coalesce(func.max(versions.c.id), 0) + 1).scalar_subquery()),
)
_insert_dataset = Prepared(datasets.insert())


def _pairs(table: Table, type: TypeEngine[Any]) -> Prepared:
    """Return the statement that adds a row for each pair of a JSON object."""

    def written(each: Any) -> Any:
        rows = select(each.c.key, cast(each.c.value, type), bindparam("version", type_=BigInteger))
        return table.insert().from_select(["key", "value", "version_id"], rows)

    pairs = bindparam("pairs", type_=Text)
    return Prepared(
        written(func.json_each_text(cast(pairs, JSON)).table_valued("key", "value")),
        sqlite=written(func.json_each(pairs).table_valued("key", "value")),
    )


_add_version = Together(
    version=Prepared(versions.insert()),
    newest=Prepared(
        update(models)
        .where(models.c.id == bindparam("model"))
        .values(versions=bindparam("count"), newest=bindparam("number"), newest_id=bindparam("newest"))
    ),
    details=Prepared(details.insert()),
    metrics=_pairs(metrics, Float(53)),
    labels=_pairs(labels, Text()),
    cost=Prepared(costs.insert()),
    **RECORD,
)


def _model(entry: Entry, name: str, new: NewVersion) -> Row:
    connection = entry.connection
    try:
        model = entry.model or find_model(connection, name)
    except NotFoundError:
        first = {
            "name": name,
            "project": new.project or DEFAULT_PROJECT,
            "description": new.description,
            "owner": new.owner,
            "use_case": new.use_case,
            "sensitivity": new.sensitivity,
            "created": entry.at,
            "created_by": entry.actor.name,
            "versions": 0,
            "champions": "{}",
        }
        connection.execute(models.insert(), first)
        return find_model(connection, name)
    if new.project not in {None, model.project}:
        raise InvalidError(
            "MDK547",
            f"{name} belongs to the project {model.project!r}, not {new.project!r}",
            "Take another name for the model, or leave the project out.",
        )
    return model


def _relabel(entry: Entry, row: Row, changes: Mapping[str, str | None]) -> None:
    now = {**json.loads(row.labels), **changes}
    kept = valid(_Labelled, {"labels": {key: value for key, value in now.items() if value is not None}}).labels
    _change(entry, row, labels=canonical(kept))
    entry.connection.execute(delete(labels).where(labels.c.version_id == row.id, labels.c.key.in_(list(changes))))
    rows = [{"version_id": row.id, "key": key, "value": kept[key]} for key in changes if key in kept]
    if rows:
        entry.connection.execute(labels.insert(), rows)


def _change(entry: Entry, row: Row, **values: Any) -> None:
    entry.connection.execute(update(versions).where(versions.c.id == row.id).values(values))


def _read(entry: Entry, row: Row) -> Version:
    again = find_version(entry.connection, Reference(row.model, version=number_of(row)))
    return whole_version(entry.connection, again)
