"""The registry as a web application."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import anyio
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from mdk_converters.findings import Finding, MDKError
from mdk_jupyter import __version__
from mdk_jupyter.registry.api import PREFIX, problems
from mdk_jupyter.registry.api.auth.base import Authentication
from mdk_jupyter.registry.api.front import Authenticated, Bounded, Observed
from mdk_jupyter.registry.api.metrics import Metrics
from mdk_jupyter.registry.api.platform import routes as platform
from mdk_jupyter.registry.api.problems import ProblemAnswer, Refusal, declared
from mdk_jupyter.registry.api.relaying import Relay
from mdk_jupyter.registry.api.routes import applying, champions, governance, reading
from mdk_jupyter.registry.outbox import Sink
from mdk_jupyter.registry.service import Registry

THREADS = 16  # requests that one process works on at once; each holds a connection to the database
_PARTS = (  # a request tries one route after the other: what is asked often comes first
    reading.registering,
    champions.router,
    reading.router,
    applying.router,
    governance.history,
    governance.rights,
    governance.transfer,
)
_EVERYWHERE = declared(401, 403, 422, 500, 503)


def create_app(registry: Registry, authentication: Authentication, sink: Sink | None = None) -> FastAPI:
    """Return the application. It delivers events to the sink, if there is one.

    Everything but `/health` and `/ready` needs a caller whom `authentication` knows; what a caller may do is for the
    registry to say. The registry is closed when the application stops.
    """

    metrics = Metrics()
    relay = Relay(partial(registry.relay, sink, limit=1), metrics.relayed) if sink is not None else None

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        if relay is not None:
            relay.start()
        yield
        if relay is not None:
            await anyio.to_thread.run_sync(relay.stop)
        await anyio.to_thread.run_sync(registry.close)

    app = FastAPI(
        title="Expanded Model Registry",
        summary="Which version of which model is the champion where, and who decided it.",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        generate_unique_id_function=lambda route: route.name if PREFIX in route.path else f"platform_{route.name}",
        responses=_EVERYWHERE,
    )
    _state(app, registry, metrics)
    for part in _PARTS:
        part(app, registry)
    platform.router(app, registry)
    app.add_exception_handler(MDKError, _refused)
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(SQLAlchemyError, _database)
    app.add_exception_handler(UnicodeEncodeError, _no_text)
    app.add_middleware(Authenticated, authentication=authentication, registry=registry)
    app.add_middleware(Bounded)
    app.add_middleware(Observed, metrics=metrics)  # the outermost is added last
    describe = app.openapi
    app.openapi = lambda: _described(describe())  # type: ignore[method-assign]
    return app


def _state(app: FastAPI, registry: Registry, metrics: Metrics) -> None:

    @app.get("/health", include_in_schema=False)
    async def health() -> dict[str, str]:
        """Tell that the process lives."""
        return {"status": "alive"}

    @app.get("/ready", include_in_schema=False)
    def ready() -> Response:
        """Tell whether requests can be carried out."""
        try:
            registry.grants_of("*")
        except SQLAlchemyError as error:
            return problems.from_database(error)
        return Response('{"status":"ready"}', media_type="application/json")

    @app.get("/metrics", include_in_schema=False)
    def show_metrics() -> Response:
        """Tell Prometheus."""
        text, media_type = metrics.text()
        return Response(text, media_type=media_type)


async def _refused(request: Request, error: Exception) -> ProblemAnswer:
    assert isinstance(error, MDKError)
    return _noted(request, problems.refused(error))


async def _refusal(request: Request, error: Exception) -> ProblemAnswer:
    assert isinstance(error, Refusal)
    finding = error.finding
    return _noted(request, problems.plain(error.status, finding.code, finding.message, finding.fix))


async def _unreadable(request: Request, error: Exception) -> ProblemAnswer:
    """Say what is wrong where, without giving back what was sent."""
    assert isinstance(error, RequestValidationError)
    findings = [
        Finding(
            "MDK572", f"{'.'.join(str(part) for part in wrong['loc'])}: {wrong['msg']}", names=(str(wrong["loc"][-1]),)
        )
        for wrong in error.errors()[:20]
    ]
    return _noted(request, problems.unreadable(findings))


async def _http(request: Request, error: Exception) -> ProblemAnswer:
    assert isinstance(error, HTTPException)
    status = error.status_code
    if status in {404, 405}:
        text = "there is no such route" if status == 404 else f"the route does not take {request.method}"
        return _noted(request, problems.plain(status, "MDK573", text, headers=error.headers))
    code = "MDK574" if status == 413 else "MDK572"
    return _noted(request, problems.plain(status, code, str(error.detail), headers=error.headers))


async def _database(request: Request, error: Exception) -> ProblemAnswer:
    assert isinstance(error, SQLAlchemyError)
    return _noted(request, problems.from_database(error))


async def _no_text(request: Request, error: Exception) -> ProblemAnswer:
    """JSON can hold halves of characters (`"\\ud800"`); a database cannot."""
    return _noted(request, problems.plain(422, "MDK572", "a text in the request is not valid Unicode"))


def _noted(request: Request, answer: ProblemAnswer) -> ProblemAnswer:
    request.state.code = answer.code  # for the log and the metrics
    return answer


def _described(document: dict[str, Any]) -> dict[str, Any]:
    """Give problems their media type, and say how callers authenticate."""
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if status >= "400" and "application/json" in content:
                    content[problems.MEDIA_TYPE] = content.pop("application/json")
    document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"bearer": []}]
    return document
