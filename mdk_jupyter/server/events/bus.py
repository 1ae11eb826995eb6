"""The server's event bus, and how things are said on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jupyter_events import EventLogger

from mdk_jupyter.local.events import Event
from mdk_jupyter.runtime.failures import finding_from_json
from mdk_jupyter.server.findings import shown
from mdk_jupyter.server.models import RegistryEvent
from mdk_jupyter.server.places import Places
from mdk_jupyter.server.run_models import RunEvent, RunEventContent

RUN = "https://mdk-jupyter.dev/events/run/v1"
REGISTRY = "https://mdk-jupyter.dev/events/registry/v1"
_PATHS = ("folder", "notebook", "source")


class Bus:
    """Says what happens. To be called on the event loop."""

    def __init__(self, logger: EventLogger, places: Places) -> None:
        self._logger = logger
        self._places = places
        for name in ("run", "registry"):
            logger.register_event_schema(Path(__file__).with_name(f"{name}.yaml"))

    def run(self, folder: Path, source: Path | None, event: Event) -> None:
        """Say what happened in the run in `folder`; a run outside of the server's root is nobody's business here."""
        store = self._places.store(folder)
        if store is None:
            return
        told = RunEvent(
            store=store,
            run=folder.name,
            source=self._places.path(source) if source is not None else None,
            event=RunEventContent(
                time=event.time,
                run=event.run,
                kind=event.kind,
                step=event.step,
                state=event.state,
                seconds=event.seconds,
                cell=event.cell,
                message=event.message,
                data=self._data(event),
            ),
        )
        # By way of JSON: numbers that it has not would break the browser's reader.
        self._logger.emit(schema_id=RUN, data=json.loads(told.model_dump_json()))

    def registry(self, event: RegistryEvent) -> None:
        """Say what changed in a registry."""
        self._logger.emit(schema_id=REGISTRY, data=event.model_dump())

    def _data(self, event: Event) -> dict[str, Any]:
        """Return what belongs to an event, with paths and findings as all answers have them."""
        data = dict(event.data)
        for name in _PATHS:
            if data.get(name):
                data[name] = self._places.path(Path(data[name]))
        if "findings" in data:
            data["findings"] = shown(map(finding_from_json, data["findings"]))
        return data
