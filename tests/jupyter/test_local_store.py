"""The run store: whole at any moment, and honest about runs whose driver is gone."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pipelines import execute, is_running, pipeline, processes_naming

from mdk_converters.findings import Finding, Place
from mdk_jupyter.errors import NotFoundError, StoreError
from mdk_jupyter.local.events import Event
from mdk_jupyter.local.files import write_atomically
from mdk_jupyter.local.record import Run, Step
from mdk_jupyter.local.store import create_run_folder, driving, find_run, list_runs, read_run


def record(folder: Path, **fields: object) -> Run:
    made = Run(folder.name, "p", folder, **fields)  # type: ignore[arg-type]
    made.save()
    return made


def test_ids_sort_by_time_and_differ(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: create_run_folder(tmp_path), range(200)))
    assert len({folder.name for folder in folders}) == 200
    earlier = create_run_folder(tmp_path).name
    time.sleep(0.002)
    assert earlier < create_run_folder(tmp_path).name


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = create_run_folder(tmp_path)
    finding = Finding("MDK300", "oh", Place("n.ipynb", 1, "é", 2, text="ß"), "mend", names=("a", "b"))
    step = Step(
        "a", ["b"], "failed", 1.5, 2.5, 3, folder / "a.ipynb", folder / "a.log", [finding], "Traceback", {"x": 1}
    )
    made = record(folder, source=Path("n.ipynb"), state="failed", parameters={"p": None}, steps={"a": step})
    assert read_run(folder) == made


def test_a_record_without_the_newer_fields_is_still_read(tmp_path: Path) -> None:
    made = record(create_run_folder(tmp_path), state="done", steps={"a": Step("a", state="done")})
    path = made.folder / "run.json"
    content = json.loads(path.read_text())
    for name in ("cached_from", "why", "written", "size"):
        del content["steps"]["a"][name]
    path.write_text(json.dumps(content))
    assert read_run(made.folder) == made


def test_events_come_back_as_they_were() -> None:
    full = Event(1.5, "r", "step", "s", "failed", 2.5, 3, "é\n\u2028", {"a": [None]})
    for event in (full, Event(1.0, "r", "run")):
        line = event.to_line()
        assert Event.from_line(line) == event and "\n" not in line


def test_the_record_is_whole_whenever_it_is_read(tmp_path: Path) -> None:
    folder = create_run_folder(tmp_path)
    made = record(folder, state="running", steps={str(n): Step(str(n)) for n in range(200)})
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            made.save()

    with driving(folder):
        writer = threading.Thread(target=write)
        writer.start()
        try:
            assert all(len(read_run(folder).steps) == 200 for _ in range(100))
        finally:
            stop.set()
            writer.join()
    assert [path.name for path in folder.glob(".*")] == []


def test_a_run_whose_driver_is_gone_is_interrupted(tmp_path: Path) -> None:
    folder = create_run_folder(tmp_path)
    steps = {"a": Step("a", state="done"), "b": Step("b", state="running"), "c": Step("c")}
    with driving(folder):
        record(folder, state="running", steps=steps)
        assert read_run(folder).state == "running"
    read = read_run(folder)
    assert read.state == "interrupted" and [s.state for s in read.steps.values()] == ["done", "interrupted", "waiting"]


def test_runs_are_found_by_either_end_of_their_id(tmp_path: Path) -> None:
    folders = []
    for _ in range(3):
        folders.append(record(create_run_folder(tmp_path), state="done").folder)
        time.sleep(0.002)
    (create_run_folder(tmp_path) / "run.json").write_text("{")
    assert [run.folder for run in list_runs(tmp_path)] == folders[::-1]
    assert find_run(tmp_path, folders[0].name).folder == folders[0]
    assert find_run(tmp_path, folders[1].name[-8:]).folder == folders[1]
    for wanted in ("nothing", folders[0].name[:4]):
        with pytest.raises(NotFoundError) as refusal:
            find_run(tmp_path, wanted)
        assert refusal.value.code == "MDK352"
    with pytest.raises(StoreError) as damaged:
        find_run(tmp_path, "latest")
    assert damaged.value.code == "MDK353"


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    write_atomically(path, "old")

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, "new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_an_error_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = write_atomically

    def full_for_jobs(path: Path, content: str | bytes) -> None:
        if path.name == "two.job.json":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        real(path, content)

    monkeypatch.setattr("mdk_jupyter.local.tasks.write_atomically", full_for_jobs)
    with pytest.raises(StoreError) as refusal:
        execute(pipeline(one=("1",), two=("2", {"after": ["one"]})), tmp_path)
    assert refusal.value.code == "MDK351" and "disk is full" in str(refusal.value)
    [run] = list_runs(tmp_path)
    assert run.state == "failed" and not processes_naming(run.id)


def test_a_folder_that_cannot_be_written_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / ".mdk").write_text("a file is in the way")
    with pytest.raises(StoreError) as refusal:
        execute(pipeline(one=("1",)), tmp_path)
    assert refusal.value.code == "MDK350" and ".mdk" in str(refusal.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(StoreError) as refusal:
            execute(pipeline(one=("1",)), tmp_path)
    finally:
        tmp_path.chmod(0o755)
    assert refusal.value.code == "MDK350"


SLOW = """
import sys
from pathlib import Path
from pipelines import execute, pipeline
cell = '''
import pathlib, subprocess, time
child = subprocess.Popen(["sleep", "600"])
pathlib.Path("child").write_text(str(child.pid))
pathlib.Path("started").touch()
if STUBBORN:
    while True:
        try:
            time.sleep(600)
        except KeyboardInterrupt:
            pass
time.sleep(600)
'''.replace("STUBBORN", sys.argv[2])
made = pipeline(first=("x = 1", {"gives": "x"}), slow=(cell, {"reads": "first.x"}), last=("1", {"after": ["slow"]}))
run, _ = execute(made, Path(sys.argv[1]))
print(run.state)
"""


def start(folder: Path, stubborn: bool = False) -> subprocess.Popen[str]:
    """Start a driver of a slow pipeline, and return when its slow step has begun."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    driver = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(folder), str(stubborn)], env=env, stdout=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 120
    while not (folder / "started").exists():
        assert driver.poll() is None and time.monotonic() < end
        time.sleep(0.02)
    return driver


