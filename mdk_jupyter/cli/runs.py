"""`mdk runs`: what was run here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mdk_converters.findings import MDKError
    from mdk_jupyter.cli.caller import Caller
    from mdk_jupyter.local.events import Event
    from mdk_jupyter.local.record import Run, Step

app = typer.Typer(help="Look at the runs so far.", invoke_without_command=True, rich_markup_mode=None)

Where = Annotated[
    Path, typer.Option("--folder", metavar="PATH", help="The notebook or its folder. Default: the current one.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Which = Annotated[str, typer.Option("--run", metavar="ID", help="As for show. Default: latest.")]
Follow = Annotated[bool, typer.Option("-f", "--follow", help="Go on until the run ends; for runs on this machine.")]


@app.callback()
def runs(ctx: typer.Context, folder: Where = Path(), as_json: AsJson = False) -> None:
    """List the runs of the notebooks in a folder, newest first; `mdk runs show ID` shows one."""
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

    run = _refreshed(find_run(_folder(folder), wanted))
    if explain and not as_json:
        from mdk_jupyter.cli.explain import explanation

        typer.echo(explanation(run))
        return None
    if not as_json:
        return run
    import json

    typer.echo(json.dumps(run.to_json(), ensure_ascii=False, indent=2))
    return None


@app.command("diff")
def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="The earlier run: as for show; latest~1 is the one before.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The later run.")],
    folder: Where = Path(),
    as_json: AsJson = False,
) -> Any:  # a Comparison, or nothing
    """Compare two runs: parameters, metrics, code, steps and artifacts."""
    from mdk_jupyter.local.compare import compare_runs
    from mdk_jupyter.local.store import find_run

    comparison = compare_runs(*(find_run(_folder(folder), wanted) for wanted in (a, b)))
    if not as_json:
        return comparison
    import json

    typer.echo(json.dumps(comparison.to_json(), ensure_ascii=False, indent=2))
    return None


@app.command("open")
def open_step(
    ctx: typer.Context,
    step: Annotated[str, typer.Argument(metavar="STEP", help="The step whose executed notebook to read.")],
    wanted: Which = "latest",
    printed: Annotated[bool, typer.Option("--print", help="Print the page's path, and open nothing.")] = False,
    folder: Where = Path(),
    as_json: AsJson = False,
) -> None:
    """Open a step's executed notebook as a page in the browser; without one at hand, print its path."""
    from mdk_jupyter.local.journal import notebook_of
    from mdk_jupyter.local.pages import render
    from mdk_jupyter.local.store import find_run, find_step, storing

    run = find_run(_folder(folder), wanted)
    found = find_step(run, step)
    notebook = notebook_of(run, found) if run.target == "local" else _fetched(run, found)
    if notebook is None:
        raise _not_executed(run, found)
    with storing(notebook):
        page = render(notebook, f"{found.name} of {run.pipeline}, run {run.id}")
    if as_json:
        import json

        typer.echo(json.dumps({"run": run.id, "step": found.name, "page": str(page.path)}, ensure_ascii=False))
    elif printed:
        typer.echo(page.path)
    else:
        caller: Caller = ctx.obj
        caller.open(page)


@app.command("logs")
def logs(
    step: Annotated[str | None, typer.Argument(metavar="[STEP]", help="Default: all steps.")] = None,
    wanted: Which = "latest",
    follow: Follow = False,
    folder: Where = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each line.")] = False,
) -> None:
    """Show what the steps printed; with several, each line after its step's name."""
    import json

    from mdk_jupyter.cli.output import last_written, named
    from mdk_jupyter.local.journal import read_logs
    from mdk_jupyter.local.store import find_run, find_steps

    run = find_run(_folder(folder), wanted)
    if run.target != "local":
        _fetch_logs(run, find_steps(run, step) if step is not None else list(run.steps.values()))
        follow = False
    steps = [found.name for found in find_steps(run, step)] if step is not None else None
    several = len(run.steps if steps is None else steps) > 1
    with _leaving_quietly():
        for name, line in read_logs(run, steps, follow=follow):
            if as_json:
                typer.echo(json.dumps({"step": name, "line": line}, ensure_ascii=False))
            else:
                typer.echo(named(name, line) if several else last_written(line))


