"""Functions crossing from one step to the next.

A function keeps the module whose globals it reads: one defined in the notebook reads the globals of the process that
loads it, as it reads the notebook's in the notebook. Global values do not travel with it; only modules, functions and
classes that it reads do, for the case that the loading process lacks them.
"""

from __future__ import annotations

import functools
import gc
import hashlib
import importlib
import linecache
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cloudpickle import cloudpickle

MAIN = "__main__"
_ATOMS = (str, int, float, complex, bool, bytes, type(None), type(Ellipsis))
_CACHED = type(functools.lru_cache(lambda: None))
_unfinished: set[int] = set()  # ids of functions that wait for their state

Reduced = tuple[Any, ...]


def home_of(function: types.FunctionType) -> str | None:
    """Return the name of the module whose globals the function reads, None for a namespace made by hand."""
    name = function.__globals__.get("__name__")
    module = sys.modules.get(name) if isinstance(name, str) else None
    return name if module is not None and module.__dict__ is function.__globals__ else None


def at(place: str, namespace: Mapping[str, Any]) -> Any:
    """Return what stands at a dotted place of a namespace, None when there is nothing."""
    first, *rest = place.split(".")
    value = namespace.get(first)
    for name in rest:
        value = vars(value).get(name) if hasattr(value, "__dict__") else None
    return value


def place_of(value: Any, namespace: Mapping[str, Any]) -> str | None:
    """Return where a function or class stands in a namespace: under its own name, or else under another."""
    if at(value.__qualname__, namespace) is value:
        return str(value.__qualname__)
    return next((name for name, other in namespace.items() if other is value and not name.startswith("_")), None)


def is_pristine(function: types.FunctionType) -> bool:
    """Tell whether the function is its code and nothing else: no closure, no attributes, plain defaults."""
    return (
        not function.__closure__
        and not function.__dict__
        and is_atom(function.__defaults__ or ())
        and is_atom(tuple((function.__kwdefaults__ or {}).items()))
    )


def is_atom(value: object) -> bool:
    """Tell whether a value is immutable, has no parts of other types and compares by its text."""
    return type(value) in _ATOMS or (type(value) is tuple and all(map(is_atom, value)))


def same_code(a: types.CodeType, b: types.CodeType) -> bool:
    """Compare what two functions do, not where they were written."""
    return _essence(a) == _essence(b)


def _essence(code: types.CodeType) -> tuple[Any, ...]:
    return (
        code.co_name,
        code.co_code,
        getattr(code, "co_exceptiontable", b""),  # since Python 3.11
        code.co_flags,
        (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount),
        (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars),
        tuple(map(_constant, code.co_consts)),
    )


def _constant(value: Any) -> Any:
    """A key under which 1, 1.0 and True differ, and 0.0 and -0.0."""
    if isinstance(value, types.CodeType):
        return _essence(value)
    if type(value) is tuple:
        return tuple(map(_constant, value))
    if type(value) is frozenset:
        return frozenset(map(_constant, value))
    return type(value).__name__, repr(value)


def code_digest(code: types.CodeType) -> str:
    """A digest of `same_code`'s view, equal in every process."""
    return hashlib.sha256(_stable_text(_essence(code)).encode("utf-8", "surrogatepass")).hexdigest()


def _stable_text(value: Any) -> str:
    if isinstance(value, frozenset):
        return f"{{{','.join(sorted(map(_stable_text, value)))}}}"
    if isinstance(value, tuple):
        return f"({','.join(map(_stable_text, value))})"
    return repr(value)


# Saving


