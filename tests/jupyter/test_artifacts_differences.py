"""The first difference between two values: found wherever there is one, and only there."""

from __future__ import annotations

import collections
import copy
import datetime
import decimal
import functools
import math
import pickle
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sameness import same
from sklearn.ensemble import RandomForestClassifier

from mdk_jupyter.artifacts.differences import Difference, Incomparable, first_difference

FLIGHTS = pd.DataFrame(
    {"delay": [1.0, math.nan, 3.0], "to": ["a", "b", None], "class": pd.Categorical(["x", "y", "x"])},
).assign(stops=pd.array([1, None, 3], dtype="Int64"), at=pd.date_range("2020", periods=3, tz="UTC"))


def changed(**columns: Any) -> pd.DataFrame:
    return FLIGHTS.assign(**columns)


class Plain:
    def __init__(self, **fields: Any) -> None:
        vars(self).update(fields)


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x: Any) -> None:
        self.x = x


def forest(seed: int) -> RandomForestClassifier:
    rows = np.arange(40.0).reshape(20, 2)
    return RandomForestClassifier(3, random_state=seed).fit(rows, rows[:, 0] % 3 > 1)


def returning(value: Any) -> Any:
    return lambda: value


DIFFERENT: list[tuple[Any, Any, str, str, str]] = [
    (1, 1.0, "v", "1 (int)", "1.0 (float)"),
    (True, 1, "v", "True (bool)", "1 (int)"),
    (0.0, -0.0, "v", "0.0", "-0.0"),
    (1 + 2j, 1 + 3j, "v.imag", "2.0", "3.0"),
    (decimal.Decimal("1.0"), decimal.Decimal("1.00"), "v", "Decimal('1.0')", "Decimal('1.00')"),
    ([1, (2, {"a": 3.0})], [1, (2, {"a": 4.0})], "v[1][1]['a']", "3.0", "4.0"),
    ([1], [1, 2], "len(v)", "1", "2"),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "a key of v", "'a'", "'b'"),
    ({1, 2}, {1, True + 2}, "an element of v", "2", "3"),
    ({1}, {1.0}, "an element of v", "1", "1.0"),
    (datetime.date(2020, 1, 1), datetime.date(2020, 1, 2), "v", "datetime.date(2020, 1, 1)", "datetime.date(2020, 1, 2)"),
    (re.compile("a"), re.compile("a", re.I), "v", "re.compile('a')", "re.compile('a', re.IGNORECASE)"),
    (collections.deque([1, 2]), collections.deque([1, 3]), "v[1]", "2", "3"),
    (collections.Counter("aab"), collections.Counter("ab"), "v['a']", "2", "1"),
    (functools.partial(int, base=2), functools.partial(int, base=3), "v.__getstate__()[2]['base']", "2", "3"),
    (np.float64(1), np.float32(1), "v", "1.0 (numpy.float64)", "1.0 (numpy.float32)"),
    (np.array([[1, 2], [3, 4]]), np.array([[1, 2], [3, 5]]), "v[1, 1]", "4", "5"),
    (np.array([1, 2]), np.array([1.0, 2.0]), "v.dtype", "int64", "float64"),
    (np.zeros((2, 3)), np.zeros((3, 2)), "v.shape", "(2, 3)", "(3, 2)"),
    (np.array([0.0]), np.array([-0.0]), "v[0]", "0.0", "-0.0"),
    (np.array([1, "a"], dtype=object), np.array([1, "b"], dtype=object), "v[1]", "'a'", "'b'"),
    (np.array([(1, 2.0)], "i4,f8"), np.array([(1, 3.0)], "i4,f8"), "v[0]", "(1, 2.0)", "(1, 3.0)"),
    (np.ma.array([1, 2], mask=[False, True]), np.ma.array([1, 2], mask=[False, False]), "v.mask[1]", "True", "False"),
    (FLIGHTS, changed(delay=[1.0, 0.0, 3.0]), "v['delay'][1]", "nan", "0.0"),
    (FLIGHTS, changed(delay=[1, 2, 3]), "v['delay'].dtype", "float64", "int64"),
    (FLIGHTS, changed(to=["a", "c", None]), "v['to'][1]", "'b'", "'c'"),
    (FLIGHTS, changed(stops=pd.array([1, None, 4], dtype="Int64")), "v['stops'][2]", "3", "4"),
    (FLIGHTS.set_index("to"), changed(delay=0.0).set_index("to"), "v['delay']['a']", "1.0", "0.0"),
    (FLIGHTS.set_index("at").delay, changed(delay=1.0).set_index("at").delay, "v.iloc[1]", "nan", "1.0"),
    (FLIGHTS, FLIGHTS[["delay", "to"]], "len(v.columns)", "5", "2"),
    (pd.Series([1], name="a"), pd.Series([1], name="b"), "v.name", "'a'", "'b'"),
    (pd.RangeIndex(2), pd.Index([0, 1]), "v", "2 values, int64 (pandas.RangeIndex)", "2 values, int64 (pandas.Index)"),
    (
        pd.MultiIndex.from_tuples([(1, "a"), (2, "b")]),
        pd.MultiIndex.from_tuples([(1, "a"), (2, "c")]),
        "v.get_level_values(1)[1]",
        "'b'",
        "'c'",
    ),
    (Plain(x=[1]), Plain(x=[2]), "v.x[0]", "1", "2"),
    (Plain(x=1), Plain(x=1, y=2), "v.y", "nothing", "2"),
    (Slotted(1), Slotted(2), "v.x", "1", "2"),
    (ValueError("a"), ValueError("b"), "v", "'a'", "'b'"),
    (lambda x: x + 1, lambda x: x + 2, "v.__code__", "<lambda>", "a function that does something else"),
    (returning(1), returning(2), "v.value", "1", "2"),
    (forest(0), forest(1), "v.random_state", "0", "1"),
    (np.random.default_rng(0), np.random.default_rng(1), "v.state['state']", "…", "…"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(DIFFERENT)))
def test_the_first_difference_has_its_place(number: int) -> None:
    a, b, path, one, other = DIFFERENT[number]
    found = first_difference(a, b, "v")
    assert found is not None and found.path.startswith(path)
    if one != "…":
        said = Difference(path, one, other)
        assert (found.path, _plain(found.a), _plain(found.b)) == (said.path, said.a, said.b)
    assert first_difference(b, a, "v") is not None
    for value in (a, b):
        assert first_difference(value, copied(value), "v") is None


def _plain(text: str) -> str:
    """Leave out how newer versions of numpy write their scalars."""
    return re.sub(r"np\.\w+\((.*?)\)(?=$| )", r"\1", re.sub(r"np\.void\((.*), dtype.*\)", r"\1", text))


def copied(value: Any) -> Any:
    try:
        return pickle.loads(pickle.dumps(value))
    except (pickle.PicklingError, AttributeError):  # functions made here
        return copy.deepcopy(value)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.complex_numbers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
        | st.builds(lambda items: pd.Series(items, dtype=object), st.lists(inner, max_size=3))
        | st.builds(np.array, st.lists(st.floats(), max_size=3))
    ),
    max_leaves=6,
)


@given(PLAIN, PLAIN)
def test_strictness_is_that_of_a_program(a: Any, b: Any) -> None:
    assert first_difference(a, copied(a), "v") is None
    try:
        same(a, b)
    except (AssertionError, ValueError):
        assert first_difference(a, b, "v") is not None
    else:
        assert first_difference(a, b, "v") is None


def test_what_goes_in_circles() -> None:
    a: list[Any] = [1]
    a.append(a)
    b: list[Any] = [1]
    b.append(b)
    assert first_difference(a, b, "v") is None
    b[0] = 2
    found = first_difference({"x": a}, {"x": b}, "v")
    assert found is not None and found.path == "v['x'][0]"


def test_what_reading_leaves_behind_is_no_difference() -> None:
    class Lazy:
        @functools.cached_property
        def total(self) -> int:
            return 3

    a, b = Lazy(), Lazy()
    assert a.total == 3 and first_difference(a, b, "v") is None


def test_what_cannot_be_looked_at() -> None:
    import matplotlib.figure

    for make in (matplotlib.figure.Figure, lambda: [(n for n in [1])]):
        with pytest.raises(Incomparable):
            first_difference(make(), make(), "v")
