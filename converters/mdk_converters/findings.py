"""Findings: what is wrong with a notebook or a spec, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Place:
    """Where a finding is. Lines count from 1 within the cell's own source."""

    notebook: str | None = None
    cell_number: int | None = None  # counts every cell of the notebook, from 1
    cell_id: str | None = None
    line: int | None = None
    column: int | None = None  # from 1
    text: str | None = None  # the line itself
    file_line: int | None = None  # line in the .ipynb or .yaml file, for pull-request annotations

    def __str__(self) -> str:
        parts = [self.notebook or "notebook"]
        if self.cell_number is not None:
            parts.append(f"cell {self.cell_number}" + (f" ({self.cell_id})" if self.cell_id else ""))
        elif self.cell_id is not None:
            parts.append(f"cell {self.cell_id}")
        if self.line is not None:
            parts.append(f"line {self.line}")
        return ", ".join(parts)


@dataclass(frozen=True)
class Finding:
    """One problem, with a stable code that `docs/errors.md` explains."""

    code: str
    message: str
    place: Place = Place()
    fix: str = ""
    severity: Severity = "error"
    names: tuple[str, ...] = ()  # the variables, components or options at fault


class MDKError(Exception):
    """Base of every error that a user can mend.

    Example:
        >>> error = MDKError([Finding("MDK100", "the notebook is empty")])
        >>> error.code
        'MDK100'
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings: tuple[Finding, ...] = tuple(findings)
        super().__init__("\n".join(f"{f.code} {f.message}" for f in self.findings))

    @property
    def code(self) -> str:
        return self.findings[0].code

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows instead of a traceback: the mistake is the user's, not the kit's."""
        from mdk_converters.report import render

        return render(self.findings).splitlines()


class NotebookError(MDKError):
    """The notebook cannot be read or converted (MDK1xx)."""


class SpecError(MDKError):
    """The pipeline spec is not valid (MDK2xx)."""
