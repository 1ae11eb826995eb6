"""Running a pipeline: every step as soon as what it waits for is done."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mdk_converters.findings import Finding, NotebookError
from mdk_converters.graph import dependencies, order
from mdk_converters.quantities import seconds
from mdk_converters.spec import Pipeline
from mdk_jupyter.errors import UsageError
from mdk_jupyter.kernels.preload import wanted_by
from mdk_jupyter.local import prune
from mdk_jupyter.local.cache import Cache
from mdk_jupyter.local.caching import Caching, scope_of
from mdk_jupyter.local.driver import Driver
from mdk_jupyter.local.events import Observer
from mdk_jupyter.local.failures import Origins
from mdk_jupyter.local.kernels import Kernels
from mdk_jupyter.local.locks import holding
from mdk_jupyter.local.parameters import complete
from mdk_jupyter.local.record import Run, Step
from mdk_jupyter.local.scheduling import machine
from mdk_jupyter.local.selection import Selection, select
from mdk_jupyter.local.store import create_run_folder, driving, open_store, refuse_storing
from mdk_jupyter.project import find_root


def run(
    pipeline: Pipeline,
    *,
    folder: Path,
    source: Path | None,
    parameters: Mapping[str, Any],
    observe: Observer,
    workers: int | None = None,
    isolated: bool = False,
    cache: bool = True,
    start: Sequence[str] = (),
    only: Sequence[str] = (),
    until: Sequence[str] = (),
    keep_going: bool = False,
    timeout: str | None = None,
) -> Run:
    """Run a pipeline on this machine and return how it went, whatever the state it ended in.

    Each step runs in a kernel of its own, in `folder` (the notebook's) or, `isolated`, in an empty one. A step
    whose result is in the cache is not run; without `cache` all are. `start`, `only` and `until` name steps, as
    `select` of `selection` takes them. Independent steps run at the same time as far as the processors, memory
    and accelerators that they ask for suffice, at most `workers` (default: one per processor). After a failure
    nothing new starts, or with `keep_going` nothing that depends on it; what runs comes to its end. `timeout`
    (such as `30m`) is for steps without one of their own. Ctrl-C interrupts the steps, and the run is
    `cancelled`. `observe` is called in the calling thread.

    Raises:
        SpecError: the components wait for each other.
        UsageError: a parameter is unknown or has the wrong type; a step is unknown; options do not go together;
            a step is a container; with `isolated`, a declared file is missing.
        StoreError: the run store cannot be written.
    """
    sequence = order(pipeline)
    values = complete(pipeline, parameters)
    selection = select(pipeline, start=start, only=only, until=until)
    _check_options(selection, cache, timeout)
    _check_containers(pipeline, selection)
    largest = prune.bound()
    if isolated:
        _check_files(pipeline, folder)
    root = find_root(folder)
    home = open_store(root)
    path = create_run_folder(folder, home)
    waits = dependencies(pipeline)
    steps = {name: Step(name, after=sorted(waits[name], key=sequence.index)) for name in sequence}
    record = Run(
        path.name,
        pipeline.metadata.name,
        path,
        source.absolute() if source else None,
        home=home,
        parameters=values,
        steps=steps,
    )
    origins = _origins(pipeline, folder, source)
    has, slots = machine(workers)
    results = Cache(home)
    try:
        with (
            driving(path),
            holding(results.lock, shared=True),
            Kernels(pipeline.metadata.kernel, lambda: wanted_by(pipeline)) as kernels,
        ):
            Driver(
                pipeline=pipeline,
                record=record,
                folder=folder,
                origins=origins,
                kernels=kernels,
                caching=Caching(
                    cache=results,
                    pipeline=pipeline,
                    folder=folder.absolute(),
                    scope=scope_of(folder, root, pipeline.metadata.name),
                    selection=selection,
                    reads=cache,
                    isolated=isolated,
                    numbers=origins.numbers,
                    environ=os.environ,
                ),
                selection=selection,
                machine=has,
                slots=slots,
                observe=observe,
                isolated=isolated,
                keep_going=keep_going,
                timeout=timeout,
            ).drive()
            results.save_memo()
        if any(step.attempts for step in steps.values()):
            prune.keep_within(home, largest)
    except BrokenPipeError:  # nobody watches any more
        _give_up(record)
        raise
    except OSError as error:
        _give_up(record)
        refuse_storing(error, path)
    except BaseException:
        _give_up(record)
        raise
    return record


def _give_up(record: Run) -> None:
    """Leave a record that says that the driver failed, if it can still be written."""
    record.state = "failed"
    for step in record.steps.values():
        if step.state == "running":
            step.state = "cancelled"
        elif step.state == "waiting":
            step.state = "skipped"
    with contextlib.suppress(OSError):
        record.save()


def _check_options(selection: Selection, cache: bool, timeout: str | None) -> None:
    findings = []
    if selection.read and not cache:
        fix = "leave one of them out"
        findings.append(
            Finding("MDK313", "--only takes what its steps read from the cache, --no-cache nothing", fix=fix)
        )
    if timeout is not None:
        try:
            seconds(timeout)
        except ValueError as error:
            findings.append(Finding("MDK313", f"--timeout {timeout}: {error}", fix="write 90s, 30m or 1h30m"))
    if findings:
        raise UsageError(findings)


def _check_containers(pipeline: Pipeline, selection: Selection) -> None:
    findings = [
        Finding(
            "MDK419",
            f"component {name} is a container, {component.image}, which this machine does not run",
            fix="submit the pipeline, or leave the step out with --only or --until",
            names=(name,),
        )
        for name, component in pipeline.components.items()
        if component.is_container and name in selection.run | selection.read
    ]
    if findings:
        raise UsageError(findings)


def _origins(pipeline: Pipeline, folder: Path, source: Path | None) -> Origins:
    """Find the notebook behind the pipeline, so that messages can give its cells' numbers."""
    from mdk_converters.notebook import read_notebook

    metadata = pipeline.metadata
    notebook = source if source and source.suffix in (".ipynb", ".py") else None
    if notebook is None and metadata.notebook:
        notebook = (source.parent if source else folder) / metadata.notebook
    if notebook is None:
        return Origins(str(source or metadata.name), {})
    try:
        return Origins(str(notebook), {cell.id: cell.number for cell in read_notebook(notebook).cells})
    except NotebookError:  # moved away or changed since the spec was made
        return Origins(str(notebook), {})


def _check_files(pipeline: Pipeline, folder: Path) -> None:
    findings = [
        Finding(
            "MDK310",
            f"component {name!r} declares the file {pattern!r}, which is not in {folder}",
            fix="correct `files:` of the component, or put the file there",
            names=(name, pattern),
        )
        for name, component in pipeline.components.items()
        for pattern in component.files
        if not any(folder.glob(pattern))
    ]
    if findings:
        raise UsageError(findings)
