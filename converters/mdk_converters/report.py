"""Findings for people, for programs, and for pull requests."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from mdk_converters.findings import Finding, Place

Format = Literal["text", "json", "github"]

_COLOURS = {"error": "31;1", "warning": "33;1", "note": "36;1"}
_WIDTH = 160  # of a shown line
_HARMLESS = "\t\u200c\u200d"  # the joiners are part of many scripts and emoji


def render(findings: Iterable[Finding], form: Format = "text", *, colour: bool = False) -> str:
    """Return the findings as one text that ends with a line end, or "" if there are none.

    Example:
        >>> print(render([Finding("MDK121", "no cell belongs to a component", fix="tag the cells")]), end="")
        error MDK121: no cell belongs to a component
          fix: tag the cells
    """
    found = list(findings)
    if form == "json":
        return json.dumps([as_json(finding) for finding in found], indent=2, ensure_ascii=False) + "\n"
    lines = (as_github(f) for f in found) if form == "github" else (as_text(f, colour=colour) for f in found)
    return "".join(f"{line}\n" for line in lines)


def summary(findings: Iterable[Finding]) -> str:
    """Count the findings: `2 errors, 1 warning`; "" if there are none but notes."""
    severities = [finding.severity for finding in findings]
    counts = ((severities.count(word), word) for word in ("error", "warning"))
    return ", ".join(f"{n} {word}{'s' if n != 1 else ''}" for n, word in counts if n)


def as_text(finding: Finding, *, colour: bool = False) -> str:
    """Return a finding with the line that it is about, and a caret where its column is known."""
    place = finding.place
    code = f"\x1b[{_COLOURS[finding.severity]}m" if colour else ""
    dim, plain = ("\x1b[2m", "\x1b[0m") if colour else ("", "")
    lines = [f"{code}{finding.severity} {finding.code}{plain}: {printable(finding.message)}"]
    if place != Place():
        lines.append(f"{dim}  in {printable(str(place))}{plain}")
    if place.text is not None:
        number = str(place.line or place.file_line or "")
        text, caret = _shown(place.text, place.column)
        lines.append(f"{dim}  {number} |{plain} {text}")
        if caret is not None:
            lines.append(f"{dim}  {' ' * len(number)} |{plain} {caret}{code}^{plain}")
    if finding.fix:
        lines.append(f"  fix: {printable(finding.fix)}")
    return "\n".join(lines)


def as_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON values."""
    return asdict(finding)


def as_github(finding: Finding) -> str:
    """Return a finding as a workflow command, which GitHub shows beside the line of the pull request."""
    place = finding.place
    properties = {
        "file": _repository_path(place.notebook) if place.notebook else None,
        "line": place.file_line,
        "title": finding.code,
    }
    given = ",".join(f"{k}={_property(str(v))}" for k, v in properties.items() if v is not None)
    # The file is named already.
    where = str(place).removeprefix(f"{place.notebook}, ") + ": " if place.cell_number is not None else ""
    message = f"{where}{finding.message}" + (f"\n{place.text}" if place.text else "")
    message += f"\nfix: {finding.fix}" if finding.fix else ""
    command = "notice" if finding.severity == "note" else finding.severity
    return f"::{command} {given}::{_data(message)}"


def _repository_path(path: str) -> str:
    """Return a path as GitHub knows it: from the checkout's root, where the command runs."""
    full = Path(path).absolute()
    here = Path.cwd()
    return (full.relative_to(here) if full.is_relative_to(here) else full).as_posix()


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _shown(text: str, column: int | None) -> tuple[str, str | None]:
    """Return the part of a line to show, and the space before the caret."""
    at = None if column is None else min(max(column - 1, 0), len(text))
    start = 0 if at is None or at < _WIDTH - 20 else at - _WIDTH // 2
    part = printable(text[start : start + _WIDTH])
    left = "…" if start else ""
    right = "…" if len(text) > start + _WIDTH else ""
    if at is None:
        return f"{left}{part}{right}", None
    before = printable(text[start:at])
    space = "".join(c if c == "\t" else " " * _columns(c) for c in left + before)
    return f"{left}{part}{right}", space


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def printable(text: str) -> str:
    """Take the power from characters with which a notebook could command the terminal, line ends included."""
    return "".join(c if c in _HARMLESS or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else "\ufffd" for c in text)
