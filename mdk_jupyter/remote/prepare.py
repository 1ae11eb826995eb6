"""From a notebook or spec to a plan: everything is read, compiled and checked, and nothing is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from mdk_converters.findings import Finding, MDKError
from mdk_converters.spec import Component, Pipeline
from mdk_converters.targets.kfp import compile as compile_pipeline
from mdk_converters.targets.kfp import to_json, to_yaml
from mdk_converters.targets.kfp.step import pinned
from mdk_jupyter.errors import SubmitError, UsageError
from mdk_jupyter.local.parameters import complete
from mdk_jupyter.project.reader import Environment, Project
from mdk_jupyter.project.settings import Target
from mdk_jupyter.remote import checks
from mdk_jupyter.remote.bundle import Bundle, build
from mdk_jupyter.remote.images import resolve
from mdk_jupyter.remote.plan import BundleFacts, Document, Plan, make_plan
from mdk_jupyter.remote.registry import tell_of_registry
from mdk_jupyter.sources import Source, cell_numbers

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_BARE = re.compile(r"\s*[A-Za-z0-9][A-Za-z0-9._-]*\s*")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan with what sending it takes, and what is worth knowing before."""

    plan: Plan
    pipeline: Pipeline
    bundle: Bundle
    warnings: tuple[Finding, ...]
    numbers: Mapping[str, int]  # of the notebook's cells, by their ids


def prepare(
    source: Source,
    project: Project,
    *,
    environment: str | None = None,
    target: Target | None = None,
    given: Mapping[str, Any],
    schedule: str | None = None,
    again: str = "",
) -> Prepared:
    """Return what a submission would send.

    `given` are the parameters that the user gives, `again` is a text that makes it a new job although nothing has
    changed.

    Raises:
        ProjectError: there is no such environment (MDK446).
        UsageError: settings (MDK460-463) or parameters (MDK306, 307, 311, 467) are missing or wrong.
        SubmitError: the pipeline cannot run there as it is; with all that is wrong otherwise.
    """
    place = project.environment(environment)
    pipeline, usage = _without_absent(source.pipeline, place)
    faults: list[Finding] = checks.source_findings(source.findings)
    chosen = checks.target_of(place, target)
    if isinstance(chosen, Finding):
        usage.append(chosen)
        chosen = "vertex"
    else:
        usage += checks.settings_findings(place, chosen)
    pipeline, found = tell_of_registry(pipeline, source, project, place, chosen)
    usage += [*found, *checks.label_findings(place, pipeline)]
    values: dict[str, Any] = {}
    try:
        values = complete(pipeline, given)
        usage += checks.parameter_findings(pipeline, values)
    except UsageError as error:
        usage += error.findings
    faults += checks.image_findings(pipeline, place)
    faults += checks.volume_findings(pipeline, chosen)
    bundle = document = None
    numbers = cell_numbers(source)
    try:
        bundle = build(pipeline, source.folder)
        document, trouble = _compiled(pipeline, chosen, place, bundle, numbers)
        faults += trouble
    except MDKError as error:
        faults += error.findings
    plan = None
    if bundle is not None and document is not None:
        plan = make_plan(
            pipeline,
            place,
            project=project.name,
            target=chosen,
            parameters=values,
            bundle=_facts(bundle),
            document=document,
            installs=_installs(pipeline, place),
            schedule=schedule,
            again=again,
        )
        faults += checks.plan_findings(plan)
    if any(finding.severity == "error" for finding in (*usage, *faults)):
        kind = SubmitError if any(finding.severity == "error" for finding in faults) else UsageError
        raise kind([*usage, *faults])
    assert plan is not None and bundle is not None
    return Prepared(plan, pipeline, bundle, (*usage, *faults), numbers)


def _compiled(
    pipeline: Pipeline, target: Target, environment: Environment, bundle: Bundle, numbers: Mapping[str, int]
) -> tuple[Document, tuple[Finding, ...]]:
    images = environment.settings.images

    def image(name: str, component: Component) -> str | None:
        return resolve(component, images)

    compiled = compile_pipeline(
        pipeline, bundle=bundle.sha256, images=image, versions=local_versions(pipeline), numbers=numbers
    )
    service = environment.settings.vertex if target == "vertex" else environment.settings.kfp
    if service.caching is not None:
        _set_caching(compiled.document, service.caching)
    return Document(to_json(compiled), to_yaml(compiled)), compiled.findings


def _set_caching(document: dict[str, Any], cached: bool) -> None:
    """Turn the cache of all steps on or off, whatever each of them says."""
    for component in (document["root"], *document["components"].values()):
        for task in component.get("dag", {}).get("tasks", {}).values():
            task["cachingOptions"] = {"enableCache": True} if cached else {}


def _without_absent(pipeline: Pipeline, environment: Environment) -> tuple[Pipeline, list[Finding]]:
    """Leave out packages that steps would install and that are not here: their names come from imports that may fail.

    Whoever can register such a name could run code in the steps. A requirement with a version is the user's own word.
    """
    versions = local_versions(pipeline)
    components, findings = dict(pipeline.components), []
    for name, component in pipeline.components.items():
        if resolve(component, environment.settings.images) is not None:
            continue
        absent = [r for r in component.requirements if _BARE.fullmatch(r) and _normalised(r) not in versions]
        if absent:
            kept = [requirement for requirement in component.requirements if requirement not in absent]
            components[name] = component.model_copy(update={"requirements": kept})
            findings += [_absent(name, requirement) for requirement in absent]
    return pipeline.model_copy(update={"components": components}), findings


def _absent(component: str, requirement: str) -> Finding:
    message = f"{requirement}, which component {component!r} may import, is not installed here and will not be there"
    fix = f"if the step needs it, say which version: requirement:{requirement}==VERSION"
    return Finding("MDK484", message, fix=fix, severity="warning", names=(component, requirement))


def _normalised(requirement: str) -> str:
    return re.sub("[-_.]+", "-", requirement.strip()).lower()


def local_versions(pipeline: Pipeline) -> dict[str, str]:
    """Return the versions that the pipeline's requirements have here, by their normalised names."""
    found = {}
    for component in pipeline.components.values():
        for requirement in component.requirements:
            if match := _NAME.match(requirement):
                name = _normalised(match[1])
                try:
                    found[name] = metadata.version(name)
                except metadata.PackageNotFoundError:
                    continue
    return found


def _installs(pipeline: Pipeline, environment: Environment) -> dict[str, tuple[str, ...]]:
    """Return what steps install at their start: those without an image of their own."""
    versions = local_versions(pipeline)
    return {
        name: tuple(pinned(requirement, versions) for requirement in component.requirements)
        for name, component in pipeline.components.items()
        if resolve(component, environment.settings.images) is None and not component.is_container
    }


def _facts(bundle: Bundle) -> BundleFacts:
    contents = {entry.name: entry.size for entry in bundle.listing()}
    return BundleFacts(bundle.sha256, len(bundle.data), contents, bundle.left_out)
