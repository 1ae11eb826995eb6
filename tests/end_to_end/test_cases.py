"""Every case: run top to bottom in one kernel and as a pipeline. What each cell shows is the same, or it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import CASES, Case
from kernels import run_top_to_bottom, step_outputs, write_notebook
from refusals import check_refusal
from state_cases import STATE_CASES

from mdk_converters.convert import convert
from mdk_converters.graph import dependencies
from mdk_converters.notebook import read_notebook
from mdk_jupyter.local.runner import run

ALL = CASES | STATE_CASES


def _refused(name: str) -> bool:
    return ALL[name].refused is not None


@pytest.mark.parametrize("name", [name for name in ALL if not _refused(name)])
def test_the_pipeline_gives_what_the_notebook_gives(name: str, tmp_path: Path) -> None:
    found: Case = ALL[name]
    for folder in (tmp_path / "whole", tmp_path / "cut"):
        folder.mkdir()
        found.write_files(folder)
    expected = run_top_to_bottom(write_notebook(tmp_path / "whole" / "case.ipynb", found.cells))
    path = write_notebook(tmp_path / "cut" / "case.ipynb", found.cells)

    conversion = convert(read_notebook(path))
    assert conversion.pipeline is not None, conversion.findings
    record = run(conversion.pipeline, folder=path.parent, source=path, parameters={}, observe=lambda event: None)

    assert record.state == "done", [step.traceback or step.findings for step in record.failures]
    compared: dict[str, str] = {}
    for step in record.steps.values():
        assert step.notebook is not None
        compared |= step_outputs(step.notebook)
    assert compared
    assert compared == {cell: expected[cell] for cell in compared}
    if found.parallel is not None:
        one, other = found.parallel
        waits = dependencies(conversion.pipeline)
        assert one not in waits[other]
        assert other not in waits[one]


@pytest.mark.parametrize("name", [name for name in ALL if _refused(name)])
def test_what_cannot_be_cut_is_refused_with_place_and_name(name: str, tmp_path: Path) -> None:
    check_refusal(ALL[name], tmp_path)
