"""Errors as `application/problem+json` (RFC 9457), with the codes that `docs/errors.md` explains."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, InterfaceError, OperationalError, SQLAlchemyError, TimeoutError
from starlette.responses import JSONResponse

from mdk_converters.findings import Finding, MDKError
from mdk_jupyter.registry.domain import GateResult
from mdk_jupyter.registry.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RefusedError,
    StaleError,
)

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)
_STATUS: tuple[tuple[type[MDKError], int], ...] = (  # the first that fits
    (StaleError, 412),
    (ConflictError, 409),
    (NotFoundError, 404),
    (RefusedError, 422),
    (ForbiddenError, 403),
    (InvalidError, 422),
)


class ProblemFinding(BaseModel):
    """One thing that is wrong."""

    code: str = Field(examples=["MDK510"])
    message: str
    fix: str = ""
    names: list[str] = []


class Problem(BaseModel):
    """Why a request was not carried out."""

    type: str = "about:blank"
    title: str = Field(description="The text of the HTTP status.")
    status: int
    detail: str = Field(description="What is wrong.")
    code: str = Field(description="Of the first finding.")
    findings: list[ProblemFinding]
    gates: list[GateResult] = Field([], description="Where a policy refused: every gate, and whether it was passed.")
    revision: int | None = Field(
        None, description="Where the request was based on another one: the one that holds now."
    )


class Refusal(Exception):
    """A request that HTTP itself lets down: no token, no revision, a body that cannot be read (MDK570-579)."""

    def __init__(self, status: int, code: str, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.finding = Finding(code, message, fix=fix)


class ProblemAnswer(JSONResponse):
    """An answer with the media type of problems."""

    media_type = MEDIA_TYPE

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.model_dump(mode="json"), problem.status, headers)
        self.code = problem.code


def refused(error: MDKError) -> ProblemAnswer:
    """Return the answer to an error of the registry."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    gates = list(error.gates) if isinstance(error, RefusedError) else []
    revision = error.revision if isinstance(error, StaleError) else None
    return _answer(status, error.findings, gates=gates, revision=revision)


def plain(
    status: int, code: str, message: str, fix: str = "", headers: Mapping[str, str] | None = None
) -> ProblemAnswer:
    """Return the answer to a request that did not get as far as the registry."""
    return _answer(status, [Finding(code, message, fix=fix)], headers)


def unreadable(findings: Iterable[Finding]) -> ProblemAnswer:
    """Return the answer to a request whose parts are not what the route takes."""
    return _answer(422, list(findings))


def from_database(error: SQLAlchemyError) -> ProblemAnswer:
    """Return the answer to a failure of the database: what it does not take, or that it is not there.

    Raises:
        SQLAlchemyError: it is a fault of ours.
    """
    if isinstance(error, DataError):
        return plain(422, "MDK572", "a value cannot be stored: it is too large, or no text")
    if isinstance(error, OperationalError | InterfaceError | TimeoutError):
        _log.warning("the database cannot be reached: %s", type(error).__name__)
        text = "the database cannot be reached; a change may have happened or not"
        return plain(503, "MDK576", text, "Send the request again.", {"Retry-After": "1"})
    raise error


def _answer(
    status: int,
    findings: Iterable[Finding],
    headers: Mapping[str, str] | None = None,
    gates: Iterable[GateResult] = (),
    revision: int | None = None,
) -> ProblemAnswer:
    shown = [ProblemFinding(code=f.code, message=f.message, fix=f.fix, names=list(f.names)) for f in findings]
    return ProblemAnswer(
        Problem(
            title=HTTPStatus(status).phrase,
            status=status,
            detail="; ".join(finding.message for finding in shown),
            code=shown[0].code,
            findings=shown,
            gates=list(gates),
            revision=revision,
        ),
        headers,
    )


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the problems of a route for its OpenAPI description."""
    return {status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in sorted(statuses)}
