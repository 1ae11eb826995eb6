"""Classes of the notebook crossing from one step to the next.

A class is known by its body: a step whose definitions hold the same class has that very class, and the instances that
it receives become instances of it. Only where it is missing, or another one has that name, it is rebuilt, once per
process.
"""

from __future__ import annotations

import abc
import ast
import contextlib
import enum
import functools
import hashlib
import inspect
import sys
import types
import typing
import weakref
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from cloudpickle import cloudpickle

from mdk_jupyter.artifacts.functions import MAIN, Reduced, at, code_digest, is_atom, place_of, same_code
from mdk_jupyter.artifacts.travel import Untravelable

_HOOK = "__init_subclass__"
_keys: weakref.WeakKeyDictionary[type, str] = weakref.WeakKeyDictionary()
_unfinished: set[int] = set()
_local_count = 0

_MADE_BY_PYTHON = frozenset(
    [
        *(
            "__dict__",
            "__weakref__",
            "__doc__",
            "__module__",
            "__qualname__",
            "__firstlineno__",
            "__static_attributes__",
        ),
        *("__abstractmethods__", "_abc_impl", "__annotate_func__", "__annotations_cache__", "__annotate__"),
    ]
)


def is_notebook_class(value: object) -> bool:
    return isinstance(value, type) and value.__module__ == MAIN


# Which class is it?


def key_of(cls: type) -> str:
    """Return what names a class of the notebook in every process of a run: the digest of its body."""
    key = _keys.get(cls)
    if key is None:
        key = _keys[cls] = _make_key(cls)
    return key


def note(namespace: Mapping[str, Any]) -> None:
    """Take down which classes these are, before anything changes their attributes."""
    for value in list(namespace.values()):
        if is_notebook_class(value):
            key_of(value)


def _make_key(cls: type) -> str:
    global _local_count  # noqa: PLW0603 - numbers the classes that have no name of their own
    parts = [cls.__qualname__, type(cls).__qualname__]
    parts += [
        key_of(base) if is_notebook_class(base) else f"{base.__module__}.{base.__qualname__}" for base in cls.__bases__
    ]
    place = place_of(cls, _main())
    if place is not None:
        body = _written(place)
        parts.append(body if body is not None else _structure(cls))
    else:
        # Made inside a function, or replaced since: the same body may stand for several classes.
        _local_count += 1
        parts += [_structure(cls), _step_name(), str(_local_count)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _step_name() -> str:
    runtime = sys.modules.get("mdk_jupyter.runtime.step")
    return runtime.current_name() if runtime is not None else ""


def _main() -> dict[str, Any]:
    return sys.modules[MAIN].__dict__


def _written(qualname: str) -> str | None:
    """Return the text of the last class statement of that name that this kernel has run, as a syntax tree."""
    found = None
    for cell in _cells():
        found = _classes_in(cell).get(qualname, found)
    return found


def _cells() -> list[str]:
    shell = _main().get("get_ipython")
    if shell is not None:
        cells: list[str] = shell().history_manager.input_hist_parsed
        return cells
    plain = sys.modules.get("mdk_jupyter.runtime.plain")
    return plain.sources if plain is not None else []


@functools.cache
def _classes_in(source: str) -> dict[str, str]:
    if "class" not in source:
        return {}
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    return dict(_class_statements(tree.body, ""))


def _class_statements(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, str]]:
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield prefix + statement.name, ast.dump(statement)
            yield from _class_statements(statement.body, f"{prefix}{statement.name}.")
        elif not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for field in ("body", "orelse", "finalbody"):
                yield from _class_statements(getattr(statement, field, []), prefix)
            for handler in getattr(statement, "handlers", []):
                yield from _class_statements(handler.body, prefix)


def _structure(cls: type) -> str:
    """A digest of what a class consists of, for one whose statement is not at hand."""
    lines = []
    for name, value in sorted(vars(cls).items()):
        if name in _MADE_BY_PYTHON:
            continue
        if isinstance(value, enum.Enum):
            lines.append(f"{name}={value.value!r}")
            continue
        lines.append(name + "".join(f" {code_digest(function.__code__)}" for function in _functions_in(value)))
        if name == "__annotations__" and isinstance(value, dict):
            lines.append(" ".join(value))
        elif is_atom(value):
            lines.append(repr(value))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _functions_in(value: Any) -> Iterator[types.FunctionType]:
    if isinstance(value, property):
        for part in (value.fget, value.fset, value.fdel):
            yield from _functions_in(part)
    elif isinstance(value, (classmethod, staticmethod)):
        yield from _functions_in(value.__func__)
    elif isinstance(value, functools.cached_property):
        yield from _functions_in(value.func)
    else:
        value = inspect.unwrap(value) if callable(value) and not isinstance(value, type) else value
        if isinstance(value, types.FunctionType):
            yield value


# Saving


def state_of(cls: type) -> dict[str, Any]:
    """Return the attributes of a class that make it what it is."""
    get = cloudpickle._enum_getstate if issubclass(cls, enum.Enum) else cloudpickle._class_getstate
    state: dict[str, Any] = get(cls)[0]
    return {name: value for name, value in state.items() if name != "__slots__"}  # the class is made with them


