"""The registry's own HTTP interface, carried out on the project's registry: the browser never has its token.

Paths, arguments, bodies and answers are those of `/api/v1`. What gives out secrets or whole registries, `/tokens`,
`/export` and `/import`, is left to the terminal.
"""

from __future__ import annotations

import functools
import inspect
import re
import threading
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model
from tornado.web import authenticated

from mdk_converters.findings import Finding
from mdk_jupyter.errors import ServiceError
from mdk_jupyter.registry.connecting import Home, connect, find_home
from mdk_jupyter.registry.domain import ENVIRONMENTS
from mdk_jupyter.registry.errors import ConflictError, InvalidError
from mdk_jupyter.registry.face import RegistryFace
from mdk_jupyter.server.base import MDKHandler, json_object, unreadable
from mdk_jupyter.server.models import RegistryEvent

Given = dict[str, Any]
GUARDED = ENVIRONMENTS[-1]  # whose changes must say on which state they are based
_SEVERAL = {"label": "labels", "metric": "metrics"}  # arguments that may be repeated, by what they are to the registry

_JUPYTERS = ("token", "no_track_activity", "_xsrf")  # what Jupyter adds, besides a number against caches


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the interface. `call` names the method of `RegistryFace` that takes what is given."""

    verb: str
    path: str
    call: str
    status: int = 200
    shaped: Callable[[Given], Given] = dict  # what is given, as the method takes it
    changes: str | None = None  # what is given names the environment that this changes, whose revision counts
    news: str = ""  # what the registry's own events call the change


def _search(given: Given) -> Given:
    page: Given = {name: given.pop(name) for name in ("cursor", "limit") if name in given}
    return {"query": given, **page}


def _lineage(given: Given) -> Given:
    if ("reference" in given) == ("dataset" in given):
        raise InvalidError("MDK572", "the lineage is that of a `reference` or of a `dataset`: one of them")
    dataset = given.pop("dataset", None)
    return given if dataset is None else {**given, "reference": dataset}


def _policy(given: Given) -> Given:
    reason = given.pop("reason", None)
    return {"policy": given, "reason": reason}


_MODEL = "/models/{name}"
_VERSION = f"{_MODEL}/versions/{{version}}"
_CHAMPION = f"{_MODEL}/champions/{{environment}}"

ROUTES = (
    Route("GET", "/models", "models"),
    Route("GET", _MODEL, "model"),
    Route("GET", f"{_MODEL}/versions", "versions"),
    Route("POST", f"{_MODEL}/versions", "register", 201, news="version.registered"),
    Route("GET", _VERSION, "version"),
    Route("PATCH", _VERSION, "annotate", news="version.annotated"),
    Route("GET", "/versions", "search", shaped=_search),
    Route("GET", "/compare", "compare"),
    Route("GET", "/lineage", "lineage", shaped=_lineage),
    Route("GET", "/costs", "costs"),
    Route("GET", _CHAMPION, "champion"),
    Route("PUT", _CHAMPION, "publish", changes="environment", news="champion.changed"),
    Route("POST", f"{_CHAMPION}/rollback", "rollback", changes="environment", news="champion.changed"),
    Route(
        "PUT",
        f"{_MODEL}/challengers/{{environment}}",
        "set_challengers",
        changes="environment",
        news="challengers.changed",
    ),
    Route("GET", f"{_MODEL}/deployments", "deployments"),
    Route("PUT", f"{_MODEL}/deployments/{{environment}}", "report_deployment", news="deployment.reported"),
    Route("GET", f"{_VERSION}/plan", "plan_promotion"),
    Route("POST", f"{_VERSION}/promote", "promote", changes="to", news="version.promoted"),
    Route("POST", f"{_VERSION}/quarantine", "quarantine", news="version.quarantined"),
    Route("POST", f"{_VERSION}/unquarantine", "unquarantine", news="version.unquarantined"),
    Route("POST", f"{_VERSION}/archive", "archive", news="version.archived"),
    Route("GET", f"{_VERSION}/approvals", "approvals"),
    Route("POST", f"{_VERSION}/approvals", "approve", 201, news="version.approved"),
    Route("GET", f"{_MODEL}/history", "history"),
    Route("GET", "/verify", "verify"),
    Route("GET", "/events", "events"),
    Route("GET", "/policies/{environment}", "policy"),
    Route("PUT", "/policies/{environment}", "set_policy", shaped=_policy, news="policy.changed"),
    Route("GET", "/grants", "grants"),
    Route("POST", "/grants", "grant", 201, news="grant.given"),
    Route("DELETE", "/grants", "revoke", 204, news="grant.taken"),
)


class Registries:
    """The registries of the projects below the server's root, each opened once. Called in threads."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._faces: dict[Home, RegistryFace] = {}

    def of(self, folder: Path) -> RegistryFace:
        """Return the registry of the project around a folder.

        Raises:
            ServiceError: it cannot be opened (MDK550).
            ProjectError: mdk.yaml cannot be read.
        """
        home = find_home(folder)
        with self._lock:
            known = self._faces.get(home)
        if known is not None:
            return known
        opened = connect(home, timeout=self._seconds)  # others need not wait for it
        with self._lock:
            return self._faces.setdefault(home, opened)

    def in_use(self) -> list[RegistryFace]:
        """Return those that were asked for."""
        with self._lock:
            return list(self._faces.values())

    def carry_out(self, folder: Path, route: Route, given: Given) -> Any:
        """Call the registry's method with what is given.

        Raises:
            UsageError: something is missing, unknown or of the wrong type (MDK382).
            RegistryError: the registry refused.
            ServiceError: the registry is away.
        """
        kind, _ = _described(route.call)
        try:
            asked = kind.model_validate(given)
        except ValidationError as error:
            raise unreadable(error) from None
        arguments = {name: getattr(asked, name) for name in asked.model_fields_set}
        with reaching():
            return getattr(self.of(folder), route.call)(**arguments)


