"""Step notebooks: valid, with the user's cells byte for byte."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from typing import Any

import nbformat
import pytest

from mdk_converters.spec import CellSource, Component, Definition, Metadata, Pipeline
from mdk_converters.targets import TARGETS
from mdk_converters.targets.notebooks import step_notebook

SOURCES = [
    "",
    "print('{{ x }} {% raw %} {x} %(a)s $x \\n')",
    'a = """\'\'\'"""\r\nb = "\\\\"\n\n',
    "  !ls\t \n# é 日本語 🎉 \x0c \u2028 \x07 end",
    "%%bash\necho {x}\n",
]


def pipeline(*cells: CellSource, kernel: str = "python3") -> Pipeline:
    return Pipeline(
        metadata=Metadata(name="churn", kernel=kernel),
        definitions={
            "b": Definition(source="import os  # {{ }}", cell="d2", line=3),
            "a": Definition(source="X = '''\n'''"),
        },
        components={"train": Component(definitions=["b", "a"], cells=list(cells))},
    )


def test_what_surrounds_the_cells() -> None:
    notebook = step_notebook(pipeline(CellSource(id="c1", line_offset=1, source="x = 1")), "train")
    shown = [(c["metadata"]["tags"], c["metadata"].get("mdk"), c["source"]) for c in notebook["cells"]]
    assert shown == [
        (["mdk-begin"], None, "from mdk_jupyter import runtime as _mdk\n_mdk.begin()"),
        (["mdk-definition"], {"definition": "b", "cell": "d2", "line": 3}, "import os  # {{ }}"),
        (["mdk-definition"], {"definition": "a", "cell": None, "line": None}, "X = '''\n'''"),
        (["mdk-receive"], None, "_mdk.receive()"),
        ([], {"cell": "c1", "line_offset": 1}, "x = 1"),
        (["mdk-hand-on"], None, "_mdk.hand_on()"),
    ]
    assert notebook["metadata"]["mdk"] == {"pipeline": "churn", "component": "train"}
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert step_notebook(pipeline(kernel="conda-ml"), "train")["metadata"]["kernelspec"]["name"] == "conda-ml"


@pytest.mark.parametrize("source", SOURCES)
def test_source_arrives_byte_for_byte(source: str) -> None:
    made = pipeline(CellSource(id="c1", source=source), CellSource(id="c2", source="x"))
    assert step_notebook(made, "train")["cells"][4]["source"] == source
    (text,) = TARGETS["notebooks"](made).values()
    read: Any = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    assert read.cells[4].source == source
    assert read.cells[4].id == "c1"


@pytest.mark.parametrize(
    "ids",
    [
        ["mdk-begin", "mdk-receive", "mdk-hand-on", "mdk-definition"],
        ["größe", "gr", "gr-e", "x" * 70, "x" * 71, "", " ", "a b", "a-b"],
    ],
)
def test_notebooks_are_valid_whatever_the_cells_are_called(ids: list[str]) -> None:
    made = pipeline(*(CellSource(id=cell_id, source="x") for cell_id in ids))
    notebook: Any = nbformat.from_dict(step_notebook(made, "train"))  # type: ignore[no-untyped-call]
    assert max(Counter(cell.id for cell in notebook.cells).values()) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # validate mends cells with a warning
        nbformat.validate(notebook)
    user_cells = [cell for cell in notebook.cells if "line_offset" in cell.metadata.get("mdk", {})]
    assert [cell.metadata.mdk.cell for cell in user_cells] == ids
    for cell, cell_id in zip(user_cells, ids, strict=True):
        assert (
            cell.id == cell_id or not cell_id.isascii() or len(cell_id) > 64 or not cell_id.replace("-", "").isalnum()
        )


def test_files_are_the_same_from_run_to_run() -> None:
    made = pipeline(CellSource(id="c1", source="x = 1\n"))
    files = TARGETS["notebooks"](made)
    assert list(files) == ["churn.train.ipynb"]
    assert files == TARGETS["notebooks"](made)
    assert json.loads(files["churn.train.ipynb"])["nbformat_minor"] == 5
