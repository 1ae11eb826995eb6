"""What would change, if a file of operations were applied: a pure function of the file and of what was observed.

The hash of a plan tells it from every other one: it covers what the entries say, the revisions that were observed, what
is done, and how the gates judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field

from mdk_converters.findings import Finding
from mdk_converters.yaml_reader import close_match
from mdk_jupyter.operations.desired import LATEST, Entry, digest
from mdk_jupyter.operations.errors import OperationsError
from mdk_jupyter.operations.observed import Observed
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
    Standing,
    Step,
)
from mdk_jupyter.registry.changes import Entry as AppliedEntry
from mdk_jupyter.registry.domain import (
    Approval,
    AuditRecord,
    Difference,
    GateResult,
    Graph,
    MetricDifference,
    PromotionPlan,
    Status,
    Version,
    Waiver,
)

HASH = 16  # characters of a plan's hash


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Traffic(_Frozen):
    """What an endpoint's traffic is, and what it should be: percent by model on Vertex AI."""

    endpoint: str
    before: dict[str, int]
    after: dict[str, int]


class ModelPlan(_Frozen):
    """What changes for one model in one environment."""

    environment: str
    model: str
    line: int | None = Field(default=None, description="Where the file speaks of it.")
    revision: int
    reason: str | None = None
    differences: tuple[Difference, ...]
    rollback: bool = Field(default=False, description="It goes back to a past champion; no gate is asked.")
    metrics: tuple[MetricDifference, ...] = ()
    gates: tuple[GateResult, ...] = ()
    approvals: tuple[Approval, ...] = ()
    approvals_needed: int = 0
    trained_by: str | None = None
    made_from: tuple[str, ...] = Field(default=(), description="Data, commit, notebook and run of the new champion.")
    outside: tuple[AuditRecord, ...] = Field(default=(), description="What happened since the file was applied last.")
    blocked: tuple[str, ...] = Field(default=(), description="What stands in the way.")
    change: Change
    traffic: Traffic | None = None


class EnvironmentPlan(_Frozen):
    """What changes in one environment, all at once. `part` tells it from every other one."""

    environment: str
    protected: bool
    part: str
    models: tuple[ModelPlan, ...]


class Plan(_Frozen):
    """What changes. Applying needs its hash."""

    file: str
    hash: str
    environments: tuple[EnvironmentPlan, ...]

    @property
    def models(self) -> Iterator[ModelPlan]:
        return (model for environment in self.environments for model in environment.models)

    @property
    def blocked(self) -> bool:
        """Whether something stands in the way of applying it."""
        return any(model.blocked for model in self.models)


def make_plan(
    desired: Desired, observed: Observed, protected: Mapping[str, bool], environments: Sequence[str] | None = None
) -> Plan:
    """Return what applying the file would change.

    Args:
        desired: the file.
        observed: what `observe` returned for it.
        protected: environments that change by pull requests alone.
        environments: only these; None for all.

    Raises:
        OperationsError: a model or version is not there (MDK614, MDK615), a serial does not rise (MDK610), or
            `latest` stands in a protected environment (MDK611); all at once.
    """
    findings: list[Finding] = []
    parts: dict[str, list[ModelPlan]] = {}
    for environment, model, entry in desired.entries():
        if environments is not None and environment not in environments:
            continue
        found = list(_wrong(desired, observed, environment, model, entry, protected.get(environment, False)))
        findings += found
        if not found and (planned := _model_plan(desired, observed, environment, model, entry)) is not None:
            parts.setdefault(environment, []).append(planned)
    if findings:
        raise OperationsError(findings)
    return assemble(desired.path, parts, protected)


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
    asked = () if rollback else tuple(gate for gate in promotion.gates if gate.gate != "promoted")
    set_aside = {waiver.gate for waiver in waivers}
    missing = [gate for gate in asked if gate.gate not in set_aside or not gate.waivable]
    stopped = [] if break_glass else list(_failed(missing))
    if version.status is not Status.ACTIVE:
        stopped.append(_unusable(version))
    steps: list[Step] = [RollingBack(version=version.version, quarantine=quarantine)]
    if not rollback:
        place = [] if standing.environment in version.places else [Promoting(version=version.version)]
        steps = [*place, Crowning(version=version.version)]
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
            model=standing.model, steps=tuple(steps), reason=reason, waivers=tuple(waivers), break_glass=break_glass
        ),
    )


