"""Forked kernels for everybody: papermill's engine `mdk`, and the provisioner for `jupyter_client`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from kernels import write_notebook
from nbclient import NotebookClient
from papermill.exceptions import PapermillExecutionError
from servers import wait_until

from mdk_jupyter.kernels import client
from mdk_jupyter.kernels.engine import ForkedKernelManager
from mdk_jupyter.kernels.provisioner import ForkedProvisioner

IS_FORKED = "import os, sys\nprint('forked' if 'mdk_jupyter.kernels.template' in sys.modules else 'started')"


def execute(path: Path, **options: Any) -> dict[str, str]:
    out = path.with_name("out.ipynb")
    papermill.execute_notebook(path, out, engine_name="mdk", progress_bar=False, cwd=path.parent, **options)
    cells = json.loads(out.read_text())["cells"]
    return {cell["id"]: "".join(text for o in cell["outputs"] for text in o.get("text", [])) for cell in cells}


def used() -> int:
    return sum(template.get("used", 0) for server in client.servers() for template in server["templates"])


def test_any_notebook_runs_in_a_forked_kernel(tmp_path: Path) -> None:
    leave = "import atexit, pathlib, json\natexit.register(lambda: pathlib.Path('left').touch())"
    cells = [("parameters", "x = 1"), (None, IS_FORKED), (None, f"{leave}\nprint(x, os.getcwd())")]
    shown = execute(write_notebook(tmp_path / "n.ipynb", cells), parameters={"x": 5})
    assert shown["c2"].strip() == ("forked" if client.why_not() is None else "started")
    assert shown["c3"].strip() == f"5 {tmp_path}"
    assert (tmp_path / "left").exists()
    assert wait_until(lambda: used() == 0)


def test_a_failing_notebook_leaves_no_kernel(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "n.ipynb", [(None, "1 / 0")])
    with pytest.raises(PapermillExecutionError, match="ZeroDivisionError"):
        execute(path)
    assert wait_until(lambda: used() == 0)


def test_without_a_server_the_engine_starts_kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(client.SWITCH, "off")
    assert execute(write_notebook(tmp_path / "n.ipynb", [(None, IS_FORKED)]))["c1"].strip() == "started"


def test_the_engine_is_found_by_the_command(tmp_path: Path) -> None:
    write_notebook(tmp_path / "n.ipynb", [(None, IS_FORKED)])
    command = [str(Path(sys.executable).with_name("papermill")), "--engine", "mdk", "n.ipynb", "out.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "forked" in (tmp_path / "out.ipynb").read_text() or client.why_not() is not None


def test_a_kernel_manager_can_interrupt_and_restart_a_forked_kernel(tmp_path: Path) -> None:
    manager = ForkedKernelManager(kernel_name="python3", modules=["json"])
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(IS_FORKED)])  # type: ignore[no-untyped-call]
    runner = NotebookClient(notebook, km=manager, resources={"metadata": {"path": str(tmp_path)}})
    with runner.setup_kernel(cleanup_kc=True):
        if client.why_not() is None:
            assert isinstance(manager.provisioner, ForkedProvisioner)
        runner.execute_cell(notebook.cells[0], 0)
    assert wait_until(lambda: used() == 0)


def test_events_are_lines_of_json(tmp_path: Path) -> None:
    write_notebook(tmp_path / "n.ipynb", [("a;output:x", "x = 1\nprint('hello')"), ("b", "print(x)")])
    mdk = Path(sys.executable).with_name("mdk")

    def lines(*words: str, answer: str = "") -> list[dict[str, Any]]:
        done = subprocess.run(
            [mdk, "--events", *words], cwd=tmp_path, input=answer, capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    told = lines("run", "local", "n.ipynb")
    assert told[0]["kind"] == "run" and told[0]["state"] == "running"
    assert {"kind": "output", "step": "a", "message": "hello\n"}.items() <= next(
        line for line in told if line["kind"] == "output"
    ).items()
    assert told[-1]["kind"] == "finished" and (Path(told[-1]["folder"]) / "run.json").exists()
    asked = lines("run", "local", answer="n.ipynb\n")
    assert asked[0] == {"kind": "notebook"} and asked[-1]["kind"] == "finished"
    [question, refused] = lines("run", "local")
    assert refused["kind"] == "refused" and refused["findings"][0]["code"] == "MDK356"
    [refused] = lines("run", "local", "no.ipynb")
    assert refused["error"] == "UsageError" and refused["findings"][0]["code"] == "MDK354"
    assert os.environ.get("MDK_STEP") is None and question == {"kind": "notebook"}
