"""Every value comes back as it was: type, dtype, index, missing values, time zones, last bit."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import fractions
import functools
import pathlib
import random
import tempfile
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from sameness import same

from mdk_jupyter.artifacts import Record, Store
from mdk_jupyter.artifacts.handover import load, save

SLOW = settings(max_examples=80, suppress_health_check=list(HealthCheck))
STORE = Store(tempfile.mkdtemp(prefix="mdk-round-trip-"))


def round_trip(value: Any) -> tuple[Any, Record]:
    record = Record.from_json(save({"value": value}, STORE)["value"].to_json())
    assert record.status == "value", record.reason
    return dict(load({"value": record}, STORE))["value"], record


# Plain values

texts = st.text(st.characters(exclude_categories=())) | st.text()
atoms = st.none() | st.booleans() | st.integers() | st.floats() | texts


def is_no_nan(key: object) -> bool:
    return str(key) != "nan"


plain = st.recursive(atoms, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))
anything = st.recursive(
    atoms
    | st.binary()
    | st.complex_numbers()
    | st.dates()
    | st.datetimes(timezones=st.none() | st.timezones())
    | st.timedeltas()
    | st.decimals()
    | st.fractions()
    | st.uuids(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(atoms.filter(is_no_nan), inner, max_size=3)
        | st.sets(st.integers() | st.text(), max_size=3)
        | st.frozensets(st.text(), max_size=3)
    ),
    max_leaves=8,
)


@given(plain)
@SLOW
def test_plain_values(value: Any) -> None:
    same(value, round_trip(value)[0])


@given(anything)
@SLOW
def test_nested_values(value: Any) -> None:
    same(value, round_trip(value)[0])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [1, 2.5, None, True, "ü"]}, "json"),
        (float("nan"), "json"),
        ([float("inf"), -0.0], "json"),
        (10**1000, "json"),
        pytest.param(10**5000, "pickle", id="an integer beyond the limit of texts"),
        ({1: "a"}, "pickle"),
        ((1, 2), "pickle"),
        ({1, 2}, "pickle"),
        ("\ud83d" + "\ude00", "pickle"),
        ({"\udc80": 1}, "pickle"),
        (b"\x00\xff", "bytes"),
        (bytearray(b"ab"), "pickle"),
        (collections.OrderedDict(b=1, a=2), "pickle"),
        (np.arange(3), "npy"),
        (np.float32(1.5), "npy-scalar"),
        (np.datetime64("2020-01-01", "D"), "npy-scalar"),
        (np.array(["a", None], dtype=object), "pickle"),
        (pd.DataFrame({"a": [1]}), "parquet"),
        (pa.table({"a": [1, None]}), "arrow"),
    ],
)
def test_the_safest_format_that_is_exact_is_taken(value: Any, expected: str) -> None:
    back, record = round_trip(value)
    same(value, back)
    assert record.format == expected


def test_a_container_in_two_places_stays_one() -> None:
    inner: list[int] = []
    back, _ = round_trip([inner, inner, {"again": inner}])
    assert back[0] is back[1] is back[2]["again"]


def test_a_container_in_itself_comes_back() -> None:
    value: list[Any] = [1]
    value.append(value)
    back, _ = round_trip(value)
    assert back[1] is back


def test_a_very_deep_list_comes_back() -> None:
    value: list[Any] = []
    for _ in range(150):
        value = [value]
    same(value, round_trip(value)[0])


class Colour(enum.Enum):
    RED = "r"


@pytest.mark.parametrize(
    "value",
    [
        Colour.RED,
        collections.Counter("aab"),
        collections.deque([1, 2], maxlen=3),
        collections.defaultdict(list, a=[1]),
        datetime.datetime(2020, 3, 29, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Paris")),
        decimal.Decimal("1.20"),
        fractions.Fraction(1, 3),
        uuid.UUID(int=5),
        pathlib.Path("a/b"),
        range(1, 9, 2),
        slice(1, None, 2),
        ...,
        NotImplemented,
        int,
        len,
        collections.OrderedDict,
        pd.Timestamp("2020-01-01", tz="Asia/Tokyo"),
        pd.Timedelta("1s"),
        pd.Period("2020-01", "M"),
        pd.NaT,
        pd.NA,
        np.dtype("f4"),
        pd.Interval(0, 1),
        pd.offsets.MonthEnd(2),
        np.bool_(True),
        np.str_("a"),
        np.timedelta64("NaT"),
        np.longdouble("1.1"),
        np.complex64(1 + 2j),
    ],
)
def test_values_of_many_types(value: Any) -> None:
    back = round_trip(value)[0]
    assert type(back) is type(value)
    assert back is value if value is pd.NA or value is pd.NaT else (back == value) or str(back) == str(value)


def test_generators_of_random_numbers_go_on() -> None:
    made: list[tuple[Any, Callable[[Any], Any]]] = [
        (random.Random(3), lambda r: r.random()),
        (np.random.default_rng(3), lambda r: r.random()),
        (np.random.RandomState(3), lambda r: r.rand()),
    ]
    for generator, draw in made:
        draw(generator)
        back = round_trip(generator)[0]
        assert [draw(back) for _ in range(5)] == [draw(generator) for _ in range(5)]


def test_partials_and_dictionary_views_keep_what_they_show() -> None:
    owner = {"a": 1}
    back, _ = round_trip(
        {"owner": owner, "keys": owner.keys(), "items": owner.items(), "first": functools.partial(max, 3)}
    )
    back["owner"]["b"] = 2
    assert list(back["keys"]) == ["a", "b"]
    assert list(back["items"]) == [("a", 1), ("b", 2)]
    assert back["first"](2) == 3


# numpy

dtypes = (
    npst.scalar_dtypes()
    | npst.unicode_string_dtypes()
    | npst.byte_string_dtypes()
    | npst.array_dtypes(max_size=3)
    | npst.nested_dtypes(max_itemsize=64)
)
arrays = dtypes.flatmap(
    lambda dtype: npst.arrays(dtype, npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)
orders: list[Callable[[Any], Any]] = [
    lambda a: a,
    np.asfortranarray,
    lambda a: a.T,
    lambda a: a[::2] if a.ndim else a,
    lambda a: a[..., ::-1] if a.ndim else a,
]


@given(arrays, st.sampled_from(orders), st.booleans())
@SLOW
def test_arrays(array: Any, order: Callable[[Any], Any], writeable: bool) -> None:
    array = order(array)
    if not isinstance(array, np.ndarray):
        array = np.asarray(array)
    array.setflags(write=writeable)
    back, _ = round_trip(array)
    same(array, back)


@given(npst.arrays(npst.scalar_dtypes(), (1,)))
@SLOW
def test_numpy_scalars(array: Any) -> None:
    value = array[0]
    back = round_trip(value)[0]
    assert type(back) is type(value)
    same(np.asarray(value), np.asarray(back))


@pytest.mark.parametrize(
    "array",
    [
        np.ma.masked_array([1, 2], [True, False]),
        np.matrix([[1, 2]]),
        np.rec.array([(1, "a")], dtype=[("x", "i4"), ("y", "U3")]),
        np.array([{"a": [1]}, None, 1.5, float("nan")], dtype=object),
        np.array(["a", "bc"], dtype=np.dtypes.StringDType()),
        np.zeros(2, np.dtype({"names": ["a", "b"], "formats": ["u1", "f8"], "offsets": [0, 16], "itemsize": 32})),
        np.zeros(2, np.dtype([("a", "u1"), ("b", "f8")], align=True)),
        np.zeros(2, np.dtype([(("a title", "a"), "u1")])),
        np.zeros(2, np.dtype("f8", metadata={"unit": "m"})),
        np.zeros((0, 3), ">f4"),
    ],
)
def test_arrays_of_unusual_kinds(array: Any) -> None:
    back, _ = round_trip(array)
    same(array, back)
    assert dict(back.dtype.metadata or {}) == dict(array.dtype.metadata or {})
    assert back.dtype.isalignedstruct == array.dtype.isalignedstruct
    assert back.dtype.fields == array.dtype.fields


# pandas

PeriodIndex: Any = pd.PeriodIndex
names = st.none() | st.text(max_size=3) | st.integers(-3, 3) | st.tuples(st.text(max_size=1), st.integers(0, 3))
instants = st.integers(-(2**40), 2**40)
units = st.sampled_from(["s", "ms", "us", "ns"])
zones = st.sampled_from(["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "+02:00"])


def column(n: int) -> st.SearchStrategy[Any]:
    """Any pandas array of length n."""

    def of(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
        return st.lists(inner, min_size=n, max_size=n)

    small = st.integers(-100, 100)
    text = st.text(max_size=3)
    return st.one_of(
        st.sampled_from(["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "c16"]).flatmap(
            lambda dtype: npst.arrays(dtype, n).map(pd.Series)
        ),
        of(text | st.none()).map(lambda v: pd.Series(v, dtype=object)),
        of(st.none() | st.just(float("nan")) | st.just(pd.NaT) | st.just(pd.NA) | text).map(
            lambda v: pd.Series(v, dtype=object)
        ),
        of(small | text | st.lists(small, max_size=1)).map(lambda v: pd.Series(v, dtype=object)),
        of(text | st.none()).map(lambda v: pd.Series(v, dtype="str")),
        of(text | st.none()).map(lambda v: pd.Series(v, dtype="string")),
        of(text | st.none()).map(lambda v: pd.Series(v, dtype=pd.StringDtype("python"))),
        of(small | st.none()).map(lambda v: pd.Series(v, dtype="Int16")),
        of(st.booleans() | st.none()).map(lambda v: pd.Series(v, dtype="boolean")),
        of(st.floats() | st.none()).map(lambda v: pd.Series(pd.arrays.FloatingArray(
            np.array([0.0 if x is None else x for x in v]), np.array([x is None for x in v], dtype=bool)))),
        st.tuples(of(instants | st.none()), units).map(
            lambda v: pd.Series(np.array([np.datetime64("NaT") if x is None else x for x in v[0]], dtype=f"M8[{v[1]}]"))
        ),
        st.tuples(of(instants), units).map(lambda v: pd.Series(np.array(v[0], dtype=f"m8[{v[1]}]"))),
        st.tuples(of(instants), units, zones).map(
            lambda v: pd.Series(np.array(v[0], dtype=f"M8[{v[1]}]")).dt.tz_localize("UTC").dt.tz_convert(v[2])
        ),
        st.tuples(of(st.integers(-1, 2)), st.booleans(), st.sampled_from(CATEGORIES)).map(
            lambda v: pd.Series(pd.Categorical.from_codes(np.array(v[0], dtype="i8"), v[2], ordered=v[1]))
        ),
        of(instants).map(lambda v: pd.Series(PeriodIndex.from_ordinals(np.array(v, dtype="i8") % 1000, freq="M"))),
        of(st.sampled_from([pd.Interval(0, 1), pd.Interval(1, 2)])).map(lambda v: pd.Series(v, dtype="interval")),
        of(small).map(lambda v: pd.Series(v, dtype="int64[pyarrow]")),
        of(st.sampled_from([0, 0, 1])).map(lambda v: pd.Series(v, dtype=pd.SparseDtype("int64", 0))),
    )  # fmt: skip


CATEGORIES = [
    pd.Index(["b", "a", "ü"]),
    pd.Index(["b", "a", "c"], dtype=object),
    pd.Index([3, 1, 2], name="grade"),
    pd.Index([0.5, -0.0, 3.0]),
    pd.Index([1, "a", 2.5], dtype=object),
    pd.DatetimeIndex(["2020-01-01", "2019-01-01", "2021-01-01"], tz="Europe/Paris"),
    pd.date_range("2020-01-01", periods=3, freq="D"),
    pd.Index([True, False, None], dtype=object).dropna().append(pd.Index(["x"], dtype=object)),
    pd.RangeIndex(3),
    pd.IntervalIndex.from_breaks([0, 1, 2, 3]),
]


def index(n: int) -> st.SearchStrategy[Any]:
    """Any index of length n."""
    return st.one_of(
        st.tuples(st.integers(-3, 3), st.sampled_from([1, 2, -1]), names).map(
            lambda v: pd.RangeIndex(v[0], v[0] + n * v[1], v[1], name=v[2])
        ),
        st.tuples(column(n), names).map(lambda v: pd.Index(v[0].array, name=v[1])),
        st.tuples(st.sampled_from(["D", "h", "MS", "W-WED"]), st.sampled_from([None, "Europe/Paris"])).map(
            lambda v: pd.date_range("2020-01-01", periods=n, freq=v[0], tz=v[1], name="t")
        ),
        st.just(pd.timedelta_range("1h", periods=n, freq="2h")),
        st.tuples(column(n), column(n), names, names)
        .filter(lambda v: all(isinstance(x, str | int) for x in v[0]) and all(isinstance(x, str | int) for x in v[1]))
        .map(lambda v: pd.MultiIndex.from_arrays([v[0].array, v[1].array], names=[v[2], v[3]])),
    )


attrs = st.dictionaries(st.text(max_size=2), plain, max_size=2)


@st.composite
def series(draw: Any) -> pd.Series[Any]:
    n = draw(st.integers(0, 5))
    value: pd.Series[Any] = draw(column(n))
    value.index = draw(index(n))
    value.name = draw(names)
    value.attrs = draw(attrs)
    return value


@st.composite
def frames(draw: Any) -> pd.DataFrame:
    n, width = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    columns = [draw(column(n)) for _ in range(width)]
    labels = draw(index(width) | st.lists(st.text(max_size=2), min_size=width, max_size=width).map(pd.Index))
    value = pd.DataFrame(dict(enumerate(columns)), index=pd.RangeIndex(n))
    value.columns = labels
    value.index = draw(index(n))
    value.attrs = draw(attrs)
    return value


@given(series())
@SLOW
def test_series(value: Any) -> None:
    same(value, round_trip(value)[0])


@given(frames())
@SLOW
def test_frames(value: Any) -> None:
    same(value, round_trip(value)[0])


@given(st.integers(0, 5).flatmap(index))
@SLOW
def test_indexes(value: Any) -> None:
    same(value, round_trip(value)[0])


COMMON = {
    "mixed": pd.DataFrame(
        {"a": [1, 2], "b": ["x", None], "c": [0.5, None], "d": pd.to_datetime(pd.Series(["2020", None]))}
    ),
    "zones": pd.DataFrame({"t": pd.date_range("2020", periods=3, tz="America/New_York")}),
    "categories": pd.DataFrame({"c": pd.Categorical(["a", None], ["b", "a"], ordered=True)}),
    "nullable": pd.DataFrame({"i": pd.array([1, None]), "s": pd.array(["a", None]), "b": pd.array([True, None])}),
    "rows": pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="key")),
    "levels": pd.DataFrame({"a": range(4), "b": list("xyxy"), "c": 1.0}).set_index(["a", "b"]),
    "numbers": pd.DataFrame(np.arange(6.0).reshape(2, 3)),
    "pivot": pd.DataFrame({"a": [1, 1, 2], "b": list("xyx"), "v": [1.0, 2, 3]}).pivot_table("v", "a", "b"),
    "described": pd.DataFrame({"a": [1, 2], "b": [0.5, 1]}).describe(),
    "aggregated": pd.DataFrame({"a": [1, 1, 2], "v": [1.0, 2, 3]}).groupby("a").agg({"v": ["mean", "max"]}),
    "duplicates": pd.DataFrame([[1, "a"], [2, "b"]], columns=["x", "x"]),
    "empty": pd.DataFrame(),
    "no rows": pd.DataFrame({"a": pd.Series([], dtype="f4"), "b": pd.Series([], dtype=object)}),
    "no columns": pd.DataFrame(index=pd.Index(["a", "b"])),
    "counts": pd.Series(list("aab")).value_counts(),
    "monthly": pd.Series([1.0, 2.0], index=pd.date_range("2020-01-31", periods=2, freq="ME")),
}


@pytest.mark.parametrize("name", COMMON)
def test_common_frames_take_the_safe_format(name: str) -> None:
    back, record = round_trip(COMMON[name])
    same(COMMON[name], back)
    assert record.format == "parquet"


def test_the_file_can_be_read_by_others() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": pd.Categorical(["x", "y"]), "t": pd.to_datetime(["2020", "2021"])})
    _, record = round_trip(frame)
    assert record.digest is not None
    table = pa.parquet.read_table(STORE.path(record.digest))
    assert table.column("a").to_pylist() == [1, 2]
    assert table.column("b").to_pylist() == ["x", "y"]
    assert [str(t)[:4] for t in table.column("t").to_pylist()] == ["2020", "2021"]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["f8", "f4", "i8", "?"])
def test_sums_agree_to_the_last_bit(order: Any, kind: str) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(np.asarray(rng.normal(size=(1000, 7)) * 1e3, dtype=kind, order=order), columns=list("abcdefg"))
    frame["text"] = "x"
    for value in (frame, frame[frame["a"] > 0], frame.drop(columns="b"), frame.sort_values("c"), frame[list("abc")]):
        back, record = round_trip(value)
        assert record.format == "parquet"
        numbers = value.drop(columns="text", errors="ignore"), back.drop(columns="text", errors="ignore")
        same(numbers[0].sum(), numbers[1].sum())
        same(numbers[0].mean(axis=1), numbers[1].mean(axis=1))
        same(np.asarray(numbers[0].to_numpy().sum()), np.asarray(numbers[1].to_numpy().sum()))


def test_a_received_frame_can_be_changed() -> None:
    back, _ = round_trip(pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}))
    back.loc[0, "a"] = 9.0
    back["b"] = back["b"].str.upper()
    back.to_numpy()
    assert back.to_dict("list") == {"a": [9.0, 2.0], "b": ["X", "Y"]}
    series, _ = round_trip(pd.Series([1.0, 2.0]))
    series.iloc[0] = 5.0
    assert series.tolist() == [5.0, 2.0]


def test_flags_are_kept() -> None:
    back, record = round_trip(pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False))
    assert back.flags.allows_duplicate_labels is False
    assert record.format == "pickle"


@pytest.mark.filterwarnings("ignore:Pandas doesn't allow columns")
def test_attributes_that_the_user_sets_on_a_frame_are_kept() -> None:
    frame: Any = pd.DataFrame({"a": [1]})
    frame.source = ["a.csv"]
    back, record = round_trip(frame)
    assert record.format == "pickle"
    assert back.source == ["a.csv"]
    same(pd.DataFrame(frame), pd.DataFrame(back))
    assert round_trip({"f": frame})[0]["f"].source == ["a.csv"]
