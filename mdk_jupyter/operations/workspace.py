"""A project as GitOps sees it: its file, its registry, which environments are protected, and their endpoints."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mdk_jupyter.operations.apply import Situation
from mdk_jupyter.operations.endpoints import Endpoints
from mdk_jupyter.operations.observed import observe
from mdk_jupyter.operations.plan import Plan, make_plan
from mdk_jupyter.operations.reader import Desired, find, load, required
from mdk_jupyter.project.reader import Project, load_project
from mdk_jupyter.registry.domain import ENVIRONMENTS
from mdk_jupyter.registry.face import RegistryFace

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

    def load(self) -> Desired:
        """Read the file.

        Raises:
            OperationsError: there is none, or something in it is wrong (MDK600-606).
        """
        path = self.file or required(self.project.root)
        return load(path, os.path.relpath(path))

    @cached_property
    def protected(self) -> Mapping[str, bool]:
        """Which environments change by the file and a pull request alone."""
        return {name: self.is_protected(name) for name in {*ENVIRONMENTS, *self.project.content.environments}}

    def is_protected(self, environment: str) -> bool:
        """Whether an environment changes by the file and a pull request alone."""
        settings = self.project.content.environments.get(environment)
        if settings is not None and settings.protected is not None:
            return settings.protected
        return environment == PROTECTED and self.file is not None

    def endpoints(self, desired: Desired) -> dict[str, Endpoints]:
        """Return connections to those environments whose entries name an endpoint.

        Raises:
            ServiceError: there are no credentials (MDK471), or a package is missing (MDK478).
        """
        named = {environment for environment, _, entry in desired.entries() if entry.endpoint is not None}
        return {environment: self._connection(environment) for environment in named}

    def look(
        self,
        desired: Desired,
        endpoints: Mapping[str, Endpoints],
        environments: Sequence[str] | None = None,
    ) -> Situation:
        """Return the plan of the file as it is now, and how everything stands.

        Raises:
            OperationsError: the file asks for what cannot be (MDK610-615).
        """
        observed = observe(self.registry, desired, environments=environments, endpoints=endpoints)
        plan = make_plan(desired, observed, self.protected, environments)
        return Situation(plan, tuple(observed.standings.values()))

    def plan(self, desired: Desired, environments: Sequence[str] | None = None) -> Plan:
        """Return what applying the file would change."""
        return self.look(desired, self.endpoints(desired), environments).plan

    def _connection(self, environment: str) -> Endpoints:
        from mdk_jupyter.operations.vertex_endpoints import VertexEndpoints

        known = self.project.content.environments
        return VertexEndpoints(self.project.environment(environment if environment in known else None).settings.vertex)
