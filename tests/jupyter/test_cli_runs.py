"""`mdk runs` as its users call it: looking at runs that were, and at one that goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import commands
import pytest
from commands import MDK
from kernels import write_notebook

from mdk_jupyter.cli.output import last_written
from mdk_jupyter.local.events import Event
from mdk_jupyter.local.journal import Tail, read_events
from mdk_jupyter.local.record import Run, Step
from mdk_jupyter.local.store import create_run_folder, driving, find_run

NO_BROWSER = dict.fromkeys(("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "SSH_CONNECTION", "CI"), "")


def mdk(folder: Path, *words: object, **env: str) -> subprocess.CompletedProcess[str]:
    return commands.mdk(folder, *words, **{**NO_BROWSER, **env})


def cells(change: str) -> list[tuple[str | None, str]]:
    return [
        ("parameters", "rate = 0.5"),
        ("load", "rows = [1, 2, 3]\nprint('loaded', len(rows))"),
        ("train;metric:score", f"score = sum(rows) * rate{change}\nprint('10 %\\r100 %')\nprint('no end', end='')"),
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs; between them the code of `train` changed, and a parameter."""
    path = tmp_path_factory.mktemp("runs")
    write_notebook(path / "n.ipynb", cells(""))
    assert mdk(path, "run", "local").returncode == 0
    write_notebook(path / "n.ipynb", cells(" + 1"))
    assert mdk(path, "run", "local", "-p", "rate=2").returncode == 0
    return path


def test_diff(folder: Path) -> None:
    done = mdk(folder, "runs", "diff", "latest~1", "latest")
    assert done.returncode == 0 and "\x1b" not in done.stdout
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "rate 0.5 2.0 +1.5" in lines and "score 3 13 +10" in lines
    assert "-score = sum(rows) * rate" in lines and "+score = sum(rows) * rate + 1" in lines
    assert "train.score changed float, 3.0, 3 B float, 13.0, 4 B" in lines and "1 of 2 artifacts are the same" in lines
    told = json.loads(mdk(folder, "runs", "diff", "latest~1", "latest", "--json").stdout)
    assert list(told["sources"]) == ["train"] and told["artifacts"]["load.rows"]["change"] == "same"


def test_a_run_before_the_last_one(folder: Path) -> None:
    latest, before = find_run(folder, "latest"), find_run(folder, "latest~1")
    assert before.id < latest.id == find_run(folder, "latest~0").id
    missing = mdk(folder, "runs", "show", "latest~2")
    assert missing.returncode == 2 and "MDK352" in missing.stderr


def test_open_renders_the_executed_notebook_once(folder: Path) -> None:
    done = mdk(folder, "runs", "open", "train")
    assert done.returncode == 0
    page = folder / done.stdout.strip()
    assert page.name == "train.html" and "100 %" in page.read_text("utf-8")
    page.write_text("kept")
    os.utime(page, ns=(0, page.with_suffix(".ipynb").stat().st_mtime_ns))
    assert mdk(folder, "runs", "open", "train", "--print").stdout == f"{page}\n" and page.read_text() == "kept"
    os.utime(page.with_suffix(".ipynb"))
    opened = mdk(folder, "runs", "open", "train", BROWSER="echo opened %s")
    assert opened.stdout == f"opened {page.as_uri()}\n" and "100 %" in page.read_text("utf-8"), "made anew"
    assert json.loads(mdk(folder, "runs", "open", "train", "--json").stdout)["page"] == str(page)
    before = mdk(folder, "runs", "open", "load", "--run", "latest~1", "--print").stdout
    assert find_run(folder, "latest~1").id in before


def test_logs(folder: Path) -> None:
    assert mdk(folder, "runs", "logs").stdout.splitlines() == ["[load] loaded 3", "[train] 100 %", "[train] no end"]
    assert mdk(folder, "runs", "logs", "train", "--run", "latest~1").stdout.splitlines() == ["100 %", "no end"]
    assert mdk(folder, "runs", "logs", "load", "-f").stdout == "loaded 3\n", "of a run that is over"
    told = [json.loads(line) for line in mdk(folder, "runs", "logs", "--json").stdout.splitlines()]
    assert told[1] == {"step": "train", "line": "10 %\r100 %"}