class Sources:
    """Gives code a file name that does not vary from process to process, and keeps the text of its cell.

    The text lets tracebacks and `inspect.getsource` show the function's lines in another process.
    """

    def __init__(self) -> None:
        self._named: dict[str, tuple[str, str] | None] = {}

    def relocate(self, code: types.CodeType) -> tuple[types.CodeType, tuple[str, str] | None]:
        known = self._named.get(code.co_filename, ...)
        if known is ...:
            text = "".join(linecache.getlines(code.co_filename))
            known = (f"<cell {hashlib.sha256(text.encode()).hexdigest()[:16]}>", text) if text else None
            self._named[code.co_filename] = known
        return (code, None) if known is None else (code.replace(co_filename=known[0]), known)


def reduce_function(
    function: types.FunctionType, home: str, sources: Sources, travels: Callable[[Any], bool]
) -> Reduced:
    """Reduce a function to what rebuilds it in the module `home` of another process.

    What it reads comes with it as far as it `travels`.
    """
    code, source = sources.relocate(function.__code__) if home == MAIN else (function.__code__, None)
    pristine = is_pristine(function)
    state = {
        "reads": dict(_read_by(function, travels)) if home == MAIN else {},
        "attributes": {name: getattr(function, name) for name in _ATTRIBUTES if hasattr(function, name)},
        "own": dict(function.__dict__),
    }
    if not pristine:
        state["attributes"]["__defaults__"] = function.__defaults__
        state["attributes"]["__kwdefaults__"] = function.__kwdefaults__
    plain = (function.__defaults__, function.__kwdefaults__) if pristine else None
    place = place_of(function, function.__globals__) if pristine else None
    arguments = (home, place, code, source, function.__name__, function.__qualname__, function.__closure__, plain)
    return make_function, arguments, state, None, None, finish_function


_ATTRIBUTES = ("__doc__", "__annotations__", "__module__", "__type_params__")


def _read_by(function: types.FunctionType, travels: Callable[[Any], bool]) -> Iterator[tuple[str, Any]]:
    """The modules, functions and classes among the globals that the function reads."""
    namespace = function.__globals__
    for name in cloudpickle._extract_code_globals(function.__code__):
        value = namespace.get(name)
        if isinstance(value, types.ModuleType):
            if value.__spec__ is not None and name != "_mdk":
                yield name, value
        elif isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType, _CACHED)) and travels(value):
            yield name, value


def reduce_cell(cell: types.CellType) -> Reduced:
    """Reduce a closure cell; functions that share it go on sharing it."""
    try:
        return _empty_cell, (), (cell.cell_contents,), None, None, _fill_cell
    except ValueError:
        return _empty_cell, ()


def reduce_cached(function: Any, travels: Callable[[Any], bool]) -> Reduced:
    """Reduce a `functools.lru_cache` wrapper with those results that can travel; its counts begin anew."""
    parameters = function.cache_parameters()
    known = [entry for entry in remembered(function) if travels(entry)]
    return _make_cached, (function.__wrapped__, parameters["maxsize"], parameters["typed"], known)


def remembered(function: Any) -> list[tuple[tuple[Any, ...], dict[str, Any], Any]]:
    """Return the calls of a cached function with their results, the oldest first.

    Python tells them to its garbage collector alone: pairs of key and result, or a dict of them.
    """
    if function.cache_parameters()["typed"]:
        return []
    referents = gc.get_referents(function)
    own = vars(function)
    results = next((d for d in referents if type(d) is dict and d is not own), {})
    if function.cache_parameters()["maxsize"] is None:
        pairs = list(results.items())
    else:
        keys = set(map(id, results))
        pairs, position = [], 0
        while position < len(referents) - 1:
            found = id(referents[position]) in keys
            if found:
                pairs.append((referents[position], referents[position + 1]))
            position += 2 if found else 1
    return [(*_arguments(key), result) for key, result in pairs]


