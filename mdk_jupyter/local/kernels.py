"""The kernel processes of one run. None of them outlives it.

They are forked by the kernel server where that is safe, and started anew elsewhere.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mdk_jupyter.kernels import client
from mdk_jupyter.kernels.preload import Wanted
from mdk_jupyter.kernels.template import PORTS

if TYPE_CHECKING:
    from mdk_jupyter.kernels.client import ForkedProcess

_PATH_LIMIT = 90  # a Unix socket's path has at most about 104 bytes; the sockets' own names need some of them


# Threads of OpenMP (scikit-learn, xgboost, …) that wait by spinning keep other steps' threads from working: two
# steps on two processors took ten times as long. It changes no result.
_GIVE_WAY = {"OMP_WAIT_POLICY": "passive"}
_OF_ANOTHER_KERNEL = ("JPY_SESSION_NAME", "JPY_INTERRUPT_EVENT")  # when the run is started from a notebook


class ClosedError(Exception):
    """The run is over; it starts no more kernels."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start the kernel of one step."""

    step: str
    cwd: Path
    env: Mapping[str, str]
    log: Path  # what the process writes by itself goes here


@dataclass(slots=True)
class Kernel:
    """A kernel process in a process group of its own, with whatever processes the user's code starts."""

    process: subprocess.Popen[bytes] | ForkedProcess
    connection: Mapping[str, Any]  # what a client needs to talk to it
    is_forked: bool = False
    is_ended: bool = False  # by us

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def sockets(self) -> list[Path]:
        """The files that appear when the kernel starts to listen; none over TCP, or when it listens already."""
        if self.is_forked or self.connection["transport"] != "ipc":
            return []
        return [Path(f"{self.connection['ip']}-{self.connection[port]}") for port in PORTS]

    def interrupt(self) -> None:
        """As the stop button does: `KeyboardInterrupt` in the running cell."""
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End the kernel and its children now."""
        self.is_ended = True
        self._signal(signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
        self.process.wait()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":
                if number != signal.SIGINT:
                    self.process.kill()
            else:
                # The group lives on while a child does, so this is right even after the kernel's own end.
                os.killpg(self.process.pid, number)


class Kernels:
    """Starts the kernels of a run, each used by one step; when the context ends, all are gone.

    No kernel is started by the main thread, where Ctrl-C could come between the start and the note of it.
    """

    def __init__(self, kernel: str, wanted: Callable[[], Wanted] = Wanted) -> None:
        """Take kernels of the given name; forked ones have imported what `wanted` returns, asked at need."""
        self._command, self._env = _kernel_command(kernel)
        self._wanted = functools.cache(wanted)
        self._sources: dict[tuple[tuple[str, str], ...], client.Source] = {}
        self.why_not_forked = client.why_not() if _is_ours(kernel) else f"the kernel {kernel!r} is another program"
        self._is_chosen = client.is_off() or not _is_ours(kernel)
        self._folder = Path(tempfile.mkdtemp(prefix="mdk-"))
        self._lock = threading.Lock()
        self._closed = False
        self._ahead: dict[str, Kernel] = {}
        self._taken: set[str] = set()
        self._used: list[Kernel] = []

    @property
    def remark(self) -> str | None:
        """Why kernels start slowly, when nobody chose that."""
        reason = self.why_not_forked
        return None if reason is None or self._is_chosen else f"kernels were started one by one: {reason}"

    def prepare(self, launches: Sequence[Launch]) -> None:
        """Let the kernels of steps that will be wanted soon boot while something else happens."""
        threading.Thread(target=self._prepare, args=(launches,), name="mdk kernels", daemon=True).start()

    def _prepare(self, launches: Sequence[Launch]) -> None:
        for launch in launches:
            # What hinders a start here will hinder it again in `take`, and be told there.
            with self._lock, contextlib.suppress(OSError):
                if not self._closed and launch.step not in self._taken and launch.step not in self._ahead:
                    self._ahead[launch.step] = self._start(launch)

    def take(self, launch: Launch) -> Kernel:
        """Return a kernel for the step, started now or ahead. Give it back to `release`.

        Raises:
            ClosedError: the run is being cancelled.
            OSError: the process cannot be started.
        """
        with self._lock:
            if self._closed:
                raise ClosedError
            self._taken.add(launch.step)
            kernel = self._ahead.pop(launch.step, None) or self._start(launch)
            self._used.append(kernel)
            return kernel

    def release(self, kernel: Kernel) -> None:
        """End a kernel that is done."""
        kernel.kill()
        with self._lock:
            self._used.remove(kernel)

    def interrupt(self) -> None:
        """Start no more kernels, interrupt those at work."""
        with self._lock:
            self._closed = True
            for kernel in self._used:
                kernel.interrupt()

    def kill(self) -> None:
        """Start no more kernels, end all that there are."""
        with self._lock:
            self._closed = True
            for kernel in (*self._used, *self._ahead.values()):
                kernel.kill()
            self._ahead.clear()

    def __enter__(self) -> Kernels:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        for source in self._sources.values():
            source.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, launch: Launch) -> Kernel:
        # The one place where kernels come from.
        if self.why_not_forked is None:
            try:
                return self._fork(launch)
            except client.UnavailableError as error:
                self.why_not_forked = str(error)
        return self._spawn(launch)

    def _fork(self, launch: Launch) -> Kernel:
        environ = {**_GIVE_WAY, **_inherited(), **launch.env}
        # Libraries read some variables when they are imported: other variables, another template.
        own = tuple(sorted((name, value) for name, value in launch.env.items() if not name.startswith("MDK_")))
        source = self._sources.get(own)
        if source is None:
            source = self._sources[own] = client.Source(self._wanted(), environ)
        process, connection = source.take(cwd=launch.cwd, environ=environ, log=launch.log)
        return Kernel(process, connection, is_forked=True)

    def _spawn(self, launch: Launch) -> Kernel:
        connection = _connection(self._folder / secrets.token_hex(3))
        file = self._folder / f"{secrets.token_hex(3)}.json"
        file.write_text(json.dumps(connection), encoding="utf-8")
        with launch.log.open("ab") as log:
            process = subprocess.Popen(
                [part.replace("{connection_file}", str(file)) for part in self._command],
                cwd=launch.cwd,
                # The kernel ends by itself when its parent is gone.
                env={**_GIVE_WAY, **_inherited(), **self._env, **launch.env, "JPY_PARENT_PID": str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal reaches the driver alone
            )
        return Kernel(process, connection)


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER_KERNEL}


def _is_ours(kernel: str) -> bool:
    return kernel == "python3" or not is_installed(kernel)


def is_installed(kernel: str) -> bool:
    """Whether Jupyter knows a kernel of this name here."""
    if kernel == "python3":
        return True
    from jupyter_client.kernelspec import KernelSpecManager

    return kernel in KernelSpecManager().find_kernel_specs()


def _kernel_command(kernel: str) -> tuple[list[str], dict[str, str]]:
    """Return the command and environment of a kernel. `python3` and unknown ones mean: this Python."""
    if _is_ours(kernel):
        return [
            sys.executable,
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
            "--HistoryManager.hist_file=:memory:",
        ], {}
    from jupyter_client.kernelspec import KernelSpecManager

    spec = KernelSpecManager().get_kernel_spec(kernel)
    argv = [part.replace("{resource_dir}", spec.resource_dir) for part in spec.argv]
    return argv, dict(spec.env)


def _connection(prefix: Path) -> dict[str, Any]:
    """Return what client and kernel agree on: Unix sockets, which no other process can be quicker to take."""
    shared = {"key": secrets.token_hex(16), "signature_scheme": "hmac-sha256", "kernel_name": "python3"}
    if sys.platform != "win32" and len(os.fsencode(prefix)) <= _PATH_LIMIT:
        return {
            **shared,
            "transport": "ipc",
            "ip": str(prefix),
            **{port: number for number, port in enumerate(PORTS, 1)},
        }
    with contextlib.ExitStack() as stack:
        holders = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in PORTS]
        ports = {port: holder.getsockname()[1] for port, holder in zip(PORTS, holders, strict=True)}
    return {**shared, "transport": "tcp", "ip": "127.0.0.1", **ports}
