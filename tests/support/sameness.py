"""Strict comparison of values: types, dtypes, missing values, identity of parts."""

from __future__ import annotations

import decimal
import math
from typing import Any

import numpy as np
import pandas as pd


def same(a: Any, b: Any, where: str = "value") -> None:
    """Assert that two values are the same in every way that a program could see."""
    assert type(a) is type(b), f"{where}: {type(a)} became {type(b)}"
    if isinstance(a, pd.DataFrame):
        same(a.columns, b.columns, f"{where}.columns")
        same(a.index, b.index, f"{where}.index")
        same(dict(a.attrs), dict(b.attrs), f"{where}.attrs")
        assert a.flags.allows_duplicate_labels == b.flags.allows_duplicate_labels
        for i in range(a.shape[1]):
            same_array(a.iloc[:, i].array, b.iloc[:, i].array, f"{where}.iloc[:, {i}]")
        same_layout(a, b, where)
    elif isinstance(a, pd.Series):
        same(a.name, b.name, f"{where}.name")
        same(a.index, b.index, f"{where}.index")
        same(dict(a.attrs), dict(b.attrs), f"{where}.attrs")
        same_array(a.array, b.array, where)
    elif isinstance(a, pd.MultiIndex):
        same(list(a.names), list(b.names), f"{where}.names")
        assert a.sortorder == b.sortorder  # type: ignore[attr-defined]
        for i in range(a.nlevels):
            same(a.levels[i], b.levels[i], f"{where}.levels[{i}]")
            same(np.asarray(a.codes[i]), np.asarray(b.codes[i]), f"{where}.codes[{i}]")
    elif isinstance(a, pd.Index):
        same(a.name, b.name, f"{where}.name")
        assert getattr(a, "freq", None) == getattr(b, "freq", None)
        if isinstance(a, pd.RangeIndex):
            assert (a.start, a.stop, a.step) == (b.start, b.stop, b.step)
        same_array(a.array, b.array, where)
    elif isinstance(a, pd.api.extensions.ExtensionArray):
        same_array(a, b, where)
    elif isinstance(a, np.ma.MaskedArray):
        same(a.data, b.data, f"{where}.data")
        same(np.ma.getmaskarray(a), np.ma.getmaskarray(b), f"{where}.mask")
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype, f"{where}: {a.dtype} became {b.dtype}"
        assert a.shape == b.shape
        assert a.flags.writeable == b.flags.writeable, f"{where}: writeable {b.flags.writeable}"
        assert a.flags.aligned == b.flags.aligned
        if a.flags.c_contiguous or a.flags.f_contiguous:
            assert a.flags.c_contiguous == b.flags.c_contiguous
            assert a.flags.f_contiguous == b.flags.f_contiguous
        if a.dtype.hasobject:
            same(a.tolist(), b.tolist(), where)
        else:
            assert np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes(), where
    elif isinstance(a, np.generic):
        assert a.dtype == b.dtype
        assert a.tobytes() == b.tobytes(), where
    elif isinstance(a, float):
        assert (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b)), where
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), where
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            same(x, y, f"{where}[{i}]")
    elif isinstance(a, dict):
        assert len(a) == len(b), where
        for (key, x), (other, y) in zip(a.items(), b.items(), strict=True):
            same(key, other, f"{where} key")
            same(x, y, f"{where}[{key!r}]")
    elif isinstance(a, complex):
        same((a.real, a.imag), (b.real, b.imag), where)
    elif isinstance(a, decimal.Decimal):
        assert a.as_tuple() == b.as_tuple(), where
    else:
        assert a == b or (a is b), f"{where}: {a!r} became {b!r}"


def same_array(a: Any, b: Any, where: str) -> None:
    """Compare two pandas arrays; NaN, None, NaT and NA differ from each other."""
    assert type(a) is type(b), f"{where}: {type(a)} became {type(b)}"
    assert a.dtype == b.dtype, f"{where}: {a.dtype} became {b.dtype}"
    assert str(a.dtype) == str(b.dtype)
    if isinstance(a.dtype, pd.CategoricalDtype):
        same(a.categories, b.categories, f"{where}.categories")
        assert a.ordered == b.ordered
        same(np.array(a.codes), np.array(b.codes), f"{where}.codes")
        return
    if isinstance(a.dtype, pd.DatetimeTZDtype):
        assert a.dtype.tz is b.dtype.tz or type(a.dtype.tz) is type(b.dtype.tz)
    if isinstance(a.dtype, pd.StringDtype):
        assert (a.dtype.storage, repr(a.dtype.na_value)) == (b.dtype.storage, repr(b.dtype.na_value))
    left, right = a.astype(object), b.astype(object)
    assert len(left) == len(right), where
    for i, (x, y) in enumerate(zip(left, right, strict=True)):
        if x is pd.NA or x is pd.NaT or x is None:
            assert x is y, f"{where}[{i}]: {x!r} became {y!r}"
        else:
            same(x, y, f"{where}[{i}]")


def same_layout(a: pd.DataFrame, b: pd.DataFrame, where: str) -> None:
    """Compare how the values lie in memory: sums of floats depend on it."""
    left, right = a.to_numpy(), b.to_numpy()
    if left.dtype.kind == "f":
        assert left.strides == right.strides or not (left.flags.c_contiguous or left.flags.f_contiguous), where
