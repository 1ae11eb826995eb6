"""`mdk registry`: models, versions, champions, and how they came to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from mdk_jupyter.cli import promoting, registry_rules

if TYPE_CHECKING:
    from mdk_jupyter.registry.face import RegistryFace

T = TypeVar("T")

app = typer.Typer(
    help="The model registry: versions, champions, and how they came to be.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reference = Annotated[str, typer.Argument(metavar="VERSION", help="flights/1.4.2, flights@champion or flights@latest.")]
Name = Annotated[str, typer.Argument(metavar="MODEL", help="The model's name.")]
In = Annotated[str | None, typer.Option("--env", metavar="ENV", help="The environment of @champion.")]
Project = Annotated[str | None, typer.Option("--project", help="Of this project alone.")]
Labels = Annotated[list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="With this label; repeatable.")]
Cursor = Annotated[str | None, typer.Option("--cursor", help="Go on where the last page ended.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most.")]


@app.callback()
def registry(
    ctx: typer.Context,
    url: Annotated[
        str | None,
        typer.Option("--url", help="Another registry than that of mdk.yaml: https://…, sqlite:///…, postgresql://…"),
    ] = None,
) -> Any:
    """Show the models of this project's registry. MDK_REGISTRY, or `registry: {url: …}` in mdk.yaml, names another."""
    ctx.meta["mdk.registry"] = url
    if ctx.invoked_subcommand is not None:
        return None
    if ctx.obj is not None and hasattr(ctx.obj, "browse"):
        return ctx.obj.browse(face(ctx))
    return list_models(ctx)


