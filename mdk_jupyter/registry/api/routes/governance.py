"""History, rules, rights, and moving house."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Annotated

import anyio
from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import StreamingResponse

from mdk_jupyter.registry.api import PREFIX, requests
from mdk_jupyter.registry.api.bodies import Granting, MakingToken, Verifying
from mdk_jupyter.registry.api.problems import Refusal, declared
from mdk_jupyter.registry.api.requests import Caller, Cursor, EnvironmentName, Limit, ModelName
from mdk_jupyter.registry.api.routing import Routes
from mdk_jupyter.registry.api.spool import Spool
from mdk_jupyter.registry.domain import (
    Anchor,
    AuditRecord,
    CloudEvent,
    Environment,
    Grant,
    Imported,
    Name,
    Page,
    Policy,
    Role,
    Token,
    Verification,
)
from mdk_jupyter.registry.service import Registry

LINES = "application/x-ndjson"
_IN_MEMORY = 4 << 20  # bytes of an import; the rest waits in a file


def history(app: FastAPI, registry: Registry) -> None:
    """Add the routes of what has happened."""
    routes = Routes(app, "history", PREFIX)

    @routes.get("/models/{name}/history", responses=declared(404))
    def history(
        request: Request,
        response: Response,
        name: ModelName,
        caller: Caller,
        environment: Annotated[Environment | None, Query()] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[AuditRecord]:
        """List what happened to a model, the newest first."""
        page = registry.history(caller, name, environment=environment, cursor=cursor, limit=limit)
        requests.link(request, response, page)
        return page

    @routes.get("/verify", responses=declared(404))
    def verify(caller: Caller, name: Annotated[Name | None, Query()] = None) -> Verification:
        """Tell whether the history of a model, or of all, is what was written."""
        return registry.verify(caller, name)

    @routes.post("/verify", responses=declared(404))
    def verify_against(body: Verifying, caller: Caller) -> Verification:
        """Tell also whether it is what anchors were taken of: a history whose end was cut off is found by that."""
        return registry.verify(caller, body.name, anchors=body.anchors)

    @routes.get("/anchor")
    def anchor(caller: Caller) -> Anchor:
        """Give the ends of all histories, to be kept where the owner of the database cannot write."""
        return registry.anchor(caller)

    @routes.get("/events")
    def events(
        caller: Caller, after: Annotated[str | None, Query(max_length=200)] = None, limit: Limit = 100
    ) -> Page[CloudEvent]:
        """List changes, the oldest first. Ask again with `after=` the page's `next` for what comes later."""
        return registry.events(caller, after=after, limit=limit)


def rights(app: FastAPI, registry: Registry) -> None:
    """Add the routes of policies, grants and tokens."""
    routes = Routes(app, "rules and rights", PREFIX)

    @routes.get("/policies/{environment}")
    def policy(environment: EnvironmentName, caller: Caller, project: Annotated[Name | None, Query()] = None) -> Policy:
        """Show what it takes to become champion of an environment."""
        return registry.policy(caller, environment, project=project)

    @routes.put("/policies/{environment}", responses=declared(400))
    def set_policy(
        environment: EnvironmentName,
        body: Policy,
        caller: Caller,
        reason: Annotated[str | None, Query(max_length=2000)] = None,
    ) -> Policy:
        """Say what it takes. The policy of a project goes before that of all."""
        if body.environment != environment:
            raise Refusal(400, "MDK572", "the policy in the body is of another environment than the path's")
        return registry.set_policy(caller, body, reason=reason)

    @routes.get("/grants")
    def grants(caller: Caller, subject: Annotated[str | None, Query(max_length=300)] = None) -> list[Grant]:
        """List who has which role where."""
        return registry.grants(caller, subject)

    @routes.post("/grants", status_code=201, responses=declared(409))
    def grant(body: Granting, caller: Caller) -> Grant:
        """Give somebody a role."""
        return registry.grant(caller, body.subject, body.role, project=body.project, environment=body.environment)

    @routes.delete("/grants", status_code=204, responses=declared(404, 409))
    def revoke(
        subject: Annotated[str, Query(min_length=1, max_length=300)],
        role: Role,
        caller: Caller,
        project: Annotated[str, Query(max_length=128)] = "*",
        environment: Annotated[str, Query(max_length=32)] = "*",
    ) -> None:
        """Take a role away."""
        registry.revoke(caller, subject, role, project=project, environment=environment)

    @routes.get("/tokens")
    def tokens(caller: Caller) -> list[Token]:
        """List the tokens of the dev mode, without their secrets."""
        return registry.tokens(caller)

    @routes.post("/tokens", status_code=201)
    def create_token(body: MakingToken, response: Response, caller: Caller) -> Token:
        """Make a token. Its secret is in this answer, and nowhere else."""
        response.headers["Cache-Control"] = "no-store"
        return registry.create_token(caller, body.subject, days=body.days, note=body.note)

    @routes.delete("/tokens/{token}", status_code=204, responses=declared(404))
    def revoke_token(token: str, caller: Caller) -> None:
        """Make a token worthless, at once."""
        registry.revoke_token(caller, token)


def transfer(app: FastAPI, registry: Registry) -> None:
    """Add the routes that take everything out and in."""
    routes = Routes(app, "transfer", PREFIX)

    @routes.get(
        "/export",
        response_class=StreamingResponse,
        responses={200: {"content": {LINES: {"schema": {"type": "string"}}}}, **declared(404)},
    )
    def export(caller: Caller, name: Annotated[list[Name] | None, Query()] = None) -> StreamingResponse:
        """Give models, versions and history as lines of JSON."""
        lines = registry.export(caller, name)
        first = next(lines, None)  # what is forbidden or not there shows here, before the answer begins
        return StreamingResponse(Spool(_ended(first, lines)), media_type=LINES)

    @routes.post(
        "/import",
        responses=declared(409, 413),
        openapi_extra={"requestBody": {"required": True, "content": {LINES: {"schema": {"type": "string"}}}}},
    )
    async def import_(request: Request, caller: Caller) -> Imported:
        """Take in what `export` gave. What is there already is skipped."""
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
            async for chunk in request.stream():
                file.write(chunk)
            file.seek(0)
            return await anyio.to_thread.run_sync(lambda: registry.import_(caller, _decoded(file)))


def _ended(first: str | None, others: Iterator[str]) -> Iterator[str]:
    if first is not None:
        yield f"{first.rstrip()}\n"
    for line in others:
        yield f"{line.rstrip()}\n"


def _decoded(lines: Iterator[bytes]) -> Iterator[str]:
    for line in lines:
        try:
            text = line.decode()
        except UnicodeDecodeError:
            raise Refusal(422, "MDK572", "the lines are not UTF-8") from None
        if text.strip():
            yield text
