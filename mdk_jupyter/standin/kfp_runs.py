"""Kubeflow Pipelines: experiments and runs."""

from __future__ import annotations

import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mdk_jupyter.standin.answers import Document, Refused, body_of, page
from mdk_jupyter.standin.filters import by_predicates, ordered
from mdk_jupyter.standin.jobs import Job
from mdk_jupyter.standin.kfp_pipelines import spec_of
from mdk_jupyter.standin.services import Services
from mdk_jupyter.standin.tasks import Task

BASE = "/apis/v2beta1"
_STATES = {"CANCELLED": "CANCELED", "CANCELLING": "CANCELING", "CACHED": "SKIPPED", "NOT_TRIGGERED": "SKIPPED"}
_DEFAULT = "Default"
_LARGEST = 10_000  # bytes of all parameters of a run, as Kubeflow is set up unless told otherwise


def routes(services: Services) -> list[Route]:
    """Return the routes."""
    jobs = services.jobs

    async def healthz(request: Request) -> Response:
        return JSONResponse({"multi_user": False})

    async def create(request: Request) -> Response:
        job = submit(services, await body_of(request))
        return JSONResponse(view(job))

    async def show(request: Request) -> Response:
        return JSONResponse(view(jobs.get(_name(request))))

    async def listed(request: Request) -> Response:
        query = request.query_params
        views = [view(job) for job in jobs.all("kfp/runs/")]
        if query.get("experiment_id"):
            views = [run for run in views if run["experiment_id"] == query["experiment_id"]]
        found = ordered(by_predicates(views, query.get("filter", "")), query.get("sort_by", ""))
        return JSONResponse({"total_size": len(found), **page(found, request, "runs", default=10)})

    async def terminate(request: Request) -> Response:
        jobs.cancel(_name(request))
        return JSONResponse({})

    async def retry(request: Request) -> Response:
        jobs.retry(_name(request))
        return JSONResponse({})

    async def archive(request: Request) -> Response:
        job = jobs.get(_name(request))
        job.resource["storage_state"] = "AVAILABLE" if request.url.path.endswith(":unarchive") else "ARCHIVED"
        jobs.save(job)
        return JSONResponse({})

    async def delete(request: Request) -> Response:
        jobs.delete(_name(request))
        return JSONResponse({})

    one = f"{BASE}/runs/{{id}}"
    return [
        Route(f"{BASE}/healthz", healthz, methods=["GET"]),
        Route(f"{BASE}/runs", create, methods=["POST"]),
        Route(f"{BASE}/runs", listed, methods=["GET"]),
        Route(f"{one}:terminate", terminate, methods=["POST"]),
        Route(f"{one}:retry", retry, methods=["POST"]),
        Route(f"{one}:archive", archive, methods=["POST"]),
        Route(f"{one}:unarchive", archive, methods=["POST"]),
        Route(one, show, methods=["GET"]),
        Route(one, delete, methods=["DELETE"]),
    ]


def submit(services: Services, resource: Document, *, recurring: str = "", scheduled: str = "") -> Job:
    """Check a run as Kubeflow does, and start it.

    Raises:
        Refused: the run is wrong in some way.
    """
    if not resource.get("display_name"):
        raise Refused(400, "The display_name of the run is required.")
    spec, platform = spec_of(services, resource)
    config = resource.get("runtime_config") or {}
    parameters = config.get("parameters") or {}
    size = len(str(parameters))
    if size > _LARGEST:
        raise Refused(400, f"The parameters have {size} bytes; Kubeflow takes {_LARGEST} unless told otherwise.")
    experiment = resource.get("experiment_id") or default_experiment(services)["experiment_id"]
    require_experiment(services, experiment)
    run_id = str(uuid.uuid4())
    root = config.get("pipeline_root") or spec.get("defaultPipelineRoot") or "minio://mlpipeline/v2/artifacts"
    shown = {**resource, "experiment_id": experiment, "storage_state": "AVAILABLE"}
    shown.pop("pipeline_spec", None)
    if recurring:
        shown["recurring_run_id"] = recurring
    return services.jobs.submit(
        Job(
            name=f"kfp/runs/{run_id}",
            id=run_id,
            service="kfp",
            owner="kfp",
            parent="kfp",
            resource=shown,
            spec=spec,
            root=root,
            parameters=parameters,
            scheduled=scheduled,
            platform=platform,
        )
    )


