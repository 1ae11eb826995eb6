"""What is wrong with a submission, as far as can be seen before anything is sent."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mdk_converters.findings import Finding, Place
from mdk_converters.spec import Pipeline
from mdk_converters.targets.kfp.types import item_type, lost, nullable
from mdk_jupyter.project.reader import Environment
from mdk_jupyter.project.root import PROJECT_FILE
from mdk_jupyter.project.settings import Kubeflow, Target, Vertex
from mdk_jupyter.remote.images import is_name, is_reference, resolve
from mdk_jupyter.remote.labels import MOST, key_problem, normalised
from mdk_jupyter.remote.plan import Plan
from mdk_jupyter.remote.schedules import OFF, schedule_problem
from mdk_jupyter.runtime.arguments import as_it_arrives

LOCAL_FILE = "MDK151"
MOST_PARAMETER_BYTES = 10_000  # Kubeflow's limit unless it is set up otherwise
MOST_SPEC_BYTES = 4 * 2**20
_LONGEST_DISPLAY_NAME = 128
_SCALARS: dict[str, type] = {"int": int, "float": float, "bool": bool, "str": str}

# Those with Vertex AI Pipelines. A newer one is a warning, since Google adds some every year.
_REGIONS = frozenset(
    [
        "africa-south1",
        "asia-east1",
        "asia-east2",
        "asia-northeast1",
        "asia-northeast2",
        "asia-northeast3",
        "asia-south1",
        "asia-south2",
        "asia-southeast1",
        "asia-southeast2",
        "australia-southeast1",
        "australia-southeast2",
        "europe-central2",
        "europe-north1",
        "europe-southwest1",
        "europe-west1",
        "europe-west12",
        "europe-west2",
        "europe-west3",
        "europe-west4",
        "europe-west6",
        "europe-west8",
        "europe-west9",
        "me-central1",
        "me-central2",
        "me-west1",
        "northamerica-northeast1",
        "northamerica-northeast2",
        "southamerica-east1",
        "southamerica-west1",
        "us-central1",
        "us-east1",
        "us-east4",
        "us-east5",
        "us-south1",
        "us-west1",
        "us-west2",
        "us-west3",
        "us-west4",
    ]
)


def target_of(environment: Environment, wanted: Target | None) -> Target | Finding:
    """Return where to submit: as asked for, as the project says, or as the only settings there are suggest."""
    if wanted is not None:
        return wanted
    settings = environment.settings
    if settings.target is not None:
        return settings.target
    told: list[Target] = []
    if settings.vertex != Vertex():
        told.append("vertex")
    if settings.kfp != Kubeflow():
        told.append("kfp")
    if len(told) == 1:
        return told[0]
    return Finding(
        "MDK460",
        "where should the pipeline run? " + ("the project has settings for both" if told else "no target is set"),
        _place(environment),
        f"write `target: vertex` or `target: kfp` into {PROJECT_FILE}, or give --target",
    )


def settings_findings(environment: Environment, target: Target) -> Iterator[Finding]:
    """Yield which settings are missing, with the line to add."""
    if target == "vertex":
        yield from _missing(environment, "vertex", ("project_id", "region", "pipeline_root"))
        region = environment.settings.vertex.region
        if region is not None and region not in _REGIONS:
            close = get_close_matches(region, _REGIONS, 1)
            fix = f"did you mean {close[0]}?" if close else "check the name of the region"
            message = f"{region!r} is not known as a region of Vertex AI Pipelines"
            yield Finding("MDK462", message, _place(environment), fix, "warning", (region,))
    else:
        yield from _missing(environment, "kfp", ("host", "pipeline_root"))
        yield from _token_findings(environment)


_EXAMPLES = {
    "project_id": "my-project",
    "region": "europe-west3",
    "host": "https://kubeflow.example.org",
}


def _missing(environment: Environment, group: str, fields: Iterable[str]) -> Iterator[Finding]:
    settings = getattr(environment.settings, group)
    where = f"environments.{environment.name}.{group}" if environment.name else group
    for field in fields:
        if getattr(settings, field) is None:
            example = _EXAMPLES.get(field, "gs://my-bucket/pipelines")
            file = environment.file.name if environment.file else f"a file {PROJECT_FILE} at the root of the project"
            yield Finding(
                "MDK461",
                f"{where}.{field} is not set",
                _place(environment),
                f"add to {file}, under `{group}:`   {field}: {example}",
                names=(field,),
            )


def _token_findings(environment: Environment) -> Iterator[Finding]:
    kfp = environment.settings.kfp
    if kfp.token_variable is not None and not os.environ.get(kfp.token_variable):
        message = f"the environment variable {kfp.token_variable} with the token of {kfp.host} is not set"
        fix = f"export {kfp.token_variable}=…"
        yield Finding("MDK463", message, _place(environment), fix, names=(kfp.token_variable,))
    if kfp.token_file is not None and not Path(kfp.token_file).expanduser().is_file():
        message = f"there is no file {kfp.token_file} with the token of {kfp.host}"
        yield Finding("MDK463", message, _place(environment), "write the token into it", names=(kfp.token_file,))


def image_findings(pipeline: Pipeline, environment: Environment) -> Iterator[Finding]:
    """Yield what is wrong with the images that components name."""
    images = environment.settings.images
    for name, component in pipeline.components.items():
        image = resolve(component, images)
        if image is None:
            continue
        if component.image is not None and component.image not in images and is_name(image):
            close = get_close_matches(image, images, 1)
            proposed = f"did you mean {close[0]}? or " if close else ""
            message = f"component {name!r} runs in the image {image!r}, which {PROJECT_FILE} does not name"
            fix = f"{proposed}add to {PROJECT_FILE}, under `images:`   {image}: REGISTRY/{image}:TAG"
            yield Finding("MDK464", message, Place(pipeline.metadata.notebook), fix, names=(name, image))
        elif not is_reference(image):
            message = f"component {name!r}: {image!r} is no reference of an image"
            fix = "write it as REGISTRY/NAME:TAG or REGISTRY/NAME@sha256:DIGEST"
            yield Finding("MDK464", message, Place(pipeline.metadata.notebook), fix, names=(name, image))


def label_findings(environment: Environment, pipeline: Pipeline) -> Iterator[Finding]:
    """Yield labels that have to be written otherwise, and those that cannot be."""
    given = {**environment.settings.labels, **pipeline.metadata.labels}
    if len(given) + 3 > MOST:
        yield Finding("MDK465", f"there are {len(given)} labels, and a job has at most {MOST - 3}", _place(environment))
    written: dict[str, str] = {}
    for key, value in given.items():
        plain = normalised(key)
        other = written.setdefault(plain, key)
        if other != key:
            message = f"the labels {other!r} and {key!r} are one and the same there: {plain!r}"
            yield Finding("MDK465", message, _place(environment), "keep one of the two", names=(other, key))
        elif problem := key_problem(plain):
            yield Finding(
                "MDK465", f"the label {key!r} {problem}", _place(environment), "call it otherwise", names=(key,)
            )
        elif (plain, normalised(value)) != (key, value):
            message = f"the label {key}={value} is written {plain}={normalised(value)}"
            fix = "labels have small letters, digits, _ and -, at most 63 of them"
            yield Finding("MDK466", message, _place(environment), fix, "warning", (key,))


def parameter_findings(pipeline: Pipeline, values: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield values that would not arrive as they are."""
    for name, value in values.items():
        parameter = pipeline.parameters[name]
        reason = lost(value) or _changed(value, item_type(parameter))
        if value is None and not nullable(parameter):
            reason = "a run cannot replace a default by None"
        if reason:
            fix = "give it as text, and convert it in a component"
            yield Finding(
                "MDK467", f"the value of parameter {name!r} does not arrive: {reason}", fix=fix, names=(name,)
            )


