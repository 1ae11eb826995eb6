"""Papermill's engine for steps: cells go to a kernel of ours, news go to the runner.

Imports papermill and all it needs: to be imported where a run starts, by `load_engine` of `steps`.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any, cast

import nbformat
import papermill
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbclient.util import run_sync
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillExecutionError

from mdk_converters.quantities import seconds
from mdk_jupyter.kernels.client import FAREWELL_TIMEOUT
from mdk_jupyter.local import failures
from mdk_jupyter.local.failures import Failure, Origins
from mdk_jupyter.local.files import write_atomically
from mdk_jupyter.local.kernels import Kernel

NAME = "mdk-step"
START_TIMEOUT = 60.0
IOPUB_TIMEOUT = 600  # for output that is still on its way when a cell is done

_SILENT = logging.Logger("mdk", logging.CRITICAL + 1)  # what nbclient says of failures, we say better
logging.getLogger("papermill").addHandler(logging.NullHandler())  # else its warnings go to stderr


class KernelDiedError(Exception):
    """The kernel was gone before it could be talked to."""


class AskedToExitError(Exception):
    """A cell called `exit()` or `quit()`, which IPython takes as a wish."""


@dataclass(kw_only=True)
class Sitting:
    """One step's notebook in one kernel: what the engine needs to know, and what it finds out."""

    step: str
    kernel: Kernel
    output: Path  # where the executed notebook goes
    kernel_log: Path
    origins: Origins
    timeout: str | None
    on_cell: Callable[[int, int, Mapping[str, Any]], None]  # number, how many, the cell
    on_print: Callable[[str, str], None]  # stream, text
    failure: Failure | None = None
    deadline: float | None = None

    def start(self) -> None:
        """The kernel is ready: the step's time runs."""
        if self.timeout is not None:
            self.deadline = time.monotonic() + seconds(self.timeout)

    def remaining(self, cell: NotebookNode) -> float | None:
        """Return the seconds that are left for `cell`."""
        return max(0.001, self.deadline - time.monotonic()) if self.deadline is not None else None

    def last_words(self) -> str:
        return self.kernel_log.read_text(encoding="utf-8", errors="replace")


def execute(notebook: Mapping[str, Any], parameters: Mapping[str, Any], sitting: Sitting) -> Failure | None:
    """Execute a step's notebook through papermill and write it to `sitting.output`; return why it failed."""
    try:
        papermill.execute_notebook(
            nbformat.from_dict(notebook),  # type: ignore[no-untyped-call]
            None,
            parameters=dict(parameters),
            engine_name=NAME,
            kernel_name="python3",
            progress_bar=False,
            request_save_on_cell_execute=False,
            sitting=sitting,
        )
    except PapermillExecutionError:
        if sitting.failure is None:
            raise
    return sitting.failure


class Keeper(NotebookExecutionManager):  # type: ignore[misc]
    """Keeps the executed notebook on disk: whole at any moment, current every few seconds."""

    def __init__(self, notebook: NotebookNode, sitting: Sitting) -> None:
        super().__init__(notebook, progress_bar=False)
        self.sitting = sitting
        self.current: NotebookNode = notebook.cells[0]
        self.failed: NotebookNode | None = None
        self.users = [cell["id"] for cell in notebook.cells if _is_users(cell)]
        self.saved = 0.0
        self.cost = 0.0
        self.is_finished = False

    def save(self, **kwargs: Any) -> None:
        start = time.monotonic()
        # Large notebooks are slow to write: spend a tenth of the time on it at most.
        if start - self.saved > max(2.0, 10 * self.cost):
            self.write()
            self.saved = time.monotonic()
            self.cost = self.saved - start
        self.last_save_time = self.now()

    def write(self) -> None:
        text = nbformat.writes(self.nb)  # type: ignore[no-untyped-call]
        write_atomically(self.sitting.output, text + "\n")

    def finish(self) -> None:
        """Write the notebook for the last time; once more does nothing."""
        if not self.is_finished:
            self.is_finished = True
            self.notebook_complete()
            self.write()

    def cell_start(self, cell: NotebookNode, cell_index: int | None = None, **kwargs: Any) -> None:
        self.current = cell
        if cell["id"] in self.users:
            self.sitting.on_cell(self.users.index(cell["id"]) + 1, len(self.users), cell)
        super().cell_start(cell, cell_index, **kwargs)

    def cell_exception(self, cell: NotebookNode, cell_index: int | None = None, **kwargs: Any) -> None:
        self.failed = cell
        super().cell_exception(cell, cell_index, **kwargs)


