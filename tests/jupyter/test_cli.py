"""The `mdk` command as its users call it: words in, text and exit code out."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from commands import mdk
from pipelines import processes_naming

from mdk_converters.spec_reader import load_spec

Cells = list[tuple[str, str]]
GOOD: Cells = [
    ("rate = 0.5", "parameters"),
    ("rows = [1, 2, 3]\nprint('loaded', len(rows))", "component:load"),
    ("score = sum(rows) * rate", "component:train metric:score"),
]
BAD: Cells = [("rows = [1]", "component:load"), ("x = 1\nrows[9]", "component:train")]


def write(path: Path, cells: Cells, **metadata: Any) -> Path:
    content: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {"tags": tags.split()},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, (source, tags) in enumerate(cells, 1)
    ]
    path.write_text(json.dumps({"cells": content, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return path


def test_a_run_ends_with_metrics_and_paths(tmp_path: Path) -> None:
    write(tmp_path / "good.ipynb", GOOD)
    done = mdk(tmp_path, "run", "local", "good.ipynb", "-p", "rate=2", "--verbose")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "[load] loaded 3" in lines and "  score = 12" in lines
    assert any(re.match(r"✓ load: done", line) for line in lines), "plain lines where nobody watches"
    assert "spec       good.pipeline.yaml" in lines
    notebooks = [line.split()[-1] for line in lines if line.endswith(".ipynb")]
    assert [Path(name).name for name in notebooks] == ["load.ipynb", "train.ipynb"]
    assert all((tmp_path / name).exists() for name in notebooks)
    assert done.stderr == "wrote good.pipeline.yaml\n", "no noise"
    assert load_spec(tmp_path / "good.pipeline.yaml").metadata.notebook == "good.ipynb"

    spec = (tmp_path / "good.pipeline.yaml").stat()
    again = mdk(tmp_path, "run", "--local", "--json", "--params", write_json(tmp_path / "p.json", {"rate": 4}))
    assert again.returncode == 0 and again.stderr == "", "the only notebook, and its spec has not changed"
    told = json.loads(again.stdout)
    assert told["state"] == "done" and told["metrics"] == {"score": 24.0} and told["parameters"] == {"rate": 4.0}
    assert Path(told["steps"]["train"]["notebook"]).exists() and Path(told["spec"]).exists()
    assert (tmp_path / "good.pipeline.yaml").stat().st_mtime_ns == spec.st_mtime_ns

    from_spec = mdk(tmp_path, "run", "local", "good.pipeline.yaml", "-p", "rate=1", "--json", "--isolated")
    assert json.loads(from_spec.stdout)["metrics"] == {"score": 6.0}

    listed = mdk(tmp_path, "runs").stdout.splitlines()
    assert len(listed) == 4 and "score=12" in listed[3] and "done" in listed[3]
    assert [run["metrics"]["score"] for run in json.loads(mdk(tmp_path, "runs", "--json").stdout)] == [6.0, 24.0, 12.0]
    shown = mdk(tmp_path, "runs", "show", "latest")
    assert "score = 6" in shown.stdout and "train.ipynb" in shown.stdout and shown.returncode == 0
    assert json.loads(mdk(tmp_path, "runs", "show", told["id"], "--json").stdout)["id"] == told["id"]
    away = tmp_path / "away"
    away.mkdir()
    assert told["id"] in mdk(away, "runs", "--folder", tmp_path / "good.ipynb").stdout
    assert "no runs" in mdk(away, "runs").stdout


def write_json(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def test_a_failure_shows_the_place_and_the_users_traceback(tmp_path: Path) -> None:
    write(tmp_path / "bad.ipynb", BAD)
    done = mdk(tmp_path, "run", "local")
    assert done.returncode == 1
    said = done.stdout
    assert "MDK300" in said and "IndexError" in said and "cell 2 (c2), line 2" in said
    assert 'File "bad.ipynb, cell 2 (c2)", line 2' in said and "    rows[9]" in said
    assert "papermill" not in said and "mdk_jupyter" not in said
    assert mdk(tmp_path, "run", "local", "--json").returncode == 1
    assert mdk(tmp_path, "runs", "show", "latest").returncode == 0, "to look at a failure is no failure"


def test_the_spec_goes_where_it_is_wanted(tmp_path: Path) -> None:
    write(tmp_path / "good.ipynb", GOOD)
    (tmp_path / "specs").mkdir()
    done = mdk(tmp_path, "run", "local", "good.ipynb", "-o", "specs/it.yaml")
    assert done.returncode == 0 and not (tmp_path / "good.pipeline.yaml").exists()
    assert load_spec(tmp_path / "specs/it.yaml").metadata.notebook == "../good.ipynb"
    from_spec = mdk(tmp_path, "run", "local", "specs/it.yaml")
    assert from_spec.returncode == 0 and not (tmp_path / "specs/.mdk").exists(), "steps run where the notebook is"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["rnu"], 2, "'run'"),
        (["run", "locl"], 2, "'local'"),
        (["run", "good.ipynb"], 2, "mdk run local good.ipynb"),
        (["run", "local", "--worker", "2"], 2, "--workers"),
        (["run", "local", "--workers", "0"], 2, "--workers"),
        (["run", "local", "god.ipynb"], 2, "good.ipynb"),
        (["run", "local", "data.csv"], 2, "MDK355"),
        (["run", "local", "."], 2, "MDK355"),
        (["run", "local"], 2, "MDK356"),
        (["run", "local", "good.ipynb", "-p", "rat=1"], 2, "did you mean 'rate'"),
        (["run", "local", "good.ipynb", "-p", "rate=fast"], 2, "MDK307"),
        (["run", "local", "good.ipynb", "-p", "rate"], 2, "MDK308"),
        (["run", "local", "good.ipynb", "--params", "none.yaml"], 2, "none.yaml"),
        (["runs", "show", "none"], 2, "MDK352"),
        (["check", "nowhere.ipynb"], 2, "MDK354"),
        (["run", "local", "empty.ipynb"], 1, "MDK101"),
        (["run", "local", "cut.ipynb"], 1, "MDK102"),
        (["run", "local", "other.ipynb"], 1, "MDK103"),
        (["run", "local", "r.ipynb"], 1, "MDK105"),
        (["run", "local", "nothing.ipynb"], 1, "MDK121"),
        (["run", "local", "broken.yaml"], 1, "broken.yaml"),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    write(tmp_path / "good.ipynb", GOOD)
    (tmp_path / "empty.ipynb").write_text("")
    (tmp_path / "cut.ipynb").write_text((tmp_path / "good.ipynb").read_text()[:100])
    (tmp_path / "other.ipynb").write_text("[1, 2]")
    write(tmp_path / "r.ipynb", GOOD, kernelspec={"name": "ir", "language": "R", "display_name": "R"})
    write(tmp_path / "nothing.ipynb", [("1 + 1", "")])
    (tmp_path / "broken.yaml").write_text("apiVersion: mdk/v1\nkind: Pipeline\nwhat: 1\n")
    (tmp_path / "data.csv").write_text("a,b\n")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    done = mdk(tmp_path, *words)
    assert done.returncode == code, done.stderr
    assert said in done.stderr and done.stdout == ""
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before, "nothing is written"
    as_json = mdk(tmp_path, *words, "--json")
    assert as_json.returncode == code
    assert json.loads(as_json.stdout)


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mdk_jupyter.cli", "run", "local", "no.ipynb", "--debug"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" in done.stderr and done.returncode == 1


def test_a_large_notebook_with_outputs_runs(tmp_path: Path) -> None:
    path = write(tmp_path / "large.ipynb", GOOD)
    content = json.loads(path.read_text())
    big = {"output_type": "stream", "name": "stdout", "text": "x" * 50_000_000}
    content["cells"][1]["outputs"] = [big]
    path.write_text(json.dumps(content))
    done = mdk(tmp_path, "run", "local")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "large.pipeline.yaml").stat().st_size < 10_000


def test_ctrl_c(tmp_path: Path) -> None:
    cells = [("import pathlib, time\npathlib.Path('started').touch()\ntime.sleep(600)", "component:wait")]
    write(tmp_path / "slow.ipynb", cells)
    running = subprocess.Popen(
        [sys.executable, "-m", "mdk_jupyter.cli", "run", "local"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 120
    while not (tmp_path / "started").exists():
        assert running.poll() is None and time.monotonic() < end
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    said, errors = running.communicate(timeout=60)
    assert running.returncode == 130 and "cancelled" in said and "Traceback" not in said + errors
    [run] = json.loads(mdk(tmp_path, "runs", "--json").stdout)
    assert run["state"] == "cancelled" and not processes_naming(run["id"])


def test_check_tells_what_the_pipeline_is(tmp_path: Path) -> None:
    cells: Cells = [
        ("import json\nrate = 0.5", "parameters"),
        ("rows = json.load(open('in.json'))", "component:load"),
        ("score = sum(rows) * rate\nopen('out.txt', 'w').write(str(score))", "component:train"),
    ]
    write(tmp_path / "good.ipynb", [("import json", ""), *cells[1:2], ("rate = 0.5", "parameters"), cells[2]])
    write(tmp_path / "bad.ipynb", [("z = open('in.json')", ""), ("y = z", "component:train")])
    done = mdk(tmp_path, "check", "good.ipynb")
    assert done.returncode == 0 and done.stderr == ""
    for text in ("2 components", "rate: float = 0.5", "receives   rows from load", "in.json", "out.txt"):
        assert text in done.stdout

    [good, bad] = json.loads(mdk(tmp_path, "check", "good.ipynb", "bad.ipynb", "--json").stdout)
    assert good["ok"] and good["components"]["train"]["inputs"]["rows"] == "load.rows"
    assert good["components"]["load"]["local_files"] == ["in.json"] and good["components"]["train"]["after"] == ["load"]
    assert not bad["ok"] and {finding["severity"] for finding in bad["findings"]} >= {"error"}
    github = mdk(tmp_path, "check", "bad.ipynb", "--format", "github")
    assert github.returncode == 1 and github.stdout.startswith("::error file=bad.ipynb,line=")
    assert all(line.startswith("::") for line in github.stdout.splitlines())


def test_output_that_nobody_reads(tmp_path: Path) -> None:
    write(tmp_path / "good.ipynb", GOOD)
    command = f"{sys.executable} -m mdk_jupyter.cli run local good.ipynb | head -1"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr
