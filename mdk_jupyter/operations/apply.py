"""A plan is carried out: exactly that one, each environment at once, and again without harm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from mdk_converters.findings import Finding, MDKError
from mdk_jupyter.errors import ServiceError
from mdk_jupyter.operations.endpoints import Endpoints
from mdk_jupyter.operations.errors import MovedError, OperationsError
from mdk_jupyter.operations.plan import EnvironmentPlan, ModelPlan, Plan, whole
from mdk_jupyter.operations.traffic import Shift
from mdk_jupyter.registry.changes import Challenging, Change, ModelOutcome, Origin, RollingBack, Standing, Step
from mdk_jupyter.registry.errors import RegistryError, StaleError
from mdk_jupyter.registry.face import RegistryFace

State = Literal["applied", "already", "refused", "compensated", "half", "unreachable", "waiting"]
_GOOD = frozenset({"applied", "already"})


class EnvironmentReport(BaseModel):
    """What became of one environment.

    `compensated`: its endpoint failed, and the registry was set back. `half`: the registry has changed, an endpoint has
    not; the same command again goes on there. `waiting`: an environment before it failed.
    """

    model_config = ConfigDict(frozen=True)

    environment: str
    state: State
    models: tuple[ModelOutcome, ...] = ()
    endpoints: tuple[str, ...] = Field(default=(), description="What was done to them.")
    findings: tuple[str, ...] = Field(default=(), description="What went wrong: `MDK510 …`.")


class Report(BaseModel):
    """What became of a plan."""

    model_config = ConfigDict(frozen=True)

    plan: str
    file: str
    environments: tuple[EnvironmentReport, ...]

    @property
    def code(self) -> int:
        """The exit code: 0 all is as the file says, 1 it is not, 3 a service could not be reached."""
        states = {one.state for one in self.environments}
        return 0 if states <= _GOOD else 3 if "unreachable" in states else 1


@dataclass(frozen=True, slots=True)
class Situation:
    """The plan as it is now, and how everything that the file speaks of stands."""

    plan: Plan
    standings: Sequence[Standing]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the file is from: for the history."""

    commit: str | None = None
    url: str | None = None


def apply(
    registry: RegistryFace,
    look: Callable[[], Situation],
    wanted: str,
    *,
    endpoints: Mapping[str, Endpoints] | None = None,
    source: Source | None = None,
) -> Report:
    """Carry out the plan with the hash `wanted`, or refuse.

    What of it was carried out before stays as it is: so a second time does nothing, and after a failure it goes on.

    Args:
        registry: where champions are.
        look: makes the plan as it is now.
        wanted: hash of the plan that was agreed on.
        endpoints: connections by environment.
        source: where the file is from.

    Raises:
        MovedError: what was planned on has changed (MDK612).
        OperationsError: a gate or an approval stands in the way (MDK613); nothing was changed.
    """
    situation = look()
    done = settled(situation, wanted)
    left = [one for one in situation.plan.environments if one.environment not in done]
    _check(left)
    reports: list[EnvironmentReport] = []
    for environment in sorted({*done, *(one.environment for one in left)}, key=_order(situation)):
        connection = (endpoints or {}).get(environment)
        planned = next((one for one in situation.plan.environments if one.environment == environment), None)
        if reports and reports[-1].state not in _GOOD:
            reports.append(EnvironmentReport(environment=environment, state="waiting"))
        elif environment in done:
            reports.append(_go_on(environment, planned, connection))
        elif planned is not None:
            reports.append(_apply_part(registry, look, planned, wanted, connection, source or Source()))
    return Report(plan=wanted, file=situation.plan.file, environments=tuple(reports))


def settled(situation: Situation, wanted: str) -> frozenset[str]:
    """Return the environments in which the registry has carried out the plan already.

    Raises:
        MovedError: the plan is another one by now (MDK612).
    """
    now = {one.environment: one for one in situation.plan.environments}
    if situation.plan.hash == wanted:
        return frozenset()
    done = {
        standing.environment: standing.parts[wanted]
        for standing in situation.standings
        if wanted in standing.parts and _only_traffic(now.get(standing.environment))
    }
    if whole({**{name: one.part for name, one in now.items()}, **done}) != wanted:
        message = f"the plan is {situation.plan.hash} now, not {wanted}: the file or the registry has changed"
        fix = "run `mdk ops plan` again, and look at what it says"
        raise MovedError([Finding("MDK612", message, fix=fix)])
    return frozenset(done)


def _order(situation: Situation) -> Callable[[str], int]:
    order = list(dict.fromkeys(standing.environment for standing in situation.standings))
    return lambda environment: order.index(environment) if environment in order else len(order)


def _only_traffic(plan: EnvironmentPlan | None) -> bool:
    return plan is None or all({one.name for one in model.differences} == {"traffic"} for model in plan.models)


