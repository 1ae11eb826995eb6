"""How versions move on, and how champions change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import JsonValue
from sqlalchemy import select, update

from mdk_jupyter.registry import policy as gates
from mdk_jupyter.registry.access import Verb
from mdk_jupyter.registry.audit import Entry
from mdk_jupyter.registry.conditions import as_number
from mdk_jupyter.registry.database import canonical, moment, upsert
from mdk_jupyter.registry.domain import (
    Actor,
    Approval,
    Champion,
    Deployment,
    GateResult,
    MetricDifference,
    Metrics,
    Place,
    Promotion,
    PromotionPlan,
    Status,
    Waiver,
)
from mdk_jupyter.registry.errors import ConflictError, InvalidError
from mdk_jupyter.registry.prepared import Row
from mdk_jupyter.registry.references import parse
from mdk_jupyter.registry.service.base import Service, may
from mdk_jupyter.registry.service.registering import set_status
from mdk_jupyter.registry.service.rows import VERSION, find_version, no_champion, number_of
from mdk_jupyter.registry.service.situation import (
    Head,
    approvals_of,
    crown,
    current_champion,
    deployment,
    facts,
    head,
    may_change,
    pass_gates,
    put,
    remove,
    set_revision,
    usable,
    version_of,
)
from mdk_jupyter.registry.shares import check_shares
from mdk_jupyter.registry.tables import approvals, assignments, models, placements, promotions, versions


class Champions(Service):
    """plan_promotion, promote, publish, rollback, set_challengers, report_deployment, approve."""

    def plan_promotion(self, actor: Actor, reference: str, *, environment: str, by: str | None = None) -> PromotionPlan:
        """Return what publishing a version would change, and what stands in its way. Changes nothing.

        `by` is who would do it, the actor where it is not given; an empty name counts for nobody's agreement.
        """
        self._known(environment)
        with self.database.snapshot() as connection:
            version = find_version(connection, parse(reference), environment)
            may(actor, Verb.READ, version)
            now = head(connection, version.model, environment)
            policy = self._policy(connection, version.project, environment)
            known = facts(connection, now, version, policy, actor.name if by is None else by)
            given = approvals_of(connection, version, environment)
        results = gates.evaluate(policy, known)
        before = known.champion.metrics if known.champion else {}
        active = version.status == Status.ACTIVE
        place = json.loads(version.places).get(environment)
        return PromotionPlan(
            model=version.model,
            environment=environment,
            champion=known.champion.version if known.champion else None,
            candidate=known.version.version,
            place=Place(place) if place else None,
            metrics=metric_differences(before, known.version.metrics),
            gates=tuple(results),
            approvals=tuple(given),
            approvals_needed=max(policy.approvals - len(gates.agreed(policy, known)), 0),
            may_promote=active and not gates.failed(results, "promote"),
            may_publish=active and not gates.failed(results, "publish"),
            revision=now.revision,
        )

    def promote(
        self,
        actor: Actor,
        reference: str,
        *,
        to: str,
        reason: str | None = None,
        waivers: Sequence[Waiver] = (),
        break_glass: str | None = None,
        expected_revision: int | None = None,
        idempotency_key: str | None = None,
    ) -> Promotion:
        """Let a version move on into the environment `to`, where it is staged; the champion stays.

        Raises:
            RefusedError: a gate of the policy failed (MDK520).
            ForbiddenError: the environment is changed by others alone (MDK531).
            ConflictError: the version is quarantined or archived (MDK512).
            StaleError: the environment has another revision than the expected one (MDK510).
        """
        parsed, chain = self._name_of(reference)
        self._known(to)

        def act(entry: Entry) -> Promotion:
            version = find_version(entry.connection, parsed, to)
            may(actor, Verb.PROMOTE, version, to)
            now = head(entry.connection, chain, to)
            now.expect(expected_revision)
            usable(version)
            changed = to not in json.loads(version.places)
            results: tuple[GateResult, ...] = ()
            revision = now.revision
            if changed:
                policy = self._policy(entry.connection, version.project, to)
                broken = may_change(policy, actor, break_glass)
                known = facts(entry.connection, now, version, policy, actor.name)
                results, passed_by = pass_gates(policy, known, "promote", waivers, break_glass)
                broken += passed_by
                row = {
                    "version_id": version.id,
                    "environment": to,
                    "actor": actor.name,
                    "reason": reason,
                    "at": entry.at,
                }
                upsert(entry.connection, promotions, row, "actor", "reason", "at")
                put(entry, now, version, Place.STAGED)
                revision = set_revision(entry, now, now.champion.id if now.champion else None)
                said = _said(now, revision, reason, waivers, break_glass, broken)
                entry.record("promote", number_of(version), to, event="version.promoted", **said)
            return Promotion(
                model=chain,
                version=number_of(version),
                environment=to,
                actor=actor.name,
                reason=reason,
                at=moment(entry.at),
                revision=revision,
                gates=results,
                changed=changed,
            )

        request = ("promote", reference, to, reason, waivers, break_glass, expected_revision)
        return self._once(actor, chain, idempotency_key, request, Promotion, act)

    def publish(
        self,
        actor: Actor,
        reference: str,
        *,
        environment: str,
        reason: str | None = None,
        endpoint: str | None = None,
        waivers: Sequence[Waiver] = (),
        break_glass: str | None = None,
        expected_revision: int | None = None,
        idempotency_key: str | None = None,
    ) -> Champion:
        """Make a version the champion of an environment. `changed` is false where it was that already.

        Raises:
            RefusedError: a gate of the policy failed (MDK520).
            ForbiddenError: the environment is changed by others alone (MDK531).
            ConflictError: the version is quarantined or archived (MDK512).
            StaleError: the environment has another revision than the expected one (MDK510).
        """
        parsed, chain = self._name_of(reference)
        self._known(environment)

        def act(entry: Entry) -> Champion:
            version = find_version(entry.connection, parsed, environment)
            may(actor, Verb.PUBLISH, version, environment)
            now = head(entry.connection, chain, environment)
            now.expect(expected_revision)
            usable(version)
            if now.champion and now.champion.id == version.id:
                return current_champion(entry.connection, now, changed=False)
            policy = self._policy(entry.connection, version.project, environment)
            broken = may_change(policy, actor, break_glass)
            known = facts(entry.connection, now, version, policy, actor.name)
            broken += pass_gates(policy, known, "publish", waivers, break_glass)[1]
            revision = crown(entry, now, version, reason, endpoint)
            said = _said(now, revision, reason, waivers, break_glass, broken)
            entry.record("publish", number_of(version), environment, event="champion.changed", **said)
            return current_champion(entry.connection, now, changed=True)

        request = ("publish", reference, environment, reason, endpoint, waivers, break_glass, expected_revision)
        return self._once(actor, chain, idempotency_key, request, Champion, act)

    def rollback(
        self,
        actor: Actor,
        name: str,
        *,
        environment: str,
        to: str | None = None,
        reason: str,
        quarantine: bool = True,
        expected_revision: int | None = None,
        idempotency_key: str | None = None,
    ) -> Champion:
        """Make a past champion the champion again: the last other one that is not quarantined, or `to`.

        No gate is asked: the version passed them when it was published. With `quarantine`, the version that is left
        can come back only when somebody takes the quarantine away, so that a second rollback goes further back.

        Raises:
            NotFoundError: there is no champion (MDK502), or no version `to` (MDK501).
            ConflictError: there is no other champion to go back to (MDK514), or `to` was never one (MDK516).
            ForbiddenError: the environment is changed by others alone (MDK531).
        """
        self._known(environment)

        def act(entry: Entry) -> Champion:
            now = head(entry.connection, name, environment)
            may(actor, Verb.ROLLBACK, now.model, environment)
            now.expect(expected_revision)
            if now.champion is None:
                raise no_champion(name, environment)
            target = _past_champion(entry, now, to)
            if target.id == now.champion.id:
                return current_champion(entry.connection, now, changed=False)
            may_change(self._policy(entry.connection, now.model.project, environment), actor)
            left = now.champion
            revision = crown(entry, now, target, reason, None)
            said = _said(now, revision, reason)
            entry.record("rollback", number_of(target), environment, event="champion.changed", **said)
            if quarantine and left.status == Status.ACTIVE:
                set_status(entry, left, Status.QUARANTINED, f"rolled back in {environment}: {reason}")
            return current_champion(entry.connection, now, changed=True)

        request = ("rollback", environment, to, reason, quarantine, expected_revision)
        return self._once(actor, name, idempotency_key, request, Champion, act)

    def set_challengers(
        self,
        actor: Actor,
        name: str,
        *,
        environment: str,
        challengers: Mapping[str, int],
        reason: str | None = None,
        expected_revision: int | None = None,
        idempotency_key: str | None = None,
    ) -> Deployment:
        """Say which versions get how many percent of the traffic besides the champion, which has the rest.

        `challengers` maps version numbers or references to percent. Those that are not named are challengers no more.

        Raises:
            InvalidError: the shares are not within 0 and 100, or the champion is among them (MDK544).
            NotFoundError: there is no champion to challenge (MDK502).
            ForbiddenError: the environment is changed by others alone (MDK531).
        """
        self._known(environment)
        check_shares(challengers)

        def act(entry: Entry) -> Deployment:
            now = head(entry.connection, name, environment)
            may(actor, Verb.CHALLENGE, now.model, environment)
            now.expect(expected_revision)
            chosen = _challengers(entry, now, challengers)
            before = {
                place.version: place.percent
                for place in deployment(entry.connection, now).placements
                if place.place is Place.CHALLENGER
            }
            shares = {number_of(version): percent for version, percent in chosen}
            if before == shares:
                return deployment(entry.connection, now)
            may_change(self._policy(entry.connection, now.model.project, environment), actor)
            for number in before.keys() - shares.keys():
                remove(entry, now, version_of(entry.connection, name, number))
            for version, percent in chosen:
                put(entry, now, version, Place.CHALLENGER, percent)
            revision = set_revision(entry, now, now.champion.id if now.champion else None)
            said = {"revision": revision, "before": before, "challengers": shares, "reason": reason}
            entry.record("set_challengers", None, environment, event="challengers.changed", **said)
            return deployment(entry.connection, head(entry.connection, name, environment))

        request = ("set_challengers", environment, dict(challengers), reason, expected_revision)
        return self._once(actor, name, idempotency_key, request, Deployment, act)

    def report_deployment(
        self,
        actor: Actor,
        reference: str,
        *,
        environment: str,
        endpoint: str | None = None,
        status: Mapping[str, JsonValue] | None = None,
    ) -> Deployment:
        """Note the endpoint and the status of a version in an environment. Changes no champion and no revision.

        Raises:
            ConflictError: the version has no place there (MDK517).
        """
        parsed, chain = self._name_of(reference)
        self._known(environment)

        def act(entry: Entry) -> Deployment:
            version = find_version(entry.connection, parsed, environment)
            may(actor, Verb.REPORT, version, environment)
            said: dict[str, Any] = {}
            if endpoint is not None:
                said["endpoint"] = endpoint
            if status is not None:
                said["status"] = canonical(dict(status))
            here = (placements.c.version_id == version.id) & (placements.c.environment == environment)
            if environment not in json.loads(version.places):
                raise ConflictError(
                    "MDK517",
                    f"{chain}/{number_of(version)} has no place in {environment}",
                    f"Promote it to {environment} first.",
                )
            if said:
                entry.connection.execute(update(placements).where(here).values(said))
                noted = {**said, **({"status": dict(status)} if status is not None else {})}
                entry.record("report", number_of(version), environment, event="deployment.reported", **noted)
            return deployment(entry.connection, head(entry.connection, chain, environment))

        return self._once(actor, chain, None, (), Deployment, act)

    def approve(self, actor: Actor, reference: str, *, environment: str, comment: str | None = None) -> Approval:
        """Agree that a version may be published. Whether it counts is for the policy to say."""
        parsed, chain = self._name_of(reference)
        self._known(environment)

        def act(entry: Entry) -> Approval:
            version = find_version(entry.connection, parsed, environment)
            may(actor, Verb.APPROVE, version, environment)
            usable(version)
            row = {
                "version_id": version.id,
                "environment": environment,
                "actor": actor.name,
                "comment": comment,
                "at": entry.at,
            }
            if upsert(entry.connection, approvals, row):
                entry.record("approve", number_of(version), environment, event="version.approved", comment=comment)
            mine = [one for one in approvals_of(entry.connection, version, environment) if one.actor == actor.name]
            return mine[0]

        return self._once(actor, chain, None, (), Approval, act)

    def approvals(self, actor: Actor, reference: str, *, environment: str | None = None) -> list[Approval]:
        """Return who approved of a version."""
        with self.database.read() as connection:
            version = find_version(connection, parse(reference), environment)
            may(actor, Verb.READ, version)
            return approvals_of(connection, version, environment)


def metric_differences(before: Metrics, after: Metrics) -> tuple[MetricDifference, ...]:
    """Compare the metrics of two versions, by name."""
    found = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        first, second = as_number(old), as_number(new)
        difference = second - first if first is not None and second is not None else None
        found.append(MetricDifference(name=name, before=old, after=new, difference=difference))
    return tuple(found)


def _said(
    now: Head,
    revision: int,
    reason: str | None,
    waivers: Iterable[Waiver] = (),
    break_glass: str | None = None,
    broken: Sequence[str] = (),
) -> dict[str, Any]:
    """What the history and the event tell of a change. A broken glass is told to all who listen."""
    said: dict[str, Any] = {
        "revision": revision,
        "champion_before": number_of(now.champion) if now.champion else None,
        "reason": reason,
    }
    if waived := {waiver.gate: waiver.reason for waiver in waivers}:
        said["waived"] = waived
    if broken:
        said |= {"break_glass": break_glass, "gates_broken": list(broken)}
    return said


def _past_champion(entry: Entry, now: Head, to: str | None) -> Row:
    """Return the version to go back to."""
    been = (
        select(*VERSION)
        .join_from(versions, models)
        .join(assignments, assignments.c.version_id == versions.c.id)
        .where(assignments.c.model_id == now.model.id, assignments.c.environment == now.environment)
        .order_by(assignments.c.revision.desc())
    )
    if to is None:
        assert now.champion is not None
        last = been.where(versions.c.status == Status.ACTIVE.value, versions.c.id != now.champion.id)
        row = entry.connection.execute(last.limit(1)).first()
        if row is None:
            raise ConflictError(
                "MDK514",
                f"{now.model.name} has no earlier champion in {now.environment} that may be used",
                "Take a quarantine back, or publish another version.",
            )
        return row
    parsed = parse(to if "/" in to or "@" in to else f"{now.model.name}/{to}")
    version = find_version(entry.connection, parsed, now.environment)
    if entry.connection.execute(been.where(versions.c.id == version.id).limit(1)).first() is None:
        raise ConflictError(
            "MDK516",
            f"{version.model}/{number_of(version)} was never champion of {now.model.name} in {now.environment}",
            "Publish it: then the gates are asked.",
        )
    usable(version)
    return version


def _challengers(entry: Entry, now: Head, challengers: Mapping[str, int]) -> list[tuple[Row, int]]:
    name, environment = now.model.name, now.environment
    if challengers and now.champion is None:
        raise no_champion(name, environment)
    chosen = []
    for given, percent in challengers.items():
        parsed = parse(given if "/" in given or "@" in given else f"{name}/{given}")
        version = find_version(entry.connection, parsed, environment)
        if version.model != name or (now.champion and version.id == now.champion.id):
            raise InvalidError(
                "MDK544", f"{given} cannot challenge the champion of {name}", "Name other versions of it."
            )
        usable(version)
        chosen.append((version, percent))
    return chosen
