"""Fingerprints: tell whether a value was changed in place, and only then."""

from __future__ import annotations

import functools
import hashlib
import sys
import types
from typing import Any, BinaryIO, cast

from mdk_jupyter.artifacts import classes, functions
from mdk_jupyter.artifacts.pickles import NoFile, NotebookPickler

UNKNOWN = "unknown"  # of every value that cannot be looked at
_CACHES = frozenset(  # attributes that reading sets: of pandas and statsmodels, networkx, scipy, scikit-learn
    ["_cache", "__networkx_cache__", "_has_canonical_format", "_has_sorted_indices", "_stop_words_id"]
)
_CHUNK = 10_000  # texts
LAZY = ("matplotlib.", "IPython.", "ipywidgets.")  # drawing and showing their objects changes them


def fingerprint(value: object) -> str:
    """Return a text that is the same as long as the value is not changed in place.

    Reading a value leaves its fingerprint as it is, caches of `functools.cached_property` included. Fingerprints are
    compared within one process only. A value that cannot be looked at always gives the same one.
    """
    if type(value).__module__.startswith(LAZY):
        return UNKNOWN
    sink = _Digest()
    try:
        if classes.is_notebook_class(value):
            value = classes.ClassState(cast(type, value))
        _Fingerprinter(sink).dump(value)
    except Exception:
        return UNKNOWN
    return sink.digest()


class _Digest(NoFile):
    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def write(self, data: Any) -> int:
        self._hash.update(data)
        return super().write(data)

    def digest(self) -> str:
        return self._hash.hexdigest()


class _Content:
    """Takes the place of an object whose content was hashed; its state is what is left of it."""

    def __setstate__(self, state: object) -> None:
        raise TypeError("a fingerprint is not to be loaded")


def _content(*state: object) -> Any:
    return _Content, (), state


class _Fingerprinter(NotebookPickler):
    """Pickles a value for its digest: large parts as the hash of their memory, without caches."""

    def __init__(self, sink: _Digest) -> None:
        super().__init__(cast(BinaryIO, sink))

    def reducer_override(self, obj: Any) -> Any:
        numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
        if isinstance(obj, types.FunctionType) and functions.home_of(obj) == functions.MAIN:
            return _content(obj.__code__.co_code, obj.__closure__, obj.__dict__, obj.__defaults__, obj.__kwdefaults__)
        if isinstance(obj, types.CodeType):
            return _content(functions.code_digest(obj))
        if classes.is_notebook_class(obj):
            return _content(obj.__qualname__)
        if type(obj).__module__.startswith(LAZY):
            return _content()
        if numpy is not None and type(obj) is numpy.ndarray and not obj.dtype.hasobject:
            return _content(obj.dtype.str, obj.shape, obj.flags.writeable, _hash_array(obj))
        if numpy is not None and type(obj) is numpy.ma.MaskedArray:  # a view of it marks its mask as shared
            return _content(numpy.asarray(obj.data), numpy.ma.getmaskarray(obj), obj.fill_value)
        if pandas is not None and isinstance(obj, (pandas.DataFrame, pandas.Series, pandas.Index)):
            return _content(type(obj).__name__, *_frame_parts(obj))
        if pandas is not None and isinstance(obj, pandas.api.extensions.ExtensionArray):
            return _content(*_array_parts(obj))
        kind: Any = type(obj)
        if kind.__module__ in ("sklearn.neighbors._kd_tree", "sklearn.neighbors._ball_tree"):
            return _content(kind.__name__, obj.get_arrays())  # it also counts its queries
        reduced = super().reducer_override(obj)
        if reduced is NotImplemented and (lazy := _caches_of(obj)):
            return _without(obj.__reduce_ex__(4), lazy)
        return reduced


def reduce_without_caches(value: Any) -> Any:
    """Return what `__reduce_ex__` says of a value, without what reading it has added."""
    return _without(value.__reduce_ex__(4), _caches_of(value))


def _caches_of(value: Any) -> frozenset[str]:
    kind: Any = type(value)
    return _cached_properties(kind) | (_CACHES & getattr(value, "__dict__", {}).keys())


def _hash_array(array: Any) -> str:
    import numpy

    if not array.flags.c_contiguous:
        array = array.T if array.flags.f_contiguous else numpy.ascontiguousarray(array)
    return hashlib.sha256(array.reshape(-1).view("u1")).hexdigest() if array.size and array.dtype.itemsize else ""


def _frame_parts(value: Any) -> list[object]:
    """What a frame, series or index consists of; neither its blocks nor its caches."""
    import pandas

    if isinstance(value, pandas.MultiIndex):
        return [list(value.names), *value.levels, *(_hash_array(code) for code in map(_plain_array, value.codes))]
    if isinstance(value, pandas.RangeIndex):
        return [value.start, value.stop, value.step, value.name]
    if isinstance(value, pandas.Index):
        return [value.name, *_array_parts(value.array)]
    own = {name: item for name, item in vars(value).items() if not name.startswith("_")}
    about = [value.index, dict(value.attrs), value.flags.allows_duplicate_labels, own]
    if isinstance(value, pandas.Series):
        return [*about, value.name, *_array_parts(value.array)]
    columns = [_array_parts(value.iloc[:, i].array) for i in range(value.shape[1])]
    return [*about, value.columns, columns]


def _plain_array(value: Any) -> Any:
    import numpy

    return numpy.ascontiguousarray(value)


def _array_parts(values: Any) -> list[object]:
    dtype = values.dtype
    parts: list[object] = [str(dtype)]
    pa_array = getattr(values, "_pa_array", None)
    if pa_array is not None:
        digest = hashlib.sha256()
        for chunk in pa_array.chunks:
            digest.update(f"{chunk.offset} {len(chunk)} ".encode())
            for buffer in chunk.buffers():
                digest.update(b"-" if buffer is None else buffer)
        return [*parts, digest.hexdigest()]
    if hasattr(values, "categories"):
        return [*parts, values.categories, values.ordered, _hash_array(_plain_array(values.codes))]
    if hasattr(values, "_mask"):
        return [*parts, _hash_array(values._data), _hash_array(values._mask)]
    plain = getattr(values, "_ndarray", None)
    if plain is None:
        return [*parts, values.astype(object).tolist()]
    return [*parts, _objects(plain) if plain.dtype.hasobject else _hash_array(plain)]


def _objects(array: Any) -> object:
    """Return what stands for an array of objects: the hash of its texts, if it has nothing else."""
    items = array.ravel(order="K").tolist()
    if not set(map(type, items)) <= {str, type(None)}:
        return array.tolist()
    digest = hashlib.sha256()
    for start in range(0, len(items), _CHUNK):
        chunk = items[start : start + _CHUNK]
        digest.update(repr([-1 if text is None else len(text) for text in chunk]).encode())
        digest.update("".join(text for text in chunk if text is not None).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


@functools.cache
def _cached_properties(kind: Any) -> frozenset[str]:
    """The names under which instances keep what a cached property computed."""
    names = {
        name
        for base in kind.__mro__
        for name, value in vars(base).items()
        if isinstance(value, functools.cached_property) or type(value).__name__ in ("cached_property", "CachedProperty")
    }
    return frozenset(names)


def _without(reduced: Any, names: frozenset[str]) -> Any:
    if isinstance(reduced, str) or len(reduced) < 3:
        return reduced

    def clean(state: Any) -> Any:
        return {name: value for name, value in state.items() if name not in names} if type(state) is dict else state

    state = reduced[2]
    state = tuple(map(clean, state)) if type(state) is tuple and len(state) == 2 else clean(state)
    return (*reduced[:2], state, *reduced[3:])
