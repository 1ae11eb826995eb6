"""Pipelines run in real kernels."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path

import nbformat
import pytest
from pipelines import execute, is_running, pipeline, processes_naming

from mdk_converters.spec import CellSource, Component, Definition, Parameter
from mdk_jupyter.errors import UsageError
from mdk_jupyter.local.events import Event
from mdk_jupyter.local.record import Run, Step
from mdk_jupyter.local.store import read_run


def failed(run: Run, name: str) -> Step:
    step = run[name]
    assert step.state == "failed", repr(run)
    return step


def test_values_parameters_and_metrics_go_through_the_graph(tmp_path: Path) -> None:
    made = pipeline(
        parameters={"rate": Parameter(type="float", default=0.1), "unused": Parameter(type="int", default=1)},
        load=("rows = [1, 2, 3]\nprint('loaded', len(rows))", {"gives": "rows"}),
        scale=("scaled = [row * rate for row in rows]",
               {"reads": "load.rows", "gives": "scaled", "parameters": ["rate"]}),
        total=("import sys\ntotal = sum(scaled)\nprint('to stderr', file=sys.stderr)\ntotal",
               {"reads": "scale.scaled", "gives": "total", "metrics": ["total"]}),
    )  # fmt: skip
    run, events = execute(made, tmp_path, parameters={"rate": "0.5"})

    assert run.state == "done", repr(run)
    assert {name: step.state for name, step in run.steps.items()} == dict.fromkeys(["load", "scale", "total"], "done")
    assert run.metrics == {"total": 3.0} and run.parameters == {"rate": 0.5, "unused": 1}
    assert run.load("scaled") == [0.5, 1.0, 1.5] and run.load("load.rows") == [1, 2, 3]
    assert dict(run.outputs) == {"rows": [1, 2, 3], "scaled": [0.5, 1.0, 1.5], "total": 3.0}

    assert [(e.step, e.state) for e in events if e.kind == "step"] == [
        (step, state) for step in ("load", "scale", "total") for state in ("running", "done")
    ]
    assert [(e.step, e.message, e.data["stream"]) for e in events if e.kind == "output"] == [
        ("load", "loaded 3\n", "stdout"),
        ("total", "to stderr\n", "stderr"),
    ]
    journal = [Event.from_line(line) for line in run.events.read_text().splitlines()]
    assert journal == [e for e in events if e.kind != "output"]
    assert run["load"].log is not None and run["load"].log.read_text() == "loaded 3\n"

    assert (tmp_path / ".mdk/.gitignore").read_text() == "*\n"
    again = read_run(run.folder)
    assert again == run and again.load("total") == 3.0
    assert not processes_naming(run.id), "kernels are left"


def test_the_executed_notebook_is_valid_and_shows_the_parameters(tmp_path: Path) -> None:
    made = pipeline(
        parameters={"greeting": Parameter(type="str", default="hi")},
        say=("print(greeting)", "greeting.upper()", {"parameters": ["greeting"]}),
    )
    run, _ = execute(made, tmp_path, parameters={"greeting": "quotes \" ' and {braces} {{ jinja }}"})
    assert run["say"].notebook is not None
    notebook = nbformat.read(run["say"].notebook, as_version=nbformat.NO_CONVERT)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    by_id = {cell["id"]: cell for cell in notebook.cells}
    assert by_id["say-1"].outputs[0].text == "quotes \" ' and {braces} {{ jinja }}\n"
    assert "QUOTES" in by_id["say-2"].outputs[0].data["text/plain"]
    [injected] = [cell for cell in notebook.cells if "injected-parameters" in cell.metadata.tags]
    assert "greeting" in injected.source
    assert notebook.metadata.papermill.input_path == "p", "not the notebook itself"
    assert all(cell.metadata.papermill.status == "completed" for cell in notebook.cells)


def test_independent_steps_run_at_the_same_time(tmp_path: Path) -> None:
    wait = """
        import pathlib, time
        pathlib.Path({mine!r}).touch()
        end = time.monotonic() + 60
        while not pathlib.Path({other!r}).exists():
            assert time.monotonic() < end, "alone"
            time.sleep(0.01)
    """
    one = textwrap.dedent(wait).format(mine="one", other="two")
    two = textwrap.dedent(wait).format(mine="two", other="one")
    run, _ = execute(pipeline(one=(one,), two=(two,)), tmp_path, workers=2)
    assert run.state == "done", "each saw the other"


def test_one_worker_runs_one_step_at_a_time(tmp_path: Path) -> None:
    _, events = execute(pipeline(one=("1",), two=("2",), three=("3",)), tmp_path, workers=1)
    assert [e.state for e in events if e.kind == "step"] == ["running", "done"] * 3


def test_declared_order_is_kept(tmp_path: Path) -> None:
    made = pipeline(
        reader=("text = open('made.txt').read()", {"after": ["writer"], "gives": "text"}),
        writer=("import time\ntime.sleep(0.3)\nfile = open('made.txt', 'w')\nfile.write('written')",),
    )
    run, _ = execute(made, tmp_path, workers=2)
    assert run.load("text") == "written", "also what is still in the buffer of a file that nobody closed"


def test_a_failure_names_the_place_in_the_users_cell_and_stops_what_depends_on_it(tmp_path: Path) -> None:
    made = pipeline(
        definitions={"d1": Definition(cell="helpers", line=11, source="def share(a, b):\n    return a / b")},
        load=("rows = [1, 0]", {"gives": "rows"}),
        bad=Component(
            definitions=["d1"],
            inputs={"rows": "load.rows"},
            outputs={"result": "value"},
            cells=[
                CellSource(id="fine", source="x = 1"),
                CellSource(id="wrong", line_offset=2, source="y = 2\n\nresult = share(*rows)  # here"),
                CellSource(id="never", source="open('never', 'w')"),
            ],
        ),
        after=("result", {"reads": "bad.result"}),
    )
    run, events = execute(made, tmp_path)
    step = failed(run, "bad")
    assert run.state == "failed" and run["after"].state == "skipped" and run["load"].state == "done"
    [finding] = step.findings
    assert finding.code == "MDK300" and "bad" in finding.message and "ZeroDivisionError" in finding.message
    place = finding.place
    assert (place.cell_id, place.line, place.text) == ("wrong", 5, "result = share(*rows)  # here")
    assert step.traceback is not None
    lines = step.traceback.splitlines()
    assert [line.strip() for line in lines if line.startswith("  File")] == [
        'File "p, cell wrong", line 5, in <module>',
        'File "p, cell helpers", line 12, in share',
    ]
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert not (tmp_path / "never").exists()
    told = [e for e in events if e.kind == "step" and e.state == "failed"]
    assert told[0].data["findings"][0]["place"]["line"] == 5 and told[0].data["traceback"] == step.traceback
    assert read_run(run.folder) == run
    text = repr(run)
    assert "ZeroDivisionError" in text and "skipped" in text
    html = run._repr_mimebundle_()["text/html"]
    assert "bad" in html and "<script" not in html


def test_cell_numbers_come_from_the_notebook(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# Title"},
        {"cell_type": "code", "id": "bad-1", "metadata": {}, "source": "1/0", "outputs": [], "execution_count": None},
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "n.ipynb").write_text(json.dumps(notebook))
    run, _ = execute(pipeline(bad=("1/0",)), tmp_path, source=tmp_path / "n.ipynb")
    place = failed(run, "bad").findings[0].place
    assert place.cell_number == 2 and place.notebook == str(tmp_path / "n.ipynb")


def test_steps_that_run_when_another_fails_come_to_their_end(tmp_path: Path) -> None:
    wait = """
        import pathlib, time
        pathlib.Path("started").touch()
        while not list(pathlib.Path(".mdk/runs").glob("*/bad.over")):
            time.sleep(0.01)
    """
    bad = "import pathlib, time\nwhile not pathlib.Path('started').exists(): time.sleep(0.01)\n1/0"
    made = pipeline(slow=(wait, {"gives": ""}), bad=(bad,), later=("1", {"after": ["slow"]}))

    def mark(event: Event) -> None:
        if event.step == "bad" and event.state == "failed":
            (tmp_path / ".mdk/runs" / event.run / "bad.over").touch()

    run, _ = execute(made, tmp_path, workers=2, observe=mark)
    assert {step.name: step.state for step in run.steps.values()} == {
        "slow": "done",
        "bad": "failed",
        "later": "skipped",
    }


@pytest.mark.parametrize(
    ("cell", "code", "said"),
    [
        ("import os, signal\n\nos.kill(os.getpid(), signal.SIGKILL)", "MDK301", "memory"),
        ("import ctypes\n\nctypes.string_at(0)", "MDK301", "SIGSEGV"),
        ("import os\n\nos._exit(7)", "MDK301", "exit code 7"),
        ("import sys\n\nsys.exit(3)", "MDK305", "sys.exit(3)"),
        ("import sys\n\nsys.exit()", "MDK305", "sys.exit()"),
        ("x = 1\n\nname = input('Name? ')", "MDK304", "input"),
        ("x = 1\n\nexit()", "MDK305", "exit() or quit()"),
        ("x = 1\n\nif x", "MDK300", "SyntaxError"),
        ("x = 1\n\nraise OSError(28, 'No space left on device')", "MDK351", "disk is full"),
    ],
)
def test_ends_that_are_no_exception(tmp_path: Path, cell: str, code: str, said: str) -> None:
    run, _ = execute(pipeline(bad=(cell, "x", {"gives": "x"}), later=("1", {"reads": "bad.x"})), tmp_path)
    [finding] = failed(run, "bad").findings
    assert finding.code == code and said in finding.message + finding.fix
    assert finding.place.cell_id == "bad-1"
    # SIGKILL, os._exit and exit() leave nothing that could tell the line.
    if said not in ("memory", "exit code 7", "exit() or quit()"):
        assert finding.place.line == 3, finding
    assert run["later"].state == "skipped"
    assert not processes_naming(run.id), "kernels are left"
    assert run["bad"].notebook is not None
    nbformat.validate(nbformat.read(run["bad"].notebook, as_version=4))  # type: ignore[no-untyped-call]


def test_the_line_under_a_cell_magic(tmp_path: Path) -> None:
    run, _ = execute(pipeline(bad=("%%time\nx = 1\n1/0",)), tmp_path)
    assert failed(run, "bad").findings[0].place.line == 3


def test_a_timeout_ends_the_step_and_what_it_started(tmp_path: Path) -> None:
    made = pipeline(
        slow=(
            "import subprocess\nchild = subprocess.Popen(['sleep', '600'])\n"
            "open('child', 'w').write(str(child.pid))\nchild.wait()",
            {"timeout": "6s"},
        )
    )
    run, _ = execute(made, tmp_path)
    [finding] = failed(run, "slow").findings
    assert finding.code == "MDK303" and "6s" in finding.message and finding.place.cell_id == "slow-1"
    assert not is_running(int((tmp_path / "child").read_text()))
    assert "MDK" not in (run["slow"].traceback or "") and "timeout" in (run["slow"].notebook or Path()).read_text()


def test_retries_start_anew_and_keep_the_last_notebook(tmp_path: Path) -> None:
    flaky = """
        import pathlib
        tries = len(list(pathlib.Path().glob("try-*"))) + 1
        pathlib.Path(f"try-{tries}").touch()
        assert "left" not in globals()
        left = 1
        if tries < 3:
            raise ConnectionError("not yet")
    """
    run, events = execute(pipeline(flaky=(flaky, {"retries": 2, "gives": "tries"})), tmp_path)
    assert run.state == "done" and run.load("tries") == 3 and run["flaky"].attempts == 3
    warnings = [e.message for e in events if e.kind == "warning"]
    assert len(warnings) == 2 and all("not yet" in str(message) for message in warnings)


def test_retries_run_out(tmp_path: Path) -> None:
    run, _ = execute(pipeline(bad=("open('tries', 'a').write('x')\n1/0", {"retries": 1})), tmp_path)
    assert failed(run, "bad").attempts == 2 and (tmp_path / "tries").read_text() == "xx"


def test_environment_folder_and_isolation(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("value = 42")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.csv").write_text("1")
    (tmp_path / "undeclared.csv").write_text("1")
    look = """
        import os, pathlib
        import mine
        files = sorted(str(p) for p in pathlib.Path().rglob("*") if p.suffix == ".csv")
        seen = (os.environ["COLOUR"], mine.value, files)
    """
    made = pipeline(look=(look, {"gives": "seen", "env": {"COLOUR": "red"}, "files": ["data/*.csv"]}))
    run, _ = execute(made, tmp_path)
    assert run.load("seen") == ("red", 42, ["data/a.csv", "undeclared.csv"])
    run, _ = execute(made, tmp_path, isolated=True)
    assert run.load("seen") == ("red", 42, ["data/a.csv"])
    (tmp_path / "data/a.csv").unlink()
    with pytest.raises(UsageError) as refusal:
        execute(made, tmp_path, isolated=True)
    assert refusal.value.code == "MDK310"


def test_threads_of_steps_give_way_to_each_other_unless_the_user_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pipeline(one=("import os\nx = os.environ['OMP_WAIT_POLICY']", {"gives": "x"}))
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    assert execute(made, tmp_path)[0].load("x") == "passive"
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    assert execute(made, tmp_path)[0].load("x") == "active"


def test_a_step_that_changes_what_others_read_is_refused(tmp_path: Path) -> None:
    made = pipeline(
        load=("rows = [3, 1, 2]", {"gives": "rows"}),
        sneaky=("getattr(rows, 'so' + 'rt')()", {"reads": "load.rows"}),
        later=("first = rows[0]", {"reads": "load.rows", "gives": "first", "after": ["sneaky"]}),
    )
    run, _ = execute(made, tmp_path)
    [finding] = failed(run, "sneaky").findings
    assert finding.code == "MDK323" and "rows" in finding.names and run["later"].state == "skipped"


def test_several_findings_of_a_step_are_all_told(tmp_path: Path) -> None:
    made = pipeline(
        make=("a = (i for i in [1])\nb = (i for i in [2])", {"gives": "a b"}),
        use=("next(a), next(b)", {"reads": "make.a make.b"}),
    )
    run, _ = execute(made, tmp_path)
    findings = failed(run, "use").findings
    assert [f.code for f in findings] == ["MDK322"] * 2 and {n for f in findings for n in f.names} == {"a", "b"}


def test_exit_handlers_run_before_the_next_step(tmp_path: Path) -> None:
    made = pipeline(
        first=("import atexit, pathlib\natexit.register(lambda: pathlib.Path('bye').write_text('bye'))",),
        second=("text = open('bye').read()", {"after": ["first"], "gives": "text"}),
    )
    run, _ = execute(made, tmp_path)
    assert run.load("text") == "bye"


def test_an_unknown_kernel_is_warned_about_and_replaced(tmp_path: Path) -> None:
    made = pipeline(metadata={"kernel": "conda-env-elsewhere"}, one=("import sys\nx = sys.executable", {"gives": "x"}))
    run, events = execute(made, tmp_path)
    assert run.load("x") == sys.executable
    assert run.warnings == [e.message for e in events if e.kind == "warning"] and "elsewhere" in run.warnings[0]


def test_a_secret_that_is_not_there_is_warned_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAVE_IT", "x")
    made = pipeline(one=("1", {"secrets": {"HAVE_IT": "a", "TOKEN_OF_MINE": "b"}}))
    run, _ = execute(made, tmp_path)
    assert len(run.warnings) == 1 and "TOKEN_OF_MINE" in run.warnings[0]


def test_an_observer_that_fails_leaves_no_kernel_and_a_record(tmp_path: Path) -> None:
    def observe(event: Event) -> None:
        if event.kind == "cell":
            raise RuntimeError("observer")

    with pytest.raises(RuntimeError, match="observer"):
        execute(pipeline(slow=("import time\ntime.sleep(600)",)), tmp_path, observe=observe)
    [folder] = (tmp_path / ".mdk/runs").iterdir()
    run = read_run(folder)
    assert run.state == "failed" and run["slow"].state == "cancelled"
    assert not processes_naming(run.id)


def test_two_runs_at_once_in_one_folder(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    made = pipeline(one=("x = [1]", {"gives": "x"}), two=("y = x + [2]", {"reads": "one.x", "gives": "y"}))
    with ThreadPoolExecutor() as pool:
        runs = [future.result()[0] for future in [pool.submit(execute, made, tmp_path) for _ in range(2)]]
    assert [run.load("y") for run in runs] == [[1, 2], [1, 2]] and runs[0].id != runs[1].id


def test_much_output_is_kept_whole(tmp_path: Path) -> None:
    run, events = execute(pipeline(loud=("for i in range(20_000): print('line', i)",)), tmp_path)
    assert run.state == "done" and run["loud"].log is not None
    lines = run["loud"].log.read_text().splitlines()
    assert lines == [f"line {i}" for i in range(20_000)]
    assert "".join(str(e.message) for e in events if e.kind == "output").splitlines() == lines
    assert run.events.stat().st_size < 10_000
