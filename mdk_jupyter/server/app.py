"""The extension itself: what can be configured, and how its parts are put together."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.extension.application import ExtensionApp
from traitlets import Float, Integer

from mdk_jupyter.server import contents, handlers, registry
from mdk_jupyter.server.base import UnknownHandler
from mdk_jupyter.server.parts import Parts
from mdk_jupyter.server.places import Places
from mdk_jupyter.server.registry import Registries
from mdk_jupyter.server.runs import Runs
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

    def initialize_settings(self) -> None:
        """Put the parts together."""
        assert self.serverapp is not None
        places = Places(Path(self.serverapp.root_dir).absolute())
        stores = Stores(places)
        self.parts = Parts(
            largest=self.largest_request,
            places=places,
            stores=stores,
            runs=Runs(places, stores),
            newest=Newest(),
            compiler=Workers("compiler", 2, self.check_seconds),
            files=Workers("files", 4, 30.0),
            services=Workers("services", 4, self.service_seconds),
            registry=Workers("registry", 4, self.registry_seconds),
            registries=Registries(self.registry_seconds / 2),
        )
        self.settings["mdk"] = self.parts

    def initialize_handlers(self) -> None:
        """Add the routes."""
        last = (r"/mdk/.*", UnknownHandler)
        self.handlers.extend([*handlers.HANDLERS, *contents.HANDLERS, *registry.HANDLERS, last])

    async def stop_extension(self) -> None:
        """Take no more work."""
        for workers in (self.parts.compiler, self.parts.files, self.parts.services, self.parts.registry):
            workers.close()
