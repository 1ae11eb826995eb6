"""A plan, a report and what happened outside of git, for a terminal and for a notebook."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import JsonValue

from mdk_jupyter.operations.apply import Report
from mdk_jupyter.operations.plan import ModelPlan, Plan
from mdk_jupyter.registry.domain import AuditRecord, Difference
from mdk_jupyter.widgets.registry_sheets import gate_table, metric_table
from mdk_jupyter.widgets.sheet import Cell, Row, Sheet, Table

if TYPE_CHECKING:
    from mdk_jupyter.operations.drift import Drift
    from mdk_jupyter.operations.proposal import Done, Proposal

_SIGNS = {
    "applied": Cell("✓ applied", "good"),
    "already": Cell("✓ was applied before", "good"),
    "refused": Cell("✕ refused; nothing was changed", "bad"),
    "compensated": Cell("✕ failed, and was set back", "bad"),
    "half": Cell("✕ the registry has changed, an endpoint has not", "bad"),
    "unreachable": Cell("✕ a service could not be reached", "bad"),
    "waiting": Cell("○ not begun", "quiet"),
}


def plan_sheet(plan: Plan) -> Sheet:
    """What a plan changes, model by model."""
    if not plan.environments:
        return Sheet("", [], (f"nothing to do: all is as {plan.file} says",), plan)
    tables = [table for model in plan.models for table in _tables(model)]
    stopped = [f"{model.environment}/{model.model}: {why}" for model in plan.models for why in model.blocked]
    remarks = [f"it cannot be applied yet: {why}" for why in stopped]
    return Sheet(f"plan {plan.hash}", tables, remarks, plan)


def _tables(model: ModelPlan) -> list[Table]:
    rows: list[Row] = [
        (one.name, [Cell(shown(one.before), "quiet"), Cell("→"), _new(one)]) for one in model.differences
    ]
    if model.reason:
        rows.append(("reason", model.reason))
    if model.trained_by:
        rows.append(("trained by", model.trained_by))
    if model.made_from:
        rows.append(("made from", ", ".join(model.made_from)))
    if model.approvals or model.approvals_needed:
        agreed = ", ".join(one.actor for one in model.approvals) or "nobody"
        missing = f"; {model.approvals_needed} missing" if model.approvals_needed else ""
        rows.append(("approvals", f"{agreed}{missing}"))
    kind = "rollback" if model.rollback else "change"
    title = f"{model.environment}: {model.model}  ({kind}, revision {model.revision})"
    tables = [Table(title, (), rows)]
    if model.metrics:
        tables.append(metric_table(model.metrics))
    if model.gates:
        tables.append(gate_table(model.gates))
    if model.outside:
        tables.append(outside_table(model.outside))
    return tables


def _new(difference: Difference) -> Cell:
    return Cell(shown(difference.after), "champion" if difference.name == "champion" else "plain")


def proposal_sheet(proposal: Proposal) -> Sheet:
    """What is proposed: the plan, and how it comes about."""
    sheet = plan_sheet(proposal.plan)
    tables = list(sheet.tables)
    if proposal.edit is not None and proposal.pull_request is not None:
        lines = [line for line in proposal.edit.diff.splitlines() if line[:1] in {"+", "-", " ", "@"}][2:]
        tables.append(Table(f"change of {proposal.edit.file}", (), [(_diff_line(line),) for line in lines]))
        tables.append(Table("pull request", (), _request_rows(proposal)))
    title = f"{proposal.environment}: {proposal.model} {proposal.version}"
    return Sheet(title, tables, [*sheet.remarks, *proposal.notes], proposal)


def _request_rows(proposal: Proposal) -> list[Row]:
    request = proposal.pull_request
    assert request is not None
    return [
        ("title", request.title),
        ("branch", f"{proposal.branch} into {request.base}"),
        ("body", "the plan, as Markdown"),
    ]


def _diff_line(line: str) -> Cell:
    return Cell(line, "good" if line.startswith("+") else "bad" if line.startswith("-") else "quiet")


def done_sheet(done: Done) -> Sheet:
    """What was done."""
    proposal = done.proposal
    rows: list[Row] = []
    if done.outcome is not None:
        for one in done.outcome.changes:
            sign = f"★ {proposal.environment} {one.champion}"
            rows.append(("champion", [Cell(sign, "champion")]))
            for difference in next(proposal.plan.models).differences:
                if difference.name == "champion":
                    rows.append(("before", shown(difference.before)))
                elif difference.name == "challengers":
                    rows.append(("challengers", shown(difference.after)))
            rows.append(("revision", str(one.revision)))
        if proposal.reason:
            rows.append(("reason", proposal.reason))
        return Sheet(proposal.model, [Table("", (), rows)], proposal.notes, done)
    rows += [("branch", proposal.branch or ""), ("commit", (done.commit or "")[:12])]
    if done.url:
        rows.append(("pull request", done.url))
    remarks = [f"next: {step}" for step in done.next_steps]
    if proposal.pull_request is not None and not done.url:
        remarks += ["", proposal.pull_request.title, "", *proposal.pull_request.body.splitlines()]
    return Sheet(f"{proposal.verb} {proposal.model} {proposal.version}", [Table("", (), rows)], remarks, done)


def outside_table(records: tuple[AuditRecord, ...]) -> Table:
    """Who changed what since the file was applied last."""
    rows: list[Row] = [
        (f"{record.at:%Y-%m-%d %H:%M}", record.actor, record.action, record.version or "", reason_of(record))
        for record in records
    ]
    return Table("changed outside of this file", ("when (UTC)", "who", "what", "version", "why"), rows)


def reason_of(record: AuditRecord) -> str:
    """Return why something was done, in the words of whoever did it."""
    data = record.data
    if labels := data.get("labels"):
        return f"labels {shown(labels)}"
    if record.action == "set_challengers":
        return f"{shown(data.get('challengers'))}: {data.get('reason') or 'no reason given'}"
    return str(data.get("reason") or data.get("note") or "no reason given")


def drift_sheet(drift: Drift) -> Sheet:
    """What the registry has that the file does not say."""
    tables = []
    for one in drift.models:
        rows: list[Row] = [
            (difference.name, [Cell(shown(difference.before), "quiet"), Cell("→"), _new(difference)])
            for difference in one.differences
        ]
        tables.append(Table(f"{one.environment}: {one.model}  ({_KINDS[one.kind]})", (), rows or [("", "")]))
        if one.records:
            tables.append(outside_table(one.records))
    remarks = [f"{name} waits to be applied" for name in drift.waiting]
    if drift.patch:
        remarks.append("`--patch FILE` writes the patch that brings the file up to date, for `git apply FILE`")
    if not drift.models:
        remarks.insert(0, f"all that was applied is as {drift.file} says")
    return Sheet("drift" if drift.models else "", tables, remarks, drift)


_KINDS = {
    "changed": "the file → the registry",
    "unknown": "the file does not name it",
    "pending": "the file waits to be applied, and it was changed as well",
}


def report_sheet(report: Report) -> Sheet:
    """What became of a plan."""
    rows: list[Row] = []
    for one in report.environments:
        rows.append((one.environment, [_SIGNS[one.state]]))
        rows += [("", f"{done.model}: champion {done.champion}, revision {done.revision}") for done in one.models]
        rows += [("", told) for told in one.endpoints]
        rows += [("", Cell(wrong, "bad")) for wrong in one.findings]
    remarks = [] if rows else [f"nothing to do: all is as {report.file} says"]
    if any(one.state == "refused" for one in report.environments):
        remarks.append("run `mdk ops plan` again, and look at what it says")
    if any(one.state in {"half", "unreachable"} for one in report.environments):
        remarks.append("the same command again goes on where this ended; `mdk ops plan` shows what is left")
    return Sheet(f"plan {report.plan}", [Table("", (), rows)], remarks, report)


def shown(value: JsonValue) -> str:
    """Return a value as people write it.

    Example:
        >>> shown({"1.5.0": 10}), shown(None)
        ('1.5.0 10 %', 'none')
    """
    if value is None or value == {}:
        return "none"
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return ", ".join(f"{k} {v} %" if isinstance(v, int) else f"{k}={v}" for k, v in value.items())
    return json.dumps(value, ensure_ascii=False)
