"""What is one object in the notebook is one object in the next component; what is apart stays apart."""

from __future__ import annotations

import itertools
import tempfile
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdk_jupyter.artifacts import Record, Store
from mdk_jupyter.artifacts.handover import load, save

STORE = Store(tempfile.mkdtemp(prefix="mdk-sharing-"))


def cross(**values: Any) -> tuple[dict[str, Any], dict[str, Record]]:
    records = save(values, STORE)
    assert all(record.status == "value" for record in records.values()), records
    return dict(load(records, STORE)), records


def joint(records: dict[str, Record]) -> list[list[str]]:
    """The groups of names that are stored together."""
    together = [(record.digest, name) for name, record in records.items() if record.key is not None]
    return [[name for _, name in group] for _, group in itertools.groupby(sorted(together), lambda pair: pair[0])]


def test_an_alias_is_one_object() -> None:
    a = [1]
    back, records = cross(a=a, b=a)
    assert back["a"] is back["b"]
    assert records["a"].digest == records["b"].digest
    assert (records["a"].key, records["b"].key) == ("a", "b")


def test_one_name_of_a_joint_artifact_can_be_taken_alone() -> None:
    a = [1]
    records = save({"a": a, "b": {"a": a}}, STORE)
    assert dict(load({"b": records["b"]}, STORE)) == {"b": {"a": [1]}}


def test_sharing_passes_from_one_to_the_next() -> None:
    a: list[int] = []
    b, c = [a], {"x": 1}
    d = (b, c)
    back, records = cross(a=a, b=b, c=c, d=d, e=[2])
    assert joint(records) == [["a", "b", "c", "d"]]
    assert back["d"][0][0] is back["a"]
    assert back["d"][1] is back["c"]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([1, "x"], [1, "x"]),
        ((1, 2), (1, 2)),
        (frozenset("a"), frozenset("a")),
        ({"f": len}, {"f": len}),
        ([np.float64(1)], [np.float64(1)]),
        ({"t": pd.Timestamp("2020")}, {"t": pd.Timestamp("2020")}),
        ([int, str], [int, str]),
        ([pd.NA, None, ...], [pd.NA, None, ...]),
        ([np.dtype("f4")], [np.dtype("f4")]),
        ([json := __import__("json")], [json]),
    ],
)
def test_equal_and_immutable_parts_do_not_count(a: Any, b: Any) -> None:
    assert joint(cross(a=a, b=b)[1]) == []


def test_one_immutable_object_in_two_values_does_not_count() -> None:
    part = (1, "x", frozenset([2]), pd.Timestamp("2020"), np.float64(2), "y" * 1000)
    assert joint(cross(a=[part], b={"k": part})[1]) == []


class Thing:
    level: ClassVar = [1]

    def __init__(self, part: Any = None) -> None:
        self.part = part


def test_instances_share_what_they_hold_but_not_their_class() -> None:
    part = {"a": 1}
    assert joint(cross(a=Thing(), b=Thing())[1]) == []
    back, records = cross(a=Thing(part), b=Thing(part), c=Thing())
    assert joint(records) == [["a", "b"]]
    assert back["a"].part is back["b"].part


# Arrays


def test_a_view_stays_a_view() -> None:
    base = np.arange(12.0).reshape(3, 4)
    back, _ = cross(base=base, row=base[1], column=base[:, 2], back=base[::-1, ::-2], bits=base.view("i8"))
    back["base"][1, 2] = 99
    assert back["row"][2] == back["column"][1] == 99
    assert back["back"].tolist() == back["base"][::-1, ::-2].tolist()
    assert back["bits"][1, 2] == np.float64(99).view("i8")
    assert back["row"].strides == base[1].strides


def test_views_of_a_base_that_nobody_hands_on() -> None:
    base = np.arange(10)
    back, records = cross(a=base[:6], b=base[4:], c=base[7:9])
    assert joint(records) == [["a", "b", "c"]]
    back["a"][5] = 50
    back["c"][0] = 70
    assert back["b"].tolist() == [4, 50, 6, 70, 8, 9]


def test_parts_that_do_not_overlap_stay_apart() -> None:
    base = np.arange(20).reshape(10, 2)
    _, records = cross(train=base[:8], test=base[8:], x=base[:, 0] * 1)
    assert joint(records) == []
    assert {record.format for record in records.values()} == {"npy"}
    _, records = cross(x=base[:, 0], y=base[:, 1])
    assert joint(records) == []


def test_views_keep_their_locks_and_layouts() -> None:
    base = np.asfortranarray(np.arange(6).reshape(2, 3))
    locked = base[:, 1:]
    locked.setflags(write=False)
    back, _ = cross(base=base, locked=locked, flat=base.T.reshape(-1))
    assert back["base"].flags.f_contiguous
    assert not back["locked"].flags.writeable
    back["flat"][5] = 50
    assert back["base"].tolist() == [[0, 1, 2], [3, 4, 50]]
    assert back["locked"].tolist() == [[1, 2], [4, 50]]


def test_views_of_objects_and_structures() -> None:
    objects = np.array([[1], [2], [3], None], dtype=object)
    rows = np.array([(1, 2.0), (3, 4.0)], dtype=[("a", "i4"), ("b", "f8")])
    back, records = cross(objects=objects, tail=objects[::-1], rows=rows, b=rows["b"])
    assert sorted(joint(records)) == [["b", "rows"], ["objects", "tail"]]
    back["tail"][0] = "new"
    assert back["objects"][3] == "new"
    assert back["objects"][0] is back["tail"][3]
    back["b"][:] = 0
    assert back["rows"].tolist() == [(1, 0.0), (3, 0.0)]


