"""`mdk dev`: what helps to try and to test without a cloud."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Try and test things without a cloud.", no_args_is_help=True, rich_markup_mode=None)

_ENVIRONMENT = """\
environments:
  standin:
    target: vertex
    vertex:
      project_id: demo-project
      region: europe-west3
      api_endpoint: {url}
      pipeline_root: gs://demo/pipelines
    kfp:
      host: {url}
      pipeline_root: gs://demo/pipelines
"""


@app.callback()
def dev() -> None:
    """Keep `vertex` a command of its own, whatever else there is."""


@app.command("vertex")
def vertex(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any free port.")] = 8085,
    root: Annotated[
        Path, typer.Option("--root", metavar="FOLDER", help="Where buckets, jobs and logs are kept.")
    ] = Path(".mdk-vertex"),
    python: Annotated[
        str,
        typer.Option(
            "--python", metavar="PATH", show_default=False, help="Runs the steps. Default: the interpreter of `mdk`."
        ),
    ] = sys.executable,
    secrets: Annotated[
        Path | None, typer.Option("--secrets", metavar="FOLDER", help="Secrets: one file for each.")
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", metavar="FILE", help="A token that every request has to carry; made if missing."),
    ] = None,
    parallel: Annotated[
        int | None, typer.Option("--parallel", min=1, help="Steps at once. Default: the processors, at least 2.")
    ] = None,
) -> None:
    """Stand in for Vertex AI Pipelines, Kubeflow Pipelines and Cloud Storage, on this machine.

    Submitted pipelines really run: each container's command is a process with your rights, without its image, and
    `gs://bucket/name` is the file ROOT/bucket/name. Steps install nothing: packages are those of `--python`.

    The server listens on 127.0.0.1 only and refuses web pages. It asks for no token, since Google's clients without
    credentials send none: whoever has an account on this machine can submit. Where others have one, give --token-file,
    and its content to the clients as a bearer token. What the stand-in cannot do it answers with 501. Ctrl-C stops it and all its steps; jobs are remembered, those that ran have then failed.
    """
    from mdk_jupyter.local.scheduling import processors
    from mdk_jupyter.standin.start import serve

    def started(url: str) -> None:
        typer.echo(f"Vertex AI, Kubeflow Pipelines and Cloud Storage at {url}, files in {root}", err=True)
        typer.echo("in mdk.yaml:\n", err=True)
        typer.echo(_ENVIRONMENT.format(url=url))
        typer.echo(f"for Google's libraries: export STORAGE_EMULATOR_HOST={url}", err=True)
        sys.stdout.flush()

    serve(
        port,
        root,
        started,
        interpreter=python,
        secret_files=secrets,
        token_file=token_file,
        parallel=parallel or max(2, processors()),
    )
