"""What cannot travel from one process to another, and why."""

from __future__ import annotations

import functools
import io
import sys
import types
from collections.abc import Iterator

_REASONS = {
    "builtins.generator": "a generator runs once and in its own process; hand on a list of what it yields",
    "builtins.coroutine": "a coroutine runs once and in its own process; await it and hand on its result",
    "builtins.async_generator": "an asynchronous generator runs in its own process; hand on a list of what it yields",
    "builtins.frame": "a frame belongs to the process that runs it",
    "builtins.traceback": "a traceback belongs to the process that raised it; hand on its text",
    "builtins.memoryview": "a memoryview is a window on another object's memory; hand on the object itself",
    "_thread.lock": "a lock belongs to its process",
    "_thread.RLock": "a lock belongs to its process",
    "_thread._local": "thread-local data belongs to its process",
    "threading.Thread": "a thread belongs to its process",
    "weakref": "a weak reference does not keep its object; hand on the object itself",
    "weakref.ReferenceType": "a weak reference does not keep its object; hand on the object itself",
    "_queue.SimpleQueue": "a queue belongs to its process; hand on a list of what is in it",
    "concurrent.futures._base.Executor": "a pool of workers belongs to its process",
    "multiprocessing.pool.Pool": "a pool of workers belongs to its process",
    "socket.socket": "an open socket belongs to its process",
    "mmap.mmap": "a memory map belongs to its process",
    "subprocess.Popen": "a running process belongs to the one that started it",
    "sqlite3.Connection": "a database connection belongs to its process; connect again in the component that uses it",
    "sqlite3.Cursor": "a database cursor belongs to its process; hand on the rows that it gives",
    "_asyncio.Task": "a task belongs to its event loop; await it and hand on its result",
    "_asyncio.Future": "a future belongs to its event loop; await it and hand on its result",
    "re.Match": "a match holds on to the text it was found in; hand on the groups you need",
    "_csv.reader": "a reader runs once over an open file; hand on a list of its rows",
    "_csv.writer": "a writer belongs to an open file",
}
_FILE = "an open file belongs to its process; hand on its path, or what was read from it"
_CONNECTION = "a connection belongs to its process; connect again in the component that uses it"


class Untravelable(Exception):
    """Raised while pickling an object that cannot cross to another process."""

    def __init__(self, kind: str, reason: str, path: str = "") -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind = kind
        self.reason = reason
        self.path = path  # from the variable to the part at fault, such as "['a'].connection"


def type_name(value: object) -> str:
    kind = type(value)
    return (
        kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    )


def reason_against(value: object) -> str | None:
    """Return why `value` itself cannot travel, None when nothing is known against it."""
    for kind in type(value).__mro__:
        reason = _REASONS.get(f"{kind.__module__}.{kind.__qualname__}")
        if reason:
            return reason
    if isinstance(value, io.IOBase) and not isinstance(value, (io.BytesIO, io.StringIO)):
        return _FILE
    if isinstance(value, types.ModuleType) and not _is_importable(value):
        return f"the module {value.__name__!r} cannot be imported elsewhere"
    if type(value).__name__ in ("Connection", "Cursor", "Engine", "MongoClient"):
        return _CONNECTION
    return None


def _is_importable(module: types.ModuleType) -> bool:
    name = module.__name__
    return sys.modules.get(name) is module and (module.__spec__ is not None or name == "__main__")


def parts_of(value: object) -> Iterator[tuple[str, object]]:
    """The objects that `value` holds, with the words that lead to each."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"[{key!r}]", item
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            yield f"[{place}]", item
    elif isinstance(value, (set, frozenset)):
        for item in value:
            yield " (an element)", item
    elif isinstance(value, functools.partial):
        yield ".func", value.func
        yield ".args", value.args
        yield ".keywords", value.keywords
    elif isinstance(value, types.MethodType):
        yield ".__self__", value.__self__
        yield ".__func__", value.__func__
    elif isinstance(value, types.FunctionType):
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or ()):
            try:
                yield f" (its variable {name!r})", cell.cell_contents
            except ValueError:
                continue
    slots = [name for kind in type(value).__mro__ for name in _slots_of(kind)]
    for name in [*getattr(value, "__dict__", {}), *slots]:
        if not isinstance(value, type) and hasattr(value, name):
            yield f".{name}", getattr(value, name)


def _slots_of(kind: type) -> list[str]:
    slots = vars(kind).get("__slots__", ())
    return [slots] if isinstance(slots, str) else list(slots)
