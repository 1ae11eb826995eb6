"""A kernel that stays: what somebody in a notebook has in front of them."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jupyter_client.manager import start_new_kernel

from mdk_converters.spec import Pipeline


class LiveKernel:
    """An ordinary kernel in a folder, with a client that answers no questions."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._manager, self._client = start_new_kernel(
            kernel_name="python3", cwd=str(folder), env=dict(environ), stderr=subprocess.DEVNULL
        )

    def run(self, code: str) -> None:
        """Run a cell to its end; the benchmark ends when it fails."""
        said: list[str] = []
        reply = self._client.execute_interactive(
            code,
            output_hook=lambda message: said.append(str(message["content"].get("text", ""))),
            stdin_hook=lambda message: None,
            timeout=600,
        )["content"]
        if reply["status"] != "ok":
            sys.exit(f"this cell failed:\n{code}\n{reply.get('ename')}: {reply.get('evalue')}\n{''.join(said)}")

    def close(self) -> None:
        """End the kernel."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


class Floor:
    """The steps' own time: their cells, one after the other, in one kernel that has imported everything."""

    def __init__(self, pipeline: Pipeline, folder: Path, environ: Mapping[str, str]) -> None:
        self.seconds: dict[str, list[float]] = {name: [] for name in pipeline.components}
        self._cells = {name: [cell.source for cell in step.cells] for name, step in pipeline.components.items()}
        self._kernel = LiveKernel(folder, environ)
        self._kernel.run("\n".join(f"{name} = {given.default!r}" for name, given in pipeline.parameters.items()))
        for definition in pipeline.definitions.values():
            self._kernel.run(definition.source)
        for cells in self._cells.values():
            self._kernel.run("\n".join(line for cell in cells for line in _imports(cell)))

    def run(self) -> None:
        """Run all cells once, and note how long each step took."""
        for name, cells in self._cells.items():
            started = time.perf_counter()
            for cell in cells:
                self._kernel.run(cell)
            self.seconds[name].append(time.perf_counter() - started)

    def close(self) -> None:
        """End the kernel."""
        self._kernel.close()


def _imports(cell: str) -> list[str]:
    found = (statement for statement in ast.walk(ast.parse(cell)) if isinstance(statement, ast.Import | ast.ImportFrom))
    return [ast.unparse(statement) for statement in found]


class Magic:
    """`%mdk run local` and `mdk.run` in a live kernel."""

    def __init__(self, notebook: Path, environ: Mapping[str, str]) -> None:
        self._kernel = LiveKernel(notebook.parent, environ)
        self._kernel.run(f"import mdk_jupyter as mdk\n%load_ext mdk_jupyter\n%mdk use {notebook.name}")
        self._notebook = notebook.name

    def magic(self, *options: str) -> Callable[[], None]:
        """Return what runs the notebook by the magic."""
        return lambda: self._kernel.run(" ".join(["%mdk run local", *options]))

    def function(self, **options: Any) -> Callable[[], None]:
        """Return what runs the notebook by `mdk.run`."""
        given = "".join(f", {name}={value!r}" for name, value in options.items())
        return lambda: self._kernel.run(f"run = mdk.run({self._notebook!r}{given})")

    def close(self) -> None:
        """End the kernel."""
        self._kernel.close()
