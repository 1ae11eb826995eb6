"""What the stand-in answers: JSON, or a refusal in the shape that Google's clients read."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Document = dict[str, Any]

STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION",
    416: "OUT_OF_RANGE",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
}


class Refused(Exception):
    """The request cannot be granted. `code` is the HTTP status, `status` the name that Google's APIs give it."""

    def __init__(self, code: int, message: str, status: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status or STATUS.get(code, "UNKNOWN")


def refusal(code: int, message: str, status: str | None = None, headers: dict[str, str] | None = None) -> Response:
    """Return the answer that tells of a refusal."""
    status = status or STATUS.get(code, "UNKNOWN")
    # `error` is what Google's clients read; `code`, `message` what Kubeflow's does.
    content = {"error": {"code": code, "message": message, "status": status}, "code": code, "message": message}
    return JSONResponse(content, code, headers)


async def body_of(request: Request) -> Document:
    """Return the JSON object that a request carries; an empty one when it carries nothing.

    Raises:
        Refused: the body is no JSON object.
    """
    raw = await request.body()
    if not raw:
        return {}
    try:
        document = json.loads(raw)
    except ValueError as error:
        raise Refused(400, f"Invalid JSON payload received: {error}") from None
    if not isinstance(document, dict):
        raise Refused(400, "Invalid JSON payload received: it is no object")
    return document


def page(items: list[Document], request: Request, key: str, *, default: int = 100) -> Document:
    """Return the page of `items` that the request asks for, under `key`, with the token of the next one.

    Raises:
        Refused: the page's size or token is no number.
    """
    query = request.query_params
    names = ("pageSize", "page_size"), ("pageToken", "page_token")
    size_text, token = (next((query[name] for name in pair if query.get(name)), "") for pair in names)
    try:
        size = int(size_text or default) or default
        start = int(token or 0)
    except ValueError:
        raise Refused(400, f"The page size or token is invalid: {size_text!r}, {token!r}") from None
    answer: Document = {key: items[start : start + size]}
    if start + size < len(items):
        token_key = "next_page_token" if "/apis/" in request.url.path else "nextPageToken"
        answer[token_key] = str(start + size)
    return answer
