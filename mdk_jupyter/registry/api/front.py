"""What every request passes: it is timed and logged, its caller is found out, and its body has an end."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable

import anyio
from fastapi import HTTPException
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mdk_jupyter.registry.api import PREFIX, logs, problems
from mdk_jupyter.registry.api.auth.base import Authentication, Caller, Unauthenticated, Unavailable
from mdk_jupyter.registry.api.metrics import Metrics
from mdk_jupyter.registry.domain import Actor
from mdk_jupyter.registry.service import Registry

OPEN = frozenset({"/health", "/ready"})  # what answers without a token
BODY = 4 << 20  # bytes
LONG_BODIES = {f"{PREFIX}/import": 1 << 30, f"{PREFIX}/verify": 1 << 26}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Observed:
    """Gives each request an id, a line in the log and its place in the metrics. Nothing else escapes either."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        state = scope.setdefault("state", {})
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        failure: Exception | None = None
        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            failure = error
            if not status:
                state["code"] = "MDK575"
                text = f"the registry failed; its log tells why, under the request id {request_id}"
                await problems.plain(500, "MDK575", text)(scope, receive, sending)
        seconds = time.perf_counter() - started
        method, route, sender = scope["method"], _template(scope), state.get("sender")
        self._metrics.answered(method, route, status, seconds)
        if code := state.get("code"):
            self._metrics.refused(code)
        logs.requests.log(
            logging.ERROR if failure or status >= 500 else logging.INFO,
            "%s %s %s",
            method,
            scope["path"],
            status,
            exc_info=failure,
            extra={
                logs.FIELDS: {
                    "method": method,
                    "path": scope["path"],  # without the query
                    "route": route,
                    "status": status,
                    "ms": round(seconds * 1000, 2),
                    "actor": sender.known.name if sender and sender.known else None,
                    "code": code,
                    "request_id": request_id,
                    "trace": Headers(scope=scope).get("traceparent"),
                }
            },
        )


class Sender:
    """Who sends a request. The registry is asked once, in the first thread that wants to know.

    Roles are looked up for each request: one that is taken away is gone at once.
    """

    def __init__(self, caller: Caller, registry: Registry) -> None:
        self._caller = caller
        self._registry = registry
        self.known: Actor | None = None

    def actor(self) -> Actor:
        """Return the caller with their roles.

        Raises:
            Unauthenticated: the registry does not know them.
        """
        if self.known is None:
            self.known = self._caller.actor(self._registry)
        return self.known


class Authenticated:
    """Lets no answer leave before it is known who sent the request. New routes need not remember to ask."""

    def __init__(self, app: ASGIApp, authentication: Authentication, registry: Registry) -> None:
        self._app = app
        self._authentication = authentication
        self._registry = registry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with its `Sender` in `request.state.sender`, or answer 401."""
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        refused = False

        async def refuse(error: Exception) -> None:
            refusal = _refusal(error)
            state["code"] = refusal.code
            await refusal(scope, receive, send)

        async def sending(message: Message) -> None:
            nonlocal refused
            if sender.known is None and not refused:  # no route has asked
                try:
                    await anyio.to_thread.run_sync(sender.actor)
                except _REFUSED as error:
                    refused = True
                    await refuse(error)
            if not refused:
                await send(message)

        try:
            caller = await self._authentication.caller(Headers(scope=scope))
            sender = state["sender"] = Sender(caller, self._registry)
            await self._app(scope, receive, sending)
        except _REFUSED as error:
            await refuse(error)


_REFUSED = (Unauthenticated, Unavailable, SQLAlchemyError)


def _refusal(error: Exception) -> problems.ProblemAnswer:
    if isinstance(error, Unauthenticated):
        return problems.plain(401, "MDK570", str(error), headers={"WWW-Authenticate": "Bearer"})
    if isinstance(error, SQLAlchemyError):
        return problems.from_database(error)
    return problems.plain(503, "MDK576", str(error), "Try again.", {"Retry-After": "5"})


class Bounded:
    """Refuses bodies that are longer than any request of the registry has to be."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count what it reads."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = LONG_BODIES.get(scope["path"], BODY)
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or int(announced) > limit:
            await _too_long(limit)(scope, receive, send)
            return
        await self._app(scope, _counted(receive, limit), send)


def _counted(receive: Receive, limit: int) -> Callable[[], Awaitable[Message]]:
    read = 0

    async def counting() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise HTTPException(413, f"the body is longer than {limit} bytes")
        return message

    return counting


def _too_long(limit: int) -> problems.ProblemAnswer:
    return problems.plain(413, "MDK574", f"the body is longer than {limit} bytes")


def _template(scope: Scope) -> str:
    """Return the path with its variables unnamed: there are as many as routes."""
    return getattr(scope.get("route"), "path", "unmatched")
