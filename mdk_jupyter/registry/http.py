"""Requests to a registry's server: time limits, retries where they are safe, and its errors as exceptions."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import TypeAdapter, ValidationError

from mdk_converters.findings import Finding, MDKError
from mdk_jupyter._version import __version__
from mdk_jupyter.errors import ServiceError, UsageError
from mdk_jupyter.registry import errors
from mdk_jupyter.registry.credentials import Credentials
from mdk_jupyter.registry.domain import GateResult

PAUSES = (0.2, 0.6, 1.8)  # seconds before each further try, up to half as much again
_LONGEST_PAUSE = 20.0  # seconds that a server may ask for
_TRY_AGAIN = frozenset([429, 502, 503, 504])
_LOOPBACK = frozenset(["localhost", "127.0.0.1", "::1", "testserver"])

T = TypeVar("T")


class Connection:
    """One server. A request is tried again when nothing was sent, and otherwise only if it has one effect."""

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        *,
        timeout: float = 30.0,  # seconds
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self._credentials = credentials
        self._sleep = sleep
        self._client = httpx.Client(
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
            transport=transport,
            headers={"User-Agent": f"mdk-jupyter/{__version__}", "Accept": "application/json"},
        )

    def close(self) -> None:
        self._client.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content: Iterable[bytes] | None = None,
        revision: int | None = None,
        key: str | None = None,
        repeatable: bool = False,
    ) -> httpx.Response:
        """Send a request and return the answer, which is one of success.

        `key` is the idempotency key: the request has one effect, however often it is sent. `repeatable` says so of
        a request by its nature; reading always is.

        Raises:
            RegistryError: the registry refused.
            ServiceError: the server could not be reached, or failed (MDK550).
            UsageError: there is no token where one is asked for, or it would travel in the open (MDK551).
        """
        headers = {}
        if revision is not None:
            headers["If-Match"] = f'"{revision}"'
        if key is not None:
            headers["Idempotency-Key"] = key
        data = content
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = [json.dumps(body, ensure_ascii=False).encode()]
        elif content is not None:
            headers["Content-Type"] = "application/x-ndjson"
        may_repeat = (method == "GET" or key is not None or repeatable) and content is None
        given = _query(query or {})
        renewed = False
        attempt = 0
        while True:
            pause = PAUSES[attempt] * random.uniform(1, 1.5) if attempt < len(PAUSES) else None  # noqa: S311
            attempt += 1
            try:
                answer = self._client.request(
                    method,
                    f"{self.url}/api/v1{path}",
                    params=given,
                    content=b"".join(data) if data is not None else None,
                    headers={**headers, **self._authorization()},
                )
            except httpx.TransportError as error:
                unsent = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
                if pause is None or not (may_repeat or unsent):
                    raise self._unreachable(f"{type(error).__name__}: {error}") from None
                self._sleep(pause)
                continue
            if answer.status_code == 401 and not renewed and content is None and self._credentials.renew():
                renewed = True
                continue
            if answer.status_code in _TRY_AGAIN and may_repeat and pause is not None:
                self._sleep(_asked_for(answer) or pause)
                continue
            if answer.is_success:
                return answer
            raise self._problem(answer)

    def _authorization(self) -> dict[str, str]:
        token = self._credentials.current()
        if not token:
            return {}
        parts = urlsplit(self.url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            message = f"the token for {self.url} would travel unencrypted"
            raise UsageError([Finding("MDK551", message, fix="use the https:// address of the registry")])
        return {"Authorization": f"Bearer {token}"}

    def _unreachable(self, why: str) -> ServiceError:
        message = f"the registry {self.url} cannot be reached: {why}"
        fix = "check the address in mdk.yaml (registry: {url: …}), the network, and that the server runs"
        return ServiceError([Finding("MDK550", message, fix=fix)])

    def _problem(self, answer: httpx.Response) -> MDKError:
        try:
            told = answer.json()
            code, message = str(told["code"]), str(told.get("detail") or told.get("title"))
        except (ValueError, KeyError, TypeError, AttributeError):
            return self._unreachable(f"it answered {answer.status_code} {answer.reason_phrase}, and nothing readable")
        try:
            first = (told.get("findings") or [{}])[0]
            return _error(answer.status_code, code, message, first, told)
        except (TypeError, ValueError, AttributeError, KeyError, IndexError):
            return errors.RegistryError(code, message)


def new_key() -> str:
    """Return a key for a write that has none: it makes trying again safe."""
    return str(uuid.uuid4())


_BY_CODE: tuple[tuple[range, type[errors.RegistryError]], ...] = (
    (range(500, 510), errors.NotFoundError),
    (range(510, 520), errors.ConflictError),
    (range(520, 530), errors.RefusedError),
    (range(530, 540), errors.ForbiddenError),
    (range(540, 550), errors.InvalidError),
)
_BY_STATUS: dict[int, type[errors.RegistryError]] = {
    400: errors.InvalidError,
    401: errors.ForbiddenError,
    403: errors.ForbiddenError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    422: errors.InvalidError,
    428: errors.ConflictError,
}


def _error(status: int, code: str, message: str, first: Mapping[str, Any], told: Mapping[str, Any]) -> MDKError:
    """Return the exception that the service raised on the other side."""
    message, fix = str(first.get("message") or message), str(first.get("fix") or "")
    number = int(code.removeprefix("MDK")) if code.removeprefix("MDK").isdigit() else 0
    if status >= 500:
        return ServiceError([Finding(code, message, fix=fix)])
    if number == 510 and told.get("revision") is not None:
        return errors.StaleError(code, message, fix, revision=int(told["revision"]))
    kind = next((kind for codes, kind in _BY_CODE if number in codes), None) or _BY_STATUS.get(status)
    if kind is errors.RefusedError:
        gates = TypeAdapter(tuple[GateResult, ...]).validate_python(told.get("gates") or ())
        return errors.RefusedError(code, message, fix, gates=gates)
    return (kind or errors.RegistryError)(code, message, fix, names=tuple(first.get("names") or ()))


def parsed(answer: httpx.Response, kind: type[T]) -> T:
    """Return what an answer says, as `kind`.

    Raises:
        ServiceError: it says something else (MDK550).
    """
    try:
        return TypeAdapter(kind).validate_json(answer.content)
    except ValidationError as error:
        message = f"the answer of {answer.url} is not understood: {error.errors()[0]['msg']}"
        fix = "use the same version of mdk-jupyter as the server"
        raise ServiceError([Finding("MDK550", message, fix=fix)]) from None


def _query(given: Mapping[str, Any]) -> httpx.QueryParams:
    pairs: list[tuple[str, str | int | float | bool | None]] = []
    for name, value in given.items():
        values = value if isinstance(value, (list, tuple)) else [value]
        pairs += [(name, str(one)) for one in values if one is not None]
    return httpx.QueryParams(pairs)


def _asked_for(answer: httpx.Response) -> float | None:
    """Return the seconds that the server asks to wait."""
    text = answer.headers.get("Retry-After", "")
    return min(float(text), _LONGEST_PAUSE) if text.isdigit() else None
