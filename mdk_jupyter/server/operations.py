"""Promotion, rollback and challengers: what the commands of these names do. Called in threads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mdk_converters.findings import Finding
from mdk_jupyter.errors import UsageError
from mdk_jupyter.operations import (
    Done,
    Proposal,
    carry_out,
    propose_challengers,
    propose_promotion,
    propose_rollback,
)
from mdk_jupyter.registry.access import Verb, roles
from mdk_jupyter.registry.embedded import Embedded
from mdk_jupyter.registry.errors import StaleError
from mdk_jupyter.registry.face import RegistryFace
from mdk_jupyter.server.models import FileEdit, OperationRequest, OperationView, PullRequest


def promote(folder: Path, registry: RegistryFace, asked: OperationRequest) -> OperationView:
    """Show what makes a version the champion of an environment, and do it if that is asked for.

    Raises:
        StaleError: the registry has another revision than the one that was shown (MDK510).
        OperationsError, RegistryError: it cannot be.
    """
    proposal = propose_promotion(
        asked.model,
        _given(asked.version, "version"),
        to=asked.environment,
        reason=asked.reason,
        folder=folder,
        registry=registry,
        waivers=asked.waivers,
        break_glass=asked.break_glass,
    )
    return _decided(proposal, registry, asked)


def rollback(folder: Path, registry: RegistryFace, asked: OperationRequest) -> OperationView:
    """Show what makes a past champion the champion again, and do it if that is asked for.

    Raises:
        StaleError: the registry has another revision than the one that was shown (MDK510).
        OperationsError, RegistryError: it cannot be.
    """
    proposal = propose_rollback(
        asked.model,
        environment=asked.environment,
        reason=_given(asked.reason, "reason"),
        to=asked.version,
        folder=folder,
        registry=registry,
        quarantine=asked.quarantine,
    )
    return _decided(proposal, registry, asked)


def challengers(folder: Path, registry: RegistryFace, asked: OperationRequest) -> OperationView:
    """Show what lets versions challenge the champion of an environment, and do it if that is asked for.

    Raises:
        StaleError: the registry has another revision than the one that was shown (MDK510).
        OperationsError, RegistryError: it cannot be.
    """
    if asked.challengers is None:
        raise _missing("challengers")
    proposal = propose_challengers(
        asked.model,
        asked.challengers,
        environment=asked.environment,
        reason=asked.reason,
        folder=folder,
        registry=registry,
    )
    return _decided(proposal, registry, asked)


def _given(value: str | None, name: str) -> str:
    if not value:
        raise _missing(name)
    return value


def _missing(name: str) -> UsageError:
    return UsageError([Finding("MDK382", f"{name}: it is needed", fix="fill it in", names=(name,))])


def _decided(proposal: Proposal, registry: RegistryFace, asked: OperationRequest) -> OperationView:
    if asked.revision is not None and asked.revision != proposal.revision:
        message = f"{proposal.model} has changed in {proposal.environment} since the plan was shown"
        raise StaleError("MDK510", message, "Look at the plan again.", revision=proposal.revision)
    verb = {"promote": Verb.PUBLISH, "rollback": Verb.ROLLBACK, "challenge": Verb.CHALLENGE}[proposal.verb]
    may = [] if isinstance(registry, Embedded) else [role.value for role in roles(verb, proposal.environment)]
    project = registry.model(proposal.model).project
    alone = registry.policy(proposal.environment, project=project).changed_by
    return _view(proposal, carry_out(proposal, registry=registry) if asked.apply else None, may, alone)


def _view(proposal: Proposal, done: Done | None, may: list[str], alone: Sequence[str]) -> OperationView:
    edit, request = proposal.edit, proposal.pull_request
    return OperationView(
        protected=proposal.protected,
        applied=done is not None,
        version=proposal.version,
        roles=may,
        changed_by=list(alone),
        text=proposal.text,
        markdown=proposal.markdown,
        plan=proposal.plan.model_dump(mode="json"),
        gates=[gate for model in proposal.plan.models for gate in model.gates],
        blocked=list(proposal.blocked),
        notes=list(proposal.notes),
        edit=FileEdit.model_validate(edit.to_json()) if edit else None,
        branch=proposal.branch,
        commit=done.commit if done else None,
        pull_request=PullRequest(title=request.title, body=request.body, url=done.url if done else None)
        if request
        else None,
        next_steps=list(done.next_steps) if done else [],
        revision=_revision(done) if done and done.outcome else proposal.revision,
    )


def _revision(done: Done) -> int | None:
    """Return the revision after the change."""
    return next((model.revision for model in done.outcome.changes), None) if done.outcome else None
