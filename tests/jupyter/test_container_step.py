"""Steps in containers give what steps on this machine give, with IPython in the image and without."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from containers import Platform, image
from pipelines import component, execute, pipeline
from sameness import same

from mdk_converters.spec import Definition, Parameter
from mdk_jupyter.local.record import Run


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("images")
    return {"IPython": image(folder / "full"), "plain": image(folder / "plain", "ipython", "matplotlib_inline")}


CHURN = pipeline(
    parameters={
        "rows": Parameter(type="int", default=50),
        "rate": Parameter(type="float", default=0.5),
        "title": Parameter(type="str", default='it\'s "größer"'),
        "columns": Parameter(type="list", default=["a", "b"]),
    },
    definitions={
        "imports": Definition(source="import numpy as np\nimport pandas as pd"),
        "Tree": Definition(cell="tree", line=3, source="class Tree:\n    def __init__(self, depth):\n        self.depth = depth"),
        "score": Definition(source="def score(tree, df):\n    return tree.depth * len(df)"),
    },
    metadata={"notebook": "churn.ipynb"},
    load=component(
        """
        np.random.seed(3)
        df = pd.DataFrame({name: np.random.rand(rows) for name in columns})
        df
        """,
        """
        names = ["x"]
        index = {"names": names}
        scale = lambda v: v * rate
        größe = (1, title)
        rng = (row for row in df.a)
        """,
        name="load",
        definitions=["imports"],
        parameters=["rows", "rate", "title", "columns"],
        gives="df names index scale größe rng state.numpy_random",
    ),
    train=component(
        """
        names.append("y")
        tree = Tree(len(index["names"]))
        noise = np.random.rand(3)
        print(index, scale(df).a.sum(), größe)
        """,
        """
        auc = np.float64(score(tree, df) / 1000)
        from mdk_jupyter import log_metrics
        log_metrics(trees=2, kind="plain")
        auc
        """,
        name="train",
        definitions=["imports", "Tree", "score"],
        parameters=["rate"],
        reads="load.df load.names load.index load.scale load.größe load.rng load.state.numpy_random",
        optional=["rng"],
        gives="tree auc names index noise state.numpy_random",
        metrics=["auc"],
    ),
    report=component(
        """
        print(type(tree).__name__, tree.depth, isinstance(tree, Tree), auc, names is index["names"], np.random.rand())
        """,
        name="report",
        definitions=["imports", "Tree"],
        reads="train.tree train.auc train.names train.index train.noise train.state.numpy_random",
    ),
)  # fmt: skip


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run, _ = execute(CHURN, tmp_path_factory.mktemp("local"))
    assert run.state == "done", run
    return run


@pytest.fixture(scope="session", params=["IPython", "plain"])
def remote(request: Any, images: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Platform:
    folder = tmp_path_factory.mktemp("remote")
    platform = Platform(folder / "root", CHURN, images[request.param], folder)
    platform.run_all()
    return platform


def printed(path: Path) -> list[Any]:
    """Return what the user's cells of an executed notebook show, in an order of its own."""
    notebook = json.loads(path.read_text("utf-8"))
    shown = []
    for cell in notebook["cells"]:
        for output in cell["outputs"]:
            content = output.get("text") or output.get("data")
            if isinstance(content, dict):
                content = {kind: "".join(text) for kind, text in content.items()}
            shown.append(
                (cell["id"], output["output_type"], content if isinstance(content, dict) else "".join(content))
            )
    return shown


def test_artifacts_are_the_same_bytes(remote: Platform, local: Run) -> None:
    compared = 0
    for name, done in remote.made.items():
        for output, record in local[name].outputs.items():
            found = done.record(output.replace(".", "__") if output.isascii() else "x_6772c3b6c39f65")
            wanted = {
                key: value for key, value in record.items() if key in ("status", "digest", "format", "key", "type")
            }
            assert {key: found[key] for key in wanted} == wanted, (name, output)
            compared += 1
    assert compared == 13


def test_values_are_the_same(remote: Platform, local: Run) -> None:
    for name, source in (("df", "load"), ("auc", "train"), ("index", "train"), ("noise", "train")):
        same(remote.load(name, source), local.load(f"{source}.{name}"))


def test_metrics_are_the_same(remote: Platform, local: Run) -> None:
    assert remote.made["train"].metrics == local["train"].metrics == {"auc": 0.1, "trees": 2, "kind": "plain"}


def test_executed_notebooks_are_the_same(remote: Platform, local: Run) -> None:
    for name, done in remote.made.items():
        path = local[name].notebook
        assert path is not None
        assert printed(done.folder / "mdk_notebook") == printed(path)
        theirs, ours = json.loads(path.read_text("utf-8"))["cells"], done.notebook["cells"]
        assert [cell["execution_count"] for cell in ours] == [cell["execution_count"] for cell in theirs]
        for mine, other in zip(ours, theirs, strict=True):
            if mine["metadata"]["tags"] != ["injected-parameters"]:
                assert (mine["id"], mine["metadata"]["tags"]) == (other["id"], other["metadata"]["tags"])
                assert mine["metadata"].get("mdk") == other["metadata"].get("mdk")
        nbformat.validate(done.notebook)
        assert done.notebook["nbformat_minor"] == 5


def test_what_cells_print_is_in_the_log(remote: Platform) -> None:
    assert remote.made["train"].out == remote.made["train"].printed() != ""
    assert "Tree 2 True 0.1 True" in remote.made["report"].out


def test_the_page_shows_the_notebook(remote: Platform) -> None:
    page = remote.made["load"].html
    assert "<h1>p: load</h1>" in page
    assert "it\\&#x27;s &quot;größer&quot;" in page  # escaped
    assert "<td>" in page  # the frame as a table


def test_joint_artifacts_are_stored_once(remote: Platform) -> None:
    done = remote.made["load"]
    assert done.artifact("names")["uri"] == done.artifact("index")["uri"]
    assert done.record("names")["members"] == ["index", "names"]
    assert sorted(path.name for path in done.folder.iterdir() if path.name in ("names", "index")) == ["names"]
    assert not (done.folder / "rng").exists()
    assert done.record("rng")["status"] == "untravelable"


def test_the_wrong_type_of_a_parameter_is_refused(remote: Platform) -> None:
    done = replace(remote, made={}).run("load", attempt="-typed", rows=1.5)
    assert done.code == 1
    assert "MDK426" in done.err
    assert "`rows`" in done.err
    assert "`rows`" in done.message
