"""Routes whose answers are written in the thread that worked them out."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response
from pydantic import TypeAdapter


class Routes(APIRouter):
    """A router of plain functions.

    What they return is of the class that they declare, so it is not validated once more, and turning it into JSON
    takes no further trip to a thread. Headers that they set on their parameter `response` are kept.
    """

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Add a route; see `APIRouter.add_api_route`."""
        if not inspect.iscoroutinefunction(endpoint) and options.get("status_code") != 204:
            kind = options.get("response_model")
            if not isinstance(kind, type):
                kind = typing.get_type_hints(endpoint)["return"]
            if not (isinstance(kind, type) and issubclass(kind, Response)):
                options["response_model"] = kind
                endpoint = _written(endpoint, TypeAdapter(kind), options.get("status_code") or 200)
        super().add_api_route(path, endpoint, **options)


def _written(endpoint: Callable[..., Any], adapter: TypeAdapter[Any], status: int) -> Callable[..., Response]:
    @functools.wraps(endpoint)
    def answer(**given: Any) -> Response:
        found = endpoint(**given)
        if isinstance(found, Response):
            return found
        written = Response(adapter.dump_json(found), status, media_type="application/json")
        if "response" in given:
            written.headers.update(given["response"].headers)
        return written

    return answer