@contextmanager
def reaching() -> Iterator[None]:
    """Turn what a database says while it is used into errors of the registry, as its own server does.

    Raises:
        ServiceError: it cannot be reached (MDK576).
        InvalidError: it does not take a value (MDK572).
    """
    from sqlalchemy import exc

    try:
        yield
    except (exc.DataError, UnicodeEncodeError):
        raise InvalidError("MDK572", "a value cannot be stored: it is too large, or no text") from None
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
        message = (
            f"the registry's database cannot be reached ({type(error).__name__}); a change may have happened or not"
        )
        raise ServiceError([Finding("MDK576", message, fix="try again")]) from None


class RegistryHandler(MDKHandler):
    """All routes with one path."""

    def initialize(self, routes: Mapping[str, Route]) -> None:
        """Take the routes by their verbs."""
        self._routes = routes

    @authenticated
    @authorized
    async def get(self, **parts: str) -> None:
        """Read."""
        await self._carry_out(parts)

    @authenticated
    @authorized
    async def post(self, **parts: str) -> None:
        """Do something."""
        await self._carry_out(parts)

    @authenticated
    @authorized
    async def put(self, **parts: str) -> None:
        """Set something."""
        await self._carry_out(parts)

    @authenticated
    @authorized
    async def patch(self, **parts: str) -> None:
        """Change a part of something."""
        await self._carry_out(parts)

    @authenticated
    @authorized
    async def delete(self, **parts: str) -> None:
        """Take something away."""
        await self._carry_out(parts)

    async def _carry_out(self, parts: dict[str, str]) -> None:
        route = self.route_for(self._routes)
        query = self._query()
        folder = self.parts.places.folder(query.pop("project_path", ""))
        body: Given = json_object(self.request.body) if self.request.body else {}
        given = _joined(body, query, parts)
        given = route.shaped(_with_reference(route, given)) | self._based_on(route, given)
        model, environment = parts.get("name", ""), given.get(route.changes or "environment")
        found = await self.parts.registry.do(self.parts.registries.carry_out, folder, route, given, service="registry")
        if route.news:
            self.parts.bus.registry(RegistryEvent(model=model, environment=environment, action=route.news))
        self._send(route, found)

    def _query(self) -> Given:
        names = [name for name in self.request.query_arguments if name not in _JUPYTERS and not name.isdecimal()]
        found: Given = {name: self.get_query_argument(name) for name in names}
        for name, several in _SEVERAL.items():
            if name in found:
                values = self.get_query_arguments(name)
                found[several] = _pairs(values) if name == "label" else values
                del found[name]
        return found

    def _based_on(self, route: Route, given: Given) -> Given:
        headers = self.request.headers
        found: Given = {}
        if (key := headers.get("Idempotency-Key")) and "idempotency_key" in _described(route.call)[0].model_fields:
            found["idempotency_key"] = key
        if route.changes is not None:
            revision = _revision(headers.get("If-Match"), str(given.get(route.changes)))
            found |= {"expected_revision": revision} if revision is not None else {}
        return found

    def _send(self, route: Route, found: Any) -> None:
        self.set_status(route.status)
        revision = getattr(found, "revision", None)
        if revision is not None:
            self.tag = f'"{revision}"'
            if route.verb != "GET":
                self.set_header("ETag", self.tag)
        if route.status == 204:
            self.finish()
            return
        self.set_header("Content-Type", "application/json")
        self.finish(_described(route.call)[1].dump_json(found))


