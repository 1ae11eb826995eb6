"""Models that steps elsewhere register and load: the same facts as of a local run, and the same version."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from registry_server import Door, dev_door, role, sqlite_url
from standin_server import standin
from submitting import mdk, tagged, write_notebook, write_project

import mdk_jupyter
from mdk_jupyter.local.record import Run
from mdk_jupyter.registry.client import Client
from mdk_jupyter.registry.domain import Version
from mdk_jupyter.remote import runs, trouble

pytest.importorskip("google.cloud.aiplatform_v1")
pytest.importorskip("kfp")
pytest.importorskip("starlette")

CELLS = (
    ("", "import numpy as np\nimport pandas as pd\nfrom sklearn.linear_model import Ridge"),
    ("parameters", "rate = 0.5"),
    ("component:load", "train = pd.DataFrame({'x': np.arange(30.0), 'y': np.arange(30.0) * 2})"),
    ("component:fit", "model = Ridge(alpha=rate).fit(train[['x']], train['y'])"),
    (
        "component:register",
        "import mdk_jupyter as mdk\n"
        "mdk.log_model('flights', model, version='2.0', metrics={'rows': len(train)}, data=train,\n"
        "              labels={'team': 'growth'}, description='a line')",
    ),
)
USE = (
    "component:use after:register metric:slope",
    "import mdk_jupyter as mdk\nslope = round(float(mdk.load_model('flights@latest').coef_[0]), 1)",
)
FACTS = ("metrics", "parameters", "signature", "profile", "requirements", "datasets", "labels", "description")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "PAUSES", (0.1,))
    monkeypatch.setattr(trouble, "PAUSES", (0.05, 0.05, 0.05))
    monkeypatch.delenv("MDK_REGISTRY", raising=False)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    url = sqlite_url(tmp_path_factory.mktemp("registry"))
    with dev_door(url, trainer=[role("contributor")], reader=[role("viewer")]) as running:
        yield running


def project(folder: Path, *cells: tuple[str, str], **registry: Any) -> Path:
    """Write a project that is committed, with one notebook."""
    write_project(folder, **({"registry": registry} if registry else {}))
    write_notebook(folder / "n.ipynb", tagged(*cells))
    (folder / ".gitignore").write_text(".mdk/\n*.pipeline.yaml\n")
    git = ["git", "-C", str(folder), "-c", "user.name=ann", "-c", "user.email=ann@example.com"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *words], check=True)
    return folder


def local_version(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Version:
    """Return what a run on this machine registers, in a registry of its own."""
    monkeypatch.setenv("MDK_REGISTRY", f"sqlite:///{folder / 'local.db'}")
    run = mdk_jupyter.run(folder / "n.ipynb", until="register", cache=False)
    assert run.state == "done", repr(run)
    monkeypatch.chdir(folder)
    return mdk_jupyter.registry().version("flights/2.0.0")


def assert_same_facts(there: Version, here: Version) -> None:
    for fact in FACTS:
        assert getattr(there, fact) == getattr(here, fact), fact
    assert there.artifact.sha256 == here.artifact.sha256 and there.artifact.format == here.artifact.format
    for origin in ("git", "notebook", "python"):
        assert getattr(there.provenance, origin) == getattr(here.provenance, origin), origin
    assert here.signature is not None and here.profile is not None and here.provenance.git is not None
    assert any(line.startswith("scikit-learn==") for line in here.requirements)
    assert [data.name for data in here.datasets] == ["load.train"]


@pytest.mark.parametrize("target", ["vertex", "kfp"])
def test_steps_register_and_load_over_http(
    target: str, door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = standin().secrets / "registry-token"
    if target == "vertex":
        secret.write_text(door.tokens["trainer"])
    else:
        secret = standin().secrets / "registry-tokens"
        secret.mkdir(exist_ok=True)
        (secret / "token").write_text(door.tokens["trainer"])
    named = secret.name + (":token" if target == "kfp" else "")
    url = door.server.url
    folder = project(tmp_path, *CELLS, USE, url=url, token_secret=named, artifacts="gs://demo/models")
    run: Run = mdk(folder, "submit", "n.ipynb", "--wait", "--target", target)
    assert run.state == "done", repr(run)
    assert run.metrics == {"slope": 2.0}
    there = Client(url, door.tokens["reader"]).version("flights/2.0.0")
    assert there.artifact.uri == f"gs://demo/models/{there.artifact.sha256[:2]}/{there.artifact.sha256}"  # type: ignore[index]
    assert there.registered_by == "trainer" and there.project == "tests"
    if target == "vertex":
        assert there.provenance.run is not None
        assert (there.provenance.run.id, there.provenance.run.target) == (f"{run.remote['job']}/register", "vertex")
    sent = "".join(path.read_text("utf-8", "replace") for path in folder.rglob(".mdk/runs/**/*") if path.is_file())
    assert door.tokens["trainer"] not in sent

    # The same on this machine makes no second version there, and finds the same facts.
    monkeypatch.setenv("MDK_REGISTRY", url)
    monkeypatch.setenv("MDK_REGISTRY_TOKEN", door.tokens["trainer"])
    if target == "vertex":
        assert mdk_jupyter.run(folder / "n.ipynb", until="register", cache=False).state == "done"
        assert_same_facts(there, local_version(folder, monkeypatch))
    assert len(Client(url, door.tokens["reader"]).versions("flights").items) == 1


@pytest.mark.parametrize("target", ["vertex", "kfp"])
def test_without_a_server_the_version_is_registered_when_results_are_fetched(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(tmp_path, *CELLS)
    run: Run = mdk(folder, "submit", "n.ipynb", "--wait", "--target", target)
    assert run.state == "done" and not run.warnings, repr(run)
    monkeypatch.chdir(folder)
    there = mdk_jupyter.registry().version("flights/2.0.0")
    assert there.artifact.uri.startswith("gs://demo/pipelines/mdk/models/")
    assert round(float(mdk_jupyter.load_model("flights@latest").coef_[0]), 1) == 2.0
    assert there.provenance.run is not None and there.provenance.run.target == target
    assert there.provenance.run.id == f"{run.remote['name'].split('/')[-1]}/register"
    mdk(folder, "submit", "n.ipynb", "--wait", "--again", "--target", target)
    assert len(mdk_jupyter.registry().versions("flights").items) == 1, "known again, with the steps from the cache"
    assert_same_facts(there, local_version(folder, monkeypatch))
