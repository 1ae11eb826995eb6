"""What routes take from a request beside its body: the caller, the revision, the key, the place in a list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Header, Path, Query, Request, Response
from pydantic import StringConstraints

from mdk_jupyter.registry.api.front import Sender
from mdk_jupyter.registry.api.problems import Refusal
from mdk_jupyter.registry.domain import ENVIRONMENTS, Actor, Environment, Name, Page

GUARDED = ENVIRONMENTS[-1]  # whose changes must say on which state they are based
_ENTITY_TAG = re.compile(r'"(\d{1,15})"')


async def _sender(request: Request) -> Sender:
    sender = request.state.sender
    assert isinstance(sender, Sender), "every route but health lies behind authentication"
    return sender


Caller = Annotated[Actor, Depends(_sender)]  # `routing.Routes` asks the sender who it is
ModelName = Annotated[Name, Path()]
EnvironmentName = Annotated[Environment, Path()]
InEnvironment = Annotated[Environment | None, Query(alias="environment", description="Needed for `champion`.")]
Limit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str | None, Query(max_length=1000, description="`next` of the page before.")]
IdempotencyKey = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")] | None,
    Header(description="A request that is sent again with its key has one effect."),
]
IfMatch = Annotated[
    str | None, Header(description=f'The revision that the change is based on, as `"17"`; {GUARDED} needs it.')
]
IfNoneMatch = Annotated[str | None, Header(description="The revision that the caller has.")]


def expected_revision(if_match: str | None, environment: str) -> int | None:
    """Return the revision that a change is based on.

    Raises:
        Refusal: the header cannot be read (400), or the environment needs it (428).
    """
    if if_match is None:
        if environment == GUARDED:
            fix = 'Ask for the plan or the champion, and send its revision: `If-Match: "17"`.'
            raise Refusal(428, "MDK571", f"a change of {environment} must say which state it is based on", fix)
        return None
    match = _ENTITY_TAG.fullmatch(if_match)
    if match is None:
        raise Refusal(400, "MDK572", "`If-Match` is not a revision", 'Write it like `If-Match: "17"`.')
    return int(match[1])


def tag(response: Response, revision: int) -> None:
    """Name the revision of an answer."""
    response.headers["ETag"] = f'"{revision}"'


def link(request: Request, response: Response, page: Page[Any]) -> None:
    """Point to the next page. The link has no host: behind a proxy the server does not know it."""
    if page.next is not None:
        url = request.url.include_query_params(cursor=page.next)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'


def reference(name: str, version: str) -> str:
    """Return `name/1.4.2` or `name@latest`."""
    return f"{name}/{version}" if version[0].isdigit() else f"{name}@{version}"


def labels(given: Sequence[str]) -> dict[str, str]:
    """Read `key=value` texts.

    Raises:
        Refusal: one of them has no `=`.
    """
    found = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise Refusal(422, "MDK572", "`label` is not `key=value`", "Write it like `label=team=forecasting`.")
        found[key] = value
    return found
