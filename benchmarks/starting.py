"""What has to be quick because somebody waits for it: the compiler and the command itself."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from notebooks import forty_cells
from report import Row, Section
from timing import BIN, Case, command, medians


def section(folder: Path) -> Section:
    """Measure the compiler and `mdk --help` against an interpreter that does nothing."""
    notebook = folder / "forty_cells.ipynb"
    notebook.write_text(json.dumps(forty_cells()), encoding="utf-8")
    cases = {
        "bare": Case(lambda: command(sys.executable, "-c", "pass")),
        "convert": Case(lambda: command(BIN / "mdk-nbconvert", notebook, "-o", "-")),
        "help": Case(lambda: command(BIN / "mdk", "--help")),
    }
    taken = medians(cases, 7)
    inside = medians({"in process": Case(lambda: _convert(notebook))}, 15)["in process"]
    bare = taken["bare"]
    return Section(
        "Compiler and command",
        "A notebook of 40 cells in 10 components is converted. Medians of 7 processes, and of 15 conversions in one.",
        [
            Row("convert 40 cells, in process", inside, "`python -c pass`", bare, 0.05),
            Row("convert 40 cells, `mdk-nbconvert`", taken["convert"], "`python -c pass`", bare, 0.5),
            Row("`mdk --help`", taken["help"], "`python -c pass`", bare, bare + 0.15),
        ],
    )


def _convert(path: Path) -> None:
    from mdk_converters.convert import convert
    from mdk_converters.notebook import read_notebook

    if convert(read_notebook(path)).pipeline is None:
        sys.exit("the notebook of the benchmark does not convert")
