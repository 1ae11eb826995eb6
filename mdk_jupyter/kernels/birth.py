"""A forked process becomes a kernel: first in general, ahead of need, then the kernel of one step."""

from __future__ import annotations

import atexit
import os
import signal
import site
import socket
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mdk_jupyter.kernels import wire
from mdk_jupyter.kernels.preload import Preloaded
from mdk_jupyter.local import inside


def live(connection_file: str, owner: socket.socket, loaded: Preloaded) -> None:
    """Be a kernel until the owner of this one hangs up. Returns when the kernel was shut down.

    The first message of the owner says which step's kernel this is. When the other end of `owner` is closed, as it
    is when the owner dies, the kernel ends at once with all processes of its group.
    """
    import ipykernel
    from ipykernel.kernelapp import IPKernelApp

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    _draw_new_seeds()
    launcher = Path(ipykernel.__file__).parents[1] / "ipykernel_launcher.py"
    sys.argv = [str(launcher), "-f", connection_file]
    added = list(loaded.filters)
    warnings.filters[:] = [entry for entry in warnings.filters if entry not in added]  # type: ignore[index]
    before = dict(os.environ)
    app = IPKernelApp.instance()
    # Process 1 as the parent: the kernel neither watches it nor explains itself on the screen.
    options = ["--HistoryManager.hist_file=:memory:", "--IPKernelApp.parent_handle=1"]
    app.initialize(["-f", connection_file, *options])  # type: ignore[no-untyped-call]
    # Filters of libraries come after the shell's, as if the libraries had been imported in it.
    warnings.filters[:0] = added  # type: ignore[index]
    booted = {name: value for name, value in os.environ.items() if before.get(name) != value}
    inside.part_early()
    for function, args, kwargs in loaded.at_exit:
        atexit.register(function, *args, **kwargs)

    def serve() -> None:
        try:
            message, files = wire.receive(owner)
            _adopt(app, message, files, {**loaded.environ, **booted})
            wire.send(owner, {"ready": True})
            wire.receive(owner)
            inside.farewell()
        except (EOFError, OSError):
            pass
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=serve, name="mdk owner", daemon=True).start()
    app.start()  # type: ignore[no-untyped-call]


def _adopt(app: Any, message: Mapping[str, Any], files: list[int], defaults: Mapping[str, str]) -> None:
    """Become the kernel of a step: its folder, its environment, its log."""
    os.chdir(message["cwd"])
    environ: dict[str, str] = message["environ"]
    adopt_environment({**{name: value for name, value in defaults.items() if name not in environ}, **environ})
    os.umask(message["umask"])
    if files:
        for stream in (sys.stdout, sys.stderr):
            copy = getattr(stream, "_original_stdstream_copy", None)
            if copy is not None:
                os.dup2(files[0], copy, inheritable=False)
        wire.close(files)
    app.shell.user_ns["_dh"][:] = [message["cwd"]]
    app.shell.starting_dir = message["cwd"]


def adopt_environment(environ: Mapping[str, str]) -> None:
    """Make the variables those of this process, with what the interpreter made of them when it started."""
    old = os.environ.get("PYTHONPATH", "")
    zone = os.environ.get("TZ")
    os.environ.clear()
    os.environ.update(environ)
    if environ.get("TZ") != zone:
        time.tzset()
    if environ.get("PYTHONPATH", "") != old:
        _replace_path(old, environ.get("PYTHONPATH", ""))
    tempfile.tempdir = None
    process = sys.modules.get("multiprocessing.process")
    if process is not None:
        process.ORIGINAL_DIR = str(Path.cwd())  # type: ignore[attr-defined]


def _replace_path(old: str, new: str) -> None:
    gone = {site.makepath(entry)[0] for entry in old.split(os.pathsep) if entry}
    rest = [entry for entry in sys.path if entry not in gone]
    place = 1 if rest and rest[0] == "" else 0
    fresh = [site.makepath(entry)[0] for entry in new.split(os.pathsep) if entry]
    sys.path[:] = [*rest[:place], *fresh, *rest[place:]]


def _draw_new_seeds() -> None:
    """Libraries draw their first seed when they are imported; forks would all go on from the same one."""
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None:
        numpy.random.seed()
    if torch is not None:
        torch.seed()
