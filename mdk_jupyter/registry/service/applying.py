"""Several changes of one environment in one transaction, and what they are decided on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from mdk_jupyter.registry import audit
from mdk_jupyter.registry.access import Verb, visible_projects
from mdk_jupyter.registry.audit import Entry
from mdk_jupyter.registry.changes import Applied, Change, ModelOutcome, Origin, Outcome, Standing
from mdk_jupyter.registry.database import moment
from mdk_jupyter.registry.domain import Actor, Place, Status
from mdk_jupyter.registry.errors import ConflictError, InvalidError
from mdk_jupyter.registry.service.base import Answer, Service, may
from mdk_jupyter.registry.service.champions import Champions
from mdk_jupyter.registry.service.registering import Registering
from mdk_jupyter.registry.service.rows import VERSION, number_of
from mdk_jupyter.registry.service.situation import Head, current_champion, deployment, head
from mdk_jupyter.registry.tables import assignments, heads, models, versions
from mdk_jupyter.registry.tables import audit as records

_REMEMBERED = 50  # plans of which one can say that they were applied
ACTION = "apply"  # of the record that tells which entry of which plan was applied


class Applying(Service):
    """observe, apply."""

    def observe(self, actor: Actor, environment: str, *, names: Sequence[str] | None = None) -> list[Standing]:
        """Return how models stand in an environment, all at one moment; without names, all that have a place there.

        Names that no model has, or none that the actor may see, are left out.
        """
        self._known(environment)
        query = select(models.c.name).order_by(models.c.name)
        if names is not None:
            query = query.where(models.c.name.in_(sorted(set(names))))
        else:
            there = select(heads.c.model_id).where(heads.c.environment == environment)
            query = query.where(models.c.id.in_(there))
        if (visible := visible_projects(actor)) is not None:
            query = query.where(models.c.project.in_(visible))
        with self.database.snapshot() as connection:
            found = connection.execute(query).scalars().all()
            return [_standing(connection, head(connection, name, environment)) for name in found]

    def apply(
        self,
        actor: Actor,
        changes: Sequence[Change],
        *,
        environment: str,
        expected_revisions: Mapping[str, int],
        origin: Origin,
        idempotency_key: str | None = None,
    ) -> Outcome:
        """Carry out changes of one environment: all of them, or none.

        Each model must be at its expected revision. A change with an `operation` that was carried out before does
        nothing. The gates of the policy are asked as they are for each verb alone.

        Raises:
            StaleError: a model has another revision than the expected one (MDK510).
            ConflictError: an entry's serial does not rise (MDK610).
            InvalidError: a model has no expected revision (MDK549).
            RefusedError: a gate of the policy failed (MDK520).
        """
        self._known(environment)
        names = sorted({change.model for change in changes})
        if missing := [name for name in names if name not in expected_revisions]:
            raise InvalidError("MDK549", f"no revision is expected of {', '.join(missing)}", "Observe them first.")
        if not names:
            return Outcome(environment=environment, changes=())

        def act(first: Entry) -> Outcome:
            # Everybody takes the locks in the order of the names, so that nobody waits for somebody who waits for them.
            others = {name: audit.enter(first.connection, actor, name) for name in names[1:]}
            entries = {names[0]: first, **others}
            for name, entry in entries.items():
                now = head(entry.connection, name, environment)
                may(actor, Verb.APPLY, now.model, environment)
                now.expect(expected_revisions[name])
            verbs = _Joint(self, entries)
            outcomes = tuple(verbs.carry_out(actor, environment, change, origin) for change in changes)
            return Outcome(environment=environment, changes=outcomes)

        request = ("apply", environment, tuple(changes), dict(expected_revisions), origin)
        return self._once(actor, names[0], idempotency_key, request, Outcome, act)


class _Joint(Champions, Registering):
    """The verbs within a transaction that is open already, on chains that it has entered."""

    def __init__(self, service: Applying, entries: Mapping[str, Entry]) -> None:
        super().__init__(service.database, service._defaults, service.environments)
        self._entries = entries

    def _once(
        self,
        actor: Actor,
        chain: str,
        key: str | None,
        request: Sequence[object],
        type: type[Answer],
        act: Callable[[Entry], Answer],
    ) -> Answer:
        return act(self._entries[chain])

    def carry_out(self, actor: Actor, environment: str, change: Change, origin: Origin) -> ModelOutcome:
        """Carry out one change, and record that it was applied."""
        entry = self._entries[change.model]
        before = list(_applications(entry.connection, change.model, environment))
        done = change.operation is not None and any(data.get("operation") == change.operation for _, data in before)
        if not done:
            _check_serial(change, environment, before)
            for step in change.steps:
                self._step(actor, environment, change, step)
        now = head(entry.connection, change.model, environment)
        if not done and (change.entry or change.operation):  # it comes from a file
            said = {
                **origin.model_dump(exclude_none=True),
                **(change.entry.model_dump(exclude_none=True) if change.entry else {}),
                **({"operation": change.operation} if change.operation else {}),
                "at_revision": now.revision,
                "reason": change.reason,
            }
            champion = number_of(now.champion) if now.champion else None
            entry.record(ACTION, champion, environment, event="environment.applied", **said)
        return ModelOutcome(
            model=change.model,
            changed=not done,
            revision=now.revision,
            champion=number_of(now.champion) if now.champion else None,
        )

    def _step(self, actor: Actor, environment: str, change: Change, step: Any) -> None:
        name, because = change.model, change.reason
        reference = f"{name}/{step.version}" if getattr(step, "version", None) else f"{name}@champion"
        match step.verb:
            case "promote":
                waivers, glass = change.waivers, change.break_glass
                self.promote(actor, reference, to=environment, reason=because, waivers=waivers, break_glass=glass)
            case "publish":
                waivers, glass = change.waivers, change.break_glass
                self.publish(
                    actor, reference, environment=environment, reason=because, waivers=waivers, break_glass=glass
                )
            case "rollback":
                why = because or "as the file of operations says"
                quarantine = step.quarantine
                self.rollback(actor, name, environment=environment, to=step.version, reason=why, quarantine=quarantine)
            case "challenge":
                self._challenge(actor, change, environment, step.challengers)
            case "share":
                connection = self._entries[name].connection
                shares = challengers_of(deployment(connection, head(connection, name, environment)).placements)
                shares.pop(step.version, None)
                if step.percent is not None:
                    shares[step.version] = step.percent
                self._challenge(actor, change, environment, shares)
            case "label":
                self.annotate(actor, reference, labels=step.labels, environment=environment)
            case "quarantine":
                self.quarantine(actor, reference, reason=step.why)
            case "report":
                self.report_deployment(
                    actor, reference, environment=environment, endpoint=step.endpoint, status=step.status
                )

    def _challenge(self, actor: Actor, change: Change, environment: str, shares: Mapping[str, int]) -> None:
        because = change.reason
        self.set_challengers(actor, change.model, environment=environment, challengers=shares, reason=because)


def challengers_of(placements: Sequence[Any]) -> dict[str, int]:
    """Return the percent of each challenger."""
    return {one.version: one.percent or 0 for one in placements if one.place is Place.CHALLENGER}


def _applications(connection: Connection, name: str, environment: str) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield what was applied to a model's environment, the newest first: the record, and its data."""
    query = (
        select(records)
        .where(records.c.chain == name, records.c.environment == environment, records.c.action == ACTION)
        .order_by(records.c.seq.desc())
    )
    for row in connection.execute(query).all():
        yield row, json.loads(row.data)


