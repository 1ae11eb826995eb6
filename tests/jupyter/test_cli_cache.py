"""What the commands say of the cache."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def notebook(path: Path, *cells: tuple[str, str]) -> None:
    content = [
        {"cell_type": "code", "metadata": {"tags": tags.split()}, "source": source, "outputs": []}
        for source, tags in cells
    ]
    path.write_text(json.dumps({"cells": content, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))


def mdk(folder: Path, *words: str, code: int = 0, **env: str) -> str:
    """Run a command; return what it prints on both streams."""
    command = [sys.executable, "-c", "from mdk_jupyter.cli import main; main()", *words]
    inherited = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **env}
    done = subprocess.run(command, cwd=folder, env=inherited, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    notebook(
        tmp_path / "n.ipynb",
        ("k = 2", "parameters"),
        ("x = [1] * k", "component:load"),
        ("y = sum(x)", "component:total metric:y"),
    )
    return tmp_path


def test_the_commands_explain_and_clear_up(folder: Path) -> None:
    said = mdk(folder, "cache")
    assert "0 B of 10 GB" in said and "last run" not in said
    assert "there is no cache" in mdk(folder, "cache", "prune")

    said = mdk(folder, "run", "local", "--explain")
    assert "load   ran: never run before (5 B new on disk)" in said and "values     6 B, 6 B new on disk" in said
    said = mdk(folder, "run", "local", "--explain", "-p", "k=2")
    [first] = [line.split()[-1] for line in said.splitlines() if line.startswith("load ")]
    assert f"load   cached from {first}\ntotal  cached from {first}" in said
    assert "load: cached (from run " in said and "0 B new on disk" in said and "y = 2" in said
    assert mdk(folder, "runs", "show", "latest", "--explain").splitlines()[0] == f"load   cached from {first}"

    told = json.loads(mdk(folder, "run", "local", "--json", "-p", "k=3"))
    assert told["steps"]["load"]["why"] == "parameter k: 2 -> 3" and told["steps"]["load"]["cached_from"] is None
    said = mdk(folder, "run", "local", "--only", "total", "-p", "k=4", code=1)
    assert "MDK314" in said and "--until load" in said
    assert "skipped: load failed" in mdk(folder, "runs", "show", "latest", "--explain")
    for words in (["--from", "lod"], ["--only", "total", "--no-cache"], ["--timeout", "soon"]):
        assert "MDK31" in mdk(folder, "run", "local", *words, code=2)

    told = json.loads(mdk(folder, "cache", "--json"))
    assert told["folder"] == str(folder / ".mdk") and told["entries"] == 4 and told["size"] > 0
    assert told["last_run"]["steps"] == 2 and told["last_run"]["cached"] == 0
    assert "5 kB" in mdk(folder, "cache", MDK_CACHE_SIZE="5kB")
    assert "MDK357" in mdk(folder, "cache", "prune", "--older-than", "yesterday", code=2)
    assert "removed 0 results" in mdk(folder, "cache", "prune", "--older-than", "30d")
    assert json.loads(mdk(folder, "cache", "prune", "--all", "--json"))["entries"] == 4
    assert "ran: its result is no longer in the cache" in mdk(folder, "run", "local", "--explain", "-p", "k=3")


def test_the_last_runs_share_is_told(folder: Path) -> None:
    mdk(folder, "run", "local")
    mdk(folder, "run", "local", "--from", "total")
    assert "1 of 2 steps from the cache" in mdk(folder, "cache")
