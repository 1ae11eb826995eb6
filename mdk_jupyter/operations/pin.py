"""`latest` becomes the version that it means now, so that a review sees which one that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mdk_jupyter.operations.desired import LATEST
from mdk_jupyter.operations.edit import Value, with_entry
from mdk_jupyter.operations.observed import standing_of
from mdk_jupyter.operations.reader import Desired
from mdk_jupyter.registry.face import RegistryFace


@dataclass(frozen=True, slots=True)
class Pinned:
    """One `latest`, and what it means."""

    environment: str
    model: str
    version: str


def pin(
    registry: RegistryFace, desired: Desired, environments: Sequence[str] | None = None
) -> tuple[Desired, tuple[Pinned, ...]]:
    """Return the file with every `latest` resolved, and what was resolved.

    An entry that was applied as it is gets the next serial: to say a number instead is a change.

    Raises:
        NotFoundError: there is no such model (MDK500).
    """
    pinned: list[Pinned] = []
    for environment, model, entry in desired.entries():
        if entry.champion != LATEST or (environments is not None and environment not in environments):
            continue
        version = registry.version(f"{model}@{LATEST}").version
        applied = standing_of(registry, model, environment).applied
        serial = max(entry.serial, (applied.serial or 0) + 1 if applied else 1)
        values: dict[str, Value] = {"champion": version, "serial": serial}
        desired = with_entry(desired, environment, model, values)
        pinned.append(Pinned(environment, model, version))
    return desired, tuple(pinned)
