"""`mdk submit`: a notebook or spec, run on a service."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mdk_jupyter.cli.given import Assignments, NotebookOrSpec, ParameterFile, parameters

if TYPE_CHECKING:
    from mdk_jupyter.cli.caller import Caller
    from mdk_jupyter.local.record import Run
    from mdk_jupyter.remote.prepare import Prepared
    from mdk_jupyter.remote.service import Service
    from mdk_jupyter.sources import Source

CONFIRMED = "prod"  # the environment that nothing is sent to by mistake


class Target(StrEnum):
    vertex = "vertex"
    kfp = "kfp"


def submit(
    ctx: typer.Context,
    source: NotebookOrSpec = None,
    environment: Annotated[
        str | None, typer.Option("--env", metavar="NAME", help="An environment of mdk.yaml. Default: dev.")
    ] = None,
    target: Annotated[Target | None, typer.Option("--target", help="Default: as mdk.yaml says.")] = None,
    parameter: Assignments = None,
    params: ParameterFile = None,
    image: Annotated[
        list[str] | None,
        typer.Option("--image", metavar="NAME=IMAGE", help="An image, in place of the one in mdk.yaml; repeatable."),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Watch the run until it ends.")] = False,
    schedule: Annotated[
        str | None, typer.Option("--schedule", metavar="CRON", help='Run at these times, such as "0 6 * * 1"; or off.')
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, and send nothing.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Run the same once more.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write the compiled pipeline, as JSON or YAML."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, also for prod.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print plan and run as JSON.")] = False,
) -> Any:  # a Run, or nothing; Typer looks at these types, and Run is not imported here
    """Run the pipeline on Vertex AI or Kubeflow Pipelines, as mdk.yaml says.

    The plan is shown first. The same plan makes one run, however often it is sent: repeating the command finds it.
    """
    from mdk_jupyter.cli.registry import pairs
    from mdk_jupyter.project.reader import load_project
    from mdk_jupyter.remote.prepare import prepare
    from mdk_jupyter.sources import read_source

    caller: Caller = ctx.obj
    given = parameters(params, parameter)
    read = read_source(source or caller.notebook())
    prepared = prepare(
        read,
        load_project(read.path.parent),
        environment=environment,
        target=target.value if target is not None else None,
        given=given,
        images=pairs(image),
        schedule=schedule,
        again=_moment() if again else "",
    )
    _show(prepared, caller, as_json=as_json, is_last=dry_run)
    if output is not None:
        _write(prepared, output)
    if dry_run:
        return None
    _confirm(prepared, yes)
    service = _connect(prepared)
    if schedule is not None:
        typer.echo(_schedule(prepared, service), err=as_json)
        return None
    run = _send(prepared, service, read, quiet=as_json)
    if wait:
        run = _wait(run, service, caller, quiet=as_json)
    if as_json:
        _print_json(prepared, run, ended=wait)
        return None
    return run if wait else _not_awaited(run)


def _moment() -> str:
    from datetime import UTC, datetime

    return f"{datetime.now(UTC):%Y%m%d%H%M%S%f}"


def _show(prepared: Prepared, caller: Caller, *, as_json: bool, is_last: bool) -> None:
    from mdk_jupyter.cli.terminal import show_findings

    show_findings(prepared.warnings)
    if not as_json:
        caller.plan(prepared.plan)
    elif is_last:
        import json

        typer.echo(json.dumps({"plan": prepared.plan.to_json()}, ensure_ascii=False, indent=2))


def _write(prepared: Prepared, output: Path) -> None:
    from mdk_jupyter.local.files import write_atomically
    from mdk_jupyter.local.store import storing

    document = prepared.plan.document
    text = document.package if output.suffix in (".yaml", ".yml") else document.spec
    if str(output) == "-":
        typer.echo(text, nl=False)
        return
    with storing(output):
        write_atomically(output, text)
    typer.echo(f"wrote {output}", err=True)


def _confirm(prepared: Prepared, yes: bool) -> None:
    import sys

    from mdk_converters.findings import Finding
    from mdk_jupyter.errors import UsageError

    if yes or prepared.plan.environment != CONFIRMED or not sys.stdin.isatty():
        return
    if not typer.confirm(f"Submit {prepared.plan.pipeline} to {CONFIRMED}?", err=True):
        raise UsageError([Finding("MDK479", "nothing was sent", fix="say yes, or give --yes")])


def _connect(prepared: Prepared) -> Service:
    from mdk_jupyter.remote.service import connect

    return connect(prepared.plan.target, prepared.plan.service)


def _schedule(prepared: Prepared, service: Service) -> str:
    """Set or end the schedule; return what was done."""
    from mdk_jupyter.remote.schedules import OFF

    plan = prepared.plan
    where = plan.name + (f" in {plan.environment}" if plan.environment else "")
    if plan.schedule == OFF:
        return f"the schedule of {where} is ended" if service.end_schedule(plan) else f"{where} has no schedule"
    service.storage.upload(plan.bundle_uri, prepared.bundle.data)
    done = service.set_schedule(plan)
    return f"the schedule of {where} is {done}: {plan.schedule}"


def _send(prepared: Prepared, service: Service, read: Source, *, quiet: bool) -> Run:
    from mdk_jupyter.remote.runs import record

    plan = prepared.plan
    service.storage.upload(plan.bundle_uri, prepared.bundle.data)
    submitted = service.submit(plan)
    run = record(prepared, submitted, folder=read.folder, source=read.path)
    said = "was submitted before; it is not run twice (--again does)" if submitted.existed else "is submitted"
    typer.echo(f"\n{plan.job} {said}", err=quiet)
    return run


def _wait(run: Run, service: Service, caller: Caller, *, quiet: bool) -> Run:
    from mdk_jupyter.remote.runs import watch

    if quiet:
        for _ in watch(run, service):
            pass
        return run
    with caller.watching() as observe:
        for event in watch(run, service):
            observe(event)
    caller.finished(run)
    return run


def _not_awaited(run: Run) -> None:
    typer.echo(f"  link   {run.remote['link']}\n  watch  mdk runs watch {run.id}")


def _print_json(prepared: Prepared, run: Run, *, ended: bool) -> None:
    import json

    from mdk_jupyter.cli.entry import AT_FAULT, EXIT_CODES

    content = {"plan": prepared.plan.to_json(), "run": run.to_json()}
    typer.echo(json.dumps(content, ensure_ascii=False, indent=2))
    if ended:
        raise typer.Exit(EXIT_CODES.get(run.state, AT_FAULT))
