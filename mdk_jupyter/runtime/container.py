"""One step in a container of Kubeflow Pipelines or Vertex AI: what its image's Python runs.

The compiler writes the command, which brings this package in the bundle and calls `main`. The code of a step is the
same here and on the user's machine; what differs is who runs its cells and where its values are.
"""

from __future__ import annotations

import builtins
import contextlib
import faulthandler
import getpass
import json
import math
import os
import sys
import tempfile
import threading
import traceback
import zipfile
from atexit import _run_exitfuncs
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from mdk_converters.findings import Finding, MDKError, Place
from mdk_converters.report import render
from mdk_converters.targets.notebooks import build
from mdk_jupyter.runtime import arguments, failures, figures, packages, page, plain, secret_manager, step
from mdk_jupyter.runtime.arguments import Given
from mdk_jupyter.runtime.exchange import HTML, NOTEBOOK, Exchange, write
from mdk_jupyter.runtime.failures import Failure, Origins
from mdk_jupyter.runtime.leaving import leave
from mdk_jupyter.runtime.outputs import Outputs, Stream, mask
from mdk_jupyter.runtime.tracebacks import tell

TERMINATION_LOG = "MDK_TERMINATION_LOG"  # environment variable: where Kubernetes reads why a container ended
_LONGEST_MESSAGE = 4096  # bytes that Kubernetes takes
_SHORTEST_SECRET = 4  # characters; shorter ones stand in too many texts


def main(argv: Sequence[str]) -> NoReturn:
    """Run the step that the arguments describe, and end the process: with 0 when it came to its end, else with 1."""
    faulthandler.enable(sys.__stderr__ or 2)
    _end(_run(argv))


def _run(argv: Sequence[str]) -> int:
    try:
        given = arguments.parse(argv)
    except MDKError as error:
        _tell(Failure(error.findings), ())
        return 1
    return Sitting(given).run()


class StdinNotImplementedError(NotImplementedError):
    """Nobody is there to answer; kernels without a frontend raise an exception of this name."""


class Sitting:
    """One step from its arguments to its executor output."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.origins = Origins(given.step.get("notebook") or "notebook", given.of("numbers"))
        self.outputs = Outputs()
        self.streams = [Stream(name, self.outputs, getattr(sys, name)) for name in ("stdout", "stderr")]
        self.result: dict[str, Any] = {}
        self.notebook = build(
            given.step["pipeline"],
            given.component,
            given.step.get("kernel") or "python3",
            given.of("definitions") or (),
            given.step["cells"],
        )
        self.cell = self.notebook["cells"][0]
        self._ending = threading.Lock()  # held by whoever writes what became of the step
        self._is_over = False

    def run(self) -> int:
        """Run the step; return the exit code."""
        sys.stdout, sys.stderr = self.streams
        self.outputs.enter({"outputs": []})  # what is printed before the first cell is in the log alone
        timer = self._watch_the_time()
        try:
            failure = self._perform()
        except MDKError as error:
            failure = Failure(tuple(error.findings))
        except Exception:
            failure = self._broken(traceback.format_exc())
        timer.cancel()
        with self._ending:
            self._is_over = True
            return self._conclude(failure)

    def _perform(self) -> Failure | None:
        """Prepare the container, run the cells and answer the platform."""
        packages.install(self.given.of("requirements"))
        self._set_secrets()
        exchange = Exchange(self.given)
        job = exchange.job(self.result.update)
        self._show_parameters(job.parameters)
        step.prepare(job)
        _enter_folder(self.given)
        failure = self._run_cells()
        if failure is not None:
            return failure
        if "outputs" not in self.result:
            return failures.handed_nothing_on(job.step, "the last cell did not report it", self.origins)
        exchange.finish(exchange.answer(self.result, sys.modules["__main__"].__dict__))
        return None

    def _set_secrets(self) -> None:
        wanted = {name: secret for name, secret in self.given.of("secrets").items() if name not in os.environ}
        os.environ.update(secret_manager.read(wanted))
        known = {os.environ[name] for name in self.given.of("secrets") if name in os.environ}
        hidden = tuple(sorted((text for text in known if len(text) >= _SHORTEST_SECRET), key=len, reverse=True))
        for stream in self.streams:
            stream.hidden = hidden

    @property
    def _hidden(self) -> tuple[str, ...]:
        return self.streams[0].hidden

    def _show_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Begin the executed notebook with a cell that sets the parameters, as papermill does."""
        if not parameters:
            return
        lines = [f"{name} = {_literal(value)}" for name, value in parameters.items()]
        first = self.notebook["cells"][0]
        ids = {cell["id"] for cell in self.notebook["cells"]}
        cell_id = next(
            name for name in ("mdk-parameters", *map("mdk-parameters-{}".format, range(99))) if name not in ids
        )
        cell = {**first, "id": cell_id, "metadata": {"tags": ["injected-parameters"]}, "outputs": []}
        self.notebook["cells"].insert(0, {**cell, "source": "\n".join(["# Parameters", *lines])})

    def _run_cells(self) -> Failure | None:
        cells = _make_cells(self.outputs)
        _refuse_input()
        for cell in self.notebook["cells"]:
            if not cell["source"].strip():
                continue
            self.cell, cell["execution_count"] = cell, cells.count
            self.outputs.enter(cell)
            error = cells.run(cell["source"])
            for stream in self.streams:
                stream.flush()
            if error is not None:
                return self._explain(error, cells)
            if cells.asked_to_exit:
                failure = failures.asked_to_exit(self.given.component, cell, self.origins)
                self._mark("SystemExit", failure)
                return failure
        return None

    def _explain(self, error: BaseException, cells: Any) -> Failure:
        step.explain(error)
        executed = [cell for cell in self.notebook["cells"] if cell["execution_count"] is not None]
        labels = {cell["execution_count"]: self.origins.label(cell) for cell in executed}
        count = self.cell["execution_count"]
        names = cells.file_names(labels)
        origins = {name: labels[number] for name, number in names.items()}
        here = {name: 0 for name, number in names.items() if number == count}
        report = tell(error, origins, here, labels[count])
        if isinstance(cells, plain.Cells):
            self.outputs.error(type(error).__name__, str(error), plain.error_lines(error, report))
        return failures.raised(self.given.component, self.cell, report, self.origins)

    def _mark(self, name: str, failure: Failure) -> None:
        message = failure.findings[0].message
        self.outputs.error(name, message, [message])

    def _broken(self, trace: str) -> Failure:
        message = f"step {self.given.component!r} cannot be run here"
        return Failure((Finding("MDK302", message, Place(notebook=self.origins.notebook)),), trace)

    def _watch_the_time(self) -> threading.Timer:
        """Start the clock that ends the step. Also code that hears no exceptions is ended."""
        limit = self.given.step.get("timeout")
        timer = threading.Timer(limit or 0, self._run_out_of_time)
        timer.daemon = True
        if limit:
            timer.start()
        return timer

    def _run_out_of_time(self) -> None:
        with self._ending:
            if self._is_over:
                return
            words = _duration(int(self.given.step["timeout"]))
            failure = failures.too_slow(self.given.component, self.cell, words, self.origins)
            self._mark("TimeoutError", failure)
            self._conclude(failure)
            sys.stdout.flush()
            os._exit(1)

    def _conclude(self, failure: Failure | None) -> int:
        """Write the executed notebook, tell of a failure and return the exit code."""
        try:
            self._write_notebook()
        except MDKError as error:
            failure = failure or Failure(tuple(error.findings))
        if failure is None:
            return 0
        _tell(failure, self._hidden)
        return 1

    def _write_notebook(self) -> None:
        notebook = mask(self.notebook, self._hidden)
        paths = self.given.output_path(NOTEBOOK), self.given.output_path(HTML)
        if paths[0] is not None:
            write(paths[0], json.dumps(notebook, indent=1, ensure_ascii=False, default=str) + "\n")
        if paths[1] is not None:
            title = f"{self.given.step['pipeline']}: {self.given.component}"
            write(paths[1], page.render(notebook, title))


