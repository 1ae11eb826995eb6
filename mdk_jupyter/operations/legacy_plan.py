"""What the first platform's operations would change: those that were not carried out yet, each with its gates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mdk_converters.findings import Finding, Place
from mdk_jupyter.operations.apply import Situation
from mdk_jupyter.operations.endpoints import Endpoints
from mdk_jupyter.operations.errors import OperationsError
from mdk_jupyter.operations.legacy import Legacy, Numbered, Status, Target
from mdk_jupyter.operations.model_plan import direct_plan
from mdk_jupyter.operations.observed import NOBODY
from mdk_jupyter.operations.plan import ModelPlan, Traffic, assemble
from mdk_jupyter.registry.api.platform.identity import version_of
from mdk_jupyter.registry.changes import Change, Reporting, RollingBack, Sharing, Standing, Step
from mdk_jupyter.registry.domain import Difference, Search, Version
from mdk_jupyter.registry.errors import RegistryError
from mdk_jupyter.registry.face import RegistryFace

_MADE_FOR = "mdk.made-for"  # the label of versions that the first platform's clients registered
_ONLINE = "online-inference"


@dataclass
class _Planner:
    """Goes through the operations in their order, with what they make of each model so far."""

    registry: RegistryFace
    legacy: Legacy
    protected: Mapping[str, bool]
    endpoints: Mapping[str, Endpoints]
    standings: dict[tuple[str, str], Standing] = field(default_factory=dict)
    champions: dict[tuple[str, str], str | None] = field(default_factory=dict)
    shares: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    before: dict[tuple[str, str], list[str]] = field(
        default_factory=dict
    )  # champions to go back to, the last at the end


def look_legacy(
    registry: RegistryFace,
    legacy: Legacy,
    protected: Mapping[str, bool],
    *,
    environments: Sequence[str] | None = None,
    endpoints: Mapping[str, Endpoints] | None = None,
) -> Situation:
    """Return the plan of a file of the first platform as it is now.

    Raises:
        OperationsError: a model or version is not there (MDK614, MDK615), or `latest` is published in a protected
            environment (MDK611); all at once.
    """
    planner = _Planner(registry, legacy, protected, endpoints or {})
    parts: dict[str, list[ModelPlan]] = {}
    findings: list[Finding] = []
    for numbered in legacy.operations():
        if environments is not None and numbered.environment not in environments:
            continue
        try:
            planned = _planned(planner, numbered)
        except RegistryError as error:
            findings += [_placed(planner, numbered, "MDK615", finding.message) for finding in error.findings]
        except OperationsError as error:
            findings += error.findings
        else:
            if planned is not None:
                parts.setdefault(numbered.environment, []).append(planned)
    if findings:
        raise OperationsError(findings)
    return Situation(assemble(legacy.path, parts, protected), tuple(planner.standings.values()))


def _planned(planner: _Planner, numbered: Numbered) -> ModelPlan | None:
    operation, environment = numbered.operation, numbered.environment
    model = _model(planner, numbered)
    key = (environment, model)
    if key not in planner.standings:
        found = planner.registry.observe(environment, names=[model])
        if not found:
            raise OperationsError([_placed(planner, numbered, "MDK614", f"there is no model {model!r}")])
        planner.standings[key] = found[0]
        planner.champions[key] = found[0].champion
        planner.shares[key] = dict(found[0].challengers)
        planner.before[key] = [found[0].previous] if found[0].previous else []
    if numbered.id in planner.standings[key].operations:
        return None
    match operation.type:
        case "publish_primary":
            planned = _publish(planner, numbered, key)
        case "rollback_primary":
            planned = _roll_back(planner, numbered, key)
        case "update_deployment_status":
            planned = _update(planner, numbered, key)
    what = Difference(name="operation", before=None, after=operation.name or operation.type)
    change = planned.change.model_copy(update={"operation": numbered.id})
    return planned.model_copy(
        update={"differences": (what, *planned.differences), "change": change, "line": numbered.line}
    )


def _publish(planner: _Planner, numbered: Numbered, key: tuple[str, str]) -> ModelPlan:
    operation = numbered.operation
    version = _version(planner, numbered, key)
    return _crowning(planner, numbered, key, version, operation.champion_status, operation.demoted_status)


def _roll_back(planner: _Planner, numbered: Numbered, key: tuple[str, str]) -> ModelPlan:
    operation = numbered.operation
    demoted = operation.demoted_status
    stays = demoted is not None and demoted.publish_status == "challenger"
    if operation.target.model_inference_reference == "latest":  # of a rollback: the champion before
        if not planner.before[key]:
            message = f"{key[1]} has no earlier champion in {key[0]} that may be used"
            raise OperationsError([_placed(planner, numbered, "MDK615", message)])
        version = planner.registry.version(f"{key[1]}/{planner.before[key][-1]}")
    else:
        version = _version(planner, numbered, key)
    left = planner.champions[key]
    planned = _crowning(planner, numbered, key, version, operation.champion_status, demoted, rollback=True)
    gone = {version.version} if stays else {version.version, left}
    planner.before[key] = [one for one in planner.before[key] if one not in gone]
    steps = [RollingBack(version=version.version, quarantine=not stays), *planned.change.steps]
    return planned.model_copy(update={"change": planned.change.model_copy(update={"steps": tuple(steps)})})


def _crowning(
    planner: _Planner,
    numbered: Numbered,
    key: tuple[str, str],
    version: Version,
    status: Status | None,
    demoted: Status | None,
    rollback: bool = False,
) -> ModelPlan:
    standing, before = planner.standings[key], planner.champions[key]
    reason = numbered.operation.name or numbered.operation.type
    if before == version.version:
        planned = _bare(standing, [], (), reason)
    else:
        promotion = planner.registry.plan_promotion(version.reference, environment=key[0], by=NOBODY)
        lineage = planner.registry.lineage(version.reference)
        by_then = standing.model_copy(update={"challengers": planner.shares[key]})
        planned = direct_plan(by_then, version, promotion, lineage, reason, rollback)
    steps = list(planned.change.steps) if not rollback else []
    differences = [one for one in planned.differences if one.name != "champion"]
    if before != version.version:
        differences.insert(0, Difference(name="champion", before=before, after=version.version))
        planner.shares[key].pop(version.version, None)
        if demoted is not None and demoted.publish_status == "challenger" and before is not None:
            steps.append(Sharing(version=before, percent=_percent(demoted.deployment_status)))
            planner.shares[key][before] = _percent(demoted.deployment_status)
            if demoted.deployment_status:
                steps.append(Reporting(version=before, status=demoted.deployment_status))
    planner.champions[key] = version.version
    if before is not None and before != version.version:
        planner.before[key].append(before)
    traffic, missing = _traffic(planner, numbered, version, status)
    if status is not None and status.deployment_status:
        endpoint = traffic.endpoint if traffic else None
        steps.append(Reporting(version=version.version, status=status.deployment_status, endpoint=endpoint))
        differences.append(Difference(name="status", before=None, after=status.deployment_status))
    if traffic is not None and traffic.before != traffic.after:
        differences.append(Difference(name="traffic", before=dict(traffic.before), after=dict(traffic.after)))
    return planned.model_copy(
        update={
            "differences": tuple(differences),
            "change": planned.change.model_copy(update={"steps": tuple(steps), "reason": reason}),
            "traffic": traffic,
            "blocked": (*planned.blocked, *missing),
        }
    )


def _update(planner: _Planner, numbered: Numbered, key: tuple[str, str]) -> ModelPlan:
    status = numbered.operation.updated_status
    assert status is not None
    version = _version(planner, numbered, key)
    if status.publish_status == "champion":
        return _crowning(planner, numbered, key, version, status, None)
    standing, shares = planner.standings[key], dict(planner.shares[key])
    steps: list[Step] = []
    if status.publish_status == "challenger":
        share = _percent(status.deployment_status, shares.get(version.version, 0))
        steps.append(Sharing(version=version.version, percent=share))
        shares[version.version] = share
    elif status.publish_status == "archived":
        if planner.champions[key] == version.version:
            message = f"{version.reference} is the champion of {key[0]}: without it there would be none"
            raise OperationsError([_placed(planner, numbered, "MDK615", message)])
        if shares.pop(version.version, None) is not None:
            steps.append(Sharing(version=version.version, percent=None))
    if status.challenger_model_ids is not None:
        wanted = [_challenger(planner, numbered, key[1], text) for text in status.challenger_model_ids]
        steps += [Sharing(version=gone, percent=None) for gone in shares if gone not in wanted]
        steps += [Sharing(version=one, percent=shares.get(one, 0)) for one in wanted]
        shares = {one: shares.get(one, 0) for one in wanted}
    differences = []
    if shares != planner.shares[key]:
        before: dict[str, Any] = dict(planner.shares[key])
        differences.append(Difference(name="challengers", before=before, after=dict(shares)))
        planner.shares[key] = shares
    if status.deployment_status and status.publish_status != "archived":
        steps.append(Reporting(version=version.version, status=status.deployment_status))
        differences.append(Difference(name="status", before=None, after=status.deployment_status))
    return _bare(standing, steps, tuple(differences), numbered.operation.name or numbered.operation.type)


def _bare(standing: Standing, steps: list[Step], differences: tuple[Difference, ...], reason: str | None) -> ModelPlan:
    return ModelPlan(
        environment=standing.environment,
        model=standing.model,
        revision=standing.revision,
        reason=reason,
        differences=differences,
        change=Change(model=standing.model, steps=tuple(steps), reason=reason),
    )


# Which version


def _model(planner: _Planner, numbered: Numbered) -> str:
    target = numbered.operation.target
    if target.vertex_ai_model_resource_name is None:
        return target.model_name or ""
    return planner.registry.version(_resource(target)).model


def _resource(target: Target) -> str:
    name = target.vertex_ai_model_resource_name or ""
    return name if "@" in name else f"{name}@{target.vertex_ai_model_version_id}"


def _version(planner: _Planner, numbered: Numbered, key: tuple[str, str]) -> Version:
    """Return the version that an operation is about, as it is meant at this moment.

    Raises:
        OperationsError: it cannot be told (MDK611, MDK615).
    """
    target, (environment, model) = numbered.operation.target, key
    if target.vertex_ai_model_resource_name is not None:
        return planner.registry.version(_resource(target))
    reference = target.model_inference_reference or ""
    if reference == "primary":
        return planner.registry.version(f"{model}@champion", environment=environment)
    if reference == "latest":
        if planner.protected.get(environment, False):
            message = f"{environment} is protected, and `latest` of {model} would be resolved after the review"
            raise OperationsError([_placed(planner, numbered, "MDK611", message, "write the version's number")])
        return _latest(planner, model, environment)
    if "://" in reference:
        message = f"{reference} is no version of {model}"
        raise OperationsError([_placed(planner, numbered, "MDK615", message, "name a version that is registered")])
    return planner.registry.version(f"{model}/{reference}")


def _latest(planner: _Planner, model: str, environment: str) -> Version:
    """Return the newest version that was made for an environment or has come into it; in dev, the newest of all."""
    if environment != "dev":
        made = planner.registry.search(Search(labels={_MADE_FOR: f"{model}@{environment}"}), limit=1).items
        there = [
            planner.registry.version(f"{model}/{placement.version}")
            for deployment in planner.registry.deployments(model)
            if deployment.environment == environment
            for placement in deployment.placements
        ]
        if found := [*made, *there]:
            return max(found, key=lambda version: version.n)
    return planner.registry.version(f"{model}@latest")


def _challenger(planner: _Planner, numbered: Numbered, model: str, id: str) -> str:
    number = version_of(model, id)
    if number is None:
        message = f"{id} is the id of no version of {model}"
        raise OperationsError([_placed(planner, numbered, "MDK615", message, "take the id that the registry gave")])
    return number


def _percent(status: Mapping[str, Any], otherwise: int = 0) -> int:
    """Return the share of the traffic in percent: `10` and `0.1` both were written for ten."""
    share = status.get("traffic_split_percentage", otherwise)
    if not isinstance(share, int | float) or isinstance(share, bool):
        return otherwise
    return round(share * 100) if isinstance(share, float) and 0 < share < 1 else round(share)


def _traffic(
    planner: _Planner, numbered: Numbered, version: Version, status: Status | None
) -> tuple[Traffic | None, Iterator[str]]:
    """Return what becomes of the endpoint of an online model, and what is missing for that."""
    if status is None or status.deployment_status.get("inference_type") != _ONLINE:
        return None, iter(())
    settings, key = numbered.settings, (numbered.environment, version.model)
    kept = version.extra.get("platform")
    known = kept.get("deployment_endpoint_id") if isinstance(kept, dict) else None
    id = known or planner.standings[key].endpoint
    if not id:
        return None, iter([f"{version.reference} is served online, and nobody said by which endpoint"])
    if version.vertex_model is None:
        return None, iter([f"{version.reference} has no model on Vertex AI that an endpoint could serve"])
    place = f"projects/{settings.project_id}/locations/{settings.region}/endpoints/{id}"
    endpoint = str(id) if "/" in str(id) else place
    connection = planner.endpoints.get(numbered.environment)
    if connection is None:
        return None, iter(())
    after = {version.vertex_model: 100}
    before = {name: share for name, share in connection.traffic(endpoint).items() if share or name in after}
    return Traffic(endpoint=endpoint, before=before, after=after), iter(())


def serves_online(legacy: Legacy) -> set[str]:
    """Return the environments in which an operation concerns an endpoint."""
    found = set()
    for numbered in legacy.operations():
        for status in (numbered.operation.champion_status, numbered.operation.updated_status):
            if status is not None and status.deployment_status.get("inference_type") == _ONLINE:
                found.add(numbered.environment)
    return found


def _placed(planner: _Planner, numbered: Numbered, code: str, message: str, fix: str = "") -> Finding:
    line = numbered.line or 1
    text = planner.legacy.text.split("\n")[line - 1].rstrip("\r")
    place = Place(planner.legacy.path, line=line, column=1, text=text, file_line=line)
    return Finding(code, f"{numbered.environment}: {message}", place, fix or "mend the operation's target")
