"""The cache: what a run takes from earlier ones, what it must not, and why."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest
from pipelines import execute, pipeline

from mdk_converters.spec import Definition, Parameter, Pipeline
from mdk_jupyter.artifacts import Store
from mdk_jupyter.local import path_facts
from mdk_jupyter.local.record import Run
from mdk_jupyter.local.store import read_run


def fates(run: Run) -> dict[str, str | None]:
    """Return for every step "cached", or why it ran or was skipped."""
    return {step.name: "cached" if step.cached_from else step.why for step in run.steps.values()}


def again(made: Pipeline, folder: Path, **options: Any) -> dict[str, str | None]:
    run, _ = execute(made, folder, **options)
    assert run.state == "done", repr(run)
    return fates(run)


def chain(load: str = "rows = [1, 2, 3]", total: str = "total = sum(rows) * k\nprint('sum', total)") -> Pipeline:
    return pipeline(
        parameters={"k": Parameter(type="float", default=1.0)},
        load=(load, {"gives": "rows"}),
        total=(total, {"reads": "load.rows", "gives": "total", "metrics": ["total"], "parameters": ["k"]}),
        other=("import os\npid = os.getpid()", {"gives": "pid"}),
    )


def test_a_second_run_runs_nothing_and_has_everything(tmp_path: Path) -> None:
    first, _ = execute(chain(), tmp_path)
    assert set(fates(first).values()) == {"never run before"}
    assert first.size == first.written == sum(step.size for step in first.steps.values()) > 0
    second, events = execute(chain(), tmp_path)
    assert set(fates(second).values()) == {"cached"} and second.state == "done"
    assert second.metrics == first.metrics == {"total": 6.0} and second.load("pid") == first.load("pid")
    assert second.written == 0 and second.size == first.size
    for name, step in second.steps.items():
        assert step.cached_from == first.id and step.notebook is not None and step.log is not None
        assert step.notebook.parent == second.folder
        assert step.notebook.read_bytes() == (first[name].notebook or Path()).read_bytes()
        assert step.log.read_bytes() == (first[name].log or Path()).read_bytes()
    assert [(e.step, e.state, e.data["cached_from"]) for e in events if e.kind == "step"] == [
        (name, "done", first.id) for name in ("load", "other", "total")
    ]
    assert read_run(second.folder) == second
    assert not (second.folder / "steps").exists(), "no kernel was started"


def test_only_what_a_change_reaches_runs_again_and_says_why(tmp_path: Path) -> None:
    again(chain(), tmp_path)
    cached = {"load": "cached", "total": "cached", "other": "cached"}
    assert again(chain("rows = [ 1,2,  3 ]  # as before"), tmp_path) == cached
    assert again(chain(), tmp_path, parameters={"k": 0.5}) == {**cached, "total": "parameter k: 1.0 -> 0.5"}
    assert again(chain(), tmp_path) == cached, "the earlier result is still there"
    changed = {**cached, "load": "cell load-1 changed", "total": "input `rows` changed (load.rows)"}
    assert again(chain("rows = [1, 2, 4]"), tmp_path) == changed
    early = {**cached, "load": "cell load-1 changed"}
    assert again(chain("rows = [2, 1, 4]\nrows = sorted(rows)"), tmp_path) == early, "an equal value ends it"


def test_large_files_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "big.bin").write_bytes(b"x" * 2_000_000)
    os.utime(tmp_path / "big.bin", (1e9, 1e9))
    made = pipeline(one=("x = len(open('big.bin').read())", {"gives": "x"}))
    again(made, tmp_path)
    path_facts.digests.clear()
    os.utime(tmp_path / "big.bin", (1e9 + 5, 1e9 + 5))
    assert again(made, tmp_path) == {"one": "cached"}, "its content is as it was"
    assert str(tmp_path / "big.bin") in path_facts.digests
    path_facts.digests.clear()
    monkeypatch.setattr("hashlib.file_digest", lambda *_: pytest.fail("read again"))
    assert again(made, tmp_path) == {"one": "cached"}


def test_definitions_are_known_by_name(tmp_path: Path) -> None:
    def made(body: str) -> Pipeline:
        helper = Definition(source=f"def helper(x):\n    '''Help.'''\n    return {body}")
        return pipeline(
            definitions={"helper": helper}, one=("y = helper(1)", {"definitions": ["helper"], "gives": "y"})
        )

    again(made("x + 1"), tmp_path)
    assert again(made("(x+1)"), tmp_path) == {"one": "cached"}
    assert again(made("x + 2"), tmp_path) == {"one": "definition `helper` changed"}


def test_files_folders_and_modules_that_a_step_reads(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/__init__.py").write_text("from mine.deep import value")
    (tmp_path / "mine/deep.py").write_text("value = 1")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.csv").write_text("a")
    (tmp_path / "top.txt").write_text("top")
    read = """
        import glob, mine
        name = "to" + "p.txt"
        seen = (open(name).read(), sorted(glob.glob("data/*.c" + "sv")), mine.value)
    """
    made = pipeline(read=(read, {"gives": "seen"}))
    assert again(made, tmp_path) == {"read": "never run before"}
    assert again(made, tmp_path) == {"read": "cached"}
    (tmp_path / "unrelated.txt").write_text("x")
    assert again(made, tmp_path) == {"read": "cached"}
    (tmp_path / "top.txt").write_text("pot")
    assert again(made, tmp_path) == {"read": "file top.txt changed"}
    (tmp_path / "data/b.csv").write_text("b")
    assert again(made, tmp_path) == {"read": "folder data changed"}
    (tmp_path / "mine/deep.py").write_text("value = 2")
    run, _ = execute(made, tmp_path)
    assert fates(run) == {"read": "module mine/deep.py changed"}
    assert run.load("seen") == ("pot", ["data/a.csv", "data/b.csv"], 2)
    (tmp_path / "top.txt").write_text("top")
    (tmp_path / "top.txt").touch()
    (tmp_path / "data/b.csv").unlink()
    (tmp_path / "mine/deep.py").write_text("value = 1")
    assert again(made, tmp_path) == {"read": "cached"}, "the first result counts again"
    shutil.copytree(tmp_path, tmp_path.with_name("moved"))
    assert again(made, tmp_path.with_name("moved")) == {"read": "cached"}, "paths are relative"


def test_files_that_native_code_reads_count_by_their_name(tmp_path: Path) -> None:
    read = """
        import ctypes
        libc = ctypes.CDLL(None)
        libc.fopen.restype = ctypes.c_void_p
        file = libc.fopen(NAME.encode(), b"r")
        buffer = ctypes.create_string_buffer(100)
        libc.fread(buffer, 1, 99, ctypes.c_void_p(file)) if file else None
        seen = buffer.value
        del file, libc, buffer
    """
    parameters = {"where": Parameter(type="str", default="given.bin")}
    made = pipeline(
        parameters=parameters,
        constant=(read.replace("NAME", "'named.bin'"), {"gives": "seen"}),
        parameter=(read.replace("NAME", "where"), {"gives": "seen", "parameters": ["where"]}),
        make=("path = '-'.join(['handed', 'on.bin'])", {"gives": "path"}),
        value=(read.replace("NAME", "path"), {"gives": "seen", "reads": "make.path"}),
        declared=(read.replace("NAME", "('decl' + 'ared.bin')"), {"gives": "seen", "files": ["declared.*"]}),
    )
    names = {"constant": "named.bin", "parameter": "given.bin", "value": "handed-on.bin", "declared": "declared.bin"}
    for name in names.values():
        (tmp_path / name).write_text("old")
    again(made, tmp_path)
    assert set(again(made, tmp_path).values()) == {"cached"}
    for name in names.values():
        (tmp_path / name).write_text("new")
    run, _ = execute(made, tmp_path)
    assert fates(run) == {**{step: f"file {name} changed" for step, name in names.items()}, "make": "cached"}
    assert all(run.load(f"{step}.seen") == b"new" for step in names)


def test_a_file_that_was_not_there_counts_when_it_comes(tmp_path: Path) -> None:
    made = pipeline(one=("import os\nthere = os.path.exists('flag')", {"gives": "there"}))
    again(made, tmp_path)
    (tmp_path / "flag").touch()
    run, _ = execute(made, tmp_path)
    assert fates(run) == {"one": "file flag is new"} and run.load("there") is True


def test_files_that_a_step_writes_must_be_there(tmp_path: Path) -> None:
    write = "import os\nos.makedirs('out', exist_ok=True)\nopen('out/x.txt', 'w').write('x')"
    made = pipeline(write=(write,), read=("x = open('out/x.txt').read()", {"gives": "x", "after": ["write"]}))
    again(made, tmp_path)
    assert again(made, tmp_path) == {"write": "cached", "read": "cached"}
    (tmp_path / "out/x.txt").write_text("y")
    run, _ = execute(made, tmp_path)
    assert fates(run) == {"write": "file out/x.txt, which it writes, changed", "read": "cached"}
    shutil.rmtree(tmp_path / "out")
    assert again(made, tmp_path) == {"write": "file out, which it writes, is gone", "read": "cached"}
    assert (tmp_path / "out/x.txt").read_text() == "x"


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("open('log.txt', 'a').write('x')", "it reads and changes log.txt"),
        ("n = int(open('n').read())\nopen('n', 'w').write(str(n + 1))", "it reads and changes n"),
        ("import sqlite3\nsqlite3.connect('base.db').execute('insert into t values (1)').connection.commit()",
         "it reads and changes base.db"),
        ("import glob\nopen(f'try-{len(glob.glob(\"try-*\"))}', 'w').close()",
         "the folder ., which it lists, changed while it ran"),
        ("!echo hello", "it starts other programs, and nobody sees which files they use"),
        ("%%bash\necho hello", "it starts other programs, and nobody sees which files they use"),
        ("import subprocess\nsubprocess.run(['true'])", "it starts other programs, and nobody sees which files they use"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_from_the_cache_is_run_and_says_why(tmp_path: Path, cell: str, why: str) -> None:
    (tmp_path / "n").write_text("1")
    (tmp_path / "log.txt").write_text("")
    with sqlite3.connect(tmp_path / "base.db") as base:
        base.execute("create table t (x)")
    made = pipeline(one=(cell,))
    run, _ = execute(made, tmp_path)
    assert run.state == "done" and run["one"].remarks == [f"not kept in the cache: {why}"], repr(run)
    assert again(made, tmp_path) == {"one": why}


def test_programs_that_libraries_start_are_their_own_affair(tmp_path: Path) -> None:
    made = pipeline(one=("import joblib\nx = joblib.cpu_count(only_physical_cores=True) > 0", {"gives": "x"}))
    again(made, tmp_path)
    assert again(made, tmp_path) == {"one": "cached"}


def test_the_environment_that_code_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text("import os\nsize = os.getenv('MY_SIZE')")
    made = pipeline(
        one=("import os\nx = os.environ.get('MY_COLOUR')", {"gives": "x"}),
        two=("import mine\ny = mine.size", {"gives": "y"}),
        three=("import os\nz = os.environ['OWN']", {"gives": "z", "env": {"OWN": "1"}}),
    )
    monkeypatch.setenv("MY_COLOUR", "red")
    again(made, tmp_path)
    monkeypatch.setenv("UNRELATED", "x")
    assert set(again(made, tmp_path).values()) == {"cached"}
    monkeypatch.setenv("MY_COLOUR", "blue")
    monkeypatch.setenv("MY_SIZE", "7")
    run, _ = execute(made, tmp_path)
    assert fates(run) == {
        "one": "environment variable MY_COLOUR changed",
        "two": "environment variable MY_SIZE changed",
        "three": "cached",
    }
    assert run.load("x") == "blue" and run.load("y") == "7"


def test_steps_with_equal_code_draw_different_numbers(tmp_path: Path) -> None:
    draw = ("import uuid\nx = str(uuid.uuid4())", {"gives": "x"})
    run, _ = execute(pipeline(one=draw, two=draw), tmp_path, workers=1)
    assert run.load("one.x") != run.load("two.x")
    second, _ = execute(pipeline(one=draw, two=draw), tmp_path)
    assert set(fates(second).values()) == {"cached"}
    assert [second.load(f"{name}.x") for name in ("one", "two")] == [run.load(f"{name}.x") for name in ("one", "two")]
    renamed, _ = execute(pipeline(three=draw, two=draw), tmp_path)
    assert set(fates(renamed).values()) == {"cached"}, "the name does not count"
    assert renamed.load("three.x") == run.load("one.x")


def test_files_that_worker_processes_read(tmp_path: Path) -> None:
    read = """
        import glob
        import joblib
        def load(path):
            with open(path) as file:
                return file.read()
        seen = joblib.Parallel(n_jobs=2)(joblib.delayed(load)(path) for path in sorted(glob.glob("da" + "ta/*")))
    """
    (tmp_path / "data").mkdir()
    for name in "abc":
        (tmp_path / "data" / name).write_text(name)
    made = pipeline(read=(read, {"gives": "seen"}))
    again(made, tmp_path)
    assert again(made, tmp_path) == {"read": "cached"}
    (tmp_path / "data/b").write_text("B")
    run, _ = execute(made, tmp_path)
    assert fates(run) == {"read": "file data changed"} and run.load("seen") == ["a", "B", "c"]


def test_versions_of_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / f"base/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    (site / "odd_toy").mkdir(parents=True)
    (site / "odd_toy/__init__.py").write_text("value = 1")
    (site / "toy_box-1.0.dist-info").mkdir()
    (site / "toy_box-1.0.dist-info/RECORD").write_text("odd_toy/__init__.py,,\ntoy_box-1.0.dist-info/RECORD,,\n")
    monkeypatch.setenv("PYTHONUSERBASE", str(tmp_path / "base"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), *sys.path]))
    made = pipeline(one=("import odd_toy\nx = odd_toy.value", {"gives": "x"}))
    again(made, tmp_path)
    assert again(made, tmp_path) == {"one": "cached"}
    (site / "toy_box-1.0.dist-info").rename(site / "toy_box-1.1.dist-info")
    assert again(made, tmp_path) == {"one": "toy-box 1.0 -> 1.1"}


def test_the_two_ways_of_naming_a_file(tmp_path: Path) -> None:
    """A folder and a name of which native code makes a path, while Python writes beside it."""
    read = """
        import ctypes, os
        with open(os.path.join("data", "made.txt"), "w") as file:
            file.write("made")
        libc = ctypes.CDLL(None)
        libc.fopen.restype = ctypes.c_void_p
        stream = libc.fopen(os.path.join("data", "raw.bin").encode(), b"r")
        buffer = ctypes.create_string_buffer(100)
        libc.fread(buffer, 1, 99, ctypes.c_void_p(stream))
        seen = buffer.value
        del file, libc, stream, buffer
    """
    (tmp_path / "data").mkdir()
    (tmp_path / "data/raw.bin").write_text("old")
    made = pipeline(read=(read, {"gives": "seen"}))
    again(made, tmp_path)
    assert again(made, tmp_path) == {"read": "cached"}
    (tmp_path / "data/raw.bin").write_text("new")
    assert again(made, tmp_path) == {"read": "file data/raw.bin changed"}


def test_isolated_steps_are_cached_apart(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("value = 1")
    (tmp_path / "a.csv").write_text("a")
    cell = "import mine, pathlib\nseen = sorted(p.name for p in pathlib.Path().glob('*.csv'))\nopen('out', 'w').close()"
    made = pipeline(one=(cell, {"gives": "seen", "files": ["*.csv"]}))
    again(made, tmp_path)
    assert again(made, tmp_path, isolated=True) == {"one": "--isolated"}
    assert again(made, tmp_path, isolated=True) == {"one": "cached"}
    (tmp_path / "a.csv").write_text("aa")
    assert again(made, tmp_path, isolated=True) == {"one": "file a.csv changed"}
    (tmp_path / "b.csv").write_text("b")
    run, _ = execute(made, tmp_path, isolated=True)
    assert fates(run) == {"one": "there are other files of those it declares"} and run.load("seen") == [
        "a.csv",
        "b.csv",
    ]
    (tmp_path / "mine.py").write_text("value = 2")
    assert again(made, tmp_path, isolated=True) == {"one": "module mine.py changed"}


def test_what_follows_a_step_by_declaration_follows_its_effects(tmp_path: Path) -> None:
    def made(version: int, effect: str) -> Pipeline:
        return pipeline(
            first=(f"version = {version}\n{effect}",),
            second=("x = 1", {"after": ["first"], "gives": "x"}),
            third=("y = x", {"reads": "second.x", "gives": "y"}),
        )

    again(made(1, "pass"), tmp_path)
    assert again(made(1, "pass"), tmp_path) == dict.fromkeys(("first", "second", "third"), "cached")
    told = {"first": "cell first-1 changed", "second": "it comes after first, which ran", "third": "cached"}
    assert again(made(2, "pass"), tmp_path) == told, "nobody knows what it does"
    write = "open('made.txt', 'w').write('x')"
    again(made(3, write), tmp_path)
    assert again(made(4, write), tmp_path) == {**told, "second": "cached"}, "its effect is seen in files"


def test_hosts_are_told(tmp_path: Path) -> None:
    cell = """
        import socket
        try:
            socket.getaddrinfo("example.invalid", 80)
        except OSError:
            pass
        socket.socket().connect_ex(("127.0.0.1", 1))
    """
    run, _ = execute(pipeline(one=(cell,)), tmp_path)
    told = ["reads from the network: example.invalid; tag it cache:off to run it every time"]
    assert run["one"].remarks == told
    run, _ = execute(pipeline(one=(cell,)), tmp_path)
    assert run["one"].cached_from and run["one"].remarks == told

    def chained(value: int) -> Pipeline:
        return pipeline(load=(f"x = {value} * 0", {"gives": "x"}), one=(cell, {"reads": "load.x"}))

    again(chained(1), tmp_path)
    assert again(chained(1), tmp_path) == {"load": "cached", "one": "cached"}
    assert again(chained(2), tmp_path)["one"] == "it uses the network, and load before it ran"


def test_cache_off_failures_and_no_cache(tmp_path: Path) -> None:
    made = pipeline(off=("x = 1", {"cache": False, "gives": "x"}), bad=("assert open('ok').read() == 'yes'",))
    (tmp_path / "ok").write_text("no")
    run, _ = execute(made, tmp_path, keep_going=True)
    assert run.state == "failed"
    run, _ = execute(made, tmp_path, keep_going=True)
    assert fates(run) == {"off": "cache:off", "bad": "it did not come to its end"}
    (tmp_path / "ok").write_text("yes")
    assert again(made, tmp_path) == {"off": "cache:off", "bad": "it did not come to its end"}
    assert again(made, tmp_path) == {"off": "cache:off", "bad": "cached"}
    assert again(made, tmp_path, cache=False) == {"off": "cache:off", "bad": "--no-cache"}


def blob_of(run: Run, name: str) -> Path:
    step, _, output = name.partition(".")
    return Store(run.store).path(run[step].outputs[output]["digest"])


def test_missing_and_damaged_artifacts_are_made_anew(tmp_path: Path) -> None:
    made = pipeline(
        load=("rows = list(range(1000))", {"gives": "rows"}),
        total=("t = sum(rows)", {"reads": "load.rows", "gives": "t"}),
    )
    run, _ = execute(made, tmp_path)
    path = blob_of(run, "load.rows")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"7", b"8"))
    assert again(made, tmp_path) == {"load": "`rows` was damaged in the store", "total": "cached"}
    assert path.read_bytes() == content
    path.unlink()
    assert again(made, tmp_path) == {"load": "`rows` is no longer in the store", "total": "cached"}
    for entry in (tmp_path / ".mdk/cache/entries").glob("*/*/*.json"):
        entry.write_text(entry.read_text().replace("sum", "mus").replace("1000", "1001"))
        entry.write_text(entry.read_text() + "x")
    assert again(made, tmp_path) == dict.fromkeys(["load", "total"], "its entry in the cache was damaged")
    shutil.rmtree(tmp_path / ".mdk/cache")
    assert again(made, tmp_path) == dict.fromkeys(["load", "total"], "never run before")
    shutil.rmtree(tmp_path / ".mdk/cache/entries")
    assert again(made, tmp_path) == dict.fromkeys(["load", "total"], "its result is no longer in the cache")


def test_states_and_joint_artifacts_come_from_the_cache_too(tmp_path: Path) -> None:
    made = pipeline(
        seed=("import random\nrandom.seed(3)\na = [1]\nb = [a]", {"gives": "a b", "outputs": {
            "a": "value", "b": "value", "state.random": "state"}}),
        draw=("import random\nx = random.random()\na.append(2)\ny = b[0]", {
            "inputs": {"a": "seed.a", "b": "seed.b", "state.random": "seed.state.random"}, "gives": "x y a b"}),
    )  # fmt: skip
    first, _ = execute(made, tmp_path)
    assert first.load("y") == [1, 2]
    second, _ = execute(made, tmp_path, start=["draw"])
    assert fates(second) == {"seed": "cached", "draw": "--from"}
    assert second.load("x") == first.load("x") and second.load("y") == [1, 2]


def test_one_store_for_a_project(tmp_path: Path) -> None:
    (tmp_path / "mdk.yaml").touch()
    made = pipeline(one=("x = 1", {"gives": "x"}))
    folders = [tmp_path / "a", tmp_path / "deep/b"]
    for folder in folders:
        folder.mkdir(parents=True)
    run, _ = execute(made, folders[0])
    assert run.store == tmp_path / ".mdk/artifacts" and run.folder.parent == folders[0] / ".mdk/runs"
    assert {path.name for path in (folders[0] / ".mdk").iterdir()} == {"runs", ".gitignore"}
    assert again(made, folders[1]) == {"one": "cached"}, "what was made in one folder is known in the other"
    assert (
        read_run(run.folder) == run and json.loads((run.folder / "run.json").read_text())["home"] == "../../../../.mdk"
    )
    assert run.to_json()["home"] == str(tmp_path / ".mdk")
    moved = tmp_path.with_name(f"{tmp_path.name}-moved")
    tmp_path.rename(moved)
    assert read_run(moved / run.folder.relative_to(tmp_path)).load("x") == 1


def test_a_record_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    run, _ = execute(pipeline(one=("x = 1", {"gives": "x"})), tmp_path)
    path = run.folder / "run.json"
    content = json.loads(path.read_text())
    del content["home"]
    for field in ("cached_from", "why", "size", "written", "remarks"):
        del content["steps"]["one"][field]
    path.write_text(json.dumps(content))
    assert read_run(run.folder).load("x") == 1


def test_a_cache_that_cannot_be_written_does_not_cost_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mdk_jupyter.local import cache

    def full(path: Path, content: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(cache, "write_atomically", full)
    run, events = execute(pipeline(one=("x = 1", {"gives": "x"})), tmp_path)
    assert run.state == "done" and run.load("x") == 1
    [warning] = run.warnings
    assert warning.startswith("one: its result is not in the cache") and "No space" in warning
    assert [e.step for e in events if e.kind == "warning"] == ["one"]
    monkeypatch.undo()
    assert again(pipeline(one=("x = 1", {"gives": "x"})), tmp_path) == {"one": "never run before"}
