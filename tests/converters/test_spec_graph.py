"""Order and cycles of components."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdk_converters.findings import SpecError
from mdk_converters.graph import dependencies, find_cycle, order
from mdk_converters.spec import CellSource, Component, Metadata, Pipeline


def pipeline(waits: dict[str, list[str]]) -> Pipeline:
    """Build components that wait for each other by inputs and `after` in turn."""
    components = {
        name: Component(
            inputs={f"x_{other}": f"{other}.x" for other in others[::2]},
            after=others[1::2],
            outputs={"x": "int"},
            cells=[CellSource(id=name, source="x = 1")],
        )
        for name, others in waits.items()
    }
    return Pipeline(metadata=Metadata(name="p"), components=components)


def test_components_keep_their_order_where_nothing_speaks_against_it() -> None:
    made = pipeline({"c": [], "train": ["load", "c"], "a": [], "load": [], "b": ["a", "c"]})
    assert dependencies(made) == {"c": set(), "train": {"load", "c"}, "a": set(), "load": set(), "b": {"a", "c"}}
    assert order(made) == ["c", "a", "load", "train", "b"]


def test_what_decides_about_a_component_comes_before_it() -> None:
    made = pipeline({"b": [], "a": []})
    decided = made.components["b"].model_copy(update={"when": "x > 0", "control": {"x": "a.x"}})
    made = made.model_copy(update={"components": {**made.components, "b": decided}})
    assert dependencies(made) == {"b": {"a"}, "a": set()}
    assert order(made) == ["a", "b"]


def test_declared_order_is_kept_where_it_can_be() -> None:
    assert order(pipeline({"a": [], "b": ["a"], "c": [], "d": ["b", "c"]})) == ["a", "b", "c", "d"]


@given(st.integers(0, 12), st.randoms(use_true_random=False))
def test_everything_comes_after_what_it_waits_for(size: int, chance: random.Random) -> None:
    names = [f"n{number}" for number in range(size)]
    waits = {name: chance.sample(names[:number], min(number, 2)) for number, name in enumerate(names)}
    shuffled = dict(chance.sample(sorted(waits.items()), size))
    found = order(pipeline(shuffled))
    assert sorted(found) == sorted(names)
    assert all(found.index(other) < found.index(name) for name, others in waits.items() for other in others)
    assert order(pipeline(waits)) == names


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdefz"), max_size=3)))
def test_a_cycle_is_found_when_there_is_one(waits: dict[str, list[str]]) -> None:
    left = {name: set(others) & set(waits) for name, others in waits.items()}
    while free := [name for name, others in left.items() if not others]:
        left = {name: others - set(free) for name, others in left.items() if name not in free}
    cycle = find_cycle(waits)
    assert bool(cycle) == bool(left)
    assert len(cycle) == len(set(cycle))
    assert all(after in waits[name] for name, after in zip(cycle, cycle[1:] + cycle[:1], strict=True))


def test_a_long_chain_is_no_trouble() -> None:
    waits = {f"n{number}": [f"n{number + 1}"] for number in range(5000)}
    assert find_cycle(waits) == []
    assert len(find_cycle({**waits, "n5000": ["n0"]})) == 5001


def test_a_dense_graph_is_no_trouble() -> None:
    names = [f"n{number}" for number in range(60)]
    waits = {name: names[number + 1 :] for number, name in enumerate(names)}
    assert find_cycle(waits) == []
    assert order(pipeline(waits)) == names[::-1]


def test_order_names_the_cycle() -> None:
    with pytest.raises(SpecError) as caught:
        order(pipeline({"a": [], "b": ["a", "d"], "c": ["b"], "d": ["c"]}))
    assert caught.value.code == "MDK215"
    assert caught.value.findings[0].names == ("b", "d", "c")