class StepEngine(Engine):  # type: ignore[misc]
    """Papermill's way in: `execute_notebook(..., engine_name="mdk-step", sitting=...)`."""

    @classmethod
    def execute_notebook(cls, nb: NotebookNode, kernel_name: str, *, sitting: Sitting, **options: Any) -> NotebookNode:
        # Papermill puts the notebook itself there when it was not read from a file.
        nb.metadata.papermill["input_path"] = sitting.origins.notebook
        nb.metadata.papermill["output_path"] = sitting.output.name
        keeper = Keeper(nb, sitting)
        keeper.notebook_start()
        try:
            sitting.failure = _sit(keeper, sitting)
        finally:
            keeper.finish()
        return nb


papermill_engines.register(NAME, StepEngine)


def _sit(keeper: Keeper, sitting: Sitting) -> Failure | None:
    client = Client()
    client.kernel = sitting.kernel
    client.load_connection_info(cast(KernelConnectionInfo, dict(sitting.kernel.connection)))
    client.start_channels(stdin=False, hb=False, control=False)
    try:
        return _execute_cells(keeper, sitting, client)
    finally:
        client.stop_channels()
        ensure_event_loop().close()  # this thread's; left open, it complains when the process ends


def _execute_cells(keeper: Keeper, sitting: Sitting, client: Client) -> Failure | None:
    step, origins = sitting.step, sitting.origins
    try:
        run_sync(client.wait_until_ready)(START_TIMEOUT)
    except KernelDiedError:
        why = f"its process ended with code {sitting.kernel.process.poll()}"
        return failures.not_started(step, why, sitting.last_words(), origins)
    except TimeoutError:
        why = f"it did not answer within {START_TIMEOUT:.0f} s"
        return failures.not_started(step, why, sitting.last_words(), origins)
    client.tell(f"arrive({str(sitting.kernel_log)!r})")
    sitting.start()
    try:
        Executor(keeper, client).execute()
    except CellTimeoutError:
        failure = failures.too_slow(step, keeper.current, sitting.timeout or "", origins)
        _mark(keeper, "TimeoutError", failure)
        return failure
    except AskedToExitError:
        failure = failures.asked_to_exit(step, keeper.current, origins)
        _mark(keeper, "SystemExit", failure)
        _part(keeper, client)
        return failure
    except DeadKernelError:
        code = sitting.kernel.process.wait()
        if sitting.kernel.is_ended:
            failure, name = failures.cancelled(step, keeper.current, origins), "KeyboardInterrupt"
        else:
            failure = failures.died(step, keeper.current, code, sitting.last_words(), origins)
            name = "DeadKernelError"
        _mark(keeper, name, failure)
        return failure
    explained = _explain(keeper.failed, keeper, client) if keeper.failed is not None else None
    _part(keeper, client)
    return explained


def _part(keeper: Keeper, client: Client) -> None:
    """Let the process run its exit handlers and write out its files; its owner ends it afterwards."""
    farewell = client.tell("farewell()")
    try:
        keeper.finish()  # while the kernel takes its time
    finally:
        run_sync(client.await_end)(farewell, FAREWELL_TIMEOUT)


def _explain(cell: NotebookNode, keeper: Keeper, client: Client) -> Failure:
    sitting = keeper.sitting
    executed = [c for c in keeper.nb.cells if c.cell_type == "code" and c.execution_count is not None]
    cells = {str(c.execution_count): sitting.origins.label(c) for c in executed}
    report = run_sync(client.ask)(f"failure({cells!r}, {str(cell.execution_count)!r})")
    if report is not None:
        return failures.raised(sitting.step, cell, json.loads(report), sitting.origins)
    output = next(output for output in cell.outputs if output.output_type == "error")
    return failures.raised_unexplained(sitting.step, cell, output, sitting.origins)


