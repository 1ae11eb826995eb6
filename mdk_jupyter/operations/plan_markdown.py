"""A plan as one comment of a pull request. The marker in its first line tells which comment to write anew."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from mdk_jupyter.operations.apply import Report
from mdk_jupyter.operations.drift import Drift
from mdk_jupyter.operations.plan import ModelPlan, Plan
from mdk_jupyter.operations.plan_text import reason_of, shown
from mdk_jupyter.registry.domain import AuditRecord
from mdk_jupyter.widgets.view import number

MARKER = "<!-- mdk ops plan -->"
DRIFT_MARKER = "<!-- mdk ops drift -->"
_LONGEST = 60_000  # characters: GitHub takes 65,536
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~!])")
_STATES = {
    "applied": "✅ applied",
    "already": "✅ was applied before",
    "refused": "❌ refused; nothing was changed",
    "compensated": "❌ failed, and was set back",
    "half": "❌ the registry has changed, an endpoint has not",
    "unreachable": "❌ a service could not be reached",
    "waiting": "⏸ not begun",
}


def plan_markdown(plan: Plan) -> str:
    """Return the comment."""
    return _bounded([MARKER, *_plan_lines(plan)])


def request_body(plan: Plan) -> str:
    """Return the text of a pull request. What is to be applied shows the comment, when all of the file is planned."""
    return _bounded(_changes(plan))


def _plan_lines(plan: Plan) -> Iterator[str]:
    if not plan.environments:
        yield f"### Nothing to do\n\nAll is as `{plan.file}` says."
        return
    count = sum(len(environment.models) for environment in plan.environments)
    names = ", ".join(environment.environment for environment in plan.environments)
    yield f"### {count} change{'s' if count > 1 else ''} in {names}\n"
    yield from _changes(plan)
    yield f"Apply exactly this: `mdk ops apply {plan.file} --plan {plan.hash}`"


def _changes(plan: Plan) -> Iterator[str]:
    for model in plan.models:
        yield from _model_lines(model)
    if plan.blocked:
        yield "> [!WARNING]\n> It cannot be applied yet; see what is missing above.\n"


def _model_lines(model: ModelPlan) -> Iterator[str]:
    kind = " (rollback)" if model.rollback else ""
    yield f"#### {_plain(model.environment)}: {_plain(model.model)}{kind}\n"
    if model.reason:
        yield f"> {_plain(model.reason)}\n"
    rows = [(_plain(one.name), _plain(shown(one.before)), _plain(shown(one.after))) for one in model.differences]
    yield from _table(("", "now", "then"), rows)
    facts = [
        ("trained by", model.trained_by),
        ("made from", ", ".join(model.made_from)),
        ("approvals", ", ".join(one.actor for one in model.approvals)),
        ("approvals missing", str(model.approvals_needed or "")),
        ("revision", str(model.revision)),
    ]
    yield from (f"- {name}: {_plain(value)}" for name, value in facts if value)
    yield ""
    if model.metrics:
        changes = [
            (_plain(one.name), _metric(one.before), _metric(one.after), _signed(one.difference))
            for one in model.metrics
        ]
        yield from _table(("metric", "champion", "candidate", "difference"), changes)
    if model.gates:
        judged = [
            (
                _plain(one.gate),
                "✅ passed" if one.passed else f"❌ {'waived' if one.waived else 'failed'}",
                _plain(one.detail),
            )
            for one in model.gates
        ]
        yield from _table(("gate", "", "why"), judged)
    if model.outside:
        yield "**Changed outside of this file, and overwritten by it:**\n"
        yield from outside_lines(model.outside)
    if model.blocked:
        yield from (f"- ❌ in the way: {_plain(why)}" for why in model.blocked)
        yield ""


def outside_lines(records: Iterable[AuditRecord]) -> Iterator[str]:
    """Yield a table of who changed what."""
    rows = [
        (f"{one.at:%Y-%m-%d %H:%M}", *map(_plain, (one.actor, one.action, one.version or "", reason_of(one))))
        for one in records
    ]
    yield from _table(("when (UTC)", "who", "what", "version", "why"), rows)


def drift_markdown(drift: Drift) -> str:
    """Return what was changed outside of git, with the patch, for an issue or a pull request."""
    lines = [DRIFT_MARKER]
    if not drift.models:
        lines.append(f"### No drift\n\nAll that was applied is as `{drift.file}` says.")
    else:
        count = len(drift.models)
        lines.append(f"### {count} model{'s' if count > 1 else ''} changed outside of `{drift.file}`\n")
    for one in drift.models:
        lines.append(f"#### {_plain(one.environment)}: {_plain(one.model)}\n")
        if one.kind == "unknown":
            lines.append("The file does not name it.\n")
        if one.kind == "pending":
            lines.append("The file has a change that waits to be applied.\n")
        rows = [(_plain(d.name), _plain(shown(d.before)), _plain(shown(d.after))) for d in one.differences]
        lines += _table(("", "the file", "the registry"), rows) if rows else []
        lines += outside_lines(one.records) if one.records else []
    if drift.patch:
        fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", drift.patch)), default=0))
        lines += ["The patch that brings the file up to date:\n", f"{fence}diff\n{drift.patch}{fence}"]
    return _bounded(lines)


def report_markdown(report: Report) -> str:
    """Return the report of an application, for a job's summary."""
    lines = [f"### Plan `{report.plan}`\n"]
    for one in report.environments:
        lines.append(f"#### {one.environment}: {_STATES[one.state]}\n")
        lines += [f"- {_plain(done.model)}: champion {done.champion}, revision {done.revision}" for done in one.models]
        lines += [f"- {_plain(text)}" for text in (*one.endpoints, *one.findings)]
        lines.append("")
    if not report.environments:
        lines.append(f"Nothing to do: all is as `{report.file}` says.")
    return _bounded(lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is: nobody's label becomes a link, a mention or a picture."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split())).replace("@", "@\u200b")


def _metric(value: object) -> str:
    if value is None:
        return ""
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else _plain(str(value))


def _signed(value: float | None) -> str:
    return "" if value is None else f"{'+' if value > 0 else ''}{number(value)}"


def _bounded(lines: Iterable[str]) -> str:
    text = "\n".join(lines).rstrip() + "\n"
    if len(text) <= _LONGEST:
        return text
    return text[: text.rindex("\n", 0, _LONGEST)] + "\n\n… more than fits here; `mdk ops plan` shows all of it.\n"
