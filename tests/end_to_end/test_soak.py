"""The kernel server does not grow from run to run: a short turn of `benchmarks/soak.py`, and its own judgement."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")


@pytest.fixture
def soak(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return import_module("soak")


def test_a_server_does_not_grow() -> None:
    words = [sys.executable, str(BENCHMARKS / "soak.py"), "--runs", "12"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for watched in ("processes", "memory of commands", "open files of template 1", "threads of server"):
        assert watched in done.stdout


def test_what_grows_is_told(soak: Any, capsys: pytest.CaptureFixture[str]) -> None:
    runs = 40
    seen = {
        "processes": [float(7 + number // 8) for number in range(runs)],
        "open files of server": [9.0, 9.0, 9.0, 10.0] * (runs // 4),
        "memory of base (MB)": [50 + 0.02 * number for number in range(runs)],
        "memory of commands (MB)": [50 + 0.2 * number for number in range(runs)],
        "threads of template 2": [1.0],
    }
    assert soak.report(seen, runs) == 3
    told = [line for line in capsys.readouterr().out.splitlines() if "grows" in line or "was not" in line]
    assert [line.split("  ")[0] for line in told] == ["processes", "memory of commands (MB)", "threads of template 2"]
