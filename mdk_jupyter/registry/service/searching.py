"""Searching versions of all models, newest first."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select

from mdk_jupyter.registry.access import visible_projects
from mdk_jupyter.registry.conditions import condition
from mdk_jupyter.registry.database import microseconds
from mdk_jupyter.registry.domain import Actor, Page, Search, Version
from mdk_jupyter.registry.errors import InvalidError
from mdk_jupyter.registry.service import paging
from mdk_jupyter.registry.service.base import Service
from mdk_jupyter.registry.service.rows import VERSION, as_version
from mdk_jupyter.registry.tables import heads, labels, metrics, models, versions

_SQL = {"==": "=", "!=": "<>"}


class Searching(Service):
    """search."""

    def search(self, actor: Actor, query: Search, *, cursor: str | None = None, limit: int = 50) -> Page[Version]:
        """Return the versions for which all holds that the query says.

        Raises:
            InvalidError: a condition on metrics cannot be read (MDK542).
        """
        paging.check(limit)
        before = paging.decode(cursor, int) if cursor is not None else None
        found = _select(query, before)
        if (visible := visible_projects(actor)) is not None:
            found = found.where(versions.c.project.in_(visible))
        with self.database.read() as connection:
            rows = connection.execute(found.limit(limit + 1)).all()
        return paging.page(rows, limit, as_version, lambda row: int(row.id))


def _select(query: Search, before: int | None) -> Select[Any]:
    """Walk an inverted table backwards where the query has a label, a metric or a champion: it ends at a full page."""
    tables: Any = versions
    conditions = list(_plain(query))
    keys: list[Any] = []  # columns that hold the version's id, the most selective first
    if query.champion_in:
        tables = tables.join(heads, heads.c.version_id == versions.c.id)
        conditions.append(heads.c.environment == query.champion_in)
        keys.append(heads.c.version_id)
    for key, value in query.labels.items():
        each = labels.alias()
        tables = tables.join(each, each.c.version_id == versions.c.id)
        conditions.append(and_(each.c.key == key, each.c.value == value))
        keys.append(each.c.version_id)
    for text in query.metrics:
        wanted = condition(text)
        if wanted.relative:
            raise InvalidError("MDK542", f"{text!r} compares with a champion", "A search compares with numbers.")
        each = metrics.alias()
        tables = tables.join(each, each.c.version_id == versions.c.id)
        conditions.append(
            and_(
                each.c.key == wanted.metric,
                each.c.value.op(_SQL.get(wanted.sign, wanted.sign), is_comparison=True)(wanted.number),
            )
        )
        keys.append(each.c.version_id)
    key = (keys or [versions.c.id])[0]
    if before is not None:
        conditions.append(key < before)
    return (
        select(*VERSION)
        .select_from(tables.join(models, models.c.id == versions.c.model_id))
        .where(*conditions)
        .order_by(key.desc())
    )


def _plain(query: Search) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.text:
        text = query.text
        matching = models.c.name.icontains(text, autoescape=True) | models.c.description.icontains(
            text, autoescape=True
        )
        found.append(versions.c.model_id.in_(select(models.c.id).where(matching)))
    if query.project is not None:
        found.append(versions.c.project == query.project)
    if query.trained_by is not None:
        found.append(versions.c.trained_by == query.trained_by)
    if query.since is not None:
        found.append(versions.c.created >= microseconds(query.since))
    if query.until is not None:
        found.append(versions.c.created < microseconds(query.until))
    if query.status is not None:
        found.append(versions.c.status == query.status.value)
    return found
