"""The workflows that `mdk ops init` writes, judged by schemas, shellcheck and zizmor, and by rules of their own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from expressions import expressions
from workflows import steps_of

from mdk_jupyter.operations.repository_files import CI, Setting, repository_files
from mdk_jupyter.project.settings import EnvironmentSettings, ProjectFile, Registry

PROJECT = ProjectFile(
    name="churn",
    registry=Registry(url="https://registry.example.org"),
    environments={"dev": EnvironmentSettings(), "prod": EnvironmentSettings()},
)
PLACES = {"root": Setting(version="1.2.3"), "sub": Setting(version="1.2.3", folder="models/churn", owners=["@acme/ml"])}
# Each seen with this version in several public repositories.
PINS = {
    "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2",
    "actions/setup-python@a309ff8b426b58ec0e2a45f0f869d46889d02405 # v6.2.0",
    "google-github-actions/auth@7c6bc770dae815cd3e89ee6cdf493a5fab2cc093 # v3.0.0",
}
# What somebody outside may choose: names, titles, texts.
HOSTILE = re.compile(r"github\.(event\b|head_ref|actor|ref_name)|inputs\.|steps\.|needs\.|matrix\.|env\.")
# `$/` is newer than many a server of GitHub Enterprise.
ZIZMOR = {"rules": {"self-repository": {"disable": True}}}


def tool(name: str) -> str:
    """Return the path of a program that comes with a package of the environment."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    assert found, f"{name} is missing; `make` installs it"
    return found


def write(folder: Path, ci: CI, setting: Setting) -> Path:
    for file in repository_files(ci, PROJECT, setting):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text)
    return folder


@pytest.fixture(scope="module", params=PLACES)
def github(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("github"), "github", PLACES[request.param])


def documents(github: Path) -> Iterator[tuple[str, dict[Any, Any]]]:
    for path in sorted((github / ".github").rglob("*.yml")):
        yield path.name, yaml.safe_load(path.read_text())


def check(*words: str | Path) -> None:
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_schemas(github: Path, tmp_path: Path) -> None:
    command = [tool("check-jsonschema"), "--builtin-schema"]
    check(*command, "vendor.github-workflows", *(github / ".github/workflows").iterdir())
    check(*command, "vendor.github-actions", github / ".github/actions/mdk/action.yml")
    gitlab = write(tmp_path, "gitlab", PLACES["sub"])
    check(*command, "vendor.gitlab-ci", gitlab / ".gitlab/mdk.yml", gitlab / ".gitlab-ci.yml")


def test_zizmor_finds_nothing(github: Path, tmp_path: Path) -> None:
    config = tmp_path / "zizmor.yml"
    config.write_text(json.dumps(ZIZMOR))
    check(tool("zizmor"), "--offline", "--quiet", "--persona=auditor", "--config", config, github / ".github")


@pytest.mark.parametrize("ci", ["github", "gitlab", "shell"])
def test_scripts_are_clean(tmp_path: Path, ci: CI) -> None:
    folder = write(tmp_path, ci, PLACES["root"])
    scripts = [folder / "ci/mdk.sh"]
    texts = [step["run"] for _, one in documents(folder) for step in steps_of(one) if "run" in step]
    if ci == "gitlab":
        jobs = yaml.safe_load((folder / ".gitlab/mdk.yml").read_text())
        texts += ["\n".join([*job.get("before_script", []), *job.get("script", [])]) for job in jobs.values()]
    for number, text in enumerate(texts):
        scripts.append(tmp_path / f"{number}.sh")
        scripts[-1].write_text(f"#!/bin/bash\nset -eo pipefail\n{text}\n")
    assert len(scripts) > {"github": 12, "gitlab": 8, "shell": 0}[ci]
    for script in scripts:
        check("bash", "-n", script)
    check(tool("shellcheck"), "--severity=style", *scripts)


def test_every_action_is_pinned_by_its_digest(github: Path) -> None:
    lines = [line for path in (github / ".github").rglob("*.yml") for line in path.read_text().splitlines()]
    used = {line.split("uses: ")[1] for line in lines if "uses: " in line and not line.lstrip().startswith("#")}
    assert used - {"./.github/actions/mdk"} == PINS


def test_nothing_from_outside_is_pasted_into_a_script(github: Path) -> None:
    for name, document in documents(github):
        for step in steps_of(document):
            assert expressions(step.get("run", "")) == [], f"{name}: take it from env"
            for key in ("working-directory", "shell", "uses"):
                assert "${{" not in str(step.get(key, "")), f"{name}: {key}"
            for given in expressions(json.dumps(step.get("with", {}))):
                is_own = given in {"github.sha", "inputs.google-provider", "inputs.google-account", "inputs.audience"}
                assert is_own or not HOSTILE.search(given), f"{name}: {given}"


