"""Starting the server: several workers on one port, on uvloop."""

from __future__ import annotations

import gc
import os
import socket
import tempfile
from collections.abc import Callable, Sequence

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from mdk_converters.findings import Finding
from mdk_jupyter.errors import ServiceError
from mdk_jupyter.registry.api import logs, metrics
from mdk_jupyter.registry.api.app import create_app
from mdk_jupyter.registry.api.relaying import http_sink
from mdk_jupyter.registry.api.settings import Settings
from mdk_jupyter.registry.domain import Actor, Grant, Role
from mdk_jupyter.registry.policy import SHARED
from mdk_jupyter.registry.service import Registry

_WAITING = 2048  # connections that nobody has accepted yet
GRACE = 15  # seconds that requests under way have when the server is told to stop
OPERATOR = "mdk registry serve"  # whoever starts the server can write to its database anyway
_FACTORY = "mdk_jupyter.registry.api.serve:application"


def application() -> FastAPI:
    """Return the application of a worker."""
    settings = Settings.received()
    registry = Registry.open(settings.database, policies=SHARED)
    sink = http_sink(settings.events_to) if settings.events_to else None
    app = create_app(registry, settings.authentication(), sink)
    gc.freeze()  # what lives as long as the process is not looked through again each time lists of versions come and go
    return app


def serve(
    settings: Settings, host: str, port: int, workers: int, admins: Sequence[str], started: Callable[[str], None]
) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are carried out. A worker that dies is replaced.

    `started` is told the address when connections are accepted, which wait for the first worker.
    """
    listening = _listen(host, port)
    _prepare(settings.database, admins)
    settings.hand_on()
    config = uvicorn.Config(
        _FACTORY,
        factory=True,
        host=host,
        port=port,
        workers=workers,
        # Without it, workers that share a socket answer each request of a kept connection 40 ms late.
        loop="uvloop",
        http="httptools",
        ws="none",
        log_config=logs.CONFIG,
        access_log=False,  # `front.Observed` writes a better one
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    address, number = listening.getsockname()[:2]
    started(f"http://[{address}]:{number}" if ":" in address else f"http://{address}:{number}")
    with tempfile.TemporaryDirectory(prefix="mdk-registry-") as folder:
        if workers == 1:
            uvicorn.Server(config).run(sockets=[listening])
        else:
            os.environ[metrics.SHARED] = folder
            Multiprocess(config, sockets=[listening]).run()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host.strip("[]"), port))
        listening.listen(_WAITING)
    except OSError as error:
        listening.close()
        text = f"port {port} of {host} cannot be had: {error.strerror}"
        raise ServiceError([Finding("MDK580", text, fix="Give another `--port`; 0 takes any free one.")]) from None
    listening.set_inheritable(True)
    return listening


def _prepare(database: str, admins: Sequence[str]) -> None:
    """Bring the schema up to date once, before workers could race for it, and let somebody give roles."""
    registry = Registry.open(database, policies=SHARED)
    try:
        operator = Actor(name=OPERATOR, grants=(Grant(subject=OPERATOR, role=Role.ADMIN),))
        for name in admins:
            registry.grant(operator, name, Role.ADMIN)
    finally:
        registry.close()
