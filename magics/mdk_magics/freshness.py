"""Does the notebook on disk hold the cells as they were run?

A run reads the file. Whoever edits a cell, runs it and forgets to save would run yesterday's code, so the
cells executed since the file was last saved are looked for in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdk_converters.findings import Finding, Place

# Lines that talk to the kit. Conversion drops them, so it does not matter whether they are saved.
OURS = ("%mdk", "%load_ext mdk_jupyter", "%reload_ext mdk_jupyter")


@dataclass(frozen=True, slots=True)
class Executed:
    """One execution of a cell: `In[number]`, not earlier than `at`."""

    number: int
    source: str
    at: float
    cell_id: str | None = None


@dataclass(slots=True)
class Memory:
    """What this kernel has executed; IPython's own history knows neither times nor cell ids."""

    executed: list[Executed] = field(default_factory=list)

    @classmethod
    def starting_from(cls, inputs: Iterable[str]) -> Memory:
        """Begin with `inputs` (IPython's raw `In`), executed at some time since the process began."""
        import psutil  # type: ignore[import-untyped]

        began = psutil.Process().create_time()
        before = [Executed(number, source, began) for number, source in enumerate(inputs) if source]
        return cls(executed=before)

    def remember(self, number: int, source: str, cell_id: str | None) -> None:
        """Note that `In[number]` begins now."""
        self.executed.append(Executed(number, source, time.time(), cell_id))


def unsaved(executed: Iterable[Executed], sources: Iterable[str], saved_at: float) -> list[Executed]:
    """Return the executions since `saved_at` that the file does not hold; of a cell run twice, the last."""
    held = {_normal(source) for source in sources}
    last: dict[str | int, Executed] = {}
    for entry in executed:
        if entry.at > saved_at and not _is_ours(entry.source):
            last[entry.cell_id or entry.number] = entry
    return [entry for entry in last.values() if _normal(entry.source) not in held]


def stale_findings(notebook: Path, executed: Iterable[Executed]) -> list[Finding]:
    """Return a warning for each cell that was run but not saved; nothing when the file cannot be read."""
    import json

    try:
        saved_at = notebook.stat().st_mtime
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        sources = [_source(cell) for cell in cells if cell.get("cell_type") == "code"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []  # whoever reads the notebook next says what is wrong with it
    return [
        Finding(
            "MDK362",
            f"the notebook on disk does not hold cell In[{entry.number}] as you ran it",
            place=Place(notebook=notebook.name, cell_id=entry.cell_id, text=_first_line(entry.source)),
            fix="Save the notebook first: a run reads the file.",
            severity="warning",
        )
        for entry in unsaved(executed, sources, saved_at)
    ]


def _source(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _normal(source: str) -> str:
    return source.replace("\r\n", "\n").rstrip()


def _first_line(source: str) -> str:
    return next((line for line in source.split("\n") if line.strip()), "")


def _is_ours(source: str) -> bool:
    """True where every line is one of ours, a comment or empty; also `run = %mdk run local`."""
    lines = [line.strip() for line in source.split("\n")]
    return all(not line or line.startswith("#") or _command(line).startswith(OURS) for line in lines)


def _command(line: str) -> str:
    target, equals, value = line.partition("=")
    return value.strip() if equals and target.strip().isidentifier() else line
