"""A pipeline gives the same on a service as on this machine: every artifact, by its digest, and every metric."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from kernels import write_notebook
from steered_cases import STEERED
from submitting import mdk, write_project

import mdk_jupyter
from mdk_jupyter.local.record import Run
from mdk_jupyter.remote import runs

pytest.importorskip("google.cloud.aiplatform_v1")
pytest.importorskip("starlette")

EXAMPLES = Path(__file__).parents[2] / "examples"
# What servers have no words for: refused with a code, before it is sent or by the step; never something else in silence.
INEXPRESSIBLE = {
    "a loop over what a loop made, and over tuples that only a step can read": "MDK431",
    "numbers of numpy decide as well": "MDK403",
}
FLOWS = [name for name, found in STEERED.items() if found.refused is None]


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "PAUSES", (0.1,))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("wine", {"test_share": 0.4}), ("flights", {"trees": 5, "first_test_month": 12})],
    ids=["wine", "flights"],
)
def test_an_example_gives_the_same_on_vertex(name: str, parameters: dict[str, Any], tmp_path: Path) -> None:
    run = compare(EXAMPLES / name / f"{name}.ipynb", parameters, "vertex", tmp_path)
    assert run.metrics and all(found for name, found in values(run).items() if name != "register"), (
        "there is something to compare"
    )


def test_an_example_gives_the_same_on_kubeflow(tmp_path: Path) -> None:
    pytest.importorskip("kfp")
    compare(EXAMPLES / "wine" / "wine.ipynb", {}, "kfp", tmp_path)


@pytest.mark.parametrize("name", FLOWS)
def test_conditions_and_loops_give_the_same_on_vertex(name: str, tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "case.ipynb", STEERED[name].cells)
    if name in INEXPRESSIBLE:
        with pytest.raises(mdk_jupyter.MDKError) as caught:
            compare(notebook, {}, "vertex", tmp_path)
        assert INEXPRESSIBLE[name] in {finding.code for finding in caught.value.findings}
    else:
        compare(notebook, {}, "vertex", tmp_path)


@pytest.mark.parametrize(
    "name", ["a loop over a parameter, and its lists", "conditions that do not hold, and what depends on them"]
)
def test_conditions_and_loops_give_the_same_on_kubeflow(name: str, tmp_path: Path) -> None:
    pytest.importorskip("kfp")
    compare(write_notebook(tmp_path / "case.ipynb", STEERED[name].cells), {}, "kfp", tmp_path)


def compare(notebook: Path, parameters: dict[str, Any], target: str, folder: Path) -> Run:
    here, there = folder / "here", folder / "there"
    for place in (here, there):
        place.mkdir()
        shutil.copy(notebook, place)
    words = [word for name, value in parameters.items() for word in ("-p", f"{name}={value}")]
    write_project(there)

    remote = mdk(there, "submit", notebook.name, "--target", target, "--wait", *words)
    local = mdk_jupyter.run(here / notebook.name, parameters=parameters)

    if remote.failures:
        raise mdk_jupyter.MDKError(remote.failures[0].findings)
    assert (remote.state, local.state) == ("done", "done"), repr(remote)
    assert {name: step.state for name, step in remote.steps.items()} == {n: s.state for n, s in local.steps.items()}
    assert remote.metrics == local.metrics
    assert values(remote) == values(local)
    return local


def values(run: Run) -> dict[str, dict[str, Any]]:
    """Return what identifies the values of each step; state of the interpreter counts, too."""
    kept = ("status", "digest", "format", "type", "length")
    return {
        name: {output: {key: record.get(key) for key in kept} for output, record in step.outputs.items()}
        for name, step in run.steps.items()
    }
