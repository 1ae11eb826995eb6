"""Who may talk to the stand-in. It runs what it is sent, so web pages in a browser of this machine may not."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from mdk_jupyter.standin.answers import refusal
from mdk_jupyter.standin.settings import Settings


class Guard:
    """Lets requests of programs of this machine through, and of nobody else."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        port = urlsplit(settings.url).port
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        why = self._objection(scope) if scope["type"] == "http" else None
        if why is None:
            await self._app(scope, receive, send)
        else:
            code, message = why
            await refusal(code, message)(scope, receive, send)

    def _objection(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        # Browsers name the page that sends; a page whose name leads here by DNS sends its name as the host.
        if "origin" in headers or headers.get("host") not in self._hosts:
            return 403, "The stand-in answers programs of this machine, no web pages."
        token = self._settings.token
        if token is None or scope["path"].startswith(f"/standin/{self._settings.key}/"):
            return None
        given = headers.get("authorization", "").encode()
        if secrets.compare_digest(given, f"Bearer {token}".encode()):
            return None
        return 401, "Request had invalid authentication credentials: the stand-in was started with --token-file."
