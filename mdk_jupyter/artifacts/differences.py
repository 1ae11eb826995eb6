"""The first difference between two values: strict about types, without tolerance, and with its place."""

from __future__ import annotations

import contextlib
import decimal
import enum
import functools
import math
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from mdk_jupyter.artifacts import classes, functions
from mdk_jupyter.artifacts.fingerprints import LAZY, fingerprint, reduce_without_caches
from mdk_jupyter.artifacts.handover import preview
from mdk_jupyter.artifacts.pickles import NoFile, NotebookPickler
from mdk_jupyter.artifacts.travel import type_name

_ATOMS = (str, bytes, int, bool, type(None), type(Ellipsis), type(NotImplemented))
_PLAIN = ("datetime", "decimal", "fractions", "pandas", "pathlib", "re", "uuid", "zoneinfo")  # libraries
_LONGEST = 80  # characters of a shown value


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two values differ first, and what is there in each."""

    path: str
    a: str
    b: str


class Incomparable(Exception):
    """Nothing can be said: a part has no content that could be looked at."""


def first_difference(a: object, b: object, name: str) -> Difference | None:
    """Return the first difference, its path beginning with `name`, or None when the values are the same.

    NaN is equal to NaN, and -0.0 is not 0.0. Objects are compared by their state, functions by their code, and classes
    of the notebook by what they consist of.

    Raises:
        Incomparable: a part cannot be looked at.

    Example:
        >>> first_difference({"rates": [1.0, 2.0]}, {"rates": [1.0, 2.5]}, "found")
        Difference(path="found['rates'][1]", a='2.0', b='2.5')
    """
    try:
        _Walk().compare(a, b, name)
    except _FoundError as found:
        return found.difference
    except RecursionError:
        raise Incomparable(f"`{name}` is nested too deeply") from None
    return None


class _FoundError(Exception):
    def __init__(self, difference: Difference) -> None:
        super().__init__(difference)
        self.difference = difference


class _Walk:
    """One walk through two values side by side; it ends at the first difference."""

    def __init__(self) -> None:
        self._met: set[tuple[int, int]] = set()
        self._kept: list[object] = []  # what was met stays alive, so that its id stays its own
        self._pickler = NotebookPickler(cast(BinaryIO, NoFile()))

    def compare(self, a: Any, b: Any, path: str) -> None:
        if a is b:
            return
        if isinstance(a, type) and isinstance(b, type):
            self._compare_classes(a, b, path)
            return
        self._compare_types(a, b, path)
        if isinstance(a, _ATOMS) and type(a) in _ATOMS:
            self._require(a == b, a, b, path)
            return
        if (id(a), id(b)) in self._met:
            return
        self._met.add((id(a), id(b)))
        self._kept += (a, b)
        self._comparison(a)(a, b, path)

    def _comparison(self, value: Any) -> Callable[[Any, Any, str], None]:
        kind = type(value)
        if kind.__module__.startswith(LAZY):
            raise Incomparable(f"objects of {kind.__module__.partition('.')[0]} are drawings, not values")
        if kind in _OWN:
            return functools.partial(_OWN[kind], self)
        if isinstance(value, enum.Enum):
            return lambda a, b, path: self._require(a.name == b.name, a, b, path)
        if isinstance(value, types.ModuleType):
            return lambda a, b, path: self._require(a.__name__ == b.__name__, a, b, path)
        numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
        if pandas is not None:
            if isinstance(value, pandas.DataFrame):
                return self._compare_frames
            if isinstance(value, pandas.Series):
                return self._compare_series
            if isinstance(value, pandas.Index):
                return self._compare_indexes
            if isinstance(value, pandas.api.extensions.ExtensionArray):
                return self._compare_extension_arrays
        if numpy is not None:
            if kind is numpy.ma.MaskedArray:
                return self._compare_masked_arrays
            if kind is numpy.ndarray:
                return self._compare_arrays
            if isinstance(value, numpy.generic):
                return lambda a, b, path: self._compare_scalars(numpy.asarray(a), numpy.asarray(b), path)
        return self._compare_states

    def _require(self, same: bool, a: object, b: object, path: str) -> None:
        if not same:
            raise _FoundError(Difference(path, _shown(a), _shown(b)))

    def _require_said(self, a: str, b: str, path: str) -> None:
        if a != b:
            raise _FoundError(Difference(path, a, b))

    # -- types and classes

    def _compare_types(self, a: object, b: object, path: str) -> None:
        if type_name(a) != type_name(b):
            raise _FoundError(Difference(path, *(f"{_shown(value)} ({type_name(value)})" for value in (a, b))))
        self._compare_classes(type(a), type(b), f"type({path})")

    def _compare_classes(self, a: type, b: type, path: str) -> None:
        """Two classes are the same when they are one, or the notebook's own and made of the same."""
        if a is b or (id(a), id(b)) in self._met:
            return
        if not (classes.is_notebook_class(a) and classes.is_notebook_class(b)) or a.__qualname__ != b.__qualname__:
            raise _FoundError(Difference(path, *(f"{kind.__module__}.{kind.__qualname__}" for kind in (a, b))))
        self._met.add((id(a), id(b)))
        self._compare_attributes(classes.state_of(a), classes.state_of(b), path)

    # -- plain values

    def _compare_floats(self, a: float, b: float, path: str) -> None:
        both_nan = math.isnan(a) and math.isnan(b)
        self._require(both_nan or (a == b and math.copysign(1, a) == math.copysign(1, b)), a, b, path)

    def _compare_complex(self, a: complex, b: complex, path: str) -> None:
        self.compare(a.real, b.real, f"{path}.real")
        self.compare(a.imag, b.imag, f"{path}.imag")

    def _compare_decimals(self, a: decimal.Decimal, b: decimal.Decimal, path: str) -> None:
        self._require(a.as_tuple() == b.as_tuple(), a, b, path)

    def _compare_sequences(self, a: Any, b: Any, path: str) -> None:
        for number, (x, y) in enumerate(zip(a, b, strict=False)):
            self.compare(x, y, f"{path}[{number}]")
        self._require(len(a) == len(b), len(a), len(b), f"len({path})")

    def _compare_dicts(self, a: dict[Any, Any], b: dict[Any, Any], path: str) -> None:
        for key, other in zip(a, b, strict=False):
            self.compare(key, other, f"a key of {path}")
            self.compare(a[key], b[other], f"{path}[{_shown(key)}]")
        self._require(len(a) == len(b), len(a), len(b), f"len({path})")

    def _compare_sets(self, a: Any, b: Any, path: str) -> None:
        self._require(len(a) == len(b), len(a), len(b), f"len({path})")
        one, other = ({_element_key(element): element for element in part} for part in (a, b))
        alone = sorted(one.keys() - other.keys()), sorted(other.keys() - one.keys())
        if alone[0] or alone[1]:
            found = [
                _shown(part[keys[0]]) if keys else "nothing" for part, keys in zip((one, other), alone, strict=True)
            ]
            raise _FoundError(Difference(f"an element of {path}", *found))

    # -- arrays

    def _compare_scalars(self, a: Any, b: Any, path: str) -> None:
        self._require_said(str(a.dtype), str(b.dtype), f"{path}.dtype")
        self._require(bool(_equal_elements(a, b).all()), a[()], b[()], path)

    def _compare_arrays(self, a: Any, b: Any, path: str) -> None:
        self._require_said(str(a.dtype), str(b.dtype), f"{path}.dtype")
        self._require_said(str(a.shape), str(b.shape), f"{path}.shape")
        if a.dtype.hasobject:
            for position, x in _items(a):
                self.compare(x, b[position], f"{path}{_bracketed(position)}")
            return
        for position in _first_false(_equal_elements(a, b)):
            raise _FoundError(Difference(f"{path}{_bracketed(position)}", _shown(a[position]), _shown(b[position])))

    def _compare_masked_arrays(self, a: Any, b: Any, path: str) -> None:
        import numpy

        self._compare_masked(a.data, b.data, numpy.ma.getmaskarray(a), numpy.ma.getmaskarray(b), path)
        self.compare(a.fill_value, b.fill_value, f"{path}.fill_value")

    def _compare_masked(self, a: Any, b: Any, mask: Any, other: Any, path: str) -> None:
        """Compare what is not masked; what is under a mask nobody sees."""
        self._require_said(str(a.dtype), str(b.dtype), f"{path}.dtype")
        self._compare_arrays(mask, other, f"{path}.mask")
        for position in _first_false(_equal_elements(a, b) | mask):
            raise _FoundError(Difference(f"{path}{_bracketed(position)}", _shown(a[position]), _shown(b[position])))

    # -- pandas

    def _compare_frames(self, a: Any, b: Any, path: str) -> None:
        self.compare(a.columns, b.columns, f"{path}.columns")
        self.compare(a.index, b.index, f"{path}.index")
        unique = a.columns.is_unique
        for number, label in enumerate(a.columns):
            column = f"{path}[{_shown(label)}]" if unique else f"{path}.iloc[:, {number}]"
            self._compare_values(a.iloc[:, number], b.iloc[:, number], column)
        self._compare_about(a, b, path)

    def _compare_series(self, a: Any, b: Any, path: str) -> None:
        self.compare(a.name, b.name, f"{path}.name")
        self.compare(a.index, b.index, f"{path}.index")
        self._compare_values(a, b, path)
        self._compare_about(a, b, path)

    def _compare_values(self, a: Any, b: Any, path: str) -> None:
        """Compare the values of two columns, and tell the row by its label where it has a plain one."""
        try:
            self.compare(_plain(a.array), _plain(b.array), "")
        except _FoundError as found:
            rest = found.difference.path
            number, bracket, after = rest.removeprefix("[").partition("]")
            if rest.startswith("[") and bracket and number.isdecimal():
                label = a.index[int(number)]
                plain = a.index.is_unique and (isinstance(label, str) or a.index.dtype.kind == "i")
                rest = (f"[{_shown(label)}]" if plain else f".iloc[{number}]") + after
            raise _FoundError(Difference(path + rest, found.difference.a, found.difference.b)) from None

    def _compare_about(self, a: Any, b: Any, path: str) -> None:
        self.compare(dict(a.attrs), dict(b.attrs), f"{path}.attrs")
        self._compare_attributes(_own_attributes(a), _own_attributes(b), path)

    def _compare_indexes(self, a: Any, b: Any, path: str) -> None:
        import pandas

        if isinstance(a, pandas.MultiIndex):
            self.compare(list(a.names), list(b.names), f"{path}.names")
            for level in range(a.nlevels):
                self.compare(a.get_level_values(level), b.get_level_values(level), f"{path}.get_level_values({level})")
            return
        self.compare(a.name, b.name, f"{path}.name")
        self._require_said(str(len(a)), str(len(b)), f"len({path})")
        self.compare(_plain(a.array), _plain(b.array), path)
        if isinstance(a, pandas.DatetimeIndex | pandas.TimedeltaIndex):
            self._require_said(str(a.freq), str(b.freq), f"{path}.freq")

    def _compare_extension_arrays(self, a: Any, b: Any, path: str) -> None:
        self._require_said(repr(a.dtype), repr(b.dtype), f"{path}.dtype")
        self._require_said(str(len(a)), str(len(b)), f"len({path})")
        if hasattr(a, "categories"):
            self.compare(a.categories, b.categories, f"{path}.categories")
        elif hasattr(a, "_mask"):
            self._compare_masked(a._data, b._data, a._mask, b._mask, path)
            return
        elif not hasattr(a, "_ndarray") and a.equals(b):
            return
        self._compare_sequences(a.astype(object), b.astype(object), path)

    # -- everything else

    def _compare_functions(self, a: types.FunctionType, b: types.FunctionType, path: str) -> None:
        if not functions.same_code(a.__code__, b.__code__):
            raise _FoundError(Difference(f"{path}.__code__", a.__qualname__, "a function that does something else"))
        for name in ("__defaults__", "__kwdefaults__", "__dict__"):
            self.compare(getattr(a, name), getattr(b, name), f"{path}.{name}")
        cells = ([_content_of(cell) for cell in function.__closure__ or ()] for function in (a, b))
        for name, x, y in zip(a.__code__.co_freevars, *cells, strict=True):
            self.compare(x, y, f"{path}.{name}")

    def _compare_methods(self, a: types.MethodType, b: types.MethodType, path: str) -> None:
        self.compare(a.__func__, b.__func__, f"{path}.__func__")
        self.compare(a.__self__, b.__self__, f"{path}.__self__")

    def _compare_properties(self, a: property, b: property, path: str) -> None:
        for name in ("fget", "fset", "fdel"):
            self.compare(getattr(a, name), getattr(b, name), f"{path}.{name}")

    def _compare_wrapped(self, a: Any, b: Any, path: str) -> None:
        self.compare(a.__func__, b.__func__, f"{path}.__func__")

    def _compare_states(self, a: Any, b: Any, path: str) -> None:
        try:
            self._compare_reduced(self._reduced(a), self._reduced(b), path)
        except _FoundError:
            if _is_plain(a) and repr(a) != repr(b):
                raise _FoundError(Difference(path, _shown(a), _shown(b))) from None
            raise

    def _compare_reduced(self, one: Any, other: Any, path: str) -> None:
        if isinstance(one, str) or isinstance(other, str):
            self._require_said(str(one), str(other), path)
            return
        self.compare(one[0], other[0], f"{path}.__class__")
        # A single argument is mostly the value in another form.
        arguments = (one[1][0], other[1][0]) if len(one[1]) == len(other[1]) == 1 else (one[1], other[1])
        self.compare(*arguments, path if arguments[0] is not one[1] else f"{path}.__reduce__()[1]")
        state, items, pairs = _padded(one)
        other_state, other_items, other_pairs = _padded(other)
        self._compare_sequences(items, other_items, path)
        self._compare_dicts(pairs, other_pairs, path)
        self._compare_parts(state, other_state, path)

    def _compare_parts(self, a: Any, b: Any, path: str) -> None:
        a, b = ({} if part is None else part for part in (a, b))  # an object may have a dictionary with nothing in it
        if type(a) is dict and type(b) is dict:
            self._compare_attributes(a, b, path)
        elif type(a) is tuple and type(b) is tuple and len(a) == len(b) == 2:
            for x, y in zip(a, b, strict=True):
                self._compare_parts(x, y, path)
        else:
            self.compare(a, b, f"{path}.__getstate__()")

    def _compare_attributes(self, a: dict[Any, Any], b: dict[Any, Any], path: str) -> None:
        """Compare attributes by name; when they were set does not matter."""
        for name in dict.fromkeys([*a, *b]):
            if name not in a or name not in b:
                said = (_shown(part[name]) if name in part else "nothing" for part in (a, b))
                raise _FoundError(Difference(f"{path}.{name}", *said))
        for name, value in a.items():
            self.compare(value, b[name], f"{path}.{name}")

    def _reduced(self, value: Any) -> Any:
        try:
            reduced = self._pickler.reducer_override(value)
            if reduced is NotImplemented:
                known = self._pickler.dispatch_table.get(type(value))
                reduced = known(value) if known is not None else reduce_without_caches(value)
        except Exception as error:
            raise Incomparable(f"{type_name(value)}: {error}") from error
        self._kept.append(reduced)
        return reduced


