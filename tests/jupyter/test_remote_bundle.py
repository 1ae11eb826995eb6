"""The bundle holds what steps need, and nothing that must stay at home."""

from __future__ import annotations

import ast
import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from containers import Platform, image
from pipelines import component, pipeline

from mdk_converters.findings import MDKError
from mdk_converters.spec import Pipeline
from mdk_jupyter.remote import bundle
from mdk_jupyter.remote.bundle import build
from mdk_jupyter.remote.modules import local_modules, runtime_sources
from mdk_jupyter.remote.protected import is_protected


def write(folder: Path, contents: dict[str, str]) -> None:
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


TREE = {
    "flights.py": "from shared.dates import parse\nimport json\nimport tidy\n",
    "tidy.py": "def tidy(x): return x",
    "unused.py": "",
    "shared/__init__.py": "from . import dates",
    "shared/dates.py": "from .zones import zone\ndef parse(x): return x + zone",
    "shared/zones.py": "zone = 1",
    "shared/tables/zones.csv": "a,b",
    "shared/.env": "TOKEN=1",
    "shared/__pycache__/dates.cpython-311.pyc": "",
    "loose/one.py": "from loose import two",
    "loose/two.py": "",
    "loose/three.py": "",
    "script.py": "import late",
    "late.py": "",
    "json.txt": "",
    "data/a.csv": "1",
    "data/deep/b.csv": "2",
    "data/.env": "TOKEN=1",
    "data/key.pem": "KEY",
    ".mdk/runs/x": "",
    "notebook.ipynb": "{}",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, TREE)
    return tmp_path


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import numpy, os", []),
        ("import tidy", ["tidy.py"]),
        ("def f():\n    from tidy import tidy", ["tidy.py"]),
        (
            "import flights as f",
            [
                "flights.py",
                "shared/__init__.py",
                "shared/dates.py",
                "shared/tables/zones.csv",
                "shared/zones.py",
                "tidy.py",
            ],
        ),
        ("from loose.one import x", ["loose/one.py", "loose/two.py"]),
        ("from loose import three", ["loose/three.py"]),
        ("%run script.py", ["late.py", "script.py"]),
        ("!ls\n%matplotlib inline\nimport tidy", ["tidy.py"]),
        ("%%time\nimport tidy", ["tidy.py"]),
        ("x = !ls\nimport tidy", ["tidy.py"]),
        ("import importlib\nm = importlib.import_module('tidy')", ["tidy.py"]),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import tidy", []),
        ("import data, json", []),
        ("import tidy.more", ["tidy.py"]),
    ],
)
def test_modules_of_the_user_are_found_transitively(source: str, names: list[str], folder: Path) -> None:
    found = local_modules([source], folder.resolve())
    assert [path.relative_to(folder.resolve()).as_posix() for path in found] == names


def reading(*patterns: str, source: str = "1") -> Pipeline:
    return pipeline(load=component(source, name="load", files=list(patterns)))


def test_declared_files_travel_and_secrets_only_by_their_own_name(folder: Path) -> None:
    made = build(reading("data/**/*", "tidy.py"), folder)
    assert [entry.name for entry in made.listing()] == ["data/a.csv", "data/deep/b.csv", "tidy.py"]
    assert next((entry.size, entry.part) for entry in made.listing()) == (1, "file")
    assert made.left_out == ("data/.env", "data/key.pem")
    named = build(reading("data", "data/key.pem"), folder)
    assert [entry.name for entry in named.listing()] == ["data/a.csv", "data/deep/b.csv", "data/key.pem"]
    everything = build(reading("**/*"), folder)
    assert {name for name in everything.left_out if is_protected(name)} == set(everything.left_out)
    assert ".mdk/runs/x" in everything.left_out


@pytest.mark.parametrize(
    ("pattern", "code"), [("data/*.parquet", "MDK420"), ("../x.csv", "MDK422"), ("/etc/passwd", "MDK422")]
)
def test_files_that_are_not_there_are_refused(pattern: str, code: str, folder: Path) -> None:
    with pytest.raises(MDKError) as caught:
        build(reading(pattern), folder)
    assert [(f.code, f.names) for f in caught.value.findings] == [(code, ("load", pattern))]


