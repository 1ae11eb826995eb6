"""What a submission would do: everything that is sent, and what it costs, before anything is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mdk_converters.graph import dependencies
from mdk_converters.quantities import gpu_type_and_count
from mdk_converters.spec import Component, Pipeline
from mdk_converters.targets.kfp import keys
from mdk_converters.targets.kfp.compile import PYTHON
from mdk_jupyter.project.reader import Environment
from mdk_jupyter.project.settings import Kubeflow, Target, Vertex
from mdk_jupyter.remote.images import is_pinned, resolve
from mdk_jupyter.remote.labels import merge

PLAIN_IMAGE = f"python:{PYTHON}-slim"  # in which steps install what they need
_LONGEST_ID = 128
_DIGEST = 12  # hexadecimal digits of it in a job's id


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One component as it will run. `installs` is what it installs at its start, where it has no image of its own."""

    name: str
    task: str
    after: tuple[str, ...]
    image: str
    pinned: bool
    installs: tuple[str, ...]
    cpu: float | None
    memory: str | None
    gpu: str | None
    retries: int
    timeout: str | None
    cached: bool
    when: str | None
    foreach: str | None
    secrets: tuple[str, ...]

    @property
    def machine(self) -> str:
        """What it asks of a machine, as text."""
        parts = [f"{self.cpu:g} cpu" if self.cpu else "", self.memory or "", self.gpu or ""]
        return ", ".join(filter(None, parts)) or "default machine"


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """The file with the runtime of steps, the user's modules and declared files. `contents`: name -> bytes."""

    sha256: str
    size: int
    contents: dict[str, int]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The compiled pipeline: as Vertex AI and Kubeflow take it, and what only Kubeflow's Kubernetes takes."""

    spec: str  # JSON
    package: str  # YAML, with the second document if there is one


