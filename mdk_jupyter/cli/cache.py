"""`mdk cache`: the results that runs need not make again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    help="Look at the cache of results, and clear up.", invoke_without_command=True, rich_markup_mode=None
)

Where = Annotated[
    Path, typer.Option("--folder", metavar="PATH", help="The notebook or its folder. Default: the current one.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def cache(ctx: typer.Context, folder: Where = Path(), as_json: AsJson = False) -> None:
    """Tell where the cache of a notebook or project is, how large it is, and what the last run took from it."""
    ctx.ensure_object(dict)
    if ctx.invoked_subcommand is not None:
        return
    from mdk_jupyter.amounts import size
    from mdk_jupyter.local.prune import bound, usage

    home = _home(folder)
    used = usage(home)
    last = _last_run(home)
    told: dict[str, Any] = {
        "folder": str(home),
        "size": used.size,
        "bound": bound(),
        "entries": used.entries,
        "artifacts": used.artifacts,
        "last_run": last,
    }
    if as_json:
        import json

        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    typer.echo(f"folder    {home}")
    typer.echo(f"size      {size(used.size)} of {size(bound())}")
    typer.echo(f"results   {used.entries}, with {used.artifacts} artifacts")
    if last is not None:
        typer.echo(f"last run  {last['cached']} of {last['steps']} steps from the cache (run {last['run']})")


@app.command("prune")
def prune(
    folder: Where = Path(),
    max_size: Annotated[
        str | None, typer.Option("--max-size", metavar="SIZE", help="Make the cache this small, such as 5GB.")
    ] = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="AGE", help="Remove results not used for AGE, such as 30d.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Remove all results, and the values of all runs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove results that were not used for long, and values that no result and no recent run has."""
    from mdk_converters.quantities import seconds
    from mdk_jupyter.amounts import read_size, size
    from mdk_jupyter.local import prune as pruning

    try:
        limit = read_size(max_size) if max_size is not None else pruning.bound()
        age = float(seconds(older_than)) if older_than is not None else None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    home = _home(folder)
    if not (home / "cache").is_dir():
        typer.echo(f"there is no cache in {home}", err=True)
        return
    cleared = pruning.prune(home, max_size=limit, older_than=age, everything=everything)
    if as_json:
        import dataclasses
        import json

        typer.echo(json.dumps({"folder": str(home), **dataclasses.asdict(cleared)}, ensure_ascii=False, indent=2))
        return
    typer.echo(f"removed {cleared.entries} results and {cleared.artifacts} artifacts, {size(cleared.size)}")


def _home(folder: Path) -> Path:
    from mdk_jupyter.local.store import FOLDER
    from mdk_jupyter.project import find_root

    return find_root(folder.parent if folder.is_file() else folder) / FOLDER


def _last_run(home: Path) -> dict[str, Any] | None:
    from mdk_jupyter.local.store import known_runs, list_runs

    runs = [run for place in known_runs(home) for run in list_runs(place.parent.parent)[:1]]
    if not runs:
        return None
    run = max(runs, key=lambda run: run.id)
    cached = sum(step.cached_from is not None for step in run.steps.values())
    return {"run": run.id, "steps": len(run.steps), "cached": cached}
