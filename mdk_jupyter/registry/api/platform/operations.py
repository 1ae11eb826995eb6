"""What those clients ask for, in terms of the registry. Its rules hold for them as for everybody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mdk_jupyter.registry.api.platform import records
from mdk_jupyter.registry.api.platform.bodies import (
    ENVIRONMENTS,
    NewRecord,
    PublishPrimary,
    Record,
    RollbackPrimary,
    UpdateStatus,
)
from mdk_jupyter.registry.api.platform.identity import version_of
from mdk_jupyter.registry.domain import Actor, Deployment, Place, Search, Version
from mdk_jupyter.registry.errors import ConflictError, InvalidError, NotFoundError, RefusedError
from mdk_jupyter.registry.service import Registry


class Operations:
    """The verbs of the eight routes."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def add(self, actor: Actor, new: NewRecord) -> Record:
        """Register a version. Whether it is primary is not for the one who registers it to say."""
        added = self._registry.add(actor, new.model_name, records.new_version(new))
        return self._record(actor, added, new.deployment_environment)

    def primary(self, actor: Actor, name: str, environment: str) -> Record:
        """Show the champion."""
        return self._record(
            actor, self._registry.champion(actor, name, environment=ENVIRONMENTS[environment]).version, environment
        )

    def latest(self, actor: Actor, name: str, environment: str) -> Record:
        """Show the newest version that was made for an environment, or has come into it."""
        ours = ENVIRONMENTS[environment]
        if ours == "dev":  # where every version begins
            return self._record(actor, self._registry.version(actor, f"{name}@latest"), environment)
        query = Search(labels={records.MADE_FOR: records.made_for(name, ours)})
        found = list(self._registry.search(actor, query, limit=1).items)
        if deployment := self._deployment(actor, name, ours):
            numbers = {placement.version for placement in deployment.placements} | {deployment.champion}
            found += [self._registry.version(actor, f"{name}/{number}") for number in numbers if number]
        if not found:
            raise NotFoundError("MDK502", f"{name} has no version in {environment}")
        return self._record(actor, max(found, key=lambda version: version.n), environment)

    def by_number(self, actor: Actor, name: str, version: str) -> Record:
        """Show a version, in the environment that it was made for."""
        return self._at_home(actor, self._registry.version(actor, f"{name}/{version}"))

    def by_vertex(self, actor: Actor, resource: str, version: str) -> Record:
        """Show a version by its name on Vertex AI."""
        return self._at_home(actor, self._find(actor, resource, version))

    def publish(self, actor: Actor, asked: PublishPrimary) -> list[Record]:
        """Make a version the champion; it is promoted into the environment first, if it is not there yet."""
        version = self._find(actor, asked.vertex_ai_model_resource_name, asked.vertex_ai_model_version_id)
        before = self._champion(actor, version.model, ENVIRONMENTS[asked.deployment_environment])
        self._crown(actor, version, asked.deployment_environment, asked.published_model_endpoint)
        return self._changed(actor, version.model, asked, before)

    def roll_back(self, actor: Actor, asked: RollbackPrimary) -> list[Record]:
        """Make a past champion the champion again."""
        environment = ENVIRONMENTS[asked.deployment_environment]
        target = None
        name = asked.model_name
        if asked.vertex_ai_model_resource_name is not None:
            version = self._find(actor, asked.vertex_ai_model_resource_name, asked.vertex_ai_model_version_id)
            name, target = version.model, version.version
        if name is None:
            raise InvalidError("MDK549", "neither `model_name` nor `vertex_ai_model_resource_name` is given")
        before = self._champion(actor, name, environment)
        self._registry.rollback(actor, name, environment=environment, to=target, reason="rollback_primary")
        return self._changed(actor, name, asked, before)

    def update(self, actor: Actor, asked: UpdateStatus) -> Record:
        """Make a version champion or challenger, or take it out of the traffic, and note its deployment's status."""
        version = self._find(actor, asked.vertex_ai_model_resource_name, asked.vertex_ai_model_version_id)
        environment = ENVIRONMENTS[asked.deployment_environment]
        champion = self._champion(actor, version.model, environment)
        shares = self._shares(actor, version.model, environment)
        wanted = dict(shares)
        if asked.publish_status == "champion" and champion != version.version:
            self._crown(actor, version, asked.deployment_environment, asked.deployed_model_endpoint)
            shares = self._shares(actor, version.model, environment)
            wanted = dict(shares)
        elif asked.publish_status == "challenger":
            wanted[version.version] = percent(asked.deployment_status, shares.get(version.version, 0))
        elif asked.publish_status == "archived":
            if champion == version.version:
                raise ConflictError(
                    "MDK511",
                    f"{version.reference} is the champion of {environment}: without it there would be none",
                    "Publish another version, or roll back.",
                )
            wanted.pop(version.version, None)
        if asked.challenger_model_ids is not None:
            numbers = [_challenger(version.model, text) for text in asked.challenger_model_ids]
            wanted = {number: wanted.get(number, 0) for number in numbers}
        if wanted != shares:
            self._registry.set_challengers(
                actor, version.model, environment=environment, challengers=wanted, reason="update_status"
            )
        endpoint, status = asked.deployed_model_endpoint, asked.deployment_status
        if asked.publish_status == "archived":  # it has no place left that could have a status
            note = f"archived in {asked.deployment_environment}: {json.dumps(status or {}, sort_keys=True)}"
            self._registry.annotate(actor, version.reference, note=note)
        else:
            self._report(actor, version.reference, environment, endpoint, status)
        return self._record(actor, version, asked.deployment_environment)

    def _crown(self, actor: Actor, version: Version, environment: str, endpoint: str | None) -> None:
        ours, reason = ENVIRONMENTS[environment], "publish_primary"
        try:
            if ours not in version.places:
                self._registry.promote(actor, version.reference, to=ours, reason=reason)
            self._registry.publish(actor, version.reference, environment=ours, endpoint=endpoint, reason=reason)
        except RefusedError as error:
            raise _refused(version, ours, error) from error

    def _changed(
        self, actor: Actor, name: str, asked: PublishPrimary | RollbackPrimary, before: str | None
    ) -> list[Record]:
        """Note what is said of the deployments, and return the new champion and the old one."""
        environment = ENVIRONMENTS[asked.deployment_environment]
        now = self._champion(actor, name, environment)
        self._report(
            actor,
            f"{name}/{now}",
            environment,
            asked.published_model_endpoint,
            asked.published_model_deployment_status,
        )
        numbers = [now, before] if before not in {None, now} else [now]
        return [
            self._record(actor, self._registry.version(actor, f"{name}/{number}"), asked.deployment_environment)
            for number in numbers
        ]

    def _report(
        self, actor: Actor, reference: str, environment: str, endpoint: str | None, status: Mapping[str, Any] | None
    ) -> None:
        if endpoint is not None or status:
            self._registry.report_deployment(
                actor, reference, environment=environment, endpoint=endpoint, status=status
            )

    def _find(self, actor: Actor, resource: str, version: str | int | None) -> Version:
        return self._registry.version(actor, records.vertex_model(resource, version) or "")

    def _at_home(self, actor: Actor, version: Version) -> Record:
        home = version.labels.get(records.MADE_FOR, "").rpartition("@")[2]
        return self._record(actor, version, home if home in ENVIRONMENTS else "dev")

    def _record(self, actor: Actor, version: Version, environment: str) -> Record:
        deployment = self._deployment(actor, version.model, ENVIRONMENTS[environment])
        return records.record(version, deployment, environment)

    def _deployment(self, actor: Actor, name: str, environment: str) -> Deployment | None:
        found = self._registry.deployments(actor, name)
        return next((deployment for deployment in found if deployment.environment == environment), None)

    def _champion(self, actor: Actor, name: str, environment: str) -> str | None:
        deployment = self._deployment(actor, name, environment)
        return deployment.champion if deployment else None

    def _shares(self, actor: Actor, name: str, environment: str) -> dict[str, int]:
        deployment = self._deployment(actor, name, environment)
        placements = deployment.placements if deployment else ()
        return {p.version: p.percent or 0 for p in placements if p.place is Place.CHALLENGER}


