"""`import mdk_jupyter as mdk`."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest
from pipelines import execute, pipeline

import mdk_jupyter as mdk
from mdk_converters.findings import NotebookError
from mdk_jupyter.errors import RunError, UsageError
from mdk_jupyter.local.events import Event


def notebook(path: Path, *cells: tuple[str, str]) -> Path:
    content = [
        {"cell_type": "code", "metadata": {"tags": tags.split()}, "source": source, "outputs": []}
        for source, tags in cells
    ]
    path.write_text(json.dumps({"cells": content, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    return path


def test_run_returns_the_run_also_under_a_running_loop(tmp_path: Path) -> None:
    path = notebook(
        tmp_path / "n.ipynb",
        ("k = 2", "parameters"),
        ("import mdk_jupyter as mdk\nx = [1] * k\nmdk.log_metrics(size=len(x))", "component:a"),
        ("y = sum(x)", "component:b output:y"),
    )
    events: list[Event] = []

    async def from_a_notebook() -> mdk.Run:
        return mdk.run(path, parameters={"k": 3}, observe=events.append)

    run = asyncio.run(from_a_notebook())
    assert run.state == "done" and run.metrics == {"size": 3} and run.load("x") == [1, 1, 1]
    assert events[0].data["graph"] == {"a": [], "b": ["a"]} and events[-1].state == "done"
    assert (tmp_path / ".mdk").is_dir() and run["a"].notebook is not None and run["a"].notebook.is_absolute()
    assert "size" in run._repr_mimebundle_()["text/html"]


def test_a_failed_run_is_an_exception_that_has_the_run(tmp_path: Path) -> None:
    path = notebook(tmp_path / "n.ipynb", ("x = 1", "component:a"), ("x / 0", "component:b"))
    with pytest.raises(RunError) as failure:
        mdk.run(str(path))
    assert failure.value.run.load("x") == 1 and failure.value.code == "MDK300"
    assert failure.value.findings[0].place.cell_number == 2


def test_pipelines_and_specs_can_be_run_too(tmp_path: Path) -> None:
    made = pipeline(one=("import os\nx = os.getcwd()", {"gives": "x"}))
    run = mdk.run(made, folder=tmp_path)
    assert run.load("x") == str(tmp_path)
    spec = tmp_path / "copy.pipeline.yaml"
    spec.write_text(run.spec.read_text())
    assert mdk.run(spec).load("x") == str(tmp_path) and mdk.convert(spec) == made


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="MDK354"):
        mdk.run(tmp_path / "no.ipynb")
    with pytest.raises(NotebookError, match="MDK121"):
        mdk.convert(notebook(tmp_path / "n.ipynb", ("1", "")))
    with pytest.raises(ValueError, match="moon"):
        mdk.run(pipeline(one=("1",)), "moon")  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = mdk.nothing_like_it
    assert {"run", "convert", "log_metrics", "__version__"} <= set(dir(mdk))


def kernelspec(folder: Path, name: str, argv: list[str]) -> None:
    (folder / "kernels" / name).mkdir(parents=True)
    spec = {"argv": argv, "language": "python", "display_name": name, "env": {"FROM_SPEC": "yes"}}
    (folder / "kernels" / name / "kernel.json").write_text(json.dumps(spec))


def test_the_notebooks_own_kernel_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    kernelspec(tmp_path, "mine", [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"])
    kernelspec(tmp_path, "broken", [sys.executable, "-c", "raise SystemExit('no such thing as a kernel')"])
    code = "import os\nx = os.environ['FROM_SPEC']"
    run, _ = execute(pipeline(metadata={"kernel": "mine"}, one=(code, {"gives": "x"})), tmp_path)
    assert run.load("x") == "yes" and run.warnings == []
    run, _ = execute(pipeline(metadata={"kernel": "broken"}, one=(code, {"gives": "x"})), tmp_path)
    [finding] = run["one"].findings
    assert finding.code == "MDK302" and "no such thing as a kernel" in str(run["one"].traceback)
