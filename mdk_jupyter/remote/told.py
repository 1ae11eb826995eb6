"""What a failed step said in its log, as a finding again."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mdk_converters.findings import Finding, Place

_HEAD = re.compile(r"(?:^|\s)error (MDK\d{3}): (.*)$", re.MULTILINE)
_PLACE = re.compile(
    r"  in (?P<notebook>.+?)(?:, cell (?:(?P<number>\d+)(?: \((?P<id>[^)]+)\))?|(?P<only>[^,]+)))?(?:, line (?P<line>\d+))?$"
)
_TAIL = 20  # lines


def read_failure(log: str, step: str, numbers: Mapping[str, int]) -> tuple[list[Finding], str | None]:
    """Return the findings in the last lines of a step's log, and the user's traceback that follows them.

    Without any, the last lines are the traceback. `numbers` are those of the notebook's cells by their ids.
    """
    heads = list(_HEAD.finditer(log))
    if not heads:
        tail = "\n".join(log.strip().splitlines()[-_TAIL:])
        finding = Finding(
            "MDK480", f"step {step!r} failed on the service", fix="look at the job at its link", names=(step,)
        )
        return [finding], tail or None
    last = heads[-1]
    lines = log[last.start() :].lstrip().splitlines()
    place, text, fix, rest = Place(), None, "", len(lines)
    for count, line in enumerate(lines[1:], start=1):
        if match := _PLACE.fullmatch(line):
            cell = match["id"] or match["only"]
            number = int(match["number"]) if match["number"] else numbers.get(cell or "")
            place = Place(match["notebook"], number, cell, int(match["line"]) if match["line"] else None)
        elif shown := re.fullmatch(r"  \d+ \| (.*)", line):
            text = shown[1]
        elif line.startswith("  fix: "):
            fix = line.removeprefix("  fix: ")
        elif re.fullmatch(r"  \s*\| .*", line) is None:
            rest = count
            break
    if text is not None:
        place = Place(place.notebook, place.cell_number, place.cell_id, place.line, text=text)
    traceback = "\n".join(lines[rest:]).strip("\n")
    return [Finding(last[1], last[2], place, fix, names=(step,))], traceback or None
