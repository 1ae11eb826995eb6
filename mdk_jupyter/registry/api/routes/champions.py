"""Champions, challengers and what leads to them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, Query, Response

from mdk_jupyter.registry.api import PREFIX, requests
from mdk_jupyter.registry.api.bodies import (
    Approving,
    Challenging,
    Promoting,
    Publishing,
    Reasoned,
    Reporting,
    RollingBack,
    VersionOrAlias,
)
from mdk_jupyter.registry.api.problems import declared
from mdk_jupyter.registry.api.requests import (
    Caller,
    EnvironmentName,
    IdempotencyKey,
    IfMatch,
    IfNoneMatch,
    InEnvironment,
    ModelName,
)
from mdk_jupyter.registry.api.routing import Routes
from mdk_jupyter.registry.domain import (
    Approval,
    Champion,
    Deployment,
    Environment,
    Promotion,
    PromotionPlan,
    Version,
)
from mdk_jupyter.registry.service import Registry

_CHANGE = declared(400, 404, 409, 412, 428)


def router(app: FastAPI, registry: Registry) -> None:
    """Add the routes."""
    routes = Routes(app, "champions", PREFIX)

    @routes.get(
        "/models/{name}/champions/{environment}",
        response_model=Champion,
        responses={304: {"description": "The caller has this revision."}, **declared(404)},
    )
    def champion(
        response: Response,
        name: ModelName,
        environment: EnvironmentName,
        caller: Caller,
        as_of: Annotated[datetime | None, Query(description="Who was it then?")] = None,
        if_none_match: IfNoneMatch = None,
    ) -> Champion | Response:
        """Show which version an environment serves."""
        found = registry.champion(caller, name, environment=environment, as_of=as_of)
        requests.tag(response, found.revision)
        if as_of is None and if_none_match == response.headers["ETag"]:
            return Response(status_code=304, headers={"ETag": if_none_match})
        return found

    @routes.put("/models/{name}/champions/{environment}", responses=_CHANGE)
    def publish(
        response: Response,
        name: ModelName,
        environment: EnvironmentName,
        body: Publishing,
        caller: Caller,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Champion:
        """Make a version the champion of an environment."""
        done = registry.publish(
            caller,
            requests.reference(name, body.version),
            environment=environment,
            reason=body.reason,
            endpoint=body.endpoint,
            waivers=body.waivers,
            break_glass=body.break_glass,
            expected_revision=requests.expected_revision(if_match, environment),
            idempotency_key=idempotency_key,
        )
        requests.tag(response, done.revision)
        return done

    @routes.post("/models/{name}/champions/{environment}/rollback", responses=_CHANGE)
    def rollback(
        response: Response,
        name: ModelName,
        environment: EnvironmentName,
        body: RollingBack,
        caller: Caller,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Champion:
        """Make a past champion the champion again."""
        done = registry.rollback(
            caller,
            name,
            environment=environment,
            to=body.to,
            reason=body.reason,
            quarantine=body.quarantine,
            expected_revision=requests.expected_revision(if_match, environment),
            idempotency_key=idempotency_key,
        )
        requests.tag(response, done.revision)
        return done

    @routes.put("/models/{name}/challengers/{environment}", responses=_CHANGE)
    def set_challengers(
        response: Response,
        name: ModelName,
        environment: EnvironmentName,
        body: Challenging,
        caller: Caller,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Deployment:
        """Say which versions get how many percent of the traffic; the champion has the rest."""
        done = registry.set_challengers(
            caller,
            name,
            environment=environment,
            challengers=body.challengers,
            reason=body.reason,
            expected_revision=requests.expected_revision(if_match, environment),
            idempotency_key=idempotency_key,
        )
        requests.tag(response, done.revision)
        return done

    @routes.get("/models/{name}/deployments", responses=declared(404))
    def deployments(name: ModelName, caller: Caller) -> list[Deployment]:
        """Show what every environment has of a model."""
        return registry.deployments(caller, name)

    @routes.post("/models/{name}/versions/{version}/promote", responses=_CHANGE)
    def promote(
        response: Response,
        name: ModelName,
        version: VersionOrAlias,
        body: Promoting,
        caller: Caller,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Promotion:
        """Let a version move on into an environment, where it is staged; the champion stays."""
        done = registry.promote(
            caller,
            requests.reference(name, version),
            to=body.to,
            reason=body.reason,
            waivers=body.waivers,
            break_glass=body.break_glass,
            expected_revision=requests.expected_revision(if_match, body.to),
            idempotency_key=idempotency_key,
        )
        requests.tag(response, done.revision)
        return done

    @routes.get("/models/{name}/versions/{version}/plan", responses=declared(404))
    def plan_promotion(
        response: Response,
        name: ModelName,
        version: VersionOrAlias,
        environment: Annotated[Environment, Query()],
        caller: Caller,
        by: Annotated[
            str | None, Query(max_length=300, description="Who would do it. Default: the caller; empty: nobody.")
        ] = None,
    ) -> PromotionPlan:
        """Show what publishing a version would change, and what stands in its way."""
        plan = registry.plan_promotion(caller, requests.reference(name, version), environment=environment, by=by)
        requests.tag(response, plan.revision)
        return plan

    @routes.put("/models/{name}/deployments/{environment}", responses=declared(404, 409))
    def report_deployment(name: ModelName, environment: EnvironmentName, body: Reporting, caller: Caller) -> Deployment:
        """Note what a deployment says of itself. Changes no champion."""
        return registry.report_deployment(
            caller,
            requests.reference(name, body.version),
            environment=environment,
            endpoint=body.endpoint,
            status=body.status,
        )

    @routes.post("/models/{name}/versions/{version}/quarantine", responses=declared(404, 409))
    def quarantine(
        name: ModelName, version: VersionOrAlias, body: Reasoned, caller: Caller, environment: InEnvironment = None
    ) -> Version:
        """Keep a version from becoming champion, for now."""
        return registry.quarantine(
            caller, requests.reference(name, version), reason=body.reason, environment=environment
        )

    @routes.post("/models/{name}/versions/{version}/unquarantine", responses=declared(404, 409))
    def unquarantine(name: ModelName, version: VersionOrAlias, body: Reasoned, caller: Caller) -> Version:
        """Let a version be used again."""
        return registry.unquarantine(caller, requests.reference(name, version), reason=body.reason)

    @routes.post("/models/{name}/versions/{version}/archive", responses=declared(404, 409))
    def archive(name: ModelName, version: VersionOrAlias, body: Reasoned, caller: Caller) -> Version:
        """Put a version away, for ever. Nothing of it is deleted."""
        return registry.archive(caller, requests.reference(name, version), reason=body.reason)

    @routes.post("/models/{name}/versions/{version}/approvals", status_code=201, responses=declared(404, 409))
    def approve(name: ModelName, version: VersionOrAlias, body: Approving, caller: Caller) -> Approval:
        """Agree that a version may be published."""
        return registry.approve(
            caller, requests.reference(name, version), environment=body.environment, comment=body.comment
        )

    @routes.get("/models/{name}/versions/{version}/approvals", responses=declared(404))
    def approvals(
        name: ModelName,
        version: VersionOrAlias,
        caller: Caller,
        environment: Annotated[Environment | None, Query()] = None,
    ) -> list[Approval]:
        """Show who agreed."""
        return registry.approvals(caller, requests.reference(name, version), environment=environment)
