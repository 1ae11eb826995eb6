"""All parts of the stand-in, put together once for each server."""

from __future__ import annotations

from mdk_jupyter.standin.clock import Clock
from mdk_jupyter.standin.documents import Documents
from mdk_jupyter.standin.faults import Faults
from mdk_jupyter.standin.jobs import Jobs
from mdk_jupyter.standin.metadata import Metadata
from mdk_jupyter.standin.schedules import Scheduler
from mdk_jupyter.standin.settings import Settings
from mdk_jupyter.standin.storage import Storage


class Services:
    """What the routes work with."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock()
        self.documents = Documents(settings.state / "documents")
        self.storage = Storage(settings.root)
        self.jobs = Jobs(settings, self.documents, self.storage, self.clock)
        self.metadata = Metadata(self.documents, self.clock, self.jobs)
        self.scheduler = Scheduler(self.documents, self.clock, self.jobs)
        self.faults = Faults()
