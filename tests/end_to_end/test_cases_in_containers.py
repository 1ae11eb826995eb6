"""Cases as pipelines in containers: what each cell shows is what the notebook shows, run from top to bottom."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cases import CASES
from containers import Platform, image
from kernels import run_top_to_bottom, step_outputs, write_notebook

from mdk_converters.convert import convert
from mdk_converters.notebook import read_notebook

EVERY = int(os.environ.get("MDK_CONTAINER_CASES", "25"))  # 1 runs all of them
# What steps share on this machine and containers do not: the folder that they write to, and what pip cannot find.
APART = frozenset(
    [
        *("the working directory", "sys.path", "a closed file is nobody's business", "files order components"),
        *("tables through files", "shell commands", "pickles that name a class of the notebook"),
        *("paths order components", "an import that may fail", "installs beside imports"),
    ]
)
SAME = [name for name, case in CASES.items() if case.refused is None and name not in APART]
NAMES = list(dict.fromkeys([*SAME[::EVERY], "decimal context", "print options computed from a value", "magics"]))


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return image(tmp_path_factory.mktemp("images") / "full")


@pytest.mark.parametrize("name", NAMES)
def test_the_pipeline_gives_what_the_notebook_gives(name: str, packages: Path, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    expected = run_top_to_bottom(write_notebook(tmp_path / "whole/case.ipynb", CASES[name].cells))
    conversion = convert(read_notebook(write_notebook(tmp_path / "case.ipynb", CASES[name].cells)))
    assert conversion.pipeline is not None
    platform = Platform(tmp_path / "root", conversion.pipeline, packages, tmp_path)
    compared: dict[str, str] = {}
    for done in platform.run_all().values():
        compared |= step_outputs(done.folder / "mdk_notebook")
    assert compared
    assert compared == {cell: expected[cell] for cell in compared}
