"""A sheet of tables: text for a terminal, HTML for a notebook. Every text in it is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal

from mdk_converters.report import printable

Kind = Literal["plain", "number", "quiet", "good", "bad", "champion", "badge"]
_COLOURS = {"good": "32", "bad": "31", "champion": "1;32", "quiet": "2"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, and how to draw it. Nothing is told by colour alone."""

    text: str
    kind: Kind = "plain"


Row = Sequence["Cell | str | Sequence[Cell]"]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below a head; without a head, the first column names what stands beside it."""

    title: str
    head: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a command has to say, and the value that it says it of."""

    title: str
    tables: Sequence[Table]
    remarks: Sequence[str] = ()
    value: Any = field(default=None, compare=False)

    def __str__(self) -> str:
        return self.text()

    def text(self, *, colour: bool = False) -> str:
        """Return the sheet as lines, coloured for a terminal that wants it."""
        lines = [_bold(printable(self.title), colour)] if self.title else []
        for table in self.tables:
            if not table.rows:
                continue
            if lines:
                lines.append("")
            if table.title:
                lines.append(_bold(printable(table.title), colour))
            lines += _columns(table, colour)
        if self.remarks:
            lines += ["", *map(printable, self.remarks)] if lines else list(map(printable, self.remarks))
        return "\n".join(lines)

    def html(self) -> str:
        """Return the sheet as HTML without a style sheet."""
        head = f'<div class="mdk-head"><b>{escape(self.title)}</b></div>' if self.title else ""
        tables = "".join(_html_table(table) for table in self.tables if table.rows)
        remarks = "".join(f"<p class='mdk-quiet'>{escape(remark)}</p>" for remark in self.remarks)
        label = escape(self.title or "model registry", quote=True)
        return f'<div class="mdk-run mdk-registry" role="group" aria-label="{label}">{head}{tables}{remarks}</div>'

    def to_json(self) -> dict[str, Any]:
        """Return the value that the sheet shows."""
        from pydantic import TypeAdapter

        return {"title": self.title, "value": TypeAdapter(Any).dump_python(self.value, mode="json")}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": self.text(), "text/html": f"<style>{style()}</style>{self.html()}"}


def style() -> str:
    """Return the style sheets of runs and of the registry."""
    from importlib.resources import files

    from mdk_jupyter.widgets.html import style as run_style

    own = files("mdk_jupyter.widgets").joinpath("registry.css").read_text(encoding="utf-8")
    return run_style() + own


def _cells(part: Cell | str | Sequence[Cell]) -> Sequence[Cell]:
    if isinstance(part, str):
        return (Cell(part),)
    return (part,) if isinstance(part, Cell) else part


def _columns(table: Table, colour: bool) -> list[str]:
    rows = [[_cells(part) for part in row] for row in table.rows]
    if any(table.head):
        rows.insert(0, [(Cell(name.upper(), "quiet"),) for name in table.head])
    plain = [[_joined(part) for part in row] for row in rows]
    widths = [max(len(row[column]) for row in plain) for column in range(len(rows[0]))]
    lines = []
    for row, texts in zip(rows, plain, strict=True):
        parts = []
        for part, text, width in zip(row, texts, widths, strict=True):
            space = " " * (width - len(text))
            drawn = " ".join(_coloured(cell, colour) for cell in part)
            parts.append(space + drawn if part and part[0].kind == "number" else drawn + space)
        lines.append(("  " + "  ".join(parts)).rstrip())
    return lines


def _joined(part: Iterable[Cell]) -> str:
    return " ".join(printable(cell.text) for cell in part)


def _coloured(cell: Cell, colour: bool) -> str:
    code = _COLOURS.get(cell.kind) if colour else None
    text = printable(cell.text)
    return f"\x1b[{code}m{text}\x1b[0m" if code and text else text


def _bold(text: str, colour: bool) -> str:
    return f"\x1b[1m{text}\x1b[0m" if colour else text


def _html_table(table: Table) -> str:
    caption = f"<caption>{escape(table.title)}</caption>" if table.title else ""
    titles = "".join(f"<th scope='col'>{escape(name)}</th>" for name in table.head) if any(table.head) else ""
    head = f"<thead><tr>{titles}</tr></thead>" if titles else ""
    body = "".join(_html_row(row) for row in table.rows)
    return f"<table>{caption}{head}<tbody>{body}</tbody></table>"


def _html_row(row: Row) -> str:
    first, *rest = [_cells(part) for part in row]
    cells = "".join(
        f"<td{' class=mdk-number' if part and part[0].kind == 'number' else ''}>{_html_cells(part)}</td>"
        for part in rest
    )
    return f"<tr><th scope='row'>{_html_cells(first)}</th>{cells}</tr>"


def _html_cells(part: Sequence[Cell]) -> str:
    return " ".join(html_cell(cell) for cell in part)


def html_cell(cell: Cell) -> str:
    """Return a cell's text as HTML."""
    if cell.kind in ("plain", "number"):
        return escape(cell.text)
    return f'<span class="mdk-{cell.kind}">{escape(cell.text)}</span>'
