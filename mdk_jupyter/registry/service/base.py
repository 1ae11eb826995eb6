"""What all subjects of the service have: the database, the policies, and writes that have one effect."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python
from sqlalchemy import Connection, bindparam, select

from mdk_jupyter.registry import audit
from mdk_jupyter.registry.access import Verb, require
from mdk_jupyter.registry.database import Database, canonical, upsert
from mdk_jupyter.registry.domain import ENVIRONMENTS, Actor, Policy
from mdk_jupyter.registry.errors import ConflictError, InvalidError
from mdk_jupyter.registry.prepared import Prepared
from mdk_jupyter.registry.references import Reference, parse
from mdk_jupyter.registry.service.rows import find_version
from mdk_jupyter.registry.tables import answers, policies

CONTENT = "content-"  # of idempotency keys that are the digest of what is registered
_policies = Prepared(
    select(policies.c.project, policies.c.body).where(
        policies.c.environment == bindparam("environment"),
        (policies.c.project == bindparam("project")) | (policies.c.project == "*"),
    )
)
_answer = Prepared(
    select(answers.c.request, answers.c.answer).where(
        answers.c.actor == bindparam("actor"), answers.c.key == bindparam("key")
    )
)
Answer = TypeVar("Answer", bound=BaseModel)
Model = TypeVar("Model", bound=BaseModel)


class Service:
    """An open registry. Each subject adds its methods."""

    def __init__(
        self, database: Database, policies: Mapping[str, Policy], environments: Sequence[str] = ENVIRONMENTS
    ) -> None:
        self.database = database
        self.environments = tuple(environments)
        self._defaults = policies

    def _once(
        self,
        actor: Actor,
        chain: str,
        key: str | None,
        request: Sequence[object],
        type: type[Answer],
        act: Callable[[audit.Entry], Answer],
    ) -> Answer:
        """Do something to a model, in one transaction and in its turn; with a key, once.

        Raises:
            InvalidError: the key was used for another request (MDK543).
            ConflictError: the same key is being used for another model at this moment (MDK513).
        """
        with self.database.write() as connection:
            entry = audit.enter(connection, actor, chain)
            if key is None:
                answer = act(entry)
            else:
                # A key that says what the content is needs no second opinion: a run gives each time another origin.
                said = [request[0]] if key.startswith(CONTENT) else request
                asked = hashlib.sha256(canonical(to_jsonable_python([chain, *said])).encode()).hexdigest()
                if (before := _answered(connection, actor, key, asked)) is not None:
                    return type.model_validate_json(before)
                answer = act(entry)
                _keep_answer(entry, key, asked, answer.model_dump_json())
        return answer

    def _name_of(self, reference: str) -> tuple[Reference, str]:
        """Return a reference and the name of its model, which is the chain to enter."""
        parsed = parse(reference)
        if not parsed.vertex:
            return parsed, parsed.name
        with self.database.read() as connection:
            return parsed, find_version(connection, parsed).model

    def _known(self, environment: str) -> str:
        if environment not in self.environments:
            raise InvalidError(
                "MDK544", f"there is no environment {environment!r}", f"There are {', '.join(self.environments)}."
            )
        return environment

    def _policy(self, connection: Connection, project: str, environment: str) -> Policy:
        """The policy of the project, else that of all projects, else the one that holds where nothing was set."""
        values = {"project": project, "environment": environment}
        found = {row.project: row.body for row in _policies.all(connection, values)}
        if body := found.get(project) or found.get("*"):
            return Policy.model_validate_json(body)
        return self._defaults.get(environment) or Policy(environment=environment)


def may(actor: Actor, verb: Verb, row: Any, environment: str | None = None) -> None:
    """Let the actor pass for the model or version of a row, or raise ForbiddenError (MDK530)."""
    require(actor, verb, project=row.project, environment=environment)


def valid(type: type[Model], values: Mapping[str, Any]) -> Model:
    """Build something from what was given, without what is None.

    Raises:
        InvalidError: it is not valid (MDK549).
    """
    try:
        return type.model_validate({name: value for name, value in values.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidError("MDK549", f"{where or type.__name__}: {first['msg']}", names=[where]) from error


def _answered(connection: Connection, actor: Actor, key: str, asked: str) -> str | None:
    row = _answer.first(connection, {"actor": actor.name, "key": key})
    if row is None:
        return None
    if row.request != asked:
        raise InvalidError(
            "MDK543", f"the idempotency key {key!r} was used for another request", "Take a new key for a new request."
        )
    return str(row.answer)


def _keep_answer(entry: audit.Entry, key: str, asked: str, answer: str) -> None:
    row = {"actor": entry.actor.name, "key": key, "request": asked, "answer": answer, "at": entry.at}
    if not upsert(entry.connection, answers, row):
        raise ConflictError("MDK513", f"the idempotency key {key!r} is in use at this moment", "Send it again.")
