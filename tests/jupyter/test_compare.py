"""Two runs side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipelines import component, pipeline

from mdk_converters.spec import Definition
from mdk_jupyter.local.compare import ABSENT, Comparison, Pair, compare, component_source
from mdk_jupyter.local.record import Run, Step
from mdk_jupyter.widgets.comparison import comparison_html, comparison_text
from mdk_jupyter.widgets.view import size

EVIL = "<b>\x1b[31m"


def artifact(digest: str | None, **fields: Any) -> dict[str, Any]:
    status = "value" if digest else "unbound"
    return {"status": status, "format": "json", "digest": digest, "key": None, "reason": None, "size": 1500, **fields}


def a_run(name: str, **fields: Any) -> Run:
    return Run(name, "flights", Path("/x/.mdk/runs") / name, state="done", started=0.0, seconds=2.0, **fields)


@pytest.fixture
def comparison() -> Comparison:
    a = a_run(
        "run-a",
        parameters={"trees": 100, "rate": 0.5, "gone": None},
        steps={
            "load": Step("load", state="done", seconds=1.0, outputs={"rows": artifact("sha256:1")}),
            "train": Step(
                "train", state="done", seconds=2.0, metrics={"auc": 0.5, "kind": "x"},
                outputs={"model": artifact("sha256:2", type="sklearn.Model"), "old": artifact("sha256:3")},
            ),
        },
    )  # fmt: skip
    b = a_run(
        "run-b",
        parameters={"trees": 200, "rate": 0.5},
        steps={
            "load": Step("load", state="done", outputs={"rows": artifact("sha256:1")}, cached_from="run-a"),
            "train": Step(
                "train", state="done", seconds=3.0, metrics={"auc": 0.75, "kind": "y", "rows": 3},
                outputs={"model": artifact("sha256:4", type="sklearn.Model", preview=EVIL)},
            ),
            "report": Step("report", state="failed"),
        },
    )  # fmt: skip
    import_numpy = {"numpy": Definition(source="import numpy")}
    load = component("rows = [1]")
    before = pipeline(load=load, train=component("x = 1\ny = 2"))
    after = pipeline(
        definitions=import_numpy,
        load=load,
        train=component("x = 1\ny = 3", definitions=["numpy"]),
        report=component(f"# {EVIL}"),
    )
    return compare(a, b, before, after)


def test_what_differs_and_what_does_not(comparison: Comparison) -> None:
    assert [pair.name for pair in comparison.parameters if not pair.is_same] == ["trees", "gone"]
    assert {pair.name: pair.difference for pair in comparison.metrics} == {"auc": 0.25, "kind": None, "rows": None}
    assert {f"{p.step}.{p.name}": p.change for p in comparison.artifacts} == {
        "load.rows": "same",
        "train.model": "changed",
        "train.old": "only in a",
    }
    assert list(comparison.sources) == ["train", "report"], "not of the component that is as it was"
    changed = [line for line in comparison.sources["train"].splitlines() if line[0] in "+-"]
    assert changed == ["--- run-a/train", "+++ run-b/train", "+# %%", "+import numpy", "-y = 2", "+y = 3"]
    assert [(p.name, p.a is None, p.b is None) for p in comparison.steps][2] == ("report", True, False)


def test_the_comparison_as_json(comparison: Comparison) -> None:
    told = json.loads(json.dumps(comparison.to_json()))
    assert told["parameters"]["gone"] == {"a": None, "same": False}
    assert told["metrics"]["auc"] == {"a": 0.5, "b": 0.75, "same": False, "difference": 0.25}
    assert told["steps"]["load"]["b"]["cached_from"] == "run-a" and told["steps"]["report"]["a"] is None
    assert told["artifacts"]["train.model"]["b"]["digest"] == "sha256:4"


def test_the_comparison_for_people(comparison: Comparison) -> None:
    text = comparison_text(comparison)
    assert repr(comparison) == text and "\x1b" not in text
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "trees 100 200 +100" in lines and "gone None –" in lines
    assert "auc 0.5 0.75 +0.25" in lines and "kind x y ≠" in lines
    assert "train.model changed Model, 1.5 kB Model, <b>�[31m, 1.5 kB" in lines
    assert "1 of 3 artifacts are the same" in lines and "load ✓ done 1.00 s ✓ done (cached)" in lines
    assert "+y = 3" in lines and "rate" not in text
    assert "\x1b[32m+y = 3\x1b[0m" in comparison_text(comparison, colour=True)
    html = comparison_html(comparison)
    assert "<b>" not in html and "&lt;b&gt;" in html and "<span class='mdk-added'>+y = 3</span>" in html


def test_a_run_compared_with_itself() -> None:
    run = a_run("r", parameters={"p": 1}, steps={"load": Step("load", outputs={"x": artifact(None)})})
    spec = pipeline(load=component("x = 1"))
    comparison = compare(run, run, spec, spec)
    assert not comparison.sources
    assert all(pair.is_same for pair in comparison.parameters) and all(pair.is_same for pair in comparison.artifacts)
    assert comparison_text(comparison).splitlines()[-3:] == [
        "the code is the same",
        "the parameters are the same",
        "1 of 1 artifacts are the same",
    ]


def test_the_code_of_a_component_is_all_that_it_runs() -> None:
    spec = pipeline(definitions={"f": Definition(source="def f(): ...")}, one=component("a\n", "b", definitions=["f"]))
    assert component_source(spec, "one") == "# %%\ndef f(): ...\n# %%\na\n# %%\nb\n"


VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=4)


@given(VALUES, VALUES)
def test_pairs(a: Any, b: Any) -> None:
    assert Pair("p", a, a).is_same
    assert Pair("p", a, b).is_same == Pair("p", b, a).is_same == (repr(a) == repr(b))
    assert not Pair("p", a, ABSENT).is_same


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1500, "1.5 kB"), (999_700, "1 MB"), (12_345_678, "12.3 MB")],
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text
