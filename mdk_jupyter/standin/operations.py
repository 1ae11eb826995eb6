"""Vertex AI: where its resources are, and its long-running operations, which are done at once."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mdk_jupyter.standin.answers import Document, Refused
from mdk_jupyter.standin.jobs import new_id
from mdk_jupyter.standin.services import Services

LOCATION = "/{version}/projects/{project}/locations/{location}"
_KIND = "operations"


def parent_of(request: Request) -> str:
    """Return the project and location of a request, as names of resources begin."""
    return "projects/{project}/locations/{location}".format(**request.path_params)


def done(
    services: Services, parent: str, kind: str, response: Document, metadata: str = "GenericOperationMetadata"
) -> Document:
    """Return an operation that has come to its end."""
    operation = {
        "name": f"{parent}/operations/{new_id()}",
        "done": True,
        "metadata": {"@type": f"type.googleapis.com/google.cloud.aiplatform.v1.{metadata}"},
        "response": {"@type": f"type.googleapis.com/{kind}", **response},
    }
    return services.documents.put(_KIND, str(operation["name"]), operation)


def routes(services: Services) -> list[Route]:
    """Return the routes."""

    async def show(request: Request) -> Response:
        name = request.url.path.split("/", 2)[2].removesuffix(":wait")
        operation = services.documents.get(_KIND, f"{parent_of(request)}/operations/{name.rsplit('/', 1)[1]}")
        if operation is None:
            raise Refused(404, f"The operation {name} does not exist.")
        return JSONResponse(operation)

    return [
        Route(f"{LOCATION}/operations/{{id}}", show, methods=["GET"]),
        Route(f"{LOCATION}/operations/{{id}}:wait", show, methods=["POST"]),
        Route(f"{LOCATION}/{{owner:path}}/operations/{{id}}", show, methods=["GET"]),
    ]
