"""What a step is told, and which inputs it must leave alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines import pipeline

from mdk_converters.guards import ancestors
from mdk_converters.spec import Parameter
from mdk_jupyter.local.jobs import guarded, job


def value(digest: str, key: str | None = None) -> dict[str, Any]:
    return {"status": "value", "digest": digest, "key": key}


def test_the_job_of_a_step() -> None:
    made = pipeline(
        parameters={"rate": Parameter(type="float", default=0.1), "other": Parameter(type="int", default=1)},
        load=("x = 1", {"gives": "x"}),
        use=("y", {"reads": "load.x", "gives": "y", "parameters": ["rate"], "metrics": ["y"], "optional": ["x"]}),
    )
    told = job(
        made,
        "use",
        run="r",
        store=Path("/s"),
        result=Path("/r"),
        parameters={"rate": 0.5, "other": 1},
        produced={"load": {"x": value("d")}},
        numbers={},
    )
    assert told == {
        "run": "r",
        "pipeline": "p",
        "step": "use",
        "store": "/s",
        "parameters": {"rate": 0.5},
        "inputs": {"x": {"producer": "load", **value("d")}},
        "optional": ["x"],
        "outputs": ["y"],
        "guard": [],
        "metrics": ["y"],
        "result": "/r",
    }


def test_inputs_that_somebody_reads_later_are_guarded() -> None:
    made = pipeline(
        load=("1", {"gives": "a b c state.random"}),
        first=("1", {"reads": "load.a load.b load.c", "gives": "b"}),
        second=("1", {"reads": "load.a first.b", "after": ["first"]}),
    )
    produced = {"load": {name: value(name) for name in "abc"}}
    assert guarded(made, "first", produced, {}) == ["a"], "b is handed on, c is read by nobody else"
    assert guarded(made, "second", produced, {}) == [], "those that read a are over"
    assert ancestors(made, "second") == {"first", "load"}


def test_states_are_not_guarded() -> None:
    reads = {"inputs": {"state.random": "load.state.random"}}
    made = pipeline(load=("1", {"outputs": {"state.random": "state"}}), one=("1", reads), two=("1", reads))
    assert guarded(made, "one", {}, {}) == []


def test_another_name_of_the_same_object_counts() -> None:
    made = pipeline(
        load=("1", {"gives": "a b c"}), one=("1", {"reads": "load.a"}), two=("1", {"reads": "load.b load.c"})
    )
    joint = {"load": {"a": value("same", "a"), "b": value("same", "b"), "c": value("same")}}
    equal = {"load": {"a": value("same"), "b": value("same"), "c": value("same")}}
    assert guarded(made, "one", joint, {}) == ["a"]
    assert guarded(made, "one", equal, {}) == [], "equal values are not the same object"


def test_a_reader_further_up_the_page_does_not_mind() -> None:
    made = pipeline(load=("1", {"gives": "a"}), shows=("1", {"reads": "load.a"}), changes=("1", {"reads": "load.a"}))
    numbers = {"load-1": 1, "shows-1": 2, "changes-1": 3}
    assert guarded(made, "changes", {}, numbers) == []
    assert guarded(made, "shows", {}, numbers) == ["a"]
    assert guarded(made, "changes", {}, {}) == ["a"], "without a page, either may come later"