_OWN: dict[type, Callable[[_Walk, Any, Any, str], None]] = {
    float: _Walk._compare_floats,
    complex: _Walk._compare_complex,
    decimal.Decimal: _Walk._compare_decimals,
    list: _Walk._compare_sequences,
    tuple: _Walk._compare_sequences,
    dict: _Walk._compare_dicts,
    set: _Walk._compare_sets,
    frozenset: _Walk._compare_sets,
    types.FunctionType: _Walk._compare_functions,
    types.MethodType: _Walk._compare_methods,
    property: _Walk._compare_properties,
    staticmethod: _Walk._compare_wrapped,
    classmethod: _Walk._compare_wrapped,
}


def _padded(reduced: tuple[Any, ...]) -> tuple[Any, list[Any], dict[Any, Any]]:
    """Return the state, the items and the keyed items of what `__reduce_ex__` says."""
    _, _, state, items, pairs = (*reduced[:5], None, None, None)[:5]
    return state, list(items or ()), dict(pairs or ())


def _own_attributes(frame: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(frame).items() if not name.startswith("_")}


def _content_of(cell: types.CellType) -> Any:
    with contextlib.suppress(ValueError):  # it is still empty
        return cell.cell_contents
    return None


def _plain(array: Any) -> Any:
    """Return a pandas array that only wraps one of numpy as that one."""
    pandas = sys.modules["pandas"]
    return array.to_numpy() if isinstance(array, pandas.arrays.NumpyExtensionArray) else array


