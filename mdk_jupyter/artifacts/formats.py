"""How values are stored: safe formats first, for the values they give back exactly; a pickle for the rest."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from mdk_converters.findings import Finding
from mdk_jupyter.errors import ArtifactError

ENTRY_POINTS = "mdk.serializers"
_PLAIN_ATOMS = frozenset([float, bool, type(None)])
_LONGEST_INTEGER = 4096  # bits; beyond, Python limits how integers become text


class NotExact(Exception):
    """Raised by `Serializer.write` when reading back would not give the same value."""


class Serializer(Protocol):
    """One format. Third parties add theirs under the entry point group `mdk.serializers`.

    `accepts` decides by type, cheaply and without importing the type's library. `write` raises `NotExact` for a
    value whose round trip would change anything; then the next format is tried.
    """

    @property
    def name(self) -> str: ...
    @property
    def accepts(self) -> Callable[[Any], bool]: ...
    @property
    def write(self) -> Callable[[Any, BinaryIO], None]: ...
    @property
    def read(self) -> Callable[[BinaryIO], Any]: ...


@dataclass(frozen=True)
class Format:
    """A serializer made of three functions."""

    name: str
    accepts: Callable[[Any], bool]
    write: Callable[[Any, BinaryIO], None]
    read: Callable[[BinaryIO], Any]


def candidates(value: object) -> Iterator[Serializer]:
    """The formats that accept a value's type, safest first, the pickle last."""
    found = False
    for serializer in _OWN:
        if serializer.accepts(value):
            found = True
            yield serializer
    if not found:
        for serializer in _installed().values():
            if serializer.accepts(value):
                yield serializer
    yield PICKLE


def by_name(name: str) -> Serializer:
    """Return the format that a record names.

    Raises:
        ArtifactError: nobody here provides it (MDK325).
    """
    for serializer in (*_OWN, PICKLE):
        if serializer.name == name:
            return serializer
    installed = _installed()
    if name not in installed:
        message = f"no serializer for the format {name!r} is installed here"
        fix = f"Install the package that provides {name!r} under the entry point group {ENTRY_POINTS}."
        raise ArtifactError([Finding("MDK325", message, fix=fix, names=(name,))])
    return installed[name]


_third_party: dict[str, Serializer] | None = None


def _installed() -> dict[str, Serializer]:
    global _third_party  # noqa: PLW0603 - entry points are read once per process
    if _third_party is None:
        from importlib.metadata import entry_points

        _third_party = {}
        if sys.version_info >= (3, 10):
            points: Iterable[Any] = entry_points(group=ENTRY_POINTS)
        else:
            points = entry_points().get(ENTRY_POINTS, ())
        for point in points:
            serializer: Serializer = point.load()
            _third_party[serializer.name] = serializer
    return _third_party


# JSON


def _is_plain(value: object) -> bool:
    return type(value) in (str, int, list, dict) or type(value) in _PLAIN_ATOMS


def check_plain(value: object) -> None:
    """Raise `NotExact` unless JSON gives back an equal value of the same types.

    Raises:
        NotExact: it would not, or one container stands in two places.
    """
    try:
        _check_items([value], set())
    except RecursionError:
        raise NotExact from None


def _check_items(items: Iterable[Any], seen: set[int]) -> None:
    for item in items:
        kind = type(item)
        if kind is str:
            if not item.isascii():
                _check_text(item)
        elif kind is int:
            if item.bit_length() > _LONGEST_INTEGER:
                raise NotExact
        elif kind is list or kind is dict:
            if id(item) in seen:
                raise NotExact
            seen.add(id(item))
            if kind is dict:
                if any(type(key) is not str for key in item):
                    raise NotExact
                _check_items(item, seen)
                _check_items(item.values(), seen)
            else:
                _check_items(item, seen)
        elif kind not in _PLAIN_ATOMS:
            raise NotExact


def _check_text(text: str) -> None:
    # Two lone surrogates side by side would come back as one character.
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotExact from None


def _write_json(value: object, file: BinaryIO) -> None:
    check_plain(value)
    file.write(json.dumps(value, separators=(",", ":")).encode("ascii"))


# numpy


