"""Reading models, versions, champions and deployments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import and_, bindparam, exists, or_, select

from mdk_jupyter.registry.access import Verb, visible_projects
from mdk_jupyter.registry.database import microseconds
from mdk_jupyter.registry.domain import (
    Actor,
    Champion,
    Comparison,
    Deployment,
    Difference,
    ModelInfo,
    Page,
    Version,
)
from mdk_jupyter.registry.prepared import Prepared
from mdk_jupyter.registry.references import parse
from mdk_jupyter.registry.service import paging
from mdk_jupyter.registry.service.base import Service, may
from mdk_jupyter.registry.service.champions import metric_differences
from mdk_jupyter.registry.service.rows import (
    VERSION,
    as_model,
    as_version,
    find_model,
    find_version,
    model_query,
    no_champion,
    whole_version,
)
from mdk_jupyter.registry.service.situation import as_champion, champion_now, champion_query, deployment, head
from mdk_jupyter.registry.tables import assignments, heads, models, versions
from mdk_jupyter.registry.tables import labels as labelled

_NAMED = and_(models.c.name == bindparam("name"), heads.c.environment == bindparam("environment"))
_champion_then = Prepared(
    champion_query()
    .where(_NAMED, assignments.c.since <= bindparam("then"))
    .where(or_(assignments.c.until.is_(None), assignments.c.until > bindparam("then")))
    .order_by(assignments.c.since.desc(), assignments.c.revision.desc())
    .limit(1)
)
# Looked up apart: a join with the model would let PostgreSQL sort all of its versions.
_model_id = select(models.c.id).where(models.c.name == bindparam("name")).scalar_subquery()
_page_of_versions = Prepared(
    select(*VERSION)
    .join_from(versions, models)
    .where(versions.c.model_id == _model_id, versions.c.n < bindparam("before"))
    .order_by(versions.c.n.desc())
    .limit(bindparam("rows"))
)


class Reading(Service):
    """models, model, versions, version, champion, deployments, compare."""

    def models(
        self,
        actor: Actor,
        *,
        project: str | None = None,
        text: str | None = None,
        labels: Mapping[str, str] | None = None,
        champion_in: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[ModelInfo]:
        """List models by name. `labels` are those of a model's newest version."""
        paging.check(limit)
        query = model_query().order_by(models.c.name).limit(limit + 1)
        if (visible := visible_projects(actor)) is not None:
            query = query.where(models.c.project.in_(visible))
        if project is not None:
            query = query.where(models.c.project == project)
        if text:
            query = query.where(
                models.c.name.icontains(text, autoescape=True) | models.c.description.icontains(text, autoescape=True)
            )
        for key, value in (labels or {}).items():
            newest = (labelled.c.version_id == models.c.newest_id, labelled.c.key == key, labelled.c.value == value)
            query = query.where(exists().where(*newest))
        if champion_in is not None:
            crowned = select(heads.c.model_id).where(
                heads.c.environment == champion_in, heads.c.version_id.is_not(None)
            )
            query = query.where(models.c.id.in_(crowned))
        if cursor is not None:
            query = query.where(models.c.name > paging.decode(cursor, str))
        with self.database.read() as connection:
            rows = connection.execute(query).all()
        return paging.page(rows, limit, as_model, lambda row: str(row.name))

    def model(self, actor: Actor, name: str) -> ModelInfo:
        """Return a model."""
        with self.database.read() as connection:
            row = find_model(connection, name)
        may(actor, Verb.READ, row)
        return as_model(row)

    def versions(self, actor: Actor, name: str, *, cursor: str | None = None, limit: int = 50) -> Page[Version]:
        """List the versions of a model, newest first."""
        paging.check(limit)
        before = paging.decode(cursor, int) if cursor is not None else 2**31 - 1
        with self.database.read() as connection:
            rows = _page_of_versions.all(connection, {"name": name, "before": before, "rows": limit + 1})
            may(actor, Verb.READ, rows[0] if rows else find_model(connection, name))
        return paging.page(rows, limit, as_version, lambda row: int(row.n))

    def version(self, actor: Actor, reference: str, *, environment: str | None = None) -> Version:
        """Return the version that a reference means now, with its requirements and profile."""
        with self.database.read() as connection:
            row = find_version(connection, parse(reference), environment)
            may(actor, Verb.READ, row)
            return whole_version(connection, row)

    def champion(self, actor: Actor, name: str, *, environment: str, as_of: datetime | None = None) -> Champion:
        """Return the champion of an environment, as it is or as it was at a moment.

        Raises:
            NotFoundError: there is no such model (MDK500), or no champion (MDK502).
        """
        values = {"name": name, "environment": environment}
        with self.database.read() as connection:
            if as_of is None:
                row = champion_now.first(connection, values)
            else:
                row = _champion_then.first(connection, {**values, "then": microseconds(as_of)})
            if row is None:
                self._known(environment)
                may(actor, Verb.READ, find_model(connection, name))
                raise no_champion(name, environment)
        may(actor, Verb.READ, row)
        return as_champion(row)

    def deployments(self, actor: Actor, name: str) -> list[Deployment]:
        """Return what each environment has of a model."""
        with self.database.snapshot() as connection:
            may(actor, Verb.READ, find_model(connection, name))
            return [deployment(connection, head(connection, name, each)) for each in self.environments]

    def compare(self, actor: Actor, a: str, b: str, *, environment: str | None = None) -> Comparison:
        """Return in what two versions differ."""
        first = self.version(actor, a, environment=environment)
        second = self.version(actor, b, environment=environment)
        others = {"signature", "datasets", "requirements", "provenance", "artifact", "labels", "cost"}
        return Comparison(
            a=first.reference,
            b=second.reference,
            metrics=metric_differences(first.metrics, second.metrics),
            parameters=differences(first.parameters, second.parameters),
            others=differences(
                first.model_dump(mode="json", include=others), second.model_dump(mode="json", include=others)
            ),
        )


def differences(before: JsonValue, after: JsonValue, name: str = "") -> tuple[Difference, ...]:
    """Return where two values differ. Mappings are compared inside, with dotted names; lists as wholes."""
    if before == after:
        return ()
    if isinstance(before, dict) and isinstance(after, dict):
        names = sorted(before.keys() | after.keys())
        found = [differences(before.get(each), after.get(each), f"{name}.{each}" if name else each) for each in names]
        return tuple(difference for some in found for difference in some)
    return (Difference(name=name, before=before, after=after),)