def test_large_files_are_refused_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "LIMIT", 2**20)
    (folder / "data/large.bin").write_bytes(bytes(2**21))
    with pytest.raises(MDKError) as caught:
        build(reading("data/*"), folder)
    assert caught.value.code == "MDK421"
    assert "data/large.bin (2.0 MiB)" in caught.value.findings[0].message


def test_the_same_content_is_the_same_bundle(folder: Path) -> None:
    made = build(reading("data/*", source="import tidy"), folder)
    for path in folder.rglob("*"):
        path.touch()
    (folder / "unused.py").write_text("changed")
    assert build(reading("data/*", source="import tidy"), folder) == made
    (folder / "tidy.py").write_text("changed")
    assert build(reading("data/*", source="import tidy"), folder).sha256 != made.sha256


def test_the_runtime_is_small_and_needs_nothing(folder: Path) -> None:
    made = build(reading(), folder)
    names = {entry.name for entry in made.entries}
    assert {"mdk_jupyter/runtime/container.py", "mdk_jupyter/runtime/shell.py", "cloudpickle/LICENSE"} <= names
    assert not {name for name in names if name.startswith(("mdk_jupyter/local", "mdk_jupyter/cli", "mdk_magics"))}
    assert "mdk_converters/spec.py" not in names
    assert len(made.data) < 130_000
    assert zipfile.ZipFile(io.BytesIO(made.data)).testzip() is None


def test_modules_and_files_are_there_in_a_container(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    packages = image(tmp_path_factory.mktemp("image") / "bare", "ipython", "numpy", "pandas")
    cell = "import os, flights\nprint(flights.parse(1), open('data/a.csv').read())\nprint(sorted(n for n in os.listdir() if n[0] != '_'), os.listdir('data'))"
    made = pipeline(
        load=component(cell, name="load", files=["data/*.csv"]),
        other=component("import os\nprint(os.path.exists('data'))", name="other"),
    )
    platform = Platform(folder / "root", made, packages, folder)
    done = platform.run("load")
    assert done.code == 0, done.err
    assert done.out == "2 1\n['data', 'flights.py', 'shared', 'tidy.py'] ['a.csv']\n"
    assert platform.run("other").out == "False\n"


# Python 3.9


def test_what_travels_is_written_in_python_3_9(tmp_path: Path) -> None:
    sources = runtime_sources()
    assert len(sources) > 30
    for name, source in sources.items():
        ast.parse(source, name, feature_version=(3, 9))
    for name, source in sources.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source)
    options = ["-t=3.9-", "--no-tips", "--violations", "--format", "parsable", str(tmp_path)]
    command = [sys.executable, "-c", "import vermin; vermin.main()", *options]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    features = [line.rpartition(":")[2] for line in checked.stdout.splitlines()]
    # The one that is only used where it is there. It also shows that the check finds something.
    assert sorted(set(features) - {""}) == ["'abc.update_abstractmethods' member"]


def python_3_9() -> str | None:
    """Return a Python 3.9 of this machine."""
    found = [shutil.which("python3.9"), *map(str, Path.home().glob(".pyenv/versions/3.9.*/bin/python3.9"))]
    for python in filter(None, found):
        ask = subprocess.run(
            [python, "-c", "import sys; print(sys.executable)"], capture_output=True, text=True, check=False
        )
        if ask.returncode == 0:
            return ask.stdout.strip()
    return None


def test_steps_run_in_python_3_9(tmp_path: Path) -> None:
    python = python_3_9()
    if python is None:
        pytest.skip("there is no Python 3.9 here")
    made = pipeline(
        make=component(
            "class A: pass\nx = [A()]\ny = {'x': x}\nf = lambda v: v + 1\nlock = __import__('threading').Lock()",
            "f(1)",
            name="make",
            gives="x y f lock",
        ),
        use=component(
            "print(y['x'] is x, f(2))", name="use", reads="make.x make.y make.f make.lock", optional=["lock"]
        ),
        miss=component("lock", name="miss", reads="make.lock", optional=["lock"]),
    )
    platform = Platform(tmp_path / "root", made, None, tmp_path, python=python)
    assert platform.run("make").code == 0, platform.made["make"].err
    assert platform.run("use").out == "True 3\n"
    assert json.loads((platform.root / "bucket/run/use/mdk_notebook").read_text())["nbformat"] == 4
    failed = platform.run("miss")
    assert failed.code == 1
    assert "NameError: name 'lock' is not defined" in failed.err
    assert "cannot travel from 'make' to 'miss'" in failed.err
