"""Steps receive and hand on what the notebook's next cell would find."""

from __future__ import annotations

from pathlib import Path

import pytest
from steps import Steps


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    return Steps(tmp_path)


def test_values_cross_by_name(steps: Steps) -> None:
    steps.run("one", "x = 1\ny = {'a': [1.5, None]}\nß = (1, 'ü')", outputs="x y ß")
    two = steps.run("two", "print(x, y, ß)", inputs="x y ß")
    assert two.printed == "1 {'a': [1.5, None]} (1, 'ü')\n"


def test_parameters_are_set_before_the_definitions(steps: Steps) -> None:
    one = steps.run("one", "print(rate, twice)", definitions=("twice = rate * 2",), parameters={"rate": 0.5})
    assert one.printed == "0.5 1.0\n"


def test_the_only_extra_name_is_the_runtime(steps: Steps) -> None:
    plain = "print(sorted(k for k in globals() if not k.startswith('_i') and k not in ('In', 'Out')))"
    before = steps.run("one", plain, outputs="x").printed
    assert "'_mdk'" in before
    steps.run("make", "x = 1", outputs="x")
    after = steps.run("two", plain, inputs="x", outputs="x").printed
    assert after == before.replace("'quit'", "'quit', 'x'")


def test_an_unbound_output_stays_unbound(steps: Steps) -> None:
    one = steps.run("one", "x = 1\ndel x", outputs="x")
    assert one.outputs["x"]["status"] == "unbound"
    two = steps.run("two", "print('x' in globals())", definitions=("x = 5",), inputs="x")
    assert two.printed == "False\n"


def test_what_cannot_travel_is_named_with_both_components(steps: Steps) -> None:
    steps.run("load", "rows = (row for row in range(3))", outputs="rows")
    two = steps.run("train", "print('not reached')", inputs="rows", check=False)
    assert two.error is not None
    assert two.error["code"] == "MDK322"
    assert two.error["names"] == ["rows"]
    for word in ("`rows`", "generator", "'load'", "'train'"):
        assert word in two.error["message"]
    assert "Traceback" not in two.printed
    assert two.error["message"] in two.printed
    assert "not reached" not in two.printed


def test_an_optional_input_that_cannot_travel_is_explained_where_it_is_missed(steps: Steps) -> None:
    steps.run("load", "import threading\nlock = threading.Lock()\nx = 1", outputs="lock x")
    quiet = steps.run("quiet", "print(x)", inputs="lock x", optional="lock")
    assert quiet.printed == "1\n"
    caught = "try:\n    lock\nexcept NameError:\n    print('caught')"
    loud = steps.run("loud", caught, "lock", inputs="lock x", optional="lock", check=False)
    assert loud.printed.startswith("caught\n")
    assert "NameError" in loud.printed
    assert "_thread.lock cannot travel from 'load' to 'loud': a lock belongs to its process" in loud.printed
    other = steps.run("other", "unknown", inputs="lock x", optional="lock", check=False)
    assert "cannot travel" not in other.printed


def test_shared_objects_stay_shared(steps: Steps) -> None:
    steps.run("one", "a = [1]\nb = {'a': a}\nc = [a, 2]\nd = [1]", outputs="a b c d")
    two = steps.run("two", "a.append(5)\nprint(b, c, d, b['a'] is a is c[0])", inputs="a b c d")
    assert two.printed == "{'a': [1, 5]} [[1, 5], 2] [1] True\n"


def test_equal_values_stay_apart(steps: Steps) -> None:
    one = steps.run("one", "a = [1]\nb = [1]", outputs="a b")
    assert one.outputs["a"]["digest"] == one.outputs["b"]["digest"]
    two = steps.run("two", "a.append(5)\nprint(a, b)", inputs="a b")
    assert two.printed == "[1, 5] [1]\n"


GUARDED = "rows = [1, 2]\nframe = __import__('pandas').DataFrame({'x': [1, 2]})"


@pytest.mark.parametrize(
    "change",
    [
        "rows.append(3)",
        "rows[0] = 9",
        "frame['y'] = 1",
        "frame.loc[0, 'x'] = 9",
        "frame.sort_values('x', ascending=False, inplace=True)",
        "frame.attrs['a'] = 1",
        "rows = [1]",
        "globals().pop('rows')",
    ],
)
def test_a_changed_input_that_is_no_output_stops_the_step(steps: Steps, change: str) -> None:
    steps.run("load", GUARDED, outputs="rows frame")
    two = steps.run("tidy", change, inputs="rows frame", guard="rows frame", check=False)
    assert two.error is not None
    assert two.error["code"] == "MDK323"
    name = "rows" if "rows" in change else "frame"
    assert two.error["names"] == [name]
    assert f"`{name}`" in two.error["message"]
    assert "'tidy'" in two.error["message"]
    assert f"`changes:{name}`" in two.error["fix"]


@pytest.mark.parametrize(
    "reading",
    [
        "print(rows, len(rows), rows[0], 1 in rows, sorted(rows), rows * 2)",
        "frame.describe(); frame['x'].mean(); frame.groupby('x').size(); frame.index.is_unique; frame.loc[0]",
        "other = frame; frame = frame.copy(); frame['z'] = 1; frame = other",
        "copied = frame.drop(columns='x')",
    ],
)
def test_reading_an_input_is_no_change(steps: Steps, reading: str) -> None:
    steps.run("load", GUARDED, outputs="rows frame")
    two = steps.run("look", reading, inputs="rows frame", guard="rows frame")
    assert two.error is None


