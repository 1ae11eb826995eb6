"""Notebooks and their cells, as the compiler sees them: sources and tags, never outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mdk_converters.findings import Place


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `number` counts every cell of the notebook from 1; `id` is unique within the notebook."""

    number: int
    id: str
    kind: Literal["code", "markdown", "raw"]
    source: str  # line ends are \n; byte for byte otherwise
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    file_line: int | None = None  # line of the .ipynb file on which the source starts


@dataclass(frozen=True, slots=True)
class Notebook:
    """A parsed notebook. `path` is what messages call it."""

    name: str  # the file's stem
    path: str
    cells: tuple[Cell, ...]
    kernel: str = "python3"
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def place(self, cell: Cell, line: int | None = None, column: int | None = None) -> Place:
        """Return the place of `line` (from 1) in `cell`, with its text."""
        lines = cell.source.split("\n")
        inside = line is not None and 0 < line <= len(lines)
        return Place(
            notebook=self.path,
            cell_number=cell.number,
            cell_id=cell.id,
            line=line,
            column=column,
            text=lines[line - 1] if inside and line is not None else None,
            file_line=cell.file_line + line - 1 if cell.file_line is not None and line is not None else None,
        )
