"""`mdk runs`: what was run here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mdk_jupyter.local.record import Run

app = typer.Typer(help="Look at the runs so far.", invoke_without_command=True, rich_markup_mode=None)

Where = Annotated[
    Path, typer.Option("--folder", metavar="PATH", help="The notebook or its folder. Default: the current one.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def runs(ctx: typer.Context, folder: Where = Path(), as_json: AsJson = False) -> None:
    """List the runs of the notebooks in a folder, newest first; `mdk runs show ID` shows one."""
    ctx.ensure_object(dict)
    if ctx.invoked_subcommand is not None:
        return
    from mdk_jupyter.local.store import list_runs

    found = list_runs(_folder(folder))
    if as_json:
        import json

        typer.echo(json.dumps([run.to_json() for run in found], ensure_ascii=False, indent=2))
    elif not found:
        typer.echo(f"no runs in {_folder(folder).absolute()}")
    else:
        typer.echo("\n".join(_table(found)))


@app.command("show")
def show(
    wanted: Annotated[str, typer.Argument(metavar="ID", help="The run's id, a part of it at either end, or latest.")],
    folder: Where = Path(),
    as_json: AsJson = False,
    explain: Annotated[bool, typer.Option("--explain", help="Tell for every step why it ran, or did not.")] = False,
) -> Any:  # a Run, or nothing; Typer looks at these types, and Run is not imported here
    """Show one run: its steps, metrics, executed notebooks, and why it failed."""
    from mdk_jupyter.local.store import find_run

    run = find_run(_folder(folder), wanted)
    if explain and not as_json:
        from mdk_jupyter.cli.explain import explanation

        typer.echo(explanation(run))
        return None
    if not as_json:
        return run
    import json

    typer.echo(json.dumps(run.to_json(), ensure_ascii=False, indent=2))
    return None


def _folder(path: Path) -> Path:
    return path.parent if path.is_file() else path


def _table(found: list[Run]) -> list[str]:
    from datetime import datetime

    from mdk_jupyter.widgets.view import clock, number

    rows = [("RUN", "PIPELINE", "STATE", "STARTED", "TIME", "METRICS")]
    for run in found:
        started = f"{datetime.fromtimestamp(run.started):%Y-%m-%d %H:%M:%S}" if run.started else ""
        metrics = " ".join(f"{name}={number(value)}" for name, value in list(run.metrics.items())[:4])
        rows.append((run.id, run.pipeline, run.state, started, clock(run.seconds), metrics))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row[:5], widths, strict=True)), row[5]]).rstrip()
        for row in rows
    ]
