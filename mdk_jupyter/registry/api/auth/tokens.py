"""Callers with a token that the registry itself has made: for a machine of one's own, and for trying things out."""

from __future__ import annotations

from dataclasses import dataclass, field

from mdk_jupyter.registry.api.auth.base import Headers, Unauthenticated, bearer
from mdk_jupyter.registry.domain import Actor
from mdk_jupyter.registry.service import Registry


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever holds a token. It is looked up each time: one that is revoked is worthless at once."""

    token: str = field(repr=False)

    def actor(self, registry: Registry) -> Actor:
        """Return the caller with their roles.

        Raises:
            Unauthenticated: the token is unknown, expired or revoked.
        """
        actor = registry.holder(self.token)
        if actor is None:
            raise Unauthenticated("the token is not known, has expired or was revoked")
        return actor


class DevTokens:
    """Takes the bearer token."""

    async def caller(self, headers: Headers) -> Holder:
        """Return who calls.

        Raises:
            Unauthenticated: there is no token.
        """
        return Holder(bearer(headers, "authorization"))
