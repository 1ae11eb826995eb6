"""A process that has imported a pipeline's libraries, and forks kernels. It starts no thread and opens no ZMQ context."""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import secrets
import selectors
import shutil
import signal
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdk_jupyter.kernels import wire
from mdk_jupyter.kernels.place import IDLE
from mdk_jupyter.kernels.preload import LeftOutError, Preloaded, Wanted, preload

PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
SPARES = min(4, (os.cpu_count() or 1) + 1)  # kernels forked ahead of need
QUIET = 0.2  # seconds after which spares are made up for: not while steps are starting
REST = 120.0  # seconds after which unused spares are given up


@dataclass(slots=True)
class Kernel:
    """A forked kernel that this process must answer for until it is released."""

    pid: int
    connection: dict[str, Any]
    owner: socket.socket  # the other end of its line; whoever holds it owns the kernel
    folder: Path

    def end(self) -> int:
        """Kill the kernel with its children; return its exit code, negative for a signal."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        shutil.rmtree(self.folder, ignore_errors=True)
        return os.waitstatus_to_exitcode(status)


@dataclass(slots=True)
class Driver:
    """A run that takes kernels from here."""

    channel: socket.socket
    kernels: dict[int, Kernel] = field(default_factory=dict)


class Template:
    """Forks kernels for drivers, and ends those whose driver is gone."""

    def __init__(self, server: socket.socket, sockets: Path, foreign: list[socket.socket]) -> None:
        """`server` is the line to the server; `foreign` are sockets of its parent that a fork of it must not keep."""
        for channel in foreign:
            channel.close()
        self.server = server
        self.sockets = sockets
        self.loaded = Preloaded()
        self.spares: list[Kernel] = []
        self.drivers: list[Driver] = []
        self.selector = selectors.DefaultSelector()
        self.selector.register(server, selectors.EVENT_READ, self._on_server)
        self.taken = time.monotonic()  # when a kernel was last wanted
        self.is_retired = False
        self.wants_spares = False
        self.has_room = True

    def prepare(self, wanted: Wanted, environ: Mapping[str, str]) -> None:
        """Import the libraries. Ends the process when one of them cannot be in a template."""
        from mdk_jupyter.kernels.birth import adopt_environment

        adopt_environment(environ)
        try:
            self.loaded = preload(wanted, lambda name: wire.send(self.server, {"importing": name}))
        except LeftOutError as error:
            wire.send(self.server, {"left_out": error.module, "why": error.why})
            os._exit(0)
        self.wants_spares = True

    def serve(self) -> None:
        """Work until the server is gone and no driver is left."""
        gc.collect()
        gc.freeze()  # what is here stays shared with the forks
        wire.send(self.server, {"ready": True})
        while self.drivers or not (self.is_retired or self._is_forgotten()):
            for key, _ in self.selector.select(self._pause()):
                key.data(key.fileobj)
            self._tend_spares()
        self._drop_spares()

    def _is_forgotten(self) -> bool:
        return self.wants_spares and time.monotonic() - self.taken > IDLE

    def _pause(self) -> float | None:
        """Return the seconds until there is something to do without being asked."""
        if self.is_retired or not self.wants_spares:
            return None
        quiet = time.monotonic() - self.taken
        if self.has_room and len(self.spares) < SPARES and quiet < REST:
            return max(0.0, QUIET - quiet)
        return max(0.0, (min(REST, IDLE) if self.spares else IDLE) - quiet) + 0.01

    def _tend_spares(self) -> None:
        quiet = time.monotonic() - self.taken
        if self.is_retired or quiet > min(REST, IDLE):
            self._drop_spares()
        elif self.wants_spares and self.has_room and len(self.spares) < SPARES and quiet >= QUIET:
            try:
                self.spares.append(self._fork_kernel())
            except OSError:  # no room for one more; who wants a kernel is told so
                self.has_room = False

    def _drop_spares(self) -> None:
        while self.spares:
            kernel = self.spares.pop()
            kernel.owner.close()
            kernel.end()

    # -- messages

    def _on_server(self, server: socket.socket) -> None:
        try:
            message, files = wire.receive(server)
        except EOFError:
            self.selector.unregister(server)
            self.is_retired = True
            return
        if "attach" in message:
            channel = socket.socket(fileno=files[0])
            driver = Driver(channel)
            self.drivers.append(driver)
            self.selector.register(channel, selectors.EVENT_READ, lambda _: self._on_driver(driver))
            self.taken = time.monotonic() - QUIET
            self.has_room = True
            try:
                wire.send(channel, {"attached": True})
            except OSError:  # it did not wait
                self._forget(driver)
        elif "template" in message:
            self._fork_template(
                socket.socket(fileno=files[0]),
                Wanted(tuple(message["template"]), message["seeded"]),
                message["environ"],
            )
        elif "tell" in message:
            channel = socket.socket(fileno=files[0])
            with channel, contextlib.suppress(OSError):
                wire.send(channel, self._about())

    def _about(self) -> dict[str, Any]:
        return {"pid": os.getpid(), "spares": len(self.spares), "used": sum(len(d.kernels) for d in self.drivers)}

    def _on_driver(self, driver: Driver) -> None:
        try:
            message, _ = wire.receive(driver.channel)
            if "take" in message:
                self._hand_over(driver)
            elif "end" in message:
                kernel = driver.kernels.pop(message["end"])
                wire.send(driver.channel, {"code": kernel.end()})
        except (EOFError, OSError):
            self._forget(driver)

    def _hand_over(self, driver: Driver) -> None:
        self.taken = time.monotonic()
        kernel = self._spare() or self._fork_kernel()
        driver.kernels[kernel.pid] = kernel
        with kernel.owner as owner:  # from now on the driver alone holds the line
            wire.send(driver.channel, {"pid": kernel.pid, "connection": kernel.connection}, [owner.fileno()])

    def _spare(self) -> Kernel | None:
        while self.spares:
            kernel = self.spares.pop(0)
            if os.waitid(os.P_PID, kernel.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                return kernel
            kernel.owner.close()
            kernel.end()
        return None

    def _forget(self, driver: Driver) -> None:
        self.selector.unregister(driver.channel)
        driver.channel.close()
        self.drivers.remove(driver)
        for kernel in driver.kernels.values():
            kernel.end()

    # -- forks

    def _fork_kernel(self) -> Kernel:
        name = secrets.token_hex(4)
        folder = self.sockets / name
        folder.mkdir(mode=0o700)
        connection = {
            **{port: number for number, port in enumerate(PORTS, 1)},
            **{"transport": "ipc", "ip": str(folder / "s"), "key": secrets.token_hex(16)},
            **{"signature_scheme": "hmac-sha256", "kernel_name": "python3"},
        }
        file = folder / "kernel.json"
        file.write_text(json.dumps(connection), encoding="utf-8")
        file.chmod(0o600)
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid:
            theirs.close()
            _lead_group(pid)
            return Kernel(pid, connection, ours, folder)
        try:
            _lead_group(0)
            self._shed(ours)
            from mdk_jupyter.kernels.birth import live

            live(str(file), theirs, self.loaded)
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)

    def _fork_template(self, channel: socket.socket, wanted: Wanted, environ: Mapping[str, str]) -> None:
        if pid := os.fork():
            channel.close()
            os.waitpid(pid, 0)
            return
        if os.fork():  # the template is nobody's child, so that nobody has to wait for its end
            os._exit(0)
        try:
            template = Template(channel, self.sockets, self._lines())
            template.prepare(wanted, environ)
            template.serve()
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)

    def _shed(self, *others: socket.socket) -> None:
        """Close what belongs to the parent: a copy of a line would keep others from seeing its end."""
        for channel in (*self._lines(), *others):
            channel.close()

    def _lines(self) -> list[socket.socket]:
        return [
            self.server,
            *(kernel.owner for kernel in self.spares),
            *(driver.channel for driver in self.drivers),
        ]


def _lead_group(pid: int) -> None:
    """Put a kernel into a process group of its own. Parent and child both do it: the group is there for both."""
    with contextlib.suppress(OSError):
        os.setpgid(pid, pid)


# What kernels import as they begin and as a step begins and ends.
_OF_EVERY_KERNEL = """
    ipykernel.kernelapp ipykernel.ipkernel ipykernel.zmqshell ipykernel.debugger
    tornado.platform.asyncio tornado.queues
    IPython.core.completerlib IPython.core.debugger IPython.core.logger IPython.core.oinspect IPython.extensions.storemagic
    mdk_jupyter.kernels.birth mdk_jupyter.local.inside mdk_jupyter.runtime mdk_jupyter.runtime.watch
    mdk_jupyter.artifacts.fingerprints mdk_jupyter.artifacts.handover mdk_jupyter.artifacts.sharing
    encodings.ascii encodings.idna encodings.latin_1 sqlite3
"""


def load_kernel() -> None:
    """Import what every kernel needs. Nothing here may start a thread or open a ZMQ context."""
    for name in _OF_EVERY_KERNEL.split():
        with contextlib.suppress(ImportError):  # other versions of IPython have other modules
            importlib.import_module(name)
    from IPython.core.inputtransformer2 import TransformerManager

    TransformerManager().transform_cell("pass")  # type: ignore[no-untyped-call]  # compiles the tokenizer's patterns
