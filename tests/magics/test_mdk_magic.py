"""`%mdk` in real kernels, running real pipelines."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from real_kernel import Kernel, notebook, text

GOOD = [
    ("rate = 0.5", "parameters"),
    ("%load_ext mdk_jupyter", ""),
    ("%%component load\nrows = [1, 2, 3]", ""),
    ("%%component train --metric score\nscore = sum(rows) * rate", ""),
    ("%mdk run local", ""),
]
BAD = [("rows = [1, 2, 3]\nprint('loaded')", "component:load"), ("x = 1\nrows[9]", "component:train")]
NOTHING = [("1 + 1", "")]


def write(path: Path, cells: list[tuple[str, str]]) -> Path:
    path.write_text(json.dumps(notebook([(source, [tag] if tag else []) for source, tag in cells])))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("work")
    write(made / "good.ipynb", GOOD)
    write(made / "bad.ipynb", BAD)
    write(made / "nothing.ipynb", NOTHING)
    return made


@pytest.fixture(scope="module")
def kernel(folder: Path) -> Iterator[Kernel]:
    running = Kernel("%load_ext mdk_jupyter\n%mdk use good.ipynb", folder)
    yield running
    running.close()


@pytest.fixture(scope="module")
def unattended(folder: Path) -> Iterator[Kernel]:
    running = Kernel("%load_ext mdk_jupyter", folder, attended=False)
    yield running
    running.close()


def pictures(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [output for output in outputs if "text/html" in output.get("data", {})]


def test_a_run_of_the_open_notebook_is_returned(kernel: Kernel) -> None:
    outputs = kernel.run("run = %mdk run local")
    assert outputs[-1]["status"] == "ok", outputs
    assert "train" in pictures(outputs)[-1]["data"]["text/html"]
    assert kernel.value("run.state, run.metrics, run.load('rows')") == "('done', {'score': 3.0}, [1, 2, 3])"


def test_parameters_and_python_values_are_put_in(kernel: Kernel) -> None:
    kernel.run("value = 4")
    kernel.run("run = %mdk run local -p rate={value / 2}")
    assert kernel.value("run.metrics") == "{'score': 12.0}"
    kernel.run("run = %mdk run local -p rate=$value")
    assert kernel.value("run.metrics") == "{'score': 24.0}"


def test_a_cell_that_ends_with_the_command_shows_the_run_once(kernel: Kernel) -> None:
    outputs = kernel.run("%mdk run local")
    kinds = [output["type"] for output in pictures(outputs)]
    assert kinds[0] == "display_data" and set(kinds[1:]) == {"update_display_data"}
    assert kernel.value("_.state") == "'done'", "it is the cell's value all the same"
    later = kernel.run("[one for one in Out.values() if hasattr(one, 'metrics')][-1]")
    assert len(pictures(later)) == 1, "and is shown when asked for"


def test_runs_are_looked_at_from_the_notebook(kernel: Kernel) -> None:
    kernel.run("%mdk run local -p rate=1")
    kernel.run("%mdk run local -p rate=3")
    (picture,) = pictures(kernel.run("%mdk runs diff latest~1 latest"))
    assert "mdk-comparison" in picture["data"]["text/html"] and "score" in picture["data"]["text/plain"]
    kernel.run("found = %mdk runs diff latest~1 latest")
    assert kernel.value("[(p.name, p.b) for p in found.parameters if not p.is_same]") == "[('rate', 3.0)]"
    (link,) = pictures(kernel.run("%mdk runs open train"))
    assert link["data"]["text/html"].startswith('<a href=".mdk/runs/') and "train.html" in link["data"]["text/html"]
    watched = kernel.run("run = %mdk runs watch")
    assert "train" in pictures(watched)[-1]["data"]["text/html"] and kernel.value("run.metrics") == "{'score': 18.0}"


def test_parity_is_checked_from_the_notebook(kernel: Kernel) -> None:
    outputs = kernel.run("%mdk check --parity")
    assert "the pipeline gives what the notebook gives" in text(outputs) and "✓ train.score" in text(outputs)
    assert "notebook" in pictures(outputs)[0]["data"]["text/html"] and outputs[-1]["status"] == "ok"


def test_a_failed_run_is_shown_and_returned_to_a_person(kernel: Kernel) -> None:
    outputs = kernel.run("run = %mdk run local bad.ipynb")
    final = pictures(outputs)[-1]["data"]
    assert "IndexError" in final["text/html"] and "cell 2, line 2" in final["text/html"]
    assert outputs[-1]["status"] == "ok"
    assert kernel.value("run.state, run['load'].state") == "('failed', 'done')"


def test_a_failed_run_is_an_error_where_nobody_looks(unattended: Kernel) -> None:
    outputs = unattended.run("run = %mdk run local bad.ipynb")
    (error,) = [output for output in outputs if output.get("type") == "error"]
    assert "MDK300" in error["traceback"] and "IndexError" in error["traceback"]
    assert "mdk_jupyter" not in error["traceback"] and outputs[-1]["status"] == "error"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("run local nothing.ipynb", "MDK121"),
        ("run local -p rat=1", "rate"),
        ("run local missing.ipynb", "missing.ipynb"),
        ("use missing.ipynb", "MDK361"),
        ("use", "MDK363"),
        ("run local -p rate='1", "MDK363"),
        ("rnu", "rnu"),
        ("run local --no-such-option", "--no-such-option"),
        ("--events run local", "in a terminal"),
        ("runs show 1999", "MDK352"),
    ],
)
def test_mistakes_are_explained_without_a_traceback(kernel: Kernel, unattended: Kernel, line: str, said: str) -> None:
    outputs = kernel.run(f"%mdk {line}")
    assert said in text(outputs) and "Traceback" not in text(outputs)
    assert outputs[-1]["status"] == "ok"
    if line != "run local -p rat=1":  # the other kernel has no notebook
        error = unattended.run(f"%mdk {line}")[-1]
        assert error["status"] == "error" and said in error["evalue"]


def test_without_a_notebook_the_command_says_what_to_do(unattended: Kernel) -> None:
    error = unattended.run("%mdk run local")[-1]
    assert "MDK360" in error["evalue"] and "%mdk use" in error["evalue"]


def test_help(kernel: Kernel) -> None:
    outputs = kernel.run("%mdk --help")
    assert outputs[-1]["status"] == "ok"
    assert all(word in json.dumps(outputs) for word in ("run", "check", "runs"))


def test_check_reads_the_open_notebook(kernel: Kernel) -> None:
    outputs = kernel.run("%mdk check")
    assert outputs[-1]["status"] == "ok"
    outputs = kernel.run("%mdk check nothing.ipynb")
    assert "MDK121" in json.dumps(outputs)


def test_a_plan_is_shown_and_no_client_imported_for_it(folder: Path, kernel: Kernel) -> None:
    remote = folder / "remote"
    remote.mkdir()
    write(remote / "good.ipynb", GOOD)
    settings = {"project_id": "churn-dev", "region": "europe-west3", "pipeline_root": "gs://churn/runs"}
    (remote / "mdk.yaml").write_text(json.dumps({"name": "churn", "target": "vertex", "vertex": settings}))

    outputs = kernel.run("%mdk submit remote/good.ipynb --dry-run -p rate=2")
    (picture,) = pictures(outputs)
    assert "churn-dev" in picture["data"]["text/html"] and "rate = 2.0" in picture["data"]["text/plain"]
    clients = "('google.auth', 'google.cloud.', 'google.protobuf', 'kfp', 'grpc')"
    assert kernel.value(f"[m for m in __import__('sys').modules if m.startswith({clients})]") == "[]"
    assert "MDK307" in json.dumps(kernel.run("%mdk submit remote/good.ipynb --dry-run -p rate=x"))


def test_the_runs_so_far(kernel: Kernel) -> None:
    kernel.run("first = %mdk run local")
    listed = kernel.run("%mdk runs")
    assert kernel.value("first.id").strip("'") in json.dumps(listed)
    kernel.run("again = %mdk runs show {first.id}")
    assert kernel.value("again.id == first.id, again.metrics") == "(True, {'score': 3.0})"


def test_a_cell_that_was_not_saved_is_warned_about(folder: Path, kernel: Kernel) -> None:
    kernel.run("rows = [4]  # edited on the screen")
    assert "In[" in text(kernel.run("run = %mdk run local"))
    write(folder / "good.ipynb", GOOD)  # saved
    assert "MDK362" not in text(kernel.run("run = %mdk run local"))


def test_inputs_from_before_the_extension_are_compared_as_they_were_typed(folder: Path) -> None:
    saved = write(folder / "saved.ipynb", [("here = %pwd", ""), ("x = 1", "component:one")])
    os.utime(saved, (0, 0))
    fresh = Kernel("here = %pwd", folder)
    fresh.run("%load_ext mdk_jupyter\n%mdk use saved.ipynb")
    same = text(fresh.run("%mdk check"))
    fresh.run("x = 2")
    other = text(fresh.run("%mdk check"))
    fresh.close()
    assert "MDK362" not in same and "MDK362" in other


def test_interrupting_the_kernel_cancels_the_run(folder: Path, kernel: Kernel) -> None:
    mark = folder / "started"
    code = f"import pathlib, time\npathlib.Path({str(mark)!r}).touch()\ntime.sleep(300)"
    write(folder / "slow.ipynb", [(code, "component:wait"), ("1", "component:after")])
    kernel.interrupt_when(mark.exists)
    outputs = kernel.run("%mdk run local slow.ipynb")
    (error,) = [output for output in outputs if output.get("type") == "error"]
    assert "cancelled" in error["traceback"] and "Traceback" not in error["traceback"]
    assert "cancelled" in pictures(outputs)[-1]["data"]["text/plain"]
    assert kernel.value("1 + 1") == "2"
    kernel.run("last = %mdk runs show latest")
    assert kernel.value("last.state") == "'cancelled'"


def test_a_notebook_that_runs_itself_can_be_executed_unattended(folder: Path) -> None:
    cells = [
        *GOOD[:1],
        ("%load_ext mdk_jupyter\n%mdk use self.ipynb", ""),
        *GOOD[2:4],
        ("run = %mdk run local\nrun.metrics", ""),
    ]
    write(folder / "self.ipynb", cells)
    executed = notebook([(source, []) for source, _ in cells])
    NotebookClient(executed, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    picture, metrics = (output for output in executed.cells[-1].outputs if output.output_type != "stream")
    assert "text/html" in picture.data and "application/vnd.jupyter.widget-view+json" not in picture.data
    assert metrics.data["text/plain"] == "{'score': 3.0}"


def test_a_failing_one_stops_the_execution(folder: Path) -> None:
    executed = notebook([("%load_ext mdk_jupyter\n%mdk run local bad.ipynb", [])])
    with pytest.raises(CellExecutionError, match="IndexError"):
        NotebookClient(executed, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()


def test_loading_the_extension_imports_nothing_heavy() -> None:
    fresh = Kernel("import sys\nbefore = set(sys.modules)\n%load_ext mdk_jupyter\nnew = set(sys.modules) - before")
    heavy = "{'pandas', 'numpy', 'pyarrow', 'papermill', 'nbformat', 'typer', 'rich', 'ipywidgets', 'pydantic', 'yaml'}"
    loaded = fresh.value(f"{heavy} & new")
    fresh.close()
    assert loaded == "set()"