def _arguments(key: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments that a key of a cache stands for."""
    if type(key) in (int, str):
        return (key,), {}
    parts = tuple(key)
    mark = next((place for place, part in enumerate(parts) if type(part) is object), len(parts))
    named = parts[mark + 1 :]
    return parts[:mark], dict(zip(named[::2], named[1::2]))


def reduce_cached_property(value: functools.cached_property[Any]) -> Reduced:
    return _make_cached_property, (value.func, value.attrname)


# Loading


def make_code(make: Callable[..., types.CodeType], arguments: tuple[Any, ...], file_name: str) -> types.CodeType:
    """Return a code object under its file name."""
    return make(*arguments).replace(co_filename=file_name)


def make_function(
    home: str,
    place: str | None,
    code: types.CodeType,
    source: tuple[str, str] | None,
    name: str,
    qualname: str,
    cells: tuple[types.CellType, ...] | None,
    plain: tuple[Any, Any] | None,
) -> types.FunctionType:
    """Return the loading process's own function when it is the same, else a new one that awaits its state."""
    namespace = importlib.import_module(home).__dict__
    if plain is not None and place is not None:
        own = at(place, namespace)
        if isinstance(own, types.FunctionType) and own.__globals__ is namespace and is_pristine(own):
            defaults = _constant((own.__defaults__, tuple((own.__kwdefaults__ or {}).items())))
            wanted = _constant((plain[0], tuple((plain[1] or {}).items())))
            if same_code(own.__code__, code) and defaults == wanted:
                return own
    if source is not None and source[0] not in linecache.cache:
        text = source[1]
        linecache.cache[source[0]] = (len(text), None, text.splitlines(keepends=True), source[0])
    function = types.FunctionType(code, namespace, name, None, cells)
    function.__qualname__ = qualname
    if plain is not None:
        function.__defaults__, function.__kwdefaults__ = plain
    _unfinished.add(id(function))
    return function


def finish_function(function: types.FunctionType, state: dict[str, Any]) -> None:
    for name, value in state["reads"].items():
        function.__globals__.setdefault(name, value)
    if id(function) in _unfinished:
        _unfinished.discard(id(function))
        for name, value in state["attributes"].items():
            setattr(function, name, value)
        function.__dict__.update(state["own"])


def _empty_cell() -> types.CellType:
    return types.CellType()


def _fill_cell(cell: types.CellType, contents: tuple[Any]) -> None:
    cell.cell_contents = contents[0]


class _Recalling:
    """Gives the known results first, so that a new cache is filled with them; then calls the function."""

    def __init__(self, function: Callable[..., Any], known: list[Any]) -> None:
        self.function = function
        self.known = known

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.known.pop() if self.known else self.function(*arguments, **named)


def remembering(cached: Any, known: list[tuple[tuple[Any, ...], dict[str, Any], Any]]) -> Any:
    """Return a cached function like `cached` that knows these results."""
    parameters = cached.cache_parameters()
    return _make_cached(cached.__wrapped__, parameters["maxsize"], parameters["typed"], known)


def _make_cached(function: Callable[..., Any], maxsize: int | None, typed: bool, known: list[Any] | None = None) -> Any:
    if known:
        recalling = _Recalling(function, [result for *_, result in reversed(known)])
        made = functools.update_wrapper(functools.lru_cache(maxsize, typed)(recalling), function)
        for arguments, named, _ in known:
            made(*arguments, **named)
        return made
    namespace = getattr(function, "__globals__", {})
    own = namespace.get(getattr(function, "__qualname__", ""))
    if isinstance(own, _CACHED) and own.cache_parameters() == {"maxsize": maxsize, "typed": typed}:
        wrapped = own.__wrapped__
        if wrapped is function:
            return own
        if isinstance(wrapped, types.FunctionType) and is_pristine(wrapped) and is_pristine_match(wrapped, function):
            return own
    return functools.lru_cache(maxsize, typed)(function)


def is_pristine_match(a: types.FunctionType, b: Any) -> bool:
    return isinstance(b, types.FunctionType) and is_pristine(b) and same_code(a.__code__, b.__code__)


def _make_cached_property(function: Callable[..., Any], name: str | None) -> functools.cached_property[Any]:
    value = functools.cached_property(function)
    value.attrname = name
    return value