def test_views_inside_one_value() -> None:
    base = np.zeros(5)
    back, records = cross(state={"all": base, "head": base[:2]})
    assert records["state"].key is None
    back["state"]["all"][0] = 1
    assert back["state"]["head"][0] == 1


def test_a_small_view_does_not_bring_its_base() -> None:
    _, records = cross(head=np.zeros(1_000_000)[:3])
    assert records["head"].size < 1000


@given(st.data())
@settings(max_examples=60)
def test_any_two_views_behave_as_before(data: Any) -> None:
    base = np.arange(24).reshape(data.draw(st.sampled_from([(24,), (4, 6), (2, 3, 4)])))
    if data.draw(st.booleans()):
        base = np.asfortranarray(base)

    def part() -> Any:
        view: Any = base
        for axis in range(base.ndim):
            step = data.draw(st.sampled_from([1, 2, -1]))
            start = data.draw(st.integers(0, base.shape[axis] - 1))
            view = view[(slice(None),) * axis + (slice(start, None, step),)]
        return view.T if data.draw(st.booleans()) else view

    views = {"a": part(), "b": part(), "base": base}
    names = data.draw(st.sets(st.sampled_from(sorted(views)), min_size=1))
    back, _ = cross(**{name: views[name] for name in names})
    for name in names:
        assert back[name].tolist() == views[name].tolist()
    changed = sorted(names)[0]
    for values in (views, back):
        values[changed][...] += 100
    for name in names:
        assert back[name].tolist() == views[name].tolist(), name


# pandas


def test_one_frame_in_two_values() -> None:
    frame = pd.DataFrame({"a": [1, 2]})
    back, records = cross(frame=frame, model={"data": frame}, alias=frame)
    assert joint(records) == [["alias", "frame", "model"]]
    back["frame"]["b"] = 1
    assert list(back["model"]["data"].columns) == ["a", "b"]
    assert back["alias"] is back["frame"]


def test_frames_that_only_share_memory_stay_apart() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})
    _, records = cross(frame=frame, column=frame["a"], part=frame[["b"]], rows=frame.iloc[:1], index=frame.index)
    assert joint(records) == []
    assert {record.format for record in records.values()} == {"parquet"}


def test_an_array_that_looks_into_a_frame_goes_on_looking() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    values = frame["a"].to_numpy()
    back, records = cross(frame=frame, values=values)
    assert joint(records) == [["frame", "values"]]
    before: dict[str, Any] = {"frame": frame, "values": values}
    for one in (before, back):
        one["frame"].loc[0, "a"] = 9.0
        assert one["values"].tolist() == [9.0, 2.0]
        assert not one["values"].flags.writeable


def test_lists_in_the_cells_of_a_frame() -> None:
    cell = [1]
    frame = pd.DataFrame({"a": [cell, None]})
    back, records = cross(frame=frame, cell=cell)
    assert joint(records) == [["cell", "frame"]]
    back["cell"].append(2)
    assert back["frame"].loc[0, "a"] == [1, 2]


def test_models_that_keep_their_data() -> None:
    from sklearn.neighbors import NearestNeighbors

    data = np.random.default_rng(0).normal(size=(20, 2))
    model = NearestNeighbors(algorithm="brute").fit(data)
    back, records = cross(model=model, data=data)
    assert joint(records) == [["data", "model"]]
    assert np.shares_memory(back["model"]._fit_X, back["data"])


def test_generators_of_random_numbers_are_shared() -> None:
    rng = np.random.default_rng(0)
    back, _ = cross(rng=rng, thing=Thing(rng))
    assert back["rng"] is back["thing"].part
    _, records = cross(a=Thing(np.random.mtrand._rand), b=Thing(np.random.mtrand._rand))
    assert joint(records) == []


def test_one_that_cannot_travel_does_not_hold_back_the_rest() -> None:
    a = [1]
    records = save({"a": a, "b": {"a": a}, "bad": [a, (i for i in a)]}, STORE)
    assert {name: record.status for name, record in records.items()} == {
        "a": "value",
        "b": "value",
        "bad": "untravelable",
    }
    assert joint({name: record for name, record in records.items() if name != "bad"}) == [["a", "b"]]


def test_random_graphs_of_objects_keep_their_shape() -> None:
    @given(
        st.lists(
            st.tuples(st.sampled_from(["list", "dict", "thing"]), st.lists(st.integers(0, 7), max_size=3)),
            min_size=1,
            max_size=8,
        )
    )
    @settings(max_examples=80)
    def check(plan: list[tuple[str, list[int]]]) -> None:
        makers: dict[str, Any] = {"list": list, "dict": dict, "thing": lambda: Thing({})}
        nodes: list[Any] = [makers[kind]() for kind, _ in plan]
        for node, (_, targets) in zip(nodes, plan, strict=True):
            for target in targets:
                other = nodes[target % len(nodes)]
                if isinstance(node, list):
                    node.append(other)
                else:
                    (node if isinstance(node, dict) else node.part)[str(target)] = other
        values = {f"v{i}": node for i, node in enumerate(nodes)}
        back, _ = cross(**values)
        assert shape(values) == shape(back)

    check()


def shape(values: dict[str, Any]) -> list[Any]:
    """Describe a graph of objects by the order in which a walk meets them."""
    met: dict[int, int] = {}
    story: list[Any] = []
    kept: list[Any] = []

    def walk(value: Any) -> None:
        story.append((type(value).__name__, met.setdefault(id(value), len(met))))
        if [1 for v in kept if v is value]:
            return
        kept.append(value)
        if isinstance(value, list):
            for item in value:
                walk(item)
        elif isinstance(value, dict):
            for key, item in value.items():
                story.append(key)
                walk(item)
        else:
            walk(value.part)

    for name in sorted(values):
        walk(values[name])
    return story
