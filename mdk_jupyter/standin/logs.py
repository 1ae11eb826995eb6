"""The logs of steps: as text, and as entries of Cloud Logging."""

from __future__ import annotations

import json
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from mdk_jupyter.standin.answers import Document, Refused, body_of
from mdk_jupyter.standin.filters import chosen
from mdk_jupyter.standin.jobs import Job
from mdk_jupyter.standin.services import Services
from mdk_jupyter.standin.tasks import Task


def routes(services: Services) -> list[Route]:
    """Return the routes."""
    jobs = services.jobs

    async def as_text(request: Request) -> Response:
        job_id, name = request.path_params["job"], request.path_params["task"]
        tasks = [task for job in jobs.all("") if job.id == job_id for task in job.tasks]
        found = [task for task in tasks if name in {task.id, task.path, task.name}]
        if not found:
            raise Refused(404, f"The job {job_id} has no task {name}.")
        lines = [entry["textPayload"] for task in found for entry in _lines(jobs.log_of(task.id))]
        return PlainTextResponse("".join(f"{line}\n" for line in lines))

    async def entries(request: Request) -> Response:
        body = await body_of(request)
        names = [*body.get("resourceNames", []), *body.get("projectIds", [])]
        projects = {name.removeprefix("projects/") for name in names}
        if not projects:
            raise Refused(400, "The resourceNames are required.")
        known = [(job, task) for job in jobs.all("projects/") for task in job.tasks if task.kind == "container"]
        text = str(body.get("filter", ""))
        # Whoever asks for one job's log need not wait until all logs are read.
        known = [(job, task) for job, task in known if job.parent.split("/")[1] in projects]
        named = [(job, task) for job, task in known if task.id in text]
        everything = [entry for job, task in named or known for entry in _entries(job, task, jobs.log_of(task.id))]
        found = sorted(chosen(everything, text), key=lambda entry: str(entry["timestamp"]))
        if body.get("orderBy", "").endswith("desc"):
            found.reverse()
        size, start = int(body.get("pageSize") or 50), int(body.get("pageToken") or 0)
        answer: Document = {"entries": found[start : start + size]}
        if start + size < len(found):
            answer["nextPageToken"] = str(start + size)
        return JSONResponse(answer)

    return [
        Route("/standin/logs/{job}/{task:path}", as_text, methods=["GET"]),
        Route("/v2/entries:list", entries, methods=["POST"]),
    ]


def _lines(file: Path) -> list[Document]:
    if not file.exists():
        return []
    lines = file.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.endswith("}")]  # the last one may be on its way


def _entries(job: Job, task: Task, file: Path) -> list[Document]:
    project = job.parent.split("/")[1]
    return [
        {
            **line,
            "logName": f"projects/{project}/logs/workerpool0-0",
            "insertId": f"{task.id}-{number}",
            "resource": {
                "type": "ml_job",
                "labels": {"job_id": task.id, "project_id": project, "task_name": "workerpool0-0"},
            },
            "labels": {"ml.googleapis.com/job_id/log_area": "root"},
        }
        for number, line in enumerate(_lines(file))
    ]
