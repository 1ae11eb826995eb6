"""Vertex AI: pipeline jobs."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mdk_jupyter.standin.answers import Document, Refused, body_of, page
from mdk_jupyter.standin.filters import chosen, ordered
from mdk_jupyter.standin.jobs import Job, new_id
from mdk_jupyter.standin.metadata import artifact_of, execution_of
from mdk_jupyter.standin.operations import LOCATION, done, parent_of
from mdk_jupyter.standin.services import Services
from mdk_jupyter.standin.tasks import Task
from mdk_jupyter.standin.values import Artifact

_ID = re.compile(r"[a-z][-a-z0-9]{0,127}")
_LABEL_KEY = re.compile(r"[a-z][-_a-z0-9]{0,63}")
_LABEL_VALUE = re.compile(r"[-_a-z0-9]{0,64}")
_RESERVED = "vertex-ai-pipelines-run-billing-id"
_TASK_STATES = {"CACHED": "SKIPPED"}
_FAIL_FAST = {"PIPELINE_FAILURE_POLICY_FAIL_FAST", 2}  # Google's library sends numbers
_NOT_HERE = {
    "encryptionSpec": "customer-managed keys",
    "pscInterfaceConfig": "Private Service Connect",
}


def routes(services: Services) -> list[Route]:
    """Return the routes."""
    jobs = services.jobs

    async def create(request: Request) -> Response:
        body = await body_of(request)
        chosen_id = request.query_params.get("pipelineJobId") or f"{_pipeline(body)}-{new_id()}"
        return JSONResponse(view(services, submit(services, parent_of(request), chosen_id, body)))

    async def show(request: Request) -> Response:
        return JSONResponse(view(services, jobs.get(_name(request))))

    async def listed(request: Request) -> Response:
        query = request.query_params
        views = [view(services, job) for job in reversed(jobs.all(f"{parent_of(request)}/pipelineJobs/"))]
        found = ordered(chosen(views, query.get("filter", "")), query.get("orderBy", ""))
        answer = page(found, request, "pipelineJobs")
        answer["pipelineJobs"] = [_masked(job, query.get("readMask", "")) for job in answer["pipelineJobs"]]
        return JSONResponse(answer)

    async def cancel(request: Request) -> Response:
        jobs.cancel(_name(request))
        return JSONResponse({})

    async def delete(request: Request) -> Response:
        jobs.delete(_name(request))
        return JSONResponse(done(services, parent_of(request), "google.protobuf.Empty", {}, "DeleteOperationMetadata"))

    async def delete_some(request: Request) -> Response:
        names = await _names(request)
        views = [view(services, jobs.get(name)) for name in names]
        for name in names:
            jobs.delete(name)
        kind = "google.cloud.aiplatform.v1.BatchDeletePipelineJobsResponse"
        return JSONResponse(done(services, parent_of(request), kind, {"pipelineJobs": views}))

    async def cancel_some(request: Request) -> Response:
        names = await _names(request)
        for name in names:
            jobs.cancel(name)
        views = [view(services, jobs.get(name)) for name in names]
        kind = "google.cloud.aiplatform.v1.BatchCancelPipelineJobsResponse"
        return JSONResponse(done(services, parent_of(request), kind, {"pipelineJobs": views}))

    one = f"{LOCATION}/pipelineJobs/{{id}}"
    return [
        Route(f"{LOCATION}/pipelineJobs:batchDelete", delete_some, methods=["POST"]),
        Route(f"{LOCATION}/pipelineJobs:batchCancel", cancel_some, methods=["POST"]),
        Route(f"{LOCATION}/pipelineJobs", create, methods=["POST"]),
        Route(f"{LOCATION}/pipelineJobs", listed, methods=["GET"]),
        Route(f"{one}:cancel", cancel, methods=["POST"]),
        Route(one, show, methods=["GET"]),
        Route(one, delete, methods=["DELETE"]),
    ]


def _name(request: Request) -> str:
    return f"{parent_of(request)}/pipelineJobs/{request.path_params['id']}"


async def _names(request: Request) -> list[str]:
    names: list[str] = (await body_of(request)).get("names", [])
    if not 1 <= len(names) <= 32:
        raise Refused(400, f"A batch has 1 to 32 names, not {len(names)}.")
    return names


def _pipeline(resource: Document) -> str:
    return str(resource.get("pipelineSpec", {}).get("pipelineInfo", {}).get("name", ""))


def submit(services: Services, parent: str, job_id: str, resource: Document, *, scheduled: str = "") -> Job:
    """Check a pipeline job as Vertex does, and start it.

    Raises:
        Refused: the job is wrong in some way, or its id is taken.
    """
    if not _ID.fullmatch(job_id):
        raise Refused(400, f"Invalid pipelineJobId: {job_id!r}; it must match [a-z][-a-z0-9]{{0,127}}.")
    if len(resource.get("displayName", "")) > 128:
        raise Refused(400, "The display_name is longer than 128 characters.")
    check_labels(resource.get("labels", {}))
    for name, what in _NOT_HERE.items():
        if resource.get(name):
            raise Refused(501, f"The stand-in has no {what} ({name}).")
    if not resource.get("pipelineSpec"):
        if resource.get("templateUri"):
            raise Refused(501, "The stand-in fetches no templates; submit the pipeline spec itself.")
        raise Refused(400, "The pipeline_spec is required.")
    config = resource.get("runtimeConfig", {})
    root = config.get("gcsOutputDirectory", "")
    if not root.startswith("gs://"):
        raise Refused(400, f"The gcs_output_directory must be a gs:// URI, not {root!r}.")
    if config.get("parameters"):
        raise Refused(400, "Parameters of schema version 2.1 belong into parameter_values, not into parameters.")
    return services.jobs.submit(
        Job(
            name=f"{parent}/pipelineJobs/{job_id}",
            id=job_id,
            service="vertex",
            owner=f"vertex/{parent}",
            parent=parent,
            resource={name: value for name, value in resource.items() if name != "pipelineSpec"},
            spec=resource["pipelineSpec"],
            root=root,
            parameters=config.get("parameterValues", {}),
            artifacts=_input_artifacts(services, parent, config),
            fail_fast=config.get("failurePolicy") in _FAIL_FAST,
            scheduled=scheduled,
        )
    )


def _input_artifacts(services: Services, parent: str, config: Document) -> dict[str, list[Artifact]]:
    artifacts: dict[str, list[Artifact]] = {}
    for name, given in config.get("inputArtifacts", {}).items():
        full = f"{parent}/metadataStores/default/artifacts/{given.get('artifactId', '')}"
        found = services.metadata.get(full)
        kind = {"schemaTitle": found.get("schemaTitle", ""), "schemaVersion": found.get("schemaVersion", "")}
        artifacts[name] = [
            {"name": full, "uri": found.get("uri", ""), "type": kind, "metadata": found.get("metadata", {})}
        ]
    return artifacts


def check_labels(labels: Document) -> None:
    """Check labels as Google's services do.

    Raises:
        Refused: one is not allowed.
    """
    if len(labels) > 64:
        raise Refused(400, f"There are {len(labels)} labels; 64 are allowed.")
    for key, value in labels.items():
        if key == _RESERVED:
            raise Refused(400, f"The label key {key} is reserved.")
        if not _LABEL_KEY.fullmatch(key) or not isinstance(value, str) or not _LABEL_VALUE.fullmatch(value):
            raise Refused(
                400,
                f"Invalid label {key}={value}: keys and values have at most 64 lower-case letters, digits, "
                "underscores and dashes, and keys begin with a letter.",
            )


def view(services: Services, job: Job) -> Document:
    """Return a job as Vertex shows it."""
    pipeline, run = services.metadata.contexts_of(job)
    shown: dict[str, Any] = {
        **job.resource,
        "name": job.name,
        "state": f"PIPELINE_STATE_{job.state}",
        "createTime": job.created,
        "updateTime": job.updated,
        "pipelineSpec": job.spec,
        "labels": {**job.resource.get("labels", {}), _RESERVED: job.number},
        "jobDetail": {
            "pipelineContext": pipeline,
            "pipelineRunContext": run,
            "taskDetails": [_detail(job, task) for task in job.tasks],
        },
    }
    if job.started:
        shown["startTime"] = job.started
    if job.ended:
        shown["endTime"] = job.ended
    if job.error:
        shown["error"] = {"code": 1 if job.state == "CANCELLED" else 9, "message": job.error}
    return shown


def _detail(job: Job, task: Task) -> Document:
    detail: dict[str, Any] = {
        "taskId": task.id,
        "taskName": task.name,
        "taskUniqueName": task.path or task.name,
        "createTime": task.created,
        "state": _TASK_STATES.get(task.state, task.state),
        "inputs": _artifact_lists(task.inputs.artifacts),
        "outputs": _artifact_lists(task.outputs.artifacts),
        "pipelineTaskStatus": [
            {
                "updateTime": attempt.time,
                "state": "FAILED",
                "error": {"code": 9, "message": attempt.message},
            }
            for attempt in task.attempts
        ],
    }
    if task.state not in {"PENDING", "NOT_TRIGGERED"}:
        detail["execution"] = execution_of(job, task)
    if task.parent:
        detail["parentTaskId"] = task.parent
    if task.started:
        detail["startTime"] = task.started
    if task.ended:
        detail["endTime"] = task.ended
    if task.error:
        detail["error"] = {"code": 9, "message": task.error}
    if task.kind == "container":
        place = job.name.split("/pipelineJobs/")[0]
        detail["executorDetail"] = {"containerDetail": {"mainJob": f"{place}/customJobs/{task.id}"}}
    return detail


def _artifact_lists(artifacts: dict[str, list[Artifact]]) -> Document:
    return {name: {"artifacts": [artifact_of(artifact) for artifact in some]} for name, some in artifacts.items()}


def _masked(document: Document, mask: str) -> Document:
    """Keep of a document the fields that a mask such as `state,pipelineSpec.pipelineInfo` names."""
    if not mask:
        return document
    kept: Document = {}
    for path in ["name", *mask.split(",")]:
        source: Any = document
        target = kept
        parts = [re.sub(r"_([a-z])", lambda match: match[1].upper(), part) for part in path.strip().split(".")]
        for part in parts[:-1]:
            source = source.get(part, {})
            target = target.setdefault(part, {})
        if parts[-1] in source:
            target[parts[-1]] = source[parts[-1]]
    return kept
