"""What changes for one model: the differences, the steps that end them, and what stands in their way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mdk_jupyter.operations.desired import Entry
from mdk_jupyter.operations.observed import Observed
from mdk_jupyter.operations.plan import ModelPlan, Traffic
from mdk_jupyter.operations.reader import Desired
from mdk_jupyter.registry.changes import (
    Challenging,
    Change,
    Crowning,
    Labelling,
    Promoting,
    Quarantining,
    Reporting,
    RollingBack,
    Sharing,
    Standing,
    Step,
)
from mdk_jupyter.registry.changes import Entry as AppliedEntry
from mdk_jupyter.registry.domain import (
    Difference,
    GateResult,
    Graph,
    PromotionPlan,
    Status,
    Version,
    Waiver,
)

HASH = 16  # characters of a plan's hash


def model_plan(desired: Desired, observed: Observed, environment: str, model: str, entry: Entry) -> ModelPlan | None:
    key = (environment, model)
    standing = observed.standings[key]
    number = observed.champion(model, entry) or ""
    version = observed.versions[model, number]
    traffic = _traffic(observed, model, number, entry)
    differences = tuple(_differences(observed, standing, entry, number, traffic))
    if not differences:
        return None
    crowned = standing.champion != number
    rollback = crowned and number in standing.past
    promotion = observed.promotions.get(key)
    gates = _asked(promotion, entry.waivers) if promotion and not rollback else ()
    return ModelPlan(
        environment=environment,
        model=model,
        line=desired.place(environment, model).line,
        revision=standing.revision,
        reason=entry.reason,
        differences=differences,
        rollback=rollback,
        metrics=promotion.metrics if promotion else (),
        gates=gates,
        approvals=promotion.approvals if promotion else (),
        approvals_needed=promotion.approvals_needed if promotion and not rollback else 0,
        trained_by=(version.provenance.trained_by or version.registered_by) if crowned else None,
        made_from=_made_from(observed.lineage.get(key)),
        outside=standing.outside if standing.applied else (),
        blocked=(
            *_in_the_way(observed, model, entry, version, gates, crowned, traffic),
            *(_not_waivable(gates, entry.waivers) if crowned and not rollback else ()),
        ),
        change=Change(
            model=model,
            steps=tuple(_steps(observed, standing, entry, version, rollback)),
            reason=entry.reason,
            waivers=_used(gates) if crowned else (),
            entry=AppliedEntry(serial=entry.serial, digest=entry.digest(), notes=entry.notes),
        ),
        traffic=traffic,
    )


def _differences(
    observed: Observed, standing: Standing, entry: Entry, champion: str, traffic: Traffic | None
) -> Iterator[Difference]:
    model, applied = standing.model, standing.applied
    if standing.champion != champion:
        yield Difference(name="champion", before=standing.champion, after=champion)
    if standing.challengers != entry.challengers:
        yield Difference(name="challengers", before=dict(standing.challengers), after=dict(entry.challengers))
    for version, why in entry.quarantined.items():
        status = observed.versions[model, version].status
        if status is Status.ACTIVE:
            yield Difference(name=f"quarantined.{version}", before=None, after=why)
    labels = observed.versions[model, champion].labels
    for key, value in entry.labels.items():
        if labels.get(key) != value:
            yield Difference(name=f"labels.{key}", before=labels.get(key), after=value)
    if (applied.notes if applied else None) != entry.notes:
        yield Difference(name="notes", before=applied.notes if applied else None, after=entry.notes)
    if entry.endpoint is not None and standing.endpoint != entry.endpoint:
        yield Difference(name="endpoint", before=standing.endpoint, after=entry.endpoint)
    if traffic is not None and traffic.before != traffic.after:
        yield Difference(name="traffic", before=dict(traffic.before), after=dict(traffic.after))
    serial = applied.serial if applied else None
    if serial != entry.serial:
        yield Difference(name="serial", before=serial, after=entry.serial)


def _steps(observed: Observed, standing: Standing, entry: Entry, version: Version, rollback: bool) -> Iterator[Step]:
    number = version.version
    if standing.champion != number:
        if rollback:
            yield RollingBack(version=number)
        else:
            yield from _crowning(standing, version)
    left = {challenger: share for challenger, share in standing.challengers.items() if challenger != number}
    if left != entry.challengers:
        yield Challenging(challengers=entry.challengers)
    for one, why in entry.quarantined.items():
        if observed.versions[standing.model, one].status is Status.ACTIVE:
            yield Quarantining(version=one, why=why)
    labels: dict[str, str | None] = {k: value for k, value in entry.labels.items() if version.labels.get(k) != value}
    if labels:
        yield Labelling(version=number, labels=labels)
    if entry.endpoint is not None and (standing.champion != number or standing.endpoint != entry.endpoint):
        yield Reporting(version=number, endpoint=entry.endpoint)


def _crowning(standing: Standing, version: Version) -> Iterator[Step]:
    """Yield what makes a version the champion. A challenger has a place without having been promoted: it leaves it."""
    if version.version in standing.challengers:
        yield Sharing(version=version.version, percent=None)
    if version.version in standing.challengers or standing.environment not in version.places:
        yield Promoting(version=version.version)
    yield Crowning(version=version.version)


def _in_the_way(
    observed: Observed,
    model: str,
    entry: Entry,
    version: Version,
    gates: Iterable[GateResult],
    crowned: bool,
    traffic: Traffic | None,
) -> Iterator[str]:
    for number in (version.version, *entry.challengers):
        found = observed.versions[model, number]
        if found.status is not Status.ACTIVE and (crowned or number != version.version):
            yield _unusable(found)
    yield from _failed(gates)
    if traffic is not None:
        for number in (version.version, *entry.challengers):
            if observed.versions[model, number].vertex_model is None:
                yield f"{model}/{number} has no model on Vertex AI that {traffic.endpoint} could serve"


def _asked(promotion: PromotionPlan, reasons: Mapping[str, str]) -> tuple[GateResult, ...]:
    """Return how the gates judge, but for the one that applying passes by itself; with what is set aside."""
    return tuple(
        gate.model_copy(update={"waived": reasons[gate.gate]})
        if not gate.passed and gate.waivable and gate.gate in reasons
        else gate
        for gate in promotion.gates
        if gate.gate != "promoted"
    )


def _used(gates: Iterable[GateResult]) -> tuple[Waiver, ...]:
    return tuple(Waiver(gate=gate.gate, reason=gate.waived) for gate in gates if gate.waived is not None)


def _not_waivable(gates: Iterable[GateResult], reasons: Mapping[str, str]) -> Iterator[str]:
    known = {gate.gate for gate in gates if gate.waivable}
    return (f"waivers: nobody may set {name} aside" for name in sorted(set(reasons) - known))


def _failed(gates: Iterable[GateResult]) -> Iterator[str]:
    return (f"{gate.gate}: {gate.detail}" for gate in gates if not gate.passed and gate.waived is None)


def _unusable(version: Version) -> str:
    why = f": {version.status_reason}" if version.status_reason else ""
    return f"{version.reference} is {version.status.value}{why}"


def _traffic(observed: Observed, model: str, champion: str, entry: Entry) -> Traffic | None:
    """Return what becomes of the endpoint's traffic, None where the file names no endpoint or it was not asked."""
    if entry.endpoint is None or entry.endpoint not in observed.traffic:
        return None
    shares = {champion: 100 - sum(entry.challengers.values()), **entry.challengers}
    after: dict[str, int] = {}
    for number, share in shares.items():
        after[observed.versions[model, number].vertex_model or f"{model}/{number}"] = share
    before = {name: share for name, share in observed.traffic[entry.endpoint].items() if share or name in after}
    return Traffic(endpoint=entry.endpoint, before=before, after=after)


