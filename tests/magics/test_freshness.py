"""Cells that were run but are not in the saved notebook."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mdk_magics.freshness import Executed, Memory, stale_findings, unsaved

SAVED = 1000.0


def ran(number: int, source: str, at: float = SAVED + 1, cell: str | None = None) -> Executed:
    return Executed(number, source, at, cell)


def test_a_cell_that_was_edited_and_run_but_not_saved_is_found() -> None:
    entry = ran(5, "x = 2", cell="c")
    assert unsaved([entry], ["x = 1"], SAVED) == [entry]


def test_of_a_cell_run_twice_the_last_counts() -> None:
    assert unsaved([ran(1, "x = 1", cell="c"), ran(2, "x = 2", cell="c")], ["x = 2"], SAVED) == []
    last = ran(2, "x = 3", cell="c")
    assert unsaved([ran(1, "x = 2", cell="c"), last], ["x = 2"], SAVED) == [last]


def test_what_was_run_before_the_file_was_saved_is_older_than_the_file() -> None:
    assert unsaved([ran(1, "x = 1", at=SAVED - 1)], ["x = 2"], SAVED) == []


def test_line_ends_and_the_last_newline_do_not_matter() -> None:
    assert unsaved([ran(1, "a\nb\n")], ["a\r\nb"], SAVED) == []


@pytest.mark.parametrize(
    "source", ["%mdk run local", "run = %mdk run local -p x=1", "%load_ext mdk_jupyter\n# done\n\n%mdk check"]
)
def test_cells_that_only_talk_to_the_kit_need_not_be_saved(source: str) -> None:
    assert unsaved([ran(1, source)], [], SAVED) == []


def test_the_warning_names_the_input_and_its_first_line(tmp_path: Path) -> None:
    notebook = tmp_path / "n.ipynb"
    notebook.write_text(json.dumps({"cells": [{"cell_type": "code", "source": ["x = 1\n", "y = 2"]}]}))
    os.utime(notebook, (SAVED, SAVED))
    assert stale_findings(notebook, [ran(4, "x = 1\ny = 2")]) == []
    (finding,) = stale_findings(notebook, [ran(5, "\nx = 9\ny = 2")])
    assert finding.severity == "warning" and "In[5]" in finding.message and finding.place.text == "x = 9"


@pytest.mark.parametrize("content", ["", "[]", '{"cells": 3}', '{"cells": [1]}', "{}"])
def test_a_file_that_is_no_notebook_is_left_to_its_reader(tmp_path: Path, content: str) -> None:
    (tmp_path / "n.ipynb").write_text(content)
    assert stale_findings(tmp_path / "n.ipynb", [ran(1, "x")]) == []


def test_inputs_from_before_the_extension_was_loaded_count_from_the_start_of_the_process(
    tmp_path: Path,
) -> None:
    memory = Memory.starting_from(["", "x = 1"])
    notebook = tmp_path / "n.ipynb"
    notebook.write_text('{"cells": []}')
    assert stale_findings(notebook, memory.executed) == []  # saved since
    os.utime(notebook, (0, 0))
    assert [f.code for f in stale_findings(notebook, memory.executed)] == ["MDK362"]
