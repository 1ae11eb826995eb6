"""Kubeflow Pipelines: uploaded pipelines and their versions."""

from __future__ import annotations

import json
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mdk_jupyter.standin import ir
from mdk_jupyter.standin.answers import Document, Refused, body_of, page
from mdk_jupyter.standin.filters import by_predicates, ordered
from mdk_jupyter.standin.services import Services

_BASE = "/apis/v2beta1/pipelines"
_KIND, _VERSIONS = "pipelines", "pipeline_versions"
_LARGEST = 32 * 2**20  # bytes of an uploaded file


def routes(services: Services) -> list[Route]:
    """Return the routes."""
    documents = services.documents

    async def upload(request: Request) -> Response:
        pipeline_name, spec = await _uploaded(request)
        query = request.query_params
        name = query.get("display_name") or query.get("name") or pipeline_name
        pipeline = _add(services, {"display_name": name, "description": query.get("description", "")})
        _add_version(services, pipeline["pipeline_id"], {"display_name": name}, spec)
        return JSONResponse(pipeline)

    async def upload_version(request: Request) -> Response:
        query = request.query_params
        pipeline = _pipeline(services, query.get("pipelineid", ""))
        pipeline_name, spec = await _uploaded(request)
        name = query.get("display_name") or query.get("name") or pipeline_name
        version = {"display_name": name, "description": query.get("description", "")}
        return JSONResponse(_add_version(services, pipeline["pipeline_id"], version, spec))

    async def create(request: Request) -> Response:
        return JSONResponse(_add(services, await body_of(request)))

    async def listed(request: Request) -> Response:
        query = request.query_params
        found = by_predicates([document for _, document in documents.all(_KIND)], query.get("filter", ""))
        found = ordered(found, query.get("sort_by", ""))
        return JSONResponse({"total_size": len(found), **page(found, request, "pipelines", default=10)})

    async def show(request: Request) -> Response:
        return JSONResponse(_pipeline(services, request.path_params["id"]))

    async def by_name(request: Request) -> Response:
        for _, pipeline in documents.all(_KIND):
            if request.path_params["name"] in {pipeline["display_name"], pipeline.get("name")}:
                return JSONResponse(pipeline)
        raise Refused(404, f"Pipeline {request.path_params['name']} not found.")

    async def delete(request: Request) -> Response:
        number = _pipeline(services, request.path_params["id"])["pipeline_id"]
        versions = [name for name, _ in documents.all(_VERSIONS, f"{number}/")]
        if versions and request.query_params.get("cascade") != "true":
            raise Refused(400, f"Pipeline {number} still has {len(versions)} versions.", "FAILED_PRECONDITION")
        for name in versions:
            documents.delete(_VERSIONS, name)
        documents.delete(_KIND, number)
        return JSONResponse({})

    async def list_versions(request: Request) -> Response:
        number = _pipeline(services, request.path_params["id"])["pipeline_id"]
        query = request.query_params
        found = [document for _, document in documents.all(_VERSIONS, f"{number}/")]
        found = ordered(by_predicates(found, query.get("filter", "")), query.get("sort_by", ""))
        return JSONResponse({"total_size": len(found), **page(found, request, "pipeline_versions", default=10)})

    async def show_version(request: Request) -> Response:
        return JSONResponse(_version(services, request.path_params["id"], request.path_params["version"]))

    async def delete_version(request: Request) -> Response:
        version = _version(services, request.path_params["id"], request.path_params["version"])
        documents.delete(_VERSIONS, f"{version['pipeline_id']}/{version['pipeline_version_id']}")
        return JSONResponse({})

    return [
        Route(f"{_BASE}/upload", upload, methods=["POST"]),
        Route(f"{_BASE}/upload_version", upload_version, methods=["POST"]),
        Route(_BASE, create, methods=["POST"]),
        Route(_BASE, listed, methods=["GET"]),
        Route(f"{_BASE}/names/{{name}}", by_name, methods=["GET"]),
        Route(f"{_BASE}/{{id}}", show, methods=["GET"]),
        Route(f"{_BASE}/{{id}}", delete, methods=["DELETE"]),
        Route(f"{_BASE}/{{id}}/versions", list_versions, methods=["GET"]),
        Route(f"{_BASE}/{{id}}/versions/{{version}}", show_version, methods=["GET"]),
        Route(f"{_BASE}/{{id}}/versions/{{version}}", delete_version, methods=["DELETE"]),
    ]


