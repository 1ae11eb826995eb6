"""From rows to what travels, and how a model and a version are found."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, bindparam, select

from mdk_jupyter.registry.database import moment
from mdk_jupyter.registry.domain import ModelInfo, Version
from mdk_jupyter.registry.errors import InvalidError, NotFoundError
from mdk_jupyter.registry.prepared import Prepared, Row
from mdk_jupyter.registry.references import Reference
from mdk_jupyter.registry.semver import number
from mdk_jupyter.registry.tables import details, heads, models, versions

VERSION = (
    models.c.name.label("model"),
    *(
        versions.c[name]
        for name in [
            "id",
            "model_id",
            "n",
            "major",
            "minor",
            "patch",
            "project",
            "created",
            "registered_by",
            "trained_by",
            "vertex_model",
            "body",
            "labels",
            "card",
            "status",
            "status_reason",
            "places",
        ]
    ),
)
"""The columns that `as_version` needs."""

_NAME: BindParameter[str] = bindparam("name")
_versions = select(*VERSION).join_from(versions, models)
_by_number = Prepared(
    _versions.where(
        models.c.name == _NAME,
        versions.c.major == bindparam("major"),
        versions.c.minor == bindparam("minor"),
        versions.c.patch == bindparam("patch"),
    )
)
_newest = Prepared(_versions.where(models.c.name == _NAME).where(versions.c.id == models.c.newest_id))
_champion = Prepared(
    _versions.join(heads, heads.c.version_id == versions.c.id).where(
        models.c.name == _NAME, heads.c.model_id == models.c.id, heads.c.environment == bindparam("environment")
    )
)
_details = Prepared(select(details.c.requirements, details.c.profile).where(details.c.version_id == bindparam("id")))
_model = select(models, versions.c.labels.label("labels")).join_from(
    models, versions, versions.c.id == models.c.newest_id, isouter=True
)
_model_named = Prepared(_model.where(models.c.name == _NAME))


def model_query() -> Select[Any]:
    """Models, with the labels of their newest versions."""
    return _model


def number_of(row: Row) -> str:
    """major.minor.patch of a version's row."""
    return f"{row.major}.{row.minor}.{row.patch}"


def as_version(row: Row, detail: Any = None) -> Version:
    """Return the version of a row with the columns `VERSION`."""
    return Version.model_validate(
        {
            **json.loads(row.body),
            "model": row.model,
            "project": row.project,
            "version": number_of(row),
            "n": row.n,
            "requirements": json.loads(detail.requirements) if detail else (),
            "profile": json.loads(detail.profile) if detail and detail.profile else None,
            "vertex_model": row.vertex_model,
            "created": moment(row.created),
            "registered_by": row.registered_by,
            "labels": json.loads(row.labels),
            "card": row.card,
            "status": row.status,
            "status_reason": row.status_reason,
            "places": json.loads(row.places),
        }
    )


def whole_version(connection: Connection, row: Row) -> Version:
    """Return the version with its requirements and profile."""
    return as_version(row, _details.one(connection, {"id": row.id}))


def as_model(row: Row) -> ModelInfo:
    """Return the model of a row of `model_query`."""
    return ModelInfo(
        name=row.name,
        project=row.project,
        description=row.description,
        owner=row.owner,
        use_case=row.use_case,
        sensitivity=row.sensitivity,
        labels=json.loads(row.labels or "{}"),
        created=moment(row.created),
        created_by=row.created_by,
        versions=row.versions,
        newest=row.newest,
        champions=json.loads(row.champions),
    )


def find_model(connection: Connection, name: str) -> Row:
    """Return a model's row of `model_query`.

    Raises:
        NotFoundError: there is no such model (MDK500).
    """
    row = _model_named.first(connection, {"name": name})
    if row is None:
        raise no_model(name)
    return row


def find_version(connection: Connection, reference: Reference, environment: str | None = None) -> Row:
    """Return the row of the version that a reference means now.

    Raises:
        NotFoundError: there is no such model (MDK500), version (MDK501) or champion (MDK502).
        InvalidError: `@champion` without an environment (MDK545).
    """
    if reference.vertex:
        return _find_vertex(connection, reference.vertex)
    values: dict[str, Any] = {"name": reference.name}
    if reference.version:
        query, values = _by_number, {**values, **number(reference.version)._asdict()}
    elif reference.alias == "latest":
        query = _newest
    elif environment is None:
        raise InvalidError(
            "MDK545", f"{reference} does not say of which environment", "Name the environment: dev, stage or prod."
        )
    else:
        query, values = _champion, {**values, "environment": environment}
    row = query.first(connection, values)
    if row is not None:
        return row
    find_model(connection, reference.name)
    if reference.alias == "champion":
        raise no_champion(reference.name, environment or "")
    raise NotFoundError(
        "MDK501", f"there is no version {reference}", f"List them with `mdk registry versions {reference.name}`."
    )


def _find_vertex(connection: Connection, resource: str) -> Row:
    named = versions.c.vertex_model == resource
    if "@" not in resource:
        named = versions.c.vertex_model.startswith(resource + "@", autoescape=True) | named
    row = connection.execute(_versions.where(named).order_by(versions.c.id.desc()).limit(1)).first()
    if row is None:
        raise NotFoundError("MDK501", f"no version has the name {resource} on Vertex AI", "Register it first.")
    return row


def no_model(name: str) -> NotFoundError:
    return NotFoundError("MDK500", f"there is no model {name!r}", "List them with `mdk registry list`.", [name])


def no_champion(name: str, environment: str) -> NotFoundError:
    return NotFoundError(
        "MDK502", f"{name} has no champion in {environment}", f"Publish a version of it in {environment} first.", [name]
    )
