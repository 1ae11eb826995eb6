"""Conditions and loops: a kernel with the extension and a pipeline give the same, or the notebook is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from kernels import run_top_to_bottom, step_outputs, write_notebook
from refusals import check_refusal
from steered_cases import STEERED

from mdk_converters.convert import convert
from mdk_converters.notebook import read_notebook
from mdk_jupyter.local.record import Run
from mdk_jupyter.local.runner import run


@pytest.mark.parametrize("name", [name for name, found in STEERED.items() if found.refused is None])
def test_the_pipeline_gives_what_the_notebook_gives(name: str, tmp_path: Path) -> None:
    cells = STEERED[name].cells
    (tmp_path / "whole").mkdir()
    (tmp_path / "cut").mkdir()
    expected = run_top_to_bottom(write_notebook(tmp_path / "whole" / "case.ipynb", cells), extension=True)
    path = write_notebook(tmp_path / "cut" / "case.ipynb", cells)

    conversion = convert(read_notebook(path))
    assert conversion.pipeline is not None, conversion.findings
    record = run(conversion.pipeline, folder=path.parent, source=path, parameters={}, observe=lambda event: None)

    assert record.state == "done", [step.traceback or step.findings for step in record.failures]
    cells_of = {name: [cell.id for cell in step.cells] for name, step in conversion.pipeline.components.items()}
    compared = shown_by(record, cells_of)
    # Where a condition does not hold and what is read was skipped as well, either is a reason.
    told = {
        cell: text.partition(" is skipped: ")[0] if " is skipped: " in text else text for cell, text in expected.items()
    }
    assert compared == {cell: told[cell] for cell in compared}
    assert compared.keys() >= {f"c{n}" for n, (tags, _) in enumerate(cells, 1) if tags not in (None, "parameters")}


def shown_by(record: Run, cells_of: dict[str, list[str]]) -> dict[str, str]:
    """Return what the cells of a run show: those of repeated steps one run after the other, of skipped ones their name."""
    found: dict[str, str] = {}
    for step in record.steps.values():
        if step.state == "skipped":
            found |= dict.fromkeys(cells_of[step.name], step.name)
        elif step.notebook is None:
            found |= dict.fromkeys(cells_of[step.name], "")
        else:
            for cell, text in step_outputs(step.notebook).items():
                found[cell] = found.get(cell, "") + text if step.part_of else text
    return found


@pytest.mark.parametrize("name", [name for name, found in STEERED.items() if found.refused is not None])
def test_what_would_differ_is_refused_with_place_and_name(name: str, tmp_path: Path) -> None:
    check_refusal(STEERED[name], tmp_path)