def _made_from(graph: Graph | None) -> tuple[str, ...]:
    """Return what a version was made from, in words."""
    if graph is None:
        return ()
    kinds = ("dataset", "notebook", "commit", "run")
    return tuple(f"{node.kind} {node.label}" for kind in kinds for node in graph.nodes if node.kind == kind)


def direct_plan(
    standing: Standing,
    version: Version,
    promotion: PromotionPlan,
    lineage: Graph,
    reason: str | None,
    rollback: bool,
    waivers: Sequence[Waiver] = (),
    break_glass: str | None = None,
    quarantine: bool = False,
) -> ModelPlan:
    """Return what it takes to make a version the champion at once, without a file."""
    reasons = {waiver.gate: waiver.reason for waiver in waivers}
    asked = () if rollback else _asked(promotion, reasons)
    stopped = [] if break_glass else [*_failed(asked), *_not_waivable(asked, reasons)]
    if version.status is not Status.ACTIVE:
        stopped.append(_unusable(version))
    steps: list[Step] = [RollingBack(version=version.version, quarantine=quarantine)]
    if not rollback:
        steps = list(_crowning(standing, version))
    differences = [Difference(name="champion", before=standing.champion, after=version.version)]
    if rollback and quarantine:
        differences.append(Difference(name=f"quarantined.{standing.champion}", before=None, after=reason))
    return ModelPlan(
        environment=standing.environment,
        model=standing.model,
        revision=standing.revision,
        reason=reason,
        differences=tuple(differences),
        rollback=rollback,
        metrics=promotion.metrics,
        gates=asked,
        approvals=promotion.approvals,
        approvals_needed=0 if rollback else promotion.approvals_needed,
        trained_by=version.provenance.trained_by or version.registered_by,
        made_from=_made_from(lineage),
        blocked=tuple(stopped),
        change=Change(
            model=standing.model, steps=tuple(steps), reason=reason, waivers=_used(asked), break_glass=break_glass
        ),
    )


def challenge_plan(
    standing: Standing, challengers: Mapping[str, int], versions: Iterable[Version], reason: str | None
) -> ModelPlan:
    """Return what it takes to let versions challenge the champion at once, without a file."""
    return ModelPlan(
        environment=standing.environment,
        model=standing.model,
        revision=standing.revision,
        reason=reason,
        differences=(Difference(name="challengers", before=dict(standing.challengers), after=dict(challengers)),),
        blocked=tuple(_unusable(version) for version in versions if version.status is not Status.ACTIVE),
        change=Change(model=standing.model, steps=(Challenging(challengers=dict(challengers)),), reason=reason),
    )
