"""What the ways of finding out who calls have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from starlette.datastructures import Headers

from mdk_jupyter.registry.domain import Actor
from mdk_jupyter.registry.service import Registry

__all__ = [
    "Authentication",
    "Caller",
    "Headers",
    "Identified",
    "Unauthenticated",
    "Unavailable",
    "bearer",
    "identified",
    "single",
]


_LONGEST = 300  # characters of a name


class Unauthenticated(Exception):
    """The request does not prove who sends it. The text is safe to show: it never holds a token."""


class Unavailable(Exception):
    """It cannot be found out now who calls."""


class Caller(Protocol):
    """Somebody whom the registry has still to be asked about."""

    def actor(self, registry: Registry) -> Actor:
        """Return the caller with the roles that they have at this moment.

        Raises:
            Unauthenticated: the registry does not know them.
        """
        ...


@dataclass(frozen=True, slots=True)
class Identified:
    """A caller whose token says who they are."""

    name: str
    method: str
    claims: Mapping[str, str] = field(default_factory=dict)

    def actor(self, registry: Registry) -> Actor:
        """Return the caller with their roles."""
        return registry.actor(self.name, self.method, self.claims)


class Authentication(Protocol):
    """One way to find out who calls, chosen when the server starts; never guessed from a request."""

    async def caller(self, headers: Headers) -> Caller:
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


def identified(name: str, method: str, claims: Mapping[str, str] | None = None) -> Identified:
    """Return the caller of a name.

    Raises:
        Unauthenticated: no role can be granted to the name.
    """
    if not name.strip() or len(name) > _LONGEST or not name.isprintable():
        raise Unauthenticated(f"the caller's name is empty, longer than {_LONGEST} characters, or not printable")
    return Identified(name, method, claims or {})