@app.command("list")
def list_models(
    ctx: typer.Context,
    project: Project = None,
    labels: Labels = None,
    text: Annotated[str | None, typer.Option("--text", help="Part of the name or description.")] = None,
    champion_in: Annotated[
        str | None, typer.Option("--champion-in", metavar="ENV", help="With a champion there.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> Any:
    """List models, with their champions."""
    from mdk_jupyter.widgets import registry_sheets

    found = face(ctx).models(
        project=project, text=text, labels=pairs(labels), champion_in=champion_in, cursor=cursor, limit=limit
    )
    return told(found, as_json, registry_sheets.models)


@app.command("show")
def show(
    ctx: typer.Context,
    wanted: Annotated[
        str, typer.Argument(metavar="MODEL|VERSION", help="A model, or a version such as flights/1.4.2.")
    ],
    environment: In = None,
    as_json: AsJson = False,
) -> Any:
    """Show a model with where it serves, or one of its versions with all that is known of it."""
    from mdk_jupyter.widgets import registry_sheets

    known = face(ctx)
    if not {"@", "/"} & {*wanted}:
        info = known.model(wanted)
        versions, deployments = known.versions(wanted, limit=10), known.deployments(wanted)
        if not as_json:
            return registry_sheets.model(info, versions, deployments)
        return told({"model": info, "versions": versions, "deployments": deployments}, True, registry_sheets.models)
    return told(known.version(wanted, environment=environment), as_json, registry_sheets.version)


@app.command("versions")
def versions(ctx: typer.Context, name: Name, cursor: Cursor = None, limit: Limit = 20, as_json: AsJson = False) -> Any:
    """List the versions of a model, newest first."""
    from mdk_jupyter.widgets import registry_sheets

    return told(face(ctx).versions(name, cursor=cursor, limit=limit), as_json, registry_sheets.version_list)


@app.command("search")
def search(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORD]…", help='Part of the name or description; or a condition: "auc > 0.8".'),
    ] = None,
    project: Project = None,
    labels: Labels = None,
    champion_in: Annotated[str | None, typer.Option("--champion-in", metavar="ENV", help="Champions there.")] = None,
    trained_by: Annotated[str | None, typer.Option("--trained-by", metavar="WHO", help="Trained by somebody.")] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="TIME", help="Registered then or later.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Registered before.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> Any:
    """Look for versions in all models."""
    from mdk_jupyter.registry.domain import Search
    from mdk_jupyter.widgets import registry_sheets

    given = words or []
    conditions = [word for word in given if any(sign in word for sign in "<>=")]
    text = " ".join(word for word in given if word not in conditions)
    query = valid(
        Search,
        text=text or None,
        project=project,
        labels=pairs(labels),
        metrics=tuple(conditions),
        champion_in=champion_in,
        trained_by=trained_by,
        since=moment(since),
        until=moment(until),
    )
    return told(face(ctx).search(query, cursor=cursor, limit=limit), as_json, registry_sheets.version_list)


@app.command("history")
def history(
    ctx: typer.Context,
    name: Name,
    environment: Annotated[str | None, typer.Option("--env", metavar="ENV", help="Of one environment alone.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> Any:
    """Tell what happened to a model, who did it and why, newest first."""
    from mdk_jupyter.widgets import registry_sheets

    found = face(ctx).history(name, environment=environment, cursor=cursor, limit=limit)
    return told(found, as_json, registry_sheets.history)


@app.command("compare")
def compare(
    ctx: typer.Context,
    a: Annotated[str, typer.Argument(metavar="A", help="A version, such as flights@champion.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The other one.")],
    environment: In = None,
    as_json: AsJson = False,
) -> Any:
    """Compare two versions: metrics, parameters, data, code and packages."""
    from mdk_jupyter.widgets import registry_sheets

    return told(face(ctx).compare(a, b, environment=environment), as_json, registry_sheets.comparison)


@app.command("diff")
def diff(
    ctx: typer.Context,
    name: Name,
    environment: Annotated[str, typer.Argument(metavar="ENV", help="The environment.")],
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="The earlier moment, such as 2026-11-01.")],
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="The later one. Default: now.")] = None,
    as_json: AsJson = False,
) -> Any:
    """Compare the champion of an environment at two moments."""
    from mdk_jupyter.widgets import registry_sheets

    known = face(ctx)
    a, b = (known.champion(name, environment=environment, as_of=moment(when)) for when in (since, until))
    found = known.compare(a.version.reference, b.version.reference)
    return told(found, as_json, registry_sheets.comparison)


@app.command("lineage")
def lineage(
    ctx: typer.Context,
    wanted: Annotated[str, typer.Argument(metavar="VERSION|URI", help="A version, or the URI of a data set.")],
    environment: In = None,
    as_json: AsJson = False,
) -> Any:
    """Tell what a version was made from and where it serves; or what was made from a data set."""
    from mdk_jupyter.widgets import registry_sheets

    return told(face(ctx).lineage(wanted, environment=environment), as_json, registry_sheets.lineage)


@app.command("costs")
def costs(
    ctx: typer.Context,
    by: Annotated[str, typer.Option("--by", metavar="LABEL", help="A label, or project or model.")] = "project",
    project: Project = None,
    since: Annotated[str | None, typer.Option("--since", metavar="TIME", help="Registered then or later.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Registered before.")] = None,
    as_json: AsJson = False,
) -> Any:
    """Sum up what versions took."""
    from mdk_jupyter.widgets import registry_sheets

    found = face(ctx).costs(by=by, project=project, since=moment(since), until=moment(until))
    return told(found, as_json, lambda rows: registry_sheets.costs(rows, by))


def face(ctx: typer.Context) -> RegistryFace:
    """Return the registry that the command line or the project names."""
    from mdk_jupyter.registry.connecting import registry

    return registry(ctx.meta.get("mdk.registry"))


def told(value: Any, as_json: bool, draw: Callable[[Any], Any]) -> Any:
    """Return the sheet of a value for the face in front to show, or print it as JSON and return nothing."""
    if not as_json:
        return draw(value)
    import json

    from pydantic import TypeAdapter

    typer.echo(json.dumps(TypeAdapter(Any).dump_python(value, mode="json"), ensure_ascii=False, indent=2))
    return None


def pairs(given: Sequence[str] | None) -> dict[str, str]:
    """Read KEY=VALUE.

    Raises:
        BadParameter: there is no `=`.
    """
    found = {}
    for text in given or ():
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise typer.BadParameter(f"{text!r} is not KEY=VALUE")
        found[key] = value
    return found


def valid(kind: type[T], **given: Any) -> T:
    """Return an object made of what the command line says.

    Raises:
        BadParameter: it cannot be.
    """
    from pydantic import ValidationError

    try:
        return kind(**given)
    except ValidationError as error:
        first = error.errors()[0]
        raise typer.BadParameter(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def moment(text: str | None) -> Any:  # a datetime, or nothing
    """Read a moment, `2026-11-24` or `2026-11-24T18:30`: in the time of this machine where it does not say.

    Raises:
        BadParameter: it is no moment.
    """
    if text is None:
        return None
    from datetime import datetime

    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a time; write it as 2026-11-24 or 2026-11-24T18:30") from None


promoting.add_to(app)
registry_rules.add_to(app)