def test_metrics_are_logged_and_named_outputs_too(steps: Steps) -> None:
    cell = """
    import numpy as np
    from mdk_jupyter.runtime import log_metric, log_metrics
    log_metrics(auc=np.float32(0.5), rows=np.int64(3), kind="tree", good=np.bool_(True))
    log_metric("mean error", 0.25)
    loss = np.float64(0.125)
    table = [1]
    """
    one = steps.run("one", cell, outputs="loss", metrics="loss table absent")
    assert one.metrics == {
        "auc": 0.5,
        "rows": 3,
        "kind": "tree",
        "good": True,
        "mean error": 0.25,
        "loss": 0.125,
    }


def test_a_metric_that_is_no_number_is_refused_in_place(steps: Steps) -> None:
    one = steps.run("one", "_mdk.log_metrics(matrix=[[1]])", check=False)
    assert "MDK324" in one.printed
    assert "'matrix'" in one.printed
    assert "Traceback" not in one.printed


def test_damage_is_noticed(steps: Steps) -> None:
    one = steps.run("one", "x = [1, 2, 3]\ny = 'kept'", outputs="x y")
    name = one.outputs["x"]["digest"].removeprefix("sha256:")
    path = steps.folder / "store" / name[:2] / name[2:]
    path.write_bytes(b"[1,2,4]")
    two = steps.run("two", "print(x)", inputs="x y", check=False)
    assert two.error is not None
    assert two.error["code"] == "MDK321"
    path.unlink()
    three = steps.run("three", "print(x)", inputs="x y", check=False)
    assert three.error is not None
    assert three.error["code"] == "MDK320"


def test_a_value_whose_library_is_gone_is_named(steps: Steps) -> None:
    cells = ("import sys\nsys.path.insert(0, 'FOLDER')\nimport plaza\nthing = plaza.Thing()").replace(
        "FOLDER", str(steps.folder)
    )
    (steps.folder / "plaza.py").write_text("class Thing: pass\n")
    steps.run("one", cells, outputs="thing")
    two = steps.run("two", "print(thing)", inputs="thing", check=False)
    assert two.error is not None
    assert two.error["code"] == "MDK327"
    assert two.error["names"] == ["thing"]
    assert "plaza" in two.error["message"]


def test_a_step_outside_a_run_says_so(steps: Steps) -> None:
    one = steps.run("one", "import os; del os.environ['MDK_STEP']; _mdk.begin()", check=False)
    assert "MDK328" in one.printed
    assert "Traceback" not in one.printed


def test_a_store_that_cannot_be_written_is_reported(steps: Steps) -> None:
    (steps.folder / "store").write_text("a file where the folder should be")
    one = steps.run("one", "x = 1", outputs="x", check=False)
    assert one.error is not None
    assert one.error["code"] == "MDK326"


def split(steps: Steps) -> None:
    """Let `report` hold the rows of another component, so that they arrive as two copies."""
    steps.run("load", "rows = [1, 2]\nother = [1, 2]", outputs="rows other")
    steps.run("report", "report = {'rows': rows}", inputs="rows other", outputs="report")


@pytest.mark.parametrize("change", ["rows.append(3)", "report['rows'].append(3)"])
def test_a_change_to_one_of_two_copies_of_an_object_stops_the_step(steps: Steps, change: str) -> None:
    split(steps)
    fine = steps.run("look", "print(rows, report)", inputs="rows report", outputs="rows")
    assert fine.printed == "[1, 2] {'rows': [1, 2]}\n"
    steps.run("load", "rows = [1, 2]", outputs="rows")
    three = steps.run("tidy", change, inputs="rows report", outputs="rows report", check=False)
    assert three.error is not None
    assert three.error["code"] == "MDK330"
    assert set(three.error["names"]) == {"rows", "report"}


def test_a_name_that_is_bound_anew_is_no_change_of_the_object(steps: Steps) -> None:
    split(steps)
    done = steps.run("tidy", "rows = [*rows, 3]\nprint(rows, report)", inputs="rows report", outputs="rows")
    assert done.printed == "[1, 2, 3] {'rows': [1, 2]}\n"
    late = steps.run("late", "rows.append(4)\nrows = []", inputs="rows report", outputs="rows")
    assert late.error is None  # these rows are other rows
    steps.run("load", "rows = [1, 2]", outputs="rows")
    last = steps.run("last", "rows.append(4)\nrows = []", inputs="rows report", outputs="rows", check=False)
    assert last.error is not None
    assert last.error["code"] == "MDK330"


def test_a_change_to_what_is_equal_but_apart_is_fine(steps: Steps) -> None:
    split(steps)
    done = steps.run("tidy", "other.append(3)\nprint(other, report)", inputs="other report", outputs="other")
    assert done.printed == "[1, 2, 3] {'rows': [1, 2]}\n"


def test_copies_are_known_through_a_chain_of_components(steps: Steps) -> None:
    split(steps)
    steps.run("more", "shelf = [report]", inputs="report", outputs="shelf")
    late = steps.run("late", "rows.append(3)", inputs="rows shelf", outputs="rows", check=False)
    assert late.error is not None
    assert late.error["code"] == "MDK330"


def test_objects_that_are_handed_on_together_are_no_copies(steps: Steps) -> None:
    steps.run("load", "rows = [1, 2]", outputs="rows")
    steps.run("report", "report = {'rows': rows}", inputs="rows", outputs="rows report")
    done = steps.run("tidy", "rows.append(3)\nprint(report)", inputs="rows report", outputs="rows")
    assert done.printed == "{'rows': [1, 2, 3]}\n"
