"""A fingerprint changes exactly when its value does."""

from __future__ import annotations

import collections
import copy
import functools
import itertools
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdk_jupyter.artifacts.fingerprints import UNKNOWN, fingerprint


class Thing:
    def __init__(self, part: Any = None) -> None:
        self.part = part

    @functools.cached_property
    def slow(self) -> int:
        return 5

    def remember(self) -> None:
        self._cache = {"a": 1}


class Slotted:
    __slots__ = ("part",)

    def __init__(self) -> None:
        self.part = [1]


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "i": [3, 1, 2],
            "f": [0.5, None, 1.5],
            "s": ["a", None, "c"],
            "o": pd.Series(["x", 1, [2]], dtype=object),
            "c": pd.Categorical(["u", "v", "u"]),
            "n": pd.array([1, None, 3], dtype="Int64"),
            "t": pd.date_range("2020", periods=3, tz="Europe/Paris"),
            "key": list("pqr"),
        }
    ).set_index("key")


def closure() -> Any:
    seen: list[int] = []

    def use(x: int) -> list[int]:
        seen.append(x)
        return seen

    return use


def fitted() -> Any:
    from sklearn.linear_model import SGDClassifier

    x = np.arange(20.0).reshape(10, 2)
    return SGDClassifier(random_state=0).fit(x, [0, 1] * 5)


CHANGES: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "append": (lambda: [1, 2], lambda v: v.append(3)),
    "set item": (lambda: [1, 2], lambda v: v.__setitem__(0, True)),
    "reorder": (lambda: {"a": 1, "b": 2}, lambda v: v.update(a=v.pop("a"))),
    "deep": (lambda: {"a": [Thing({1, 2})]}, lambda v: v["a"][0].part.add(3)),
    "attribute": (Thing, lambda v: setattr(v, "other", 1)),
    "slot": (Slotted, lambda v: v.part.append(2)),
    "counter": (lambda: collections.Counter("ab"), lambda v: v.update("a")),
    "deque": (lambda: collections.deque([1]), lambda v: v.append(1)),
    "bytearray": (lambda: bytearray(b"ab"), lambda v: v.extend(b"c")),
    "iterator": (lambda: iter([1, 2]), next),
    "random": (lambda: random.Random(1), lambda v: v.random()),
    "generator of numbers": (lambda: np.random.default_rng(1), lambda v: v.random()),
    "closure": (closure, lambda v: v(1)),
    "array item": (lambda: np.arange(5), lambda v: v.__setitem__(2, 9)),
    "array in place": (lambda: np.arange(6.0).reshape(2, 3).T, lambda v: np.multiply(v, 2, out=v)),
    "array of objects": (lambda: np.array([[1], None], dtype=object), lambda v: v[0].append(2)),
    "array shape": (lambda: np.arange(6), lambda v: v.resize(3, refcheck=False)),
    "array lock": (lambda: np.arange(6), lambda v: v.setflags(write=False)),
    "array sign of zero": (lambda: np.zeros(2), lambda v: v.__setitem__(0, -0.0)),
    "masked array": (lambda: np.ma.masked_array([1, 2], [False, True]), lambda v: v.mask.__setitem__(0, True)),
    "frame cell": (frame, lambda v: v.__setitem__("i", v["i"] * 2)),
    "frame text": (frame, lambda v: v.loc.__setitem__(("p", "s"), "z")),
    "frame missing": (frame, lambda v: v.loc.__setitem__(("q", "f"), 0.0)),
    "frame object": (frame, lambda v: v.loc["r", "o"].append(3)),
    "frame category": (frame, lambda v: v.loc.__setitem__(("p", "c"), "v")),
    "frame nullable": (frame, lambda v: v.loc.__setitem__(("p", "n"), pd.NA)),
    "frame column": (frame, lambda v: v.insert(0, "new", 1)),
    "frame drop": (frame, lambda v: v.drop(columns="i", inplace=True)),
    "frame rename": (frame, lambda v: v.rename(columns={"i": "j"}, inplace=True)),
    "frame index": (frame, lambda v: v.reset_index(inplace=True)),
    "frame index name": (frame, lambda v: setattr(v.index, "name", "other")),
    "frame sort": (frame, lambda v: v.sort_values("i", inplace=True)),
    "frame dtype": (frame, lambda v: v.__setitem__("i", v["i"].astype("int32"))),
    "frame attrs": (frame, lambda v: v.attrs.update(a=1)),
    "series": (lambda: pd.Series([1, 2]), lambda v: v.__setitem__(0, 5)),
    "series name": (lambda: pd.Series([1, 2]), lambda v: setattr(v, "name", "x")),
    "categorical": (lambda: pd.Categorical(["a", "b"]), lambda v: v.__setitem__(0, "b")),
    "in a dictionary": (lambda: {"d": frame()}, lambda v: v["d"].pop("i")),
    "refit": (fitted, lambda v: v.partial_fit(np.ones((2, 2)), [0, 1])),
    "parameters": (fitted, lambda v: v.set_params(alpha=0.5)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_changes_it(name: str) -> None:
    make, change = CHANGES[name]
    value = make()
    before = fingerprint(value)
    assert before != UNKNOWN
    assert fingerprint(value) == before
    change(value)
    assert fingerprint(value) != before


def describe(v: Any) -> None:
    v.describe()
    v.describe(include="all")
    v.head()
    repr(v)
    v._repr_html_()
    v.groupby("c", observed=True)["i"].sum()
    v.sort_values("i")
    v.isna().sum()
    v["i"].value_counts()
    v.index.is_unique, v.columns.is_unique, v.index.get_loc("p")
    v.loc["p"], v.iloc[0], v.to_numpy(), v.dtypes, v.memory_usage(deep=True)
    v._consolidate()
    for _ in v.itertuples():
        pass
    v.assign(z=1)
    v.copy().pop("i")
    v.query("i > 1")


def predict(v: Any) -> None:
    x = np.ones((3, 2))
    v.predict(x)
    v.decision_function(x)
    v.get_params()
    repr(v)
    v._repr_html_()


def neighbours() -> Any:
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(algorithm="kd_tree").fit(np.arange(40.0).reshape(20, 2), [0, 1] * 10)


def vectoriser() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    made = TfidfVectorizer(stop_words=["the"]).fit(["a text", "the other text"])
    return copy.deepcopy(made)


def sparse() -> Any:
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

    return csr_matrix(np.eye(3))


READS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "list": (lambda: [3, 1], lambda v: (v[0], sorted(v), v + v, v.index(1), repr(v), copy.deepcopy(v))),
    "dictionary": (lambda: {"a": {1, 2}}, lambda v: (v.get("b"), v["a"] | {3}, list(v), 2 in v["a"], dict(v))),
    "cached property": (Thing, lambda v: v.slow),
    "cache": (Thing, lambda v: v.remember()),
    "array": (lambda: np.arange(6.0), lambda v: (v.sum(), v.reshape(2, 3).T @ v.reshape(2, 3), v[1:3] + 1)),
    "frame": (frame, describe),
    "index": (lambda: pd.Index(["b", "a"]), lambda v: (v.is_unique, v.get_loc("a"), v.sort_values(), v.hasnans)),
    "dates": (lambda: pd.date_range("2020", periods=3), lambda v: (v.inferred_freq, v.is_unique, v.asi8)),
    "levels": (lambda: frame().set_index(["i", "s"]), lambda v: (v.loc[3], v.index.is_unique, v.unstack("s"))),
    "model": (fitted, predict),
    "neighbours": (neighbours, lambda v: (v.predict(np.ones((2, 2))), v.kneighbors())),
    "text": (vectoriser, lambda v: v.transform(["a text"])),
    "sparse matrix": (sparse, lambda v: (v @ np.ones(3), v.has_sorted_indices, v.has_canonical_format, v.T, v.sum())),
    "function": (lambda: closure, lambda v: v()),
}  # fmt: skip