@functools.cache
def _described(call: str) -> tuple[type[BaseModel], TypeAdapter[Any]]:
    """Return what a method of the registry takes, as a model, and what it gives."""
    method = getattr(RegistryFace, call)
    hints = typing.get_type_hints(method)
    gives = hints.pop("return")
    defaults = inspect.signature(method).parameters
    fields: Any = {
        name: (hint, ... if defaults[name].default is inspect.Parameter.empty else defaults[name].default)
        for name, hint in hints.items()
    }
    return create_model(call, __config__=ConfigDict(extra="forbid"), **fields), TypeAdapter(gives)


def _joined(*parts: Given) -> Given:
    """Put the body, the query and the path together.

    Raises:
        InvalidError: two of them say different things (MDK572).
    """
    found: Given = {}
    for part in parts:
        for name, value in part.items():
            if found.setdefault(name, value) != value:
                raise InvalidError("MDK572", f"`{name}` is given twice, and differs")
    return found


def _with_reference(route: Route, given: Given) -> Given:
    """Put a model's name and a version together, where the method takes both as one."""
    if "version" not in given or "reference" not in _described(route.call)[0].model_fields:
        return given
    name, version = given.pop("name", ""), str(given.pop("version"))
    return {**given, "reference": f"{name}/{version}" if version[:1].isdigit() else f"{name}@{version}"}


def _revision(if_match: str | None, environment: str) -> int | None:
    """Return the revision that a change is based on.

    Raises:
        ConflictError: the environment needs it (MDK571).
        InvalidError: the header cannot be read (MDK572).
    """
    if if_match is None:
        if environment == GUARDED:
            fix = 'Ask for the plan or the champion, and send its revision: `If-Match: "17"`.'
            raise ConflictError("MDK571", f"a change of {environment} must say which state it is based on", fix)
        return None
    match = re.fullmatch(r'"(\d{1,15})"', if_match)
    if match is None:
        raise InvalidError("MDK572", "`If-Match` is not a revision", 'Write it like `If-Match: "17"`.')
    return int(match[1])


def _pairs(texts: list[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise InvalidError("MDK572", "`label` is not `key=value`", "Write it like `label=team=forecasting`.")
        found[key] = value
    return found


def _handlers() -> list[tuple[str, type[MDKHandler], dict[str, Any]]]:
    """Return a handler for each path."""
    by_path: dict[str, dict[str, Route]] = {}
    for route in ROUTES:
        by_path.setdefault(route.path, {})[route.verb] = route
    return [
        (r"/mdk/registry" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path), RegistryHandler, {"routes": routes})
        for path, routes in by_path.items()
    ]


HANDLERS = _handlers()
