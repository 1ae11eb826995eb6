"""Progress where somebody watches: a table in a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from mdk_jupyter.cli.progress import TableScreen
from mdk_jupyter.local.events import Event, State
from mdk_jupyter.widgets.view import RunView, begin, follow


def in_a_terminal(command: list[str], folder: Path, **env: str) -> str:
    """Return what a command writes to a terminal of its own."""
    ours, theirs = pty.openpty()
    keep = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR")}
    process = subprocess.Popen(
        command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env={**keep, "TERM": "xterm", **env}
    )
    os.close(theirs)
    written = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not part:
            break
        written += part
    os.close(ours)
    assert process.wait() == 0, written.decode()
    return written.decode()


@pytest.mark.parametrize("ci", [False, True])
def test_a_table_for_people_and_lines_for_ci(tmp_path: Path, ci: bool) -> None:
    cells = [
        {"cell_type": "code", "metadata": {"tags": [f"component:{name}"]}, "source": f"print('from', '{name}')"}
        for name in ("load", "train")
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    (tmp_path / "n.ipynb").write_text(json.dumps(notebook))
    command = [sys.executable, "-m", "mdk_jupyter.cli", "run", "local", "--verbose"]
    written = in_a_terminal(command, tmp_path, **({"CI": "true"} if ci else {}))
    moves = "\x1b[1A" in written  # the cursor goes up to draw the table again
    assert moves is not ci
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written)
    assert "[train] from train" in plain and "✓ n: done" in plain and "n.pipeline.yaml" in plain


def picture(view: RunView, height: int) -> list[str]:
    console = Console(file=io.StringIO(), width=80, height=height, force_terminal=False)
    screen = TableScreen(console)
    screen.draw(view)
    with console.capture() as captured:
        console.print(screen.picture())
    return captured.get().splitlines()


def test_a_low_terminal_shows_what_matters() -> None:
    view = begin("big", "r", {f"step{n}": [] for n in range(50)}, 0.0)

    def enter(number: int, state: State) -> None:
        nonlocal view
        view = follow(view, Event(float(number), "r", "step", f"step{number}", state))

    for number in range(20):
        enter(number, "running")
        enter(number, "done")
    enter(3, "failed")
    enter(20, "running")
    lines = picture(view, 12)
    assert len(lines) <= 11 and "19 of 50 steps" in lines[0]
    shown = [line.split()[1] for line in lines[1:]]
    assert "step3" in shown and "step20" in shown and "step19" in shown and "step0" not in shown
    assert shown == sorted(shown, key=lambda name: int(name[4:])), "in the pipeline's order"
    assert len(picture(view, 100)) == 51


def test_the_tree_tells_what_steps_do_and_wait_for() -> None:
    view = begin("p", "r", {"load": [], "a": ["load"], "b": ["load"], "end": ["a", "b"]}, 0.0)
    happened = [
        Event(1.0, "r", "step", "load", "done", data={"cached_from": "run-0"}),
        Event(1.0, "r", "step", "a", "running", data={"why": "its code changed"}),
        Event(1.0, "r", "cell", "a", cell=2, data={"cells": 5}),
    ]
    for event in happened:
        view = follow(view, event)
    head, *rows = [" ".join(line.split()) for line in picture(view, 20)]
    assert head.startswith("p: 1 of 4 steps, 1 cached") and "━" in head
    assert rows[0] == "✓ load cached from run run-0"
    assert rows[1].startswith("├ ◐ a running") and rows[1].endswith("cell 2 of 5 · its code changed")
    assert rows[2:] == ["└ ○ b waiting", "└ ○ end waiting waits for a, b"]
    narrow = Console(file=io.StringIO(), width=20, height=20)
    screen = TableScreen(narrow)
    screen.draw(view)
    with narrow.capture() as captured:
        narrow.print(screen.picture())
    assert all(len(line) <= 20 for line in captured.get().splitlines())