def _items(array: Any) -> Iterator[tuple[tuple[int, ...], Any]]:
    import numpy

    yield from numpy.ndenumerate(array)


def _first_false(equal: Any) -> Iterable[tuple[int, ...]]:
    """Yield the position of the first element that is false, if there is one."""
    import numpy

    if not equal.all():
        yield tuple(int(part) for part in numpy.unravel_index(int(numpy.argmin(equal)), equal.shape))


def _equal_elements(a: Any, b: Any) -> Any:
    """Return for two arrays of one dtype and shape where they are equal, by content."""
    import numpy

    if a.dtype.kind == "c":
        return _equal_elements(a.real, b.real) & _equal_elements(a.imag, b.imag)
    if a.dtype.kind == "f":
        same = (a == b) & (numpy.signbit(a) == numpy.signbit(b))
        return same | (numpy.isnan(a) & numpy.isnan(b))
    if a.dtype.kind in "mM":
        return a.view("i8") == b.view("i8")
    if a.dtype.kind == "V":
        rows = (numpy.ascontiguousarray(part).view("u1").reshape(*part.shape, -1) for part in (a, b))
        return numpy.equal(*rows).all(axis=-1)
    return numpy.asarray(a == b)


def _bracketed(position: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, position))}]" if position else ""


def _element_key(element: object) -> str:
    """Return a text that tells an element of a set by its content."""
    if type(element) in (*_ATOMS, float):
        return f"{type(element).__name__} {element!r}"
    return fingerprint(element)


def _shown(value: object) -> str:
    """Return a value as text; never runs code of the user."""
    text = preview(value)
    if text is None:
        numpy = sys.modules.get("numpy")
        plain = _is_plain(value) or isinstance(value, enum.Enum) or (numpy and isinstance(value, numpy.generic))
        text = repr(value) if plain else f"a {type_name(value)}"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _is_plain(value: object) -> bool:
    """Whether the text of a value says all of it, in one line."""
    return type(value).__module__.partition(".")[0] in _PLAIN
