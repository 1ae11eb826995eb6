"""Who acts, and what they may do."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from mdk_jupyter.registry.domain.base import Frozen


class Role(StrEnum):
    """What somebody may do. Each includes the ones before it, but for admin: who grants may not promote by that."""

    VIEWER = "viewer"
    CONTRIBUTOR = "contributor"
    APPROVER = "approver"
    ADMIN = "admin"


class Grant(Frozen):
    """A role of somebody in a project and an environment; `*` stands for all."""

    subject: str = Field(min_length=1, max_length=300, description="The name that authentication gives, or `*`.")
    role: Role
    project: str = "*"
    environment: str = "*"


class Actor(Frozen):
    """Who acts. Made by authentication alone, never from the content of a request."""

    name: str = Field(min_length=1, max_length=300)
    grants: tuple[Grant, ...] = ()
    method: str = Field(
        default="local", description="How the actor was authenticated: local, token, oidc, iap, cloudrun."
    )
    claims: dict[str, str] = Field(
        default={}, description="Facts of the token worth keeping: repository, ref, issuer ..."
    )


class Token(Frozen):
    """A token of the dev mode. The secret is shown once, when the token is made."""

    id: str
    subject: str
    note: str | None = None
    created: datetime
    expires: datetime | None
    revoked: bool = False
    secret: str | None = None
