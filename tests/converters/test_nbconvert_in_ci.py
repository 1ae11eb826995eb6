"""The GitHub action and the pre-commit hooks, run as GitHub and pre-commit run them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS = {step.get("name"): step for step in ACTION["runs"]["steps"]}

pytestmark = pytest.mark.skipif(
    not shutil.which("git") or not shutil.which("bash"), reason="git and bash are what the action is made of"
)


def git(repository: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=repository, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(repository: Path) -> str:
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "work")
    return git(repository, "rev-parse", "HEAD")


def notebook(path: Path, source: str = "x = 1", tag: str = "component:load") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [{"cell_type": "code", "id": "a", "metadata": {"tags": [tag]}, "source": [source], "outputs": []}]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}, indent=1))


def convert(repository: Path, *names: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "mdk_converters.cli", *names], cwd=repository, check=True, capture_output=True
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a fresh notebook and a stale one, in which nothing has changed since."""
    git(tmp_path, "init", "--quiet")
    notebook(tmp_path / "fresh.ipynb")
    notebook(tmp_path / "sub folder" / "stale.ipynb")
    notebook(tmp_path / "notes.ipynb", tag="draft")
    convert(tmp_path, "fresh.ipynb", "sub folder/stale.ipynb")
    notebook(tmp_path / "sub folder" / "stale.ipynb", "x = 2")
    commit(tmp_path)
    return tmp_path


def act(repository: Path, base: str = "", **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the action's converting step with the environment that GitHub would give it."""
    given = {name.replace("-", "_"): spec["default"] for name, spec in ACTION["inputs"].items()} | inputs
    environment = {
        "ARGS": given["args"],
        "BASE": base,
        "CHANGED_ONLY": given["changed_only"],
        "PATHS": given["paths"],
        "MDK_PYTHON": sys.executable,
    }
    assert set(STEPS["Convert"]["env"]) | {"MDK_PYTHON"} == set(environment)
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", STEPS["Convert"]["run"]],
        cwd=repository,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_no_input_is_pasted_into_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_all_inputs_are_used() -> None:
    used = set(re.findall(r"inputs\.([a-z-]+)", json.dumps(ACTION["runs"])))
    assert used == set(ACTION["inputs"])


def test_without_a_base_every_notebook_is_looked_at(repository: Path) -> None:
    done = act(repository)
    assert done.returncode == 1
    assert "::error file=sub folder/stale.ipynb,title=MDK126::" in done.stdout
    assert "+++ sub folder/stale.pipeline.yaml" in done.stdout
    assert "fresh" not in done.stdout
    assert "notes" not in done.stdout  # tagged for no pipeline, so passed over


def test_only_what_changed_is_looked_at(repository: Path) -> None:
    base = git(repository, "rev-parse", "HEAD")
    notebook(repository / "fresh.ipynb", "x = 3")
    notebook(repository / "new -- $(touch pwned).ipynb", "y = 1")
    git(repository, "rm", "--quiet", "notes.ipynb")
    commit(repository)
    done = act(repository, base)
    assert done.returncode == 1
    assert sorted(re.findall(r"^::error file=([^,]*),", done.stdout, re.MULTILINE)) == [
        "fresh.ipynb",
        "new -- $(touch pwned).ipynb",
    ]
    assert not (repository / "pwned").exists()


def test_a_spec_that_was_edited_by_hand_is_compared_with_its_notebook(repository: Path) -> None:
    base = git(repository, "rev-parse", "HEAD")
    spec = repository / "fresh.pipeline.yaml"
    spec.write_text(spec.read_text().replace("x = 1", "x = 9"))
    commit(repository)
    assert "::error file=fresh.ipynb,title=MDK126" in act(repository, base).stdout
    spec.unlink()
    commit(repository)
    assert "fresh.pipeline.yaml does not exist" in act(repository, base).stdout


def test_nothing_to_look_at(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    done = act(repository, head)
    assert (done.returncode, done.stdout) == (0, "no notebook to look at\n")


def test_all_notebooks_of_some_paths(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    assert act(repository, head, changed_only="false", paths="fresh.ipynb\n\nnotes.ipynb\n").returncode == 0
    assert act(repository, head, changed_only="false", paths="sub folder/*.ipynb").returncode == 1


def test_a_base_that_cannot_be_had_means_every_notebook(repository: Path) -> None:
    done = act(repository, "0" * 40)
    assert done.returncode == 1
    assert "stale.ipynb" in done.stdout


def test_other_options_and_hostile_ones(repository: Path) -> None:
    assert act(repository, args="--skip-untagged").returncode == 0  # writes instead
    assert act(repository).returncode == 0
    assert act(repository, args="--check; touch pwned").returncode == 2
    act(repository, paths="$(touch pwned)\n`touch pwned`", args="--check")
    assert not (repository / "pwned").exists()


def test_pre_commit_configurations_are_valid() -> None:
    for command, name in (
        ("validate-manifest", ".pre-commit-hooks.yaml"),
        ("validate-config", ".pre-commit-config.yaml"),
    ):
        subprocess.run([sys.executable, "-m", "pre_commit", command, name], cwd=ROOT, check=True)


def test_the_hook_under_pre_commit(repository: Path) -> None:
    """The hook as a user has it, but with the environment of these tests instead of one from the network."""
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    command = Path(sys.executable).with_name(hook["entry"])
    local: dict[str, Any] = {**hook, "language": "system", "entry": str(command)}
    configuration = {"repos": [{"repo": "local", "hooks": [local]}]}
    (repository / ".pre-commit-config.yaml").write_text(yaml.safe_dump(configuration))
    git(repository, "add", ".pre-commit-config.yaml")

    def check() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pre_commit", "run", "--all-files"],
            cwd=repository,
            env=os.environ | {"PRE_COMMIT_HOME": str(repository / ".git" / "pre-commit")},
            capture_output=True,
            text=True,
            check=False,
        )

    failed = check()
    assert failed.returncode == 1
    assert "MDK126" in failed.stdout
    convert(repository, "sub folder/stale.ipynb")
    passed = check()
    assert passed.returncode == 0, passed.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="shell scripts stand in for Python")
@pytest.mark.parametrize(("version", "expected"), [("", "/the action"), ("1.2.3", "mdk-jupyter==1.2.3")])
def test_what_the_action_installs(tmp_path: Path, version: str, expected: str) -> None:
    """With a Python that only writes down how it is called."""
    python = tmp_path / "python"
    python.write_text(
        "#!/bin/sh\n"
        'if [ "$2" = venv ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; exit; fi\n'
        'for word in "$@"; do echo "$word" >> "$LOG"; done\n'
    )
    python.chmod(0o755)
    environment = {
        "PYTHON": str(python),
        "VERSION": version,
        "RUNNER_TEMP": str(tmp_path / "temp of runner"),
        "GITHUB_ACTION_PATH": "/the action",
        "GITHUB_ENV": str(tmp_path / "env"),
        "LOG": str(tmp_path / "log"),
    }
    subprocess.run(["bash", "-c", STEPS["Install"]["run"]], env=os.environ | environment, check=True)
    assert (tmp_path / "log").read_text().splitlines() == ["-m", "pip", "install", "--quiet", expected]
    assert (tmp_path / "env").read_text() == f"MDK_PYTHON={tmp_path}/temp of runner/mdk/bin/python\n"
