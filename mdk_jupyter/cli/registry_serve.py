"""`mdk registry serve`: the registry for an organisation."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer


class Auth(StrEnum):
    """How the server finds out who calls."""

    DEV = "dev"
    OIDC = "oidc"
    CLOUDRUN = "cloudrun"


def serve(
    db: Annotated[
        str,
        typer.Option("--db", metavar="URL", envvar="MDK_REGISTRY_DB", help="postgresql://... or sqlite:///FILE."),
    ],
    auth: Annotated[Auth, typer.Option("--auth", envvar="MDK_REGISTRY_AUTH", help="How callers prove who they are.")],
    host: Annotated[str, typer.Option("--host", envvar="MDK_REGISTRY_HOST", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", envvar="PORT", min=0, max=65535, help="0 takes any free port.")] = 8470,
    workers: Annotated[int, typer.Option("--workers", envvar="MDK_REGISTRY_WORKERS", min=1, max=64)] = 1,
    issuer: Annotated[
        list[str] | None,
        typer.Option(
            "--issuer",
            metavar="URL[=KEYS]",
            envvar="MDK_REGISTRY_ISSUERS",
            help="With oidc: whose tokens are good. May be repeated.",
        ),
    ] = None,
    audience: Annotated[
        str | None,
        typer.Option("--audience", envvar="MDK_REGISTRY_AUDIENCE", help="For whom tokens must be made."),
    ] = None,
    claim: Annotated[
        str | None,
        typer.Option(
            "--claim",
            envvar="MDK_REGISTRY_CLAIM",
            help="With oidc: names the caller. Default: the verified e-mail address, else `sub`.",
        ),
    ] = None,
    iap_audience: Annotated[
        str | None,
        typer.Option(
            "--iap-audience",
            envvar="MDK_REGISTRY_IAP_AUDIENCE",
            help="With cloudrun: Identity-Aware Proxy stands before the service, and its assertion alone counts.",
        ),
    ] = None,
    admin: Annotated[
        list[str] | None,
        typer.Option(
            "--admin",
            metavar="NAME",
            envvar="MDK_REGISTRY_ADMINS",
            help="Gets the role admin, so that there is somebody who can give roles.",
        ),
    ] = None,
    events_to: Annotated[
        str | None,
        typer.Option(
            "--events-to",
            metavar="URL",
            envvar="MDK_REGISTRY_EVENTS_TO",
            help="Post each change there as a CloudEvent; MDK_REGISTRY_EVENTS_TOKEN goes along as a bearer token.",
        ),
    ] = None,
    dev_anywhere: Annotated[
        bool, typer.Option("--dev-anywhere", help="Let --auth dev listen on an address that others reach.")
    ] = False,
) -> None:
    """Serve the registry over HTTP.

    With `--auth dev` callers carry tokens that `mdk registry token WHO` makes. With `--auth oidc` they carry ID tokens of the issuers named: Google, GitHub Actions, Entra, Keycloak ... With `--auth cloudrun` Google has checked them before the request arrives. Nobody may do anything until a role is granted.

    Ctrl-C or SIGTERM stops it; requests under way are carried out.
    """
    from mdk_jupyter.registry.api import start

    start.start(
        db,
        auth.value,
        host=host,
        port=port,
        workers=workers,
        issuers=issuer or [],
        audience=audience,
        claim=claim,
        iap_audience=iap_audience,
        admins=admin or [],
        dev_anywhere=dev_anywhere,
        events_to=events_to,
        started=lambda url: typer.echo(f"registry at {url}, process {os.getpid()}", err=True),
    )
