"""Vertex AI: schedules of pipeline jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mdk_jupyter.standin.answers import Document, Refused, body_of, page
from mdk_jupyter.standin.clock import written
from mdk_jupyter.standin.filters import chosen, ordered
from mdk_jupyter.standin.jobs import Job, new_id
from mdk_jupyter.standin.operations import LOCATION, done, parent_of
from mdk_jupyter.standin.schedules import Schedule
from mdk_jupyter.standin.services import Services
from mdk_jupyter.standin.vertex_jobs import check_labels, submit


def routes(services: Services) -> list[Route]:
    """Return the routes."""
    scheduler = services.scheduler

    def start(schedule: Schedule, due: datetime) -> Job:
        request = schedule.resource["createPipelineJobRequest"]
        parent = schedule.name.split("/schedules/")[0]
        pipeline = request["pipelineJob"].get("pipelineSpec", {}).get("pipelineInfo", {}).get("name", "pipeline")
        job_id = f"{pipeline[:90]}-{due:%Y%m%d%H%M%S}-{new_id()[:6]}"
        resource = {**request["pipelineJob"], "scheduleName": schedule.name}
        return submit(services, parent, job_id, resource, scheduled=written(due))

    scheduler.starters["vertex"] = start

    async def create(request: Request) -> Response:
        body = await body_of(request)
        job = body.get("createPipelineJobRequest", {}).get("pipelineJob")
        if not job:
            raise Refused(501, "The stand-in has schedules of pipeline jobs only.")
        if not body.get("displayName"):
            raise Refused(400, "The display_name of the schedule is required.")
        check_labels(job.get("labels", {}))
        schedule = Schedule(f"{parent_of(request)}/schedules/{new_id()}", "vertex", {})
        return JSONResponse(_view(scheduler.add(_changed(schedule, body))))

    async def listed(request: Request) -> Response:
        query = request.query_params
        views = [_view(schedule) for schedule in reversed(scheduler.all(f"{parent_of(request)}/schedules/"))]
        return JSONResponse(
            page(ordered(chosen(views, query.get("filter", "")), query.get("orderBy", "")), request, "schedules")
        )

    async def show(request: Request) -> Response:
        return JSONResponse(_view(scheduler.get(_name(request))))

    async def update(request: Request) -> Response:
        schedule = scheduler.get(_name(request))
        return JSONResponse(_view(scheduler.replan(_changed(schedule, await body_of(request)))))

    async def pause(request: Request) -> Response:
        scheduler.pause(scheduler.get(_name(request)))
        return JSONResponse({})

    async def resume(request: Request) -> Response:
        body = await body_of(request)
        scheduler.resume(scheduler.get(_name(request)), catch_up=bool(body.get("catchUp")))
        return JSONResponse({})

    async def delete(request: Request) -> Response:
        scheduler.delete(_name(request))
        return JSONResponse(done(services, parent_of(request), "google.protobuf.Empty", {}, "DeleteOperationMetadata"))

    one = f"{LOCATION}/schedules/{{id}}"
    return [
        Route(f"{LOCATION}/schedules", create, methods=["POST"]),
        Route(f"{LOCATION}/schedules", listed, methods=["GET"]),
        Route(f"{one}:pause", pause, methods=["POST"]),
        Route(f"{one}:resume", resume, methods=["POST"]),
        Route(one, show, methods=["GET"]),
        Route(one, update, methods=["PATCH"]),
        Route(one, delete, methods=["DELETE"]),
    ]


def _name(request: Request) -> str:
    return f"{parent_of(request)}/schedules/{request.path_params['id']}"


def _changed(schedule: Schedule, body: Document) -> Schedule:
    """Take over from a request what can be changed of a schedule."""
    resource: dict[str, Any] = {**schedule.resource, **body}
    resource.pop("state", None)
    schedule.resource = resource
    try:
        schedule.cron = resource["cron"]
    except KeyError:
        raise Refused(400, "The cron of the schedule is required.") from None
    schedule.start = resource.get("startTime")
    schedule.end = resource.get("endTime")
    schedule.max_runs = int(resource["maxRunCount"]) if int(resource.get("maxRunCount", 0)) > 0 else None
    schedule.at_once = int(resource.get("maxConcurrentRunCount", 0)) or 1
    schedule.queues = bool(resource.get("allowQueueing"))
    return schedule


def _view(schedule: Schedule) -> Document:
    shown = {
        **schedule.resource,
        "name": schedule.name,
        "state": schedule.state,
        "createTime": schedule.created,
        "updateTime": schedule.updated,
        "startTime": schedule.start or schedule.created,
        "startedRunCount": str(schedule.runs),
        "nextRunTime": schedule.next,
        "lastPauseTime": schedule.paused,
        "lastResumeTime": schedule.resumed,
        "lastScheduledRunResponse": schedule.last,
        "catchUp": schedule.catches_up,
    }
    return {name: value for name, value in shown.items() if value is not None}
