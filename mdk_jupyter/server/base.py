"""What all handlers share: who may ask, how large a request may be, and how errors become answers."""

from __future__ import annotations

import http
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from pydantic import BaseModel, ValidationError
from tornado.web import HTTPError, authenticated

from mdk_converters.findings import Finding, MDKError
from mdk_jupyter import errors
from mdk_jupyter.registry import errors as registry_errors
from mdk_jupyter.server.findings import shown
from mdk_jupyter.server.models import Asked, Problem
from mdk_jupyter.server.workers import AwayError

if TYPE_CHECKING:
    from mdk_jupyter.server.parts import Parts

A = TypeVar("A", bound=Asked)
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])

reading = cast(Callable[[F], F], authorized(action="read"))
"""For routes that only read, whatever the method: whoever may read may use them."""

_STATUSES: tuple[tuple[type[MDKError], int], ...] = (  # the first that fits
    (registry_errors.StaleError, 412),
    (registry_errors.ConflictError, 409),
    (registry_errors.NotFoundError, 404),
    (registry_errors.ForbiddenError, 403),
    (errors.ServiceError, 503),
    (errors.NotFoundError, 404),
    (errors.UsageError, 400),
    (errors.StoreError, 500),
    (MDKError, 422),
)
_UNBASED = "MDK571"  # a change that does not say which state it is based on
_SERVICES = ("registry", "vertex", "kfp")


class MDKHandler(APIHandler):
    """A route below /mdk. Every method is `@authenticated` and, inside of that, `@authorized`."""

    auth_resource = "mdk"
    tag: str | None = None  # of the answer; a reader who has it already gets 304

    @property
    def parts(self) -> Parts:
        """What the extension consists of."""
        found: Parts = self.settings["mdk"]
        return found

    async def prepare(self) -> None:  # type: ignore[override]  # as in APIHandler
        """Refuse bodies that are too large, after those who may not ask."""
        await super().prepare()
        if len(self.request.body) > self.parts.largest:
            raise HTTPError(413, f"the request has more than {self.parts.largest} bytes")

    def body(self, kind: type[A]) -> A:
        """Return what the request says.

        Raises:
            UsageError: it is not what the route takes (MDK382).
        """
        return read(kind, self.request.body or b"{}")

    def argument(self, name: str) -> str | None:
        """Return one argument of the query."""
        found: str | None = self.get_query_argument(name, None)
        return found

    def route_for(self, routes: Mapping[str, R]) -> R:
        """Return the one of `routes` for this request's method.

        Raises:
            HTTPError: there is none (405).
        """
        found = routes.get(self.request.method or "")
        if found is None:
            raise HTTPError(405)
        return found

    def needed(self, name: str) -> str:
        """Return an argument of the query that must be there.

        Raises:
            UsageError: it is not (MDK382).
        """
        found = self.argument(name)
        if found is None:
            raise errors.UsageError([Finding("MDK382", f"the request does not say {name}=", names=(name,))])
        return found

    def number(self, name: str, usual: int) -> int:
        """Return an argument of the query that is a whole number.

        Raises:
            UsageError: it is something else (MDK382).
        """
        text = self.argument(name) or str(usual)
        if not text.isdecimal():
            raise errors.UsageError([Finding("MDK382", f"{name}={text} is not a number", names=(name,))])
        return int(text)

    def answer(self, found: BaseModel, status: int = 200) -> None:
        """Send what was found."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(found.model_dump_json())

    def compute_etag(self) -> str | None:
        """Tags are revisions here; whatever has no revision has no tag."""
        return self.tag

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Give errors that the user can mend the status that says whose turn it is."""
        error = kwargs.get("exc_info", (None, None))[1]
        super().send_error(status_of(error) if isinstance(error, MDKError) else status_code, **kwargs)

    def log_exception(self, *about: Any) -> None:
        """Leave what the user can mend out of the log."""
        if not isinstance(about[1], MDKError):
            super().log_exception(*about)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say what is wrong, as a `Problem`."""
        error = kwargs.get("exc_info", (None, None))[1]
        self.set_header("Content-Type", "application/json")
        self.finish(problem_of(error, status_code).model_dump_json())


class UnknownHandler(MDKHandler):
    """Whatever is no route."""

    @authenticated
    @reading
    async def get(self) -> None:
        """Say so."""
        raise HTTPError(404, "there is no such route")

    post = put = patch = delete = get


def read(kind: type[A], text: bytes) -> A:
    """Read the body of a request.

    Raises:
        UsageError: it is something else (MDK382).
    """
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise unreadable(error) from None


def json_object(text: bytes) -> dict[str, Any]:
    """Read a body that is a JSON object.

    Raises:
        UsageError: it is something else (MDK382).
    """
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise errors.UsageError([Finding("MDK382", "the body is not a JSON object")])
    return found


def unreadable(error: ValidationError) -> errors.UsageError:
    """Return what to say of a request whose parts are not what its route takes."""
    wrongs = error.errors(include_url=False, include_context=False, include_input=False)
    places = [(".".join(str(part) for part in wrong["loc"]), wrong["msg"]) for wrong in wrongs[:20]]
    return errors.UsageError(
        Finding(
            "MDK382",
            f"{where}: {what}" if where else what,
            fix="reload the page if it sent this by itself",
            names=(where,),
        )
        for where, what in places
    )


def status_of(error: MDKError) -> int:
    """Return the HTTP status of an error."""
    if error.code == _UNBASED:
        return 428
    return next(status for kind, status in _STATUSES if isinstance(error, kind))


def problem_of(error: BaseException | None, status: int) -> Problem:
    """Return the body of the answer to an error. What is no error of the user's is not told in detail."""
    if isinstance(error, MDKError):
        service = error.service if isinstance(error, AwayError) and error.service in _SERVICES else None
        return Problem(
            message="; ".join(finding.message for finding in error.findings),
            findings=shown(error.findings),
            gates=list(error.gates) if isinstance(error, registry_errors.RefusedError) else [],
            service=service,  # type: ignore[arg-type]  # it is one of them
            revision=error.revision if isinstance(error, registry_errors.StaleError) else None,
        )
    if isinstance(error, HTTPError) and error.log_message:
        return Problem(message=error.log_message)
    return Problem(message=http.HTTPStatus(status).phrase)
