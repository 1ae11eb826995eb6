"""Callers with a token that the registry itself has made: for a machine of one's own, and for trying things out."""

from __future__ import annotations

import anyio

from mdk_jupyter.registry.api.auth.base import Headers, Unauthenticated, bearer
from mdk_jupyter.registry.domain import Actor
from mdk_jupyter.registry.service import Registry


class DevTokens:
    """Looks the bearer token up in the registry each time: one that is revoked is worthless at once."""

    name = "dev"

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def actor(self, headers: Headers) -> Actor:
        """Return who calls.

        Raises:
            Unauthenticated: there is no token, or it is unknown, expired or revoked.
        """
        token = bearer(headers, "authorization")
        subject = await anyio.to_thread.run_sync(self._registry.subject_of, token)
        if subject is None:
            raise Unauthenticated("the token is not known, has expired or was revoked")
        return Actor(name=subject, method="token")