@pytest.mark.parametrize("name", READS)
def test_reading_leaves_it(name: str) -> None:
    make, read = READS[name]
    value = make()
    before = fingerprint(value)
    assert before != UNKNOWN
    read(value)
    assert fingerprint(value) == before


def test_drawing_a_figure_is_no_change() -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots()
    before = fingerprint(figure), fingerprint([axes])
    figure.canvas.draw()
    assert (fingerprint(figure), fingerprint([axes])) == before
    plt.close(figure)


def test_what_cannot_be_looked_at_is_unknown() -> None:
    assert fingerprint(i for i in [1]) == UNKNOWN


plain: Any = st.recursive(
    st.integers() | st.text(max_size=3) | st.booleans() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)


@given(plain, plain)
@settings(max_examples=200)
def test_different_values_differ_and_equal_ones_agree(a: Any, b: Any) -> None:
    holder = [copy.deepcopy(a)]
    before = fingerprint(holder)
    holder[0] = b
    assert (fingerprint(holder) == before) == (repr(a) == repr(b))


@given(st.lists(st.sampled_from(["i8", "f8", "f4", "?"]), min_size=1, max_size=4), st.data())
@settings(max_examples=60)
def test_any_cell_of_a_frame(dtypes: list[str], data: Any) -> None:
    value = pd.DataFrame({str(i): np.zeros(4, dtype) for i, dtype in enumerate(dtypes)})
    before = fingerprint(value)
    row, column = data.draw(st.integers(0, 3)), data.draw(st.integers(0, len(dtypes) - 1))
    old: Any = value.iat[row, column]
    value.iat[row, column] = value.dtypes.iloc[column].type(1)
    assert fingerprint(value) != before
    value.iat[row, column] = old
    assert fingerprint(value) == before


def test_equal_values_of_other_types_differ() -> None:
    values = [[1], [1.0], [True], ["1"], [b"1"], [None], [np.int64(1)], [np.int32(1)], (1,), {1}, [[1]]]
    prints = [fingerprint(value) for value in values]
    assert all(a != b for a, b in itertools.combinations(prints, 2))
