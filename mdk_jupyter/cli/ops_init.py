"""`mdk ops init`: the workflows of a repository under GitOps, and the files that go with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from mdk_jupyter.operations.branch import Repository
    from mdk_jupyter.operations.repository_files import RepositoryFile


def init(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="In the repository. Default: the current folder.")
    ] = None,
    ci: Annotated[
        Literal["github", "gitlab", "shell"], typer.Option("--ci", help="Where it runs: github, gitlab or shell.")
    ] = "github",
    owners: Annotated[
        list[str] | None,
        typer.Option("--owner", metavar="@NAME", help="Who must agree to changes, for CODEOWNERS; repeatable."),
    ] = None,
    branch: Annotated[
        str | None, typer.Option("--branch", metavar="NAME", help="Where pull requests go. Default: as git knows it.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Also write over files that differ; operations.yaml always stays.")
    ] = False,
) -> None:
    """Write workflows into the repository: plans in pull requests, their application after the merge, drift, submitting.

    Values come from mdk.yaml. A file that differs from what would be written is kept.
    """
    from mdk_jupyter import __version__
    from mdk_jupyter.operations.branch import Repository
    from mdk_jupyter.operations.repository_files import Setting, repository_files
    from mdk_jupyter.project.reader import load_project

    project = load_project(folder or Path.cwd())
    repository = Repository.around(project.root)
    setting = Setting(
        branch=branch or _branch(repository),
        folder=repository.relative(project.root),
        owners=owners or [],
        version=__version__,
    )
    made = repository_files(ci, project.content, setting)
    typer.echo(f"for pull requests into {setting.branch}, at {repository.root}:", err=True)
    for file in made:
        _put(repository.root, file, overwrite)
    typer.echo(f"\nwhat to set up once is in {project.root / 'ci' / 'README.md'}", err=True)


def _branch(repository: Repository) -> str:
    from mdk_jupyter.operations.errors import OperationsError

    try:
        return repository.base().branch
    except OperationsError:  # nothing is committed yet
        return "main"


def _put(root: Path, file: RepositoryFile, overwrite: bool) -> None:
    """Write a file unless that would lose something, and say which it was."""
    from mdk_jupyter.local.files import write_atomically
    from mdk_jupyter.local.store import storing
    from mdk_jupyter.operations.repository_files import STATE

    path = root / file.path
    there = next((name for name in file.elsewhere if (root / name).is_file()), None)
    if there is not None and not path.exists():
        typer.echo(f"kept   {there}, which takes the place of {file.path}", err=True)
        return
    if path.is_file() and path.read_text(encoding="utf-8", errors="replace") == file.text:
        typer.echo(f"same   {file.path}", err=True)
        return
    if path.exists() and (not overwrite or path.name == STATE):
        why = "it says what serves" if path.name == STATE else "it differs; --overwrite replaces it"
        typer.echo(f"kept   {file.path}: {why}", err=True)
        return
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, file.text)
        if file.executable:
            path.chmod(path.stat().st_mode | 0o111)
    typer.echo(f"wrote  {file.path}", err=True)
