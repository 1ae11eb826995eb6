"""A process that has imported all that `mdk` needs, and forks itself for every command."""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import os
import selectors
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Mapping
from typing import Any, NoReturn

from mdk_jupyter.kernels import wire

GRACE = 15.0  # seconds that a command has to end after its caller is gone
QUIET = 0.2  # seconds after which a process is forked ahead of the next command: not while one is starting


_MODULES = """
    IPython.core.inputtransformer2 encodings.utf_8_sig pydantic.type_adapter rich.live
    mdk_converters.convert mdk_converters.outputs mdk_converters.report mdk_converters.spec_reader
    mdk_jupyter.cli.entry mdk_jupyter.cli.lines mdk_jupyter.cli.output mdk_jupyter.cli.progress mdk_jupyter.cli.terminal
    mdk_jupyter.kernels.birth mdk_jupyter.local.runner mdk_jupyter.sources mdk_jupyter.widgets.live mdk_jupyter.widgets.text
"""


def load() -> None:
    """Import what commands use, and do once what they all do. Nothing here may start a thread."""
    for name in _MODULES.split():
        importlib.import_module(name)

    from mdk_jupyter.local.steps import load_engine

    load_engine()
    _rehearse()


def _rehearse() -> None:
    """Take a small notebook through the forms that it has in a run: models and tables are built at their first use."""
    import nbformat
    import papermill

    from mdk_converters.convert import convert
    from mdk_converters.notebook import parse_notebook
    from mdk_converters.spec_reader import parse_spec
    from mdk_converters.spec_writer import dump_spec
    from mdk_converters.targets.notebooks import step_notebook
    from mdk_jupyter.cli import entry

    tree = entry.tree()
    run = tree.commands["run"]
    for command, words in ((tree, ["run"]), (run, ["local"]), (run.commands["local"], ["rehearsal.py"])):
        command.make_context("mdk", words)

    notebook = parse_notebook('# %% tags=["component:a"]\nx = [1]\nx.append(2)\n', path="rehearsal.py")
    pipeline = convert(notebook).pipeline
    if pipeline is not None:
        parse_spec(dump_spec(pipeline))
        papermill.execute_notebook(
            nbformat.from_dict(step_notebook(pipeline, "a")),  # type: ignore[no-untyped-call]
            None,
            kernel_name="python3",
            progress_bar=False,
            prepare_only=True,
        )


def serve(server: socket.socket, foreign: list[socket.socket]) -> None:
    """Carry out commands until the server is gone."""
    for channel in foreign:
        channel.close()
    load()
    gc.collect()
    gc.freeze()
    wire.send(server, {"ready": True})
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody has to wait for the end of a command
    spare: socket.socket | None = None
    with selectors.DefaultSelector() as selector:
        selector.register(server, selectors.EVENT_READ)
        while True:
            if not selector.select(QUIET if spare is None else None):
                spare = _fork(server, ahead=True)
                continue
            try:
                message, files = wire.receive(server)
            except EOFError:
                return
            if spare is None or not _hand_over(spare, message, files):
                _hand_over(_fork(server, ahead=False), message, files)
            spare = None
            wire.close(files)


def _fork(server: socket.socket, *, ahead: bool) -> socket.socket:
    """Return the line to a new process, which will be a command. One that is forked ahead has time to practise."""
    ours, theirs = socket.socketpair()
    if os.fork():
        theirs.close()
        return ours
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    server.close()
    ours.close()
    if ahead:
        _rehearse()  # after a fork, memory is copied at its first use
    try:
        with theirs:
            message, files = wire.receive(theirs)
            wire.send(theirs, {"taken": True})
    except (EOFError, OSError):  # the server is gone
        os._exit(0)
    caller, *streams = files
    _obey(socket.socket(fileno=caller), message, streams)


def _hand_over(line: socket.socket, message: wire.Message, files: list[int]) -> bool:
    """Make a process a command; False when it is gone."""
    with line:
        try:
            wire.send(line, message, files)
            wire.receive(line)  # a process that is being killed takes messages, too
        except (EOFError, OSError):
            return False
        return True


def _obey(caller: socket.socket, message: Mapping[str, Any], streams: list[int]) -> NoReturn:
    """Be the command in every respect: folder, environment, streams, signals. Ends the process."""
    code = 1
    try:
        os.setsid()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        wire.close(streams)
        code = _command(caller, message)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller will hang up
        os.closerange(0, 3)  # who reads to the end of them need not wait until this process is taken down
        with contextlib.suppress(OSError):
            wire.send(caller, {"exit": code})
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _command(caller: socket.socket, message: Mapping[str, Any]) -> int:
    from mdk_jupyter.cli import entry
    from mdk_jupyter.kernels.birth import adopt_environment

    os.chdir(message["cwd"])
    os.umask(message["umask"])
    adopt_environment(message["environ"])
    sys.argv = message["argv"]
    sys.stdin, sys.stdout, sys.stderr = (_stream(number) for number in range(3))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_heed, args=(caller,), name="mdk caller", daemon=True).start()
    try:
        entry.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1 if end.code else 0
    except Exception:
        traceback.print_exc()
        return 1
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
    return 0


def _heed(caller: socket.socket) -> None:
    """Pass on the signals that the caller got; when it is gone, end as at Ctrl-C."""
    while True:
        try:
            message, _ = wire.receive(caller)
            os.kill(os.getpid(), message["signal"])
        except EOFError:
            break
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(GRACE)
    os.kill(os.getpid(), signal.SIGKILL)


def _stream(number: int) -> io.TextIOWrapper:
    """Open a standard stream as Python does when it starts."""
    like = (sys.__stdin__, sys.__stdout__, sys.__stderr__)[number]
    encoding, errors = (like.encoding, like.errors) if like is not None else ("utf-8", "surrogateescape")
    file = open(number, "rb" if number == 0 else "wb", buffering=-1, closefd=False)  # noqa: SIM115
    return io.TextIOWrapper(
        file, encoding=encoding, errors=errors, line_buffering=number == 2 or os.isatty(number), newline=None
    )
