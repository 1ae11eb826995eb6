"""What the ways of finding out who calls have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from starlette.datastructures import Headers

from mdk_jupyter.registry.domain import Actor

__all__ = ["Authentication", "Headers", "Unauthenticated", "Unavailable", "bearer", "identified", "single"]


_LONGEST = 300  # characters of a name


class Unauthenticated(Exception):  # noqa: N818: a state of the request, which becomes a 401
    """The request does not prove who sends it. The text is safe to show: it never holds a token."""


class Unavailable(Exception):  # noqa: N818: becomes a 503
    """It cannot be found out now who calls."""


class Authentication(Protocol):
    """One way to find out who calls, chosen when the server starts; never guessed from a request."""

    @property
    def name(self) -> str:
        """Name the way, for logs."""
        ...

    async def actor(self, headers: Headers) -> Actor:
        """Return who calls.

        Raises:
            Unauthenticated: the request does not prove it.
            Unavailable: it cannot be found out now.
        """
        ...


def single(headers: Headers, name: str) -> str | None:
    """Return a header's value; two of one name would let one reader check what another does not use.

    Raises:
        Unauthenticated: the request has the header twice.
    """
    values = headers.getlist(name)
    if len(values) > 1:
        raise Unauthenticated(f"the request has several headers `{name}`")
    return values[0] if values else None


def bearer(headers: Headers, name: str) -> str:
    """Return the token of a header `Bearer TOKEN`.

    Raises:
        Unauthenticated: there is none.
    """
    scheme, _, token = (single(headers, name) or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("the request carries no bearer token")
    return token.strip()


def identified(name: str, method: str, claims: Mapping[str, str] | None = None) -> Actor:
    """Return the actor of a name.

    Raises:
        Unauthenticated: no role can be granted to the name.
    """
    if not name.strip() or len(name) > _LONGEST or not name.isprintable():
        raise Unauthenticated(f"the caller's name is empty, longer than {_LONGEST} characters, or not printable")
    return Actor(name=name, method=method, claims=dict(claims or {}))
