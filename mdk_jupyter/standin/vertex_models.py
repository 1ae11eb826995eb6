"""Vertex AI: the model registry, with versions and aliases."""

from __future__ import annotations

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

_KIND = "models"  # each version is a document of the name `MODEL@VERSION`


class Models:
    """All versions of all models."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def versions(self, model: str) -> list[Document]:
        """Return all versions of a model, oldest first.

        Raises:
            Refused: there is no such model.
        """
        found = [document for _, document in self._services.documents.all(_KIND, f"{model}@")]
        if not found:
            raise Refused(404, f"The Model does not exist: {model}")
        return found

    def get(self, name: str) -> Document:
        """Return a version, named by number or alias after `@`; the default one when none is named.

        Raises:
            Refused: there is no such model or version.
        """
        model, _, version = name.partition("@")
        for document in self.versions(model):
            if (version or "default") in {document["versionId"], *document["versionAliases"]}:
                return document
        raise Refused(404, f"The Model does not exist: {name}")

    def all(self, parent: str) -> list[Document]:
        """Return the default versions of all models of a location."""
        found = self._services.documents.all(_KIND, f"{parent}/models/")
        return [document for _, document in found if "default" in document["versionAliases"]]

    def save(self, document: Document) -> Document:
        """Keep a version. An alias that it has is taken from the others.

        Raises:
            OSError: the file cannot be written.
        """
        document["versionUpdateTime"] = self._services.clock.text()
        for _, other in self._services.documents.all(_KIND, f"{document['name']}@"):
            if other is not document and set(other["versionAliases"]) & set(document["versionAliases"]):
                kept = [alias for alias in other["versionAliases"] if alias not in document["versionAliases"]]
                self._put({**other, "versionAliases": kept})
        return self._put(document)

    def _put(self, document: Document) -> Document:
        return self._services.documents.put(_KIND, f"{document['name']}@{document['versionId']}", document)

    def delete(self, document: Document) -> None:
        """Forget a version."""
        self._services.documents.delete(_KIND, f"{document['name']}@{document['versionId']}")


def routes(services: Services) -> list[Route]:
    """Return the routes."""
    models = Models(services)

    async def upload(request: Request) -> Response:
        body = await body_of(request)
        given = body.get("model", {})
        if not given.get("displayName"):
            raise Refused(400, "The display_name of the model is required.")
        check_labels(given.get("labels", {}))
        parent = parent_of(request)
        name = body.get("parentModel", "").partition("@")[0] or f"{parent}/models/{body.get('modelId') or new_id()}"
        known = [document for _, document in services.documents.all(_KIND, f"{name}@")]
        if not known and body.get("parentModel"):
            raise Refused(404, f"The Model does not exist: {name}")
        time = services.clock.text()
        aliases = list(dict.fromkeys([*given.get("versionAliases", []), *([] if known else ["default"])]))
        document: dict[str, Any] = {
            **given,
            "name": name,
            "versionId": str(max((int(version["versionId"]) for version in known), default=0) + 1),
            "versionAliases": aliases,
            "createTime": known[0]["createTime"] if known else time,
            "updateTime": time,
            "versionCreateTime": time,
            "supportedDeploymentResourcesTypes": ["DEDICATED_RESOURCES"],
        }
        models.save(document)
        answer = {"model": name, "modelVersionId": document["versionId"]}
        kind = "google.cloud.aiplatform.v1.UploadModelResponse"
        return JSONResponse(done(services, parent, kind, answer, "UploadModelOperationMetadata"))

    async def listed(request: Request) -> Response:
        query = request.query_params
        found = chosen(reversed(models.all(parent_of(request))), query.get("filter", ""))
        return JSONResponse(page(ordered(found, query.get("orderBy", "")), request, "models"))

    async def list_versions(request: Request) -> Response:
        found = chosen(models.versions(_name(request).partition("@")[0]), request.query_params.get("filter", ""))
        return JSONResponse(page(found, request, "models"))

    async def show(request: Request) -> Response:
        return JSONResponse(models.get(_name(request)))

    async def update(request: Request) -> Response:
        fixed = {"name", "versionId", "versionAliases", "createTime", "versionCreateTime"}
        body = {name: value for name, value in (await body_of(request)).items() if name not in fixed}
        check_labels(body.get("labels", {}))
        document = models.get(_name(request))
        return JSONResponse(models.save({**document, **body, "updateTime": services.clock.text()}))

    async def merge_aliases(request: Request) -> Response:
        document = models.get(_name(request))
        aliases = list(document["versionAliases"])
        for change in (await body_of(request)).get("versionAliases", []):
            if change.startswith("-"):
                if change == "-default":
                    raise Refused(400, "The default alias can be moved to another version, not removed.")
                aliases = [alias for alias in aliases if alias != change[1:]]
            elif change not in aliases:
                aliases.append(change)
        return JSONResponse(models.save({**document, "versionAliases": aliases}))

    async def delete(request: Request) -> Response:
        for document in models.versions(_name(request)):
            models.delete(document)
        return JSONResponse(done(services, parent_of(request), "google.protobuf.Empty", {}, "DeleteOperationMetadata"))

    async def delete_version(request: Request) -> Response:
        document = models.get(_name(request))
        if "default" in document["versionAliases"]:
            raise Refused(400, "The default version cannot be deleted; move the alias first.", "FAILED_PRECONDITION")
        models.delete(document)
        return JSONResponse(done(services, parent_of(request), "google.protobuf.Empty", {}, "DeleteOperationMetadata"))

    one = f"{LOCATION}/models/{{id}}"
    return [
        Route(f"{LOCATION}/models:upload", upload, methods=["POST"]),
        Route(f"{LOCATION}/models", listed, methods=["GET"]),
        Route(f"{one}:listVersions", list_versions, methods=["GET"]),
        Route(f"{one}:mergeVersionAliases", merge_aliases, methods=["POST"]),
        Route(f"{one}:deleteVersion", delete_version, methods=["DELETE"]),
        Route(one, show, methods=["GET"]),
        Route(one, update, methods=["PATCH"]),
        Route(one, delete, methods=["DELETE"]),
    ]


def _name(request: Request) -> str:
    return f"{parent_of(request)}/models/{request.path_params['id']}"