@dataclass(frozen=True, slots=True)
class Plan:
    """One submission. `job` is the same for the same plan, so that sending it twice makes one run."""

    pipeline: str
    name: str  # on the server
    project: str
    environment: str
    target: Target
    service: Vertex | Kubeflow
    job: str
    root: str
    labels: dict[str, str]
    parameters: dict[str, Any]  # what is sent, by the user's names
    defaults: dict[str, Any]
    steps: tuple[PlannedStep, ...]
    bundle: BundleFacts
    document: Document
    schedule: str | None = None

    @property
    def bundle_uri(self) -> str:
        """Where the bundle is, or will be."""
        return f"{self.root.rstrip('/')}/mdk/bundles/{self.bundle.sha256}.zip"

    @property
    def arguments(self) -> dict[str, Any]:
        """The parameters as the server knows them, the bundle's place among them."""
        values = {keys.key(name): value for name, value in self.parameters.items() if value is not None}
        return values | {keys.BUNDLE: self.bundle_uri}

    @property
    def changed(self) -> dict[str, Any]:
        """The parameters that are not their defaults."""
        return {
            name: value
            for name, value in self.parameters.items()
            if name not in self.defaults or self.defaults[name] != value
        }

    @property
    def costs(self) -> list[str]:
        """What makes the run expensive or cheap, as sentences of a few words."""
        found = []
        cpus = [step.cpu for step in self.steps if step.cpu]
        if cpus:
            found.append(f"{sum(cpus):g} cpu asked for by {len(cpus)} of {len(self.steps)} steps")
        for step in self.steps:
            if step.gpu:
                kind, count = gpu_type_and_count(step.gpu)
                found.append(f"{count} × {kind} for {step.name}" + (", once per item" if step.foreach else ""))
        if isinstance(self.service, Vertex) and self.service.persistent_resource:
            found.append(f"runs on the persistent resource {self.service.persistent_resource}, paid by the hour")
        elif self.target == "vertex":
            found.append("each step starts a machine of its own")
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the plan as JSON values, without the documents."""
        content = {key: value for key, value in _plain(self).items() if key not in ("document", "service", "defaults")}
        settings = self.service.model_dump(exclude_none=True)
        return {
            **content,
            self.target: settings,
            "changed": self.changed,
            "costs": self.costs,
            "spec_size": len(self.document.spec.encode()),
            "bundle": {**asdict(self.bundle), "uri": self.bundle_uri},
        }

    def __str__(self) -> str:
        from mdk_jupyter.remote.plan_text import plan_text

        return plan_text(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from mdk_jupyter.remote.plan_text import plan_html

        return {"text/plain": str(self), "text/html": plan_html(self)}


def make_plan(
    pipeline: Pipeline,
    environment: Environment,
    *,
    project: str,
    target: Target,
    parameters: Mapping[str, Any],
    bundle: BundleFacts,
    document: Document,
    installs: Mapping[str, tuple[str, ...]],
    schedule: str | None = None,
    again: str = "",
) -> Plan:
    """Return the plan of a pipeline in an environment. `again` makes it another job than the same plan without it.

    `parameters` are the values of all parameters, `installs` what each step installs at its start.
    """
    settings = environment.settings
    service: Vertex | Kubeflow = settings.vertex if target == "vertex" else settings.kfp
    name = keys.pipeline_name(pipeline.metadata.name)
    own = {"mdk_pipeline": name} | ({"mdk_environment": environment.name} if environment.name else {})
    owner = {"owner": settings.owner} if settings.owner else {}
    labels = merge(owner, settings.labels, pipeline.metadata.labels, own)
    waits = dependencies(pipeline)
    steps = tuple(
        _planned(step, component, tuple(sorted(waits[step])), settings.images, service.caching, installs.get(step, ()))
        for step, component in pipeline.components.items()
    )
    root = service.pipeline_root or ""
    sent = {
        "target": target,
        "service": service.model_dump(),
        "labels": labels,
        "parameters": dict(parameters),
        "document": document.package,
        "bundle": bundle.sha256,
        "again": again,
    }
    return Plan(
        pipeline=pipeline.metadata.name,
        name=name,
        project=project,
        environment=environment.name,
        target=target,
        service=service,
        job=_job_id(name, environment.name, sent),
        root=root,
        labels=labels,
        parameters=dict(parameters),
        defaults={name: p.default for name, p in pipeline.parameters.items() if not p.required},
        steps=steps,
        bundle=bundle,
        document=document,
        schedule=schedule,
    )


def _planned(
    name: str,
    component: Component,
    after: tuple[str, ...],
    images: Mapping[str, str],
    caching: bool | None,
    installs: tuple[str, ...],
) -> PlannedStep:
    resources = component.resources
    image = resolve(component, images)
    return PlannedStep(
        name=name,
        task=keys.task_name(name),
        after=after,
        image=image or PLAIN_IMAGE,
        pinned=image is not None and is_pinned(image),
        installs=installs,
        cpu=resources.cpu if resources else None,
        memory=resources.memory if resources else None,
        gpu=resources.gpu if resources else None,
        retries=component.retries,
        timeout=component.timeout,
        cached=component.cache if caching is None else caching,
        when=component.when,
        foreach=component.foreach,
        secrets=tuple(component.secrets),
    )


def _job_id(name: str, environment: str, sent: Mapping[str, Any]) -> str:
    """Return an id as Vertex takes it: letters, digits and hyphens, beginning with a letter."""
    text = json.dumps(sent, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]
    words = "-".join(filter(None, [name if name[0].isalpha() else f"p-{name}", environment]))
    return f"{words[: _LONGEST_ID - _DIGEST - 1].rstrip('-')}-{digest}"


def _plain(plan: Plan) -> dict[str, Any]:
    fields = ("pipeline", "name", "project", "environment", "target", "job", "root", "labels", "parameters", "schedule")
    return {name: getattr(plan, name) for name in fields} | {"steps": [asdict(step) for step in plan.steps]}
