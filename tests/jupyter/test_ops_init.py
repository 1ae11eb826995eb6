"""`mdk ops init`: the files that a repository under GitOps begins with."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from submitting import mdk

from mdk_jupyter import __version__
from mdk_jupyter.errors import UsageError
from mdk_jupyter.operations.edit import with_entry
from mdk_jupyter.operations.reader import load
from mdk_jupyter.operations.repository_files import Setting, repository_files
from mdk_jupyter.project.settings import EnvironmentSettings, ProjectFile, Registry

PROJECT = 'name: churn\nregistry: {url: "https://registry.example.org"}\nenvironments: {test: {}, prod: {}}\n'


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", "-b", "trunk", tmp_path], check=True)
    (tmp_path / "mdk.yaml").write_text(PROJECT)
    return tmp_path


def files(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}


def test_values_come_from_the_project(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mdk(repository, "ops", "init", "--branch", "trunk", "--owner", "@acme/ml", "--owner", "ann@example.org")
    told = capsys.readouterr().err
    written = files(repository)
    assert {f"wrote  {name}" for name in written if name != "mdk.yaml"} <= {*told.splitlines()}
    submit = yaml.safe_load(written[".github/workflows/mdk-submit.yml"])
    assert submit[True]["push"]["branches"] == ["trunk"]
    assert submit[True]["workflow_dispatch"]["inputs"]["environment"]["options"] == ["test", "prod"]
    assert "inputs.environment || 'test'" in submit["jobs"]["submit"]["environment"]
    assert f'"mdk-jupyter[vertex]=={__version__}"' in written[".github/actions/mdk/action.yml"]
    assert "|| 'https://registry.example.org'" in written[".github/workflows/mdk-drift.yml"]
    assert "/operations.yaml @acme/ml ann@example.org\n" in written[".github/CODEOWNERS"]
    assert "%%" not in "".join(text for name, text in written.items() if not name.endswith("submit.yml"))
    assert os.access(repository / "ci/mdk.sh", os.X_OK)


def test_the_first_file_of_operations_can_be_planned_and_edited(repository: Path) -> None:
    mdk(repository, "ops", "init", "--ci", "shell")
    first = load(repository / "operations.yaml")
    assert [*first.entries()] == []
    edited = with_entry(first, "prod", "flights", {"champion": "1.4.2", "serial": 1})
    assert edited.text.startswith(first.text.split("environments:")[0])  # the comments
    assert [(environment, model) for environment, model, _ in edited.entries()] == [("prod", "flights")]


def test_what_is_there_stays(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mdk(repository, "ops", "init", "--branch", "main")
    (repository / "operations.yaml").write_text("# ours\n")
    drift = repository / ".github/workflows/mdk-drift.yml"
    wanted = drift.read_text()
    drift.write_text("# ours\n")
    (repository / ".github/workflows/mdk-submit.yml").unlink()
    (repository / ".github/CODEOWNERS").unlink()
    (repository / "CODEOWNERS").write_text("* @ann\n")
    capsys.readouterr()

    mdk(repository, "ops", "init", "--branch", "main")
    told = capsys.readouterr().err.splitlines()
    assert "kept   operations.yaml: it says what serves" in told
    assert "kept   .github/workflows/mdk-drift.yml: it differs; --overwrite replaces it" in told
    assert "kept   CODEOWNERS, which takes the place of .github/CODEOWNERS" in told
    assert "wrote  .github/workflows/mdk-submit.yml" in told and "same   ci/mdk.sh" in told
    assert drift.read_text() == "# ours\n" and not (repository / ".github/CODEOWNERS").exists()

    mdk(repository, "ops", "init", "--branch", "main", "--overwrite")
    assert drift.read_text() == wanted
    assert (repository / "operations.yaml").read_text() == "# ours\n"


def test_a_project_in_a_folder_of_its_repository(repository: Path) -> None:
    inner = repository / "models" / "churn"
    inner.mkdir(parents=True)
    (repository / "mdk.yaml").rename(inner / "mdk.yaml")
    mdk(inner, "ops", "init", "--branch", "main", "--owner", "@ann")
    written = files(repository)
    assert {"models/churn/operations.yaml", "models/churn/ci/mdk.sh", ".github/workflows/mdk-drift.yml"} <= {*written}
    operations = yaml.safe_load(written[".github/workflows/mdk-operations.yml"])
    assert operations[True]["push"]["paths"] == ["models/churn/operations.yaml"]
    assert "/models/churn/operations.yaml @ann\n" in written[".github/CODEOWNERS"]


@pytest.mark.parametrize("ci", ["gitlab", "shell"])
def test_other_kinds_of_ci(repository: Path, ci: str) -> None:
    mdk(repository, "ops", "init", "--ci", ci)
    written = files(repository)
    assert not any(name.startswith(".github") for name in written)
    assert (".gitlab/mdk.yml" in written) == (ci == "gitlab")
    assert "ci/mdk.sh apply prod" in written["ci/README.md"] or ci == "gitlab"


def test_without_a_server_ci_has_nothing_to_ask(repository: Path) -> None:
    for text in ("name: churn\n", "name: churn\nregistry: {url: 'sqlite:////tmp/r.db'}\n"):
        (repository / "mdk.yaml").write_text(text)
        with pytest.raises(UsageError, match="MDK641"):
            mdk(repository, "ops", "init")
    assert [*files(repository)] == ["mdk.yaml"]
    mdk(repository, "ops", "init", "--ci", "shell")


WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
HOSTILE = st.sampled_from(
    [
        "no",
        "0",
        "1.0",
        "$(id)",
        "`id`",
        "a; id",
        "${{ secrets.X }}",
        'a" b',
        "a\nb",
        "../..",
        "/etc",
        "a b",
        "-rf",
        "%%{folder}",
        "x'y",
    ]
)


@given(st.sampled_from(["branch", "folder", "owner", "registry", "environment"]), WORDS | HOSTILE)
def test_no_value_becomes_part_of_a_script(where: str, value: str) -> None:
    """A value is refused, or it is made of characters that mean nothing to YAML, to a shell and to GitHub."""
    setting = Setting(
        branch=value if where == "branch" else "main",
        folder=value if where == "folder" else ".",
        owners=[value] if where == "owner" else [],
        version="1.0",
    )
    project = ProjectFile(
        name="churn",
        registry=Registry(url=f"https://{value}" if where == "registry" else "https://r.example.org"),
        environments={value: EnvironmentSettings()} if where == "environment" else {},
    )
    try:
        made = repository_files("github", project, setting)
    except UsageError as error:
        assert {finding.code for finding in error.findings} == {"MDK640"}
        return
    assert set(value) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/:@~+")
    assert not value.startswith(("/", "-")) and ".." not in value.split("/")
    read = {file.path.name: yaml.safe_load(file.text) for file in made if file.path.suffix == ".yml"}
    submit = read["mdk-submit.yml"]
    assert submit[True]["push"]["branches"] == [setting.branch]
    assert submit[True]["workflow_dispatch"]["inputs"]["environment"]["options"] == ([*project.environments] or ["dev"])
    assert submit["jobs"]["submit"]["steps"][-1]["working-directory"] == setting.folder
