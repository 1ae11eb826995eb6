"""`mdk registry events` and `relay`: what changes, for other programs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mdk_jupyter.registry.embedded import Embedded
    from mdk_jupyter.registry.outbox import Relayed

_PAUSE = 1.0  # seconds between two looks


def events(
    ctx: typer.Context,
    after: Annotated[
        str | None, typer.Option("--after", metavar="CURSOR", help="Go on where an earlier call ended.")
    ] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Wait for more, until Ctrl-C.")] = False,
) -> None:
    """Print what changed as CloudEvents, one a line, oldest first; at the end, how to go on from there."""
    from mdk_jupyter.cli.entry import CANCELLED
    from mdk_jupyter.cli.registry import face

    known = face(ctx)
    cursor = after
    try:
        while True:
            page = known.events(after=cursor, limit=1000)
            for event in page.items:
                typer.echo(event.model_dump_json())
            cursor = page.next
            if not page.items:
                if not follow:
                    break
                time.sleep(_PAUSE)
    except KeyboardInterrupt:
        raise typer.Exit(CANCELLED) from None
    finally:
        if cursor is not None:
            typer.echo(f"what comes later: mdk registry events --after {cursor}", err=True)


def relay(
    ctx: typer.Context,
    to: Annotated[
        str, typer.Option("--to", metavar="URL", envvar="MDK_REGISTRY_EVENTS_TO", help="Where to post the events.")
    ],
    once: Annotated[
        bool, typer.Option("--once", help="Deliver what is due, and end; with 1 where something was not taken.")
    ] = False,
) -> None:
    """Post what changed to an address, straight from the registry's database.

    Each event is delivered at least once, those of a model in their order. `mdk registry serve --events-to URL` does it beside the requests; this is for registries without a server, and for servers that sleep between requests. MDK_REGISTRY_EVENTS_TOKEN goes along as a bearer token.
    """
    from mdk_jupyter.cli.entry import CANCELLED
    from mdk_jupyter.registry.api.relaying import Relay, http_sink

    known = _with_database(ctx)
    sink = http_sink(to)

    def deliver() -> Relayed:
        return known.relay(sink)

    if not once:
        try:
            Relay(deliver, told=lambda done: typer.echo(f"{done.delivered} delivered", err=True)).run()
        except KeyboardInterrupt:
            raise typer.Exit(CANCELLED) from None
    delivered, refused, is_over = 0, False, False
    while not is_over:
        done = deliver()
        for one in done.refused:
            typer.echo(f"event {one.event.id} was not taken: {one.error}", err=True)
        delivered += done.delivered
        refused = refused or bool(done.refused)
        is_over = not done.delivered  # what is refused alone is for another time
    typer.echo(f"{delivered} delivered" + ("; the others wait" if refused else ""), err=True)
    if refused:
        raise typer.Exit(1)


def _with_database(ctx: typer.Context) -> Embedded:
    from mdk_converters.findings import Finding
    from mdk_jupyter.cli.registry import face
    from mdk_jupyter.errors import UsageError
    from mdk_jupyter.registry.embedded import Embedded

    known = face(ctx)
    if isinstance(known, Embedded):
        return known
    fix = "Start the server with --events-to, or name its database: mdk registry --url postgresql://… relay"
    raise UsageError([Finding("MDK581", "a server's events are relayed where its database is", fix=fix)])
