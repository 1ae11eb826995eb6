"""`mdk.log_model` and `mdk.load_model`: in a plain process, in runs, and in containers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from kernels import write_notebook

import mdk_jupyter as mdk
from mdk_jupyter.artifacts.store import Store
from mdk_jupyter.registry import origin
from mdk_jupyter.registry.domain import ArtifactRef, Cost, Dataset, Status, Version
from mdk_jupyter.registry.errors import NotFoundError
from mdk_jupyter.registry.facts import content_key
from mdk_jupyter.registry.profiles import profile
from mdk_jupyter.registry.signatures import signature
from mdk_jupyter.runtime import registering, step
from mdk_jupyter.runtime.places import Places

pd = pytest.importorskip("pandas")
linear = pytest.importorskip("sklearn.linear_model")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("MDK_REGISTRY", "MDK_REGISTRY_TOKEN", "MDK_REGISTRY_ARTIFACTS", "JPY_SESSION_NAME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def frame() -> Any:
    return pd.DataFrame({"miles": [1.0, 2.0, 3.0, 4.0], "stops": [1, 0, 1, 0], "carrier": list("abab")})


def fitted() -> Any:
    return linear.LogisticRegression().fit(frame()[["miles", "stops"]], [0, 1, 0, 1])


# In a plain process


def test_a_model_is_logged_with_what_can_be_found_out_and_loaded_again(folder: Path) -> None:
    version = mdk.log_model("flights", fitted(), version="1.2", metrics={"auc": 0.7}, data=frame(), labels={"a": "b"})
    assert version.reference == "flights/1.2.0" and version.metrics == {"auc": 0.7} and version.labels == {"a": "b"}
    assert version.provenance.trained_by == origin.user() and version.provenance.git is None
    assert any(name.startswith("scikit-learn==") for name in version.requirements)
    assert not any(name.startswith(("jupyter", "matplotlib")) for name in version.requirements)
    assert version.signature is not None
    assert [(c.name, c.type) for c in version.signature.inputs] == [("miles", "float"), ("stops", "int")]
    assert [c.name for c in version.signature.outputs] == ["class", "probability"]
    (data,) = version.datasets
    assert (data.role, data.rows) == ("training", 4) and data.sha256
    assert version.profile is not None and version.profile["rows"] == 4
    assert version.artifact.sha256 and (version.artifact.size or 0) > 100

    for reference in ("flights@latest", "flights/1.2.0", "models:/flights/1.2.0"):
        assert (mdk.load_model(reference).coef_ == fitted().coef_).all()
    assert (mdk.load_model("flights", "1.2.0").coef_ == fitted().coef_).all()
    with pytest.raises(NotFoundError):
        mdk.load_model("flights", "champion", environment="prod")
    mdk.registry().publish("flights/1.2.0", environment="dev")
    assert (mdk.load_model("flights", "champion", environment="dev").coef_ == fitted().coef_).all()


def test_the_same_is_registered_once_and_anything_else_anew() -> None:
    first = mdk.log_model("flights", fitted(), metrics={"auc": 0.7})
    assert mdk.log_model("flights", fitted(), metrics={"auc": 0.7}, cost=Cost(amount=3)) == first
    others = [
        mdk.log_model("flights", fitted(), metrics={"auc": 0.8}),
        mdk.log_model("flights", fitted(), metrics={"auc": 0.7}, labels={"team": "growth"}),
        mdk.log_model("flights", {"w": [1]}, metrics={"auc": 0.7}),
        mdk.log_model("flights", fitted(), metrics={"auc": 0.7}, version="1.1"),
    ]
    assert [first.version, *(other.version for other in others)] == ["1.0.0", "1.0.1", "1.0.2", "1.0.3", "1.1.0"]
    assert len(mdk.registry().versions("flights").items) == 5


def test_damaged_bytes_are_not_loaded(folder: Path) -> None:
    version = mdk.log_model("flights", fitted())
    path = Store(folder / ".mdk/models").path(f"sha256:{version.artifact.sha256}")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(mdk.MDKError, match="damaged"):
        mdk.load_model("flights@latest")


def test_a_pickle_from_elsewhere_needs_a_word(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    version = mdk.log_model("flights", fitted())
    other = tmp_path_factory.mktemp("other")
    mine = Store(folder / ".mdk/models").path(f"sha256:{version.artifact.sha256}")
    (other / "model.bin").write_bytes(mine.read_bytes())
    artifact = version.artifact.model_copy(update={"uri": (other / "model.bin").as_uri()})
    mine.unlink()
    mdk.registry().register("copied", artifact=artifact)
    with pytest.raises(mdk.MDKError) as caught:
        mdk.load_model("copied@latest")
    assert caught.value.findings[0].code == "MDK554"
    assert (mdk.load_model("copied@latest", allow_pickle=True).coef_ == fitted().coef_).all()

    (folder / "mdk.yaml").write_text(f"name: p\nregistry: {{artifacts: '{other.as_uri()}'}}\n")
    assert (mdk.load_model("copied@latest").coef_ == fitted().coef_).all(), "the project names that place"
    climbing = artifact.model_copy(update={"uri": f"{other.as_uri()}/../{other.name}/model.bin"})
    mdk.registry().register("climbing", artifact=climbing)
    with pytest.raises(mdk.MDKError, match="runs the code"):
        mdk.load_model("climbing@latest")

    (other / "model.bin").write_bytes(b"something else")
    with pytest.raises(mdk.MDKError, match="not what was registered"):
        mdk.load_model("copied@latest")


def test_plain_values_and_buckets(folder: Path) -> None:
    pytest.importorskip("fsspec")
    (folder / "mdk.yaml").write_text("name: p\nregistry: {artifacts: 'memory://bucket/models'}\n")
    version = mdk.log_model("rules", {"limit": 15})
    assert version.artifact.format == "json" and version.artifact.uri.startswith("memory://bucket/models/")
    assert version.project == "p"
    assert mdk.load_model("rules@latest") == {"limit": 15}
    assert not (folder / ".mdk/models").exists()


def test_what_cannot_be_stored_or_told_is_said(folder: Path) -> None:
    with (folder / "open").open("w") as file, pytest.raises(mdk.MDKError) as caught:
        mdk.log_model("flights", {"log": file})
    assert caught.value.findings[0].code == "MDK552"
    with pytest.raises(mdk.MDKError, match="metric"):
        mdk.log_model("flights", {}, metrics={"auc": [1]})
    mdk.registry().register("foreign", artifact=ArtifactRef(uri="gs://b/m"))
    with pytest.raises(mdk.MDKError, match="without a digest"):
        mdk.load_model("foreign@latest")
    assert not [model for model in mdk.registry().models().items if model.name == "flights"]


def test_a_quarantined_version_is_loaded_with_a_warning() -> None:
    mdk.log_model("flights", {"w": 1})
    found: Version = mdk.registry().quarantine("flights/1.0.0", reason="wrong labels")
    assert found.status is Status.QUARANTINED
    with pytest.warns(UserWarning, match="wrong labels"):
        assert mdk.load_model("flights/1.0.0") == {"w": 1}


def test_the_state_of_git_is_found(folder: Path) -> None:
    def git(*words: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)

    git("init")
    assert origin.git_state(folder) is None, "there is no commit yet"
    (folder / "n.py").write_text("x = 1\n")
    (folder / "untracked.py").write_text("")
    git("add", "n.py")
    git("commit", "-m", "first")
    git("remote", "add", "origin", "https://me:secret@example.org/team/flights.git")
    found = origin.git_state(folder)
    assert found is not None and len(found.commit) == 40
    assert (found.repository, found.branch, found.is_dirty) == ("https://example.org/team/flights.git", "main", False)
    (folder / "n.py").write_text("x = 2\n")
    found = origin.git_state(folder)
    assert found is not None and found.is_dirty
    version = mdk.log_model("flights", {})
    assert version.provenance.git is not None and version.provenance.git.dirty
    assert "secret" not in version.model_dump_json()


def test_a_missing_git_does_not_matter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    assert origin.git_state(folder) is None


@given(st.lists(st.one_of(st.none(), st.floats(allow_infinity=True, allow_nan=True)), max_size=60))
@example([float("inf")])
def test_a_profile_counts_every_row(values: list[float | None]) -> None:
    about = profile(pd.DataFrame({"x": pd.Series(values, dtype=float)}))["columns"]["x"]
    assert sum(about["counts"]) + about.get("infinite", 0) + about["missing"] == len(values)
    assert about["edges"] == sorted(about["edges"])
    json.dumps(about, allow_nan=False)


def test_a_profile_of_categories_has_the_most_frequent() -> None:
    about = profile(pd.DataFrame({"x": [f"c{n % 150}" for n in range(300)] + [None]}))["columns"]["x"]
    assert (len(about["values"]), about["others"], about["distinct"], about["missing"]) == (100, 100, 150, 1)


def test_a_signature_tells_what_is_known() -> None:
    assert signature(object()) is None
    found = signature(object(), {"a": 1, "b": "x", "c": 0.5, "d": True})
    assert found is not None
    assert [(c["name"], c["type"]) for c in found["inputs"]] == [
        ("a", "int"),
        ("b", "str"),
        ("c", "float"),
        ("d", "bool"),
    ]
    found = signature(linear.LinearRegression().fit(frame()[["miles"]], [1, 2, 3, 4]), frame())
    assert found is not None and [c["name"] for c in found["inputs"]] == ["miles"]


def test_a_content_key_tells_everything_apart() -> None:
    keys = {content_key(n, s, g) for n in "ab" for s in ("0", "1") for g in ({}, {"metrics": {"x": 1}})}
    assert len(keys) == 8


# In runs


CELLS = [
    ("parameters", "rate = 0.5"),
    ("component:fit", "import pandas as pd\ntrain = pd.DataFrame({'x': [1.0, 2.0, 3.0]})\nmodel = {'w': rate}"),
    (
        "component:register",
        "import mdk_jupyter as mdk\n"
        "mdk.log_model('flights', model, version='2.0', metrics={'rows': len(train)}, parameters={'rate': rate}, "
        "data=train)",
    ),
]


def test_a_step_registers_once_is_cached_and_gives_what_the_notebook_gives(folder: Path) -> None:
    notebook = write_notebook(folder / "n.ipynb", CELLS)
    run = mdk.run(notebook)
    (version,) = mdk.registry().versions("flights").items
    whole = mdk.registry().version(version.reference)
    assert whole.version == "2.0.0" and whole.parameters == {"rate": 0.5}
    assert whole.provenance.run is not None and whole.provenance.run.id == f"{run.id}/register"
    assert whole.provenance.notebook is not None and whole.provenance.notebook.path == "n.ipynb"
    assert [(data.name, data.rows) for data in whole.datasets] == [("fit.train", 3)]

    again = mdk.run(notebook)
    assert again["register"].cached_from == run.id, again["register"]
    assert mdk.run(notebook, cache=False)["register"].state == "done"
    assert len(mdk.registry().versions("flights").items) == 1, "run again, it is the version that it was"
    plain = "train = __import__('pandas').DataFrame({'x': [1.0, 2.0, 3.0]}); model = {'w': 0.5}; rate = 0.5\n"
    done = subprocess.run(
        [sys.executable, "-c", plain + CELLS[2][1] + "\nprint(mdk.log_model('other', model).reference)"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "other/1.0.0\n"
    assert len(mdk.registry().versions("flights").items) == 1, "nor does the plain notebook register it again"

    mdk.run(notebook, parameters={"rate": 0.25})
    assert [v.version for v in mdk.registry().versions("flights").items] == ["2.0.1", "2.0.0"]


def test_a_step_that_reads_what_moves_runs_every_time(folder: Path) -> None:
    mdk.log_model("flights", {"w": 1})
    cells = [
        ("component:newest;metric:newest", "import mdk_jupyter as mdk\nnewest = mdk.load_model('flights@latest')['w']"),
        ("component:fixed;metric:fixed", "import mdk_jupyter as mdk\nfixed = mdk.load_model('flights/1.0.0')['w']"),
        (
            "component:count;metric:count",
            "import mdk_jupyter as mdk\ncount = len(mdk.registry().versions('flights').items)",
        ),
    ]
    notebook = write_notebook(folder / "n.ipynb", cells)
    assert mdk.run(notebook).metrics == {"newest": 1, "fixed": 1, "count": 1}
    mdk.log_model("flights", {"w": 2})
    run = mdk.run(notebook)
    assert run.metrics == {"newest": 2, "fixed": 1, "count": 2}
    assert {name: step.cached_from is not None for name, step in run.steps.items()} == {
        "newest": False,
        "fixed": True,
        "count": False,
    }


# In containers


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A step of a platform, with a bucket that it mounts."""
    job = step.Job("register", Places({}), lambda _: None, parameters={"rate": 0.5}, pipeline="flights", run="j-1")
    monkeypatch.setattr(step, "_current", step._Step(job, None, {}))  # type: ignore[arg-type]
    monkeypatch.setattr(registering, "unregistered", [])
    monkeypatch.setenv("MDK_MOUNTS", str(tmp_path / "mounts"))
    return tmp_path / "mounts"


