"""Runs notebooks and pipelines in forked processes: isolation like that of kernels, in milliseconds.

Cells are plain Python. What is real: the compiler, the artifacts, the separate processes.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import sys
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mdk_converters.convert import Conversion, convert
from mdk_converters.graph import order
from mdk_converters.notebook import Cell, Notebook
from mdk_converters.spec import Pipeline


class Crashed(Exception):
    """The code of a cell failed."""


def notebook(cells: list[tuple[str | None, str]], path: str = "case.ipynb") -> Notebook:
    """Build a notebook from (tag, source) pairs; a tag without a colon or known word is a component's name."""
    made = []
    for number, (tag, source) in enumerate(cells, start=1):
        known = tag in {None, "skip", "parameters"} or ":" in (tag or "")
        tags = () if tag is None else (tag,) if known else (f"component:{tag}",)
        made.append(Cell(number, f"c{number}", "code", source, tags))
    return Notebook("case", path, tuple(made))


def run_notebook(found: Notebook) -> dict[str, str]:
    """Run all cells in one process; return what each printed, by cell id."""

    def work() -> dict[str, str]:
        main = _fresh_main()
        return {c.id: _run(c.source, main) for c in found.cells if c.kind == "code" and "skip" not in c.tags}

    return dict(_forked(work))


def run_pipeline(pipeline: Pipeline, folder: Path) -> dict[str, str]:
    """Run every component in a process of its own; return what each cell printed, by cell id."""
    produced: dict[str, dict[str, Any]] = {}
    printed: dict[str, str] = {}
    for name in order(pipeline):
        component = pipeline.components[name]
        result = folder / f"{name}.result.json"
        inputs = {}
        for variable, source in component.inputs.items():
            producer, _, given = source.partition(".")
            inputs[variable] = produced[producer][given] | {"producer": producer}
        job = {
            "run": "r", "pipeline": "p", "step": name, "store": str(folder / "store"), "result": str(result),
            "parameters": {p: pipeline.parameters[p].default for p in component.parameters},
            "inputs": inputs, "optional": component.optional, "outputs": list(component.outputs),
            "guard": _guarded(pipeline, name), "metrics": [],
        }  # fmt: skip
        path = folder / f"{name}.job.json"
        path.write_text(json.dumps(job))
        printed |= _forked(lambda name=name, path=path: _step(pipeline, name, path))  # type: ignore[misc]
        produced[name] = json.loads(result.read_text())["outputs"]
    return printed


def _step(pipeline: Pipeline, name: str, job: Path) -> dict[str, str]:
    from mdk_jupyter import runtime

    component = pipeline.components[name]
    main = _fresh_main()
    os.environ["MDK_STEP"] = str(job)
    runtime.begin()
    for definition in component.definitions:
        _run(pipeline.definitions[definition].source, main)
    runtime.receive()
    output = {cell.id: _run(cell.source, main) for cell in component.cells}
    runtime.hand_on()
    return output


def _guarded(pipeline: Pipeline, name: str) -> list[str]:
    """Inputs that the step does not hand on and that a component below it on the page reads too."""
    component = pipeline.components[name]
    listed = list(pipeline.components)
    below = [pipeline.components[n] for n in listed[listed.index(name) + 1 :]]
    return [
        variable
        for variable, source in component.inputs.items()
        if variable not in component.outputs and any(source in other.inputs.values() for other in below)
    ]


def compare(cells: list[tuple[str | None, str]], folder: Path) -> Conversion:
    """Check that the pipeline prints what the notebook prints, cell by cell, or is refused."""
    found = notebook(cells)
    conversion = convert(found)
    if conversion.pipeline is not None:
        expected = run_notebook(found)
        actual = run_pipeline(conversion.pipeline, folder)
        for cell, text in actual.items():
            assert text == expected[cell], f"cell {cell} prints {text!r}, the notebook {expected[cell]!r}"
    return conversion


def _fresh_main() -> types.ModuleType:
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    ran: list[str] = []
    shell = types.SimpleNamespace(history_manager=types.SimpleNamespace(input_hist_parsed=ran))
    main.__dict__["get_ipython"] = lambda: shell
    return main


def _run(source: str, main: types.ModuleType) -> str:
    main.__dict__["get_ipython"]().history_manager.input_hist_parsed.append(source)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(source, "<cell>", "exec"), main.__dict__)
    return out.getvalue()


def _forked(work: Callable[[], Any]) -> Any:
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(receive)
        try:
            answer: tuple[bool, Any] = (True, work())
        except BaseException:
            answer = (False, traceback.format_exc())
        with os.fdopen(send, "wb") as stream:
            pickle.dump(answer, stream)
        os._exit(0)
    os.close(send)
    with os.fdopen(receive, "rb") as stream:
        data = stream.read()
    os.waitpid(child, 0)
    if not data:
        raise Crashed("the process died")
    worked, value = pickle.loads(data)
    if not worked:
        raise Crashed(value)
    return value
