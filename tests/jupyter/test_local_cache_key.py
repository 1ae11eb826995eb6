"""The key of a step: what counts, what does not, and how a change is told."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipelines import pipeline

from mdk_converters.spec import Definition, Resources
from mdk_jupyter.local.cache_key import constants, differences, ingredients, key, normal, variables


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x=1   # a comment\n\n"),
        ("f(a,\n  b)", "f(a, b)"),
        ("x = 'a'", 'x = "a"'),
        ("!ls  data", "!ls  data  \n"),
        ("%time x = 1", "%time x = 1\n# done"),
        ("x = (1)", "x = 1"),
    ],
)
def test_what_code_does_counts_and_not_how_it_looks(one: str, other: str) -> None:
    assert normal(one) == normal(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 2"),
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x", "x;"),
        ("!ls a", "!ls b"),
        ("%%timeit\nx = 1", "x = 1"),
        ("%%bash\necho a", "%%bash\necho  a"),
        ("'''doc'''\nx = 1", "x = 1"),
        ("this is no python", "this is no  python"),
        ("a\nb", "b\na"),
    ],
)
def test_what_makes_a_difference(one: str, other: str) -> None:
    assert normal(one) != normal(other)


def test_texts_and_variables_in_code() -> None:
    assert constants(["x = ['a', f'b{1}c']", "!cat d.txt", "no python"]) >= {"a", "b", "c", "cat d.txt"}
    assert variables(["import os\nos.environ['HOME_TOWN']"]) == {"HOME_TOWN"}
    assert variables(["x = 'HOME_TOWN'"]) == set(), "nothing reads the environment"


def of(**changes: Any) -> dict[str, Any]:
    fields = {"definitions": ["f"], "gives": "x", "parameters": ["k"], **changes.pop("fields", {})}
    made = pipeline(definitions={"f": Definition(source=changes.pop("helper", "def f(): pass"))},
                    one=(changes.pop("cell", "x = 1"), fields))  # fmt: skip
    job = {"parameters": {"k": 1}, "inputs": {"a": {"status": "value", "digest": "1", "producer": "load"}},
           "outputs": ["x"], "metrics": [], "optional": [], "guard": [], **changes.pop("job", {})}  # fmt: skip
    given: dict[str, Any] = {"numbers": {"one-1": 4}, "files": [], "isolated": False, "environ": {}, **changes}
    return ingredients(made, "one", job, **given)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"cell": "x = 2"}, ["cell 4 changed"]),
        ({"helper": "def f(): return 1"}, ["definition `f` changed"]),
        ({"job": {"parameters": {"k": 1.0}}}, ["parameter k: 1 -> 1.0"]),
        ({"job": {"parameters": {"k": True}}}, ["parameter k: 1 -> true"]),
        ({"job": {"parameters": {"k": "y" * 50}}}, ["parameter k: 1 -> " + '"' + "y" * 39 + "…"]),
        ({"job": {"inputs": {"a": {"status": "unbound"}}}}, ["input `a` changed (load.a)"]),
        ({"job": {"guard": ["a"]}}, ["what it hands on or must leave alone changed"]),
        ({"fields": {"env": {"E": "1"}}}, ['environment variable E: not set -> "1"']),
        ({"environ": {"TZ": "UTC"}}, ["environment variable TZ changed"]),
        ({"fields": {"secrets": {"S": "s"}}}, ["its secrets changed"]),
        ({"fields": {"requirements": ["pandas"]}}, ["its requirements changed"]),
        ({"files": ["a.csv"]}, ["there are other files of those it declares"]),
        ({"isolated": True}, ["--isolated"]),
    ],
)
def test_every_ingredient_counts_and_is_told(changes: dict[str, Any], told: list[str]) -> None:
    reads = {"inputs": {"a": "load.a"}}
    before = of(fields=reads)
    now = of(**{**changes, "fields": {**reads, **changes.get("fields", {})}})
    assert key(before) != key(now) and differences(before, now) == told
    assert differences(now, now) == []


def test_what_does_not_count() -> None:
    hints = {"timeout": "1h", "retries": 3, "labels": {"a": "b"}, "resources": Resources(cpu=3), "description": "d"}
    elsewhere = {"numbers": {}, "job": {"run": "r", "store": "/s", "result": "/r", "step": "two", "pipeline": "q"}}
    assert key(of()) == key(of(fields=hints, **elsewhere))
    assert key(of(environ={"S": "1"}, cell="import os\nos.environ['S']", fields={"secrets": {"S": "s"}})) == key(
        of(environ={"S": "2"}, cell="import os\nos.environ['S']", fields={"secrets": {"S": "s"}})
    ), "a secret's value is nowhere kept"


@given(st.permutations(["a = 1", "b = 2", "c = 3"]))
def test_the_order_of_code_counts(order: list[str]) -> None:
    one = of()
    two = copy.deepcopy(one)
    one["cells"], two["cells"] = [normal("a = 1"), normal("b = 2"), normal("c = 3")], [normal(text) for text in order]
    for side in (one, two):
        side["labels"]["cells"] = ["1", "2", "3"]
    one["labels"]["ids"], two["labels"]["ids"] = ["a = 1", "b = 2", "c = 3"], order
    is_same = order == ["a = 1", "b = 2", "c = 3"]
    assert (key(one) == key(two)) == is_same
    assert differences(one, two) == ([] if is_same else ["the order of its code changed"])
