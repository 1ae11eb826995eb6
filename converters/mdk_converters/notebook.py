"""Notebooks and their cells, as the compiler sees them: sources and tags, never outputs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NoReturn

from mdk_converters.findings import Finding, NotebookError, Place
from mdk_converters.percent import ScriptError, script_document

CellKind = Literal["code", "markdown", "raw"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `number` counts every cell of the notebook from 1; `id` is unique within the notebook."""

    number: int
    id: str
    kind: CellKind
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
            file_line=cell.file_line + (line or 1) - 1 if cell.file_line is not None else None,
        )


def read_notebook(path: Path) -> Notebook:
    """Read a notebook (`.ipynb`) or a percent script (`.py` with `# %%` cells).

    Raises:
        NotebookError: the file cannot be read or is no Python notebook (MDK100 to MDK107).
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        _refuse("MDK100", f"{path} does not exist", str(path), "check the name and the folder")
    except IsADirectoryError:
        _refuse("MDK100", f"{path} is a folder", str(path), "name the notebook inside it")
    except OSError as error:
        reason = "is a folder" if path.is_dir() else f"cannot be read: {error.strerror or error}"
        _refuse("MDK100", f"{path} {reason}", str(path), "check the file and its permissions")
    return parse_notebook(data, path=str(path))


def parse_notebook(text: str | bytes, *, path: str) -> Notebook:
    """Parse what `path` contains; only its name is used, for messages and to tell scripts from notebooks.

    Raises:
        NotebookError: the text is no Python notebook (MDK101 to MDK107).

    Example:
        >>> text = '{"nbformat": 4, "cells": [{"cell_type": "code", "source": "x = 1"}]}'
        >>> parse_notebook(text, path="a.ipynb").cells[0].id
        'cell-1'
    """
    content = _decode(text, path)
    if not content.strip():
        _refuse("MDK101", "the file is empty", path, "save the notebook again in Jupyter")
    notebook = _script(content, path) if path.endswith(".py") else _ipynb(content, path)
    if not any(cell.kind == "code" for cell in notebook.cells):
        _refuse("MDK106", "the notebook has no code cells", path, "write the steps as code cells and tag them")
    return notebook


def _refuse(code: str, message: str, path: str, fix: str, place: Place | None = None) -> NoReturn:
    raise NotebookError([Finding(code, message, place or Place(notebook=path), fix)]) from None


def _decode(text: str | bytes, path: str) -> str:
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    wide = text.startswith((b"\xff\xfe", b"\xfe\xff"))  # what PowerShell's `>` writes
    try:
        return text.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(
            "MDK102",
            f"the file is not text in UTF-8 (byte {error.start})",
            path,
            "give the .ipynb file itself, not an archive or an image of it",
        )


def _ipynb(text: str, path: str) -> Notebook:
    document = _load(text, path)
    kind = type(document).__name__
    if not isinstance(document, dict):
        _refuse("MDK103", f"the file holds a JSON {kind}, not a notebook", path, "give a notebook (.ipynb)")
    version = document.get("nbformat")
    if "cells" not in document and "worksheets" not in document:
        _refuse("MDK103", "the JSON has no cells: it is not a notebook", path, "give a notebook (.ipynb)")
    if version not in (3, 4):
        _refuse(
            "MDK104",
            f"notebook format {version!r} is not supported",
            path,
            "open and save the notebook in a current Jupyter, or run `jupyter nbconvert --to notebook`",
        )
    raw_cells = list(_raw_cells(document, path))
    cells = _with_lines(_cells(raw_cells, path), raw_cells, text)
    return _notebook(document, raw_cells, cells, path)


def _script(text: str, path: str) -> Notebook:
    try:
        document, starts = script_document(_newlines(text))
    except ScriptError as error:
        place = Place(notebook=path, file_line=error.line)
        fix = 'begin each cell with a line such as # %% tags=["component:load"], or give a notebook (.ipynb)'
        _refuse("MDK103", str(error), path, fix, place)
    raw_cells = document["cells"]
    cells = [replace(cell, file_line=line) for cell, line in zip(_cells(raw_cells, path), starts, strict=True)]
    return _notebook(document, raw_cells, cells, path)


def _notebook(
    document: Mapping[str, Any], raw_cells: list[Mapping[str, Any]], cells: list[Cell], path: str
) -> Notebook:
    metadata = _mapping(document.get("metadata"))
    _check_language(metadata, raw_cells, path)
    kernel = _mapping(metadata.get("kernelspec")).get("name")
    return Notebook(
        name=Path(path).stem or "notebook",
        path=path,
        cells=_with_ids(cells, raw_cells),
        kernel=kernel if isinstance(kernel, str) and kernel else "python3",
        metadata=metadata,
    )


def _load(text: str, path: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = Place(notebook=path, file_line=error.lineno)
        unfinished = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        what = "ends too early" if unfinished else "is not JSON"
        _refuse(
            "MDK102",
            f"the file {what} at line {error.lineno}, column {error.colno}: {error.msg}",
            path,
            "restore the notebook from version control or a checkpoint" + _merge_hint(text),
            place,
        )
    except RecursionError:
        _refuse("MDK102", "the JSON is nested too deeply for a notebook", path, "give a notebook (.ipynb)")
    except ValueError as error:  # a number of thousands of digits
        _refuse("MDK102", f"the file is not usable JSON: {error}", path, "give a notebook (.ipynb)")


def _merge_hint(text: str) -> str:
    return "; it contains merge conflict marks (<<<<<<<)" if "\n<<<<<<< " in text else ""


def _raw_cells(document: Mapping[str, Any], path: str) -> Iterator[Mapping[str, Any]]:
    """Yield the cells of format 4, or those of format 3 under format 4's names."""
    modern = "cells" in document
    sheets = [document] if modern else document["worksheets"]
    number = 0
    for sheet in sheets if isinstance(sheets, list) else [None]:
        cells = sheet.get("cells", []) if isinstance(sheet, dict) else None
        if not isinstance(cells, list):
            _refuse("MDK103", "the notebook's cells are not a list", path, "save the notebook again in Jupyter")
        for cell in cells:
            number += 1
            if not isinstance(cell, dict):
                _refuse("MDK107", f"cell {number} is not an object", path, "save the notebook again in Jupyter")
            yield cell if modern or "input" not in cell else {**cell, "source": cell["input"]}


