"""What was measured, for the terminal and for a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A measurement, what it is measured against, and its budget where the design sets one."""

    what: str
    value: float | None  # None: not measured, and `against` says why
    against: str
    other: float | None = None
    budget: float | None = None
    unit: str = "s"  # or MB, kB

    @property
    def ratio(self) -> str:
        if self.value is None or not self.other:
            return ""
        ratio = self.value / self.other
        return f"{ratio:.0f} x" if ratio >= 100 else f"{ratio:.2f} x" if ratio >= 0.1 else f"{ratio:.2g} x"

    @property
    def verdict(self) -> str:
        """Whether the budget was met."""
        if self.value is None or self.budget is None:
            return ""
        limit = quantity(self.budget, self.unit)
        over = self.value - self.budget
        return f"met ({limit})" if over <= 0 else f"missed by {quantity(over, self.unit)} ({limit})"

    @property
    def other_side(self) -> str:
        return f"{self.against} ({quantity(self.other, self.unit)})" if self.other is not None else self.against

    def cells(self) -> tuple[str, str, str, str, str]:
        """Return the row's texts: what, value, ratio, against what, budget."""
        shown = quantity(self.value, self.unit) if self.value is not None else "-"
        return self.what, shown, self.ratio, self.other_side, self.verdict


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that belong together, and how they were measured."""

    title: str
    how: str
    rows: Sequence[Row]

    def text(self) -> str:
        """Return the section for a terminal."""
        widths = [max(len(row.cells()[i]) for row in self.rows) for i in range(4)]
        lines = [self.title]
        for row in self.rows:
            what, value, ratio, against, verdict = row.cells()
            line = f"  {what:{widths[0]}}  {value:>{widths[1]}}  {ratio:>{widths[2]}}  {against:{widths[3]}}  {verdict}"
            lines.append(line.rstrip())
        return "\n".join(lines)

    def markdown(self) -> str:
        """Return the section for a page."""
        lines = ["| | measured | ratio | against | budget |", "| --- | ---: | ---: | --- | --- |"]
        lines += [f"| {' | '.join(row.cells())} |" for row in self.rows]
        return f"## {self.title}\n\n{self.how}\n\n" + "\n".join(lines) + "\n"


def quantity(value: float, unit: str) -> str:
    """Return a number with its unit, as precise as it is of use."""
    if unit != "s":
        return f"{value:,.0f} {unit}"
    if value >= 1:
        return f"{value:.1f} s" if value >= 10 else f"{value:.2f} s"
    return f"{value * 1000:.0f} ms" if value >= 0.01 else f"{value * 1000:.1f} ms"