def test_rights_are_least(github: Path) -> None:
    """What each job declares and never uses is found by the tests that run it; here it is what it must not have."""
    for name, document in documents(github):
        if name == "action.yml":
            continue
        assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(document[True]), name
        assert document["permissions"] == {}
        assert "concurrency" in document or all("concurrency" in job for job in document["jobs"].values())
        assert document["defaults"] == {"run": {"shell": "bash"}}
        for key, job in document["jobs"].items():
            rights = job["permissions"]
            assert rights["contents"] == "read" and job["timeout-minutes"] <= 60, f"{name}: {key}"
            writes = {what for what, level in rights.items() if level == "write"} - {"id-token"}
            assert writes == {
                ("mdk-pull-request.yml", "plan"): {"pull-requests"},
                ("mdk-drift.yml", "drift"): {"issues"},
            }.get((name, key), set())
            for step in job["steps"]:
                if step.get("uses", "").startswith("actions/checkout@"):
                    assert step["with"]["persist-credentials"] is False
                    assert "head" not in str(step["with"].get("ref", "")), "code of a fork is never checked out"
    text = "".join(path.read_text() for path in (github / ".github").rglob("*.yml"))
    assert "secrets." not in text and "credentials_json" not in text


def test_what_changes_something_waits_its_turn_in_an_environment(github: Path) -> None:
    workflows = dict(documents(github))
    for name, key in (("mdk-operations.yml", "apply"), ("mdk-submit.yml", "submit")):
        job = workflows[name]["jobs"][key]
        [environment] = expressions(job["environment"])
        assert expressions(job["concurrency"]["group"]) == [environment]
        assert job["concurrency"]["cancel-in-progress"] is False
    plan = workflows["mdk-pull-request.yml"]["jobs"]["plan"]
    assert "project" not in json.dumps(plan), "code of the project is not installed beside a token for the registry"


FAULTS: dict[str, tuple[Callable[[Path], None], str, str, str]] = {
    "a title in a script": (
        test_nothing_from_outside_is_pasted_into_a_script, "mdk-pull-request.yml",
        'echo "$marker"', 'echo "${{ github.event.pull_request.title }}"',
    ),
    "a title in an input": (
        test_nothing_from_outside_is_pasted_into_a_script, "mdk-pull-request.yml",
        'project: "true"', "project: ${{ github.event.pull_request.title }}",
    ),
    "a tag for a digest": (test_every_action_is_pinned_by_its_digest, "mdk-drift.yml", "@de0fac2e4500dabe0009e67214ff5f5447ce83dd # ", "@"),
    "another digest": (test_every_action_is_pinned_by_its_digest, "mdk-drift.yml", "@de0fac2e", "@de0fac2f"),
    "pull_request_target": (test_rights_are_least, "mdk-pull-request.yml", "  pull_request:", "  pull_request_target:"),
    "a right too many": (test_rights_are_least, "mdk-submit.yml", "contents: read", "contents: write"),
    "rights for all jobs": (test_rights_are_least, "mdk-submit.yml", "permissions: {}", "permissions: write-all"),
    "credentials in the checkout": (test_rights_are_least, "mdk-drift.yml", "persist-credentials: false", "persist-credentials: true"),
    "a key of Google's": (test_rights_are_least, "action.yml", "token_format: access_token", "credentials_json: ${{ secrets.KEY }}"),
    "cut off in the middle": (
        test_what_changes_something_waits_its_turn_in_an_environment, "mdk-operations.yml",
        "mdk-operations-${{ matrix.environment }}\n      cancel-in-progress: false", "mdk-operations-${{ matrix.environment }}\n      cancel-in-progress: true",
    ),
    "the project's code beside a token": (
        test_what_changes_something_waits_its_turn_in_an_environment, "mdk-pull-request.yml",
        "          registry: ${{", '          project: "true"\n          registry: ${{',
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_the_rules_find_faults(tmp_path: Path, fault: str) -> None:
    rule, name, right, wrong = FAULTS[fault]
    folder = write(tmp_path, "github", PLACES["root"])
    [path] = folder.rglob(name)
    assert right in path.read_text()
    path.write_text(path.read_text().replace(right, wrong))
    with pytest.raises(AssertionError):
        rule(folder)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("runs-on: ubuntu", "run-on: ubuntu"),
        ("timeout-minutes: 15", "timeout-minutes: soon"),
        ("permissions: {}", "permissions: {contents: execute}"),
        ("- cron:", "- chron:"),
    ],
)
def test_the_schema_finds_faults(tmp_path: Path, right: str, wrong: str) -> None:
    path = write(tmp_path, "github", PLACES["root"]) / ".github/workflows/mdk-drift.yml"
    assert right in path.read_text()
    path.write_text(path.read_text().replace(right, wrong))
    with pytest.raises(AssertionError):
        check(tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", path)
