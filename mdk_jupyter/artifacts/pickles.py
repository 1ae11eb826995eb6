"""Pickles of everything that has no safer format, made so that the pipeline gives what the notebook gives."""

from __future__ import annotations

import copyreg
import functools
import gc
import importlib
import io
import pickle
import sys
import types
import typing
import weakref
from collections.abc import Callable, Collection
from typing import Any, BinaryIO

from cloudpickle import cloudpickle

from mdk_jupyter.artifacts import classes, functions
from mdk_jupyter.artifacts.functions import MAIN, Reduced
from mdk_jupyter.artifacts.travel import Untravelable, parts_of, reason_against, type_name
from mdk_jupyter.errors import ArtifactError

_DEEPEST = 12  # how far to look for the part that cannot travel


def dump(value: object, file: BinaryIO, bases: Collection[int] = ()) -> None:
    """Pickle `value`.

    `bases` are the ids of numpy arrays of which `value` holds several parts: the parts stay views on them.

    Raises:
        Untravelable: it, or something in it, cannot cross to another process.
    """
    try:
        NotebookPickler(file, bases).dump(value)
    except ArtifactError:
        raise
    except Exception as error:
        raise culprit(value, error) from error


def dump_class(cls: type, file: BinaryIO) -> None:
    """Pickle a class of the notebook with its state."""
    dump(classes.ClassState(cls), file)


def load(file: BinaryIO) -> Any:
    """Load what `dump` wrote. Only for bytes whose digest this run has recorded."""
    return pickle.load(file)  # noqa: S301


class NotebookPickler(cloudpickle.Pickler):  # type: ignore[misc]
    """cloudpickle's pickler, with the notebook's own functions and classes bound to the loading process."""

    def __init__(self, file: BinaryIO, bases: Collection[int] = (), trials: _Trials | None = None) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._bases = bases
        self._trials = _Trials() if trials is None else trials
        self._sources = functions.Sources()
        self._live = live_objects()
        pandas = sys.modules.get("pandas")
        self._frames = (pandas.DataFrame, pandas.Series) if pandas is not None else ()

    def reducer_override(self, obj: Any) -> Any:
        kind: Any = type(obj)
        if kind is types.FunctionType:
            return self._reduce_function(obj)
        if isinstance(obj, type):
            return self._reduce_class(obj) if classes.is_notebook_class(obj) else super().reducer_override(obj)
        if kind is classes.ClassState:
            return classes.reduce_state(obj, self._lost_with(obj.cls) or ())
        if id(obj) in self._live:
            return _get_live, self._live[id(obj)]
        if kind is _CACHED:
            return _reduce_cached(obj, self._travels)
        reducer = _REDUCERS.get(kind)
        if reducer is not None:
            return reducer(obj)
        if kind is types.CodeType:
            code = self._sources.relocate(obj)[0]
            make, arguments = cloudpickle._code_reduce(code)
            # Some versions of cloudpickle take the file's name out, by which tracebacks find the text.
            return functions.make_code, (make, arguments, code.co_filename)
        if isinstance(obj, (types.ModuleType, io.IOBase, memoryview)):
            return _reduce_module_or_refuse(obj)
        if kind in self._frames and (own := _own_attributes(obj)):
            make, arguments, state, *_ = obj.__reduce_ex__(4)
            return make, arguments, (state, own), None, None, _finish_frame
        if isinstance(obj, BaseException):
            return _reduce_exception(obj)
        if _drops_attributes(obj):
            make, arguments, state = obj.__reduce__()
            return make, arguments, (state, dict(vars(obj))), None, None, _finish_array
        if _answers_for_all_names(kind):
            return copyreg.__newobj__, (kind,), dict(vars(obj)), None, None, _fill_instance  # type: ignore[attr-defined]
        if self._bases and is_array(obj):
            base = base_of(obj)
            if base is not obj and id(base) in self._bases:
                return _reduce_view(obj, base)
        return NotImplemented

    def _reduce_function(self, function: types.FunctionType) -> Any:
        home = functions.home_of(function)
        if home is None or cloudpickle._should_pickle_by_reference(function):
            return super().reducer_override(function)
        return functions.reduce_function(function, home, self._sources, self._travels)

    def _reduce_class(self, cls: type) -> Any:
        lost = self._lost_with(cls)
        if lost is None:  # in a trial of one of its own attributes
            return str, (cls.__qualname__,)
        return classes.reduce_class(cls, lost)

    def _lost_with(self, cls: type) -> tuple[str, ...] | None:
        """Return the attributes of a class that cannot travel, None while that is being found out."""
        if cls not in self._trials.lost:
            self._trials.lost[cls] = None
            lost = tuple(name for name, value in classes.state_of(cls).items() if not self._travels(value))
            self._trials.lost[cls] = lost
        return self._trials.lost[cls]

    def _travels(self, value: Any) -> bool:
        if functions.is_atom(value) or (isinstance(value, types.FunctionType) and functions.is_pristine(value)):
            return True
        known = self._trials.known
        if id(value) not in known:
            known[id(value)] = value, True
            known[id(value)] = value, _failure(value, self._trials) is None
        return known[id(value)][1]


