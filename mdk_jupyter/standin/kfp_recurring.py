"""Kubeflow Pipelines: recurring runs."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mdk_jupyter.standin.answers import Document, Refused, body_of, page
from mdk_jupyter.standin.clock import written
from mdk_jupyter.standin.filters import by_predicates, ordered
from mdk_jupyter.standin.jobs import Job
from mdk_jupyter.standin.kfp_pipelines import spec_of
from mdk_jupyter.standin.kfp_runs import BASE, default_experiment, require_experiment, submit
from mdk_jupyter.standin.schedules import Schedule
from mdk_jupyter.standin.services import Services

_PREFIX = "kfp/recurringruns/"


def routes(services: Services) -> list[Route]:
    """Return the routes."""
    scheduler = services.scheduler

    def start(schedule: Schedule, due: datetime) -> Job:
        recurring = schedule.resource
        kept = ("description", "pipeline_spec", "pipeline_version_reference", "runtime_config", "experiment_id")
        run = {name: recurring[name] for name in kept if recurring.get(name)}
        run["display_name"] = f"{recurring['display_name']}-{due:%Y%m%d%H%M%S}"
        number = recurring["recurring_run_id"]
        return submit(services, run, recurring=number, scheduled=written(due))

    scheduler.starters["kfp"] = start

    async def create(request: Request) -> Response:
        body = await body_of(request)
        if not body.get("display_name"):
            raise Refused(400, "The display_name of the recurring run is required.")
        spec_of(services, body)
        experiment = body.get("experiment_id") or default_experiment(services)["experiment_id"]
        require_experiment(services, experiment)
        number = str(uuid.uuid4())
        resource = {**body, "recurring_run_id": number, "experiment_id": experiment}
        schedule = Schedule(f"{_PREFIX}{number}", "kfp", resource, **_times(body.get("trigger") or {}))
        schedule.at_once = int(body.get("max_concurrency") or 1)
        schedule.queues = True
        schedule.state = "PAUSED" if body.get("mode") == "DISABLE" else "ACTIVE"
        return JSONResponse(_view(scheduler.add(schedule)))

    async def show(request: Request) -> Response:
        return JSONResponse(_view(scheduler.get(_name(request))))

    async def listed(request: Request) -> Response:
        query = request.query_params
        views = [_view(schedule) for schedule in scheduler.all(_PREFIX)]
        if query.get("experiment_id"):
            views = [view for view in views if view["experiment_id"] == query["experiment_id"]]
        found = ordered(by_predicates(views, query.get("filter", "")), query.get("sort_by", ""))
        return JSONResponse({"total_size": len(found), **page(found, request, "recurringRuns", default=10)})

    async def enable(request: Request) -> Response:
        schedule = scheduler.get(_name(request))
        scheduler.resume(schedule, catch_up=not schedule.resource.get("no_catchup"))
        return JSONResponse({})

    async def disable(request: Request) -> Response:
        scheduler.pause(scheduler.get(_name(request)))
        return JSONResponse({})

    async def delete(request: Request) -> Response:
        scheduler.delete(_name(request))
        return JSONResponse({})

    one = f"{BASE}/recurringruns/{{id}}"
    return [
        Route(f"{BASE}/recurringruns", create, methods=["POST"]),
        Route(f"{BASE}/recurringruns", listed, methods=["GET"]),
        Route(f"{one}:enable", enable, methods=["POST"]),
        Route(f"{one}:disable", disable, methods=["POST"]),
        Route(one, show, methods=["GET"]),
        Route(one, delete, methods=["DELETE"]),
    ]


def _name(request: Request) -> str:
    return f"{_PREFIX}{request.path_params['id']}"


def _times(trigger: Document) -> dict[str, Any]:
    cron, periodic = trigger.get("cron_schedule") or {}, trigger.get("periodic_schedule") or {}
    times = cron or periodic
    begin_and_end = {"start": times.get("start_time"), "end": times.get("end_time")}
    if cron.get("cron"):
        return {"cron": cron["cron"], **begin_and_end}
    if periodic.get("interval_second"):
        return {"interval": int(periodic["interval_second"]), **begin_and_end}
    raise Refused(400, "The trigger of the recurring run has neither a cron expression nor an interval.")


def _view(schedule: Schedule) -> Document:
    return {
        **schedule.resource,
        "created_at": schedule.created,
        "updated_at": schedule.updated,
        "status": "ENABLED" if schedule.state == "ACTIVE" else "DISABLED",
        "mode": "ENABLE" if schedule.state == "ACTIVE" else "DISABLE",
        "max_concurrency": str(schedule.at_once),
    }