def _refused(version: Version, environment: str, error: RefusedError) -> RefusedError:
    """Name all gates that stand in the way, and who can do what: these clients show no plan, and no second request."""
    failed = "; ".join(f"{gate.gate}: {gate.detail}" for gate in error.gates if not gate.passed and not gate.waived)
    return RefusedError(
        error.code,
        f"{version.reference} may not be published in {environment}: {failed}",
        f"See `mdk registry publish {version.reference} {environment} --plan`; `mdk promote` and `mdk registry approve` meet "
        f"the gates. Where every environment trains its own versions, an admin says so once: `mdk registry policy "
        f"{environment} --set prod-by-pipeline.yaml` (a file of deploy/registry).",
        gates=error.gates,
    )


def percent(status: Mapping[str, Any] | None, otherwise: int) -> int:
    """Return the share of the traffic that a deployment status names: 10 and 0.1 both mean ten percent.

    Raises:
        InvalidError: it is not a share.
    """
    share = (status or {}).get("traffic_split_percentage")
    if share is None:
        return otherwise
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 100:
        raise InvalidError("MDK549", "`traffic_split_percentage` is not a number from 0 to 100")
    return round(share * 100) if 0 < share < 1 else round(share)


def _challenger(name: str, text: str) -> str:
    number = version_of(name, text)
    if number is None:
        raise InvalidError("MDK549", f"{text!r} is not the id of a version of {name}")
    return number
