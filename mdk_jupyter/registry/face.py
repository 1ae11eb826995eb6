"""What a registry can do, whether it is embedded in this process or behind HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from pydantic import JsonValue

from mdk_jupyter.registry.changes import Change, Origin, Outcome, Standing
from mdk_jupyter.registry.domain import (
    Anchor,
    Approval,
    ArtifactRef,
    AuditRecord,
    Champion,
    CloudEvent,
    Comparison,
    Cost,
    CostRow,
    Dataset,
    Deployment,
    Grant,
    Graph,
    Imported,
    MetricValue,
    ModelInfo,
    Page,
    Policy,
    Promotion,
    PromotionPlan,
    Provenance,
    Role,
    Search,
    Signature,
    Token,
    Verification,
    Version,
    Waiver,
)

__all__ = ["RegistryFace"]


class RegistryFace(Protocol):
    """The methods of `Embedded` and `Client`. `Registry` has the same ones, with the actor first.

    `reference` is text that `references.parse` reads; `@champion` needs an environment. A write with `expected_revision`
    is refused (StaleError) when the environment has another revision; one with `idempotency_key` has one effect, however
    often it is sent. Lists come in pages of `limit` (1 to 1000), newest first.
    """

    # Registering and reading

    def register(
        self,
        name: str,
        *,
        artifact: ArtifactRef,
        version: str | None = None,
        metrics: Mapping[str, MetricValue] | None = None,
        parameters: Mapping[str, JsonValue] | None = None,
        signature: Signature | None = None,
        provenance: Provenance | None = None,
        datasets: Sequence[Dataset] = (),
        requirements: Sequence[str] = (),
        profile: Mapping[str, JsonValue] | None = None,
        cost: Cost | None = None,
        description: str | None = None,
        project: str | None = None,
        use_case: str | None = None,
        sensitivity: str | None = None,
        owner: str | None = None,
        labels: Mapping[str, str] | None = None,
        vertex_model: str | None = None,
        extra: Mapping[str, JsonValue] | None = None,
        idempotency_key: str | None = None,
    ) -> Version:
        """Add a version; the model comes to be with its first one.

        `version` is major.minor; without it, that of the newest version (1.0 at first). The patch is allocated.
        """
        ...

    def models(
        self,
        *,
        project: str | None = None,
        text: str | None = None,
        labels: Mapping[str, str] | None = None,
        champion_in: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[ModelInfo]:
        """List models by name."""
        ...

    def model(self, name: str) -> ModelInfo: ...

    def versions(self, name: str, *, cursor: str | None = None, limit: int = 50) -> Page[Version]: ...

    def version(self, reference: str, *, environment: str | None = None) -> Version: ...

    def search(self, query: Search, *, cursor: str | None = None, limit: int = 50) -> Page[Version]: ...

    def champion(self, name: str, *, environment: str, as_of: datetime | None = None) -> Champion: ...

    def deployments(self, name: str) -> list[Deployment]: ...

    def compare(self, a: str, b: str, *, environment: str | None = None) -> Comparison: ...

    def lineage(self, reference: str, *, environment: str | None = None) -> Graph:
        """What a version was made from and where it serves; or, for the URI of a dataset, what was made from it."""
        ...

    def costs(
        self,
        *,
        by: str,
        project: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[CostRow]:
        """Sum up what versions took, by the values of the label `by` (`project` and `model` are understood too)."""
        ...

    # Changing champions

    def plan_promotion(self, reference: str, *, environment: str, by: str | None = None) -> PromotionPlan:
        """Return what publishing a version would change. `by` is who would do it: the caller, or nobody (empty)."""
        ...

    def promote(
        self,
        reference: str,
        *,
        to: str,
        reason: str | None = None,
        waivers: Sequence[Waiver] = (),
        break_glass: str | None = None,
        expected_revision: int | None = None,
        idempotency_key: str | None = None,
    ) -> Promotion:
        """Let a version move on into the environment `to`, where it is staged; the champion stays."""
        ...

    def publish(
        self,
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
        """Make a version the champion of an environment."""
        ...

    def rollback(
        self,
        name: str,
        *,
        environment: str,
        to: str | None = None,
        reason: str,
        quarantine: bool = True,
        expected_revision: int | None = None,
        idempotency_key: str | None = None,
    ) -> Champion:
        """Make a past champion the champion again: the last other one that is not quarantined, or `to` ("1.4.2")."""
        ...

    def set_challengers(
        self,
        name: str,
        *,
        environment: str,
        challengers: Mapping[str, int],
        reason: str | None = None,
        expected_revision: int | None = None,
        idempotency_key: str | None = None,
    ) -> Deployment:
        """Say which versions get how many percent of the traffic; the champion has the rest."""
        ...

    def report_deployment(
        self,
        reference: str,
        *,
        environment: str,
        endpoint: str | None = None,
        status: Mapping[str, JsonValue] | None = None,
    ) -> Deployment:
        """Note what a deployment says of itself: its endpoint, its status. Changes no champion and no revision."""
        ...

    def quarantine(self, reference: str, *, reason: str, environment: str | None = None) -> Version: ...

    def unquarantine(self, reference: str, *, reason: str) -> Version: ...

    def archive(self, reference: str, *, reason: str) -> Version: ...

    def annotate(
        self,
        reference: str,
        *,
        note: str | None = None,
        labels: Mapping[str, str | None] | None = None,
        card: str | None = None,
        environment: str | None = None,
    ) -> Version:
        """Add a note to the history, set labels (None takes one away), or write the model card."""
        ...

    def approve(self, reference: str, *, environment: str, comment: str | None = None) -> Approval: ...

    def approvals(self, reference: str, *, environment: str | None = None) -> list[Approval]: ...

    # Many changes at once

    def observe(self, environment: str, *, names: Sequence[str] | None = None) -> list[Standing]:
        """Return how models stand in an environment; without names, all that have a place there."""
        ...

    def apply(
        self,
        changes: Sequence[Change],
        *,
        environment: str,
        expected_revisions: Mapping[str, int],
        origin: Origin,
        idempotency_key: str | None = None,
    ) -> Outcome:
        """Carry out changes of one environment: all of them, or none."""
        ...

    # History

    def history(
        self, name: str, *, environment: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[AuditRecord]: ...

    def verify(self, name: str | None = None, *, anchors: Sequence[Anchor] = ()) -> Verification:
        """Tell whether a history, or all of them, is what was written; with anchors also whether it is still whole."""
        ...

    def anchor(self) -> Anchor:
        """Return the ends of all histories, to be kept where the owner of the database cannot write."""
        ...

    def events(self, *, after: str | None = None, limit: int = 100) -> Page[CloudEvent]:
        """List changes, oldest first. `next` is never None: ask again with it for what comes later."""
        ...

    # Rules and rights

    def policy(self, environment: str, *, project: str | None = None) -> Policy: ...

    def set_policy(self, policy: Policy, *, reason: str | None = None) -> Policy: ...

    def grants(self, subject: str | None = None) -> list[Grant]: ...

    def grant(self, subject: str, role: Role, *, project: str = "*", environment: str = "*") -> Grant: ...

    def revoke(self, subject: str, role: Role, *, project: str = "*", environment: str = "*") -> None: ...

    def tokens(self) -> list[Token]: ...

    def create_token(self, subject: str, *, days: float | None = 30, note: str | None = None) -> Token: ...

    def revoke_token(self, id: str) -> None: ...

    # Moving house

    def export(self, names: Sequence[str] | None = None) -> Iterator[str]:
        """Yield models, versions and history as lines of JSON."""
        ...

    def import_(self, lines: Iterable[str]) -> Imported: ...
