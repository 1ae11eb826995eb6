"""What containers exchange with their platform: lists, items, conditions' values, states, requirements."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from containers import Done, Platform, image
from pipelines import component, pipeline

from mdk_converters.spec import Parameter


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return image(tmp_path_factory.mktemp("images") / "plain", "ipython", "matplotlib_inline")


# Loops and conditions


def test_lists_arrive_in_order_and_keep_what_each_run_shares(packages: Path, tmp_path: Path) -> None:
    made = pipeline(
        train=component(
            "rows.append(lr)\nmodel = {'lr': lr, 'rows': rows}", name="train", reads="make.rows", gives="model rows"
        ),
        make=component("rows = [0]", name="make", gives="rows"),
        best=component(
            "print(model, [m['rows'] is r for m, r in zip(model, rows)])", name="best", reads="train.model train.rows"
        ),
    )
    platform = Platform(tmp_path / "root", made, packages, tmp_path)
    platform.run("make")
    runs: list[Done] = []
    for number, text in enumerate(("1", "2.5", '"ü"')):

        def as_item(step: dict[str, Any], given: dict[str, Any], text: str = text) -> None:
            step["item"] = {"name": "lr", "key": "item", "type": "json"}
            given["inputs"]["parameterValues"]["item"] = text

        runs.append(platform.run("train", change=as_item, attempt=f"-{number}"))
        assert runs[-1].code == 0, runs[-1].err

    def as_list(step: dict[str, Any], given: dict[str, Any]) -> None:
        for name in ("model", "rows"):
            step["inputs"][name]["list"] = True
            given["inputs"]["artifacts"][name]["artifacts"] = [done.artifact(name) for done in runs]

    best = platform.run("best", change=as_list)
    assert best.code == 0, best.err
    expected = [{"lr": lr, "rows": [0, lr]} for lr in (1, 2.5, "ü")]
    assert best.out == f"{expected} [True, True, True]\n"


VALUES = """
import numpy as np
auc = np.float64(0.5)
n = 3
good = True
name = "it's"
rates = (1, 2.5, "a")
kinds = {"a": 1}
"""


def test_values_for_conditions_and_loops(packages: Path, tmp_path: Path) -> None:
    made = pipeline(step=component(VALUES, name="step", gives="auc n good name rates kinds"))
    kinds = {"auc": "float", "n": "int", "good": "bool", "name": "str", "rates": "json_items", "kinds": "json"}
    values = {name: {"parameter": f"value_of_{name}", "type": kind} for name, kind in kinds.items()}
    platform = Platform(tmp_path / "root", made, packages, tmp_path, extra={"values": values})

    def with_files(step: dict[str, Any], given: dict[str, Any]) -> None:
        given["outputs"]["parameters"] = {
            f"value_of_{name}": {"outputFile": f"gs://bucket/run/values/{name}"} for name in kinds
        }

    done = platform.run("step", change=with_files)
    assert done.code == 0, done.err
    assert done.answer["parameterValues"] == {
        "value_of_auc": 0.5,
        "value_of_n": 3,
        "value_of_good": True,
        "value_of_name": "it's",
        "value_of_rates": ["1", "2.5", '"a"'],
        "value_of_kinds": '{"a": 1}',
    }
    files = {path.name: path.read_text() for path in (platform.root / "bucket/run/values").iterdir()}
    assert files["name"] == "it's"
    assert files["good"] == "true"
    assert json.loads(files["rates"]) == ["1", "2.5", '"a"']


@pytest.mark.parametrize(
    ("cell", "kind", "words"),
    [
        ("x = None", "float", "is a NoneType, and was announced as float"),
        ("x = True", "int", "is a bool, and was announced as int"),
        ("x = float('nan')", "float", "is nan, which the platform cannot compare"),
        ("x = [1, {2}]", "json_items", "has item 1 of the type set, which is no JSON"),
        ("x = 3", "json_items", "is a int, and a loop needs a list"),
    ],
)
def test_values_that_the_platform_cannot_read(cell: str, kind: str, words: str, packages: Path, tmp_path: Path) -> None:
    made = pipeline(step=component(cell, name="step", gives="x"))
    values = {"x": {"parameter": "value_of_x", "type": kind}}
    done = Platform(tmp_path / "root", made, packages, tmp_path, extra={"values": values}).run("step")
    assert done.code == 1
    assert f"error MDK431: `x` of the component 'step' {words}" in done.message
    assert done.answer == {}


def test_parameters_have_their_types_again(packages: Path, tmp_path: Path) -> None:
    types = {
        "i": "int",
        "f": "float",
        "b": "bool",
        "s": "str",
        "items": "list",
        "d": "dict",
        "n": "none",
        "none": "int",
    }
    made = pipeline(
        parameters={name: Parameter(type=kind) for name, kind in types.items()},  # type: ignore[arg-type]
        step=component("print(i, f, b, s, items, d, n, none)", name="step", parameters=list(types)),
    )
    given: dict[str, Any] = {
        "i": 3.0,
        "f": 2,
        "b": True,
        "s": "3",
        "items": [1.0, 2.5, [3.0]],
        "d": '{"a": 1.0}',
        "none": None,
    }
    done = Platform(tmp_path / "root", made, packages, tmp_path).run("step", **given)
    assert done.code == 0, done.err
    assert done.out == "3 2.0 True 3 [1, 2.5, [3]] {'a': 1} None None\n"


def test_inputs_of_plain_containers(packages: Path, tmp_path: Path) -> None:
    made = pipeline(step=component("print(open(table).read(), n)", name="step"))
    inputs = {"table": {"artifact": "table", "path": True}, "n": {"parameter": "n", "type": "int"}}

    def given(step: dict[str, Any], given: dict[str, Any]) -> None:
        given["inputs"]["artifacts"]["table"] = {"artifacts": [{"name": "t", "uri": "gs://bucket/table.csv"}]}
        given["inputs"]["parameterValues"]["n"] = 2.0

    platform = Platform(tmp_path / "root", made, packages, tmp_path, extra={"inputs": inputs})
    (tmp_path / "root/bucket/table.csv").write_text("a,b")
    done = platform.run("step", change=given)
    assert (done.code, done.out) == (0, "a,b 2\n"), done.err


def test_metrics_that_json_does_not_know(packages: Path, tmp_path: Path) -> None:
    made = pipeline(
        step=component("loss = float('inf')\nauc = 1", name="step", gives="loss auc", metrics=["loss", "auc"])
    )
    done = Platform(tmp_path / "root", made, packages, tmp_path).run("step")
    assert done.metrics == {"loss": "inf", "auc": 1}


def test_states_travel(packages: Path, tmp_path: Path) -> None:
    states = ["environ", "cwd", "warnings", "random", "recursion_limit", "decimal", "numpy_print"]
    cell = """
    import decimal, os, random, sys, warnings
    import numpy
    decimal.getcontext().prec = 3
    numpy.set_printoptions(precision=1)
    os.environ["COLOUR"] = "red"
    os.mkdir("out")
    random.seed(1)
    sys.setrecursionlimit(2000)
    warnings.filterwarnings("error", category=FutureWarning)
    """
    use = """
    import decimal, os, random, sys, warnings
    import numpy
    print(decimal.Decimal(1) / 7, numpy.array([0.25]), end=" ")
    print(os.environ["COLOUR"], random.random(), sys.getrecursionlimit(), warnings.filters[0][0])
    """
    made = pipeline(
        make=component(cell, name="make", outputs={f"state.{name}": "state" for name in states}),
        use=component(use, name="use", inputs={f"state.{name}": f"make.state.{name}" for name in states}),
    )
    done = Platform(tmp_path / "root", made, packages, tmp_path).run_all()["use"]
    assert done.out == "0.143 [0.2] red 0.13436424411240122 2000 error\n"


def test_frames_travel_where_the_image_has_pandas_alone(tmp_path: Path) -> None:
    alone = image(tmp_path / "image", "ipython", "pyarrow")
    made = pipeline(
        make=component(
            "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2], 'b': ['x', None]})", name="make", gives="df"
        ),
        use=component("print(df.a.sum(), df.b.tolist())", name="use", reads="make.df"),
    )
    platform = Platform(tmp_path / "root", made, alone, tmp_path)
    done = platform.run_all()
    assert done["make"].record("df")["format"] == "pickle"
    assert done["use"].out == "3 ['x', nan]\n"


# Requirements


def wheel(folder: Path) -> Path:
    folder.mkdir()
    with zipfile.ZipFile(folder / "tiny_thing-1.2-py3-none-any.whl", "w") as file:
        file.writestr("tiny_thing.py", "size = 1")
        file.writestr("tiny_thing-1.2.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-thing\nVersion: 1.2\n")
        file.writestr(
            "tiny_thing-1.2.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr("tiny_thing-1.2.dist-info/RECORD", "")
    return folder


def test_what_the_image_lacks_is_installed_first(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    cell = "import tiny_thing\nprint(tiny_thing.size)"
    made = pipeline(step=component(cell, name="step", requirements=["tiny-thing==1.2", "pip"]))
    environ = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel(tmp_path / "wheels"))}
    python = str(tmp_path / "venv/bin/python")
    platform = Platform(tmp_path / "root", made, None, tmp_path, python=python, environ=environ)
    done = platform.run("step")
    assert (done.code, done.out) == (0, "1\n"), done.err
    assert "installing tiny-thing==1.2\n" in done.err
    assert "installing" not in platform.run("step", attempt="-2").err
    missing = platform.run("step", change=lambda step, _: step.update(requirements=["tiny-thing==9"]))
    assert missing.code == 1
    assert "error MDK428: the requirements tiny-thing==9 cannot be installed" in missing.message
    assert "No matching distribution found" in missing.message
