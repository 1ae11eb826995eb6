"""Models and versions: registering them, finding them, reading them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, Query, Request, Response

from mdk_jupyter.registry.api import PREFIX, requests
from mdk_jupyter.registry.api.bodies import Annotating, VersionOrAlias
from mdk_jupyter.registry.api.problems import Refusal, declared
from mdk_jupyter.registry.api.requests import Caller, Cursor, IdempotencyKey, InEnvironment, Limit, ModelName
from mdk_jupyter.registry.api.routing import Routes
from mdk_jupyter.registry.domain import (
    Comparison,
    CostRow,
    Environment,
    Graph,
    ModelInfo,
    NewVersion,
    Page,
    Search,
    Status,
    Version,
)
from mdk_jupyter.registry.service import Registry
from mdk_jupyter.registry.service.base import valid

_TAG = "models and versions"
_Label = Annotated[Sequence[str], Query(alias="label", description="`key=value`; may be repeated.")]
_Project = Annotated[str | None, Query(max_length=128)]
_Text = Annotated[str | None, Query(max_length=200, description="Part of the name or description.")]
_Reference = Annotated[str, Query(max_length=2500, description="`flights/1.4.2`, `flights@latest` ...")]


def registering(app: FastAPI, registry: Registry) -> None:
    """Add the route that adds versions."""
    routes = Routes(app, _TAG, PREFIX)

    @routes.post("/models/{name}/versions", status_code=201, responses=declared(409))
    def register(name: ModelName, body: NewVersion, caller: Caller, idempotency_key: IdempotencyKey = None) -> Version:
        """Add a version. The model comes to be with its first one."""
        return registry.add(caller, name, body, idempotency_key=idempotency_key)


def router(app: FastAPI, registry: Registry) -> None:
    """Add the routes that find and show them."""
    routes = Routes(app, _TAG, PREFIX)

    @routes.get("/models")
    def models(
        request: Request,
        response: Response,
        caller: Caller,
        project: _Project = None,
        text: _Text = None,
        label: _Label = (),
        champion_in: Environment | None = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[ModelInfo]:
        """List models by name."""
        page = registry.models(
            caller,
            project=project,
            text=text,
            labels=requests.labels(label),
            champion_in=champion_in,
            cursor=cursor,
            limit=limit,
        )
        requests.link(request, response, page)
        return page

    @routes.get("/models/{name}", responses=declared(404))
    def model(name: ModelName, caller: Caller) -> ModelInfo:
        """Show a model."""
        return registry.model(caller, name)

    @routes.get("/models/{name}/versions", responses=declared(404))
    def versions(
        request: Request,
        response: Response,
        name: ModelName,
        caller: Caller,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[Version]:
        """List the versions of a model, the newest first."""
        page = registry.versions(caller, name, cursor=cursor, limit=limit)
        requests.link(request, response, page)
        return page

    @routes.get("/models/{name}/versions/{version}", responses=declared(404))
    def version(name: ModelName, version: VersionOrAlias, caller: Caller, environment: InEnvironment = None) -> Version:
        """Show a version, with its requirements and the profile of its data."""
        return registry.version(caller, requests.reference(name, version), environment=environment)

    @routes.patch("/models/{name}/versions/{version}", responses=declared(404, 409))
    def annotate(
        name: ModelName,
        version: VersionOrAlias,
        body: Annotating,
        caller: Caller,
        environment: InEnvironment = None,
    ) -> Version:
        """Add a note to the history, set labels, or write the model card."""
        return registry.annotate(
            caller,
            requests.reference(name, version),
            note=body.note,
            labels=body.labels,
            card=body.card,
            environment=environment,
        )

    @routes.get("/versions")
    def search(
        request: Request,
        response: Response,
        caller: Caller,
        text: _Text = None,
        project: _Project = None,
        label: _Label = (),
        metric: Annotated[Sequence[str], Query(description="Such as `auc > 0.8`; may be repeated.")] = (),
        champion_in: Environment | None = None,
        trained_by: Annotated[str | None, Query(max_length=300)] = None,
        since: datetime | None = None,
        until: datetime | None = None,
        status: Status | None = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[Version]:
        """Find versions over all models. All that is given must hold."""
        given = {
            "text": text,
            "project": project,
            "labels": requests.labels(label),
            "metrics": tuple(metric),
            "champion_in": champion_in,
            "trained_by": trained_by,
            "since": since,
            "until": until,
            "status": status,
        }
        query = valid(Search, given)
        page = registry.search(caller, query, cursor=cursor, limit=limit)
        requests.link(request, response, page)
        return page

    @routes.get("/compare", responses=declared(404))
    def compare(a: _Reference, b: _Reference, caller: Caller, environment: InEnvironment = None) -> Comparison:
        """Show in what two versions differ."""
        return registry.compare(caller, a, b, environment=environment)

    @routes.get("/lineage", responses=declared(404))
    def lineage(
        caller: Caller,
        reference: _Reference | None = None,
        dataset: Annotated[str | None, Query(max_length=2000, description="Its URI.")] = None,
        environment: InEnvironment = None,
    ) -> Graph:
        """Show what a version was made from and where it serves; or what was made from a dataset."""
        if (reference is None) == (dataset is None):
            raise Refusal(422, "MDK572", "the lineage is that of a `reference` or of a `dataset`: one of them")
        return registry.lineage(caller, reference or dataset or "", environment=environment)

    @routes.get("/costs")
    def costs(
        by: Annotated[str, Query(min_length=1, max_length=100, description="A label, `project` or `model`.")],
        caller: Caller,
        project: _Project = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[CostRow]:
        """Sum up what versions took."""
        return registry.costs(caller, by=by, project=project, since=since, until=until)
