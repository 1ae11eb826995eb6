"""`mdk promote`, `mdk rollback` and `mdk challengers`: at once where that may be, by a pull request where the environment is protected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mdk_jupyter.cli.promoting import AsJson, BreakGlass, Reason, Shares, Waive, Why, Yes

if TYPE_CHECKING:
    from mdk_jupyter.operations.proposal import Proposal

Branch = Annotated[
    str | None, typer.Option("--branch", metavar="NAME", help="The branch of the change, where that goes by git.")
]
Open = Annotated[
    bool, typer.Option("--open/--no-open", help="Push the branch and open the pull request, where `gh` is there.")
]
Model = Annotated[str, typer.Argument(metavar="MODEL", help="The model's name.")]
Where = Annotated[str | None, typer.Option("--env", metavar="ENV", help="The environment, such as prod.")]
OnlyPlan = Annotated[bool, typer.Option("--plan", help="Show what would change, and change nothing.")]


def promote(
    ctx: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model's name; or flights/1.5.0, flights@latest.")],
    version: Annotated[
        str | None, typer.Argument(metavar="[VERSION]", help="Such as 1.5.0. Default: the newest one.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="ENV", help="The environment, such as prod.")] = None,
    reason: Reason = None,
    branch: Branch = None,
    open: Open = True,
    only_plan: OnlyPlan = False,
    waive: Waive = None,
    break_glass: BreakGlass = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> Any:
    """Make a version the champion of an environment. The plan is shown first.

    In a protected environment (mdk.yaml; prod, where there is an operations.yaml) this changes operations.yaml on a
    branch and opens a pull request; the champion changes when that is merged and applied.

    Example: mdk promote flights 1.5.0 --to prod -m "better on December"
    """
    from mdk_jupyter.cli.promoting import waivers_of
    from mdk_jupyter.operations.proposing import propose_promotion

    name, number, environment = _named(model, version, to)
    proposal = propose_promotion(
        name,
        number,
        to=environment,
        reason=reason,
        branch=branch,
        waivers=waivers_of(waive),
        break_glass=break_glass,
    )
    if proposal.protected and break_glass:
        raise typer.BadParameter(
            f"{environment} is protected: in an emergency use `mdk registry publish`, which `mdk ops drift` shows"
        )
    question = f"Make {name}/{proposal.version} the champion of {environment}?"
    return _go(ctx, proposal, question, open, only_plan, yes, as_json)


def rollback(
    ctx: typer.Context,
    model: Model,
    reason: Why,
    environment: Annotated[str | None, typer.Argument(metavar="[ENV]", help="The environment, as --env.")] = None,
    env: Where = None,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="NUMBER", help="A past champion, such as 1.4.2. Default: the last one."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Do not put the version that leaves into quarantine.")] = False,
    branch: Branch = None,
    open: Open = True,
    only_plan: OnlyPlan = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> Any:
    """Make a past champion the champion again; the version that leaves is put into quarantine.

    In a protected environment this goes by a pull request, as `mdk promote` does.

    Example: mdk rollback flights --env prod -m "too many false alarms"
    """
    from mdk_jupyter.operations.proposing import propose_rollback

    where = env or environment
    if where is None:
        raise typer.BadParameter("say where: --env prod")
    proposal = propose_rollback(model, environment=where, reason=reason, to=to, branch=branch, quarantine=not keep)
    question = f"Roll {model} in {where} back to {proposal.version}?"
    return _go(ctx, proposal, question, open, only_plan, yes, as_json)


def challengers(
    ctx: typer.Context,
    model: Model,
    shares: Shares = None,
    environment: Where = None,
    reason: Reason = None,
    branch: Branch = None,
    open: Open = True,
    only_plan: OnlyPlan = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> Any:
    """Say which versions get a share of the traffic; the champion has the rest. The plan is shown first.

    In a protected environment this goes by a pull request, as `mdk promote` does.

    Example: mdk challengers flights 1.5.0=10 1.6.0=5 --env prod -m "try both on a few"
    """
    from mdk_jupyter.cli.promoting import shares_of
    from mdk_jupyter.operations.plan_text import shown
    from mdk_jupyter.operations.proposing import propose_challengers

    if environment is None:
        raise typer.BadParameter("say where: --env prod")
    wanted = shares_of(shares)
    proposal = propose_challengers(model, wanted, environment=environment, reason=reason, branch=branch)
    question = f"Challengers of {model} {proposal.version} in {environment}: {shown(dict(wanted))}?"
    return _go(ctx, proposal, question, open, only_plan, yes, as_json)


def _go(
    ctx: typer.Context, proposal: Proposal, question: str, open: bool, only_plan: bool, yes: bool, as_json: bool
) -> Any:
    """Show the plan, ask, and do it."""
    from mdk_jupyter.cli.registry import told
    from mdk_jupyter.operations.plan_text import done_sheet, proposal_sheet
    from mdk_jupyter.operations.proposing import carry_out, refuse_blocked

    if not as_json:
        ctx.obj.plan(proposal_sheet(proposal))
    elif only_plan:
        return told(proposal.to_json(), True, lambda _: None)
    if only_plan:
        return None
    if not proposal.protected:
        refuse_blocked(proposal)
    if proposal.protected:
        question = f"Propose it by a pull request, on the branch {proposal.branch}?"
    if not yes and not ctx.obj.confirm(question):
        raise typer.Abort
    done = carry_out(proposal, open=open)
    return told(done.to_json(), True, lambda _: None) if as_json else done_sheet(done)


def _named(model: str, version: str | None, to: str | None) -> tuple[str, str, str]:
    """Return name, number or `latest`, and environment.

    Raises:
        BadParameter: the environment is missing, or the version is named twice.
    """
    from mdk_jupyter.registry.references import parse

    if {"/", "@"} & {*model}:
        if version is not None and to is None:
            version, to = None, version  # flights/1.5.0 prod
        if version is not None:
            raise typer.BadParameter(f"{model} names a version already, and so does {version}")
        found = parse(model)
        if found.alias == "champion" or found.vertex:
            raise typer.BadParameter("name the version by its number, such as 1.5.0")
        model, version = found.name, found.version
    if to is None:
        raise typer.BadParameter("say where: --to prod")
    return model, version or "latest", to
