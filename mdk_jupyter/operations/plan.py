"""A plan: what would change, and the hash that tells it from every other one.

The hash covers what the entries say, the revisions that were observed, what is done, and how the gates judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field

from mdk_jupyter.operations.desired import digest
from mdk_jupyter.registry.changes import Change
from mdk_jupyter.registry.domain import Approval, AuditRecord, Difference, GateResult, MetricDifference

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
