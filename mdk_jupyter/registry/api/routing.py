"""Routes whose work is done in one trip to a thread: finding out who calls, carrying it out, writing the answer."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import anyio
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.requests import ClientDisconnect

from mdk_jupyter.registry.api.asking import Asked

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Routes:
    """The routes of one subject. Their functions are plain ones, or coroutines where they read the body themselves.

    They are added to the application one by one: routers that include each other are searched twice for each request.
    What a function returns is of the class that it declares, so it is not validated once more. Headers that it sets on
    its parameter `response` are kept, and its parameter `caller` is looked up before it runs.
    """

    def __init__(self, app: FastAPI, tag: str, prefix: str = "") -> None:
        self._router = app.router
        self._tag = tag
        self._prefix = prefix

    def get(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Answer GET; `options` are those of `FastAPI.get`."""
        return self._adding("GET", path, options)

    def post(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Answer POST."""
        return self._adding("POST", path, options)

    def put(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Answer PUT."""
        return self._adding("PUT", path, options)

    def patch(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Answer PATCH."""
        return self._adding("PATCH", path, options)

    def delete(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Answer DELETE."""
        return self._adding("DELETE", path, options)

    def _adding(self, method: str, path: str, options: dict[str, Any]) -> Callable[[Endpoint], Endpoint]:
        def add(endpoint: Endpoint) -> Endpoint:
            if inspect.iscoroutinefunction(endpoint):
                answer, kind = _awaited(endpoint), APIRoute
            else:
                answer, kind = endpoint, _InThread
                returned = options.setdefault("response_model", typing.get_type_hints(endpoint)["return"])
                if isinstance(returned, type) and issubclass(returned, Response | None):
                    options["response_model"] = None
            self._router.add_api_route(
                self._prefix + path,
                answer,
                methods=[method],
                tags=[self._tag],
                route_class_override=kind,
                **options,
            )
            return endpoint

        return add


class _InThread(APIRoute):
    """A route that is sent to a thread as soon as the body is there; it comes back with bytes."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        asked = Asked(self)
        work = self._work(asked)

        async def answer(request: Request) -> Response:
            content = await _body(request) if asked.has_body else b""
            return await anyio.to_thread.run_sync(work, request, content)

        return answer

    def _work(self, asked: Asked) -> Callable[[Request, bytes], Response]:
        takes, endpoint, status = inspect.signature(self.endpoint).parameters, self.endpoint, self.status_code or 200
        adapter = None if self.response_model is None else TypeAdapter[Any](self.response_model)

        def work(request: Request, content: bytes) -> Response:
            given: dict[str, Any] = {}
            if "caller" in takes:  # strangers are not told what is wrong with their requests
                given["caller"] = request.state.sender.actor()
            given.update(asked.read(request, content))
            if "request" in takes:
                given["request"] = request
            if "response" in takes:
                given["response"] = Response()
                del given["response"].headers["content-length"]
            found = endpoint(**given)
            if isinstance(found, Response):
                return found
            text = None if adapter is None else adapter.dump_json(found)
            written = Response(text, status, media_type="application/json" if text else None)
            if "response" in takes:
                written.headers.update(given["response"].headers)
            return written

        return work


async def _body(request: Request) -> bytes:
    try:
        return await request.body()
    except ClientDisconnect:
        raise HTTPException(400, "the body broke off") from None


def _awaited(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(endpoint)
    async def answer(**given: Any) -> Any:
        if "caller" in given:
            given["caller"] = await anyio.to_thread.run_sync(given["caller"].actor)
        return await endpoint(**given)

    return answer
