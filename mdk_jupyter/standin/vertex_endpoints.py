"""Vertex AI: endpoints: what is deployed to them and how traffic is split."""

from __future__ import annotations

import asyncio
import json
import random
import urllib.request
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mdk_jupyter.standin.answers import Document, Refused, body_of, page
from mdk_jupyter.standin.filters import chosen, ordered
from mdk_jupyter.standin.jobs import new_id
from mdk_jupyter.standin.operations import LOCATION, done, parent_of
from mdk_jupyter.standin.services import Services
from mdk_jupyter.standin.vertex_jobs import check_labels
from mdk_jupyter.standin.vertex_models import Models

_KIND = "endpoints"
_SERVED = ("http://127.0.0.1:", "http://localhost:")
_TYPE = "google.cloud.aiplatform.v1."


def routes(services: Services) -> list[Route]:
    """Return the routes."""
    documents = services.documents
    models = Models(services)

    def endpoint_of(request: Request) -> Document:
        name = f"{parent_of(request)}/endpoints/{request.path_params['id']}"
        found = documents.get(_KIND, name)
        if found is None:
            raise Refused(404, f"The Endpoint does not exist: {name}")
        return found

    def save(endpoint: Document) -> Document:
        return documents.put(_KIND, endpoint["name"], {**endpoint, "updateTime": services.clock.text()})

    def answer(request: Request, kind: str, response: Document, metadata: str) -> Response:
        return JSONResponse(done(services, parent_of(request), kind, response, metadata))

    async def create(request: Request) -> Response:
        body = await body_of(request)
        if not body.get("displayName"):
            raise Refused(400, "The display_name of the endpoint is required.")
        check_labels(body.get("labels", {}))
        name = f"{parent_of(request)}/endpoints/{request.query_params.get('endpointId') or new_id()}"
        if documents.get(_KIND, name) is not None:
            raise Refused(409, f"{name} already exists.")
        fresh = {"name": name, "createTime": services.clock.text(), "deployedModels": [], "trafficSplit": {}}
        return answer(request, f"{_TYPE}Endpoint", save({**body, **fresh}), "CreateEndpointOperationMetadata")

    async def listed(request: Request) -> Response:
        query = request.query_params
        found = [document for _, document in documents.all(_KIND, f"{parent_of(request)}/endpoints/")]
        found = ordered(chosen(reversed(found), query.get("filter", "")), query.get("orderBy", ""))
        return JSONResponse(page(found, request, "endpoints"))

    async def show(request: Request) -> Response:
        return JSONResponse(endpoint_of(request))

    async def update(request: Request) -> Response:
        body = await body_of(request)
        endpoint = endpoint_of(request)
        check_labels(body.get("labels", {}))
        changed: Document = {name: body[name] for name in ("displayName", "description", "labels") if name in body}
        if "trafficSplit" in body:
            changed["trafficSplit"] = _split(body["trafficSplit"], endpoint["deployedModels"])
        return JSONResponse(save({**endpoint, **changed}))

    async def delete(request: Request) -> Response:
        endpoint = endpoint_of(request)
        if endpoint["deployedModels"]:
            raise Refused(400, f"The Endpoint {endpoint['name']} has deployed models.", "FAILED_PRECONDITION")
        documents.delete(_KIND, endpoint["name"])
        return answer(request, "google.protobuf.Empty", {}, "DeleteOperationMetadata")

    async def deploy(request: Request) -> Response:
        body = await body_of(request)
        endpoint = endpoint_of(request)
        given = body.get("deployedModel", {})
        model = models.get(given.get("model", ""))
        fresh: dict[str, Any] = {"id": given.get("id") or new_id(), "createTime": services.clock.text()}
        deployed = {**given, **fresh, "model": model["name"], "modelVersionId": model["versionId"]}
        everything = [*endpoint["deployedModels"], deployed]
        split = {fresh["id"] if key == "0" else key: share for key, share in body.get("trafficSplit", {}).items()}
        split = _split(split, everything) if split else endpoint["trafficSplit"]
        save({**endpoint, "deployedModels": everything, "trafficSplit": split})
        return answer(
            request, f"{_TYPE}DeployModelResponse", {"deployedModel": deployed}, "DeployModelOperationMetadata"
        )

    async def undeploy(request: Request) -> Response:
        body = await body_of(request)
        endpoint = endpoint_of(request)
        gone = body.get("deployedModelId")
        left = [deployed for deployed in endpoint["deployedModels"] if deployed["id"] != gone]
        if len(left) == len(endpoint["deployedModels"]):
            raise Refused(404, f"The DeployedModel {gone} does not exist in {endpoint['name']}.")
        split = body.get("trafficSplit") or {k: v for k, v in endpoint["trafficSplit"].items() if k != gone}
        save({**endpoint, "deployedModels": left, "trafficSplit": _split(split, left) if left and split else {}})
        return answer(request, f"{_TYPE}UndeployModelResponse", {}, "UndeployModelOperationMetadata")

    async def predict(request: Request) -> Response:
        endpoint = endpoint_of(request)
        if not endpoint["trafficSplit"]:
            raise Refused(400, f"The Endpoint {endpoint['name']} has no deployed model.", "FAILED_PRECONDITION")
        split = endpoint["trafficSplit"]
        (number,) = random.choices(list(split), list(split.values()))  # noqa: S311
        deployed = next(model for model in endpoint["deployedModels"] if model["id"] == number)
        model = models.get(f"{deployed['model']}@{deployed['modelVersionId']}")
        told = {"deployedModelId": number, "model": model["name"], "modelVersionId": model["versionId"]}
        answered = await asyncio.to_thread(_served, model, await request.body())
        return JSONResponse({**answered, **told, "modelDisplayName": model["displayName"]})

    one = f"{LOCATION}/endpoints/{{id}}"
    return [
        Route(f"{LOCATION}/endpoints", create, methods=["POST"]),
        Route(f"{LOCATION}/endpoints", listed, methods=["GET"]),
        Route(f"{one}:deployModel", deploy, methods=["POST"]),
        Route(f"{one}:undeployModel", undeploy, methods=["POST"]),
        Route(f"{one}:predict", predict, methods=["POST"]),
        Route(f"{one}:update", update, methods=["POST"]),
        Route(one, show, methods=["GET"]),
        Route(one, update, methods=["PATCH"]),
        Route(one, delete, methods=["DELETE"]),
    ]


def _served(model: Document, body: bytes) -> Document:
    """Have a model's server answer, where the model names one of this machine in place of an image.

    Raises:
        Refused: it names an image, or the server does not answer.
    """
    container = model.get("containerSpec", {})
    address = str(container.get("imageUri", ""))
    if not address.startswith(_SERVED):
        raise Refused(
            501,
            f"The stand-in runs no serving image ({address}); a model whose image is {_SERVED[0]}PORT is served there.",
        )
    url = address.rstrip("/") + str(container.get("predictRoute", "/predict"))
    try:
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            document: Document = json.loads(answer.read())
            return document
    except (OSError, ValueError) as error:
        raise Refused(503, f"The model's server at {url} does not answer as it should: {error}") from None


def _split(split: dict[str, int], deployed: list[Document]) -> dict[str, int]:
    """Check a split of traffic.

    Raises:
        Refused: it does not sum to 100, or names what is not deployed.
    """
    unknown = set(split) - {model["id"] for model in deployed}
    if unknown:
        raise Refused(400, f"The traffic_split names models that are not deployed: {sorted(unknown)}.")
    if sum(split.values()) != 100:
        raise Refused(400, f"The traffic_split must sum to 100, not {sum(split.values())}.")
    return split
