"""Scripts in the percent format of jupytext, VS Code and Spyder, told as notebook documents."""

from __future__ import annotations

import json
import re
from typing import Any

_MARKER = re.compile(r"#\s*%%+(?:\s+(?P<options>.*))?$")
_KIND = re.compile(r"\[(?P<kind>markdown|md|raw)\]")
_OPTION = re.compile(r"(?P<key>[A-Za-z_][\w.-]*)\s*=\s*(?=[\[{\"\dtfn-])")
_MAGIC = re.compile(r"^(\s*)#\s?(?=%%?[A-Za-z]|!\S)")
_HEADER = re.compile(r"# ---\n(?P<yaml>(?:#.*\n)*?)# ---(?:\n|$)")


class ScriptError(ValueError):
    """The script cannot be read; `line` is the one at fault, None for the whole script."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def script_document(text: str) -> tuple[dict[str, Any], list[int]]:
    r"""Return a script as a notebook document, and the line of the script on which each cell's source starts.

    `text` has \n line ends. What comes before the first `# %%` line is a code cell of its own.

    Raises:
        ScriptError: there is no `# %%` line, or one of them cannot be read.

    Example:
        >>> script_document('# %% tags=["component:load"]\nx = 1')[0]["cells"][0]["metadata"]
        {'tags': ['component:load']}
    """
    header = _HEADER.match(text)
    above = text.count("\n", 0, header.end()) if header else 0
    lines = text.split("\n")
    marks = [number for number, line in enumerate(lines) if _MARKER.match(line)]
    if not marks:
        raise ScriptError("the script has no `# %%` line, so it has no cells")
    cells, starts = [], []
    if any(line.strip() for line in lines[above : marks[0]]):
        cells.append(_cell("code", {}, lines[above : marks[0]]))
        starts.append(above + 1)
    for mark, end in zip(marks, [*marks[1:], len(lines)], strict=True):
        kind, metadata = _read_marker(lines[mark], mark + 1)
        cells.append(_cell(kind, metadata, lines[mark + 1 : end]))
        starts.append(mark + 2)
    metadata = _read_header(header["yaml"]) if header else {}
    return {"nbformat": 4, "metadata": metadata, "cells": cells}, starts


def _cell(kind: str, metadata: dict[str, Any], lines: list[str]) -> dict[str, Any]:
    while lines and not lines[-1].strip():
        lines.pop()
    # Magics are written as comments, so that the script stays Python.
    source = [_MAGIC.sub(r"\1", line) for line in lines] if kind == "code" else lines
    cell_id = metadata.pop("id", None)
    return {"cell_type": kind, "id": cell_id, "metadata": metadata, "source": "\n".join(source)}


def _read_marker(line: str, number: int) -> tuple[str, dict[str, Any]]:
    marker = _MARKER.match(line)
    options = (marker and marker["options"]) or ""
    metadata: dict[str, Any] = {}
    decoder = json.JSONDecoder()
    at = 0
    while option := _OPTION.search(options, at):
        try:
            metadata[option["key"]], at = decoder.raw_decode(options, option.end())
        except ValueError:
            raise ScriptError(f"the value of `{option['key']}` is not JSON", number) from None
    kind = _KIND.search(options)
    return ("code" if kind is None else "raw" if kind["kind"] == "raw" else "markdown"), metadata


def _read_header(text: str) -> dict[str, Any]:
    """Return what jupytext keeps of the notebook's metadata above the first cell."""
    import yaml

    try:
        header = yaml.safe_load(re.sub(r"^# ?", "", text, flags=re.MULTILINE))
    except yaml.YAMLError:
        raise ScriptError("the header is not YAML", 1) from None
    jupyter = header.get("jupyter") if isinstance(header, dict) else None
    return jupyter if isinstance(jupyter, dict) else {}
