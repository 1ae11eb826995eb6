"""`mdk check --parity`: the notebook in one kernel, the pipeline, and what differs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from commands import mdk
from kernels import write_notebook

from mdk_converters.convert import convert
from mdk_converters.notebook import read_notebook
from mdk_jupyter.artifacts import Store, handover
from mdk_jupyter.local.parity import STEP, whole_notebook
from mdk_jupyter.local.sameness import Verdict, compare_stored

CELLS: list[tuple[str | None, str]] = [
    (None, "%load_ext mdk_jupyter\nimport random, time\nimport pandas as pd\nimport mdk_jupyter as mdk"),
    (None, "%mdk check"),
    ("parameters", "rate = 0.5"),
    ("skip", "raise SystemExit"),
    ("load", "%%component load\nrandom.seed(1)\ndf = pd.DataFrame({'delay': [1.0, None, random.random()]})"),
    (None, "df.describe()"),
    ("fit;metric:score", "score = float(df.delay.sum() * rate)\nmdk.log_metrics(rows=len(df))"),
    ("chance", "class Model:\n    seen = 0\n    def __init__(self, x): self.x = x\nclass Stamp: pass"),
    ("other", "mdk.log_metrics(other=1)\ndel_me = 1\ndel del_me"),
    (
        "chance;output:stream",
        "drawn = df.assign(noise=[0.0, random.SystemRandom().random(), 1.0])\nstream = (n for n in [1])",
    ),
    (
        "chance",
        "now = time.time()\nmodel = Model([1, now])\nModel.seen = 5\nStamp.when = now\nmdk.log_metrics(now=now, fixed='x')",
    ),
    ("report", "mdk.log_metrics(found=drawn.shape[1], seen=Model.seen)\nprint(model.x, now, df, score, Stamp.when)"),
    (None, "run = %mdk run local\nrun.metrics"),
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("parity")
    write_notebook(folder / "n.ipynb", CELLS)
    before = (folder / "n.ipynb").read_bytes()
    done = mdk(folder, "check", "--parity", "--json")
    assert done.returncode == 1, done.stdout + done.stderr
    assert (folder / "n.ipynb").read_bytes() == before
    [content] = json.loads(done.stdout)
    found: dict[str, Any] = content
    return found


def results(told: dict[str, Any], kind: str) -> dict[str, str]:
    return {f"{c['component']}.{c['name']}": c["result"] for c in told["compared"] if c["kind"] == kind}


def test_every_value_is_compared(told: dict[str, Any]) -> None:
    values = {name: result for name, result in results(told, "value").items() if ".state." not in name}
    assert values == {
        "load.df": "equal",
        "fit.score": "equal",
        "chance.Model": "equal",
        "chance.Stamp": "different",
        "chance.drawn": "different",
        "chance.stream": "not compared",
        "chance.now": "different",
        "chance.model": "different",
    }


def test_every_metric_is_compared_with_that_of_its_component(told: dict[str, Any]) -> None:
    assert results(told, "metric") == {
        "fit.rows": "equal",
        "fit.score": "equal",
        "other.other": "equal",
        "chance.now": "different",
        "chance.fixed": "equal",
        "report.found": "equal",
        "report.seen": "equal",
    }


def test_a_difference_is_told_with_its_path_and_place(told: dict[str, Any]) -> None:
    by_name = {(c["name"], c["kind"]): c for c in told["compared"]}
    drawn = by_name["drawn", "value"]
    assert drawn["path"] == "drawn['noise'][1]" and float(drawn["notebook"]) != float(drawn["pipeline"])
    assert by_name["model", "value"]["path"] == "model.x[1]"
    assert by_name["Stamp", "value"]["path"] == "Stamp.when"
    assert not told["ok"]
    unknown = by_name["stream", "value"]
    assert "generator" in unknown["reason"], unknown
    assert {f["severity"] for f in told["findings"] if f["names"] == ["chance", "stream"]} == {"note"}
    finding = next(f for f in told["findings"] if f["names"] == ["chance", "drawn"])
    assert finding["code"] == "MDK373" and finding["severity"] == "error" and finding["place"]["cell_number"] == 11
    assert "drawn['noise'][1]" in finding["message"] and finding["fix"]


def test_both_runs_are_kept(told: dict[str, Any]) -> None:
    assert told["runs"]["notebook"] < told["runs"]["pipeline"]


def test_what_is_equal(tmp_path: Path) -> None:
    cells = [("load", "rows = [1, 2]\ngone = 3"), ("change", "rows.append(3)\ndel gone"), ("use", "total = sum(rows)\nprint(total)")]  # fmt: skip
    write_notebook(tmp_path / "n.ipynb", cells)
    (tmp_path / "n.ipynb").rename(tmp_path / "é.ipynb")
    done = mdk(tmp_path, "check", "--parity", "é.ipynb")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert "  ✓ load.rows" in lines and "  ✓ change.rows" in lines and "✓ notebook: done" in done.stdout
    assert lines[-1].startswith("é.ipynb: the pipeline gives what the notebook gives (")
    github = mdk(tmp_path, "check", "--parity", "--format", "github")
    assert github.returncode == 0 and github.stdout == ""


@pytest.mark.parametrize(
    ("cells", "code", "said"),
    [
        ([("one", "x = 1\n1 / 0")], "MDK300", "step 'notebook' failed"),
        ([(None, "import time\nstamp = time.time()"), ("one", "print(stamp)")], "MDK141", "'stamp'"),
        ([("one", "import os\nassert 'one' not in os.environ['MDK_STEP']")], "MDK300", "step 'one' failed"),
    ],
)
def test_errors_of_either_side(tmp_path: Path, cells: list[tuple[str | None, str]], code: str, said: str) -> None:
    write_notebook(tmp_path / "n.ipynb", cells)
    done = mdk(tmp_path, "check", "--parity")
    assert done.returncode == 1 and code in done.stderr and said in done.stderr, done.stdout + done.stderr
    assert "cell " in done.stderr


def test_what_cannot_be_loaded_is_not_compared(tmp_path: Path) -> None:
    store = Store(tmp_path / "artifacts")
    one, other = (
        {name: record.to_json() for name, record in handover.save({"x": [1.5, value], "y": value}, store).items()}
        for value in (1.0, 2.0)
    )
    options: dict[str, Any] = {"store": store.root, "folder": tmp_path}
    found = compare_stored({"c": (one, other)}, python=sys.executable, **options)["c"]
    assert (found["x"].path, found["x"].a, found["x"].b) == ("x[1]", "1.0", "2.0") and found["y"].path == "y"
    store.path(other["x"]["digest"]).write_bytes(b"?")
    found = compare_stored({"c": (one, other)}, python=sys.executable, **options)["c"]
    assert found["x"].same is None and "damaged" in found["x"].reason and found["y"].same is False
    (tmp_path / "python").write_text("#!/bin/sh\necho no memory >&2\nexit 9\n")
    (tmp_path / "python").chmod(0o755)
    dead = compare_stored({"c": (one, other)}, python=str(tmp_path / "python"), **options)["c"]
    assert dead["x"] == dead["y"] == Verdict(None, reason="the comparison ended with code 9: no memory")
    assert compare_stored({}, python="", **options) == {}


def test_a_spec_has_no_parity(tmp_path: Path) -> None:
    (tmp_path / "p.pipeline.yaml").write_text("apiVersion: mdk/v1\n")
    done = mdk(tmp_path, "check", "--parity", "p.pipeline.yaml", "--json")
    assert done.returncode == 2 and json.loads(done.stdout)["findings"][0]["code"] == "MDK372"
    assert "Run the notebook's code" in " ".join(mdk(tmp_path, "check", "--help").stdout.split())


def test_the_whole_notebook_in_one_step(tmp_path: Path) -> None:
    notebook = read_notebook(write_notebook(tmp_path / "n.ipynb", CELLS))
    pipeline = convert(notebook).pipeline
    assert pipeline is not None
    whole = whole_notebook(notebook, pipeline).components[STEP]
    users = [cell for cell in whole.cells if not cell.id.startswith("mdk-")]
    assert [cell.id for cell in users] == [f"c{n}" for n in range(1, 13) if n != 4], (
        "without skip, to the last component"
    )
    assert users[3].source.startswith("random.seed") and users[3].line_offset == 1
    assert not whole.cache
