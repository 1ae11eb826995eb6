"""The registry in this process, for the user of this machine: a file of the project, of which the user is admin."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from mdk_converters.findings import Finding
from mdk_jupyter.errors import ServiceError
from mdk_jupyter.registry.domain import Actor, Grant, Role
from mdk_jupyter.registry.face import RegistryFace
from mdk_jupyter.registry.origin import user

if TYPE_CHECKING:
    from mdk_jupyter.registry.outbox import Relayed, Sink
    from mdk_jupyter.registry.service import Registry

_METHODS = frozenset(name for name in vars(RegistryFace) if not name.startswith("_")) | {"import_mlflow"}


class Embedded:
    """Calls a registry's methods as `actor`; see `RegistryFace` for them."""

    def __init__(self, registry: Registry, actor: Actor) -> None:
        self._registry = registry
        self._actor = actor

    def __getattr__(self, name: str) -> Any:
        if name not in _METHODS:
            raise AttributeError(f"a registry has no {name!r}")
        return functools.partial(_reached, getattr(self._registry, name), self._actor)

    def relay(self, sink: Sink, *, limit: int = 100) -> Relayed:
        """Deliver events that are due; see `outbox.relay`."""
        return cast("Relayed", _reached(lambda _: self._registry.relay(sink, limit=limit), self._actor))

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_METHODS})

    def __repr__(self) -> str:
        return f"<registry in this process, as {self._actor.name}>"

    def _ipython_display_(self) -> None:
        from mdk_jupyter.widgets.registry import show

        show(cast(RegistryFace, self))


def _reached(method: Callable[..., Any], actor: Actor, *given: Any, **named: Any) -> Any:
    """Call a method; say so where the database is away, as the client does of a server.

    Raises:
        ServiceError: it cannot be reached, or does not answer (MDK550).
    """
    from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

    try:
        return method(actor, *given, **named)
    except (OperationalError, InterfaceError, TimeoutError) as error:
        raise unreachable(error) from error


def unreachable(error: Exception) -> ServiceError:
    """Return the error of a database that is away."""
    said = (str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__])[0]
    message = f"the registry's database does not answer: {said}"
    fix = "check that it runs and the address in mdk.yaml (registry: {url: …}); a change may have happened or not"
    return ServiceError([Finding("MDK550", message, fix=fix)])


def embedded(registry: Registry, actor: Actor) -> RegistryFace:
    """Return a registry's face for one actor."""
    return cast(RegistryFace, Embedded(registry, actor))


def local_actor() -> Actor:
    """Return whoever works here. It is their own file: nothing is kept from them but what the policy asks of all."""
    name = user()
    roles = (Role.APPROVER, Role.ADMIN)  # an admin may not promote by that
    return Actor(name=name, grants=tuple(Grant(subject=name, role=role) for role in roles), method="local")
