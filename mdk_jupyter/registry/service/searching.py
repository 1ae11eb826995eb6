"""Searching versions of all models, newest first, without looking at most of them.

A page is found by ids, and only then read. What few versions meet is found and sorted. Where all criteria are met by
many, the ids of each are walked side by side from the newest on, until a page is full.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, intersect, select, true

from mdk_jupyter.registry.access import visible_projects
from mdk_jupyter.registry.database import microseconds
from mdk_jupyter.registry.domain import Actor, Page, Search, Version
from mdk_jupyter.registry.service import paging
from mdk_jupyter.registry.service.base import Service
from mdk_jupyter.registry.service.criteria import Criterion, OfModels, criteria
from mdk_jupyter.registry.service.rows import VERSION, as_version
from mdk_jupyter.registry.tables import models, versions

_FEW = (1000, 10_000)  # versions that are counted to find the criterion that the fewest meet: not so many first


class Searching(Service):
    """search."""

    def search(self, actor: Actor, query: Search, *, cursor: str | None = None, limit: int = 50) -> Page[Version]:
        """Return the versions for which all holds that the query says.

        Raises:
            InvalidError: a condition on metrics cannot be read (MDK542).
        """
        paging.check(limit)
        below = paging.decode(cursor, int) if cursor is not None else None
        asked = criteria(query, visible_projects(actor))
        with self.database.read() as connection:
            ids = _Finding(connection, query, asked, below, limit + 1).ids()
            page = select(*VERSION).join_from(versions, models).where(versions.c.id.in_(ids))
            rows = connection.execute(page.order_by(versions.c.id.desc())).all()
        return paging.page(rows, limit, as_version, lambda row: int(row.id))


class _Finding:
    """How one page is found: at most `rows` ids below `below`, and none that are not `above`."""

    def __init__(
        self, connection: Connection, query: Search, asked: Sequence[Criterion], below: int | None, rows: int
    ) -> None:
        self.connection = connection
        self.query = query
        self.asked = asked
        self.below = below
        self.above: int | None = None
        self.rows = rows
        self.sqlite = connection.dialect.name == "sqlite"

    def ids(self) -> Any:
        """Return the statement that finds the ids of the page."""
        counted = [each for each in self.asked if each.counted]
        if len(counted) > 1 or any(not each.ordered for each in counted):
            fewest, counted = self._counted(counted)
            if fewest < _FEW[-1]:
                first = counted[0]
                return self._of_models(first) if isinstance(first, OfModels) else self._found(first)
            self._bound()
        if thin := [each for each in counted if each.thin]:
            return self._walked(thin)
        for each in counted:
            if isinstance(each, OfModels):
                return self._of_models(each)
        return self._all()

    def _counted(self, counted: list[Criterion]) -> tuple[int, list[Criterion]]:
        """Return how many versions meet the criterion that the fewest meet, and the criteria, that one first."""
        counts: Sequence[int] = []
        for most in _FEW:
            counts = self.connection.execute(select(*(each.count(most) for each in counted))).one()
            if min(counts) < most:
                break
        order = sorted(range(len(counted)), key=lambda number: counts[number])
        return min(counts), [counted[number] for number in order]

    def _bound(self) -> None:
        """Leave out the ids above and below all that the models which are asked for have of the time asked for.

        A model's times rise with its ids. Those of all models together may not: what is imported is older than it is
        new here.
        """
        each, query = versions.alias(), self.query
        match = [criterion.holds for criterion in self.asked if isinstance(criterion, OfModels)]
        if not match and query.until is None and query.since is None:
            return
        of = select(each.c.id).where(each.c.model_id == models.c.id).limit(1)
        bounds = []
        if query.until is not None:
            newest = of.where(each.c.created < microseconds(query.until))
            bounds.append(newest.order_by(each.c.created.desc(), each.c.id.desc()))
        else:
            bounds.append(of.where(*self._within(each.c.id)).order_by(each.c.id.desc()))
        if query.since is not None:
            oldest = of.where(each.c.created >= microseconds(query.since))
            bounds.append(oldest.order_by(each.c.created, each.c.id))
        ends = [bound.scalar_subquery() for bound in bounds]
        said = select(func.max(ends[0]), *map(func.min, ends[1:])).select_from(models).where(*match)
        top, *bottom = self.connection.execute(said).one()
        if top is None or None in bottom:
            self.below = 0
            return
        self.below = top + 1 if self.below is None else min(top + 1, self.below)
        self.above = bottom[0] - 1 if bottom else None

    def _found(self, few: Criterion) -> Any:
        """Find those that meet one criterion, and sort them. `+ 0` keeps databases from walking instead."""
        order = few.id if few.ordered else few.id + 0
        return self._select(few.id, few.holds, *self._probes(few.id, few)).order_by(order.desc())

    def _walked(self, thin: Sequence[Criterion]) -> Any:
        """Walk the ids of all criteria that an index has, side by side, and look the others up."""
        first, *others = thin
        order = first.id.desc()
        probes = self._probes(first.id, *thin)
        if not self.sqlite:  # PostgreSQL makes a merge join of it, for it knows that all are many
            probes += [each.among(first.id, *self._within(each.id)) for each in others]
        elif others:
            walks = [select(each.id.label("id")).where(each.walked, *self._within(each.id)) for each in thin]
            together = intersect(walks[0].where(*probes), *walks[1:])
            return together.order_by(together.selected_columns.id.desc()).limit(self.rows)
        return self._select(first.id, first.walked, *probes).order_by(order)

    def _all(self) -> Any:
        """Walk all versions."""
        if not self.asked:
            each = versions.alias()
            return self._select(each.c.id).order_by(each.c.id.desc())
        first = self.asked[0]
        return self._select(first.id, first.walked, *self._probes(first.id, first)).order_by(first.id.desc())

    def _of_models(self, of: OfModels) -> Any:
        """Take the newest versions of each model, and of these the newest: a page has no more models than rows."""
        newest = self._newest_of(models, of, 1).scalar_subquery()
        ranked = select(models.c.id).where(of.holds).order_by(func.coalesce(newest, 0).desc()).limit(self.rows)
        first = ranked.subquery()
        taken = self._newest_of(first, of, self.rows)
        if self.sqlite:  # it has no LATERAL
            each = versions.alias()
            joined = first.join(each, each.c.id.in_(taken))
            return select(each.c.id).select_from(joined).order_by((each.c.id + 0).desc()).limit(self.rows)
        lateral = taken.lateral()
        ids = select(lateral.c.id).select_from(first.join(lateral, true()))
        return ids.order_by(lateral.c.id.desc()).limit(self.rows)

    def _newest_of(self, of: Any, without: Criterion, rows: int) -> Select[Any]:
        """Return the newest versions of a model that meet the other criteria."""
        each = versions.alias()
        probes = self._probes(each.c.id, without)
        ids = select(each.c.id).where(each.c.model_id == of.c.id, *self._within(each.c.id), *probes)
        return ids.order_by(each.c.id.desc()).limit(rows).correlate(of)

    def _select(self, id: Any, *conditions: Any) -> Any:
        return select(id).where(*conditions, *self._within(id)).limit(self.rows)

    def _probes(self, id: Any, *without: Criterion) -> list[ColumnElement[bool]]:
        """Return that the other criteria are met."""
        return [each.probe(id) for each in self.asked if each not in without]

    def _within(self, id: Any) -> list[ColumnElement[bool]]:
        below = [] if self.below is None else [id < self.below]
        return below if self.above is None else [*below, id > self.above]
