"""`mdk ops`: what operations.yaml would change, and the change itself; for people, and for any CI.

Exit codes as Terraform's: 0 nothing to do, or done; 2 there are changes; 1 something is wrong; 3 a service cannot be
reached.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel

    from mdk_jupyter.operations.workspace import Workspace
    from mdk_jupyter.widgets.sheet import Sheet

NOTHING, CHANGES = 0, 2

app = typer.Typer(
    help="GitOps: what operations.yaml would change, and the change itself.\n\n"
    "Exit codes: 0 nothing to do or done, 2 there are changes, 1 something is wrong, 3 a service cannot be reached.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

File = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help="The file. Default: operations.yaml beside mdk.yaml.")
]
Environments = Annotated[
    list[str] | None, typer.Option("--env", metavar="ENV", help="This environment alone; repeatable.")
]
Format = Annotated[Literal["text", "json", "markdown"], typer.Option("--format", help="text, json or markdown.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it there too, as --format says.")]


@app.command("plan")
def plan(
    ctx: typer.Context,
    file: File = None,
    environments: Environments = None,
    format: Format = "text",
    out: Out = None,
) -> int:
    """Show what applying the file would change, with metrics, gates and approvals. Changes nothing.

    The plan has a hash, which `mdk ops apply --plan` takes. Markdown is one comment for a pull request.
    """
    from mdk_jupyter.operations.plan_markdown import plan_markdown
    from mdk_jupyter.operations.plan_text import plan_sheet

    workspace = _workspace(file)
    made = workspace.plan(workspace.load(), _known(environments))
    texts = {"markdown": lambda: plan_markdown(made), "json": lambda: _json(made)}
    _tell(ctx, format, out, plan_sheet(made), texts.get(format))
    return CHANGES if made.environments else NOTHING


@app.command("apply")
def apply(
    ctx: typer.Context,
    file: File = None,
    plan_hash: Annotated[str, typer.Option("--plan", metavar="HASH", help="Hash that `mdk ops plan` showed.")] = "",
    environments: Environments = None,
    format: Format = "text",
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write what became of it: FILE.json or FILE.md.")
    ] = None,
) -> int:
    """Carry out exactly the plan with this hash, or refuse. Once more does nothing; after a failure it goes on.

    Each environment changes at once, or not at all.
    """
    from mdk_jupyter.operations.apply import apply as carry_out
    from mdk_jupyter.operations.plan_markdown import report_markdown
    from mdk_jupyter.operations.plan_text import report_sheet
    from mdk_jupyter.operations.source import source_of

    if not plan_hash:
        raise typer.BadParameter("say which plan: --plan HASH, as `mdk ops plan` shows it")
    workspace = _workspace(file)
    desired = workspace.load()
    chosen, endpoints = _known(environments), workspace.endpoints(desired)
    done = carry_out(
        workspace.registry,
        lambda: workspace.look(desired, endpoints, chosen),
        plan_hash,
        endpoints=endpoints,
        source=source_of(Path(desired.path)),
    )
    texts = {"markdown": lambda: report_markdown(done), "json": lambda: _json(done)}
    _tell(ctx, format, None, report_sheet(done), texts.get(format))
    if report is not None:
        report.write_text(texts["markdown" if report.suffix == ".md" else "json"](), encoding="utf-8")
    return done.code


@app.command("drift")
def drift(
    ctx: typer.Context,
    file: File = None,
    environments: Environments = None,
    patch: Annotated[
        Path | None, typer.Option("--patch", metavar="FILE", help="Write the patch there, for `git apply FILE`.")
    ] = None,
    format: Format = "text",
    out: Out = None,
) -> int:
    """Show what was changed outside of the file since it was applied: what, by whom, when and why.

    The patch brings the file up to date; without it, the next plan sets the registry back to what the file says.
    """
    from mdk_jupyter.operations.plan_markdown import drift_markdown
    from mdk_jupyter.operations.plan_text import drift_sheet

    workspace = _workspace(file)
    found = workspace.drift(workspace.entries(), _known(environments))
    if patch is not None:
        patch.write_text(found.patch, encoding="utf-8", newline="")
    texts = {"markdown": lambda: drift_markdown(found), "json": lambda: _json(found)}
    _tell(ctx, format, out, drift_sheet(found), texts.get(format))
    return CHANGES if found.models else NOTHING


@app.command("pin")
def pin(
    file: File = None,
    environments: Environments = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit with 2 where there is a `latest`.")
    ] = False,
) -> int:
    """Write the version that `latest` means now into the file, so that a review sees it."""
    from mdk_jupyter.operations.pin import pin as resolve

    workspace = _workspace(file)
    desired = workspace.entries()
    changed, pinned = resolve(workspace.registry, desired, _known(environments))
    for one in pinned:
        typer.echo(f"{one.environment}/{one.model}: latest is {one.version}")
    if check:
        return CHANGES if pinned else NOTHING
    if pinned:
        Path(desired.path).write_text(changed.text, encoding="utf-8", newline="")
    return NOTHING


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of the file, for editors."""
    from mdk_jupyter.operations.schema import schema_text

    typer.echo(schema_text(), nl=False)


def _workspace(file: Path | None) -> Workspace:
    from mdk_jupyter.operations.workspace import Workspace

    return Workspace.open(file=file)


def _known(environments: list[str] | None) -> list[str] | None:
    from mdk_converters.yaml_reader import close_match
    from mdk_jupyter.registry.domain import ENVIRONMENTS

    for name in environments or ():
        if name not in ENVIRONMENTS:
            raise typer.BadParameter(f"there is no environment {name!r}; {close_match(name, ENVIRONMENTS)}")
    return environments or None


def _json(value: BaseModel) -> str:
    return value.model_dump_json(indent=2) + "\n"


def _tell(ctx: typer.Context, format: str, out: Path | None, sheet: Sheet, text: Any) -> None:
    """Show a sheet, or print a text; where `out` is given, write there what is printed."""
    said = text() if text is not None else f"{sheet}\n"
    if out is not None:
        out.write_text(said, encoding="utf-8")
    if format == "text":
        ctx.obj.plan(sheet)
    else:
        typer.echo(said, nl=False)
