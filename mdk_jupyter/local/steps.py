"""One step, from its kernel to its results. Runs in a thread of its own."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from mdk_jupyter.local import failures
from mdk_jupyter.local.failures import Failure, Origins
from mdk_jupyter.local.kernels import Kernels, Launch

News = Callable[..., None]
"""Called as `news(kind, step=…, message=…, …)` with the fields of an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """All that a step needs to run."""

    step: str
    notebook: Mapping[str, Any]  # what to execute
    parameters: Mapping[str, Any]  # to be shown in the executed notebook
    launch: Launch
    output: Path  # the executed notebook
    log: Path  # what the step prints
    result: Path  # what the runtime in the kernel leaves
    origins: Origins
    timeout: str | None
    retries: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went."""

    step: str
    seconds: float
    attempts: int
    failure: Failure | None
    outputs: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    written: int = 0  # bytes of outputs that were not in the store before
    notes: Mapping[str, Any] = field(default_factory=dict)  # which files it used, and so on, as `watch` noted
    remarks: Sequence[str] = ()  # what is worth knowing about its place in the cache
    trouble: str | None = None  # why its result could not be kept, though it should


def perform(task: Task, kernels: Kernels, news: News) -> Outcome:
    """Run a step, again where it may be retried, and read what it hands on.

    Raises:
        ClosedError: the run is being cancelled.
        OSError: a file of the run store could not be written.
    """
    start = time.monotonic()
    attempts = 0
    while True:
        attempts += 1
        failure = _attempt(task, kernels, news)
        if failure is None or failure.final or attempts > task.retries:
            break
        message = failure.findings[0].message
        news("warning", step=task.step, message=f"{message}; attempt {attempts + 1} of {task.retries + 1}")
    if failure is None:
        try:
            result = json.loads(task.result.read_text(encoding="utf-8"))
            handed_on = {name: result[name] for name in ("outputs", "metrics", "written", "notes")}
            return Outcome(task.step, time.monotonic() - start, attempts, None, **handed_on)
        except (OSError, ValueError, KeyError) as error:
            failure = failures.handed_nothing_on(task.step, str(error), task.origins)
    return Outcome(task.step, time.monotonic() - start, attempts, failure)


def _attempt(task: Task, kernels: Kernels, news: News) -> Failure | None:
    from mdk_jupyter.local import engine

    kernel = kernels.take(task.launch)
    try:
        with task.log.open("a", buffering=1, encoding="utf-8", errors="replace") as log:

            def on_cell(number: int, cells: int, cell: Mapping[str, Any]) -> None:
                place = task.origins.place(cell)
                data = {"cells": cells, "id": place.cell_id, "number": place.cell_number}
                news("cell", step=task.step, cell=number, data=data)

            def on_print(stream: str, text: str) -> None:
                log.write(text)
                news("output", step=task.step, message=text, data={"stream": stream})

            sitting = engine.Sitting(
                step=task.step,
                kernel=kernel,
                output=task.output,
                kernel_log=task.launch.log,
                origins=task.origins,
                timeout=task.timeout,
                on_cell=on_cell,
                on_print=on_print,
            )
            return engine.execute(task.notebook, task.parameters, sitting)
    finally:
        kernels.release(kernel)


def load_engine() -> None:
    """Import papermill and our engine, without what neither needs. To be done before threads start."""
    engine = "mdk_jupyter.local.engine"
    if engine in sys.modules:
        return
    # jsonschema, with the first two, prepares for fields that no notebook has, with the first for two seconds.
    # papermill, with the last, prepares for notebooks on Hadoop.
    with _absent("rfc3987_syntax", "isoduration", "pyarrow"):
        import_module(engine)


@contextmanager
def _absent(*modules: str) -> Iterator[None]:
    """Make imports of modules that are not loaded yet fail."""
    hidden = [name for name in modules if sys.modules.setdefault(name, None) is None]  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
