"""Routes whose work is done in one trip to a thread: finding out who calls, carrying it out, writing the answer."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any, TypeVar

import anyio
from fastapi import FastAPI, Response
from pydantic import TypeAdapter

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Routes:
    """The routes of one subject. Their functions are plain ones, or coroutines where they read the body themselves.

    They are added to the application one by one: routers that include each other are searched twice for each request.
    What a function returns is of the class that it declares, so it is not validated once more. Headers that it sets on
    its parameter `response` are kept, and its parameter `caller` is looked up before it runs.
    """

    def __init__(self, app: FastAPI, tag: str, prefix: str = "") -> None:
        self._app = app
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
            answer: Callable[..., Any]
            if inspect.iscoroutinefunction(endpoint):
                answer = _awaited(endpoint)
            else:
                status = options.get("status_code", 200)
                kind = options.setdefault("response_model", typing.get_type_hints(endpoint)["return"])
                if isinstance(kind, type) and issubclass(kind, Response | None):
                    options["response_model"] = None
                    answer = _answered(endpoint, None, status)
                else:
                    answer = _answered(endpoint, TypeAdapter(kind), status)
            self._app.add_api_route(self._prefix + path, answer, methods=[method], tags=[self._tag], **options)
            return endpoint

        return add


def _answered(endpoint: Callable[..., Any], adapter: TypeAdapter[Any] | None, status: int) -> Callable[..., Any]:
    """Return the coroutine that sends a function to a thread; it comes back with bytes."""

    def work(given: dict[str, Any]) -> Response:
        if "caller" in given:
            given["caller"] = given["caller"].actor()
        found = endpoint(**given)
        if isinstance(found, Response):
            return found
        content = None if adapter is None else adapter.dump_json(found)
        written = Response(content, status, media_type="application/json" if content else None)
        if "response" in given:
            written.headers.update(given["response"].headers)
        return written

    @functools.wraps(endpoint)
    async def answer(**given: Any) -> Response:
        return await anyio.to_thread.run_sync(work, given)

    return answer


def _awaited(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(endpoint)
    async def answer(**given: Any) -> Any:
        if "caller" in given:
            given["caller"] = await anyio.to_thread.run_sync(given["caller"].actor)
        return await endpoint(**given)

    return answer
