"""`mdk registry policy`, `grant`, `token`, `verify`, `export`, `import`, `serve`: rules, rights, and moving house."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mdk_jupyter.cli.registry_events import events, relay
from mdk_jupyter.cli.registry_migrate import migrate
from mdk_jupyter.cli.registry_serve import serve

if TYPE_CHECKING:
    from mdk_jupyter.registry.domain import Imported
    from mdk_jupyter.registry.face import RegistryFace

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Subject = Annotated[str | None, typer.Argument(metavar="[WHO]", help="The name that authentication gives, or *.")]


def policy(
    ctx: typer.Context,
    environment: Annotated[str, typer.Argument(metavar="ENV", help="The environment, such as prod.")],
    project: Annotated[str | None, typer.Option("--project", help="Of this project alone.")] = None,
    file: Annotated[
        Path | None, typer.Option("--set", metavar="FILE", help="Take the policy from a YAML or JSON file.")
    ] = None,
    changed_by: Annotated[
        list[str] | None,
        typer.Option(
            "--changed-by",
            metavar="WHO",
            help="Let nobody else change champions there; may be repeated. Empty: whoever has the role.",
        ),
    ] = None,
    reason: Annotated[str | None, typer.Option("-m", "--reason", help="Why it changes.")] = None,
    as_json: AsJson = False,
) -> Any:
    """Show what it takes to get into an environment, or change it."""
    from mdk_jupyter.cli.registry import face, told
    from mdk_jupyter.widgets import registry_sheets

    known = face(ctx)
    if file is None and changed_by is None:
        return told(known.policy(environment, project=project), as_json, registry_sheets.policy)
    wanted = _read_policy(file, environment, project) if file else known.policy(environment, project=project)
    if changed_by is not None:
        about = {"changed_by": tuple(filter(None, changed_by))} | ({"project": project} if project is not None else {})
        wanted = wanted.model_copy(update=about)
    return told(known.set_policy(wanted, reason=reason), as_json, registry_sheets.policy)


def _read_policy(file: Path, environment: str, project: str | None) -> Any:
    import yaml
    from pydantic import ValidationError

    from mdk_converters.findings import Finding, Place
    from mdk_jupyter.errors import NotFoundError, UsageError
    from mdk_jupyter.registry.domain import Policy

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        about = {"environment": environment} | ({"project": project} if project is not None else {})
        return Policy.model_validate({**content, **about})
    except OSError as error:
        raise NotFoundError([Finding("MDK440", f"{file} cannot be read: {error.strerror}")]) from None
    except (ValidationError, TypeError, yaml.YAMLError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else None
        said = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first else str(error)
        fix = "write it like `gates: [{name: auc, kind: metric, expression: auc >= champion}]`"
        raise UsageError([Finding("MDK558", f"the policy is not valid: {said}", Place(str(file)), fix)]) from None


def grant(
    ctx: typer.Context,
    subject: Subject = None,
    role: Annotated[
        str | None, typer.Argument(metavar="[ROLE]", help="viewer, contributor, approver or admin.")
    ] = None,
    project: Annotated[str, typer.Option("--project", help="In this project alone.")] = "*",
    environment: Annotated[str, typer.Option("--env", metavar="ENV", help="In this environment alone.")] = "*",
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the role away.")] = False,
    as_json: AsJson = False,
) -> Any:
    """Give somebody a role; without a role, list who has which."""
    from mdk_jupyter.cli.registry import face, told
    from mdk_jupyter.registry.domain import Role
    from mdk_jupyter.widgets import registry_sheets

    known = face(ctx)
    if subject is None or role is None:
        return told(known.grants(subject), as_json, registry_sheets.grants)
    if role not in {one.value for one in Role}:
        raise typer.BadParameter(f"{role!r} is no role; there are viewer, contributor, approver and admin")
    if revoke:
        known.revoke(subject, Role(role), project=project, environment=environment)
        return told(known.grants(subject), as_json, registry_sheets.grants)
    given = known.grant(subject, Role(role), project=project, environment=environment)
    return told([given], as_json, registry_sheets.grants)


def token(
    ctx: typer.Context,
    subject: Subject = None,
    days: Annotated[float, typer.Option("--days", min=0.01, help="How long it is good.")] = 30.0,
    note: Annotated[str | None, typer.Option("--note", help="What it is for.")] = None,
    revoke: Annotated[str | None, typer.Option("--revoke", metavar="ID", help="End a token.")] = None,
    as_json: AsJson = False,
) -> Any:
    """Make a token for somebody, which is shown once; without a name, list the tokens."""
    from mdk_jupyter.cli.registry import face, told
    from mdk_jupyter.widgets import registry_sheets

    known = face(ctx)
    if revoke is not None:
        known.revoke_token(revoke)
    if subject is None:
        return told(known.tokens(), as_json, registry_sheets.tokens)
    return told([known.create_token(subject, days=days, note=note)], as_json, registry_sheets.tokens)


def verify(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="Default: all models.")] = None,
    against: Annotated[
        Path | None, typer.Option("--anchor", metavar="FILE", help="Also hold it against what `anchor FILE` wrote.")
    ] = None,
    tags: Annotated[
        Path | None,
        typer.Option("--tag", metavar="REPOSITORY", help="Also hold it against what `anchor --tag` wrote."),
    ] = None,
    as_json: AsJson = False,
) -> Any:
    """Check that nobody changed the history; exits with 1 where somebody did."""
    from mdk_jupyter.cli.registry import face, told
    from mdk_jupyter.registry import anchors
    from mdk_jupyter.widgets import registry_sheets

    kept = [*(anchors.from_file(against) if against else ()), *(anchors.from_tags(tags) if tags else ())]
    found = face(ctx).verify(name, anchors=kept)
    if found.whole:
        return told(found, as_json, registry_sheets.verification)
    shown = told(found, as_json, registry_sheets.verification)
    if shown is not None:
        ctx.obj.plan(shown)
    raise typer.Exit(1)


def anchor(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where the database's owner cannot write.")
    ] = None,
    repository: Annotated[
        Path | None, typer.Option("--tag", metavar="REPOSITORY", help="Make a tag in a git repository.")
    ] = None,
    remote: Annotated[
        str | None, typer.Option("--push", metavar="REMOTE", help="Push the tag, to where tags are protected.")
    ] = None,
) -> None:
    """Note the ends of all histories outside of the registry, in a file or a git tag.

    `verify --anchor FILE` or `--tag REPOSITORY` then finds what was cut off or written anew.
    """
    from mdk_jupyter.cli.registry import face
    from mdk_jupyter.registry import anchors

    if (file is None) == (repository is None):
        raise typer.BadParameter("name a file, or a git repository with --tag")
    if remote is not None and repository is None:
        raise typer.BadParameter("--push goes with --tag")
    taken = face(ctx).anchor()
    if repository is not None:
        typer.echo(f"anchored in the tag {anchors.to_tag(taken, repository, remote=remote)}")
    elif file is not None:
        anchors.to_file(taken, file)
        typer.echo(f"anchored in {file}")


def export(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[MODEL]…", help="Default: all.")] = None,
    output: Annotated[
        typer.FileTextWrite, typer.Option("-o", "--output", metavar="FILE", encoding="utf-8", help="Default: print.")
    ] = "-",  # type: ignore[assignment]  # Typer opens it
) -> None:
    """Write models, versions and history as lines of JSON."""
    from mdk_jupyter.cli.registry import face

    lines = face(ctx).export(names or None)
    for line in lines:
        output.write(f"{line}\n")


def import_(
    ctx: typer.Context,
    source: Annotated[
        typer.FileText | None,
        typer.Argument(
            metavar="[FILE]", encoding="utf-8", help="What `mdk registry export` wrote; - is standard input."
        ),
    ] = None,
    mlflow: Annotated[
        str | None, typer.Option("--mlflow", metavar="URI", help="An MLflow server, http://…, or its SQLite file.")
    ] = None,
    project: Annotated[str | None, typer.Option("--project", help="Of the models from MLflow.")] = None,
    as_json: AsJson = False,
) -> Any:
    """Read what was exported, or the models of an MLflow; what is there already stays as it is."""
    from mdk_jupyter.cli.registry import face, told
    from mdk_jupyter.widgets import registry_sheets

    if (source is None) == (mlflow is None):
        raise typer.BadParameter("name a file, or an MLflow with --mlflow")
    known = face(ctx)
    if source is not None:
        done = known.import_(line for line in source if line.strip())
    else:
        done = _take_from_mlflow(known, str(mlflow), project)
    return told(done, as_json, registry_sheets.imported)


def _take_from_mlflow(known: RegistryFace, where: str, project: str | None) -> Imported:
    from mdk_jupyter.registry.embedded import Embedded, local_actor

    if isinstance(known, Embedded):
        taken: Imported = known.import_mlflow(where, project=project)
        return taken
    # A server does not reach what this machine reaches: what is read here is sent there.
    import tempfile

    from mdk_jupyter.registry.service import Registry

    with tempfile.TemporaryDirectory(prefix="mdk-mlflow-") as folder:
        between = Registry.open(f"sqlite:///{folder}/registry.db")
        between.import_mlflow(local_actor(), where, project=project)
        done = known.import_(between.export(local_actor()))
        between.close()
    return done


def add_to(app: typer.Typer) -> None:
    """Add the commands to `mdk registry`."""
    for command in (policy, grant, token, verify, anchor, events, relay, export):
        app.command(command.__name__)(command)
    app.command("import")(import_)
    app.command("serve")(serve)
    app.command("migrate")(migrate)
