"""What cannot travel is refused by type and reason, also deep inside another value."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import functools
import io
import mmap
import queue
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import types
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mdk_jupyter.artifacts import Record, Store
from mdk_jupyter.artifacts.handover import save

STORE = Store(tempfile.mkdtemp(prefix="mdk-travel-"))


def record_of(value: Any) -> Record:
    return save({"thing": value}, STORE)["thing"]


async def nothing() -> None: ...


async def asynchronous() -> Any:
    yield 1


def a_traceback() -> Any:
    try:
        raise ValueError
    except ValueError as error:
        return error.__traceback__


def a_future() -> Any:
    loop = asyncio.new_event_loop()
    return loop.create_future()


class Thing:
    def __init__(self, part: Any = None) -> None:
        self.part = part


class Slotted:
    __slots__ = ("part",)

    def __init__(self, part: Any) -> None:
        self.part = part


class Refuses:
    def __reduce__(self) -> Any:
        raise RuntimeError("no, thank you")


REFUSED: dict[str, tuple[Callable[[], Any], str, str]] = {
    "generator": (lambda: (i for i in range(3)), "generator", "runs once"),
    "coroutine": (nothing, "coroutine", "await it"),
    "asynchronous generator": (asynchronous, "async_generator", "list of what it yields"),
    "text file": (functools.partial(open, __file__), "_io.TextIOWrapper", "open file"),
    "binary file": (functools.partial(open, __file__, "rb"), "_io.BufferedReader", "open file"),
    "temporary file": (tempfile.TemporaryFile, "_io.BufferedRandom", "open file"),
    "socket": (socket.socket, "socket.socket", "open socket"),
    "lock": (threading.Lock, "_thread.lock", "lock"),
    "reentrant lock": (threading.RLock, "_thread.RLock", "lock"),
    "thread": (threading.Thread, "threading.Thread", "thread"),
    "thread-local": (threading.local, "_thread._local", "thread-local"),
    "sqlite": (lambda: sqlite3.connect(":memory:"), "sqlite3.Connection", "database connection"),
    "cursor": (lambda: sqlite3.connect(":memory:").cursor(), "sqlite3.Cursor", "cursor"),
    "future": (a_future, "_asyncio.Future", "event loop"),
    "traceback": (a_traceback, "traceback", "traceback"),
    "frame": (sys._getframe, "frame", "frame"),
    "weak reference": (lambda: weakref.ref(Thing), "weakref.ReferenceType", "weak reference"),
    "memoryview": (lambda: memoryview(b"abc"), "memoryview", "window"),
    "match": (lambda: re.match("a", "a"), "re.Match", "groups"),
    "reader": (lambda: csv.reader(io.StringIO("a")), "_csv.reader", "list of its rows"),
    "memory map": (lambda: mmap.mmap(-1, 10), "mmap.mmap", "memory map"),
    "process": (lambda: subprocess.Popen(["true"]), "subprocess.Popen", "process"),
    "module made by hand": (lambda: types.ModuleType("nowhere"), "module", "'nowhere' cannot be imported"),
    "refusing": (Refuses, "Refuses", "no, thank you"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_type_and_reason(name: str) -> None:
    make, kind, reason = REFUSED[name]
    value = make()
    record = record_of(value)
    assert record.status == "untravelable"
    assert record.digest is None
    assert record.type is not None
    assert record.type.endswith(kind)
    assert record.reason is not None
    assert reason in record.reason
    assert "inside" not in record.reason
    with contextlib.suppress(AttributeError):
        value.close()


def closing_over(value: Any) -> Any:
    def use() -> Any:
        return value

    return use


INSIDE: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a dictionary": (lambda bad: {"a": 1, "b": bad}, "`thing['b']`"),
    "a list": (lambda bad: [1, bad], "`thing[1]`"),
    "a tuple": (lambda bad: (bad,), "`thing[0]`"),
    "an attribute": (Thing, "`thing.part`"),
    "a slot": (Slotted, "`thing.part`"),
    "deep": (lambda bad: {"x": [Thing({"y": (1, bad)})]}, "`thing['x'][0].part['y'][1]`"),
    "a partial": (lambda bad: functools.partial(print, bad), "`thing.args[0]`"),
    "a method": (lambda bad: Thing(bad).__init__, "`thing.__self__.part`"),  # type: ignore[misc]
}


@pytest.mark.parametrize("name", INSIDE)
def test_it_is_found_inside_other_values(name: str) -> None:
    make, where = INSIDE[name]
    record = record_of(make(i for i in range(3)))
    assert record.status == "untravelable"
    assert record.reason is not None
    assert record.reason.startswith(f"generator inside {where}: ")


def test_containers_of_locks_name_them() -> None:
    made: list[Any] = [queue.Queue(), threading.Event(), ThreadPoolExecutor(1)]
    for value in made:
        record = record_of(value)
        assert record.status == "untravelable"
        assert record.type == f"{type(value).__module__}.{type(value).__qualname__}"
        assert record.reason is not None
        assert "lock" in record.reason or "belongs to its process" in record.reason


@pytest.mark.parametrize(
    "value",
    [
        iter([1, 2]),
        zip([1], [2], strict=True),
        map(str, [1]),
        io.StringIO("text"),
        io.BytesIO(b"x"),
        range(3),
        sys,
        re.compile("a"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_these_do_travel(value: Any) -> None:
    assert record_of(value).status == "value"


def test_a_very_deep_value_is_refused_and_not_fatal() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    record = record_of(value)
    assert record.status == "untravelable"
    while value:
        value = value.pop()


def test_nothing_is_left_in_the_store(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")

    def late() -> Iterator[int]:
        yield 1

    save({"bad": ["x" * 100_000, late()]}, store)
    assert [path for path in store.root.rglob("*") if path.is_file()] == []
