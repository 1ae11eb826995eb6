"""How things stand with a version in an environment: what the verbs on champions decide by."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from mdk_jupyter.registry import policy as gates
from mdk_jupyter.registry.audit import Entry
from mdk_jupyter.registry.database import canonical, moment, upsert
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
    row: Any = connection.execute(_head, {"model": model.id, "environment": environment}).first()
    if row is None:
        return Head(model, environment, 0, None)
    return Head(model, environment, row.revision, row if row.id is not None else None)


_head = (
    select(*VERSION, heads.c.revision)
    .select_from(heads)
    .join(models, models.c.id == heads.c.model_id)
    .join(versions, versions.c.id == heads.c.version_id, isouter=True)
    .where(heads.c.model_id == bindparam("model"), heads.c.environment == bindparam("environment"))
)


def facts(connection: Connection, head: Head, version: Row[Any], policy: Policy, actor: str) -> gates.Facts:
    """Return what the gates look at."""
    was_there = policy.after is None or bool(
        connection.execute(_been, {"model": head.model.id, "environment": policy.after, "version": version.id}).first()
    )
    here = {"version": version.id, "environment": head.environment}
    people = policy.promoted or policy.approvals
    return gates.Facts(
        version=as_version(version),
        champion=as_version(head.champion) if head.champion else None,
        was_champion_after=was_there,
        promoted_by=connection.execute(_promoter, here).scalar() if people else None,
        approvals=approvals_of(connection, version, head.environment) if people else (),
        actor=actor,
    )


_been = (
    select(assignments.c.id)
    .where(assignments.c.model_id == bindparam("model"), assignments.c.environment == bindparam("environment"))
    .where(assignments.c.version_id == bindparam("version"))
    .limit(1)
)
_promoter = select(promotions.c.actor).where(
    promotions.c.version_id == bindparam("version"), promotions.c.environment == bindparam("environment")
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
    upsert(entry.connection, heads, row, "revision", "version_id")
    return revision


def crown(entry: Entry, head: Head, version: Row[Any], reason: str | None, endpoint: str | None) -> int:
    """Make a version the champion; the one before it leaves the environment. Returns the new revision."""
    connection, model, environment = entry.connection, head.model, head.environment
    revision = set_revision(entry, head, version.id)
    if head.champion:
        connection.execute(_end, {"model": model.id, "here": environment, "at": entry.at})
        remove(entry, head, head.champion)
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
    put(entry, head, version, Place.CHAMPION, endpoint=endpoint)
    champions = {**json.loads(model.champions), environment: number_of(version)}
    connection.execute(_set_champions, {"model": model.id, "shown": canonical(champions)})
    return revision


_end = (
    update(assignments)
    .where(assignments.c.model_id == bindparam("model"), assignments.c.environment == bindparam("here"))
    .where(assignments.c.until.is_(None))
    .values(until=bindparam("at"))
)
_set_champions = update(models).where(models.c.id == bindparam("model")).values(champions=bindparam("shown"))


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
    changed = ("place", "percent", "since", "actor", *(["endpoint"] if endpoint is not None else []))
    upsert(entry.connection, placements, row, *changed)
    _set_place(entry, version, head.environment, place)


def remove(entry: Entry, head: Head, version: Row[Any]) -> None:
    """Take a version out of an environment."""
    here = {"model": head.model.id, "here": head.environment, "version": version.id}
    entry.connection.execute(_leave, here)
    _set_place(entry, version, head.environment, None)


_leave = (
    delete(placements)
    .where(placements.c.model_id == bindparam("model"), placements.c.environment == bindparam("here"))
    .where(placements.c.version_id == bindparam("version"))
)
_set_places = update(versions).where(versions.c.id == bindparam("version")).values(places=bindparam("shown"))


def _set_place(entry: Entry, version: Row[Any], environment: str, place: Place | None) -> None:
    places = json.loads(version.places)
    places.pop(environment, None)
    if place is not None:
        places[environment] = place.value
    entry.connection.execute(_set_places, {"version": version.id, "shown": canonical(places)})


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


champion_now: Any = _current.where(
    models.c.name == bindparam("name"),
    heads.c.environment == bindparam("environment"),
    assignments.c.until.is_(None),
)
"""The champion of the model `name` in `environment`, found by indexes alone."""


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
    values = {"name": head.model.name, "environment": head.environment}
    return as_champion(connection.execute(champion_now, values).one(), changed=changed)


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