def _cells(raw_cells: list[Mapping[str, Any]], path: str) -> list[Cell]:
    cells = []
    for number, raw in enumerate(raw_cells, 1):
        metadata = _mapping(raw.get("metadata"))
        cells.append(
            Cell(
                number=number,
                id="",
                kind=_kind(raw, number, path),
                source=_source(raw.get("source", ""), number, path),
                tags=_tags(metadata.get("tags")),
                metadata=metadata,
            )
        )
    return cells


def _tags(value: Any) -> tuple[str, ...]:
    tags = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(dict.fromkeys(tag.strip() for tag in tags if isinstance(tag, str)))


def _kind(raw: Mapping[str, Any], number: int, path: str) -> CellKind:
    match raw.get("cell_type"):
        case "code":
            return "code"
        case "markdown" | "heading" | "html":  # headings and HTML are of format 3
            return "markdown"
        case "raw":
            return "raw"
        case other:
            _refuse(
                "MDK107",
                f"cell {number} is of the unknown type {other!r}",
                path,
                "make it a code, markdown or raw cell",
                Place(notebook=path, cell_number=number),
            )


def _source(raw: Any, number: int, path: str) -> str:
    place = Place(notebook=path, cell_number=number)
    if isinstance(raw, list) and all(isinstance(line, str) for line in raw):
        raw = "".join(raw)
    if not isinstance(raw, str):
        _refuse("MDK107", f"the source of cell {number} is not text", path, "save the notebook again", place)
    try:
        raw.encode()
    except UnicodeEncodeError as error:
        _refuse(
            "MDK107",
            f"cell {number} contains half a character (a lone surrogate) at offset {error.start}",
            path,
            "type that character again",
            place,
        )
    return _newlines(raw)


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _check_language(metadata: Mapping[str, Any], raw_cells: list[Mapping[str, Any]], path: str) -> None:
    """Refuse another language than Python; the kernel that is chosen counts more than the one that ran last."""
    candidates = [
        _mapping(metadata.get("kernelspec")).get("language"),
        _mapping(metadata.get("language_info")).get("name"),
        metadata.get("language"),
        *(raw.get("language") for raw in raw_cells if raw.get("cell_type") == "code"),  # format 3
    ]
    language = next((c for c in candidates if isinstance(c, str) and c), "python")
    if language.lower() not in ("python", "python3", "python2", "ipython"):
        kernel = _mapping(metadata.get("kernelspec")).get("display_name")
        named = f" (kernel “{kernel}”)" if isinstance(kernel, str) and kernel else ""
        _refuse(
            "MDK105",
            f"the notebook is written in {language}{named}; only Python notebooks can be converted",
            path,
            "choose a Python kernel, or run this notebook outside the pipeline",
        )


_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _with_ids(cells: list[Cell], raw_cells: Sequence[Mapping[str, Any]]) -> tuple[Cell, ...]:
    """Keep the ids that are usable and unique; name the other cells by their number."""
    given: list[str | None] = []
    for raw in raw_cells:
        colab = _mapping(raw.get("metadata")).get("id")
        candidates = [c for c in (raw.get("id"), colab) if isinstance(c, str) and _ID.fullmatch(c)]
        given.append(next((c for c in candidates if c not in given), None))
    taken = {i for i in given if i}
    done = []
    for cell, usable in zip(cells, given, strict=True):
        name = usable or f"cell-{cell.number}"
        while not usable and name in taken:
            name += "-"
        taken.add(name)
        done.append(replace(cell, id=name))
    return tuple(done)


_COLON = re.compile(r"\s*:\s*")
_OPENING = re.compile(r"\[\s*")


def _with_lines(cells: list[Cell], raw_cells: list[Mapping[str, Any]], text: str) -> list[Cell]:
    """Note on which line of the file each source starts, where the file has one row for each of its lines."""
    found: list[Cell] = []
    sources = _source_values(text)
    line, counted = 1, 0
    for cell, raw in zip(cells, raw_cells, strict=True):
        wanted = raw.get("source")
        # Keys of that name in outputs and metadata hold something else than the next cell's source.
        span = next((span for value, *span in sources if value == wanted), None) if wanted else None
        if span is None:
            found.append(cell)
            continue
        start, end = span
        opening = _OPENING.match(text, start)
        start = opening.end() if opening else start
        line, counted = line + text.count("\n", counted, start), start
        items = len(wanted) if isinstance(wanted, list) else 1
        one_row_each = text.count("\n", start, end) in (items - 1, items)
        one_line_each = cell.source.count("\n") + (not cell.source.endswith("\n")) == items
        found.append(replace(cell, file_line=line) if one_row_each and one_line_each else cell)
    return found


def _source_values(text: str) -> Iterator[tuple[Any, int, int]]:
    """Yield value, start and end of everything called "source" in a valid JSON document."""
    decoder = json.JSONDecoder()
    at = -1
    while (at := text.find('"source"', at + 1)) >= 0:
        colon = _COLON.match(text, at + len('"source"'))
        if colon and text[at - 1] != "\\":
            value, end = decoder.raw_decode(text, colon.end())
            yield value, colon.end(), end
