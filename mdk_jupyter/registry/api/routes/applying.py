"""Several changes of one environment at once, and how its models stand."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import BaseModel, ConfigDict, Field

from mdk_jupyter.registry.api import PREFIX
from mdk_jupyter.registry.api.problems import declared
from mdk_jupyter.registry.api.requests import Caller, EnvironmentName, IdempotencyKey, InEnvironment
from mdk_jupyter.registry.api.routing import Routes
from mdk_jupyter.registry.changes import Change, Origin, Outcome, Standing
from mdk_jupyter.registry.domain import Name, Version
from mdk_jupyter.registry.service import Registry

_MOST = 1000  # models in one request


class Changes(BaseModel):
    """Changes that happen together or not at all."""

    model_config = ConfigDict(extra="forbid")

    changes: tuple[Change, ...] = Field(max_length=_MOST)
    expected_revisions: dict[Name, int] = Field(description="By model: the revision that was decided on.")
    origin: Origin


def router(app: FastAPI, registry: Registry) -> None:
    """Add the routes."""
    routes = Routes(app, "operations", PREFIX)

    @routes.get("/environments/{environment}/standings")
    def observe(
        environment: EnvironmentName,
        caller: Caller,
        name: Annotated[list[Name] | None, Query(max_length=_MOST, description="Repeatable.")] = None,
        all: Annotated[bool, Query(description="Every model that has a place there.")] = False,
    ) -> list[Standing]:
        """Show how models stand in an environment, all at one moment."""
        return registry.observe(caller, environment, names=None if all else name or [])

    @routes.get("/resolve", responses=declared(404))
    def resolve(
        caller: Caller,
        reference: Annotated[str, Query(max_length=600, description="Such as projects/P/locations/L/models/M@V.")],
        environment: InEnvironment = None,
    ) -> Version:
        """Show the version that a reference means; the one form that has no path is a name on Vertex AI."""
        return registry.version(caller, reference, environment=environment)

    @routes.post("/environments/{environment}/apply", responses=declared(404, 409, 412))
    def apply(
        environment: EnvironmentName, body: Changes, caller: Caller, idempotency_key: IdempotencyKey = None
    ) -> Outcome:
        """Carry out changes of one environment: all of them, or none."""
        return registry.apply(
            caller,
            body.changes,
            environment=environment,
            expected_revisions=body.expected_revisions,
            origin=body.origin,
            idempotency_key=idempotency_key,
        )
