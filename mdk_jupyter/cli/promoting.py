"""`mdk registry promote`, `publish`, `rollback` and their kin: what changes where a version serves, at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mdk_jupyter.cli.caller import Caller
    from mdk_jupyter.registry.domain import PromotionPlan, Waiver
    from mdk_jupyter.registry.face import RegistryFace

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reference = Annotated[str, typer.Argument(metavar="VERSION", help="flights/1.4.2, flights@champion or flights@latest.")]
Name = Annotated[str, typer.Argument(metavar="MODEL", help="The model's name.")]
Environment = Annotated[str, typer.Argument(metavar="ENV", help="The environment, such as prod.")]
Reason = Annotated[str | None, typer.Option("-m", "--reason", help="Why; it is kept in the history.")]
Why = Annotated[str, typer.Option("-m", "--reason", help="Why; it is kept in the history.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Waive = Annotated[
    list[str] | None,
    typer.Option("--waive", metavar="GATE=REASON", help="Set a gate aside that allows it; repeatable."),
]
BreakGlass = Annotated[
    str | None, typer.Option("--break-glass", metavar="REASON", help="Pass all gates in an emergency; it is flagged.")
]

Shares = Annotated[
    list[str] | None, typer.Argument(metavar="[NUMBER=PERCENT]…", help="Such as 1.5.0=10. Without any: none.")
]


def promote(
    ctx: typer.Context,
    reference: Reference,
    environment: Environment,
    reason: Reason = None,
    publish_too: Annotated[bool, typer.Option("--publish", help="Make it the champion there in the same go.")] = False,
    only_plan: Annotated[bool, typer.Option("--plan", help="Show what would change, and change nothing.")] = False,
    waive: Waive = None,
    break_glass: BreakGlass = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> Any:
    """Let a version move on into an environment, where it is staged. The plan is shown first.

    Example: mdk registry promote flights/1.2.0 prod --publish -m "better on December"
    """
    from mdk_jupyter.cli.registry import face, told
    from mdk_jupyter.widgets import registry_sheets

    known = face(ctx)
    plan = _show_plan(ctx, known, reference, environment, as_json)
    if only_plan:
        return told(plan, as_json, lambda _: None)
    may = plan.may_promote and (not publish_too or _may_publish_then(plan))
    _check(plan, may, bool(waive or break_glass))
    verb = "Promote and publish" if publish_too else "Promote"
    target = f"{plan.model}/{plan.candidate}"
    past = _past_the_file(known, environment) if publish_too else ""
    _ask(ctx.obj, f"{past}{verb} {target} in {environment}?", yes)
    done = known.promote(
        target,
        to=environment,
        reason=reason,
        waivers=waivers_of(waive),
        break_glass=break_glass,
        expected_revision=plan.revision,
    )
    if not publish_too:
        return told(done, as_json, registry_sheets.promotion)
    champion = known.publish(
        target,
        environment=environment,
        reason=reason,
        waivers=waivers_of(waive),
        break_glass=break_glass,
        expected_revision=done.revision,
    )
    return told(champion, as_json, registry_sheets.champion)


def publish(
    ctx: typer.Context,
    reference: Reference,
    environment: Environment,
    reason: Reason = None,
    endpoint: Annotated[str | None, typer.Option("--endpoint", help="Where it serves.")] = None,
    only_plan: Annotated[bool, typer.Option("--plan", help="Show what would change, and change nothing.")] = False,
    waive: Waive = None,
    break_glass: BreakGlass = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> Any:
    """Make a version the champion of an environment. The plan is shown first."""
    from mdk_jupyter.cli.registry import face, told
    from mdk_jupyter.widgets import registry_sheets

    known = face(ctx)
    plan = _show_plan(ctx, known, reference, environment, as_json)
    if only_plan:
        return told(plan, as_json, lambda _: None)
    waivers = waivers_of(waive)
    _check(plan, plan.may_publish, bool(waivers or break_glass))
    target = f"{plan.model}/{plan.candidate}"
    past = _past_the_file(known, environment)
    _ask(ctx.obj, f"{past}Make {target} the champion of {environment}?", yes)
    champion = known.publish(
        target,
        environment=environment,
        reason=reason,
        endpoint=endpoint,
        waivers=waivers,
        break_glass=break_glass,
        expected_revision=plan.revision,
    )
    return told(champion, as_json, registry_sheets.champion)


def rollback(
    ctx: typer.Context,
    name: Name,
    environment: Environment,
    reason: Why,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="NUMBER", help="A past champion, such as 1.4.2. Default: the last one."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Do not put the version that leaves into quarantine.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> Any:
    """Make a past champion the champion again; the version that leaves is put into quarantine.

    Example: mdk registry rollback flights prod -m "too many false alarms"
    """
    from mdk_jupyter.cli.registry import face, told
    from mdk_jupyter.widgets import registry_sheets

    known = face(ctx)
    now = known.champion(name, environment=environment)
    if not as_json:
        ctx.obj.plan(registry_sheets.champion(now))
    target = to or "the champion before it"
    past = _past_the_file(known, environment)
    _ask(ctx.obj, f"{past}Roll {name} in {environment} back from {now.version.version} to {target}?", yes)
    done = known.rollback(
        name, environment=environment, to=to, reason=reason, quarantine=not keep, expected_revision=now.revision
    )
    return told(done, as_json, registry_sheets.champion)


def challengers(
    ctx: typer.Context,
    name: Name,
    environment: Environment,
    shares: Shares = None,
    reason: Reason = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> Any:
    """Say which versions get a share of the traffic, at once; the champion has the rest."""
    from mdk_jupyter.cli.registry import face, told
    from mdk_jupyter.widgets import registry_sheets

    wanted = shares_of(shares)
    known = face(ctx)
    now = known.champion(name, environment=environment)
    said = ", ".join(f"{version} {percent} %" for version, percent in wanted.items()) or "none"
    past = _past_the_file(known, environment)
    _ask(ctx.obj, f"{past}Challengers of {name} {now.version.version} in {environment}: {said}?", yes)
    done = known.set_challengers(
        name, environment=environment, challengers=wanted, reason=reason, expected_revision=now.revision
    )
    return told(done, as_json, registry_sheets.deployment)


def quarantine(
    ctx: typer.Context,
    reference: Reference,
    reason: Why,
    lift: Annotated[bool, typer.Option("--lift", help="Let it out again.")] = False,
    as_json: AsJson = False,
) -> Any:
    """Keep a version from being promoted or rolled back to."""
    from mdk_jupyter.cli.registry import face, told
    from mdk_jupyter.widgets import registry_sheets

    known = face(ctx)
    done = known.unquarantine(reference, reason=reason) if lift else known.quarantine(reference, reason=reason)
    return told(done, as_json, registry_sheets.version)


def archive(ctx: typer.Context, reference: Reference, reason: Why, yes: Yes = False, as_json: AsJson = False) -> Any:
    """Retire a version for good. It stays known, and its number is never given again."""
    from mdk_jupyter.cli.registry import face, told
    from mdk_jupyter.widgets import registry_sheets

    known = face(ctx)
    found = known.version(reference)
    _ask(ctx.obj, f"Archive {found.reference}?", yes)
    return told(known.archive(found.reference, reason=reason), as_json, registry_sheets.version)


def annotate(
    ctx: typer.Context,
    reference: Reference,
    note: Annotated[str | None, typer.Option("--note", help="A remark for the history.")] = None,
    labels: Annotated[
        list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="KEY= takes it away; repeatable.")
    ] = None,
    card: Annotated[
        typer.FileText | None,
        typer.Option("--card", metavar="FILE", encoding="utf-8", help="The model card, Markdown; - is standard input."),
    ] = None,
    as_json: AsJson = False,
) -> Any:
    """Add a note to the history, set labels, or write the model card."""
    from mdk_jupyter.cli.registry import face, pairs, told
    from mdk_jupyter.widgets import registry_sheets

    text = card.read() if card is not None else None
    changed: dict[str, str | None] = {key: value or None for key, value in pairs(labels).items()}
    done = face(ctx).annotate(reference, note=note, labels=changed or None, card=text)
    return told(done, as_json, registry_sheets.version)


def approve(
    ctx: typer.Context,
    reference: Reference,
    environment: Environment,
    comment: Annotated[str | None, typer.Option("-m", "--comment", help="What you looked at.")] = None,
    shown: Annotated[bool, typer.Option("--list", help="Show who approved it, and approve nothing.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> Any:
    """Agree that a version may be published in an environment. The plan is shown first."""
    from mdk_jupyter.cli.registry import face, told
    from mdk_jupyter.widgets import registry_sheets

    known = face(ctx)
    if shown:
        return told(known.approvals(reference, environment=environment), as_json, registry_sheets.approvals)
    plan = _show_plan(ctx, known, reference, environment, as_json)
    target = f"{plan.model}/{plan.candidate}"
    _ask(ctx.obj, f"Approve {target} for {environment}?", yes)
    done = known.approve(target, environment=environment, comment=comment)
    return told([done], as_json, registry_sheets.approvals)


_COMMANDS = (promote, publish, rollback, challengers, quarantine, archive, annotate, approve)


def add_to(app: typer.Typer) -> None:
    """Add the commands to `mdk registry`."""
    for command in _COMMANDS:
        app.command(command.__name__)(command)


def _show_plan(
    ctx: typer.Context, known: RegistryFace, reference: str, environment: str, as_json: bool
) -> PromotionPlan:
    """Show what would change; what is done then carries the revision that was shown."""
    from mdk_jupyter.widgets import registry_sheets

    plan = known.plan_promotion(reference, environment=environment)
    if not as_json:
        ctx.obj.plan(registry_sheets.plan(plan, known.version(f"{plan.model}/{plan.candidate}")))
    return plan


def _check(plan: PromotionPlan, may: bool, is_passed: bool) -> None:
    if may or is_passed:
        return
    from mdk_jupyter.registry.errors import RefusedError

    failed = [gate for gate in plan.gates if not gate.passed and gate.waived is None]
    reasons = [f"{gate.gate}: {gate.detail}" for gate in failed]
    if plan.approvals_needed:
        reasons.append(f"approvals: {plan.approvals_needed} missing")
    said = "; ".join(reasons) or "the policy of the environment asks for more"
    message = f"{plan.model}/{plan.candidate} does not get into {plan.environment}: {said}"
    can = [gate.gate for gate in failed if gate.waivable]
    fix = f"`--waive {can[0]}=REASON` sets a gate aside" if can else "train a better version, or change the policy"
    raise RefusedError("MDK557", message, fix, gates=plan.gates)


def _may_publish_then(plan: PromotionPlan) -> bool:
    """Whether a version may be published once it is promoted."""
    failed = [gate for gate in plan.gates if not gate.passed and gate.waived is None and gate.gate != "promoted"]
    return not failed and not plan.approvals_needed


def _past_the_file(known: RegistryFace, environment: str) -> str:
    """Return what to say before a question, where the environment should change by operations.yaml alone."""
    from mdk_jupyter.operations.workspace import Workspace

    if not Workspace.open(registry=known).is_protected(environment):
        return ""
    return f"{environment} is protected: this goes past operations.yaml, and `mdk ops drift` shows it. "


def _ask(caller: Caller, question: str, yes: bool) -> None:
    if not yes and not caller.confirm(question):
        raise typer.Abort


def waivers_of(given: Sequence[str] | None) -> list[Waiver]:
    from mdk_jupyter.cli.registry import pairs, valid
    from mdk_jupyter.registry.domain import Waiver

    return [valid(Waiver, gate=gate, reason=reason) for gate, reason in pairs(given).items()]


def shares_of(given: Sequence[str] | None) -> dict[str, int]:
    """Read NUMBER=PERCENT.

    Raises:
        BadParameter: it is no whole number of percent.
    """
    from mdk_jupyter.cli.registry import pairs

    try:
        return {version: int(percent.rstrip("%")) for version, percent in pairs(given).items()}
    except ValueError:
        raise typer.BadParameter("a share is a whole number of percent, such as 1.5.0=10") from None
