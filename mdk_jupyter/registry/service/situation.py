"""How things stand with a version in an environment: what the verbs on champions decide by."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, select, update

from mdk_jupyter.registry import policy as gates
from mdk_jupyter.registry.audit import Entry
from mdk_jupyter.registry.database import canonical, moment
from mdk_jupyter.registry.domain import (
    Approval,
    Champion,
    Deployment,
    GateResult,
    Place,
    Placement,
    Policy,
    Status,
    Waiver,
)
from mdk_jupyter.registry.errors import ConflictError, RefusedError, StaleError
from mdk_jupyter.registry.references import Reference
from mdk_jupyter.registry.service.base import insert
from mdk_jupyter.registry.service.rows import VERSION, as_version, find_model, find_version, number_of
from mdk_jupyter.registry.tables import (
    approvals,
    assignments,
    heads,
    models,
    placements,
    promotions,
    versions,
)


@dataclass(frozen=True, slots=True)
class Head:
    """What a model's environment is at: its revision, and the champion's row where there is one."""

    model: Row[Any]
    environment: str
    revision: int
    champion: Row[Any] | None

    def expect(self, revision: int | None) -> None:
        """Refuse a change that was decided upon before another one.

        Raises:
            StaleError: the revision is another (MDK510).
        """
        if revision is not None and revision != self.revision:
            raise StaleError(
                "MDK510",
                f"{self.model.name} in {self.environment} is at revision {self.revision}, not {revision}: "
                "somebody changed it in the meantime",
                "Look at what it is now, and decide again.",
                revision=self.revision,
            )


def head(connection: Connection, name: str, environment: str) -> Head:
    """Return how a model's environment stands.

    Raises:
        NotFoundError: there is no such model (MDK500).
    """
    model = find_model(connection, name)
    query = select(heads).where(heads.c.model_id == model.id, heads.c.environment == environment)
    row = connection.execute(query).first()
    if row is None:
        return Head(model, environment, 0, None)
    champion = None
    if row.version_id is not None:
        query = select(*VERSION).join_from(versions, models).where(versions.c.id == row.version_id)
        champion = connection.execute(query).one()
    return Head(model, environment, row.revision, champion)


def facts(connection: Connection, head: Head, version: Row[Any], policy: Policy, actor: str) -> gates.Facts:
    """Return what the gates look at."""
    was_there = policy.after is None or bool(
        connection.execute(
            select(assignments.c.id)
            .where(assignments.c.model_id == head.model.id, assignments.c.environment == policy.after)
            .where(assignments.c.version_id == version.id)
            .limit(1)
        ).first()
    )
    promoted = select(promotions.c.actor).where(
        promotions.c.version_id == version.id, promotions.c.environment == head.environment
    )
    return gates.Facts(
        version=as_version(version),
        champion=as_version(head.champion) if head.champion else None,
        was_champion_after=was_there,
        promoted_by=connection.execute(promoted).scalar(),
        approvals=approvals_of(connection, version, head.environment),
        actor=actor,
    )


def approvals_of(connection: Connection, version: Row[Any], environment: str | None) -> list[Approval]:
    """Return who approved of a version, oldest first."""
    query = select(approvals).where(approvals.c.version_id == version.id).order_by(approvals.c.at, approvals.c.actor)
    if environment is not None:
        query = query.where(approvals.c.environment == environment)
    return [
        Approval(
            model=version.model,
            version=number_of(version),
            environment=row.environment,
            actor=row.actor,
            comment=row.comment,
            at=moment(row.at),
        )
        for row in connection.execute(query)
    ]


def usable(version: Row[Any]) -> None:
    """Refuse what no gate can let pass.

    Raises:
        ConflictError: the version is quarantined or archived (MDK512).
    """
    if version.status != Status.ACTIVE:
        why = f": {version.status_reason}" if version.status_reason else ""
        raise ConflictError(
            "MDK512",
            f"{version.model}/{number_of(version)} is {version.status}{why}",
            "Take another version." if version.status == Status.ARCHIVED else "Take the quarantine back first.",
        )


def pass_gates(
    policy: Policy,
    facts: gates.Facts,
    verb: Literal["promote", "publish"],
    waivers: Iterable[Waiver],
    break_glass: str | None,
) -> tuple[tuple[GateResult, ...], list[str]]:
    """Return all results, and the names of the gates that were passed by breaking the glass.

    Raises:
        RefusedError: a gate failed (MDK520), or nobody may break the glass here (MDK521).
    """
    results = gates.evaluate(policy, facts, waivers)
    failed = gates.failed(results, verb)
    names = [result.gate for result in failed]
    if not failed:
        return tuple(results), []
    reference, environment = facts.version.reference, policy.environment
    if break_glass is None:
        raise RefusedError(
            "MDK520",
            f"{reference} may not be {verb.rstrip('e')}ed in {environment}: "
            + "; ".join(f"{result.gate}: {result.detail}" for result in failed),
            f"Meet the gates. In an emergency, an approver can pass them with a reason{_glass(policy)}.",
            gates=results,
        )
    if not policy.break_glass:
        raise RefusedError(
            "MDK521", f"the policy of {environment} has no glass to break", "Meet the gates.", gates=results
        )
    return tuple(results), names


def _glass(policy: Policy) -> str:
    return ", `--break-glass`" if policy.break_glass else " where they are waivable"


# Changes. All of them happen in one's turn on the model's chain.


def set_revision(entry: Entry, head: Head, version_id: int | None) -> int:
    """Give the environment its next revision, and return it."""
    revision = head.revision + 1
    row = {"model_id": head.model.id, "environment": head.environment, "revision": revision, "version_id": version_id}
    new = insert(entry.connection, heads).values(row)
    entry.connection.execute(
        new.on_conflict_do_update(
            index_elements=["model_id", "environment"], set_={"revision": revision, "version_id": version_id}
        )
    )
    return revision


def crown(entry: Entry, head: Head, version: Row[Any], reason: str | None, endpoint: str | None) -> int:
    """Make a version the champion; the one before it leaves the environment. Returns the new revision."""
    connection, model, environment = entry.connection, head.model, head.environment
    revision = set_revision(entry, head, version.id)
    here = (assignments.c.model_id == model.id) & (assignments.c.environment == environment)
    connection.execute(update(assignments).where(here, assignments.c.until.is_(None)).values(until=entry.at))
    connection.execute(
        assignments.insert(),
        {
            "model_id": model.id,
            "environment": environment,
            "version_id": version.id,
            "since": entry.at,
            "actor": entry.actor.name,
            "reason": reason,
            "revision": revision,
            "previous": number_of(head.champion) if head.champion else None,
        },
    )
    if head.champion:
        remove(entry, head, head.champion)
    put(entry, head, version, Place.CHAMPION, endpoint=endpoint)
    champions = {**json.loads(model.champions), environment: number_of(version)}
    connection.execute(update(models).where(models.c.id == model.id).values(champions=canonical(champions)))
    return revision


def put(
    entry: Entry,
    head: Head,
    version: Row[Any],
    place: Place,
    percent: int | None = None,
    endpoint: str | None = None,
) -> None:
    """Give a version a place in an environment. Its endpoint and status stay where it had some."""
    row = {
        "model_id": head.model.id,
        "environment": head.environment,
        "version_id": version.id,
        "place": place.value,
        "percent": percent,
        "endpoint": endpoint,
        "status": "{}",
        "since": entry.at,
        "actor": entry.actor.name,
    }
    changed = {name: row[name] for name in ("place", "percent", "since", "actor")}
    if endpoint is not None:
        changed["endpoint"] = endpoint
    new = insert(entry.connection, placements).values(row)
    entry.connection.execute(
        new.on_conflict_do_update(index_elements=["model_id", "environment", "version_id"], set_=changed)
    )
    _set_place(entry, version.id, head.environment, place)


def remove(entry: Entry, head: Head, version: Row[Any]) -> None:
    """Take a version out of an environment."""
    here = (placements.c.model_id == head.model.id) & (placements.c.environment == head.environment)
    entry.connection.execute(delete(placements).where(here, placements.c.version_id == version.id))
    _set_place(entry, version.id, head.environment, None)


def _set_place(entry: Entry, version_id: int, environment: str, place: Place | None) -> None:
    places = json.loads(
        entry.connection.execute(select(versions.c.places).where(versions.c.id == version_id)).scalar_one()
    )
    places.pop(environment, None)
    if place is not None:
        places[environment] = place.value
    entry.connection.execute(update(versions).where(versions.c.id == version_id).values(places=canonical(places)))


# Answers

_current: Any = (
    select(
        *VERSION,
        assignments.c.environment,
        assignments.c.since,
        assignments.c.until,
        assignments.c.actor,
        assignments.c.reason,
        assignments.c.previous,
        assignments.c.revision.label("assigned"),
        heads.c.revision,
        placements.c.endpoint,
    )
    .select_from(models)
    .join(heads, heads.c.model_id == models.c.id)
    .join(versions, versions.c.model_id == models.c.id)
    .join(
        assignments,
        (assignments.c.model_id == models.c.id)
        & (assignments.c.environment == heads.c.environment)
        & (assignments.c.version_id == versions.c.id),
    )
    .join(
        placements,
        (placements.c.model_id == models.c.id)
        & (placements.c.environment == heads.c.environment)
        & (placements.c.version_id == versions.c.id),
        isouter=True,
    )
)
"""Champions, past ones too."""


def champion_query() -> Any:
    """Champions, one row an assignment, for `as_champion`."""
    return _current


def as_champion(row: Any, *, changed: bool = True) -> Champion:
    """Return the champion of a row of `champion_query`."""
    return Champion(
        model=row.model,
        environment=row.environment,
        version=as_version(row),
        since=moment(row.since),
        until=moment(row.until) if row.until is not None else None,
        actor=row.actor,
        reason=row.reason,
        endpoint=row.endpoint if row.until is None else None,
        revision=row.revision if row.until is None else row.assigned,
        previous=row.previous,
        changed=changed,
    )


def current_champion(connection: Connection, head: Head, *, changed: bool) -> Champion:
    """Return the champion as it is now, within a transaction that knows there is one."""
    query = _current.where(
        models.c.id == head.model.id, heads.c.environment == head.environment, assignments.c.until.is_(None)
    )
    return as_champion(connection.execute(query).one(), changed=changed)


def deployment(connection: Connection, head: Head) -> Deployment:
    """Return all that an environment has of a model."""
    query = (
        select(placements, versions.c.major, versions.c.minor, versions.c.patch)
        .join_from(placements, versions, versions.c.id == placements.c.version_id)
        .where(placements.c.model_id == head.model.id, placements.c.environment == head.environment)
        .order_by(placements.c.place, versions.c.n.desc())
    )
    found = tuple(
        Placement(
            version=number_of(row),
            place=Place(row.place),
            percent=row.percent,
            endpoint=row.endpoint,
            status=json.loads(row.status),
            since=moment(row.since),
            actor=row.actor,
        )
        for row in connection.execute(query)
    )
    return Deployment(
        model=head.model.name,
        environment=head.environment,
        revision=head.revision,
        champion=number_of(head.champion) if head.champion else None,
        placements=found,
    )


def version_of(connection: Connection, name: str, number: str) -> Row[Any]:
    """Return the row of a version by its number."""
    return find_version(connection, Reference(name, version=number))
