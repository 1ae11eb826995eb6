"""`mdk registry migrate`: the schema of a shared database, and the role that its server connects as."""

from __future__ import annotations

from typing import Annotated

import typer


def migrate(
    db: Annotated[
        str,
        typer.Option("--db", metavar="URL", envvar="MDK_REGISTRY_OWNER_DB", help="As the owner: postgresql://... ."),
    ],
    app_role: Annotated[
        list[str] | None,
        typer.Option("--app-role", metavar="NAME", help="A role that servers connect as. May be repeated."),
    ] = None,
) -> None:
    """Bring a database's schema up to date, and give the roles of servers what they need.

    They may read and add to the history, and neither change nor delete it. Roles are remembered: later migrations give them the new tables too.
    """
    from mdk_jupyter.registry import roles
    from mdk_jupyter.registry.database import Database
    from mdk_jupyter.registry.migrations import HEAD

    database = Database.open(db)
    try:
        for role in app_role or ():
            roles.allow(database, role)
    finally:
        database.close()
    typer.echo(f"the schema is {HEAD}" + (f"; servers connect as {', '.join(app_role)}" if app_role else ""))