class _Trials:
    """What a pickler, and those that try parts of a value for it, have found out."""

    def __init__(self) -> None:
        self.lost: dict[type, tuple[str, ...] | None] = {}
        self.known: dict[int, tuple[Any, bool]] = {}  # by id; the value is kept, so that its id stays its own


# Objects that every process has


def live_objects() -> dict[int, tuple[str, str]]:
    """Return the ids of objects that stand for the process itself, and where each is found in another process."""
    places = [("sys", "stdout"), ("sys", "stderr"), ("dataclasses", "MISSING"), ("dataclasses", "KW_ONLY")]
    places += [("random", "_inst"), ("numpy.random.mtrand", "_rand")]
    found = {id(_get_live(*place)): place for place in places if hasattr(sys.modules.get(place[0]), place[1])}
    shell = sys.modules[MAIN].__dict__.get("get_ipython")
    if shell is not None:
        found[id(shell())] = ("IPython", "get_ipython")
    return found


def _get_live(module: str, name: str) -> Any:
    value = getattr(importlib.import_module(module), name)
    return value() if module == "IPython" else value


# Single types


def _reduce_module_or_refuse(value: Any) -> Reduced:
    reason = reason_against(value)
    if reason is not None:
        raise Untravelable(type_name(value), reason)
    if isinstance(value, types.ModuleType):
        return importlib.import_module, (value.__name__,)
    return typing.cast(Reduced, NotImplemented)


_CACHED = type(functools.lru_cache(lambda: None))


def _reduce_cached(value: Any, travels: Callable[[Any], bool]) -> Any:
    module = sys.modules.get(value.__module__)
    if module is None or value.__module__ == MAIN or cloudpickle._lookup_module_and_qualname(value) is None:
        return functions.reduce_cached(value, travels)
    return NotImplemented


def _reduce_dict_view(view: Any) -> Reduced:
    """A view keeps its dictionary, so that it goes on showing it."""
    (owner,) = gc.get_referents(view)
    return _view_of, (owner, ("keys", "values", "items")[_DICT_VIEWS.index(type(view))])


def _view_of(owner: dict[Any, Any], name: str) -> Any:
    return getattr(owner, name)()


def _reduce_proxy(proxy: types.MappingProxyType[Any, Any]) -> Reduced:
    (owner,) = gc.get_referents(proxy)
    return types.MappingProxyType, (owner,)


def _reduce_exception(error: BaseException) -> Any:
    """An exception whose class has its own `__init__` is rebuilt without it: its arguments need not be `args`."""
    kind: Any = type(error)
    if kind.__reduce__ is not BaseException.__reduce__ or not isinstance(kind.__init__, types.FunctionType):
        return NotImplemented
    return _make_exception, (kind, error.args), error.__dict__ or None


def _make_exception(kind: type[BaseException], arguments: tuple[Any, ...]) -> BaseException:
    return kind.__new__(kind, *arguments)


def _reduce_new_type(value: Any) -> Any:
    return (typing.NewType, (value.__name__, value.__supertype__)) if value.__module__ == MAIN else NotImplemented


