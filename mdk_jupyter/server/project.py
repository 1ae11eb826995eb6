"""What the project around a notebook says: its registry, its environments."""

from __future__ import annotations

import os
import re
from pathlib import Path

from mdk_jupyter._version import __version__
from mdk_jupyter.errors import ProjectError
from mdk_jupyter.project.reader import Project, load_project
from mdk_jupyter.registry.connecting import Home, find_home
from mdk_jupyter.registry.domain import ENVIRONMENTS
from mdk_jupyter.registry.embedded import local_actor
from mdk_jupyter.server.models import About, EnvironmentInfo, RegistryPlace, ServingEnvironment
from mdk_jupyter.server.places import Places


def about(places: Places, folder: Path) -> About:
    """Return what holds for notebooks in a folder.

    Raises:
        ProjectError: mdk.yaml cannot be read.
    """
    project = load_project(folder)
    return About(
        version=__version__,
        name=project.name,
        project=places.path(project.root),
        registry=_registry(places, project, find_home(folder)),
        environments=[
            EnvironmentInfo(
                name=name,
                protected=is_protected(project, name),
                target=project.environment(name).settings.target,
            )
            for name in project.content.environments
        ],
        editable=os.access(project.root, os.W_OK),
    )


def is_protected(project: Project, environment: str) -> bool:
    """Whether champions of an environment change by pull request alone."""
    from mdk_jupyter.operations import workspace
    from mdk_jupyter.operations.reader import find

    return workspace.is_protected(project, environment, find(project.root))


def is_guarded(project: Project, environment: str) -> bool:
    """Whether an environment is one that nothing is sent to by mistake."""
    return environment == ENVIRONMENTS[-1] or is_protected(project, environment)


def guards(folder: Path, environment: str | None) -> bool:
    """Whether the project of a folder guards an environment; it does where its mdk.yaml cannot be read."""
    if environment is None:
        return False
    try:
        return is_guarded(load_project(folder), environment)
    except ProjectError:
        return True


def _registry(places: Places, project: Project, home: Home) -> RegistryPlace:
    is_remote = home.url.startswith(("http://", "https://"))
    where = _without_password(home.url)
    if home.url.startswith("sqlite:///"):
        where = places.path(Path(home.url.removeprefix("sqlite:///"))) or where
    return RegistryPlace(
        where=where,
        kind="remote" if is_remote else "embedded",
        actor=None if is_remote else local_actor().name,
        environments=[ServingEnvironment(name=name, protected=is_protected(project, name)) for name in ENVIRONMENTS],
    )


def _without_password(url: str) -> str:
    """Example:

    >>> _without_password("postgresql://ann:secret@db.example.org/registry")
    'postgresql://db.example.org/registry'
    """
    return re.sub(r"://[^/@]*@", "://", url)