def _make_cells(outputs: Outputs) -> Any:
    if find_spec("IPython") is None:
        os.environ.setdefault("MPLBACKEND", figures.BACKEND)
        return plain.Cells(outputs)
    from mdk_jupyter.runtime import shell

    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    return shell.Cells(outputs)


def _enter_folder(given: Given) -> None:
    """Go to an empty folder with the user's modules, and the files that the component declares."""
    folder = Path(tempfile.mkdtemp(prefix="mdk-work-"))
    archive = getattr(sys.modules[__name__].__loader__, "archive", None)
    if archive is not None:
        with zipfile.ZipFile(archive) as bundle:
            listing = json.loads(bundle.read("bundle.json"))
            for name in {*listing["modules"], *listing["files"].get(given.component, ())}:
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(bundle.read(f"work/{name}"))
    os.chdir(folder)
    if "" not in sys.path:
        sys.path.insert(0, "")


def _refuse_input() -> None:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise StdinNotImplementedError("a step asks for input, and nobody is there to answer")

    builtins.input = refuse
    getpass.getpass = refuse


def _literal(value: Any) -> str:
    is_writable = not isinstance(value, float) or math.isfinite(value)
    return repr(value) if is_writable else f"float({str(value)!r})"


def _duration(seconds: int) -> str:
    """Return a number of seconds in the words of specs, such as 1h30m."""
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number)


def _tell(failure: Failure, hidden: Sequence[str]) -> None:
    """Say why the step failed: in the log, and where Kubernetes finds it."""
    text = render(failure.findings)
    if failure.traceback:
        text += f"\n{failure.traceback.rstrip()}\n"
    text = mask(text, hidden)
    stream: Any = sys.__stderr__
    stream.write(text.encode("utf-8", "backslashreplace").decode())
    stream.flush()
    path = Path(os.environ.get(TERMINATION_LOG) or "/dev/termination-log")
    if path.exists():
        with contextlib.suppress(OSError):
            path.write_bytes(text.encode("utf-8", "backslashreplace")[:_LONGEST_MESSAGE])


def _end(code: int) -> NoReturn:
    """End the process as Python ends, but wait for no threads: a container that goes on costs money."""
    with contextlib.suppress(Exception):
        _run_exitfuncs()
    leave(code)
