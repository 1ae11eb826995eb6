"""What goes wrong between here and a service, as findings; and patience with what passes by itself."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from mdk_converters.findings import Finding
from mdk_jupyter.errors import ServiceError

PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)  # seconds before each new try
BUSY = (429, 503)
_PERMISSION = re.compile(
    r"\b([a-z]+\.[a-zA-Z]+\.[a-zA-Z]+)\b'? (?:permission|denied|access)|[Pp]ermission '?([a-z]+\.\w+\.\w+)"
)
_NETWORK = ("ConnectionError", "Timeout", "TimeoutError", "MaxRetryError", "TransportError", "ProtocolError", "NewConnectionError",
            "RetryError", "ReadTimeout", "ConnectTimeout")  # fmt: skip

T = TypeVar("T")


def patiently(call: Callable[[], T], pauses: tuple[float, ...] | None = None) -> T:
    """Call until it works, with pauses between; only what is worth another try is tried again.

    `call` must be one that may be repeated.
    """
    for pause in PAUSES if pauses is None else pauses:
        try:
            return call()
        except Exception as error:
            if not is_passing(error):
                raise
        time.sleep(pause)
    return call()


def is_passing(error: BaseException) -> bool:
    """Whether this may be over in a moment: too many requests, a service or connection that was lost."""
    return status_of(error) in BUSY or (status_of(error) is None and is_network(error))


def is_network(error: BaseException) -> bool:
    """Whether the service was not reached."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {*_NETWORK})


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status with which a service answered, None if it did not."""
    for name in ("code", "status"):
        found: Any = getattr(error, name, None)
        if isinstance(found, int) and 100 <= found < 600:
            return int(found)
    response = getattr(error, "response", None)
    found = getattr(response, "status_code", None)
    return found if isinstance(found, int) else None


@contextlib.contextmanager
def explained(service: str, doing: str) -> Iterator[None]:
    """Turn what client libraries raise into a `ServiceError` that says what to do.

    `doing` is what was to be done, such as "submit the pipeline".
    """
    try:
        yield
    except ServiceError:
        raise
    except Exception as error:
        finding = _finding(error, service, doing)
        if finding is None:
            raise
        raise ServiceError([finding]) from error


def _finding(error: Exception, service: str, doing: str) -> Finding | None:
    status, said = status_of(error), _said(error)
    kind = type(error).__name__
    again = "then repeat the command: it is safe to"
    if kind == "DefaultCredentialsError":
        fix = "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS"
        return Finding("MDK471", f"no Google credentials were found to {doing}", fix=fix)
    if kind in ("RefreshError", "InvalidOperation") or status == 401:  # or what cannot be renewed
        return Finding(
            "MDK472",
            f"{service} refuses the credentials, so this could not {doing}: {said}",
            fix=f"get new ones, {again}",
        )
    if status == 403:
        match = _PERMISSION.search(said)
        missing = (match[1] or match[2]) if match else ""
        needs = f"ask for a role with {missing}, {again}" if missing else f"ask for the role that this needs, {again}"
        return Finding(
            "MDK473", f"{service} does not let you {doing}: {said}", fix=needs, names=(missing,) if missing else ()
        )
    if status == 404:
        return Finding(
            "MDK477", f"{service} could not {doing}: {said}", fix="check names, project and region in mdk.yaml"
        )
    if status == 429:
        return Finding("MDK474", f"{service} has no quota left to {doing}: {said}", fix=f"wait a while, {again}")
    if status is not None and status < 500:
        return Finding("MDK476", f"{service} refuses to {doing}: {said}", fix="mend what it names")
    if status is not None or is_network(error):
        return Finding(
            "MDK475", f"{service} cannot be reached to {doing}: {said}", fix=f"check network and address, {again}"
        )
    return None


def _said(error: Exception) -> str:
    """Return a service's own words, on one line."""
    message = getattr(error, "message", None) or getattr(error, "body", None) or str(error)
    text = message.decode(errors="replace") if isinstance(message, bytes) else str(message)
    found = re.search(r'"message":\s*"((?:[^"\\]|\\.)*)"', text)
    return " ".join((found[1] if found else text).split())[:500]
