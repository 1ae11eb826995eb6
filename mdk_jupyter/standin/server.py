"""The server: all routes behind one port of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Callable

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from mdk_jupyter.standin import (
    control,
    kfp_pipelines,
    kfp_recurring,
    kfp_runs,
    logs,
    operations,
    secret_routes,
    storage_routes,
    vertex_endpoints,
    vertex_jobs,
    vertex_metadata,
    vertex_models,
    vertex_schedules,
)
from mdk_jupyter.standin.answers import Refused, refusal
from mdk_jupyter.standin.faults import DROP, FaultyService
from mdk_jupyter.standin.guard import Guard
from mdk_jupyter.standin.services import Services
from mdk_jupyter.standin.settings import Settings

HOST = "127.0.0.1"
_PARTS = (
    control, logs, storage_routes, secret_routes, operations, vertex_jobs, vertex_schedules, vertex_models,
    vertex_endpoints, vertex_metadata, kfp_runs, kfp_pipelines, kfp_recurring,
)  # fmt: skip


def create_app(settings: Settings) -> ASGIApp:
    """Return the stand-in as an ASGI application."""
    services = Services(settings)
    routes = [route for part in _PARTS for route in part.routes(services)] + kfp_runs.experiment_routes(services)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        following = asyncio.create_task(services.scheduler.follow())
        yield
        following.cancel()
        await services.jobs.stop()
        services.documents.flush()

    handlers = {Refused: _refused, HTTPException: _unknown, Exception: _broken}
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)  # type: ignore[arg-type]
    return Guard(FaultyService(app, services.faults), settings)


async def _refused(request: Request, error: Refused) -> Response:
    return refusal(error.code, error.message, error.status)


async def _unknown(request: Request, error: HTTPException) -> Response:
    if error.status_code in {404, 405}:
        return refusal(501, f"The stand-in does not know {request.method} {request.url.path}.")
    return refusal(error.status_code, str(error.detail))


async def _broken(request: Request, error: Exception) -> Response:
    logging.getLogger(__name__).error("%s %s failed", request.method, request.url.path, exc_info=error)
    return refusal(500, f"The stand-in failed: {error!r}")


class _Protocol(H11Protocol):
    """HTTP, with connections that a fault can drop."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, DROP: transport.abort}


def listen(port: int) -> socket.socket:
    """Return a socket of this machine that waits for connections; port 0 means any free one.

    Raises:
        OSError: the port is taken.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening


class Server(uvicorn.Server):
    """Serves the stand-in on a socket, until it is told to stop."""

    def __init__(self, settings: Settings, started: Callable[[], None] | None = None) -> None:
        config = uvicorn.Config(
            create_app(settings),
            http=_Protocol,
            log_level="warning",
            access_log=False,
            lifespan="on",
            timeout_graceful_shutdown=3,
        )
        super().__init__(config)
        self._on_start = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        if self.started and self._on_start is not None:
            self._on_start()
