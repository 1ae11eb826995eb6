"""Faults on demand: what a service answers on a bad day, for the next few calls of a route."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from mdk_jupyter.standin.answers import Refused, refusal

VARIABLE = "MDK_STANDIN_FAULTS"  # a JSON list of faults, for the start of the server
DROP = "drop"  # of a connection's state: the function that drops it
_MESSAGES = {
    401: "Request had invalid authentication credentials.",
    403: "Permission denied on the resource (or it may not exist).",
    429: "Quota exceeded for requests per minute.",
    500: "Internal error encountered.",
    503: "The service is currently unavailable.",
}


@dataclass
class Fault:
    """A fault of the next `times` calls of a route.

    `status` is an HTTP status, or 0: the connection is dropped without an answer.
    """

    path: str  # a regular expression that the whole path matches
    status: int
    times: int = 1
    method: str = ""  # any
    message: str = ""
    retry_after: int | None = None  # seconds

    def hits(self, method: str, path: str) -> bool:
        """Whether a call has this fault."""
        return self.times > 0 and self.method in {"", method} and re.fullmatch(self.path, path) is not None


class Faults:
    """The faults still to come.

    Raises:
        Refused, ValueError: those in the environment variable cannot be read.
    """

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        given = json.loads(os.environ.get(VARIABLE) or "[]")
        if not isinstance(given, list):
            raise ValueError("it is no list")
        for document in given:
            self.add(document)

    def add(self, document: dict[str, Any]) -> None:
        """Take on a fault.

        Raises:
            Refused: it cannot be understood.
        """
        try:
            fault = Fault(**document)
            re.compile(fault.path)
        except (TypeError, re.error) as error:
            raise Refused(400, f"The fault cannot be understood: {error}") from None
        self._waiting.append(fault)

    def clear(self) -> None:
        """Forget all faults."""
        self._waiting.clear()

    def documents(self) -> list[dict[str, Any]]:
        """Return the faults still to come."""
        return [asdict(fault) for fault in self._waiting]

    def next(self, method: str, path: str) -> Fault | None:
        """Return the fault of a call, which is thereby used up."""
        for fault in self._waiting:
            if fault.hits(method, path):
                fault.times -= 1
                self._waiting = [fault for fault in self._waiting if fault.times > 0]
                return fault
        return None


class FaultyService:
    """Answers with a fault where one waits; all else goes to the service behind."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        path = str(scope.get("path", ""))
        own = scope["type"] != "http" or path.startswith("/standin/")
        fault = None if own else self._faults.next(scope["method"], path)
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.status == 0:
            scope["state"][DROP]()
            while (await receive())["type"] != "http.disconnect":
                pass
        else:
            message = fault.message or _MESSAGES.get(fault.status, "A fault on demand.")
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            await refusal(fault.status, message, headers=headers)(scope, receive, send)
