"""`mdk run local`: a notebook or spec, run on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from mdk_jupyter.cli.given import Assignments, NotebookOrSpec, ParameterFile, parameters

if TYPE_CHECKING:
    from mdk_jupyter.cli.caller import Caller
    from mdk_jupyter.local.events import Observer
    from mdk_jupyter.local.record import Run
    from mdk_jupyter.sources import Source


class _Targets(TyperGroup):
    """The targets as commands, or as options: `mdk run --local` is `mdk run local`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        target = next((name for name in self.commands if f"--{name}" in args), None)
        if target is not None:
            args = [target, *(word for word in args if word != f"--{target}")]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands and Path(args[0]).suffix:
            ctx.fail(f"say where to run {args[0]}: mdk run local {args[0]}")
        return super().resolve_command(ctx, args)


app = typer.Typer(cls=_Targets, help="Run a pipeline.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def targets() -> None:
    """Run a notebook or a pipeline spec on a target."""


@app.command("local")
def local(
    ctx: typer.Context,
    source: NotebookOrSpec = None,
    parameter: Assignments = None,
    params: ParameterFile = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Steps at the same time. Default: one per processor.")
    ] = None,
    start: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="STEP", help="Run STEP and all that follows from it again; repeatable."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="STEP", help="Run just STEP, on what the cache has; repeatable."),
    ] = None,
    until: Annotated[
        list[str] | None, typer.Option("--until", metavar="STEP", help="Run STEP and what it needs; repeatable.")
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Run every step, whatever the cache knows.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Tell for every step why it ran, or did not.")] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="After a failure run what does not depend on it.")
    ] = False,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="DURATION", help="For steps without one, such as 30m.")
    ] = None,
    isolated: Annotated[
        bool, typer.Option("--isolated", help="Give each step an empty folder, as remote targets do.")
    ] = False,
    spec: Annotated[
        Path | None,
        typer.Option("-o", "--spec", metavar="SPEC", help="Where the spec goes. Default: NAME.pipeline.yaml beside."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the run as JSON, and no progress.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show what the steps print.")] = False,
) -> Any:  # a Run, or nothing; Typer looks at these types, and Run is not imported here
    """Run the pipeline on this machine, each step in a process of its own; what is known from earlier runs is not run.

    A notebook is converted first, and its pipeline spec kept beside it. The executed notebooks and all values
    are kept in .mdk beside the notebook.
    """
    from mdk_jupyter.cli.output import aloud
    from mdk_jupyter.local.parameters import complete
    from mdk_jupyter.sources import read_source

    caller: Caller = ctx.obj
    given = parameters(params, parameter)
    read = read_source(source or caller.notebook())
    _warn(read)
    values = complete(read.pipeline, given)
    if read.is_notebook:
        _write_spec(read, spec)
    options = {
        "workers": workers,
        "isolated": isolated,
        "cache": not no_cache,
        "start": start or (),
        "only": only or (),
        "until": until or (),
        "keep_going": keep_going,
        "timeout": timeout,
    }
    if as_json:
        import json

        from mdk_jupyter.cli.entry import AT_FAULT, EXIT_CODES

        run = _run(read, values, lambda event: None, **options)
        typer.echo(json.dumps(run.to_json(), ensure_ascii=False, indent=2))
        raise typer.Exit(EXIT_CODES.get(run.state, AT_FAULT))
    with caller.watching() as observe:
        run = _run(read, values, aloud(observe) if verbose else observe, **options)
    caller.finished(run)
    if explain:
        from mdk_jupyter.cli.explain import explanation

        typer.echo(explanation(run))
    return run


def _run(read: Source, values: dict[str, Any], observe: Observer, **options: Any) -> Run:
    from mdk_jupyter.local.runner import run

    return run(read.pipeline, folder=read.folder, source=read.path, parameters=values, observe=observe, **options)


def _warn(read: Source) -> None:
    """Show the warnings of the conversion, without those that only matter elsewhere."""
    from mdk_jupyter.cli.terminal import show_findings

    show_findings(f for f in read.findings if f.severity == "warning" and f.code != LOCAL_FILE)


LOCAL_FILE = "MDK151"  # a step reads or writes a file of this machine; a local run may


def _write_spec(read: Source, wanted: Path | None) -> None:
    """Keep the spec where it can be reviewed."""
    from mdk_converters.outputs import with_notebook_path, write
    from mdk_converters.spec_writer import dump_spec
    from mdk_jupyter.local.store import storing

    path = wanted or read.path.with_name(f"{read.path.stem}.pipeline.yaml")
    pipeline = with_notebook_path(read.pipeline, read.path, path.parent)
    with storing(path):
        if write({path: dump_spec(pipeline)}):
            typer.echo(f"wrote {path}", err=True)