def assemble(file: str, parts: Mapping[str, Sequence[ModelPlan]], protected: Mapping[str, bool]) -> Plan:
    """Return the plan of what changes in each environment."""
    made = tuple(
        EnvironmentPlan(
            environment=environment,
            protected=protected.get(environment, False),
            part=_part(environment, models),
            models=tuple(models),
        )
        for environment, models in parts.items()
        if models
    )
    return Plan(file=file, hash=whole({one.environment: one.part for one in made}), environments=made)


def whole(parts: Mapping[str, str]) -> str:
    """Return the hash of a plan with these parts."""
    return digest(sorted(parts.items()))[:HASH]


def _part(environment: str, models: Iterable[ModelPlan]) -> str:
    said = [
        {
            "revision": model.revision,
            "change": model.change.model_dump(mode="json", exclude={"reason"}),
            "gates": [[gate.gate, gate.passed] for gate in model.gates],
            "approvals_needed": model.approvals_needed,
            "blocked": model.blocked,
            "traffic": model.traffic.model_dump() if model.traffic else None,
        }
        for model in models
    ]
    return digest([environment, said])


# What cannot be


def _wrong(
    desired: Desired, observed: Observed, environment: str, model: str, entry: Entry, protected: bool
) -> Iterator[Finding]:
    standing = observed.standings.get((environment, model))
    if standing is None:
        place = desired.place(environment, model)
        fix = close_match(model, observed.names) or "register a version of it first"
        yield Finding("MDK614", f"{environment}: there is no model {model!r}", place, fix, names=(model,))
        return
    if entry.champion == LATEST and protected:
        message = f"{environment} is protected, and `latest` of {model} would be resolved after the review"
        yield Finding("MDK611", message, desired.place(environment, model, "champion"), "run `mdk ops pin`")
    numbers = [observed.champion(model, entry) or LATEST, *entry.challengers, *entry.quarantined]
    for number in numbers:
        if (model, number) not in observed.versions:
            path = ("champion",) if number == numbers[0] else _where(entry, number)
            fix = f"list them with `mdk registry versions {model}`"
            message = f"{environment}: there is no version {model}/{number}"
            yield Finding("MDK615", message, desired.place(environment, model, *path), fix, names=(number,))
    yield from _serial(desired, standing, entry)


def _where(entry: Entry, number: str) -> tuple[str, str]:
    return ("challengers" if number in entry.challengers else "quarantined"), number


def _serial(desired: Desired, standing: Standing, entry: Entry) -> Iterator[Finding]:
    applied = standing.applied
    if applied is None or applied.serial is None or entry.serial > applied.serial:
        return
    place = desired.place(standing.environment, standing.model, "serial")
    where = f"{standing.environment}: {standing.model}"
    fix = f"look at what was applied since, and write serial: {applied.serial + 1}"
    if entry.serial < applied.serial:
        when = f"{applied.at:%Y-%m-%d %H:%M} UTC by {applied.actor}"
        message = f"{where} has the serial {entry.serial}, and {applied.serial} was applied already ({when})"
        yield Finding("MDK610", message, place, fix, names=("serial",))
    elif entry.digest() != applied.digest:
        message = f"{where} was changed, and its serial is still {entry.serial}, which was applied already"
        yield Finding("MDK610", message, place, fix, names=("serial",))


# What changes


def _model_plan(desired: Desired, observed: Observed, environment: str, model: str, entry: Entry) -> ModelPlan | None:
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
    asked = promotion.gates if promotion and not rollback else ()
    gates = tuple(gate for gate in asked if gate.gate != "promoted")  # applying promotes first
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
        outside=tuple(observed.outside.get(key, ())),
        blocked=tuple(_in_the_way(observed, model, entry, version, gates, crowned, traffic)),
        change=Change(
            model=model,
            steps=tuple(_steps(observed, standing, entry, version, rollback)),
            reason=entry.reason,
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
            if standing.environment not in version.places:
                yield Promoting(version=number)
            yield Crowning(version=number)
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
