"""The eight routes. Resource names of Vertex AI have slashes, which clients send as they are or percent-encoded."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Path

from mdk_jupyter.registry.api.bodies import SemVer
from mdk_jupyter.registry.api.platform.bodies import (
    DeploymentEnvironment,
    NewRecord,
    PublishPrimary,
    Record,
    RollbackPrimary,
    UpdateStatus,
)
from mdk_jupyter.registry.api.platform.operations import Operations
from mdk_jupyter.registry.api.problems import declared
from mdk_jupyter.registry.api.requests import Caller, ModelName
from mdk_jupyter.registry.api.routing import Routes
from mdk_jupyter.registry.service import Registry

_Environment = Annotated[DeploymentEnvironment, Path()]


def router(app: FastAPI, registry: Registry) -> None:
    """Add the routes."""
    routes = Routes(app, "platform")
    operations = Operations(registry)

    @routes.post("/models", responses=declared(404, 409))
    def add(body: NewRecord, caller: Caller) -> Record:
        """Register a version."""
        return operations.add(caller, body)

    @routes.post("/deployments/publish_primary", responses=declared(404, 409))
    def publish_primary(body: PublishPrimary, caller: Caller) -> list[Record]:
        """Make a version the primary deployment. Answers with it, and with the one that it replaces."""
        return operations.publish(caller, body)

    @routes.post("/deployments/update_status", responses=declared(404, 409))
    def update_status(body: UpdateStatus, caller: Caller) -> Record:
        """Say what a version is in an environment."""
        return operations.update(caller, body)

    @routes.post("/deployments/rollback_primary", responses=declared(404, 409))
    def rollback_primary(body: RollbackPrimary, caller: Caller) -> list[Record]:
        """Go back to a past primary deployment."""
        return operations.roll_back(caller, body)

    @routes.get("/models/primary/{name}/{environment}", responses=declared(404))
    def primary(name: ModelName, environment: _Environment, caller: Caller) -> Record:
        """Show the primary deployment."""
        return operations.primary(caller, name, environment)

    @routes.get("/models/latest/{name}/{environment}", responses=declared(404))
    def latest(name: ModelName, environment: _Environment, caller: Caller) -> Record:
        """Show the newest version."""
        return operations.latest(caller, name, environment)

    @routes.get("/models/{name}/model_semantic_version/{version}", responses=declared(404))
    def by_number(name: ModelName, version: SemVer, caller: Caller) -> Record:
        """Show a version by its number."""
        return operations.by_number(caller, name, version)

    @routes.get("/models/{resource:path}/vertex_ai_model_version_id/{version}", responses=declared(404))
    def by_vertex(
        resource: Annotated[str, Path(max_length=1000)],
        version: Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,63}$")],
        caller: Caller,
    ) -> Record:
        """Show a version by its name on Vertex AI."""
        return operations.by_vertex(caller, resource, version)
