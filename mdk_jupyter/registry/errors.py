"""What the registry refuses, and why. The class says which HTTP status fits; the code says which case it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mdk_converters.findings import Finding, MDKError

if TYPE_CHECKING:
    from mdk_jupyter.registry.domain import GateResult

__all__ = [
    "ConflictError",
    "ForbiddenError",
    "InvalidError",
    "NotFoundError",
    "RefusedError",
    "RegistryError",
    "StaleError",
]


class RegistryError(MDKError):
    """Base of all errors of the registry (MDK5xx)."""

    def __init__(self, code: str, message: str, fix: str = "", names: Sequence[str] = ()) -> None:
        super().__init__([Finding(code, message, fix=fix, names=tuple(names))])


class NotFoundError(RegistryError):
    """No such model, version, champion (MDK500-509). HTTP 404."""


class ConflictError(RegistryError):
    """The registry is in a state in which this cannot be done (MDK510-519). HTTP 409."""


class StaleError(ConflictError):
    """Somebody changed it in the meantime (MDK510). HTTP 412. `revision` is the one that holds now."""

    def __init__(self, code: str, message: str, fix: str = "", *, revision: int) -> None:
        super().__init__(code, message, fix)
        self.revision = revision


class RefusedError(RegistryError):
    """The policy does not let it pass (MDK520-529). HTTP 422. `gates` are all results, not the failed ones alone."""

    def __init__(self, code: str, message: str, fix: str = "", *, gates: Iterable[GateResult] = ()) -> None:
        super().__init__(code, message, fix)
        self.gates: tuple[GateResult, ...] = tuple(gates)


class ForbiddenError(RegistryError):
    """The actor has no role that allows it (MDK530-539). HTTP 403."""


class InvalidError(RegistryError):
    """What was given makes no sense (MDK540-549). HTTP 422; 400 for what cannot be read."""
