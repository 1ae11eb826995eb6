"""Pipelines written by hand, and runs of them."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path
from typing import Any

from mdk_converters.spec import CellSource, Component, Definition, Metadata, Parameter, Pipeline
from mdk_jupyter.local.events import Event
from mdk_jupyter.local.record import Run
from mdk_jupyter.local.runner import run


def component(*sources: str, name: str = "", **fields: Any) -> Component:
    """Return a component of these cells; `reads="load.rows"` and `gives="x y"` are short for inputs and outputs."""
    cells = [
        CellSource(id=f"{name}-{number}", source=textwrap.dedent(source).strip("\n"))
        for number, source in enumerate(sources, 1)
    ]
    inputs = {source.partition(".")[2]: source for source in fields.pop("reads", "").split()}
    outputs = dict.fromkeys(fields.pop("gives", "").split(), "value")
    return Component(cells=cells, **{"inputs": inputs, "outputs": outputs, **fields})


def pipeline(
    parameters: dict[str, Parameter] | None = None,
    definitions: dict[str, Definition] | None = None,
    metadata: dict[str, Any] | None = None,
    **components: tuple[Any, ...] | Component,
) -> Pipeline:
    """Return a pipeline of components, each given as its cells with a dict of fields behind them."""
    made = {}
    for name, given in components.items():
        if isinstance(given, Component):
            made[name] = given
        else:
            *sources, fields = given if isinstance(given[-1], dict) else (*given, {})
            made[name] = component(*sources, name=name, **fields)
    return Pipeline(
        apiVersion="mdk/v1",
        metadata=Metadata(name="p", **(metadata or {})),
        parameters=parameters or {},
        definitions=definitions or {},
        components=made,
    )


def execute(made: Pipeline, folder: Path, **options: Any) -> tuple[Run, list[Event]]:
    """Run a pipeline in real kernels; return the run and all its events."""
    events: list[Event] = []
    given: dict[str, Any] = {"source": None, "parameters": {}, "observe": events.append, **options}
    return run(made, folder=folder, **given), events


def processes_naming(text: str) -> list[int]:
    """Return the running processes whose command line or environment mentions `text`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            said = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if text.encode() in said and is_running(int(entry.name)) and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


def is_running(process: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