def _changed(value: Any, items: str | None) -> str | None:
    """Say what a list loses whose items have another type than those of the default, and what mappings lose."""
    if isinstance(value, list) and items in _SCALARS:
        strange = next((item for item in value if type(item) is not _SCALARS[items]), None)
        return None if strange is None else f"its items are of the type {items}, and {strange!r} is not"
    if not isinstance(value, list | dict):
        return None
    arrived = as_it_arrives(value)
    if json.dumps(value, sort_keys=True) != json.dumps(arrived, sort_keys=True):
        return "in mappings and mixed lists a whole number such as 1.0 becomes 1"
    return "the keys of mappings arrive in alphabetical order" if json.dumps(value) != json.dumps(arrived) else None


def volume_findings(pipeline: Pipeline, target: Target) -> Iterator[Finding]:
    """Yield the volumes that the target cannot mount."""
    if target == "kfp":
        return
    for name, component in pipeline.components.items():
        for folder, claim in component.volumes.items():
            message = f"component {name!r} wants the volume {claim} at {folder}, and Vertex AI has no volumes"
            fix = "read from and write to a bucket, or submit with --target kfp"
            yield Finding("MDK485", message, Place(pipeline.metadata.notebook), fix, names=(name, claim))


def plan_findings(plan: Plan) -> Iterator[Finding]:
    """Yield what is too long or too large."""
    size = len(json.dumps(plan.arguments, ensure_ascii=False).encode())
    if size > MOST_PARAMETER_BYTES:
        largest = max(plan.arguments, key=lambda name: len(str(plan.arguments[name])))
        yield Finding(
            "MDK468",
            f"the parameters have {size} bytes, and the servers take {MOST_PARAMETER_BYTES}; the largest is {largest!r}",
            fix="put the data into a file in a bucket, and give its address as the parameter",
            names=(largest,),
        )
    if len(plan.document.spec.encode()) > MOST_SPEC_BYTES:
        message = f"the compiled pipeline has {len(plan.document.spec.encode()) // 1024} KiB"
        yield Finding("MDK469", message, fix="split the pipeline, or move code into modules beside the notebook")
    if len(plan.pipeline) > _LONGEST_DISPLAY_NAME:
        message = f"the pipeline's name has {len(plan.pipeline)} letters, and {_LONGEST_DISPLAY_NAME} are allowed"
        yield Finding("MDK469", message, fix="give the notebook a shorter name")
    if plan.schedule is not None and plan.schedule != OFF and (problem := schedule_problem(plan.schedule)):
        message = f"{plan.schedule!r} is no schedule: {problem}"
        fix = 'write minute, hour, day, month and weekday, such as "0 6 * * 1", or off'
        yield Finding("MDK470", message, fix=fix, names=(plan.schedule,))


def source_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Return what the conversion found, as a remote target sees it: files of this machine are not there."""
    return [
        replace(
            finding,
            severity="error",
            fix="declare it with the tag file:PATH, or keep it in a bucket and read it from there",
        )
        if finding.code == LOCAL_FILE
        else finding
        for finding in findings
        if finding.severity != "note"
    ]


def _place(environment: Environment) -> Place:
    return Place(str(environment.file)) if environment.file else Place()
