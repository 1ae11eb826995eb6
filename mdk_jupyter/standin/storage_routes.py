"""Cloud Storage: the JSON API."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from email.parser import BytesParser
from typing import Any
from urllib.parse import unquote

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mdk_jupyter.standin.answers import Document, Refused, body_of, page
from mdk_jupyter.standin.objects import Objects
from mdk_jupyter.standin.services import Services

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass
class _Upload:
    """A resumable upload on its way."""

    bucket: str
    name: str
    properties: Document
    query: QueryParams
    data: bytearray


def routes(services: Services) -> list[Route]:
    """Return the routes."""
    storage = services.storage
    objects = Objects(services)
    uploads: dict[str, _Upload] = {}

    def bucket_view(bucket: str) -> Document:
        storage.require(bucket)
        fixed = {"kind": "storage#bucket", "id": bucket, "name": bucket, "projectNumber": "1", "metageneration": "1"}
        defaults = {"location": "EU", "storageClass": "STANDARD", "etag": "1"}
        return {**defaults, **(services.documents.get("buckets", bucket) or {}), **fixed}

    async def create_bucket(request: Request) -> Response:
        body = await body_of(request)
        bucket = str(body.pop("name", ""))
        if storage.folder(bucket).exists():
            raise Refused(409, "Your previous request to create the named bucket succeeded and you already own it.")
        storage.folder(bucket).mkdir()
        services.documents.put("buckets", bucket, {**body, "timeCreated": services.clock.text()})
        return JSONResponse(bucket_view(bucket))

    async def list_buckets(request: Request) -> Response:
        prefix = request.query_params.get("prefix", "")
        found = [bucket_view(bucket) for bucket in storage.buckets() if bucket.startswith(prefix)]
        return JSONResponse({"kind": "storage#buckets", **page(found, request, "items")})

    async def one_bucket(request: Request) -> Response:
        bucket = request.path_params["bucket"]
        shown = bucket_view(bucket)
        if request.method == "PATCH":
            services.documents.put("buckets", bucket, {**shown, **await body_of(request)})
        elif request.method == "DELETE":
            if storage.names(bucket):
                raise Refused(409, "The bucket you tried to delete is not empty.")
            storage.delete_bucket(bucket)
            services.documents.delete("buckets", bucket)
            return Response(status_code=204)
        return JSONResponse(bucket_view(bucket))

    async def listed(request: Request) -> Response:
        bucket = request.path_params["bucket"]
        storage.require(bucket)
        query = request.query_params
        names, prefixes = _listed(storage.names(bucket), query)
        entries = sorted([*names, *prefixes], key=str.encode)
        size, start = int(query.get("maxResults") or 1000), query.get("pageToken", "")
        rest = [entry for entry in entries if entry.encode() > start.encode()]
        shown = rest[:size]
        answer: Document = {"kind": "storage#objects"}
        answer["items"] = [objects.show(bucket, name) for name in shown if name not in prefixes]
        answer["prefixes"] = [name for name in shown if name in prefixes]
        if len(rest) > size:
            answer["nextPageToken"] = shown[-1]
        return JSONResponse({key: value for key, value in answer.items() if value or key == "items"})

    async def one_object(request: Request) -> Response:
        bucket, name = request.path_params["bucket"], request.path_params["name"]
        query = request.query_params
        if request.method == "DELETE":
            objects.delete(bucket, name, query)
            return Response(status_code=204)
        if request.method in {"PATCH", "PUT"}:
            return JSONResponse(objects.change(bucket, name, await body_of(request), query))
        shown = objects.show(bucket, name)
        objects.demand(bucket, name, query)
        if query.get("alt") != "media" and not request.url.path.startswith("/download/"):
            return JSONResponse(shown)
        return _media(request, objects.read(bucket, name), shown)

    async def copy(request: Request) -> Response:
        path = request.path_params
        source, kept = objects.read(path["bucket"], path["name"]), objects.properties(path["bucket"], path["name"])
        properties = {**kept, **await body_of(request)}
        made = objects.write(path["to_bucket"], path["to_name"], source, properties, request.query_params)
        if "/copyTo/" in request.url.path:
            return JSONResponse(made)
        size = made["size"]
        rewritten = {"kind": "storage#rewriteResponse", "done": True, "resource": made, "objectSize": size}
        return JSONResponse({**rewritten, "totalBytesRewritten": size})

    async def compose(request: Request) -> Response:
        bucket, name = request.path_params["bucket"], request.path_params["name"]
        body = await body_of(request)
        data = b"".join(objects.read(bucket, source["name"]) for source in body.get("sourceObjects", []))
        return JSONResponse(objects.write(bucket, name, data, body.get("destination", {}), request.query_params))

    async def upload(request: Request) -> Response:
        bucket, query = request.path_params["bucket"], request.query_params
        storage.require(bucket)
        data = await request.body()
        match query.get("uploadType"):
            case "media":
                properties = {"contentType": request.headers.get("content-type")}
                return JSONResponse(objects.write(bucket, _object_name(query, {}), data, properties, query))
            case "multipart":
                properties, content = _parts(request.headers.get("content-type", ""), data)
                name = _object_name(query, properties)
                return JSONResponse(objects.write(bucket, name, content, properties, query))
            case "resumable" if "upload_id" not in query:
                properties = json.loads(data or b"{}")
                kind = request.headers.get("x-upload-content-type")
                if kind:
                    properties.setdefault("contentType", kind)
                name = _object_name(query, properties)
                objects.demand(bucket, name, query)
                number = secrets.token_hex(16)
                uploads[number] = _Upload(bucket, name, properties, query, bytearray())
                place = f"{str(request.base_url).rstrip('/')}{request.url.path}?uploadType=resumable&upload_id={number}"
                return Response(status_code=200, headers={"Location": place, "X-GUploader-UploadID": number})
        raise Refused(501, f"The stand-in knows no uploadType {query.get('uploadType')!r}.")

    async def upload_part(request: Request) -> Response:
        number = request.query_params.get("upload_id", "")
        going = uploads.get(number)
        if going is None:
            raise Refused(404, f"There is no upload {number}.")
        if request.method == "DELETE":
            del uploads[number]
            return Response(status_code=499)
        data = await request.body()
        match = _CONTENT_RANGE.fullmatch(request.headers.get("content-range", "bytes */*" if not data else ""))
        if match is not None and match[1] is not None:
            start = int(match[1])
            if start > len(going.data):
                return _so_far(going)
            going.data[start:] = data
        elif match is None or data:
            going.data[:] = data
        whole = len(going.data) if match is None else (None if match[3] == "*" else int(match[3]))
        if whole is None or len(going.data) < whole:
            return _so_far(going)
        made = objects.write(going.bucket, going.name, bytes(going.data), going.properties, going.query)
        del uploads[number]
        return JSONResponse(made)

    async def batch(request: Request) -> Response:
        return _batch(objects, request.headers.get("content-type", ""), await request.body())

    async def iam(request: Request) -> Response:
        raise Refused(501, "The stand-in has no permissions: everything is allowed to everyone on this machine.")

    async def may(request: Request) -> Response:
        storage.require(request.path_params["bucket"])
        return JSONResponse({"permissions": request.query_params.getlist("permissions")})

    one = "/storage/v1/b/{bucket}/o/{name:path}"
    there = "/b/{to_bucket}/o/{to_name:path}"
    return [
        Route("/batch/storage/v1", batch, methods=["POST"]),
        Route("/upload/storage/v1/b/{bucket}/o", upload, methods=["POST"]),
        Route("/upload/storage/v1/b/{bucket}/o", upload_part, methods=["PUT", "DELETE"]),
        Route("/storage/v1/b", create_bucket, methods=["POST"]),
        Route("/storage/v1/b", list_buckets, methods=["GET"]),
        Route("/storage/v1/b/{bucket}", one_bucket, methods=["GET", "PATCH", "DELETE"]),
        Route("/storage/v1/b/{bucket}/iam/testPermissions", may, methods=["GET"]),
        Route("/storage/v1/b/{bucket}/iam", iam, methods=["GET", "PUT"]),
        Route("/storage/v1/b/{bucket}/o", listed, methods=["GET"]),
        Route(f"{one}/rewriteTo{there}", copy, methods=["POST"]),
        Route(f"{one}/copyTo{there}", copy, methods=["POST"]),
        Route(f"{one}/compose", compose, methods=["POST"]),
        Route(one, one_object, methods=["GET", "PATCH", "PUT", "DELETE"]),
        Route(f"/download{one}", one_object, methods=["GET"]),
    ]


def _object_name(query: QueryParams, properties: Document) -> str:
    name = str(query.get("name") or properties.get("name") or "")
    if not name:
        raise Refused(400, "Required object name.")
    return name


def _listed(names: list[str], query: QueryParams) -> tuple[list[str], set[str]]:
    """Return the objects that a list shows, and the prefixes that stand for all others."""
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    first, last = query.get("startOffset", ""), query.get("endOffset", "")
    pattern = query.get("matchGlob")
    if pattern:
        raise Refused(501, "The stand-in knows no matchGlob; use prefix and delimiter.")
    shown: list[str] = []
    prefixes: set[str] = set()
    for name in names:
        if not name.startswith(prefix) or name < first or (last and name >= last):
            continue
        head, found, _ = name[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        if found:
            prefixes.add(prefix + head + delimiter)
        else:
            shown.append(name)
    return shown, prefixes


def _media(request: Request, data: bytes, shown: Document) -> Response:
    hashes = [f"crc32c={shown['crc32c']}"] if "crc32c" in shown else []
    headers = {
        "X-Goog-Generation": shown["generation"],
        "X-Goog-Metageneration": shown["metageneration"],
        "X-Goog-Hash": ",".join([*hashes, f"md5={shown['md5Hash']}"]),
        "ETag": shown["etag"],
    }
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    if match is None or not any(match.groups()):
        return Response(data, headers=headers, media_type=shown["contentType"])
    if match[1]:
        start, end = int(match[1]), min(int(match[2] or len(data)), len(data) - 1)
    else:
        start, end = max(0, len(data) - int(match[2])), len(data) - 1
    if start >= len(data):
        raise Refused(416, "The requested range cannot be satisfied.")
    headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
    return Response(data[start : end + 1], 206, headers, shown["contentType"])


def _so_far(upload: _Upload) -> Response:
    headers = {"Range": f"bytes=0-{len(upload.data) - 1}"} if upload.data else {}
    return Response(status_code=308, headers=headers)


def _sections(content_type: str, body: bytes) -> list[tuple[Any, bytes]]:
    """Return the headers and bytes of each part of a multipart body."""
    match = re.search(r"boundary=(\"[^\"]+\"|'[^']+'|[^;\s]+)", content_type)
    if match is None:
        raise Refused(400, "The multipart body has no boundary.")
    boundary = b"--" + match[1].strip("\"'").encode()
    sections = []
    for part in (b"\r\n" + body).replace(b"\r\n" + boundary, b"\n" + boundary).split(b"\n" + boundary)[1:]:
        if part.startswith(b"--"):
            break
        head, _, content = _split_head(part.lstrip(b"\r\n"))
        sections.append((BytesParser().parsebytes(head + b"\n\n"), content))
    return sections


def _split_head(text: bytes) -> tuple[bytes, bytes, bytes]:
    separators = [(text.find(mark), mark) for mark in (b"\r\n\r\n", b"\n\n") if mark in text]
    return text.partition(min(separators)[1]) if separators else (text, b"", b"")


def _parts(content_type: str, body: bytes) -> tuple[Document, bytes]:
    sections = _sections(content_type, body)
    if len(sections) != 2:
        raise Refused(400, f"A multipart upload has two parts, not {len(sections)}.")
    (_, described), (headers, data) = sections
    properties: Document = json.loads(described)
    if headers.get("content-type"):
        properties.setdefault("contentType", headers["content-type"])
    return properties, data


def _batch(objects: Objects, content_type: str, body: bytes) -> Response:
    answers = []
    for headers, content in _sections(content_type, body):
        head, _, inner = _split_head(content)
        method, target = head.split(b"\n")[0].decode().split(" ")[:2]
        code, answer = _batched(objects, method, target, inner)
        text = b"" if answer is None else json.dumps(answer).encode()
        number = (headers.get("content-id") or "<0>").strip("<>")
        answers.append(
            b"--mdk\r\nContent-Type: application/http\r\nContent-ID: <response-%s>\r\n\r\n" % number.encode()
            + b"HTTP/1.1 %d -\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (code, len(text))
            + text
            + b"\r\n"
        )
    return Response(b"".join([*answers, b"--mdk--\r\n"]), media_type="multipart/mixed; boundary=mdk")


def _batched(objects: Objects, method: str, target: str, inner: bytes) -> tuple[int, Document | None]:
    path, _, query_text = re.sub(r"^https?://[^/]+", "", target).partition("?")
    match = re.fullmatch(r"/storage/v1/b/([^/]+)/o/([^/]+)", path)
    query = QueryParams(query_text)
    try:
        if match is None:
            raise Refused(501, f"The stand-in knows no {method} {path} in a batch.")
        bucket, name = unquote(match[1]), unquote(match[2])
        if method == "DELETE":
            objects.delete(bucket, name, query)
            return 204, None
        if method == "PATCH":
            return 200, objects.change(bucket, name, json.loads(inner or b"{}"), query)
        return 200, objects.show(bucket, name)
    except Refused as refused:
        return refused.code, {"error": {"code": refused.code, "message": refused.message}}
