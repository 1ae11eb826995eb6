"""The examples: notebooks that stand on their own, and pipelines that give what the notebooks give."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import mdk_jupyter as mdk
from mdk_converters.convert import convert
from mdk_converters.graph import dependencies
from mdk_converters.notebook import read_notebook
from mdk_converters.spec import Pipeline
from mdk_jupyter.cli import call
from mdk_jupyter.cli.terminal import Terminal
from mdk_jupyter.local.record import Run
from mdk_jupyter.registry.errors import RefusedError

EXAMPLES = Path(__file__).parents[2] / "examples"
FLIGHTS = EXAMPLES / "flights/flights.ipynb"
WINE = EXAMPLES / "wine/wine.ipynb"
LATER = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "departed"}  # known once a flight has left

FLIGHTS_PARAMETERS = {"trees": 10, "first_test_month": 12}
WINE_PARAMETERS = {"test_share": 0.4}

examples = pytest.mark.parametrize("path", [FLIGHTS, WINE], ids=lambda path: path.stem)


@examples
def test_example_is_kept_clean(path: Path) -> None:
    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", cell.id) for cell in notebook.cells), "an id says what a cell is"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)


def test_flights_graph() -> None:
    pipeline = converted(FLIGHTS)
    waits = dependencies(pipeline)
    assert list(pipeline.components) == [
        "load", "clean", "features", "train_linear", "train_boosted", "evaluate", "register",
    ]  # fmt: skip
    assert waits["train_linear"] == waits["train_boosted"] == {"features"}, "the models train side by side"
    assert {"train_linear", "train_boosted"} <= waits["evaluate"]
    assert "train_boosted" not in waits["register"], "to register a model changes none"
    assert all(parameter.description for parameter in pipeline.parameters.values())


@pytest.fixture(scope="module")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], tuple[Path, Run]]:
    """Runs an example once, from a copy that is committed in a repository of its own."""

    @cache
    def run(path: Path) -> tuple[Path, Run]:
        folder = tmp_path_factory.mktemp(path.stem)
        for file in path.parent.iterdir():
            if file.is_file():
                (folder / file.name).write_bytes(file.read_bytes())
        git = ["git", "-C", str(folder), "-c", "user.name=ann", "-c", "user.email=ann@example.com"]
        for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "the example"]):
            subprocess.run([*git, *words], check=True)
        return folder, mdk.run(
            folder / path.name, parameters=FLIGHTS_PARAMETERS if path == FLIGHTS else WINE_PARAMETERS
        )

    return run


@pytest.mark.parametrize(
    ("path", "parameters"), [(FLIGHTS, FLIGHTS_PARAMETERS), (WINE, WINE_PARAMETERS)], ids=["flights", "wine"]
)
def test_example_gives_the_same_with_the_kit_and_without(
    path: Path,
    parameters: dict[str, Any],
    run_of: Callable[[Path], tuple[Path, Run]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, run = run_of(path)
    assert run.state == "done", repr(run)
    assert run.metrics == run_without_the_kit(path, parameters, tmp_path, list(run.metrics), monkeypatch)
    assert (folder / path.name).read_bytes() == path.read_bytes(), "a run leaves the notebook as it is"

    if path == FLIGHTS:
        scores = run.metrics
        assert 0.5 < scores["heuristic_auc"] < min(scores["linear_auc"], scores["boosted_auc"]) < 0.9
        assert scores["base_rate"] < scores["boosted_average_precision"]
        train, test = run.load("train"), run.load("test")
        assert train["scheduled"].max() < test["scheduled"].min() and set(test["month"]) == {12}
        assert not LATER & {*run.load("categories"), *run.load("numbers")}, "a feature is known too late"
    else:
        assert run.metrics["accuracy"] > run.metrics["baseline"]


def test_the_flights_model_gets_in_by_its_gates_and_a_worse_one_does_not(
    run_of: Callable[[Path], tuple[Path, Run]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, run = run_of(FLIGHTS)
    monkeypatch.chdir(folder)
    registry = mdk.registry()
    version = registry.version("flights/1.0.0")
    assert version.metrics["auc"] == run.metrics["linear_auc"]
    assert version.datasets[0].rows == len(run.load("train"))
    assert version.provenance.run is not None and version.provenance.run.id == f"{run.id}/register"
    assert mdk.load_model("flights/1.0.0").predict_proba(run.load("test").head(3)).shape == (3, 2)

    terminal = Terminal()
    call(["registry", "policy", "dev", "--set", "policy.yaml"], terminal)
    call(["promote", "flights@latest", "dev", "--publish", "--yes", "-m", "first model"], terminal)
    assert registry.champion("flights", environment="dev").version.version == "1.0.0"

    worse = mdk.run(folder / FLIGHTS.name, parameters={**FLIGHTS_PARAMETERS, "regularization": 1e-6})
    assert worse.state == "done" and worse.metrics["linear_auc"] < run.metrics["linear_auc"]
    with pytest.raises(RefusedError, match=r"flights/1\.0\.1 does not get into dev: better-than-now") as refused:
        call(["promote", "flights@latest", "dev", "--publish", "--yes"], terminal)
    gates = {gate.gate: gate.passed for gate in refused.value.gates}
    assert gates == {"better-than-now": False, "good-enough": False, "knows-its-data": True, "reproducible": True}
    assert registry.champion("flights", environment="dev").version.version == "1.0.0"


def converted(path: Path) -> Pipeline:
    conversion = convert(read_notebook(path))
    assert conversion.pipeline is not None and not conversion.findings, conversion.findings
    return conversion.pipeline


def run_without_the_kit(
    path: Path, parameters: dict[str, Any], folder: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """Run the notebook top to bottom in one kernel that cannot import the kit; return the values of `names`.

    The cell that registers a model is for those who have the kit.
    """
    for package in ("mdk_jupyter", "mdk_magics", "mdk_converters"):
        hidden = folder / "hidden" / package
        hidden.mkdir(parents=True)
        (hidden / "__init__.py").write_text("raise ImportError('not installed')")
    monkeypatch.setenv("PYTHONPATH", str(folder / "hidden"))

    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    notebook.cells = [cell for cell in notebook.cells if "component:register" not in cell.metadata.get("tags", [])]
    at = next(n for n, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", []))
    given = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    notebook.cells.insert(at + 1, code_cell(given))
    last = code_cell(f"{{{', '.join(f'{name!r}: {name}' for name in names)}}}")
    notebook.cells.append(last)
    NotebookClient(notebook, timeout=None, resources={"metadata": {"path": str(folder)}}).execute()
    values = last.outputs[0]["data"]["text/plain"]
    return {
        name: float(value) for name, value in ast.literal_eval(re.sub(r"np\.float64\((.*?)\)", r"\1", values)).items()
    }


def code_cell(source: str) -> Any:
    return nbformat.v4.new_code_cell(source)  # type: ignore[no-untyped-call]
