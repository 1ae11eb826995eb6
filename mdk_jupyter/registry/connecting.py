"""Which registry this is about: the one that mdk.yaml names, or a file of the project."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mdk_converters.findings import Finding
from mdk_jupyter.artifacts.store import Store
from mdk_jupyter.errors import ServiceError
from mdk_jupyter.registry.credentials import from_settings
from mdk_jupyter.registry.face import RegistryFace
from mdk_jupyter.runtime import step
from mdk_jupyter.runtime.watch import watch

if TYPE_CHECKING:
    from mdk_jupyter.registry.service import Registry

VARIABLE = "MDK_REGISTRY"  # environment variable: a URL that goes before mdk.yaml
FILE = "registry.db"


@dataclass(frozen=True, slots=True)
class Home:
    """A project as the registry sees it."""

    root: Path
    project: str | None  # its name; None without an mdk.yaml
    url: str
    artifacts: str | None = None  # folder in a bucket for the bytes of models
    buckets: tuple[str, ...] = ()  # folders of the project's own that models are in, those of steps elsewhere too
    token_variable: str | None = None
    token_file: str | None = None

    @property
    def folder(self) -> Path:
        """The project's `.mdk`."""
        return self.root / ".mdk"


def find_home(folder: Path | None = None) -> Home:
    """Return where the project around `folder` keeps its registry; inside a run, the run's project.

    Raises:
        ProjectError: mdk.yaml cannot be read.
    """
    from mdk_jupyter.project.reader import load_project
    from mdk_jupyter.project.settings import TARGETS

    job = step.current_job()
    if folder is None and job is not None and isinstance(job.store, Store):
        folder = job.store.root.parent.parent  # of .mdk/artifacts
    project = load_project(folder or Path())
    settings = project.environment().settings.registry
    places = [project.environment(name).settings for name in ("", *project.content.environments)]
    buckets = {place.models_folder(target): None for place in places for target in TARGETS}
    return Home(
        project.root,
        project.name if project.file is not None else None,
        os.environ.get(VARIABLE) or settings.url or f"sqlite:///{project.root / '.mdk' / FILE}",
        settings.artifacts,
        tuple(filter(None, buckets)),
        settings.token_variable,
        settings.token_file,
    )


def registry(url: str | None = None) -> RegistryFace:
    """Return the model registry: of mdk.yaml (`registry: {url: …}`), or a file of the project, `.mdk/registry.db`.

    `url` is another one: https://… of a server, or sqlite:///… or postgresql://… to open in this process. In a
    notebook it shows itself: the models, their versions and champions.

    Raises:
        ServiceError: it cannot be reached (MDK550).
        ProjectError: mdk.yaml cannot be read.

    Example:
        >>> registry = mdk.registry()                                              # doctest: +SKIP
        >>> registry.champion("flights", environment="prod").version.metrics       # doctest: +SKIP
        {'auc': 0.71}
    """
    watch.note_outside("it asks the model registry, where answers change")
    with watch.pause():
        return connect(find_home(), url)


def connect(home: Home, url: str | None = None, *, timeout: float = 30.0) -> RegistryFace:
    """Return the registry of a project, or the one at `url`; `timeout` is how many seconds a server has for an answer.

    Raises:
        ServiceError: it cannot be opened (MDK550); a server is not asked before it is needed.
    """
    address = url or home.url
    if address.startswith(("http://", "https://")):
        from mdk_jupyter.registry.client import Client

        return cast(RegistryFace, Client(address, from_settings(home.token_variable, home.token_file), timeout=timeout))
    from mdk_jupyter.registry.embedded import embedded, local_actor

    return embedded(_open(address), local_actor())


@cache
def _open(url: str) -> Registry:
    from sqlalchemy.exc import OperationalError

    from mdk_jupyter.registry.embedded import unreachable
    from mdk_jupyter.registry.service import Registry

    path = Path(url.removeprefix("sqlite:///"))
    try:
        if url.startswith("sqlite:///") and path.parent.name == ".mdk":
            from mdk_jupyter.local.store import open_store

            open_store(path.parent.parent)
        return Registry.open(url)
    except OperationalError as error:
        raise unreachable(error) from None
    except OSError as error:
        message = f"the registry {url} cannot be opened: {error.strerror or error}"
        fix = "check that the folder can be written, or name another registry in mdk.yaml: registry: {url: …}"
        raise ServiceError([Finding("MDK550", message, fix=fix)]) from None