def reduce_class(cls: type, lost: Collection[str]) -> Reduced:
    """Reduce a class of the notebook to what finds or rebuilds it in another process.

    The attributes in `lost` cannot travel: the class will have to be found.
    """
    key = key_of(cls)
    if issubclass(cls, enum.Enum):
        arguments = cloudpickle._enum_getnewargs(cls)
        made_by = "_make_skeleton_enum"
    else:
        arguments = _with_body(cls, cloudpickle._class_getnewargs(cls))
        made_by = "_make_skeleton_class"
    # cloudpickle's own number of the class, the last but one, is drawn at random; ours is the same in every run.
    arguments = (*arguments[:-2], key, arguments[-1])
    state = {name: value for name, value in state_of(cls).items() if name not in lost}
    return make_class, (key, place_of(cls, _main()), made_by, arguments, tuple(lost)), state, None, None, finish_class


def _with_body(cls: type, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    metaclass, name, bases, namespace, *rest = arguments
    namespace["__qualname__"] = cls.__qualname__
    if "__slots__" in vars(cls) and typing.NamedTuple not in bases:
        namespace["__slots__"] = vars(cls)["__slots__"]
    return metaclass, name, bases, namespace, *rest


class ClassState:
    """A class that is handed on under its own name: it arrives in its present state, whoever has it already."""

    def __init__(self, cls: type) -> None:
        self.cls = cls


def reduce_state(value: ClassState, lost: Collection[str]) -> Reduced:
    """Reduce a class to what finds or rebuilds it and brings it into its present state."""
    if issubclass(value.cls, enum.Enum):
        return _take_class, (value.cls, None, ())
    state = {name: item for name, item in state_of(value.cls).items() if name not in lost}
    return _take_class, (value.cls, state, tuple(lost))


# Loading


def make_class(key: str, place: str | None, made_by: str, arguments: tuple[Any, ...], lost: tuple[str, ...]) -> type:
    """Return the loading process's own class when it is the same, else a new one that awaits its state."""
    own: Any = at(place, _main()) if place is not None else None
    if is_notebook_class(own) and key_of(own) == key:
        found: type = own
        return found
    known = cloudpickle._DYNAMIC_CLASS_TRACKER_BY_ID.get(key)
    if known is not None:
        return known  # type: ignore[no-any-return]
    if lost:
        name = place or "a class made inside a function"
        reason = f"it is not defined in this component, and cannot be rebuilt without its attribute `{lost[0]}`"
        raise Untravelable(name, reason)
    with _without_subclass_hooks(arguments):
        cls: type = getattr(cloudpickle, made_by)(*arguments)
    _keys[cls] = key
    _unfinished.add(id(cls))
    if place is not None and "." not in place:
        _main().setdefault(place, cls)
    return cls


@contextlib.contextmanager
def _without_subclass_hooks(arguments: tuple[Any, ...]) -> Iterator[None]:
    """Keep `__init_subclass__` of the notebook's classes from running again for a class that it has seen."""
    bases = [base for part in arguments if type(part) is tuple for base in part if isinstance(base, type)]
    owners = {kind for base in bases for kind in base.__mro__ if _HOOK in vars(kind)}
    hooks = {kind: vars(kind)[_HOOK] for kind in owners if is_notebook_class(kind)}
    for kind in hooks:
        setattr(kind, _HOOK, classmethod(lambda cls, **options: None))
    try:
        yield
    finally:
        for kind, hook in hooks.items():
            setattr(kind, _HOOK, hook)


def finish_class(cls: type, state: dict[str, Any]) -> None:
    if id(cls) in _unfinished:
        _unfinished.discard(id(cls))
        cloudpickle._class_setstate(cls, (state, {}))
        if isinstance(cls, abc.ABCMeta) and hasattr(abc, "update_abstractmethods"):  # since Python 3.10
            abc.update_abstractmethods(cls)  # type: ignore[arg-type]


def _take_class(cls: type, state: dict[str, Any] | None, lost: tuple[str, ...]) -> type:
    """Bring the class into the state it was handed on with; what was lost stays as it is here."""
    if state is not None:
        mine = state_of(cls)
        for name in mine.keys() - state.keys() - _MADE_BY_PYTHON - set(lost):
            delattr(cls, name)
        for name, value in state.items():
            if name not in _MADE_BY_PYTHON and not (name in mine and _same(mine[name], value)):
                setattr(cls, name, value)
        for name in set(lost) - mine.keys():
            raise Untravelable(cls.__qualname__, f"its attribute `{name}` cannot travel")
    return cls


def _same(mine: Any, other: Any) -> bool:
    """Tell whether two attributes are the same methods, so that the one in place can stay."""
    if mine is other:
        return True
    ours, theirs = list(_functions_in(mine)), list(_functions_in(other))
    return (
        type(mine) is type(other)
        and len(ours) == len(theirs) > 0
        and all(same_code(a.__code__, b.__code__) for a, b in zip(ours, theirs))
    )
