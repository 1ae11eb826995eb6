"""The Python face: `import mdk_jupyter as mdk`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from mdk_converters.spec import Pipeline
from mdk_jupyter.errors import RunError
from mdk_jupyter.local.events import Event, Observer
from mdk_jupyter.local.record import Run
from mdk_jupyter.sources import read_source


def convert(source: str | Path) -> Pipeline:
    """Return the pipeline of a notebook or of a spec file.

    Raises:
        MDKError: what is wrong with it, all at once.

    Example:
        >>> list(mdk.convert("churn.ipynb").components)     # doctest: +SKIP
        ['load', 'train']
    """
    return read_source(Path(source)).pipeline


def run(
    source: str | Path | Pipeline,
    target: Literal["local"] = "local",
    parameters: Mapping[str, Any] | None = None,
    *,
    workers: int | None = None,
    isolated: bool = False,
    cache: bool = True,
    start: str | Sequence[str] = (),
    only: str | Sequence[str] = (),
    until: str | Sequence[str] = (),
    keep_going: bool = False,
    timeout: str | None = None,
    observe: Observer | None = None,
    folder: str | Path | None = None,
) -> Run:
    """Run a notebook, a spec file or a pipeline, and return the run when all its steps are done.

    Steps run in `folder`: where the notebook is, unless another is given; for a pipeline object, the current one.
    `observe` is called with every event, in the calling thread. Works in a notebook as in a script.

    A step whose result is in the cache is not run again; `cache=False` runs all. `start` names steps that run again
    with all that follows from them, `only` those that alone run, `until` those at which the run ends. After a
    failure nothing new starts, or with `keep_going` nothing that depends on it. `timeout`, such as `"30m"`, is for
    steps without one of their own.

    Raises:
        RunError: a step failed; its `run` has everything else.
        MDKError: the notebook, spec or a parameter is wrong.
        KeyboardInterrupt: the run was cancelled; it is recorded all the same.

    Example:
        >>> run = mdk.run("churn.ipynb", parameters={"learning_rate": 0.5})      # doctest: +SKIP
        >>> run.metrics, run["train"].notebook                                   # doctest: +SKIP
    """
    from mdk_jupyter.local.runner import run as run_local

    if target != "local":
        raise ValueError(f"target {target!r} is not known; there is 'local'")
    if isinstance(source, Pipeline):
        pipeline, path, place = source, None, Path()
    else:
        read = read_source(Path(source))
        pipeline, path, place = read.pipeline, read.path, read.folder
    finished = run_local(
        pipeline,
        folder=Path(folder) if folder is not None else place,
        source=path,
        parameters=parameters or {},
        workers=workers,
        observe=observe or _ignore,
        isolated=isolated,
        cache=cache,
        start=_names(start),
        only=_names(only),
        until=_names(until),
        keep_going=keep_going,
        timeout=timeout,
    )
    if finished.state == "cancelled":
        raise KeyboardInterrupt(f"run {finished.id} was cancelled")
    if finished.failures:
        raise RunError(finished)
    return finished


def _names(given: str | Sequence[str]) -> Sequence[str]:
    return [given] if isinstance(given, str) else given


def _ignore(event: Event) -> None:
    pass
