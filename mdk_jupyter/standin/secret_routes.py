"""Secret Manager: reading secrets, which are files in a folder; and how steps learn who they are."""

from __future__ import annotations

import base64
import re

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from mdk_jupyter.standin.answers import Refused
from mdk_jupyter.standin.secret_files import read_secret
from mdk_jupyter.standin.services import Services

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


def routes(services: Services) -> list[Route]:
    """Return the routes."""
    folder = services.settings.secret_files

    async def access(request: Request) -> Response:
        project, name, version = (request.path_params[part] for part in ("project", "name", "version"))
        full = f"projects/{project}/secrets/{name}"
        if not _NAME.fullmatch(name):
            raise Refused(400, f"Invalid secret name: {name!r}")
        content = read_secret(folder, name)
        if content is None:
            raise Refused(404, f"Secret [{full}] not found or has no versions.")
        if version not in {"latest", "1"}:
            raise Refused(404, f"Secret Version [{full}/versions/{version}] not found.")
        data = base64.b64encode(content).decode()
        return JSONResponse({"name": f"{full}/versions/1", "payload": {"data": data}})

    async def token(request: Request) -> Response:
        given = services.settings.token or "standin"
        return JSONResponse({"access_token": given, "expires_in": 3600, "token_type": "Bearer"})

    async def email(request: Request) -> Response:
        return PlainTextResponse("standin@localhost")

    account = f"/standin/{services.settings.key}/computeMetadata/v1/instance/service-accounts/default"
    return [
        Route(f"{account}/token", token, methods=["GET"]),
        Route(f"{account}/email", email, methods=["GET"]),
        Route("/v1/projects/{project}/secrets/{name}/versions/{version}:access", access, methods=["GET"]),
    ]
