"""Notebooks that must be refused."""

from __future__ import annotations

from pathlib import Path

from cases import Case
from kernels import write_notebook

from mdk_converters.convert import convert
from mdk_converters.notebook import read_notebook


def check_refusal(found: Case, folder: Path) -> None:
    """Convert a notebook; it is refused with the code, cell and name that it says, and with a fix."""
    assert found.refused is not None
    code, cell, variable = found.refused

    conversion = convert(read_notebook(write_notebook(folder / "case.ipynb", found.cells)))

    assert conversion.pipeline is None
    told = [(f.code, f.place.cell_number, variable in f.names) for f in conversion.findings if f.severity == "error"]
    assert (code, cell, True) in told, conversion.findings
    finding = next(f for f in conversion.findings if f.code == code)
    assert finding.fix
    assert finding.place.text is not None