def test_a_container_that_knows_no_bucket_says_so(container: Path) -> None:
    with pytest.raises(mdk.MDKError, match="MDK_REGISTRY_ARTIFACTS names no folder"):
        mdk.log_model("flights", {"w": 1})
    with pytest.raises(mdk.MDKError, match="cannot load"):
        mdk.load_model("flights@latest")


def test_a_container_without_a_server_leaves_the_version_to_whoever_fetches_the_results(
    container: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MDK_REGISTRY_ARTIFACTS", "gs://bucket/models")
    monkeypatch.setenv("MDK_REGISTRY_ORIGIN", json.dumps({"git": {"commit": "c0ffee"}, "target": "vertex"}))
    logged = mdk.log_model("flights", {"w": 1}, metrics={"auc": 0.7})
    assert logged.version is None and "when the results of this run are fetched" in capsys.readouterr().err
    (left,) = registering.unregistered
    fields = left["fields"]
    assert fields["metrics"] == {"auc": 0.7} and fields["parameters"] == {"rate": 0.5}
    assert fields["provenance"]["run"] == {"id": "j-1/register", "pipeline": "flights", "target": "vertex"}
    assert fields["provenance"]["git"] == {"commit": "c0ffee"}
    place = container / fields["artifact"]["uri"].removeprefix("gs://")
    assert json.loads(place.read_text()) == {"w": 1}


def test_a_container_with_a_server_that_is_not_there(container: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MDK_REGISTRY", "http://127.0.0.1:9")
    monkeypatch.setenv("MDK_REGISTRY_ARTIFACTS", "gs://bucket/models")
    with pytest.raises(mdk.MDKError, match="cannot be reached"):
        mdk.log_model("flights", {"w": 1})
    monkeypatch.setenv("MDK_REGISTRY", "http://registry.example.org")
    monkeypatch.setenv("MDK_REGISTRY_TOKEN", "hush")
    with pytest.raises(mdk.MDKError, match="unencrypted") as caught:
        mdk.log_model("flights", {"w": 1})
    assert "hush" not in str(caught.value)


def test_data_sets_are_told_once() -> None:
    named = Dataset(uri="gs://b/train.parquet", role="training", sha256="a" * 64)
    version = mdk.log_model("flights", {}, datasets=[named])
    assert version.datasets == (named,)
