"""What went wrong in the code of a step, said in terms of the user's notebook."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mdk_converters.findings import Finding, Place


@dataclass(frozen=True)
class Failure:
    """Why a step failed; `final` when trying again cannot help."""

    findings: tuple[Finding, ...]
    traceback: str | None = None
    final: bool = False


@dataclass(frozen=True)
class Origins:
    """Where the cells of a step's notebook come from: the file's name, and cell numbers by cell id."""

    notebook: str
    numbers: Mapping[str, int]

    def place(self, cell: Mapping[str, Any], line: int | None = None) -> Place:
        """Return the place of a line of an executed cell in the notebook as the user wrote it."""
        origin = cell["metadata"].get("mdk") or {}
        if not origin:
            return Place(notebook=self.notebook)
        number = self.numbers.get(str(origin.get("cell")))
        lines = cell["source"].split("\n")
        inside = line is not None and 0 < line <= len(lines)
        return Place(
            notebook=self.notebook,
            cell_number=number,
            cell_id=origin.get("cell"),
            line=line + _offset(origin) if line is not None else None,
            text=lines[line - 1] if inside and line is not None else None,
        )

    def label(self, cell: Mapping[str, Any]) -> tuple[str, int]:
        """Return what tracebacks call a cell, and how many lines of it come before the executed source."""
        return str(self.place(cell)), _offset(cell["metadata"].get("mdk") or {})


def _offset(origin: Mapping[str, Any]) -> int:
    # A definition says on which line it starts, a cell how many lines come before.
    return int(origin.get("line_offset") or (origin.get("line") or 1) - 1)


def raised(step: str, cell: Mapping[str, Any], report: Mapping[str, Any], origins: Origins) -> Failure:
    """Explain an exception, from what `inside.failure` told."""
    place = origins.place(cell, report["line"])
    if report["findings"]:
        findings = (finding_from_json(dict(content)) for content in report["findings"])
        return Failure(tuple(_placed(finding, place) for finding in findings), final=True)
    kind, message = report["type"], report["message"]
    if kind == "StdinNotImplementedError":
        return Failure(
            (
                Finding(
                    "MDK304",
                    f"step {step!r} asks for input, and nobody is there to answer",
                    place,
                    "make the answer a parameter: assign it in a cell tagged `parameters`, give it with -p",
                    names=(step,),
                ),
            ),
            final=True,
        )
    if kind == "SystemExit":
        _, _, code = message.partition(": ")
        return Failure((_ended_itself(step, f"sys.exit({code})", place),), report["traceback"])
    if kind == "ModuleNotFoundError" and "mdk_jupyter" in message and not cell["metadata"].get("mdk"):
        return Failure(
            (
                Finding(
                    "MDK302",
                    f"the kernel of step {step!r} has no mdk-jupyter installed",
                    place,
                    "run `pip install mdk-jupyter` in the kernel's environment, or select the kernel python3",
                    names=(step,),
                ),
            ),
            final=True,
        )
    if report["errno"] in (errno.ENOSPC, errno.EDQUOT):
        finding = Finding(
            "MDK351",
            f"the disk is full: step {step!r} could not write ({message})",
            place,
            "make room (`mdk cache prune` removes what recent runs do not need), then run again",
            names=(step,),
        )
        return Failure((finding,), report["traceback"])
    finding = Finding("MDK300", f"step {step!r} failed: {message}", place, "mend the cell and run again", names=(step,))
    return Failure((finding,), report["traceback"])


def asked_to_exit(step: str, cell: Mapping[str, Any], origins: Origins) -> Failure:
    """Explain that a cell called `exit()`."""
    return Failure((_ended_itself(step, "exit() or quit()", origins.place(cell)),))


def too_slow(step: str, cell: Mapping[str, Any], timeout: str, origins: Origins) -> Failure:
    """Explain that the step's time is up."""
    finding = Finding(
        "MDK303",
        f"step {step!r} took longer than its timeout of {timeout}",
        origins.place(cell),
        "give the component more time (`timeout:`) or less to do",
        names=(step,),
    )
    return Failure((finding,))


def handed_nothing_on(step: str, why: str, origins: Origins) -> Failure:
    """Explain that the cells came to their end but the values did not arrive."""
    finding = Finding(
        "MDK309",
        f"step {step!r} came to its end without handing on its values: {why}",
        Place(notebook=origins.notebook),
        "look into the step's executed notebook; a cell may have replaced `_mdk` or the environment",
        names=(step,),
    )
    return Failure((finding,))


def finding_from_json(content: dict[str, Any]) -> Finding:
    """Read a finding back."""
    place = Place(**content["place"])
    return Finding(**{**content, "place": place, "names": tuple(content["names"])})


def _placed(finding: Finding, place: Place) -> Finding:
    if finding.place != Place():
        return finding
    return Finding(finding.code, finding.message, place, finding.fix, finding.severity, finding.names)


def _ended_itself(step: str, how: str, place: Place) -> Finding:
    fix = "let the cell come to its end; to stop early, raise an exception that says why"
    return Finding("MDK305", f"step {step!r} ended itself by {how}", place, fix, names=(step,))
