"""What the project around a notebook says: its registry, its environments."""

from __future__ import annotations

import os
import re
from pathlib import Path

from mdk_jupyter._version import __version__
from mdk_jupyter.errors import ProjectError
from mdk_jupyter.project.reader import Project, load_project
from mdk_jupyter.registry.connecting import Home, find_home
from mdk_jupyter.registry.embedded import local_actor
from mdk_jupyter.server.models import About, EnvironmentInfo, RegistryPlace
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
        registry=_registry(places, find_home(folder)),
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


def protects(folder: Path, environment: str | None) -> bool:
    """Whether the project of a folder protects an environment; it does where its mdk.yaml cannot be read."""
    if environment is None:
        return False
    try:
        return is_protected(load_project(folder), environment)
    except ProjectError:
        return True


def is_protected(project: Project, environment: str) -> bool:
    """Whether an environment is one that nothing is sent to by mistake."""
    return environment == "prod"


def _registry(places: Places, home: Home) -> RegistryPlace:
    if home.url.startswith(("http://", "https://")):
        return RegistryPlace(where=_without_password(home.url), kind="remote")
    where = _without_password(home.url)
    if home.url.startswith("sqlite:///"):
        where = places.path(Path(home.url.removeprefix("sqlite:///"))) or where
    return RegistryPlace(where=where, kind="embedded", actor=local_actor().name)


def _without_password(url: str) -> str:
    """Example:

    >>> _without_password("postgresql://ann:secret@db.example.org/registry")
    'postgresql://db.example.org/registry'
    """
    return re.sub(r"://[^/@]*@", "://", url)
