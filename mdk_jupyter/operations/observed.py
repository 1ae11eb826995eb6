"""What a plan is decided on, asked of the registry and of the endpoints."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mdk_jupyter.operations.desired import LATEST, Entry
from mdk_jupyter.operations.endpoints import Endpoints, Traffic
from mdk_jupyter.operations.reader import Desired
from mdk_jupyter.registry.changes import Standing
from mdk_jupyter.registry.domain import Graph, PromotionPlan, Version
from mdk_jupyter.registry.errors import NotFoundError
from mdk_jupyter.registry.face import RegistryFace

Key = tuple[str, str]  # environment, model
NOBODY = ""  # who plans does not matter: whoever plans or applies does not agree by that
_PAGE = 200  # names in one request
_MOST = 1000  # names to choose a close match from


@dataclass(frozen=True, slots=True)
class Observed:
    """The state of all that a file speaks of. `versions` and `latest` lack what is not there."""

    standings: Mapping[Key, Standing] = field(default_factory=dict)
    names: Sequence[str] = ()  # of models, where one was not found
    latest: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[tuple[str, str], Version] = field(default_factory=dict)
    promotions: Mapping[Key, PromotionPlan] = field(default_factory=dict)
    lineage: Mapping[Key, Graph] = field(default_factory=dict)
    traffic: Mapping[str, Traffic] = field(default_factory=dict)

    def champion(self, model: str, entry: Entry) -> str | None:
        """Return the version that an entry wants as champion; None where `latest` means none."""
        return _champion(self.latest, model, entry)


def observe(
    registry: RegistryFace,
    desired: Desired,
    *,
    environments: Sequence[str] | None = None,
    endpoints: Mapping[str, Endpoints] | None = None,
) -> Observed:
    """Ask for all that a plan needs. `endpoints` are the connections by environment.

    Raises:
        ServiceError: registry or endpoint cannot be reached.
    """
    wanted = [(e, m, entry) for e, m, entry in desired.entries() if environments is None or e in environments]
    standings = _standings(registry, wanted)
    known = {model for _, model in standings}
    missing = {model for _, model, _ in wanted} - known
    names = [model.name for model in registry.models(limit=_MOST).items] if missing else []
    there = [(e, m, entry) for e, m, entry in wanted if m in known]
    latest = {m: registry.version(f"{m}@latest").version for m in {m for _, m, e in there if e.champion == LATEST}}
    versions: dict[tuple[str, str], Version] = {}
    promotions: dict[Key, PromotionPlan] = {}
    lineage: dict[Key, Graph] = {}
    traffic: dict[str, Traffic] = {}
    for environment, model, entry in there:
        key, standing = (environment, model), standings[environment, model]
        champion = _champion(latest, model, entry) or ""
        for number in {champion, *entry.challengers, *entry.quarantined}:
            if (model, number) not in versions:
                with contextlib.suppress(NotFoundError):
                    versions[model, number] = registry.version(f"{model}/{number}")
        if (model, champion) in versions and champion != standing.champion:
            asked = registry.plan_promotion(f"{model}/{champion}", environment=environment, by=NOBODY)
            promotions[key] = _seen_ahead(registry, desired, latest, versions[model, champion].project, asked)
            lineage[key] = registry.lineage(f"{model}/{champion}")
        if entry.endpoint is not None and endpoints and environment in endpoints:
            traffic[entry.endpoint] = endpoints[environment].traffic(entry.endpoint)
    return Observed(standings, names, latest, versions, promotions, lineage, traffic)


def _champion(latest: Mapping[str, str], model: str, entry: Entry) -> str | None:
    return latest.get(model) if entry.champion == LATEST else entry.champion


def _seen_ahead(
    registry: RegistryFace, desired: Desired, latest: Mapping[str, str], project: str, asked: PromotionPlan
) -> PromotionPlan:
    """Let the gate `after` pass where the file makes the version the champion there, which is applied before."""
    gate = next((gate for gate in asked.gates if gate.gate == "after" and not gate.passed), None)
    if gate is None:
        return asked
    before = registry.policy(asked.environment, project=project).after or ""
    entry = desired.entry(before, asked.model)
    if entry is None or asked.candidate != _champion(latest, asked.model, entry):
        return asked
    passing = gate.model_copy(update={"passed": True, "detail": f"it becomes champion in {before} by this file"})
    return asked.model_copy(update={"gates": tuple(passing if one is gate else one for one in asked.gates)})


def standing_of(registry: RegistryFace, model: str, environment: str) -> Standing:
    """Return how one model stands in an environment.

    Raises:
        NotFoundError: there is no such model (MDK500).
    """
    found = registry.observe(environment, names=[model])
    if not found:
        raise NotFoundError("MDK500", f"there is no model {model!r}", "List them with `mdk registry list`.", [model])
    return found[0]


def _standings(registry: RegistryFace, wanted: Iterable[tuple[str, str, Entry]]) -> dict[Key, Standing]:
    by_environment: dict[str, list[str]] = {}
    for environment, model, _ in wanted:
        by_environment.setdefault(environment, []).append(model)
    found = {}
    for environment, names in by_environment.items():
        for start in range(0, len(names), _PAGE):
            for standing in registry.observe(environment, names=names[start : start + _PAGE]):
                found[environment, standing.model] = standing
    return found
