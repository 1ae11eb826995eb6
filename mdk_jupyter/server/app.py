"""The extension itself: what can be configured, and how its parts are put together."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Float, Integer

from mdk_jupyter.local.events import Event
from mdk_jupyter.local.record import Run
from mdk_jupyter.server import contents, handlers, registry
from mdk_jupyter.server.base import UnknownHandler
from mdk_jupyter.server.events.bus import Bus
from mdk_jupyter.server.events.local import LocalRuns
from mdk_jupyter.server.events.registry import RegistryNews
from mdk_jupyter.server.events.remote import RemoteRuns
from mdk_jupyter.server.parts import Parts
from mdk_jupyter.server.places import Places
from mdk_jupyter.server.registry import Registries
from mdk_jupyter.server.runs import Runs
from mdk_jupyter.server.starting import PATIENCE
from mdk_jupyter.server.stores import Stores
from mdk_jupyter.server.workers import Newest, Workers


class MDKExtension(ExtensionApp):
    """`c.MDKExtension.largest_request = …` in jupyter_server_config.py."""

    name = "mdk_jupyter"
    load_other_extensions = True

    largest_request = Integer(32 << 20, help="Bytes that a request may have; a larger one is answered with 413.").tag(
        config=True
    )
    check_seconds = Float(60.0, help="Seconds that a check of a notebook may take.").tag(config=True)
    service_seconds = Float(60.0, help="Seconds that Vertex AI or Kubeflow Pipelines may take to answer.").tag(
        config=True
    )
    registry_seconds = Float(10.0, help="Seconds that the model registry may take to answer.").tag(config=True)
    registry_pause = Float(5.0, help="Seconds between two looks at what others have changed in the registry.").tag(
        config=True
    )

    def initialize_settings(self) -> None:
        """Put the parts together."""
        assert self.serverapp is not None and self.serverapp.event_logger is not None
        places = Places(Path(self.serverapp.root_dir).absolute())
        stores = Stores(places)
        services = Workers("services", 4, self.service_seconds)
        bus = Bus(self.serverapp.event_logger, places)
        self.parts = Parts(
            largest=self.largest_request,
            places=places,
            stores=stores,
            runs=Runs(places, stores),
            newest=Newest(),
            compiler=Workers("compiler", 2, self.check_seconds),
            files=Workers("files", 4, 30.0),
            starting=Workers("starting", 4, 2 * PATIENCE),
            services=services,
            registry=Workers("registry", 4, self.registry_seconds),
            operations=Workers("operations", 2, self.service_seconds),
            registries=Registries(self.registry_seconds / 2),
            bus=bus,
            remote=RemoteRuns(bus, services),
        )
        self.settings["mdk"] = self.parts

    def initialize_handlers(self) -> None:
        """Add the routes."""
        last = (r"/mdk/.*", UnknownHandler)
        self.handlers.extend([*handlers.HANDLERS, *contents.HANDLERS, *registry.HANDLERS, last])

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Begin to follow runs and registries, now that there is an event loop."""
        parts, loop = self.parts, asyncio.get_running_loop()

        def tell(folder: Path, source: Path | None, event: Event) -> None:
            loop.call_soon_threadsafe(parts.bus.run, folder, source, event)

        def adopt(run: Run) -> None:
            loop.call_soon_threadsafe(parts.remote.follow, [run])

        self.local = LocalRuns(tell, adopt)
        self.local.start()
        self.listening = Workers("news of registries", 2, self.registry_seconds)
        news = RegistryNews(parts.bus, parts.registries, self.listening, self.registry_pause)
        self.tasks = [asyncio.create_task(work) for work in (news.watch(), self._find_remote(), self._warm_up())]

    async def _find_remote(self) -> None:
        """Take up the runs on services that had not ended when the server was stopped."""
        runs = await self.parts.files.do(self.parts.runs.recent)
        self.parts.remote.follow(runs)

    async def _warm_up(self) -> None:
        """Import the compiler before somebody waits for it."""
        await self.parts.compiler.do(importlib.import_module, "mdk_converters.convert")

    async def stop_extension(self) -> None:
        """Follow nothing any more, and take no more work; what runs goes on."""
        parts = self.parts
        for workers in parts.workers:
            workers.close()
        if hasattr(self, "local"):  # the server was started
            parts.remote.close()
            self.listening.close()
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)
            self.local.close()
