"""What the registry knows, as sheets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from mdk_jupyter.registry.domain import (
    Approval,
    AuditRecord,
    Champion,
    Comparison,
    CostRow,
    Deployment,
    Difference,
    GateResult,
    Grant,
    Graph,
    Imported,
    MetricDifference,
    ModelInfo,
    Page,
    Place,
    Policy,
    Promotion,
    PromotionPlan,
    Status,
    Token,
    Verification,
    Version,
)
from mdk_jupyter.widgets.sheet import Cell, Row, Sheet, Table
from mdk_jupyter.widgets.view import number, size

_SIGNS = {Place.CHAMPION: "★", Place.CHALLENGER: "⚔", Place.STAGED: "○"}
_LONGEST = 60  # characters of a fact in a table


def sheet_of(value: Any) -> Sheet | None:
    """Return the sheet of whatever the registry gave, None where it has none."""
    draw = next((draw for kind, draw in _DRAWERS.items() if isinstance(value, kind)), None)
    return draw(value) if draw is not None else None


def models(page: Page[ModelInfo]) -> Sheet:
    """Models by name, with their champions."""
    rows: list[Row] = [
        (
            model.name,
            model.project,
            Cell(str(model.versions), "number"),
            model.newest or "",
            [Cell(f"★ {where} {version}", "champion") for where, version in model.champions.items()],
            model.owner or "",
        )
        for model in page.items
    ]
    table = Table("", ("model", "project", "versions", "newest", "champions", "owner"), rows)
    return Sheet("", [table], _paging(page, "no models yet: mdk.log_model registers one"), page)


def model(info: ModelInfo, versions: Page[Version], deployments: Sequence[Deployment]) -> Sheet:
    """One model: what it is, where it serves, its newest versions."""
    facts: list[Row] = [
        (name, value)
        for name, value in (
            ("project", info.project),
            ("description", info.description),
            ("owner", info.owner),
            ("use case", info.use_case),
            ("sensitivity", info.sensitivity),
            ("labels", _pairs(info.labels)),
            ("since", f"{_time(info.created)} by {info.created_by}"),
        )
        if value
    ]
    shown = version_list(versions)
    tables = [Table("", (), facts), *deployment_tables(deployments), *shown.tables]
    return Sheet(info.name, tables, shown.remarks, info)


def version_list(page: Page[Version]) -> Sheet:
    """Versions, newest first, with those metrics that they share most."""
    names = _common_metrics(page.items)
    rows: list[Row] = [
        (
            item.reference,
            places(item),
            *(Cell(_metric(item.metrics.get(name)), "number") for name in names),
            _time(item.created),
            item.provenance.trained_by or item.registered_by,
            size(item.artifact.size) if item.artifact.size is not None else "",
        )
        for item in page.items
    ]
    table = Table("", ("version", "place", *names, "registered", "trained by", "size"), rows)
    return Sheet("", [table], _paging(page, "no versions found"), page)


def version(item: Version) -> Sheet:
    """One version with all that is known of it."""
    origin = item.provenance
    git = origin.git
    facts = [
        ("place", places(item)),
        ("description", item.description),
        ("registered", f"{_time(item.created)} by {item.registered_by}"),
        ("trained by", origin.trained_by),
        ("artifact", item.artifact.uri),
        ("sha256", item.artifact.sha256),
        ("size", size(item.artifact.size) if item.artifact.size is not None else None),
        ("type", str(item.extra.get("type") or "")),
        ("format", item.artifact.format),
        ("notebook", origin.notebook.path if origin.notebook else None),
        ("commit", f"{git.commit[:12]}{' (with changes)' if git.dirty else ''}" if git and git.commit else None),
        ("branch", git.branch if git else None),
        ("repository", git.url if git else None),
        ("run", origin.run.id if origin.run else None),
        ("python", origin.python),
        ("labels", _pairs(item.labels)),
        ("packages", _short(", ".join(item.requirements))),
    ]
    tables = [
        Table("", (), [(name, value) for name, value in facts if value]),
        Table("metrics", (), [(name, Cell(_metric(value), "number")) for name, value in item.metrics.items()]),
        Table("parameters", (), [(name, _fact(value)) for name, value in item.parameters.items()]),
        Table(
            "data",
            ("name", "role", "rows", "digest"),
            [
                (
                    data.name or ("" if data.uri.startswith("sha256:") else _short(data.uri)),
                    data.role,
                    Cell(f"{data.rows:,}" if data.rows is not None else "", "number"),
                    (data.sha256 or "")[:12],
                )
                for data in item.datasets
            ],
        ),
    ]
    if item.signature is not None:
        columns = [("takes", column) for column in item.signature.inputs]
        columns += [("gives", column) for column in item.signature.outputs]
        tables.append(Table("signature", ("", "name", "type"), [(way, c.name, c.type) for way, c in columns]))
    remarks = (item.card,) if item.card else ()
    return Sheet(item.reference, tables, remarks, item)


def places(item: Version) -> list[Cell]:
    """Badges: where a version serves, and whether it may."""
    cells = [
        Cell(f"{_SIGNS[place]} {place.value if place is not Place.CHAMPION else ''} {where}".replace("  ", " "), kind)
        for where, place in item.places.items()
        for kind in (("champion" if place is Place.CHAMPION else "badge"),)
    ]
    if item.status is not Status.ACTIVE:
        cells.append(Cell(f"✕ {item.status.value}", "bad"))
    return cells


def deployment_tables(found: Sequence[Deployment]) -> list[Table]:
    """A table of what each environment has."""
    rows: list[Row] = []
    for one in found:
        if one.champion is not None:
            rows.append((one.environment, Cell(f"★ {one.champion}", "champion"), "champion", str(one.revision)))
        for placed in one.placements:
            if placed.place is not Place.CHAMPION:
                share = f" {placed.percent} %" if placed.percent is not None else ""
                rows.append((one.environment, placed.version, f"{placed.place.value}{share}", str(one.revision)))
    return [Table("environments", ("environment", "version", "as", "revision"), rows)]


def plan(found: PromotionPlan, candidate: Version | None = None) -> Sheet:
    """What a promotion would change, and what stands in its way."""
    trained = (candidate.provenance.trained_by or candidate.registered_by) if candidate is not None else None
    facts: list[Row] = [
        (
            "champion",
            [
                Cell(found.champion or "none", "quiet" if found.champion is None else "plain"),
                Cell("→"),
                Cell(found.candidate, "champion"),
            ],
        ),
        ("revision", str(found.revision)),
    ]
    if trained:
        facts.append(("trained by", trained))
    agreed = ", ".join(f"{approval.actor} ({_time(approval.at)})" for approval in found.approvals)
    missing = f"{found.approvals_needed} missing" if found.approvals_needed else ""
    if agreed or missing:
        facts.append(("approvals", "; ".join(filter(None, [agreed, missing]))))
    tables = [Table("", (), facts), metric_table(found.metrics), gate_table(found.gates)]
    remarks = [] if found.may_promote else ["it may not be promoted as it is"]
    if found.may_promote and not found.may_publish:
        remarks = ["it may be promoted (staged), and not yet be published as the champion"]
    title = f"{found.environment}: {found.model} {found.candidate}"
    return Sheet(title, tables, remarks, found)


def metric_table(found: Iterable[MetricDifference]) -> Table:
    """Metrics before and after."""
    rows: list[Row] = []
    for one in found:
        difference = f"{one.difference:+.6g}" if one.difference is not None else ""
        if one.before is None and one.after is None:
            continue
        rows.append(
            (
                one.name,
                Cell(_metric(one.before), "number"),
                Cell(_metric(one.after), "number"),
                Cell("=" if one.difference == 0 else difference, "number"),
            )
        )
    return Table("metrics", ("", "before", "after", "difference"), rows)


def gate_table(found: Iterable[GateResult]) -> Table:
    """How gates judged."""
    rows: list[Row] = []
    for one in found:
        sign = Cell("✓ passed", "good") if one.passed else Cell("✕ failed", "bad")
        if one.waived:
            sign = Cell(f"– waived: {one.waived}", "quiet")
        rows.append((one.gate, sign, one.detail, "to publish" if one.needed_for == "publish" else ""))
    return Table("gates", (), rows)


def champion(found: Champion) -> Sheet:
    """Which version an environment serves."""
    facts: list[tuple[str, Any]] = [
        ("champion", [Cell(f"★ {found.environment} {found.version.version}", "champion")]),
        ("since", f"{_time(found.since)} by {found.actor}"),
        ("before", found.previous),
        ("reason", found.reason),
        ("endpoint", found.endpoint),
        ("revision", str(found.revision)),
    ]
    remarks = () if found.changed else ("it was the champion already; nothing changed",)
    shown = [(name, value) for name, value in facts if value]
    return Sheet(found.version.reference, [Table("", (), shown)], remarks, found)


def promotion(found: Promotion) -> Sheet:
    """A version has moved on."""
    facts: list[Row] = [("staged in", found.environment), ("at", f"{_time(found.at)} by {found.actor}")]
    if found.reason:
        facts.append(("reason", found.reason))
    remarks = [] if found.changed else ["it was there already; nothing changed"]
    if found.changed:
        remarks = [
            f"it serves when it is published: mdk registry publish {found.model}/{found.version} {found.environment}"
        ]
    return Sheet(f"{found.model}/{found.version}", [Table("", (), facts), gate_table(found.gates)], remarks, found)


def comparison(found: Comparison) -> Sheet:
    """Two versions side by side."""
    tables = [metric_table(found.metrics), _differences("parameters", found.parameters)]
    tables.append(_differences("other facts", found.others))
    return Sheet(f"{found.a} → {found.b}", tables, value=found)


def _differences(title: str, found: Iterable[Difference]) -> Table:
    rows: list[Row] = [(one.name, _fact(one.before), _fact(one.after)) for one in found]
    return Table(title, ("", "before", "after"), rows)


def history(page: Page[AuditRecord]) -> Sheet:
    """What happened, newest first."""
    rows: list[Row] = [
        (
            _time(one.at, seconds=True),
            one.action,
            one.version or "",
            one.environment or "",
            one.actor,
            str(one.data.get("reason") or ""),
            Cell(one.hash[:12], "quiet"),
        )
        for one in page.items
    ]
    head = ("when", "what", "version", "environment", "who", "why", "hash")
    return Sheet("", [Table("", head, rows)], _paging(page, "nothing happened yet"), page)


def lineage(graph: Graph) -> Sheet:
    """What was made from what."""
    names = {node.id: f"{node.kind} {node.label}" for node in graph.nodes}
    rows: list[Row] = [
        (names.get(edge.source, edge.source), edge.relation, names.get(edge.target, edge.target))
        for edge in graph.edges
    ]
    remarks = () if rows else tuple(names.values()) or ("nothing is known of where it comes from",)
    return Sheet("", [Table("", ("from", "", "to"), rows)], remarks, graph)


def costs(found: Sequence[CostRow], by: str) -> Sheet:
    """What versions took."""
    rows: list[Row] = [
        (
            row.value or "(none)",
            Cell(str(row.versions), "number"),
            Cell(f"{row.amount:,.2f} {row.currency}", "number"),
            *(
                Cell(f"{seconds / 3600:.2f}", "number")
                for seconds in (row.wall_seconds, row.cpu_seconds, row.gpu_seconds)
            ),
        )
        for row in found
    ]
    head = (by, "versions", "amount", "hours", "cpu hours", "gpu hours")
    return Sheet("", [Table("", head, rows)], () if rows else ("no costs are known",), found)


def policy(found: Policy) -> Sheet:
    """What it takes to get into an environment."""
    facts: list[tuple[str, Any]] = [
        ("after", f"champion in {found.after} before" if found.after else None),
        ("promoted", "a promotion comes before publishing" if found.promoted else None),
        ("approvals", str(found.approvals) if found.approvals else None),
        ("separation", "who trained or requested does not count" if found.separation else None),
        ("changed by", ", ".join(found.changed_by) or None),
        ("break glass", "possible, with a reason" if found.break_glass else "not possible"),
    ]
    gates: list[Row] = [
        (
            gate.name,
            gate.kind,
            gate.expression or "=".join(filter(None, [gate.key, gate.value])),
            "can be waived" if gate.waivable else "",
        )
        for gate in found.gates
    ]
    where = "" if found.project == "*" else f" of project {found.project}"
    shown = [(name, value) for name, value in facts if value]
    return Sheet(f"{found.environment}{where}", [Table("", (), shown), Table("gates", (), gates)], (), found)


def verification(found: Verification) -> Sheet:
    """Whether the history is whole."""
    rows: list[Row] = [(one.chain or "(registry)", str(one.seq), Cell(one.what, "bad")) for one in found.breaks]
    said = "the history is whole" if not found.breaks else f"the history was changed in {len(rows)} places"
    anchors = f", {found.anchored} compared with an anchor" if found.anchored else ""
    remark = f"{said}: {found.records} records in {found.chains} chains{anchors}"
    return Sheet("", [Table("", ("chain", "record", "what"), rows)], (remark,), found)


def approvals(found: Sequence[Approval]) -> Sheet:
    """Who agreed."""
    rows: list[Row] = [
        (one.actor, f"{one.model}/{one.version}", one.environment, _time(one.at), one.comment or "") for one in found
    ]
    head = ("who", "version", "environment", "when", "comment")
    return Sheet("", [Table("", head, rows)], () if rows else ("nobody has approved it yet",), found)


def grants(found: Sequence[Grant]) -> Sheet:
    """Who may do what."""
    rows: list[Row] = [(one.subject, one.role.value, one.project, one.environment) for one in found]
    return Sheet(
        "", [Table("", ("who", "role", "project", "environment"), rows)], () if rows else ("no grants",), found
    )


def tokens(found: Sequence[Token]) -> Sheet:
    """Tokens of the dev mode."""
    rows: list[Row] = [
        (
            one.id,
            one.subject,
            _time(one.created),
            _time(one.expires) if one.expires else "never",
            Cell("revoked", "bad") if one.revoked else Cell(""),
            one.note or "",
        )
        for one in found
    ]
    secrets = [f"secret, shown this once: {one.secret}" for one in found if one.secret]
    head = ("id", "subject", "created", "expires", "", "note")
    return Sheet("", [Table("", head, rows)], secrets or (() if rows else ("no tokens",)), found)


def deployment(found: Deployment) -> Sheet:
    """What one environment has of a model."""
    return Sheet(found.model, deployment_tables([found]), value=found)


def imported(found: Imported) -> Sheet:
    """What an import did."""
    said = f"{found.models} models, {found.versions} versions; {found.skipped} were there already"
    return Sheet("", [], (said,), found)


def _paging(page: Page[Any], nothing: str) -> Sequence[str]:
    if not page.items:
        return (nothing,)
    return (f"there are more: --cursor {page.next}",) if page.next else ()


def _common_metrics(items: Iterable[Version], most: int = 4) -> list[str]:
    counts: dict[str, int] = {}
    for item in items:
        for name in item.metrics:
            counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda name: -counts[name])[:most]


def _metric(value: Any) -> str:
    return "–" if value is None else number(value)


def _fact(value: Any) -> str:
    if value is None:
        return "–"
    return _short(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _pairs(labels: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in labels.items())


def _time(moment: datetime, *, seconds: bool = False) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}" if seconds else f"{moment.astimezone():%Y-%m-%d %H:%M}"


_DRAWERS: dict[type, Callable[[Any], Sheet]] = {
    Version: version,
    PromotionPlan: plan,
    Promotion: promotion,
    Champion: champion,
    Comparison: comparison,
    Policy: policy,
    Verification: verification,
    Deployment: deployment,
    Graph: lineage,
    Imported: imported,
}