def default_experiment(services: Services) -> Document:
    """Return the experiment of runs that name none."""
    for _, experiment in services.documents.all("experiments"):
        if experiment["display_name"] == _DEFAULT:
            return experiment
    return add_experiment(services, {"display_name": _DEFAULT})


def add_experiment(services: Services, given: Document) -> Document:
    """Keep a new experiment.

    Raises:
        Refused: it has no name, or its name is taken.
    """
    name = given.get("display_name")
    if not name:
        raise Refused(400, "The display_name of the experiment is required.")
    if any(known["display_name"] == name for _, known in services.documents.all("experiments")):
        raise Refused(409, f"The experiment {name} already exists.")
    fresh = {"experiment_id": str(uuid.uuid4()), "created_at": services.clock.text(), "storage_state": "AVAILABLE"}
    return services.documents.put("experiments", fresh["experiment_id"], {**given, **fresh})


def require_experiment(services: Services, number: str) -> Document:
    """Return an experiment.

    Raises:
        Refused: there is none of that id.
    """
    found = services.documents.get("experiments", number)
    if found is None:
        raise Refused(404, f"Experiment {number} not found.")
    return found


def experiment_routes(services: Services) -> list[Route]:
    """Return the routes of experiments."""
    documents = services.documents

    async def create(request: Request) -> Response:
        return JSONResponse(add_experiment(services, await body_of(request)))

    async def listed(request: Request) -> Response:
        query = request.query_params
        found = by_predicates([document for _, document in documents.all("experiments")], query.get("filter", ""))
        found = ordered(found, query.get("sort_by", ""))
        return JSONResponse({"total_size": len(found), **page(found, request, "experiments", default=10)})

    async def show(request: Request) -> Response:
        return JSONResponse(require_experiment(services, request.path_params["id"]))

    async def archive(request: Request) -> Response:
        state = "AVAILABLE" if request.url.path.endswith(":unarchive") else "ARCHIVED"
        experiment = require_experiment(services, request.path_params["id"])
        documents.put("experiments", experiment["experiment_id"], {**experiment, "storage_state": state})
        return JSONResponse({})

    async def delete(request: Request) -> Response:
        experiment = require_experiment(services, request.path_params["id"])
        documents.delete("experiments", experiment["experiment_id"])
        return JSONResponse({})

    one = f"{BASE}/experiments/{{id}}"
    return [
        Route(f"{BASE}/experiments", create, methods=["POST"]),
        Route(f"{BASE}/experiments", listed, methods=["GET"]),
        Route(f"{one}:archive", archive, methods=["POST"]),
        Route(f"{one}:unarchive", archive, methods=["POST"]),
        Route(one, show, methods=["GET"]),
        Route(one, delete, methods=["DELETE"]),
    ]


def _name(request: Request) -> str:
    return f"kfp/runs/{request.path_params['id']}"


def view(job: Job) -> Document:
    """Return a run as Kubeflow shows it."""
    shown: dict[str, Any] = {
        **job.resource,
        "run_id": job.id,
        "pipeline_spec": job.spec,
        "created_at": job.created,
        "scheduled_at": job.scheduled,
        "state": _STATES.get(job.state, job.state),
        "run_details": {"task_details": [_detail(job, task) for task in job.tasks]},
    }
    if job.ended:
        shown["finished_at"] = job.ended
    if job.error:
        shown["error"] = {"code": 9, "message": job.error}
    return shown


def _detail(job: Job, task: Task) -> Document:
    detail: dict[str, Any] = {
        "run_id": job.id,
        "task_id": task.id,
        "display_name": task.name if task.parent else "root",
        "create_time": task.created,
        "state": _STATES.get(task.state, task.state),
        "inputs": _artifact_ids(task.inputs.artifacts),
        "outputs": _artifact_ids(task.outputs.artifacts),
        "child_tasks": [{"task_id": child.id} for child in job.tasks if child.parent == task.id],
    }
    if task.parent:
        detail["parent_task_id"] = task.parent
    if task.started:
        detail["start_time"] = task.started
    if task.ended:
        detail["end_time"] = task.ended
    if task.error:
        detail["error"] = {"code": 9, "message": task.error}
    return detail


def _artifact_ids(artifacts: dict[str, list[Document]]) -> Document:
    return {
        name: {"artifact_ids": [artifact["name"].rsplit("/", 1)[-1] for artifact in some]}
        for name, some in artifacts.items()
    }