@pytest.mark.parametrize("stubborn", [False, True])
def test_ctrl_c_cancels_the_run_and_leaves_no_process(tmp_path: Path, stubborn: bool) -> None:
    driver = start(tmp_path, stubborn)
    driver.send_signal(signal.SIGINT)
    assert driver.communicate(timeout=60)[0] == "cancelled\n" and driver.returncode == 0
    [run] = list_runs(tmp_path)
    assert run.state == "cancelled" and run.load("x") == 1
    assert {s.name: s.state for s in run.steps.values()} == {"first": "done", "slow": "cancelled", "last": "skipped"}
    assert not processes_naming(run.id) and not is_running(int((tmp_path / "child").read_text()))
    assert not list(run.folder.rglob(".*")), "nothing is half written"
    assert Event.from_line(run.events.read_text().splitlines()[-1]).state == "cancelled"


def test_a_killed_driver_takes_its_kernels_along_and_the_record_is_honest(tmp_path: Path) -> None:
    driver = start(tmp_path)
    assert [run.state for run in list_runs(tmp_path)] == ["running"]
    driver.kill()
    driver.communicate()
    [run] = list_runs(tmp_path)
    assert run.state == "interrupted" and run["slow"].state == "interrupted" and run["first"].state == "done"
    assert run.load("x") == 1
    end = time.monotonic() + 60
    os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)  # what the user's code starts is its own affair
    while processes_naming(f"{run.id}/steps/slow.job.json") and time.monotonic() < end:
        time.sleep(0.1)
    assert not processes_naming(f"{run.id}/steps/slow.job.json")