def spec_of(services: Services, resource: Document) -> tuple[Document, Document]:
    """Return the spec of a run, its own or that of the version that it refers to, and what Kubernetes adds to it.

    Raises:
        Refused: there is none, or it is set up for Kubernetes in ways that the stand-in cannot follow.
    """
    reference = resource.get("pipeline_version_reference") or {}
    if reference.get("pipeline_id"):
        spec = _version(services, reference["pipeline_id"], reference.get("pipeline_version_id", ""))["pipeline_spec"]
    else:
        spec = resource.get("pipeline_spec") or {}
    return _unwrapped(spec)


def _unwrapped(spec: Document) -> tuple[Document, Document]:
    """Return the pipeline spec and, by executor, what the platform spec beside it asks for."""
    if not spec:
        raise Refused(400, "The pipeline spec is empty.")
    inner: Document = spec.get("pipeline_spec", spec)
    platform: dict[str, Any] = spec.get("platform_spec") or {}
    executors = platform.get("platforms", {}).get("kubernetes", {}).get("deploymentSpec", {}).get("executors", {})
    asked = {setting for settings in executors.values() for setting in settings} - {"secretAsEnv"}
    if asked:
        raise Refused(501, f"The stand-in has no Kubernetes; it cannot do {', '.join(sorted(asked))}.")
    return inner, executors


async def _uploaded(request: Request) -> tuple[str, Document]:
    import yaml

    form = await request.form()
    file = form.get("uploadfile")
    if file is None or isinstance(file, str):
        raise Refused(400, "The upload has no file `uploadfile`.")
    data = await file.read()
    if len(data) > _LARGEST:
        raise Refused(400, f"The file has {len(data)} bytes; {_LARGEST} are allowed.")
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        documents = [json.loads(data)] if data.lstrip()[:1] == b"{" else list(yaml.load_all(data, loader))
    except (ValueError, yaml.YAMLError) as error:
        raise Refused(400, f"The uploaded file is no pipeline: {error}") from None
    if not documents or not isinstance(documents[0], dict):
        raise Refused(400, "The uploaded file is no pipeline.")
    whole = {"pipeline_spec": documents[0], "platform_spec": documents[1]} if documents[1:] else documents[0]
    spec, _ = _unwrapped(whole)
    ir.check(spec)
    return str(spec["pipelineInfo"]["name"]), whole


def _add(services: Services, given: Document) -> Document:
    name = given.get("display_name") or given.get("name")
    if not name:
        raise Refused(400, "The display_name of the pipeline is required.")
    if any(known["display_name"] == name for _, known in services.documents.all(_KIND)):
        raise Refused(409, f"The pipeline {name} already exists.")
    fresh = {"pipeline_id": str(uuid.uuid4()), "display_name": name, "created_at": services.clock.text()}
    return services.documents.put(_KIND, fresh["pipeline_id"], {**given, **fresh})


def _add_version(services: Services, pipeline: str, given: Document, spec: Document) -> Document:
    fresh = {"pipeline_id": pipeline, "pipeline_version_id": str(uuid.uuid4()), "created_at": services.clock.text()}
    document = {**given, **fresh, "pipeline_spec": spec}
    return services.documents.put(_VERSIONS, f"{pipeline}/{fresh['pipeline_version_id']}", document)


def _pipeline(services: Services, number: str) -> Document:
    found = services.documents.get(_KIND, number)
    if found is None:
        raise Refused(404, f"Pipeline {number} not found.")
    return found


def _version(services: Services, pipeline: str, number: str) -> Document:
    if not number:  # the newest
        known = [name for name, _ in services.documents.all(_VERSIONS, f"{pipeline}/")]
        number = known[-1].split("/")[1] if known else ""
    found = services.documents.get(_VERSIONS, f"{pipeline}/{number}")
    if found is None:
        raise Refused(404, f"Version {number} of pipeline {pipeline} not found.")
    return found
