"""How things stand with a version in an environment: what the verbs on champions decide by."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, and_, bindparam, delete, select, update

from mdk_jupyter.registry import policy as gates
from mdk_jupyter.registry.audit import Entry
from mdk_jupyter.registry.database import canonical, moment, upserting
from mdk_jupyter.registry.domain import (
    Actor,
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
from mdk_jupyter.registry.errors import ConflictError, ForbiddenError, RefusedError, StaleError
from mdk_jupyter.registry.prepared import Prepared, Row, Together
from mdk_jupyter.registry.references import Reference
from mdk_jupyter.registry.service.rows import VERSION, as_version, find_version, no_model, number_of
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
class ModelHead:
    """The model of a head."""

    id: int
    name: str
    project: str
    champions: str  # JSON: version by environment


@dataclass(frozen=True, slots=True)
class Head:
    """What a model's environment is at: its revision, and the champion's row where there is one."""

    model: ModelHead
    environment: str
    revision: int
    champion: Row | None

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
    row = _head.first(connection, {"name": name, "environment": environment})
    if row is None:
        raise no_model(name)
    model = ModelHead(row.head_id, name, row.head_project, row.champions)
    return Head(model, environment, row.revision or 0, row if row.id is not None else None)


_head = Prepared(
    select(
        *VERSION,
        heads.c.revision,
        models.c.id.label("head_id"),
        models.c.project.label("head_project"),
        models.c.champions,
    )
    .select_from(models)
    .join(heads, and_(heads.c.model_id == models.c.id, heads.c.environment == bindparam("environment")), isouter=True)
    .join(versions, versions.c.id == heads.c.version_id, isouter=True)
    .where(models.c.name == bindparam("name"))
)


def facts(connection: Connection, head: Head, version: Row, policy: Policy, actor: str) -> gates.Facts:
    """Return what the gates look at."""
    after = {"model": head.model.id, "environment": policy.after, "version": version.id}
    people = policy.promoted or policy.approvals
    promoter = _promoter.first(connection, {"version": version.id, "environment": head.environment}) if people else None
    return gates.Facts(
        version=as_version(version),
        champion=as_version(head.champion) if head.champion else None,
        was_champion_after=policy.after is None or _been.first(connection, after) is not None,
        promoted_by=promoter.actor if promoter else None,
        approvals=approvals_of(connection, version, head.environment) if people else (),
        actor=actor,
    )


_been = Prepared(
    select(assignments.c.id)
    .where(assignments.c.model_id == bindparam("model"), assignments.c.environment == bindparam("environment"))
    .where(assignments.c.version_id == bindparam("version"))
    .limit(1)
)
_promoter = Prepared(
    select(promotions.c.actor).where(
        promotions.c.version_id == bindparam("version"), promotions.c.environment == bindparam("environment")
    )
)


def approvals_of(connection: Connection, version: Row, environment: str | None) -> list[Approval]:
    """Return who approved of a version, oldest first."""
    rows = _approvals.all(connection, {"version": version.id})
    return [
        Approval(
            model=version.model,
            version=number_of(version),
            environment=row.environment,
            actor=row.actor,
            comment=row.comment,
            at=moment(row.at),
        )
        for row in rows
        if environment in {None, row.environment}
    ]


_approvals = Prepared(
    select(approvals).where(approvals.c.version_id == bindparam("version")).order_by(approvals.c.at, approvals.c.actor)
)


def usable(version: Row) -> None:
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


def may_change(policy: Policy, actor: Actor, break_glass: str | None = None) -> list[str]:
    """Let those pass who may change the environment, and return `changed_by` where somebody else broke the glass.

    Raises:
        ForbiddenError: the policy names others (MDK531).
    """
    if not policy.changed_by or actor.name in policy.changed_by:
        return []
    if break_glass is not None and policy.break_glass:
        return ["changed_by"]
    names = ", ".join(policy.changed_by)
    emergency = " In an emergency: `mdk registry publish --break-glass WHY`." if policy.break_glass else ""
    raise ForbiddenError(
        "MDK531",
        f"{policy.environment} is changed by {names} alone, not by {actor.name}",
        f"Propose it: `mdk promote` and `mdk rollback` change operations.yaml on a branch.{emergency}",
        names=[actor.name],
    )


def _glass(policy: Policy) -> str:
    return ", `--break-glass`" if policy.break_glass else " where they are waivable"


# Changes. All of them happen in one's turn on the model's chain.


def set_revision(entry: Entry, head: Head, version_id: int | None) -> int:
    """Give the environment its next revision, and return it."""
    row = _revised(head, version_id)
    _revise.run(entry.connection, row)
    return head.revision + 1


def crown(entry: Entry, head: Head, version: Row, reason: str | None, endpoint: str | None) -> int:
    """Make a version the champion; the one before it leaves the environment. Returns the new revision."""
    model, environment, before = head.model, head.environment, head.champion
    revision = head.revision + 1
    if before:  # there are never two, so it ends first
        _end.run(entry.connection, {"model": model.id, "here": environment, "at": entry.at})
    champions = {**json.loads(model.champions), environment: number_of(version)}
    _crown.run(
        entry.connection,
        revision=_revised(head, version.id),
        assignment={
            "model_id": model.id,
            "environment": environment,
            "version_id": version.id,
            "since": entry.at,
            "actor": entry.actor.name,
            "reason": reason,
            "revision": revision,
            "previous": number_of(before) if before else None,
        },
        leaving=_left(head, before) if before else None,
        left=_placed(before, environment, None) if before else None,
        placement=_placement(entry, head, version, Place.CHAMPION, endpoint=endpoint),
        placed=_placed(version, environment, Place.CHAMPION),
        shown={"model": model.id, "shown": canonical(champions)},
    )
    return revision


def put(entry: Entry, head: Head, version: Row, place: Place, percent: int | None = None) -> None:
    """Give a version a place in an environment. Its endpoint and status stay where it had some."""
    _put.run(
        entry.connection,
        placement=_placement(entry, head, version, place, percent),
        placed=_placed(version, head.environment, place),
    )


def remove(entry: Entry, head: Head, version: Row) -> None:
    """Take a version out of an environment."""
    _remove.run(entry.connection, leaving=_left(head, version), left=_placed(version, head.environment, None))


def _revised(head: Head, version_id: int | None) -> dict[str, Any]:
    return {
        "model_id": head.model.id,
        "environment": head.environment,
        "revision": head.revision + 1,
        "version_id": version_id,
    }


def _placement(
    entry: Entry, head: Head, version: Row, place: Place, percent: int | None = None, endpoint: str | None = None
) -> dict[str, Any]:
    return {
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


def _placed(version: Row, environment: str, place: Place | None) -> dict[str, Any]:
    places = json.loads(version.places)
    places.pop(environment, None)
    if place is not None:
        places[environment] = place.value
    return {"version": version.id, "shown": canonical(places)}


def _left(head: Head, version: Row) -> dict[str, Any]:
    return {"model": head.model.id, "here": head.environment, "version": version.id}


_revise = upserting(heads, "revision", "version_id")
_end = Prepared(
    update(assignments)
    .where(assignments.c.model_id == bindparam("model"), assignments.c.environment == bindparam("here"))
    .where(assignments.c.until.is_(None))
    .values(until=bindparam("at"))
)
_place = upserting(placements, "place", "percent", "since", "actor", filled="endpoint")
_show_places = Prepared(update(versions).where(versions.c.id == bindparam("version")).values(places=bindparam("shown")))
_leave = Prepared(
    delete(placements)
    .where(placements.c.model_id == bindparam("model"), placements.c.environment == bindparam("here"))
    .where(placements.c.version_id == bindparam("version"))
)
_put = Together(placement=_place, placed=_show_places)
_remove = Together(leaving=_leave, left=_show_places)
_crown = Together(
    revision=_revise,
    assignment=Prepared(assignments.insert()),
    leaving=_leave,
    left=_show_places,
    placement=_place,
    placed=_show_places,
    shown=Prepared(update(models).where(models.c.id == bindparam("model")).values(champions=bindparam("shown"))),
)


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


champion_now = Prepared(
    _current.where(
        models.c.name == bindparam("name"),
        heads.c.environment == bindparam("environment"),
        assignments.c.until.is_(None),
    )
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
    return as_champion(champion_now.one(connection, values), changed=changed)


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


def version_of(connection: Connection, name: str, number: str) -> Row:
    """Return the row of a version by its number."""
    return find_version(connection, Reference(name, version=number))
