"""The kernel server of one environment: it starts the processes that fork, and brings callers to them.

    python -m mdk_jupyter.kernels.server FOLDER ENVIRONMENT STATE

    server ── commands         forks a process for every `mdk` command that is handed over
           └─ base             has ipykernel
              ├─ template      has the libraries of a pipeline too; keeps a few kernels ready
              │  └─ kernel     one step; belongs to the run that took it, and ends with it
              └─ template …

The server itself imports nothing, so it is there at once. When it dies, templates end what nobody uses; what runs goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import selectors
import shutil
import socket
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdk_jupyter.kernels import place as places
from mdk_jupyter.kernels import wire
from mdk_jupyter.kernels.place import IDLE, Place
from mdk_jupyter.kernels.wire import Message

MOST_TEMPLATES = 4


@dataclass
class Worker:
    """A process that forks. `waiting` are the messages that it gets when it is ready."""

    line: socket.socket
    what: str
    is_ready: bool = False
    importing: str = ""
    waiting: list[tuple[Message, list[int]]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    seeded: bool = False
    environ: dict[str, str] = field(default_factory=dict)
    used: float = field(default_factory=time.monotonic)

    def pass_on(self, message: Message, files: list[int]) -> None:
        """Hand a message over, now or when the process is ready."""
        self.used = time.monotonic()
        if not self.is_ready:
            self.waiting.append((message, files))
            return
        with contextlib.suppress(OSError):  # gone: its callers see that their line is closed
            wire.send(self.line, message, files)
        wire.close(files)


class Server:
    """Accepts callers and starts workers."""

    def __init__(self, place: Place, listener: socket.socket, lock: int) -> None:
        self.place = place
        self.listener = listener
        self.lock = lock
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ, self._accept)
        self.workers: dict[str, Worker] = {}
        self.left_out: dict[bool, dict[str, str]] = {False: {}, True: {}}  # seeded -> module -> why
        self.started = time.time()
        self.used = time.monotonic()
        self.is_open = True

    def serve(self) -> None:
        """Work until nobody came for a long time, or somebody says stop."""
        self._start("commands", _commands)
        self._start("base", _base(self.place.sockets))
        while self.is_open and (self._is_busy() or time.monotonic() - self.used < IDLE):
            for key, _ in self.selector.select(min(IDLE, 30.0)):
                if key.fileobj in self._sources():
                    key.data(key.fileobj)

    def _is_busy(self) -> bool:
        return any(worker.what == "template" or worker.waiting for worker in self.workers.values())

    def _sources(self) -> list[Any]:
        return [self.listener, *(worker.line for worker in self.workers.values())]

    # -- callers

    def _accept(self, listener: socket.socket) -> None:
        caller, _ = listener.accept()
        with caller:
            try:
                if _peer(caller) != os.getuid():
                    return
                caller.settimeout(5)
                message, files = wire.receive(caller)
                caller.settimeout(None)
            except (EOFError, OSError):
                return
            self.used = time.monotonic()
            self._answer(caller, message, files)

    def _answer(self, caller: socket.socket, message: Message, files: list[int]) -> None:
        if "argv" in message:
            self._worker("commands", _commands).pass_on(message, [os.dup(caller.fileno()), *files])
        elif "preload" in message:
            self._template(message["preload"], message["seeded"], message["environ"]).pass_on(
                {"attach": True}, [os.dup(caller.fileno())]
            )
        elif "tell" in message:
            self._tell(caller)
        elif "stop" in message:
            self.is_open = False
            self.listener.close()
            self.place.socket.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                wire.send(caller, {"stopped": True})

    def _out(self, seeded: bool) -> dict[str, str]:
        return self.left_out[False] | self.left_out[True] if seeded else self.left_out[False]

    def _tell(self, caller: socket.socket) -> None:
        about = {
            "pid": os.getpid(),
            "started": self.started,
            "python": sys.executable,
            "left_out": self.left_out[False] | self.left_out[True],
            "templates": [
                {
                    "preload": worker.names,
                    "importing": None if worker.is_ready else worker.importing,
                    **self._ask(worker),
                }
                for worker in self.workers.values()
                if worker.what == "template"
            ],
        }
        with contextlib.suppress(OSError):
            wire.send(caller, about)

    def _ask(self, worker: Worker) -> dict[str, Any]:
        if not worker.is_ready:
            return {}
        ours, theirs = socket.socketpair()
        with ours, theirs:
            try:
                wire.send(worker.line, {"tell": True}, [theirs.fileno()])
                theirs.close()
                ours.settimeout(2)
                return wire.receive(ours)[0]
            except (EOFError, OSError):
                return {}

    # -- workers

    def _worker(self, key: str, work: Callable[[socket.socket, list[socket.socket]], None]) -> Worker:
        return self.workers.get(key) or self._start(key, work)

    def _start(self, key: str, work: Callable[[socket.socket, list[socket.socket]], None]) -> Worker:
        ours, theirs = socket.socketpair()
        if not os.fork():
            os.close(self.lock)
            self.selector.close()
            _begin(work, theirs, [ours, self.listener, *(worker.line for worker in self.workers.values())])
        theirs.close()
        return self._adopt(key, Worker(ours, key))

    def _template(self, wanted: list[str], seeded: bool, environ: dict[str, str]) -> Worker:
        out = self._out(seeded)
        names = [name for name in wanted if name not in out]
        content = json.dumps([names, seeded, sorted(environ.items())])
        key = hashlib.sha256(content.encode()).hexdigest()
        if key in self.workers:
            return self.workers[key]
        templates = [(k, worker) for k, worker in self.workers.items() if worker.what == "template"]
        if len(templates) >= MOST_TEMPLATES:
            oldest, worker = min(templates, key=lambda pair: pair[1].used)
            self._drop(oldest, worker)
        ours, theirs = socket.socketpair()
        base = self._worker("base", _base(self.place.sockets))
        base.pass_on({"template": names, "seeded": seeded, "environ": environ}, [os.dup(theirs.fileno())])
        theirs.close()
        return self._adopt(key, Worker(ours, "template", names=names, seeded=seeded, environ=environ))

    def _adopt(self, key: str, worker: Worker) -> Worker:
        self.workers[key] = worker
        self.selector.register(worker.line, selectors.EVENT_READ, lambda _: self._on_worker(key, worker))
        return worker

    def _drop(self, key: str, worker: Worker) -> None:
        self.selector.unregister(worker.line)
        worker.line.close()
        self.workers.pop(key, None)
        _reap()

    def _on_worker(self, key: str, worker: Worker) -> None:
        try:
            message, _ = wire.receive(worker.line)
        except EOFError:
            self._drop(key, worker)
            if not worker.is_ready and worker.importing:
                self._leave_out(worker, worker.importing, "its import ends the process")
            else:
                for _, files in worker.waiting:
                    wire.close(files)
            return
        if "importing" in message:
            worker.importing = message["importing"]
        elif "left_out" in message:
            self._drop(key, worker)
            self._leave_out(worker, message["left_out"], message["why"])
        elif "ready" in message:
            worker.is_ready = True
            waiting, worker.waiting = worker.waiting, []
            for request, files in waiting:
                worker.pass_on(request, files)

    def _leave_out(self, worker: Worker, module: str, why: str) -> None:
        """Start the template again without the module."""
        self.left_out[worker.seeded][module] = why
        names = [name for name in worker.names if name != module and not name.startswith(f"{module}.")]
        if len(names) == len(worker.names):  # it came along with others: then none is imported ahead
            names = []
        again = self._template(names, worker.seeded, worker.environ)
        for request, files in worker.waiting:
            again.pass_on(request, files)


def _begin(
    work: Callable[[socket.socket, list[socket.socket]], None], line: socket.socket, foreign: list[socket.socket]
) -> None:
    """Work in a process of its own, and end it."""
    try:
        work(line, foreign)
        os._exit(0)
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)


def _commands(line: socket.socket, foreign: list[socket.socket]) -> None:
    from mdk_jupyter.kernels import commands

    commands.serve(line, foreign)


def _base(sockets: Path) -> Callable[[socket.socket, list[socket.socket]], None]:
    def work(line: socket.socket, foreign: list[socket.socket]) -> None:
        from mdk_jupyter.kernels.template import Template, load_kernel

        template = Template(line, sockets, foreign)
        load_kernel()
        template.serve()

    return work


def _peer(caller: socket.socket) -> int:
    credentials = caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def main(folder: str, environment: str, state: str) -> None:
    """Begin to listen, and go on in the background; when this returns to the shell, callers can come."""
    place = Place(Path(folder), environment, state)
    lock = os.open(place.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # somebody was quicker
    place.socket.unlink(missing_ok=True)
    shutil.rmtree(place.sockets, ignore_errors=True)
    place.sockets.mkdir(mode=0o700)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place.socket))
    listener.listen(64)
    if os.fork():
        os._exit(0)
    os.chdir("/")
    places.served = place
    _retire_others(place)
    try:
        Server(place, listener, lock).serve()
    finally:
        with contextlib.suppress(OSError):
            place.socket.unlink(missing_ok=True)
            place.log.unlink(missing_ok=True)


def _retire_others(place: Place) -> None:
    """Stop servers that have imported an older state of the packages, and tidy up after dead ones."""
    for lock in place.folder.glob(f"{place.environment}-*.lock"):
        other = Place(place.folder, place.environment, lock.stem.rpartition("-")[2])
        if other == place:
            continue
        with contextlib.suppress(OSError, EOFError), socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1)
            line.connect(str(other.socket))
            wire.send(line, {"stop": True})
            continue
        other.socket.unlink(missing_ok=True)
        other.log.unlink(missing_ok=True)
        shutil.rmtree(other.sockets, ignore_errors=True)
        lock.unlink(missing_ok=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
