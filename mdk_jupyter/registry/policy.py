"""Gates: whether a version may be brought into an environment, and become the champion there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mdk_jupyter.registry.conditions import condition
from mdk_jupyter.registry.domain import Approval, Gate, GateResult, Policy, Version, Waiver
from mdk_jupyter.registry.errors import InvalidError, RefusedError

LONE: Mapping[str, Policy] = {"prod": Policy(environment="prod", after="stage", promoted=True)}
"""What holds where nothing was set and one person has the registry: a second pair of eyes is not there."""

SHARED: Mapping[str, Policy] = {
    "prod": Policy(environment="prod", after="stage", promoted=True, approvals=1, separation=True)
}
"""What holds where nothing was set and several people share the registry."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the gates look at."""

    version: Version
    champion: Version | None
    was_champion_after: bool  # the version was champion in the environment `policy.after`
    promoted_by: str | None  # who brought the version into the environment; None while nobody has
    approvals: Sequence[Approval]
    actor: str


def check(policy: Policy) -> None:
    """Read the expressions of a policy, so that a mistake shows when it is set and not when it is needed.

    Raises:
        InvalidError: a gate lacks its expression or key (MDK548), or the expression cannot be read (MDK542).
    """
    seen: set[str] = {"after", "promoted", "approvals", "changed_by"}
    for gate in policy.gates:
        if gate.name in seen:
            raise InvalidError("MDK548", f"two gates have the name {gate.name!r}", "Give each a name of its own.")
        seen.add(gate.name)
        if gate.kind == "metric":
            condition(gate.expression or "")
        elif gate.kind == "label" and not gate.key:
            raise InvalidError("MDK548", f"the gate {gate.name!r} names no label", "Give it a `key`.")
    if policy.after == policy.environment:
        raise InvalidError("MDK548", "an environment cannot come after itself", "Name another one in `after`.")


def agreed(policy: Policy, facts: Facts) -> list[str]:
    """Return who agrees: whoever approved and whoever publishes, but for those who have a stake, with `separation`."""
    names = {approval.actor for approval in facts.approvals} | ({facts.actor} - {""})
    if policy.separation:
        requester = facts.promoted_by or facts.actor
        names -= {facts.version.provenance.trained_by, facts.version.registered_by, requester}
    else:
        names -= {facts.actor} - {approval.actor for approval in facts.approvals}
    return sorted(names)


def evaluate(policy: Policy, facts: Facts, waivers: Iterable[Waiver] = ()) -> list[GateResult]:
    """Return what every gate says, in the order: where the version was before, the gates of the policy, the people.

    Raises:
        RefusedError: a waiver names a gate that is not there or may not be waived (MDK522).
    """
    results = []
    if policy.after:
        results.append(
            GateResult(
                gate="after",
                passed=facts.was_champion_after,
                detail=f"it was {'' if facts.was_champion_after else 'never '}champion in {policy.after}",
                waivable=policy.after_waivable,
            )
        )
    results += [_judge(gate, facts) for gate in policy.gates]
    if policy.promoted:
        results.append(
            _people("promoted", facts.promoted_by is not None, f"promoted by {facts.promoted_by or 'nobody yet'}")
        )
    if policy.approvals:
        names = agreed(policy, facts)
        detail = f"{len(names)} of {policy.approvals} agreed" + (f": {', '.join(names)}" if names else "")
        results.append(_people("approvals", len(names) >= policy.approvals, detail))
    return _waive(results, list(waivers), policy)


def failed(results: Iterable[GateResult], verb: Literal["promote", "publish"]) -> list[GateResult]:
    """Return the gates that stand in the way of a verb. Publishing needs all of them."""
    return [
        result
        for result in results
        if not result.passed and not result.waived and (verb == "publish" or result.needed_for == "promote")
    ]


def _people(name: str, passed: bool, detail: str) -> GateResult:
    return GateResult(gate=name, passed=passed, detail=detail, needed_for="publish")


def _waive(results: list[GateResult], waivers: list[Waiver], policy: Policy) -> list[GateResult]:
    reasons = {waiver.gate: waiver.reason for waiver in waivers}
    if wrong := sorted(set(reasons) - {result.gate for result in results if result.waivable}):
        raise RefusedError(
            "MDK522",
            f"the policy of {policy.environment} lets nobody waive {', '.join(wrong)}",
            "Meet the gate, or ask an admin to make it waivable.",
            gates=results,
        )
    return [
        result.model_copy(update={"waived": reasons[result.gate]})
        if result.gate in reasons and not result.passed
        else result
        for result in results
    ]


def _judge(gate: Gate, facts: Facts) -> GateResult:
    passed, detail = _JUDGES[gate.kind](gate, facts)
    return GateResult(gate=gate.name, passed=passed, detail=detail, waivable=gate.waivable)


def _metric(gate: Gate, facts: Facts) -> tuple[bool, str]:
    champion = facts.champion.metrics if facts.champion else None
    return condition(gate.expression or "").holds(facts.version.metrics, champion)


def _label(gate: Gate, facts: Facts) -> tuple[bool, str]:
    key = gate.key or ""
    found = facts.version.labels.get(key)
    passed = found is not None and gate.value in {None, found}
    return passed, f"the label {key} is {found!r}" if found is not None else f"there is no label {key}"


def _clean_git(gate: Gate, facts: Facts) -> tuple[bool, str]:
    git = facts.version.provenance.git
    if git is None or not git.commit:
        return False, "no commit is known"
    return not git.dirty, f"made from {git.commit[:12]}" + (" with changes that no commit has" if git.dirty else "")


def _has(present: bool, what: str) -> tuple[bool, str]:
    return present, f"there is {'a' if present else 'no'} {what}"


_JUDGES: dict[str, Callable[[Gate, Facts], tuple[bool, str]]] = {
    "metric": _metric,
    "label": _label,
    "clean_git": _clean_git,
    "card": lambda gate, facts: _has(bool(facts.version.card), "model card"),
    "signature": lambda gate, facts: _has(facts.version.signature is not None, "signature"),
    "dataset": lambda gate, facts: _has(bool(facts.version.datasets), "dataset"),
    "digest": lambda gate, facts: _has(facts.version.artifact.sha256 is not None, "digest of the artifact"),
}