def _mark(keeper: Keeper, name: str, failure: Failure) -> None:
    """Say in the executed notebook what the kernel could not say any more."""
    message = failure.findings[0].message
    error = {"output_type": "error", "ename": name, "evalue": message, "traceback": [message]}
    keeper.current.outputs.append(NotebookNode(error))  # type: ignore[no-untyped-call]
    keeper.cell_exception(keeper.current)


def _is_users(cell: Mapping[str, Any]) -> bool:
    metadata = cell["metadata"]
    return "mdk" in metadata and "mdk-definition" not in metadata.get("tags", ())


class Client(AsyncKernelClient):
    """A kernel client that knows the kernel's process."""

    kernel: Kernel

    async def is_alive(self) -> bool:
        return self.kernel.is_alive()

    async def wait_until_ready(self, timeout: float) -> None:
        """Return when the kernel answers and its output arrives here.

        Raises:
            KernelDiedError, TimeoutError: it will not.
        """
        deadline = time.monotonic() + timeout
        pending = self.kernel.sockets()
        while pending:
            pending = [path for path in pending if not path.exists()]
            await self._check(deadline)
            await asyncio.sleep(0.005)
        question = self.kernel_info()
        while True:
            try:
                # A subscription that is not through yet misses what is published: ask until something comes.
                await self.get_iopub_msg(timeout=0.1)
                break
            except Empty:
                await self._check(deadline)
                question = self.kernel_info()
        await self._answer(question, deadline)

    async def ask(self, expression: str) -> str | None:
        """Return what a function of `inside` answers in the kernel, or None when it cannot."""
        question = self.execute("", silent=True, store_history=False, user_expressions={"mdk": _inside(expression)})
        try:
            reply = await self._answer(question, time.monotonic() + 10)
        except (KernelDiedError, TimeoutError):
            return None
        answer = reply["content"].get("user_expressions", {}).get("mdk", {})
        return str(ast.literal_eval(answer["data"]["text/plain"])) if answer.get("status") == "ok" else None

    def tell(self, expression: str) -> str:
        """Call a function of `inside` in the kernel, and do not wait."""
        return str(self.execute(_inside(expression), silent=True, store_history=False))

    async def await_end(self, farewell: str, timeout: float) -> None:
        """Wait until the process has ended, or has answered that it cannot."""
        with contextlib.suppress(KernelDiedError, TimeoutError):
            await self._answer(farewell, time.monotonic() + timeout, 0.001)

    async def _answer(self, question: str, deadline: float, pause: float = 0.01) -> dict[str, Any]:
        """Return the reply to a question; look every `pause` seconds whether there will be one."""
        while True:
            try:
                reply: dict[str, Any] = await self.get_shell_msg(timeout=pause)
            except Empty:
                await self._check(deadline)
            else:
                if reply["parent_header"].get("msg_id") == question:
                    return reply

    async def _check(self, deadline: float) -> None:
        if not self.kernel.is_alive():
            raise KernelDiedError
        if time.monotonic() > deadline:
            raise TimeoutError


class Executor(PapermillNotebookClient):  # type: ignore[misc]
    """Papermill's notebook client, on a kernel that somebody else starts and ends."""

    def __init__(self, keeper: Keeper, client: Client) -> None:
        sitting = keeper.sitting
        super().__init__(
            keeper,
            km=_Borrowed(),
            timeout_func=sitting.remaining,
            iopub_timeout=IOPUB_TIMEOUT,
            shell_timeout_interval=1,
            on_cell_executed=_heed_exit,
            log=_SILENT,
        )
        self.kc = client
        client.allow_stdin = False

    def process_message(self, *arguments: Any, **options: Any) -> NotebookNode | None:
        output: NotebookNode | None = super().process_message(*arguments, **options)
        if output is not None and output.output_type == "stream":
            self.nb_man.sitting.on_print(output.name, output.text)
        return output


def _heed_exit(*, execute_reply: Mapping[str, Any], **fields: Any) -> None:
    if any(payload.get("source") == "ask_exit" for payload in execute_reply["content"].get("payload", ())):
        raise AskedToExitError


def _inside(expression: str) -> str:
    return f"__import__('mdk_jupyter.local.inside', fromlist=['_']).{expression}"


class _Borrowed:
    """The kernel manager that nbclient asks for, of a kernel that is not its own."""

    has_kernel = True