@app.command("events")
def events(wanted: Which = "latest", follow: Follow = False, folder: Where = Path()) -> None:
    """Print what happened in a run, one JSON object a line: the stream that all pictures of a run are drawn from."""
    from mdk_jupyter.local.journal import read_events
    from mdk_jupyter.local.store import find_run

    run = find_run(_folder(folder), wanted)
    with _leaving_quietly():
        for event in read_events(run.folder, follow=follow):
            typer.echo(event.to_line())


@app.command("watch")
def watch(
    ctx: typer.Context,
    wanted: Annotated[str, typer.Argument(metavar="[ID]", help="As for show. Default: latest.")] = "latest",
    folder: Where = Path(),
) -> Any:  # a Run
    """Watch a run that somebody else started, until it ends; the exit code is that of the run."""
    from mdk_jupyter.local.journal import read_events
    from mdk_jupyter.local.store import find_run, read_run

    caller: Caller = ctx.obj
    run = find_run(_folder(folder), wanted)
    with _leaving_quietly(), caller.watching() as observe:
        for event in read_events(run.folder, follow=True) if run.target == "local" else _remote_events(run):
            observe(event)
    run = read_run(run.folder)
    caller.finished(run)
    return run


@app.command("cancel")
def cancel(
    wanted: Annotated[str, typer.Argument(metavar="ID", help="As for show.")],
    folder: Where = Path(),
) -> Any:  # a Run
    """End a run that goes on: on this machine, whoever started it, or on a service."""
    from mdk_jupyter.local.cancelling import cancel as end
    from mdk_jupyter.local.journal import read_events
    from mdk_jupyter.local.store import find_run, read_run

    run = end(find_run(_folder(folder), wanted))
    if run.target == "local":
        with _leaving_quietly():
            for _ in read_events(run.folder, follow=True):
                pass
        run = read_run(run.folder)
    return run


def _refreshed(run: Run) -> Run:
    """Ask the service how a run is that has not ended; without the service it is as it was last seen."""
    from mdk_jupyter.local.events import ENDED

    if run.target == "local" or run.state in ENDED:
        return run
    from mdk_jupyter.cli.terminal import show_findings
    from mdk_jupyter.errors import ServiceError
    from mdk_jupyter.remote import runs as remote

    try:
        return remote.refresh(run, remote.service_of(run))
    except ServiceError as error:
        show_findings(error.findings)
        return run


def _fetched(run: Run, step: Step) -> Path:
    from mdk_jupyter.remote import runs as remote

    return remote.fetch_notebook(run, step, remote.service_of(run))


def _fetch_logs(run: Run, steps: list[Step]) -> None:
    from mdk_jupyter.remote import runs as remote

    remote.fetch_logs(run, steps, remote.service_of(run))


def _remote_events(run: Run) -> Iterator[Event]:
    from mdk_jupyter.remote import runs as remote

    return remote.watch(run, remote.service_of(run))


@contextmanager
def _leaving_quietly() -> Iterator[None]:
    """Let Ctrl-C end a look at a run: nothing was broken off that would be worth a word."""
    from mdk_jupyter.cli.entry import CANCELLED

    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(CANCELLED) from None


def _not_executed(run: Run, step: Step) -> MDKError:
    from mdk_converters.findings import Finding
    from mdk_jupyter.errors import NotFoundError

    message = f"step {step.name!r} of run {run.id} has no executed notebook: it is {step.state}"
    fix = "name a step that was started; `mdk runs show` lists them"
    return NotFoundError([Finding("MDK371", message, fix=fix, names=(step.name,))])


def _folder(path: Path) -> Path:
    return path.parent if path.is_file() else path


def _table(found: list[Run]) -> list[str]:
    from datetime import datetime

    from mdk_jupyter.widgets.view import clock, number

    rows = [("RUN", "PIPELINE", "TARGET", "STATE", "STARTED", "TIME", "METRICS")]
    for run in found:
        started = f"{datetime.fromtimestamp(run.started):%Y-%m-%d %H:%M:%S}" if run.started else ""
        metrics = " ".join(f"{name}={number(value)}" for name, value in list(run.metrics.items())[:4])
        rows.append((run.id, run.pipeline, run.target, run.state, started, clock(run.seconds), metrics))
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row[:6], widths, strict=True)), row[6]]).rstrip()
        for row in rows
    ]
