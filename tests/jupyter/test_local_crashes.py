"""Drivers that are killed, at named points and at any moment, and two that work at once."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pipelines import execute, pipeline, processes_naming

from mdk_converters.spec import Pipeline
from mdk_jupyter.local.cache import all_entries, read_entry
from mdk_jupyter.local.prune import prune
from mdk_jupyter.local.store import list_runs

TIMES = int(os.environ.get("MDK_TEST_CRASHES", "3"))  # kills at random moments

DRIVER = """
import os, signal, sys
from pathlib import Path
from test_local_crashes import chain
from pipelines import execute

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

def half(path, content):
    (path.parent / f".{path.name}.0123abcd").write_text(str(content)[:20])
    die()

point, folder = sys.argv[1], Path(sys.argv[2])
if point in ("before the first step", "between two steps"):
    from mdk_jupyter.local.driver import Driver
    start = Driver._start
    first = "one" if point == "before the first step" else "two"
    Driver._start = lambda self, step: die() if step.name == first else start(self, step)
elif point == "while a step runs":
    (folder / "die").write_text(str(os.getpid()))
elif point == "while an entry is written":
    from mdk_jupyter.local import cache
    cache.write_atomically = half
elif point == "after an entry is written":
    from mdk_jupyter.local.cache import Cache
    Cache.remember = die
elif point == "while the store is written":
    from mdk_jupyter.local import caching
    caching._put = lambda store, path: store.put(lambda file: (file.write(b"half"), die()))
elif point == "while the record is written":
    from mdk_jupyter.local import record
    write = record.write_atomically
    record.write_atomically = lambda path, text: half(path, text) if '"done"' in text else write(path, text)
print(execute(chain(), folder)[0].state)
"""

POINTS = {  # what is in the cache afterwards
    "before the first step": [],
    "while a step runs": ["one"],
    "between two steps": ["one"],
    "while an entry is written": [],
    "after an entry is written": ["one"],
    "while the store is written": [],
    "while the record is written": ["one"],
}


@pytest.fixture(autouse=True)
def one_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """The killed drivers and the runs after them find the same modules, or else they would share no results."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([*sys.path, str(Path(__file__).parent)]))


def chain() -> Pipeline:
    two = """
        import os, pathlib, signal, time
        b = a + [2]
        if pathlib.Path("die").exists():
            os.kill(int(pathlib.Path("die").read_text()), signal.SIGKILL)
            time.sleep(60)
    """
    return pipeline(
        one=("a = [1] * 1000\nopen('one.txt', 'w').write('one')", {"gives": "a"}),
        two=(two, {"reads": "one.a", "gives": "b"}),
        three=("c = sum(b), open('one.txt').read()", {"reads": "two.b", "gives": "c"}),
    )


def start(point: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", DRIVER, point, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def check(folder: Path) -> list[str]:
    """Look at what a killed driver left, and run again; return the steps that were in the cache."""
    for killed in list_runs(folder):
        assert killed.state in ("interrupted", "done"), repr(killed)
        end = time.monotonic() + 60
        while processes_naming(killed.id) and time.monotonic() < end:
            time.sleep(0.05)
        assert not processes_naming(killed.id), "a kernel is left"
    assert all(read_entry(path) for path in all_entries(folder / ".mdk"))
    (folder / "die").unlink(missing_ok=True)
    run, _ = execute(chain(), folder)
    assert run.state == "done" and run.load("c") == (1002, "one"), repr(run)
    return [step.name for step in run.steps.values() if step.cached_from]


def leftovers(folder: Path) -> list[Path]:
    return [path for path in (folder / ".mdk").rglob("*") if path.name.startswith("new-") or path.suffix == ".0123abcd"]


@pytest.mark.parametrize("point", POINTS)
def test_killed_at(point: str, tmp_path: Path) -> None:
    driver = start(point, tmp_path)
    driver.communicate(timeout=120)
    assert driver.returncode == -9
    assert check(tmp_path) == POINTS[point]
    assert bool(leftovers(tmp_path)) == (point.startswith("while ") and "step" not in point)
    prune(tmp_path / ".mdk", max_size=10**9)
    assert not leftovers(tmp_path)
    run, _ = execute(chain(), tmp_path)
    assert all(step.cached_from for step in run.steps.values())


def test_killed_at_any_moment(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    moments = random.Random(seed)
    for number in range(TIMES):
        folder = tmp_path / str(number)
        folder.mkdir()
        driver = start("anywhere", folder)
        time.sleep(moments.uniform(0.3, 2.5))
        driver.kill()
        driver.communicate()
        before = [read_entry(path) for path in all_entries(folder / ".mdk")]
        assert check(folder) == [name for name in ("one", "two", "three") if name in {e.step for e in before if e}], (
            seed
        )


def test_two_runs_at_once(tmp_path: Path) -> None:
    drivers = [start("nowhere", tmp_path) for _ in range(2)]
    assert [driver.communicate(timeout=120)[0] for driver in drivers] == ["done\n"] * 2
    runs = list_runs(tmp_path)
    assert [run.load("c") for run in runs] == [(1002, "one")] * 2
    run, _ = execute(chain(), tmp_path)
    assert all(step.cached_from for step in run.steps.values())