_DICT_VIEWS = [type({}.keys()), type({}.values()), type({}.items())]
_REDUCERS: dict[type, Callable[[Any], Any]] = {
    types.CellType: functions.reduce_cell,
    functools.cached_property: functions.reduce_cached_property,
    types.MappingProxyType: _reduce_proxy,
    typing.NewType: _reduce_new_type,
    weakref.WeakKeyDictionary: lambda value: (weakref.WeakKeyDictionary, (dict(value),)),
    weakref.WeakValueDictionary: lambda value: (weakref.WeakValueDictionary, (dict(value),)),
    **dict.fromkeys(_DICT_VIEWS, _reduce_dict_view),
}


def _own_attributes(frame: Any) -> dict[str, Any]:
    """What the user has set on a frame or series, such as `frame.source = "a.csv"`, which pandas would not pickle."""
    return {name: value for name, value in vars(frame).items() if not name.startswith("_")}


@functools.cache
def _answers_for_all_names(kind: type) -> bool:
    """Tell whether instances of a plain notebook class have a `__getattr__`, which may fail while they are empty."""
    if kind.__module__ != MAIN or not hasattr(kind, "__getattr__") or kind.__basicsize__ > _PLAIN_SIZE:
        return False
    own = {name for base in kind.__mro__[:-1] for name in vars(base)}
    return own.isdisjoint(
        ("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__", "__slots__")
    )


def _fill_instance(instance: Any, state: dict[str, Any]) -> None:
    instance.__dict__.update(state)


class _Plain:
    pass


_PLAIN_SIZE = _Plain.__basicsize__


def _drops_attributes(value: Any) -> bool:
    """Tell whether this is an array of a subclass whose own attributes numpy's pickling leaves out."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, numpy.ndarray) or type(value) is numpy.ndarray:
        return False
    inherited = type(value).__reduce__ is numpy.ndarray.__reduce__
    return (
        inherited and type(value).__setstate__ is numpy.ndarray.__setstate__ and bool(getattr(value, "__dict__", None))
    )


def _finish_array(array: Any, state: tuple[Any, dict[str, Any]]) -> None:
    array.__setstate__(state[0])
    vars(array).update(state[1])


def _finish_frame(frame: Any, state: tuple[Any, dict[str, Any]]) -> None:
    frame.__setstate__(state[0])
    frame.__dict__.update(state[1])


# numpy views


def is_array(value: object) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is numpy.ndarray


def base_of(array: Any) -> Any:
    """Return the array that owns the memory, as far as it is a plain array that a view can be rebuilt on."""
    owner = array
    while is_array(owner.base):
        owner = owner.base
    return owner if owner.flags.c_contiguous or owner.flags.f_contiguous else array


def _reduce_view(view: Any, base: Any) -> Reduced:
    offset = view.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    return _make_view, (base, view.dtype, view.shape, view.strides, offset, view.flags.writeable)


def _make_view(
    base: Any, dtype: Any, shape: tuple[int, ...], strides: tuple[int, ...], offset: int, writeable: bool
) -> Any:
    import numpy

    flat = (base if base.flags.c_contiguous else base.T).reshape(-1)
    if dtype.hasobject:
        start = flat[offset // dtype.itemsize :]
        view = numpy.lib.stride_tricks.as_strided(start, shape, strides)
    else:
        view = numpy.ndarray(shape, dtype, flat, offset, strides)
    if not writeable:
        view.setflags(write=False)
    return view


# What cannot be pickled


class NoFile(io.RawIOBase):
    """Takes bytes and forgets them."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return memoryview(data).nbytes


def travels(value: object) -> bool:
    """Tell whether a value can be pickled."""
    return _failure(value) is None


def culprit(value: object, error: Exception) -> Untravelable:
    """Find the part of `value` that cannot be pickled, and say why."""
    path = ""
    seen: set[int] = set()
    for _ in range(_DEEPEST):
        seen.add(id(value))
        if reason_against(value):
            break
        for step, part in parts_of(value):
            failure = None if id(part) in seen else _failure(part)
            if failure is not None:
                value, error, path = part, failure, path + step
                break
        else:
            break
    reason = reason_against(value)
    if reason is None:
        reason = error.reason if isinstance(error, Untravelable) else f"its pickling fails: {error}"
    return Untravelable(type_name(value), reason, path)


def _failure(value: object, trials: _Trials | None = None) -> Exception | None:
    try:
        NotebookPickler(typing.cast(BinaryIO, NoFile()), trials=trials).dump(value)
    except Exception as error:
        return error
    return None
