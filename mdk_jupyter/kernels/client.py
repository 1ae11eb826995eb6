"""The caller's side of the kernel server: it is found, or started, and asked for kernels and commands."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from mdk_jupyter.kernels import place, wire

if TYPE_CHECKING:
    from mdk_jupyter.kernels.preload import Wanted

SWITCH = "MDK_KERNELS"  # environment variable; `off`: neither use nor start a server
START_TIMEOUT = 20.0
FAREWELL_TIMEOUT = 5.0  # for exit handlers and unwritten files
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if sys.platform != "win32" else ()
KILLED = 137  # exit code of a command that was killed
UNKNOWN_EXIT = -1000  # exit code of a process that nobody saw end


class UnavailableError(Exception):
    """There is no server, and there can be none; says why."""


def why_not() -> str | None:
    """Return why kernels cannot be forked on this machine, None when they can."""
    if is_off():
        return f"{SWITCH} is off"
    if sys.platform != "linux":
        return f"forks are not safe on {sys.platform}"
    return None


def is_off() -> bool:
    """Whether the user wants no server."""
    return os.environ.get(SWITCH, "").lower() in ("off", "0", "no", "false")


def connect() -> socket.socket:
    """Return a line to the server of this environment, which is started when there is none.

    Raises:
        UnavailableError: it cannot be had.
    """
    if reason := why_not():
        raise UnavailableError(reason)
    try:
        where = place.here()
        line = _line(where)
        return line if line is not None else _start(where)
    except OSError as error:
        raise UnavailableError(f"the kernel server cannot be reached: {error}") from error


def _line(where: place.Place) -> socket.socket | None:
    line = socket.socket(socket.AF_UNIX)
    try:
        line.connect(str(where.socket))
    except OSError:
        line.close()
        return None
    return line


def _start(where: place.Place) -> socket.socket:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        with where.log.open("ab") as log:
            started = subprocess.run(
                # As Jupyter starts kernels: debuggers want modules that are not frozen.
                [
                    sys.executable,
                    "-Xfrozen_modules=off",
                    "-c",
                    _MAIN,
                    str(where.folder),
                    where.environment,
                    where.state,
                ],
                # Sets of texts in the same order in all kernels: equal values have equal bytes.
                env={"PYTHONHASHSEED": "0", **_without_other_kernel(os.environ)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                check=False,
            )
        line = _line(where)
        if line is not None:
            return line
        if started.returncode:
            raise UnavailableError(f"the kernel server does not start; see {where.log}")
        time.sleep(0.02)  # one is on its way, or on its way out
    raise UnavailableError("the kernel server does not answer")


_MAIN = f"""\
import sys
sys.path[:0] = {[str(Path(__file__).parents[2])]!r}
from mdk_jupyter.kernels.server import main
main(*sys.argv[1:])
"""


def _without_other_kernel(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith("JPY_")}


# -- kernels


class ForkedProcess:
    """A kernel's process, which is the child of a template; as much of `subprocess.Popen` as kernels need."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, source: Source, owner: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._source = source
        self._owner = owner
        self._lock = threading.Lock()
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Return the exit code, None while the process lives, and `UNKNOWN_EXIT` when nobody can tell any more."""
        return self._end(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end of the process and return its exit code.

        Raises:
            subprocess.TimeoutExpired: it lives on.
        """
        code = self._end(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("kernel", timeout or 0)
        return code

    def kill(self) -> None:
        """End the process."""
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        """Send a signal to the process alone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def leave(self) -> None:
        """Let the process run its exit handlers and end."""
        with contextlib.suppress(OSError):
            wire.send(self._owner, {"leave": True})
        self._end(FAREWELL_TIMEOUT)

    def _end(self, timeout: float | None) -> int | None:
        if self.returncode is not None:
            return self.returncode
        waiting = select.poll()
        waiting.register(self._handle, select.POLLIN)
        # A handle that another thread closes meanwhile, because it saw the end first, is ready too.
        if not waiting.poll(None if timeout is None else timeout * 1000):
            return None
        with self._lock:
            if self.returncode is None:
                self.returncode = self._source.end(self.pid)
                os.close(self._handle)
                self._owner.close()
        return self.returncode


class Source:
    """A line to a template: where forked kernels come from. Closing it ends those that are still there."""

    def __init__(self, wanted: Wanted, environ: Mapping[str, str]) -> None:
        """Ask for a template that has imported what is wanted, with `environ`; the first kernel waits until it has.

        Raises:
            UnavailableError: there is no server.
        """
        self._lock = threading.Lock()
        self._line = connect()
        self._is_attached = False
        try:
            request = {"preload": list(wanted.modules), "seeded": wanted.seeded, "environ": place.steady(environ)}
            wire.send(self._line, request)
        except OSError as error:
            raise UnavailableError(str(error)) from error

    def take(self, *, cwd: Path, environ: Mapping[str, str], log: Path) -> tuple[ForkedProcess, dict[str, Any]]:
        """Return a kernel's process and how to connect to it. It answers at once.

        Raises:
            UnavailableError: the template is gone.
            OSError: the folder or the log cannot be opened.
        """
        with log.open("ab") as file:
            with self._lock:
                message, files = self._ask({"take": True})
            owner = socket.socket(fileno=files[0])
            try:
                request = {"cwd": str(cwd.absolute()), "environ": dict(environ), "umask": _umask()}
                wire.send(owner, request, [file.fileno()])
                wire.receive(owner)
                return ForkedProcess(message["pid"], self, owner), message["connection"]
            except (EOFError, OSError) as error:
                owner.close()
                raise UnavailableError("a forked kernel did not answer") from error

    def end(self, pid: int) -> int:
        """Let the template bury a kernel; return its exit code."""
        with self._lock:
            try:
                return int(self._ask({"end": pid})[0]["code"])
            except UnavailableError:
                return UNKNOWN_EXIT

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def _ask(self, message: Mapping[str, Any]) -> tuple[wire.Message, list[int]]:
        try:
            if not self._is_attached:
                wire.receive(self._line)
                self._is_attached = True
            wire.send(self._line, message)
            return wire.receive(self._line)
        except (EOFError, OSError) as error:
            raise UnavailableError("the process that forks kernels is gone") from error


# -- commands


class Command:
    """A command that is carried out by a process that has imported everything.

    It uses this process's folder and umask, and the streams and environment given.
    """

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str], streams: Sequence[int]) -> None:
        """Start the command; `streams` are its standard input, output and error.

        Raises:
            UnavailableError: there is no server; nothing was done.
        """
        try:
            request = {"argv": list(argv), "cwd": str(Path.cwd()), "environ": dict(environ), "umask": _umask()}
        except OSError as error:
            raise UnavailableError(f"the current folder is gone: {error}") from error
        self._line = connect()
        try:
            wire.send(self._line, request, streams)
        except OSError as error:
            self._line.close()
            raise UnavailableError(str(error)) from error

    def send_signal(self, number: int) -> None:
        """Send the process a signal."""
        with contextlib.suppress(OSError):
            wire.send(self._line, {"signal": number})

    def wait(self) -> int:
        """Wait for the end; return the exit code, as a shell would give it when the process was killed."""
        with self._line:
            try:
                return int(wire.receive(self._line)[0]["exit"])
            except EOFError:
                return KILLED


def hand_over(argv: Sequence[str]) -> int:
    """Have the command of this process carried out elsewhere, with its streams and signals; return the exit code.

    Raises:
        UnavailableError: there is no server; nothing was done.
    """
    command = Command(argv, os.environ, [0, 1, 2])
    with _passing_on(command):
        code = command.wait()
    if code == KILLED:
        print("mdk: the process of this command was killed", file=sys.stderr)
    return code


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


@contextlib.contextmanager
def _passing_on(command: Command) -> Iterator[None]:
    """Pass on signals that this process gets."""

    def pass_on(number: int, frame: FrameType | None) -> None:
        command.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# -- looking after servers


def servers() -> Iterator[dict[str, Any]]:
    """Yield what each server of this user says about itself."""
    for path in sorted(place.runtime_folder().glob("*.sock")):
        with contextlib.suppress(OSError, EOFError), _to(path) as line:
            wire.send(line, {"tell": True})
            yield {**wire.receive(line)[0], "socket": str(path)}


def stop() -> int:
    """Stop all servers of this user; return how many there were. Runs that are under way come to their end."""
    count = 0
    for path in sorted(place.runtime_folder().glob("*.sock")):
        with contextlib.suppress(OSError, EOFError), _to(path) as line:
            wire.send(line, {"stop": True})
            wire.receive(line)
            count += 1
    return count


def _to(path: Path) -> socket.socket:
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(5)
    line.connect(str(path))
    return line
