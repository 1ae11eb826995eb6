"""Searching versions of all models, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, select

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
_COUNTED = (1000, 10_000)  # rows that are looked at to find the rarest of conditions: few first


class Searching(Service):
    """search."""

    def search(self, actor: Actor, query: Search, *, cursor: str | None = None, limit: int = 50) -> Page[Version]:
        """Return the versions for which all holds that the query says.

        Raises:
            InvalidError: a condition on metrics cannot be read (MDK542).
        """
        paging.check(limit)
        before = paging.decode(cursor, int) if cursor is not None else None
        conditions = _plain(query)
        if (visible := visible_projects(actor)) is not None:
            conditions.append(versions.c.project.in_(visible))
        inverted = _inverted(query)
        with self.database.read() as connection:
            walked = _rarest(connection, inverted) if len(inverted) > 1 else _Walked(inverted[0] if inverted else None)
            others = [each for each in inverted if each is not walked.first]
            rows = connection.execute(_select(conditions, walked, others, before).limit(limit + 1)).all()
        return paging.page(rows, limit, as_version, lambda row: int(row.id))


@dataclass(frozen=True)
class _Inverted:
    """A table that has the ids of versions, for each label, metric or environment."""

    table: Any
    holds: ColumnElement[bool]
    in_order: bool = True  # whether those that meet the condition are found in the order of their ids


@dataclass(frozen=True)
class _Walked:
    """The condition whose versions are looked at one after the other, and whether they are few. None: all versions."""

    first: _Inverted | None
    few: bool = False


def _select(
    conditions: list[ColumnElement[bool]], walked: _Walked, others: list[_Inverted], before: int | None
) -> Select[Any]:
    """Walk one inverted table backwards and look the rest up: it ends at a full page."""
    first = walked.first
    key = first.table.c.version_id if first else versions.c.id
    source: Any = versions
    if first:
        source = first.table.join(versions, versions.c.id == key)
        conditions = [first.holds, *conditions]
    for other in others:
        conditions.append(exists().where(other.table.c.version_id == versions.c.id, other.holds))
    if before is not None:
        conditions.append(key < before)
    joined = source.join(models, models.c.id == versions.c.model_id)
    # A few values within a range are found and then sorted; `+ 0` keeps SQLite from walking all values by id instead.
    order = key + 0 if first and walked.few and not first.in_order else key
    return select(*VERSION).select_from(joined).where(*conditions).order_by(order.desc())


def _rarest(connection: Connection, inverted: list[_Inverted]) -> _Walked:
    """Return the condition that the fewest versions meet: what has few rows is soon walked."""

    def count(each: _Inverted, most: int) -> int:
        some = select(each.table.c.version_id).where(each.holds).limit(most).subquery()
        return int(connection.execute(select(func.count()).select_from(some)).scalar_one())

    for most in _COUNTED:
        counts = [count(each, most) for each in inverted]
        if min(counts) < most:
            break
    return _Walked(inverted[counts.index(min(counts))], few=min(counts) < most)


def _inverted(query: Search) -> list[_Inverted]:
    found = []
    if query.champion_in:
        found.append(_Inverted(heads, heads.c.environment == query.champion_in))
    for key, value in query.labels.items():
        each: Any = labels.alias()
        found.append(_Inverted(each, and_(each.c.key == key, each.c.value == value)))
    for text in query.metrics:
        wanted = condition(text)
        if wanted.relative:
            raise InvalidError("MDK542", f"{text!r} compares with a champion", "A search compares with numbers.")
        each = metrics.alias()
        compared = each.c.value.op(_SQL.get(wanted.sign, wanted.sign), is_comparison=True)(wanted.number)
        found.append(_Inverted(each, and_(each.c.key == wanted.metric, compared), in_order=False))
    return found


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
