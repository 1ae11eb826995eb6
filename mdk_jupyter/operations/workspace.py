"""A project as GitOps sees it: its file, its registry, which environments are protected, and their endpoints."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mdk_jupyter.operations.apply import Situation
from mdk_jupyter.operations.endpoints import Endpoints
from mdk_jupyter.operations.errors import refusal
from mdk_jupyter.operations.legacy import Legacy, is_legacy, parse_legacy
from mdk_jupyter.operations.legacy_plan import look_legacy, serves_online
from mdk_jupyter.operations.observed import observe
from mdk_jupyter.operations.plan import Plan
from mdk_jupyter.operations.planning import make_plan
from mdk_jupyter.operations.reader import KIND, Desired, find, parse, required
from mdk_jupyter.project.reader import Project, load_project
from mdk_jupyter.registry.domain import ENVIRONMENTS
from mdk_jupyter.registry.face import RegistryFace

if TYPE_CHECKING:
    from mdk_jupyter.operations.drift import Drift

PROTECTED = ENVIRONMENTS[-1]  # where there is a file of operations, and mdk.yaml does not say


@dataclass(frozen=True)
class Workspace:
    """One project with its registry. `file` is the file of operations, None where there is none."""

    project: Project
    registry: RegistryFace
    file: Path | None

    @classmethod
    def open(
        cls, folder: Path | None = None, *, file: Path | None = None, registry: RegistryFace | None = None
    ) -> Workspace:
        """Return the project around a folder, or around a file of operations.

        Raises:
            ProjectError: mdk.yaml cannot be read.
            ServiceError: the registry cannot be opened (MDK550).
        """
        from mdk_jupyter.registry.connecting import connect, find_home

        around = folder or (file.absolute().parent if file is not None else Path.cwd())
        project = load_project(around)
        return cls(project, registry or connect(find_home(around)), file or find(project.root))

    def load(self) -> Desired | Legacy:
        """Read the file, of this format or of the first platform's.

        Raises:
            OperationsError: there is none, or something in it is wrong (MDK600-606).
        """
        path = self.file or required(self.project.root)
        text, shown = KIND.load(path), os.path.relpath(path)
        return parse_legacy(text, shown) if is_legacy(text) else parse(text, shown)

    def entries(self) -> Desired:
        """Read the file, which must be of this format.

        Raises:
            OperationsError: it is of the first platform's format (MDK630), or something in it is wrong.
        """
        path = self.file or required(self.project.root)
        return entries_of(KIND.load(path), os.path.relpath(path))

    @cached_property
    def protected(self) -> Mapping[str, bool]:
        """Which environments change by the file and a pull request alone."""
        return {name: self.is_protected(name) for name in {*ENVIRONMENTS, *self.project.content.environments}}

    def is_protected(self, environment: str) -> bool:
        """Whether an environment changes by the file and a pull request alone."""
        return is_protected(self.project, environment, self.file)

    def endpoints(self, desired: Desired | Legacy) -> dict[str, Endpoints]:
        """Return connections to those environments whose entries name an endpoint.

        Raises:
            ServiceError: there are no credentials (MDK471), or a package is missing (MDK478).
        """
        if isinstance(desired, Legacy):
            named = serves_online(desired)
        else:
            named = {environment for environment, _, entry in desired.entries() if entry.endpoint is not None}
        return {environment: self._connection(environment) for environment in named}

    def look(
        self,
        desired: Desired | Legacy,
        endpoints: Mapping[str, Endpoints],
        environments: Sequence[str] | None = None,
    ) -> Situation:
        """Return the plan of the file as it is now, and how everything stands.

        Raises:
            OperationsError: the file asks for what cannot be (MDK610-615).
        """
        if isinstance(desired, Legacy):
            return look_legacy(self.registry, desired, self.protected, environments=environments, endpoints=endpoints)
        observed = observe(self.registry, desired, environments=environments, endpoints=endpoints)
        plan = make_plan(desired, observed, self.protected, environments)
        return Situation(plan, tuple(observed.standings.values()))

    def plan(self, desired: Desired | Legacy, environments: Sequence[str] | None = None) -> Plan:
        """Return what applying the file would change."""
        return self.look(desired, self.endpoints(desired), environments).plan

    def drift(self, desired: Desired, environments: Sequence[str] | None = None) -> Drift:
        """Return what was changed outside of the file."""
        from mdk_jupyter.operations.drift import find_drift

        observed = observe(self.registry, desired, environments=environments)
        path = _in_repository(self.file or self.project.root / desired.path)
        return find_drift(self.registry, desired, observed, self.protected, environments, path=path)

    def _connection(self, environment: str) -> Endpoints:
        from mdk_jupyter.operations.vertex_endpoints import VertexEndpoints

        known = self.project.content.environments
        return VertexEndpoints(self.project.environment(environment if environment in known else None).settings.vertex)


def is_protected(project: Project, environment: str, file: Path | None) -> bool:
    """Whether an environment of a project changes by its file of operations and a pull request alone."""
    settings = project.content.environments.get(environment)
    if settings is not None and settings.protected is not None:
        return settings.protected
    return environment == PROTECTED and file is not None


def entries_of(text: str, path: str) -> Desired:
    """Read a file of operations that must be of this format.

    Raises:
        OperationsError: it is of the first platform's format (MDK630), or something in it is wrong (MDK601-606).
    """
    if is_legacy(text):
        fix = "say what should be, not what to do: docs/operations.md tells how the operations are written anew"
        raise refusal("MDK630", f"{path} has operations one after the other, not entries", fix)
    return parse(text, path)


def _in_repository(path: Path) -> str:
    """Return the path of a file within its repository; its name where there is none."""
    from mdk_jupyter.operations.branch import Repository
    from mdk_jupyter.operations.errors import OperationsError

    try:
        return Repository.around(path.absolute().parent).relative(path)
    except OperationsError:
        return path.name
