"""`mdk build`: what the images of a project are built from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def build(
    ctx: typer.Context,
    sources: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[NOTEBOOK|SPEC]...", help="Default: the only one of the folder."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; say whether the files are stale.")] = False,
    folder: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FOLDER", help="Default: images beside mdk.yaml.")
    ] = None,
) -> None:
    """Write Dockerfiles and a Cloud Build file for the images of the project, with the versions of this environment.

    Nothing is built: the last lines say what to run.
    """
    from mdk_jupyter.local.files import write_atomically
    from mdk_jupyter.local.store import storing
    from mdk_jupyter.project.reader import load_project
    from mdk_jupyter.remote.build import build_files, commands, stale
    from mdk_jupyter.sources import read_source

    pipelines = [(path, read_source(path)) for path in sources or [ctx.obj.notebook()]]
    project = load_project(pipelines[0][0].parent)
    place = folder or project.root / "images"
    files = build_files(project, [read.pipeline for _, read in pipelines])
    wanted = {place / name: text for name, text in files.items()}
    if check:
        old = stale(wanted)
        for path in old:
            typer.echo(f"{path} is stale")
        raise typer.Exit(1 if old else 0)
    for path in stale(wanted):
        with storing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, wanted[path])
        typer.echo(f"wrote {path}", err=True)
    typer.echo("\n".join(commands(project, place, files)))
