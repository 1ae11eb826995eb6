"""Draws two runs side by side: as text for a terminal, as HTML for a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Any

from mdk_converters.report import printable
from mdk_jupyter.local.compare import ABSENT, ArtifactPair, Comparison, Pair, Record
from mdk_jupyter.local.record import Run, Step
from mdk_jupyter.widgets.html import SIGNS, style
from mdk_jupyter.widgets.view import clock, number, size

Row = tuple[str, ...]
_COLOURS = {"+": "32", "-": "31", "@": "36"}  # of the lines of a diff, by their first character
_NUMBERS = {"a", "b", "difference"}  # columns that stand at the right


def comparison_text(comparison: Comparison, *, colour: bool = False) -> str:
    """Return the comparison as lines, coloured for a terminal that wants it."""
    bold, plain = ("\x1b[1m", "\x1b[0m") if colour else ("", "")
    lines = _columns([("", *row) for row in _runs(comparison)])
    for title, head, rows in _tables(comparison):
        table = _columns([("", *head), *(("", *row) for row in rows)])
        lines += ["", f"{bold}{title}{plain}", *(table if any(head) else table[1:])]
    for component, diff in comparison.sources.items():
        lines += [
            "",
            f"{bold}code of {component}{plain}",
            *(f"  {_coloured(line, colour)}" for line in diff.split("\n")[2:]),
        ]
    lines += ["", *_remarks(comparison)]
    return "\n".join(lines).rstrip()


def comparison_html(comparison: Comparison) -> str:
    """Return the comparison as HTML with its style sheet; every text in it is escaped."""
    tables = [("", ("", "run", "pipeline", "state", "time", "started"), _runs(comparison)), *_tables(comparison)]
    parts = [_html_table(*table) for table in tables]
    for component, diff in comparison.sources.items():
        lines = "".join(_html_line(line) for line in diff.split("\n")[2:])
        parts.append(f"<details open><summary>code of {escape(component)}</summary><pre>{lines}</pre></details>")
    parts += [f"<p class='mdk-quiet'>{escape(remark)}</p>" for remark in _remarks(comparison)]
    label = escape(f"Runs {comparison.a.id} and {comparison.b.id}")
    body = "".join(parts)
    return f'<style>{style()}</style><div class="mdk-run mdk-comparison" role="group" aria-label="{label}">{body}</div>'


# What there is to say


def _tables(comparison: Comparison) -> Iterable[tuple[str, Row, list[Row]]]:
    """Return title, head and rows of each table that has something to say."""
    parameters = [pair for pair in comparison.parameters if not pair.is_same]
    steps: list[Row] = [(p.name, _state(p.a), _time(p.a), _state(p.b), _time(p.b)) for p in comparison.steps]
    artifacts = [pair for pair in comparison.artifacts if not pair.is_same]
    found: list[tuple[str, Row, list[Row]]] = [
        ("parameters", ("", "a", "b", ""), [_row(pair, repr) for pair in parameters]),
        ("metrics", ("", "a", "b", "difference"), [_row(pair, number) for pair in comparison.metrics]),
        ("steps", ("", "a", "", "b", ""), steps),
        ("artifacts", ("", "", "a", "b"), [_artifact(pair) for pair in artifacts]),
    ]
    return [table for table in found if table[2]]


def _runs(comparison: Comparison) -> list[Row]:
    return [("a", *_run(comparison.a)), ("b", *_run(comparison.b))]


def _run(run: Run) -> Row:
    started = f"{datetime.fromtimestamp(run.started):%Y-%m-%d %H:%M:%S}" if run.started else ""
    return run.id, run.pipeline, f"{SIGNS[run.state]} {run.state}", clock(run.seconds), started


def _row(pair: Pair, written: Any) -> Row:
    a, b = ("–" if value is ABSENT else written(value) for value in (pair.a, pair.b))
    difference = pair.difference
    if pair.is_same:
        said = "="
    elif difference is None:
        said = "≠" if ABSENT not in (pair.a, pair.b) else ""
    else:
        said = f"{difference:+.6g}"
    return pair.name, a, b, said


def _state(step: Step | None) -> str:
    if step is None:
        return "–"
    return f"{SIGNS[step.state]} {step.state}" + (" (cached)" if step.cached_from else "")


def _time(step: Step | None) -> str:
    return clock(step.seconds) if step is not None else ""


def _artifact(pair: ArtifactPair) -> Row:
    return f"{pair.step}.{pair.name}", pair.change, _value(pair.a), _value(pair.b)


def _value(record: Record | None) -> str:
    """Say what an artifact is: `DataFrame, 100 rows × 3 columns, 12.3 kB`."""
    if record is None:
        return "–"
    if record["status"] != "value":
        return str(record["status"])
    kind = (record.get("type") or "").rpartition(".")[2]
    return ", ".join(filter(None, [kind, record.get("preview"), size(record.get("size") or 0)]))


def _remarks(comparison: Comparison) -> list[str]:
    """Say how much is the same, which no table shows."""
    same = sum(pair.is_same for pair in comparison.artifacts)
    remarks = []
    if not comparison.sources:
        remarks.append("the code is the same")
    if comparison.parameters and all(pair.is_same for pair in comparison.parameters):
        remarks.append("the parameters are the same")
    if comparison.artifacts:
        remarks.append(f"{same} of {len(comparison.artifacts)} artifacts are the same")
    return remarks


# How it is said


def _columns(rows: Sequence[Row]) -> list[str]:
    rows = [tuple(map(printable, row)) for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _coloured(line: str, colour: bool) -> str:
    line = printable(line)
    code = _COLOURS.get(line[:1]) if colour else None
    return f"\x1b[{code}m{line}\x1b[0m" if code else line


def _html_table(title: str, head: Row, rows: Iterable[Row]) -> str:
    caption = f"<caption>{escape(title)}</caption>" if title else ""
    titles = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    body = "".join(_html_row(head, row) for row in rows)
    return f"<table>{caption}<thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


def _html_row(head: Row, row: Row) -> str:
    first, *rest = row
    cells = "".join(
        f"<td{' class=mdk-number' if name in _NUMBERS and len(head) == 4 and head[1] == 'a' else ''}>{escape(cell)}</td>"
        for name, cell in zip(head[1:], rest, strict=True)
    )
    return f"<tr><th scope='row'>{escape(first)}</th>{cells}</tr>"


def _html_line(line: str) -> str:
    kind = {"+": "added", "-": "removed", "@": "hunk"}.get(line[:1], "kept")
    return f"<span class='mdk-{kind}'>{escape(line)}</span>\n"