def _is_array(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is numpy.ndarray and not value.dtype.hasobject


def _is_scalar(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.generic) and type(value) is value.dtype.type


def _write_array(value: Any, file: BinaryIO) -> None:
    from numpy.lib import format as npy

    dtype = value.dtype
    if dtype.metadata is not None:
        raise NotExact
    try:
        same = npy.descr_to_dtype(npy.dtype_to_descr(dtype))
    except (TypeError, ValueError):
        raise NotExact from None
    if same != dtype or same.isalignedstruct != dtype.isalignedstruct:
        raise NotExact
    if not (value.flags.c_contiguous or value.flags.f_contiguous):
        value = value.copy(order="K")  # the axes keep their order in memory, so that sums give the same last bit
        if not (value.flags.c_contiguous or value.flags.f_contiguous):
            raise NotExact
    npy.write_array(file, value, version=(3, 0), allow_pickle=False)


def _read_array(file: BinaryIO) -> Any:
    from numpy.lib import format as npy

    return npy.read_array(file, allow_pickle=False)


def _read_locked_array(file: BinaryIO) -> Any:
    array = _read_array(file)
    array.setflags(write=False)
    return array


def _write_scalar(value: Any, file: BinaryIO) -> None:
    import numpy

    if value.dtype.hasobject or value.dtype.kind == "V":
        raise NotExact
    _write_array(numpy.asarray(value), file)


# frames, tables and models know their own libraries


def _is_frame(value: object) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and (type(value) in (pandas.DataFrame, pandas.Series) or isinstance(value, pandas.Index))


def _write_frame(value: Any, file: BinaryIO) -> None:
    if importlib.util.find_spec("pyarrow") is None:  # an image with pandas alone
        raise NotExact
    from mdk_jupyter.artifacts import frames

    frames.write(value, file)


def _read_frame(file: BinaryIO) -> Any:
    from mdk_jupyter.artifacts import frames

    return frames.read(file)


def _is_arrow_table(value: object) -> bool:
    arrow = sys.modules.get("pyarrow")
    return arrow is not None and type(value) is arrow.Table


def _write_arrow_table(value: Any, file: BinaryIO) -> None:
    import pyarrow

    with pyarrow.ipc.new_stream(file, value.schema) as stream:
        stream.write_table(value)


def _read_arrow_table(file: BinaryIO) -> Any:
    import pyarrow

    with pyarrow.ipc.open_stream(file) as stream:
        return stream.read_all()


def _is_polars_frame(value: object) -> bool:
    polars = sys.modules.get("polars")
    return polars is not None and type(value) is polars.DataFrame


def _write_polars_frame(value: Any, file: BinaryIO) -> None:
    polars = sys.modules["polars"]

    if any(dtype in (polars.Object, polars.Unknown) for dtype in value.dtypes):
        raise NotExact
    value.write_ipc(file)


def _read_polars_frame(file: BinaryIO) -> Any:
    polars = importlib.import_module("polars")

    return polars.read_ipc(file)


def write_pickle(value: object, file: BinaryIO, bases: frozenset[int] = frozenset()) -> None:
    """Pickle a value; `bases` are the ids of arrays that several of its parts are views on."""
    from mdk_jupyter.artifacts import pickles

    pickles.dump(value, file, bases)


def _read_pickle(file: BinaryIO) -> Any:
    from mdk_jupyter.artifacts import pickles

    return pickles.load(file)


def _is_notebook_class(value: object) -> bool:
    return isinstance(value, type) and value.__module__ == "__main__"


def _write_class(value: Any, file: BinaryIO) -> None:
    from mdk_jupyter.artifacts import pickles

    pickles.dump_class(value, file)


def _write_bytes(data: bytes, file: BinaryIO) -> None:
    file.write(data)


_OWN: tuple[Serializer, ...] = (
    Format("json", _is_plain, _write_json, lambda file: json.loads(file.read())),
    Format("bytes", lambda value: type(value) is bytes, _write_bytes, lambda f: f.read()),
    Format("npy", lambda value: _is_array(value) and value.flags.writeable, _write_array, _read_array),
    Format(
        "npy-locked", lambda value: _is_array(value) and not value.flags.writeable, _write_array, _read_locked_array
    ),
    Format("npy-scalar", _is_scalar, _write_scalar, lambda file: _read_array(file)[()]),
    Format("parquet", _is_frame, _write_frame, _read_frame),
    Format("arrow", _is_arrow_table, _write_arrow_table, _read_arrow_table),
    Format("polars", _is_polars_frame, _write_polars_frame, _read_polars_frame),
    Format("class", _is_notebook_class, _write_class, _read_pickle),
)
PICKLE: Serializer = Format("pickle", lambda value: True, write_pickle, _read_pickle)
