"""Which values share mutable objects. They are stored together, so that they go on sharing them."""

from __future__ import annotations

import enum
import functools
import logging
import sys
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from mdk_jupyter.artifacts import classes, functions
from mdk_jupyter.artifacts.pickles import NoFile, NotebookPickler, base_of, is_array

_MANY = 40  # parts of one array beyond which they count as shared without a closer look
_ATOMS = frozenset([str, bytes, tuple, float, int])
_SIMPLE = frozenset([str, bytes, int, float, bool, type(None)])
_IMMUTABLE = (
    *(str, bytes, int, float, complex, tuple, frozenset, range, slice, type, enum.Enum, logging.Logger),
    *(types.ModuleType, types.CodeType, types.BuiltinFunctionType, property, staticmethod, classmethod),
    *(type(None), type(Ellipsis), type(NotImplemented)),
)
_PLAIN_LIBRARIES = frozenset(["datetime", "decimal", "fractions", "pandas", "pathlib", "re", "uuid", "zoneinfo"])
_IMMUTABLE_NAMES = frozenset(
    [
        *("date", "datetime", "time", "timedelta", "timezone", "ZoneInfo", "Decimal", "Fraction", "UUID", "Pattern"),
        *("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath", "NAType"),
        *("Timestamp", "Timedelta", "Period", "Interval", "DateOffset"),
    ]
)


class Contents:
    """What one value is made of. It keeps the objects alive, so that their ids stay theirs.

    Raises whatever the pickling of the value raises.
    """

    def __init__(self, value: object) -> None:
        """Walk through the value as a pickler does, without copying arrays and frames."""
        self.arrays: list[Any] = []
        self.frame_buffers: list[Any] = []  # arrays that only a pandas object reaches
        self._scanner = _Scanner(self)
        self._scanner.dump(value)

    @functools.cached_property
    def mutable(self) -> frozenset[int]:
        """The ids of the parts that somebody could change."""
        constant = self._scanner.constant
        return frozenset(
            id(obj)
            for _, obj in self._scanner.memo.copy().values()
            if type(obj) not in _ATOMS and _is_mutable(obj) and id(obj) not in constant
        )


@dataclass(frozen=True)
class Group:
    """Values to store together. `bases` are the ids of arrays that several of their parts are views on."""

    names: tuple[str, ...]
    bases: frozenset[int]


def group(contents: Mapping[str, Contents]) -> list[Group]:
    """Put the names together whose values share mutable objects; every name is in one group."""
    parent = {name: name for name in contents}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    owner: dict[int, str] = {}
    for name, found in contents.items() if len(contents) > 1 else ():
        for key in found.mutable:
            parent[root(name)] = root(owner.setdefault(key, name))
    shared = _shared_bases(contents, lambda a, b: parent.__setitem__(root(a), root(b)))
    members: dict[str, list[str]] = {}
    for name in contents:
        members.setdefault(root(name), []).append(name)
    bases: dict[str, set[int]] = {}
    for base, name in shared.items():
        bases.setdefault(root(name), set()).add(base)
    return [Group(tuple(names), frozenset(bases.get(first, ()))) for first, names in members.items()]


def _shared_bases(contents: Mapping[str, Contents], join: Callable[[str, str], None]) -> dict[int, str]:
    """Join the names whose arrays overlap in memory; return the ids of the arrays they are parts of, with a name."""
    parts: dict[int, list[tuple[str, Any, bool]]] = {}
    for name, found in contents.items():
        for array in found.arrays:
            parts.setdefault(id(base_of(array)), []).append((name, array, True))
        for array in found.frame_buffers:
            parts.setdefault(id(base_of(array)), []).append((name, array, False))
    shared = {}
    for base, group_of in parts.items():
        for place, (name, array, bare) in enumerate(group_of):
            for other_name, other, other_bare in group_of[:place]:
                # Frames copy on write among themselves.
                apart = other is array or not (bare or other_bare or not _copies_on_write())
                if not apart and (len(group_of) > _MANY or _overlap(array, other)):
                    shared[base] = name
                    join(name, other_name)
    return shared


def _overlap(a: Any, b: Any) -> bool:
    import numpy

    try:
        return numpy.shares_memory(a, b, max_work=1000)  # type: ignore[arg-type]
    except getattr(numpy, "exceptions", numpy).TooHardError:
        return True


def _copies_on_write() -> bool:
    return int(sys.modules["pandas"].__version__.split(".")[0]) >= 3


def _is_mutable(value: object) -> bool:
    if isinstance(value, types.FunctionType):
        return not functions.is_pristine(value) and functions.home_of(value) == functions.MAIN
    kind = type(value)
    if isinstance(value, _IMMUTABLE) or kind.__name__.startswith("cython_function"):
        return False
    if kind.__name__ in _IMMUTABLE_NAMES and kind.__module__.partition(".")[0] in _PLAIN_LIBRARIES:
        return False
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and isinstance(value, (numpy.generic, numpy.ufunc, numpy.dtype)):
        return False
    return pandas is None or not isinstance(value, (pandas.Index, pandas.api.extensions.ExtensionDtype))


class _StandIn:
    """Takes the place of what is not pickled in a scan; its state is scanned."""

    def __setstate__(self, state: object) -> None:
        raise TypeError("a scan is not to be loaded")


class _Scanner(NotebookPickler):
    def __init__(self, found: Contents) -> None:
        super().__init__(cast(BinaryIO, NoFile()))
        self.found = found
        self.constant = frozenset(self._live)  # ids of objects that every process has

    def reducer_override(self, obj: Any) -> Any:
        if is_array(obj):
            self.found.arrays.append(obj)
            return _scan(_parts(obj) if obj.dtype.hasobject else None)
        if isinstance(obj, types.FunctionType) and functions.home_of(obj) == functions.MAIN:
            # The globals that it reads are no part of it.
            return _scan(obj.__closure__, obj.__dict__, obj.__defaults__, obj.__kwdefaults__)
        if classes.is_notebook_class(obj):
            return _scan()
        pandas = sys.modules.get("pandas")
        if pandas is not None:
            if isinstance(obj, (pandas.DataFrame, pandas.Series)):
                return self._scan_frame(obj)
            if isinstance(obj, (pandas.Index, pandas.api.extensions.ExtensionArray)):
                return _scan()
        return super().reducer_override(obj)

    def _scan_frame(self, frame: Any) -> Any:
        cells = []
        for block in frame._mgr.blocks:
            values = block.values
            values = getattr(values, "_ndarray", values)
            if is_array(values):
                self.found.frame_buffers.append(values)
                if values.dtype == object:
                    cells.append(_parts(values))
        return _scan(cells, frame.attrs)


def _parts(array: Any) -> list[Any]:
    """The objects in an array, without those that hold nothing: a column of texts has millions."""
    return [item for item in array.ravel(order="K").tolist() if type(item) not in _SIMPLE]


def _scan(*state: object) -> Any:
    return _StandIn, (), state or None
