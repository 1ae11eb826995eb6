"""What a search asks for: criteria, each with the ids of the versions that meet it."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal_column, select

from mdk_jupyter.registry.conditions import Condition, condition
from mdk_jupyter.registry.database import microseconds
from mdk_jupyter.registry.domain import Search, Status
from mdk_jupyter.registry.errors import InvalidError
from mdk_jupyter.registry.tables import heads, labels, metrics, models, versions

_SQL = {"==": "=", "!=": "<>"}
_ONE: ColumnElement[int] = literal_column("1")


@dataclass(frozen=True, eq=False)
class Criterion:
    """A condition, in a table of its own: an alias, so that criteria of one table do not meet in a statement."""

    id: ColumnElement[int]
    """The ids of versions."""
    holds: ColumnElement[bool]
    """The condition. An index finds what meets it."""
    walked: ColumnElement[bool]
    """The same, written so that no index serves but the one that has the ids in their order."""
    by: ColumnElement[Any]
    """The order in which an index has what meets the condition: often the ids."""
    thin: bool = True
    """Whether a walk looks at the entries of an index, and not at all versions."""
    counted: bool = True
    """Whether it can be that few versions meet the condition."""

    @property
    def ordered(self) -> bool:
        return self.by is self.id

    def count(self, most: int) -> Any:
        """Return how many versions meet it, counted up to `most`. In the order of an index, lest all rows are read."""
        some = select(self.id).where(self.holds).order_by(self.by).limit(most).subquery()
        return select(func.count()).select_from(some).scalar_subquery()

    def among(self, ids: ColumnElement[int], *within: ColumnElement[bool]) -> ColumnElement[bool]:
        """Return that versions meet it, which PostgreSQL may look up together with the ids."""
        return exists().where(self.id == ids, self.walked, *within)

    def probe(self, id: ColumnElement[int]) -> ColumnElement[bool]:
        """Return whether a version meets it, looked up one by one: PostgreSQL makes no join of this."""
        return select(_ONE).where(self.id == id, self.walked).scalar_subquery() == _ONE


class OfModels(Criterion):
    """A condition on the models of versions: it holds in the table of models."""

    def count(self, most: int) -> Any:
        return select(func.coalesce(func.sum(models.c.versions), 0)).where(self.holds).scalar_subquery()

    def probe(self, id: ColumnElement[int]) -> ColumnElement[bool]:
        each = versions.alias()
        model = select(_ONE).where(each.c.id == id, each.c.model_id == models.c.id, self.holds)
        return model.scalar_subquery() == _ONE


def criteria(query: Search, visible: Set[str] | None) -> list[Criterion]:
    """Return what must hold. `visible` has the projects that may be seen, None for all.

    Raises:
        InvalidError: a condition on metrics cannot be read (MDK542).
    """
    return [*_inverted(query), *_of_versions(query, visible), *_of_models(query, visible)]


def _inverted(query: Search) -> Iterator[Criterion]:
    """Of tables that have the ids of versions for each environment, label and metric."""
    if query.champion_in:
        each: Any = heads.alias()
        is_one = each.c.version_id.is_not(None)  # PostgreSQL has those without a champion first
        yield _simple(each.c.version_id, and_(each.c.environment == query.champion_in, is_one))
    for key, value in query.labels.items():
        each = labels.alias()
        yield _simple(each.c.version_id, and_(each.c.key == key, each.c.value == value))
    read = sorted(map(_number, query.metrics), key=attrgetter("metric"))
    for metric, conditions in groupby(read, attrgetter("metric")):
        yield _metric(metric, list(conditions))


def _number(text: str) -> Condition:
    wanted = condition(text)
    if wanted.relative:
        raise InvalidError("MDK542", f"{text!r} compares with a champion", "A search compares with numbers.")
    return wanted


def _metric(metric: str, conditions: list[Condition]) -> Criterion:
    """`auc > 0.5` and `auc < 0.6` are one criterion: few may meet both, though many meet each."""
    each: Any = metrics.alias()

    def compared(value: ColumnElement[Any]) -> ColumnElement[bool]:
        signs = [(_SQL.get(wanted.sign, wanted.sign), wanted.number) for wanted in conditions]
        return and_(each.c.key == metric, *(value.op(sign, is_comparison=True)(number) for sign, number in signs))

    is_one = any(wanted.sign == "==" for wanted in conditions)  # the values of an index are by their ids then
    holds = compared(each.c.value)
    if is_one:
        return _simple(each.c.version_id, holds)
    return Criterion(each.c.version_id, holds, compared(each.c.value + 0), by=each.c.value)


def _of_versions(query: Search, visible: Set[str] | None) -> Iterator[Criterion]:
    project = next(iter(visible)) if visible is not None and len(visible) == 1 else None
    for name, value in (("project", query.project), ("project", project), ("trained_by", query.trained_by)):
        if value is not None:
            each: Any = versions.alias()
            yield _simple(each.c.id, each.c[name] == value)
    if query.status is Status.ACTIVE:
        each = versions.alias()
        holds = each.c.status == Status.ACTIVE.value
        yield Criterion(each.c.id, holds, holds, by=each.c.id, thin=False, counted=False)
    elif query.status is not None:
        each = versions.alias()  # the index has those that are not active: in these words
        rare = each.c.status != literal_column(f"'{Status.ACTIVE.value}'")
        yield _simple(each.c.id, and_(each.c.status == query.status.value, rare))
    if query.since is not None or query.until is not None:
        each = versions.alias()
        created = each.c.created
        yield Criterion(each.c.id, _between(created, query), _between(created + 0, query), by=created, thin=False)


def _between(created: ColumnElement[int], query: Search) -> ColumnElement[bool]:
    since = [created >= microseconds(query.since)] if query.since is not None else []
    until = [created < microseconds(query.until)] if query.until is not None else []
    return and_(*since, *until)


def _of_models(query: Search, visible: Set[str] | None) -> Iterator[Criterion]:
    match: list[ColumnElement[bool]] = []
    if query.text:
        named = models.c.name.icontains(query.text, autoescape=True)
        match.append(named | models.c.description.icontains(query.text, autoescape=True))
    if visible is not None and len(visible) != 1:
        match.append(models.c.project.in_(sorted(visible)))
    if match:
        holds = and_(*match)
        yield OfModels(models.c.id, holds, holds, by=models.c.id, thin=False)


def _simple(id: ColumnElement[int], holds: ColumnElement[bool]) -> Criterion:
    return Criterion(id, holds, holds, by=id)
