"""Promotion, rollback and challengers: proposed, and carried out at once or by a pull request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mdk_converters.findings import MDKError
from mdk_jupyter.operations.branch import Repository, has_gh
from mdk_jupyter.operations.desired import EnvironmentEntries
from mdk_jupyter.operations.edit import EMPTY, Value, with_entry
from mdk_jupyter.operations.errors import refusal
from mdk_jupyter.operations.model_plan import challenge_plan, direct_plan
from mdk_jupyter.operations.observed import standing_of
from mdk_jupyter.operations.plan import ModelPlan, assemble
from mdk_jupyter.operations.plan_markdown import request_body
from mdk_jupyter.operations.plan_text import shown
from mdk_jupyter.operations.proposal import Done, Edit, Proposal, PullRequest, Verb
from mdk_jupyter.operations.reader import KIND, NAMES, Desired
from mdk_jupyter.operations.workspace import Workspace, entries_of
from mdk_jupyter.registry.changes import Origin, Standing
from mdk_jupyter.registry.domain import Version, Waiver
from mdk_jupyter.registry.errors import ConflictError, InvalidError, NotFoundError, RefusedError
from mdk_jupyter.registry.face import RegistryFace
from mdk_jupyter.registry.shares import check_shares


def propose_promotion(
    model: str,
    version: str,
    *,
    to: str,
    reason: str | None = None,
    folder: Path | None = None,
    registry: RegistryFace | None = None,
    branch: str | None = None,
    waivers: Sequence[Waiver] = (),
    break_glass: str | None = None,
) -> Proposal:
    """Return what it takes to make a version the champion of an environment. Nothing is changed.

    Args:
        model: its name.
        version: number such as 1.5.0, or `latest`, which is resolved here.
        to: the environment.
        reason: why; it is kept in the history.
        folder: where the project is; the current one by default.
        registry: the project's own by default.
        branch: name of the branch; one is made up by default.
        waivers: gates that are set aside, with the reasons.
        break_glass: why all gates are passed by, where the environment is not protected.

    Raises:
        OperationsError: it is the champion already (MDK624), or the file cannot be changed.
        RegistryError: the registry does not know the model or version.
    """
    workspace = Workspace.open(folder, registry=registry)
    found = _version(workspace.registry, model, version)
    standing = standing_of(workspace.registry, model, to)
    values: dict[str, Value] = {"champion": found.version, "reason": reason or f"promote {model} {found.version}"}
    values["waivers"] = {waiver.gate: waiver.reason for waiver in waivers} or None
    if not workspace.is_protected(to):
        _refuse_no_change(standing, found.version)
        return _direct(workspace, "promote", standing, found, reason, waivers, break_glass)
    return _by_pull_request(workspace, "promote", standing, found, reason, values, branch)


def propose_rollback(
    model: str,
    *,
    environment: str,
    reason: str,
    to: str | None = None,
    folder: Path | None = None,
    registry: RegistryFace | None = None,
    branch: str | None = None,
    quarantine: bool = True,
) -> Proposal:
    """Return what it takes to make a past champion the champion again. Nothing is changed.

    `to` is a past champion; by default the last one that is not quarantined. With `quarantine`, the version that leaves
    may not be used any more. The rest is as for `propose_promotion`.

    Raises:
        NotFoundError: there is no champion (MDK502).
        ConflictError: there is no other champion to go back to (MDK514), or `to` was never one (MDK516).
    """
    workspace = Workspace.open(folder, registry=registry)
    standing = standing_of(workspace.registry, model, environment)
    target = to or standing.previous
    if standing.champion is None:
        raise NotFoundError("MDK502", f"{model} has no champion in {environment}", "Promote a version first.")
    if target is None:
        message = f"{model} has no earlier champion in {environment} that may be used"
        raise ConflictError("MDK514", message, "Take a quarantine back, or promote another version.")
    if target not in standing.past:
        message = f"{model}/{target} was never champion in {environment}"
        raise ConflictError("MDK516", message, "Promote it: then the gates are asked.")
    found = workspace.registry.version(f"{model}/{target}")
    if not workspace.is_protected(environment):
        _refuse_no_change(standing, found.version)
        return _direct(workspace, "rollback", standing, found, reason, quarantine=quarantine)
    values: dict[str, Value] = {"champion": target, "reason": reason, "waivers": None}
    left = standing.champion if quarantine and standing.champion != target else None
    return _by_pull_request(workspace, "rollback", standing, found, reason, values, branch, left)


def propose_challengers(
    model: str,
    shares: Mapping[str, int],
    *,
    environment: str,
    reason: str | None = None,
    folder: Path | None = None,
    registry: RegistryFace | None = None,
    branch: str | None = None,
) -> Proposal:
    """Return what it takes to let versions challenge the champion of an environment. Nothing is changed.

    `shares` maps version numbers (or `latest`) to whole percents of the traffic; the champion has the rest, and who is
    not named gets none. The rest is as for `propose_promotion`. `version` of the proposal is the champion.

    Raises:
        OperationsError: they are the challengers already (MDK624), or the file cannot be changed.
        InvalidError: the shares are not within 0 and 100, or the champion is among them (MDK544).
        NotFoundError: there is no champion (MDK502), or no such version (MDK501).
    """
    workspace = Workspace.open(folder, registry=registry)
    standing = standing_of(workspace.registry, model, environment)
    versions = [_version(workspace.registry, model, number) for number in shares]
    challengers = {version.version: percent for version, percent in zip(versions, shares.values(), strict=True)}
    is_protected = workspace.is_protected(environment)
    basis = _basis(workspace) if is_protected else None
    entry = basis.before.entry(environment, model) if basis else None
    champion, now = (entry.champion, entry.challengers) if entry else (standing.champion, standing.challengers)
    if champion is None:
        raise NotFoundError("MDK502", f"{model} has no champion in {environment}", "Promote a version first.")
    _refuse_impossible(model, champion, challengers)
    if challengers == now:
        message = f"the challengers of {model} in {environment} are so already: {shown(dict(now))}"
        raise refusal("MDK624", message, "name other versions or shares")
    crowned = workspace.registry.version(f"{model}/{champion}")
    if basis is None:
        planned = challenge_plan(standing, challengers, versions, reason)
        return _at_once(workspace, "challenge", standing, crowned, reason, planned)
    said = f"Challengers of {model} in {environment}: {shown(dict(challengers))}"
    values: dict[str, Value] = {} if entry else {"champion": champion}
    values |= {"challengers": challengers or None, "reason": reason or said}
    wanted = branch or f"mdk/challenge-{model}-{environment}"
    return _proposed(workspace, basis, "challenge", standing, crowned, reason, values, said, wanted)


def _version(registry: RegistryFace, model: str, number: str) -> Version:
    return registry.version(f"{model}@latest" if number == "latest" else f"{model}/{number}")


def _refuse_impossible(model: str, champion: str, challengers: Mapping[str, int]) -> None:
    check_shares(challengers)
    if champion in challengers:
        message = f"{model}/{champion} is the champion, and cannot challenge itself"
        raise InvalidError("MDK544", message, "Name other versions of it; the champion has the rest.")


def carry_out(proposal: Proposal, *, registry: RegistryFace | None = None, open: bool = True) -> Done:
    """Do what was proposed.

    In an unprotected environment the registry changes at once, if it is still at the revision of the plan. In a
    protected one the edit is committed on the branch; with `open`, it is pushed and the pull request opened where `gh`
    is installed and there is a remote.

    Raises:
        StaleError: somebody changed it in the meantime (MDK510).
        RefusedError: something stands in the way (MDK557).
        OperationsError: git refuses (MDK621).
    """
    if proposal.edit is None or proposal.repository is None:
        return _change_now(proposal, registry)
    repository, edit, request = proposal.repository, proposal.edit, proposal.pull_request
    assert request is not None and proposal.branch is not None and proposal.base is not None
    message = f"{request.title}\n\n{proposal.reason}\n" if proposal.reason else f"{request.title}\n"
    commit = repository.commit(proposal.base, edit.file, edit.after, message, proposal.branch)
    push = f"git push -u origin {proposal.branch}"
    if not (open and repository.has_remote and has_gh()):
        steps = (push, f"open a pull request into {request.base}") if repository.has_remote else ()
        return Done(proposal, commit=commit, next_steps=steps or (f"merge {proposal.branch} into {request.base}",))
    try:
        repository.push(proposal.branch)
    except MDKError as error:
        return Done(proposal, commit=commit, next_steps=(str(error), push))
    try:
        url = repository.open_pull_request(request.title, request.body, request.base, proposal.branch)
    except MDKError as error:
        return Done(proposal, commit=commit, pushed=True, next_steps=(str(error),))
    return Done(proposal, commit=commit, pushed=True, url=url)


# At once


def _refuse_no_change(standing: Standing, version: str) -> None:
    if standing.champion == version:
        message = f"{standing.model}/{version} is the champion of {standing.environment} already"
        raise refusal("MDK624", message, "name another version")


def _direct(
    workspace: Workspace,
    verb: Verb,
    standing: Standing,
    version: Version,
    reason: str | None,
    waivers: Sequence[Waiver] = (),
    break_glass: str | None = None,
    quarantine: bool = False,
) -> Proposal:
    known = workspace.registry
    promotion = known.plan_promotion(version.reference, environment=standing.environment)
    lineage = known.lineage(version.reference)
    planned = direct_plan(
        standing, version, promotion, lineage, reason, verb == "rollback", waivers, break_glass, quarantine
    )
    return _at_once(workspace, verb, standing, version, reason, planned)


def _at_once(
    workspace: Workspace, verb: Verb, standing: Standing, version: Version, reason: str | None, planned: ModelPlan
) -> Proposal:
    notes: tuple[str, ...] = ()
    if workspace.file is not None and _names(workspace, standing):
        notes = (
            f"{workspace.file.name} names {standing.model} in {standing.environment} too; "
            f"`mdk ops drift --env {standing.environment} --patch FILE` brings it up to date",
        )
    plan = assemble("", {standing.environment: [planned]}, {})
    return Proposal(
        verb=verb,
        model=version.model,
        version=version.version,
        environment=standing.environment,
        reason=reason,
        protected=False,
        plan=plan,
        revision=standing.revision,
        notes=notes,
    )


def _names(workspace: Workspace, standing: Standing) -> bool:
    desired = workspace.load()
    return isinstance(desired, Desired) and desired.entry(standing.environment, standing.model) is not None


def refuse_blocked(proposal: Proposal) -> None:
    """Refuse what the gates will refuse.

    Raises:
        RefusedError: something stands in the way (MDK557).
    """
    if proposal.blocked:
        gates = tuple(gate for model in proposal.plan.models for gate in model.gates)
        said = "; ".join(proposal.blocked)
        message = f"{proposal.model}/{proposal.version} does not get into {proposal.environment}: {said}"
        if proposal.verb == "challenge":
            message = f"{proposal.model} in {proposal.environment} cannot be challenged so: {said}"
        can = [gate.gate for gate in gates if gate.waivable and not gate.passed]
        fix = f"`--waive {can[0]}=REASON` sets a gate aside" if can else "train a better version, or change the policy"
        raise RefusedError("MDK557", message, fix, gates=gates)


def _change_now(proposal: Proposal, registry: RegistryFace | None) -> Done:
    refuse_blocked(proposal)
    known = registry or Workspace.open().registry
    planned = next(proposal.plan.models)
    part = proposal.plan.environments[0].part
    outcome = known.apply(
        [planned.change],
        environment=proposal.environment,
        expected_revisions={proposal.model: proposal.revision},
        origin=Origin(plan=proposal.plan.hash, part=part),
    )
    return Done(proposal, outcome=outcome)


# By pull request


@dataclass(frozen=True, slots=True)
class _Basis:
    """The file as the main branch has it, from which a change starts."""

    repository: Repository
    branch: str
    commit: str
    path: str
    text: str | None  # None where the branch has no such file
    before: Desired
    notes: tuple[str, ...]


def _basis(workspace: Workspace) -> _Basis:
    file = workspace.file or workspace.project.root / NAMES[0]
    repository = Repository.around(file.parent)
    away = "the remote could not be reached: the change starts from what is known here"
    notes = () if repository.fetch() else (away,)
    base = repository.base()
    path = repository.relative(file)
    there = repository.text(base.commit, path)
    text = there if there is not None else KIND.load(file) if file.is_file() else EMPTY
    return _Basis(repository, base.branch, base.commit, path, there, entries_of(text, path), notes)


def _by_pull_request(
    workspace: Workspace,
    verb: Verb,
    standing: Standing,
    version: Version,
    reason: str | None,
    values: dict[str, Value],
    branch: str | None,
    quarantined: str | None = None,
) -> Proposal:
    environment, model = standing.environment, standing.model
    basis = _basis(workspace)
    entry = basis.before.entry(environment, model)
    if entry is not None and entry.champion == version.version:
        message = (
            f"{basis.path} on {basis.branch} names {model} {version.version} as the champion of {environment} already"
        )
        raise refusal("MDK624", message, "apply it, or name another version", basis.before.place(environment, model))
    shares = entry.challengers if entry else standing.challengers
    if version.version in shares or (shares and entry is None):
        values = {**values, "challengers": {k: v for k, v in shares.items() if k != version.version}}
    if quarantined is not None:
        known = {k: v for k, v in (entry.quarantined if entry else {}).items() if k != version.version}
        values = {**values, "quarantined": {**known, quarantined: reason or "rolled back"}}
    title = {"promote": f"Promote {model} {version.version} to {environment}"}.get(
        verb, f"Roll {model} in {environment} back to {version.version}"
    )
    wanted = branch or f"mdk/{verb}-{model}-{version.version}-{environment}"
    return _proposed(workspace, basis, verb, standing, version, reason, values, title, wanted)


def _proposed(
    workspace: Workspace,
    basis: _Basis,
    verb: Verb,
    standing: Standing,
    version: Version,
    reason: str | None,
    values: dict[str, Value],
    title: str,
    branch: str,
) -> Proposal:
    environment, model = standing.environment, standing.model
    entry = basis.before.entry(environment, model)
    applied = standing.applied.serial if standing.applied else None
    values = {**values, "serial": max(entry.serial if entry else 0, applied or 0) + 1}
    after = with_entry(basis.before, environment, model, values)
    plan = workspace.plan(_alone(after, environment, model), [environment])
    return Proposal(
        verb=verb,
        model=model,
        version=version.version,
        environment=environment,
        reason=reason,
        protected=True,
        plan=plan,
        revision=standing.revision,
        edit=Edit(basis.path, basis.text or "", after.text),
        branch=basis.repository.free_branch(branch),
        pull_request=PullRequest(title, request_body(plan), basis.branch),
        notes=basis.notes,
        repository=basis.repository,
        base=basis.commit,
    )


def _alone(desired: Desired, environment: str, model: str) -> Desired:
    """Return the file as if it spoke of one model only: what is wrong elsewhere is for others to mend."""
    entry = desired.entry(environment, model)
    assert entry is not None
    entries = {environment: EnvironmentEntries(models={model: entry})}
    return replace(desired, operations=desired.operations.model_copy(update={"environments": entries}))