def _check(left: Sequence[EnvironmentPlan]) -> None:
    """Refuse before anything is changed.

    Raises:
        OperationsError: something stands in the way (MDK613).
    """
    findings = [
        Finding("MDK613", f"{plan.environment}: {model.model}: {why}", fix="the plan shows what is missing")
        for plan in left
        for model in plan.models
        for why in model.blocked
    ]
    if findings:
        raise OperationsError(findings)


def _go_on(environment: str, plan: EnvironmentPlan | None, connection: Endpoints | None) -> EnvironmentReport:
    """The registry has it already; endpoints may be behind."""
    if plan is None:
        return EnvironmentReport(environment=environment, state="already")
    shift = Shift(connection, [model.traffic for model in plan.models])
    try:
        shift.prepare()
        shift.carry_out()
    except MDKError as error:
        return EnvironmentReport(environment=environment, state="half", endpoints=shift.told, findings=_texts(error))
    state: State = "applied" if shift.told else "already"
    return EnvironmentReport(environment=environment, state=state, endpoints=shift.told)


def _apply_part(
    registry: RegistryFace,
    look: Callable[[], Situation],
    plan: EnvironmentPlan,
    wanted: str,
    connection: Endpoints | None,
    source: Source,
) -> EnvironmentReport:
    environment = plan.environment
    shift = Shift(connection, [model.traffic for model in plan.models])
    origin = Origin(plan=wanted, part=plan.part, commit=source.commit, url=source.url)
    # Operations are carried out once, ever: the endpoint goes first, so that one which failed half-way is done again.
    once = any(model.change.operation is not None for model in plan.models)
    try:
        shift.prepare()
        if once:
            shift.carry_out()
        outcome = registry.apply(
            [model.change for model in plan.models],
            environment=environment,
            expected_revisions={model.model: model.revision for model in plan.models},
            origin=origin,
            idempotency_key=f"apply-{wanted}-{plan.part[:16]}",
        )
    except MDKError as error:
        away = isinstance(error, ServiceError)
        happened = _was_applied(look, environment, wanted) if away or isinstance(error, StaleError) else False
        if happened:  # by somebody else, or before the answer was lost
            return _go_on(environment, plan, connection)
        if happened is not None or not once:
            shift.undo()
        state: State = "unreachable" if isinstance(error, ServiceError) else "refused"
        return EnvironmentReport(environment=environment, state=state, findings=_texts(error))
    try:
        if not once:
            shift.carry_out()
    except MDKError as error:
        shift.undo()
        back = _set_back(registry, plan, outcome.changes, origin, str(error))
        return EnvironmentReport(
            environment=environment,
            state="half" if back is None else "compensated",
            models=back or outcome.changes,
            endpoints=shift.told,
            findings=_texts(error),
        )
    return EnvironmentReport(environment=environment, state="applied", models=outcome.changes, endpoints=shift.told)


def _was_applied(look: Callable[[], Situation], environment: str, wanted: str) -> bool | None:
    """Whether the registry has the plan's part by now; None where it cannot be asked."""
    try:
        standings = look().standings
    except ServiceError:
        return None
    except OperationsError:  # another one was applied, and this file is older than that
        return False
    return any(one.environment == environment and wanted in one.parts for one in standings)


def _set_back(
    registry: RegistryFace, plan: EnvironmentPlan, done: Sequence[ModelOutcome], origin: Origin, why: str
) -> tuple[ModelOutcome, ...] | None:
    """Make the champions before the champions again; None where that cannot be."""
    revisions = {outcome.model: outcome.revision for outcome in done}
    reason = f"set back, because its endpoint could not be changed: {why}"[:2000]
    if any(
        difference.name == "champion" and difference.before is None
        for one in plan.models
        for difference in one.differences
    ):
        return None  # there was none to go back to
    steps = {one.model: tuple(_steps_back(one)) for one in plan.models}
    changes = [Change(model=model, steps=back, reason=reason) for model, back in steps.items() if back]
    other = origin.model_copy(update={"plan": origin.plan[::-1]})  # this was not the plan
    try:
        outcome = registry.apply(changes, environment=plan.environment, expected_revisions=revisions, origin=other)
    except (RegistryError, ServiceError):
        return None
    return outcome.changes


def _steps_back(plan: ModelPlan) -> Iterator[Step]:
    before = {one.name: one.before for one in plan.differences}
    if isinstance(champion := before.get("champion"), str):
        yield RollingBack(version=champion)
    if isinstance(shares := before.get("challengers"), dict):
        yield Challenging.model_validate({"challengers": shares})


def _texts(error: MDKError) -> tuple[str, ...]:
    return tuple(f"{finding.code} {finding.message}" for finding in error.findings)
