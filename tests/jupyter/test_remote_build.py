"""`mdk build`: what images are built from."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from submitting import mdk

from mdk_jupyter.cli.entry import AT_FAULT, DONE
from mdk_jupyter.errors import SubmitError
from mdk_jupyter.remote.build import locked

SPEC = """
apiVersion: mdk/v1
kind: Pipeline
metadata: {name: p}
components:
  load: {source: "x = 1", outputs: {x: int}, requirements: [scikit-learn, "pandas>=2"]}
  train: {source: "print(x)", inputs: {x: load.x}, image: training, requirements: [pyyaml], env: {TOKEN: s3cret}}
  other: {source: "1", image: "registry.example.org/theirs:1", requirements: [no-such-package]}
  pinned: {source: "1", image: frozen, requirements: [no-such-package]}
"""
PROJECT = (
    "name: p\nimages: {training: 'registry.example.org/team/training:1', frozen: 'r.example.org/f@sha256:%s'}\n"
    % ("0" * 64)
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "mdk.yaml").write_text(PROJECT)
    (tmp_path / "p.pipeline.yaml").write_text(SPEC)
    return tmp_path


def test_files_for_the_images_of_the_project(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mdk(project, "build", "p.pipeline.yaml")
    said = capsys.readouterr().out
    images = project / "images"
    found = {path.relative_to(images).as_posix(): path.read_text() for path in images.rglob("*") if path.is_file()}
    assert {*found} == {
        f"{image}/{file}" for image in ("default", "training") for file in ("Dockerfile", "requirements.txt")
    } | {"cloudbuild.yaml"}
    assert f"FROM python:{sys.version_info.major}.{sys.version_info.minor}-slim\n" in found["default/Dockerfile"]
    lines = [line for line in found["default/requirements.txt"].splitlines() if not line.startswith("#")]
    pins = dict(line.split("==") for line in lines)
    assert pins["scikit-learn"] == metadata.version("scikit-learn") and lines == sorted(lines)
    for name in pins:
        for line in metadata.requires(name) or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                assert re.sub("[-_.]+", "-", requirement.name).lower() in pins, f"{name} needs {line}"
    assert "scikit-learn" not in found["training/requirements.txt"] and "pyyaml==" in found["training/requirements.txt"]
    build = yaml.safe_load(found["cloudbuild.yaml"])
    assert build["images"] == ["$_REGISTRY/default:latest", "registry.example.org/team/training:1"]
    assert "docker build" in said and "gcloud builds submit" in said and "default: REGISTRY/default@sha256:" in said
    assert "s3cret" not in "".join(found.values()) and str(project) not in "".join(found.values())

    assert exit_code(project) == DONE, "nothing is stale"
    before = {path: path.stat().st_mtime_ns for path in images.rglob("*")}
    mdk(project, "build", "p.pipeline.yaml")
    assert {path: path.stat().st_mtime_ns for path in images.rglob("*")} == before, "and nothing is written again"
    (images / "training" / "requirements.txt").write_text("pyyaml==1\n")
    capsys.readouterr()
    assert exit_code(project) == AT_FAULT
    assert capsys.readouterr().out == f"{images / 'training' / 'requirements.txt'} is stale\n"


def exit_code(project: Path) -> int:
    import os
    import subprocess

    words = [sys.executable, "-m", "mdk_jupyter.cli", "build", "p.pipeline.yaml", "--check"]
    done = subprocess.run(words, cwd=project, env=dict(os.environ), capture_output=True, text=True, check=False)
    print(done.stdout, end="")
    return done.returncode


def test_what_has_no_version_here_is_refused(project: Path) -> None:
    (project / "p.pipeline.yaml").write_text(SPEC.replace("[pyyaml]", "[no-such-package, 'pyyaml>=99', 'a b']"))
    with pytest.raises(SubmitError) as caught:
        mdk(project, "build", "p.pipeline.yaml")
    assert [finding.code for finding in caught.value.findings] == ["MDK483"] * 3
    assert not (project / "images").exists()


def test_extras_and_markers_are_followed() -> None:
    plain, found = locked(["jsonschema"])
    more, also = locked(["jsonschema[format]"])
    assert not found and "attrs" in plain
    assert {*plain} < {*more} if not also else True
    assert not any(name.startswith("pywin") for name in more)
