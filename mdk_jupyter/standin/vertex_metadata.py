"""Vertex AI: the metadata store, as far as Experiments need it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mdk_jupyter.standin.answers import Document, body_of, page
from mdk_jupyter.standin.filters import chosen, ordered
from mdk_jupyter.standin.jobs import new_id
from mdk_jupyter.standin.operations import LOCATION, done, parent_of
from mdk_jupyter.standin.services import Services

_IDS = {"contexts": "contextId", "executions": "executionId", "artifacts": "artifactId"}


def routes(services: Services) -> list[Route]:
    """Return the routes."""
    metadata = services.metadata

    async def create_store(request: Request) -> Response:
        name = f"{parent_of(request)}/metadataStores/{request.query_params.get('metadataStoreId', new_id())}"
        store = metadata.create(name, await body_of(request))
        kind = "google.cloud.aiplatform.v1.MetadataStore"
        return JSONResponse(done(services, parent_of(request), kind, store, "CreateMetadataStoreOperationMetadata"))

    async def create(request: Request) -> Response:
        chosen_id = request.query_params.get(_IDS[_kind(request)]) or new_id()
        return JSONResponse(metadata.create(f"{_collection(request)}/{chosen_id}", await body_of(request)))

    async def listed(request: Request) -> Response:
        kind = _kind(request)
        query = request.query_params

        def in_context(document: Document, context: str) -> bool:
            return document["name"] in metadata.linked(context, kind)

        def parents(document: Document, context: str) -> bool:
            return document["name"] in metadata.linked(context, "children")

        functions = {"in_context": in_context, "parent_contexts": parents}
        found = chosen(metadata.listed(_collection(request)), query.get("filter", ""), functions)
        return JSONResponse(page(ordered(found, query.get("orderBy", "")), request, kind))

    async def show(request: Request) -> Response:
        return JSONResponse(metadata.get(_name(request)))

    async def update(request: Request) -> Response:
        allowed = request.query_params.get("allowMissing", "") == "true"
        return JSONResponse(metadata.update(_name(request), await body_of(request), allow_missing=allowed))

    async def delete(request: Request) -> Response:
        metadata.delete(_name(request))
        return JSONResponse(done(services, parent_of(request), "google.protobuf.Empty", {}, "DeleteOperationMetadata"))

    async def add_members(request: Request) -> Response:
        body = await body_of(request)
        for kind in ("artifacts", "executions"):
            metadata.link(_name(request), kind, body.get(kind, []))
        return JSONResponse({})

    async def add_children(request: Request) -> Response:
        children = (await body_of(request)).get("childContexts", [])
        metadata.link(_name(request), "children", children)
        for child in children:
            parents = metadata.get(child).get("parentContexts", [])
            metadata.update(child, {"parentContexts": list(dict.fromkeys([*parents, _name(request)]))})
        return JSONResponse({})

    async def remove_children(request: Request) -> Response:
        children = (await body_of(request)).get("childContexts", [])
        metadata.unlink(_name(request), "children", children)
        for child in children:
            parents = metadata.get(child).get("parentContexts", [])
            metadata.update(child, {"parentContexts": [name for name in parents if name != _name(request)]})
        return JSONResponse({})

    async def add_events(request: Request) -> Response:
        metadata.add_events(_name(request), (await body_of(request)).get("events", []))
        return JSONResponse({})

    async def of_context(request: Request) -> Response:
        name = _name(request)
        metadata.get(name)
        graph = metadata.subgraph(metadata.linked(name, "executions"), metadata.linked(name, "artifacts"))
        return JSONResponse(graph)

    async def of_execution(request: Request) -> Response:
        return JSONResponse(metadata.subgraph([_name(request)], []))

    stores = f"{LOCATION}/metadataStores"
    return [
        Route(stores, create_store, methods=["POST"]),
        Route(f"{stores}/{{id}}", show, methods=["GET"]),
        Route(f"{_nodes('contexts')}:addContextArtifactsAndExecutions", add_members, methods=["POST"]),
        Route(f"{_nodes('contexts')}:addContextChildren", add_children, methods=["POST"]),
        Route(f"{_nodes('contexts')}:removeContextChildren", remove_children, methods=["POST"]),
        Route(f"{_nodes('contexts')}:queryContextLineageSubgraph", of_context, methods=["GET"]),
        Route(f"{_nodes('executions')}:addExecutionEvents", add_events, methods=["POST"]),
        Route(f"{_nodes('executions')}:queryExecutionInputsAndOutputs", of_execution, methods=["GET"]),
        *(Route(_nodes(kind).removesuffix("/{id}"), create, methods=["POST"]) for kind in _IDS),
        *(Route(_nodes(kind).removesuffix("/{id}"), listed, methods=["GET"]) for kind in _IDS),
        *(Route(_nodes(kind), show, methods=["GET"]) for kind in _IDS),
        *(Route(_nodes(kind), update, methods=["PATCH"]) for kind in _IDS),
        *(Route(_nodes(kind), delete, methods=["DELETE"]) for kind in _IDS),
    ]


def _nodes(kind: str) -> str:
    return f"{LOCATION}/metadataStores/{{store}}/{kind}/{{id}}"


def _kind(request: Request) -> str:
    return request.url.path.split("/metadataStores/")[1].split("/")[1]


def _collection(request: Request) -> str:
    return f"{parent_of(request)}/metadataStores/{request.path_params['store']}/{_kind(request)}"


def _name(request: Request) -> str:
    if "store" not in request.path_params:
        return f"{parent_of(request)}/metadataStores/{request.path_params['id']}"
    return f"{_collection(request)}/{request.path_params['id']}"
