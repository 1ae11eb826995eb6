"""Changes of registries, by whomever: each registry that is in use is asked what is new."""

from __future__ import annotations

import asyncio

from mdk_converters.findings import MDKError
from mdk_jupyter.registry.domain import CloudEvent
from mdk_jupyter.registry.face import RegistryFace
from mdk_jupyter.server.events.bus import Bus
from mdk_jupyter.server.models import RegistryEvent
from mdk_jupyter.server.registry import Registries, reaching
from mdk_jupyter.server.workers import Workers

_PAGE = 1000  # events in one answer
_MOST_MISSED = 6  # doublings of the pause while a registry is away


class RegistryNews:
    """Asks every `pause` seconds. To be used on the event loop."""

    def __init__(self, bus: Bus, registries: Registries, workers: Workers, pause: float) -> None:
        self._bus = bus
        self._registries = registries
        self._workers = workers
        self._pause = pause
        self._asked: dict[int, _Asked] = {}  # by the identity of the registry's face, which lives as long

    async def watch(self) -> None:
        """Go on until cancelled."""
        while True:
            await asyncio.sleep(self._pause)
            faces = self._registries.in_use()
            await asyncio.gather(*(self._ask(self._asked.setdefault(id(face), _Asked()), face) for face in faces))

    async def _ask(self, asked: _Asked, face: RegistryFace) -> None:
        if asked.rests > 0:
            asked.rests -= 1
            return
        try:
            found, asked.cursor = await self._workers.do(_news, face, asked.cursor, service="registry")
        except MDKError:  # away, or not for this user
            asked.missed = min(asked.missed + 1, _MOST_MISSED)
            asked.rests = 2**asked.missed
            return
        asked.missed = 0
        for event in found if asked.is_known else ():  # at first, all that ever was
            self._bus.registry(shown(event))
        asked.is_known = True


class _Asked:
    """Where the reading of one registry's events is."""

    cursor: str | None = None
    is_known = False
    missed = 0
    rests = 0  # turns to be left out


def shown(event: CloudEvent) -> RegistryEvent:
    """Return a change as it travels."""
    from mdk_jupyter.registry.outbox import PREFIX

    environment = event.data.get("environment")
    return RegistryEvent(
        model=event.subject,
        environment=environment if isinstance(environment, str) else None,
        action=event.type.removeprefix(f"{PREFIX}.").removesuffix(".v1"),
    )


def _news(face: RegistryFace, after: str | None) -> tuple[list[CloudEvent], str | None]:
    found: list[CloudEvent] = []
    while True:
        with reaching():
            page = face.events(after=after, limit=_PAGE)
        found += page.items
        after = page.next
        if len(page.items) < _PAGE:
            return found, after
