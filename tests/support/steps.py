"""Runs single steps as their kernels do: cells in IPython's shell, each step in a process of its own."""

from __future__ import annotations

import json
import os
import sys
import textwrap
import traceback
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Outcome:
    """What became of one step. `printed` is what its cells wrote, errors included."""

    printed: str
    outputs: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    failed: bool = False


class Steps:
    """A run of steps that share one store. Outputs are found by name: the last step that made it."""

    def __init__(self, folder: Path) -> None:
        import IPython  # noqa: F401 - the children find them imported
        import pandas  # noqa: F401
        import pyarrow.parquet  # noqa: F401

        self.folder = folder
        self.made: dict[str, dict[str, Any]] = {}

    def run(
        self,
        name: str,
        *cells: str,
        definitions: tuple[str, ...] = (),
        inputs: str = "",
        optional: str = "",
        outputs: str = "",
        guard: str = "",
        metrics: str = "",
        parameters: dict[str, Any] | None = None,
        check: bool = True,
    ) -> Outcome:
        """Run one step; lists of names are separated by blanks. With `check` a failure is a failure of the test."""
        result = self.folder / f"{name}.result"
        result.unlink(missing_ok=True)
        job = {
            "run": "r",
            "pipeline": "p",
            "step": name,
            "store": str(self.folder / "store"),
            "result": str(result),
            "parameters": parameters or {},
            "inputs": {variable: self.made[variable] for variable in inputs.split()},
            "optional": optional.split(),
            "outputs": outputs.split(),
            "guard": guard.split(),
            "metrics": metrics.split(),
        }
        (self.folder / f"{name}.job").write_text(json.dumps(job))
        begin = "from mdk_jupyter import runtime as _mdk\n_mdk.begin()"
        source = [begin, *definitions, "_mdk.receive()", *cells, "_mdk.hand_on()"]
        log = self.folder / f"{name}.log"
        failed = _in_child(self.folder / f"{name}.job", [textwrap.dedent(cell) for cell in source], log)
        outcome = Outcome(log.read_text(), failed=failed)
        if result.exists():
            told = json.loads(result.read_text())
            outcome.error = told.get("error")
            outcome.outputs = told.get("outputs", {})
            outcome.metrics = told.get("metrics", {})
        self.made |= {variable: {"producer": name, **record} for variable, record in outcome.outputs.items()}
        assert not check or not failed, outcome.printed
        return outcome


def _in_child(job: Path, cells: list[str], log: Path) -> bool:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with log.open("w") as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            sys.stdout = os.fdopen(1, "w", buffering=1)
            sys.stderr = os.fdopen(2, "w", buffering=1)
            os.environ["MDK_STEP"] = str(job)
            code = _run_cells(cells)
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0


def _run_cells(cells: list[str]) -> int:
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config({"HistoryManager": {"hist_file": ":memory:"}, "InteractiveShell": {"colors": "nocolor"}})
    shell = InteractiveShell.instance(config=config, user_module=types.ModuleType("__main__"))
    sys.modules["__main__"] = shell.user_module
    run_cell: Any = shell.run_cell
    return 0 if all(run_cell(cell, store_history=True).success for cell in cells) else 1