def test_events(folder: Path) -> None:
    events = [Event.from_line(line) for line in mdk(folder, "runs", "events").stdout.splitlines()]
    assert [(e.kind, e.step, e.state) for e in events if e.kind != "cell"] == [
        ("run", None, "running"),
        ("step", "load", "done"),  # cached
        *[("step", "train", state) for state in ("running", "done")],
        ("run", None, "done"),
    ]
    assert mdk(folder, "runs", "events", "-f").stdout == mdk(folder, "runs", "events").stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["open", "tra"], "MDK370"),
        (["logs", "nothing"], "MDK370"),
        (["open", "train", "--run", "none"], "MDK352"),
        (["events", "--run", "none"], "MDK352"),
        (["watch", "none"], "MDK352"),
        (["diff", "latest", "none"], "MDK352"),
    ],
)
def test_mistakes(folder: Path, words: list[str], code: str) -> None:
    done = mdk(folder, "runs", *words)
    assert done.returncode == 2 and code in done.stderr and done.stdout == ""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A run that waits for the file `go`."""
    waiting = (
        "import pathlib, time\nprint('waiting')\nwhile not pathlib.Path('go').exists():\n    time.sleep(0.05)\nx = 1"
    )
    write_notebook(tmp_path / "n.ipynb", [("first", waiting), ("second", "print('after', x)")])
    here = {**os.environ, "MDK_KERNELS": "off"}  # the process that is killed drives the run
    driver = subprocess.Popen([*MDK, "run", "local"], cwd=tmp_path, env=here, stdout=subprocess.DEVNULL, text=True)
    end = time.monotonic() + 120
    while not list(tmp_path.glob(".mdk/runs/*/run.json")):
        assert driver.poll() is None and time.monotonic() < end
        time.sleep(0.02)
    yield tmp_path, driver
    driver.kill()
    driver.wait()


def lines_of(process: subprocess.Popen[str]) -> list[str]:
    said, errors = process.communicate(timeout=120)
    assert "Traceback" not in errors, errors
    return said.splitlines()


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*MDK, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def test_a_run_is_followed_to_its_end(running: tuple[Path, subprocess.Popen[str]]) -> None:
    folder, _ = running
    logs = start(folder, "runs", "logs", "-f")
    events = start(folder, "runs", "events", "-f")
    watch = start(folder, "runs", "watch")
    assert first_line(logs) == "[first] waiting", "from a file that was not there yet"
    assert json.loads(first_line(events))["state"] == "running"
    assert first_line(watch) == "◐ first: running (never run before)"
    quitting = start(folder, "runs", "logs", "first", "-f")
    assert first_line(quitting) == "waiting"
    quitting.send_signal(signal.SIGINT)
    assert quitting.communicate(timeout=60) == ("", ""), "leaves without a word"
    assert quitting.returncode == 130
    (folder / "go").touch()
    assert lines_of(logs) == ["[second] after 1"] and logs.returncode == 0
    last = Event.from_line(lines_of(events)[-1])
    assert (last.kind, last.state, events.returncode) == ("run", "done", 0)
    seen = lines_of(watch)
    assert "◐ second: running (never run before)" in seen and any(line.startswith("✓ n: done") for line in seen)
    assert watch.returncode == 0


def test_a_run_is_cancelled_from_elsewhere(running: tuple[Path, subprocess.Popen[str]]) -> None:
    folder, driver = running
    watch = start(folder, "runs", "watch")
    assert first_line(watch) == "◐ first: running (never run before)"
    done = mdk(folder, "runs", "cancel", "latest")
    assert done.returncode == 0 and "n: cancelled" in done.stdout
    assert driver.wait(60) == 130
    assert any("n: cancelled" in line for line in lines_of(watch))
    again = mdk(folder, "runs", "cancel", "latest")  # it has ended, and that is all
    assert again.returncode == 0 and "n: cancelled" in again.stdout


def test_following_ends_when_the_driver_dies(running: tuple[Path, subprocess.Popen[str]]) -> None:
    folder, driver = running
    logs = start(folder, "runs", "logs", "-f")
    assert first_line(logs) == "[first] waiting"
    events = start(folder, "runs", "events", "-f")
    watch = start(folder, "runs", "watch")
    driver.kill()
    assert lines_of(logs) == []
    states = {(e["kind"], e.get("step")): e["state"] for e in map(json.loads, lines_of(events)) if "state" in e}
    assert states == {("run", None): "interrupted", ("step", "first"): "interrupted"}
    assert any("n: interrupted" in line for line in lines_of(watch)) and watch.returncode == 1


def test_the_stream_of_a_driver_that_gave_up_says_how_it_ended(tmp_path: Path) -> None:
    folder = create_run_folder(tmp_path)
    run = Run(folder.name, "p", folder, state="failed", steps={"a": Step("a", state="done"), "b": Step("b")})
    run["b"].state = "cancelled"
    run.save()
    said = Event(1.0, run.id, "step", "a", "done")
    run.events.write_text(said.to_line() + "\nnot JSON\n" + '{"time": 2.0, "run"')
    told = list(read_events(folder, follow=True))
    assert told[0] == said
    assert [(e.kind, e.step, e.state) for e in told[1:]] == [("step", "b", "cancelled"), ("run", None, "failed")]


def test_the_stream_waits_for_the_journal(tmp_path: Path) -> None:
    folder = create_run_folder(tmp_path)
    run = Run(folder.name, "p", folder, state="running")
    found: list[Any] = []
    with driving(folder):
        run.save()
        assert list(read_events(folder)) == []
        reader = threading.Thread(target=lambda: found.extend(read_events(folder, follow=True)))
        reader.start()
        run.events.write_text(Event(1.0, run.id, "run", state="done").to_line() + "\n")
        reader.join(60)
    assert [event.state for event in found] == ["done"]


def test_a_tail_gives_whole_lines(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "log")
    assert tail.lines() == [] and tail.rest() == ""
    with (tmp_path / "log").open("wb") as file:
        for part in (b"a\nb", b"c\n\n\xc3", b"\xa4"):
            file.write(part)
            file.flush()
            found = tail.lines()
            assert found == {b"a\nb": ["a"], b"c\n\n\xc3": ["bc", ""], b"\xa4": []}[part]
    assert tail.rest() == "ä" and tail.rest() == ""


@pytest.mark.parametrize(("line", "shown"), [("a", "a"), ("", ""), ("1\r2\r3", "3"), ("1\r2\r", "2")])
def test_what_a_progress_bar_leaves(line: str, shown: str) -> None:
    assert last_written(line) == shown
