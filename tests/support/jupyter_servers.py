"""A Jupyter server with the extension, in the process of the test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from mdk_jupyter.local.events import ENDED

Fetch = Callable[..., Awaitable[Any]]

CONFIG: dict[str, Any] = {
    "ServerApp": {"jpserver_extensions": {"mdk_jupyter": True}, "allow_unauthenticated_access": False}
}
FLOW = [
    ("parameters", "rate = 0.5\nsteps = 3"),
    ("component:load", "rows = list(range(steps))"),
    ("component:train", "model = sum(rows) * rate\nprint('trained', model)"),
    ("component:report metric:score", "score = model + 1"),
]


class Client:
    """Asks the server, with the token."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def get(self, path: str, /, **query: Any) -> Any:
        return await self._ask(path, "GET", params=query)

    async def post(self, path: str, body: Any, /, **query: Any) -> Any:
        return await self._ask(path, "POST", body=json.dumps(body), params=query)

    async def patch(self, path: str, body: Any) -> Any:
        return await self._ask(path, "PATCH", body=json.dumps(body))

    async def put(self, path: str, body: Any, **headers: str) -> Any:
        return await self._ask(path, "PUT", body=json.dumps(body), headers=headers)

    async def delete(self, path: str, /, **query: Any) -> Any:
        return await self._ask(path, "DELETE", params=query)

    async def refused(self, status: int, asked: Awaitable[Any]) -> Any:
        """Return the body of an answer that is an error."""
        from tornado.httpclient import HTTPClientError

        try:
            given = await asked
        except HTTPClientError as error:
            assert error.response is not None
            content = json.loads(error.response.body)
            assert error.code == status, content
            return content
        raise AssertionError(f"not refused: {given}")

    async def _ask(self, path: str, method: str, **options: Any) -> Any:
        pairs = options.pop("params", {}).items()
        options["params"] = [
            (name, one) for name, value in pairs for one in (value if isinstance(value, list) else [value])
        ]
        answer = await self._fetch("mdk", *path.split("/"), method=method, request_timeout=120, **options)
        return json.loads(answer.body) if answer.body else None


def notebook(*cells: tuple[str, str]) -> dict[str, Any]:
    """Return a notebook from (tags, source); ids are c1, c2, …"""
    return {
        "cells": [
            {"cell_type": "code", "id": f"c{n}", "metadata": {"tags": tags.split()}, "source": source, "outputs": [], "execution_count": None}
            for n, (tags, source) in enumerate(cells, 1)
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }  # fmt: skip


def write(path: Path, *cells: tuple[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook(*cells)))
    return path


class Heard:
    """What is said on the bus under one schema."""

    def __init__(self, app: Any, schema: str) -> None:
        self.events: list[dict[str, Any]] = []
        app.event_logger.add_listener(schema_id=schema, listener=self._listen)

    async def _listen(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        self.events.append(data)

    async def until(self, found: Callable[[list[dict[str, Any]]], bool], patience: float = 60) -> list[dict[str, Any]]:
        """Wait until what was said so far is as wanted; return it."""
        async with asyncio.timeout(patience):
            while not found(self.events):
                await asyncio.sleep(0.02)
        return self.events


async def begin(app: Any) -> None:
    """What a server does when its event loop begins to run."""
    await app.extension_manager.start_all_extensions()


def ended(events: list[dict[str, Any]]) -> bool:
    """Whether a run has ended."""
    return any(e["event"]["kind"] == "run" and e["event"]["state"] in ENDED for e in events)
