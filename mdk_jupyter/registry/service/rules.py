"""Policies, grants and the tokens of the dev mode."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy import bindparam, delete, or_, select, update

from mdk_jupyter.registry import policy as gates
from mdk_jupyter.registry.access import Verb, require
from mdk_jupyter.registry.audit import REGISTRY, Entry
from mdk_jupyter.registry.database import canonical, moment, now, upsert
from mdk_jupyter.registry.domain import Actor, Grant, Policy, Role, Token
from mdk_jupyter.registry.errors import NotFoundError
from mdk_jupyter.registry.prepared import Prepared
from mdk_jupyter.registry.service.base import Service, valid
from mdk_jupyter.registry.tables import grants, policies, tokens

_PREFIX = "mdk_"
# Made once: every request over HTTP asks them.
_holder = Prepared(
    select(tokens.c.subject.label("holder"), grants)
    .join_from(tokens, grants, grants.c.subject.in_([tokens.c.subject, "*"]), isouter=True)
    .where(
        tokens.c.sha256 == bindparam("sha256"),
        tokens.c.revoked.is_(False),
        or_(tokens.c.expires.is_(None), tokens.c.expires > bindparam("now")),
    )
)
_grants_for = Prepared(select(grants).where(or_(grants.c.subject == bindparam("subject"), grants.c.subject == "*")))


class _Done(BaseModel):
    pass


class Rules(Service):
    """policy, set_policy, grants, grant, revoke, tokens, create_token, revoke_token."""

    def policy(self, actor: Actor, environment: str, *, project: str | None = None) -> Policy:
        """Return the policy that holds for a project in an environment."""
        require(actor, Verb.READ, project=project or "*")
        with self.database.read() as connection:
            return self._policy(connection, project or "*", self._known(environment))

    def set_policy(self, actor: Actor, policy: Policy, *, reason: str | None = None) -> Policy:
        """Set the policy of an environment, for its project or for all. One that is set already changes nothing.

        Raises:
            InvalidError: a gate cannot be read (MDK542, MDK548), or there is no such environment (MDK544).
        """
        self._known(policy.environment)
        if policy.after is not None:
            self._known(policy.after)
        gates.check(policy)
        require(actor, Verb.SET_POLICY, project=policy.project, environment=policy.environment)

        def act(entry: Entry) -> Policy:
            body = canonical(policy.model_dump(mode="json"))
            row = {"project": policy.project, "environment": policy.environment, "body": body}
            same = [policies.c[name] == value for name, value in row.items()]
            if entry.connection.execute(select(policies.c.body).where(*same)).first() is not None:
                return policy
            upsert(entry.connection, policies, row, "body")
            said = {"policy": policy.model_dump(mode="json"), "reason": reason}
            entry.record("set_policy", None, policy.environment, event="policy.changed", **said)
            return policy

        return self._once(actor, REGISTRY, None, (), Policy, act)

    def grants(self, actor: Actor, subject: str | None = None) -> list[Grant]:
        """Return who has which role, or which roles somebody has. Everybody may see their own."""
        if subject != actor.name:
            require(actor, Verb.GRANT, project="*")
        return self.grants_of(subject) if subject is not None else self._grants()

    def grants_of(self, *subjects: str) -> list[Grant]:
        """Return the roles that any of the subjects has. For authentication: there is no actor yet."""
        return self._grants(grants.c.subject.in_(subjects))

    def _grants(self, *conditions: Any) -> list[Grant]:
        query = select(grants).where(*conditions).order_by(*grants.c)
        with self.database.read() as connection:
            return [_grant(row) for row in connection.execute(query)]

    def actor(self, name: str, method: str, claims: Mapping[str, str] | None = None) -> Actor:
        """Return somebody who was authenticated, with their roles and those of everybody (`*`)."""
        with self.database.read() as connection:
            found = tuple(map(_grant, _grants_for.all(connection, {"subject": name})))
        return Actor(name=name, grants=found, method=method, claims=dict(claims or {}))

    def grant(self, actor: Actor, subject: str, role: Role, *, project: str = "*", environment: str = "*") -> Grant:
        """Give somebody a role in a project and an environment; `*` stands for all."""
        given = valid(Grant, {"subject": subject, "role": role, "project": project, "environment": environment})
        require(actor, Verb.GRANT, project=project, environment=None if environment == "*" else environment)

        def act(entry: Entry) -> Grant:
            row = given.model_dump(mode="json")
            if upsert(entry.connection, grants, row):
                entry.record("grant", event="grant.given", **row)
            return given

        return self._once(actor, REGISTRY, None, (), Grant, act)

    def revoke(self, actor: Actor, subject: str, role: Role, *, project: str = "*", environment: str = "*") -> None:
        """Take a role away.

        Raises:
            NotFoundError: nobody gave it (MDK503).
        """
        taken = valid(Grant, {"subject": subject, "role": role, "project": project, "environment": environment})
        require(actor, Verb.GRANT, project=project, environment=None if environment == "*" else environment)

        def act(entry: Entry) -> _Done:
            row = taken.model_dump(mode="json")
            same = [grants.c[name] == value for name, value in row.items()]
            if not entry.connection.execute(delete(grants).where(*same)).rowcount:
                raise NotFoundError(
                    "MDK503", f"{subject} has no such role", "List the roles with `mdk registry grant`."
                )
            entry.record("revoke", event="grant.taken", **row)
            return _Done()

        self._once(actor, REGISTRY, None, (), _Done, act)

    def tokens(self, actor: Actor) -> list[Token]:
        """Return the tokens of the dev mode, without their secrets."""
        require(actor, Verb.GRANT, project="*")
        with self.database.read() as connection:
            return [_token(row) for row in connection.execute(select(tokens).order_by(tokens.c.created, tokens.c.id))]

    def create_token(self, actor: Actor, subject: str, *, days: float | None = 30, note: str | None = None) -> Token:
        """Make a token for somebody. Its secret is in the answer and nowhere else; the registry keeps its sha256."""
        require(actor, Verb.GRANT, project="*")
        secret, id = _PREFIX + secrets.token_urlsafe(32), secrets.token_hex(8)

        def act(entry: Entry) -> Token:
            expires = entry.at + timedelta(days=days) // timedelta(microseconds=1) if days is not None else None
            row = {
                "id": id,
                "subject": subject,
                "sha256": _hash(secret),
                "note": note,
                "created": entry.at,
                "expires": expires,
                "revoked": False,
            }
            entry.connection.execute(tokens.insert(), row)
            entry.record("create_token", id=id, subject=subject, expires=expires)
            made = entry.connection.execute(select(tokens).where(tokens.c.id == id)).one()
            return _token(made).model_copy(update={"secret": secret})

        return self._once(actor, REGISTRY, None, (), Token, act)

    def revoke_token(self, actor: Actor, id: str) -> None:
        """Make a token worthless.

        Raises:
            NotFoundError: there is no such token (MDK503).
        """
        require(actor, Verb.GRANT, project="*")

        def act(entry: Entry) -> _Done:
            done = entry.connection.execute(update(tokens).where(tokens.c.id == id).values(revoked=True))
            if not done.rowcount:
                raise NotFoundError("MDK503", f"there is no token {id}", "List them with `mdk registry token`.")
            entry.record("revoke_token", id=id)
            return _Done()

        self._once(actor, REGISTRY, None, (), _Done, act)

    def holder(self, secret: str) -> Actor | None:
        """Return who holds a token, with their roles; None where it is of nobody, expired or revoked."""
        with self.database.read() as connection:
            rows = _holder.all(connection, {"sha256": _hash(secret), "now": now()})
        if not rows:
            return None
        found = tuple(_grant(row) for row in rows if row.subject is not None)
        return Actor(name=rows[0].holder, grants=found, method="token")


def _grant(row: Any) -> Grant:
    return Grant(subject=row.subject, role=Role(row.role), project=row.project, environment=row.environment)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _token(row: Any) -> Token:
    return Token(
        id=row.id,
        subject=row.subject,
        note=row.note,
        created=moment(row.created),
        expires=moment(row.expires) if row.expires is not None else None,
        revoked=row.revoked,
    )