def _check_serial(change: Change, environment: str, before: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
    """Refuse an entry that was written before the one that was applied last."""
    last = next((data for _, data in before if data.get("serial") is not None), None)
    entry = change.entry
    if entry is None or last is None or entry.serial > last["serial"]:
        return
    if entry.serial < last["serial"] or entry.digest != last["digest"]:
        raise ConflictError(
            "MDK610",
            f"{change.model} in {environment} has the serial {last['serial']} already, and the file says {entry.serial}",
            f"Look at what was applied since, and write serial: {last['serial'] + 1}.",
        )


def _standing(connection: Connection, now: Head) -> Standing:
    found = deployment(connection, now)
    applied = None
    operations: list[str] = []
    parts: dict[str, str] = {}
    for row, data in _applications(connection, now.model.name, now.environment):
        if len(parts) < _REMEMBERED:
            parts.setdefault(data["plan"], data["part"])
        if "operation" in data:
            operations.append(data["operation"])
        elif applied is None and "serial" in data:
            told = {name: data.get(name) for name in ("plan", "part", "serial", "digest", "notes", "commit")}
            said = {"at": moment(row.at), "actor": row.actor, "revision": data["at_revision"], **told}
            applied = Applied.model_validate(said)
    champion = current_champion(connection, now, changed=False) if now.champion else None
    past, previous = _past_champions(connection, now)
    return Standing(
        model=now.model.name,
        environment=now.environment,
        revision=now.revision,
        champion=found.champion,
        endpoint=champion.endpoint if champion else None,
        challengers=challengers_of(found.placements),
        labels=champion.version.labels if champion else {},
        past=tuple(past),
        previous=previous,
        applied=applied,
        operations=tuple(operations),
        parts=parts,
    )


def _past_champions(connection: Connection, now: Head) -> tuple[list[str], str | None]:
    """Return all versions that have been champion, the last one first, and the one that a rollback goes back to."""
    been = (
        select(*VERSION)
        .join_from(versions, models)
        .join(assignments, assignments.c.version_id == versions.c.id)
        .where(assignments.c.model_id == now.model.id, assignments.c.environment == now.environment)
        .order_by(assignments.c.revision.desc())
    )
    rows = connection.execute(been).all()
    active = (row for row in rows if row.status == Status.ACTIVE and now.champion and row.id != now.champion.id)
    previous = next(active, None)
    return list(dict.fromkeys(map(number_of, rows))), number_of(previous) if previous else None
