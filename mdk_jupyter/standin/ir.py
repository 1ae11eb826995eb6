"""What is checked of a pipeline spec and its parameters before anything of it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from mdk_jupyter.standin import conditions
from mdk_jupyter.standin.answers import Refused
from mdk_jupyter.standin.values import TaskError, as_doubles, fitted

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,127}")
_EXECUTORS = {"container", "importer"}


def check(spec: Mapping[str, Any]) -> None:
    """Check a pipeline spec.

    Raises:
        Refused: 400 for a spec that no service would take, 501 for what the stand-in cannot carry out.
    """
    _check_shape(spec)
    name = spec.get("pipelineInfo", {}).get("name", "")
    if not _NAME.fullmatch(name):
        raise Refused(400, f"Invalid pipeline name: {name!r}; it must match [a-z0-9][a-z0-9-]{{0,127}}.")
    if not str(spec.get("schemaVersion", "")).startswith("2.1"):
        raise Refused(501, f"The stand-in runs schema version 2.1, not {spec.get('schemaVersion')!r}.")
    if "dag" not in spec.get("root", {}):
        raise Refused(400, "Invalid pipeline spec: root has no dag.")
    components = spec.get("components", {})
    executors = spec.get("deploymentSpec", {}).get("executors", {})
    for label, component in [("root", spec["root"]), *components.items()]:
        if "dag" in component:
            _check_dag(label, component, components)
        elif component.get("executorLabel") not in executors:
            raise Refused(400, f"Invalid pipeline spec: component {label} has neither a dag nor a known executor.")
    for label, executor in executors.items():
        if not _EXECUTORS & set(executor):
            raise Refused(501, f"The stand-in cannot run executor {label} ({', '.join(executor) or 'empty'}).")


def _check_shape(spec: Mapping[str, Any]) -> None:
    try:
        from google.protobuf import json_format
        from kfp.pipeline_spec import pipeline_spec_pb2
    except ImportError:  # only the names and types of fields stay unchecked
        return
    try:
        json_format.ParseDict(dict(spec), pipeline_spec_pb2.PipelineSpec())
    except json_format.ParseError as error:
        raise Refused(400, f"Invalid pipeline spec: {error}") from None


def _check_dag(label: str, component: Mapping[str, Any], components: Mapping[str, Any]) -> None:
    tasks = component["dag"].get("tasks", {})
    given = component.get("inputDefinitions", {})
    for name, task in tasks.items():
        where = f"task {name} of {label}"
        reference = task.get("componentRef", {}).get("name")
        if reference not in components:
            raise Refused(400, f"Invalid pipeline spec: {where} refers to an unknown component {reference!r}.")
        unknown = followed(task) - set(tasks)
        if unknown:
            raise Refused(400, f"Invalid pipeline spec: {where} depends on unknown tasks {sorted(unknown)}.")
        for source in task.get("inputs", {}).get("parameters", {}).values():
            wanted = source.get("componentInputParameter")
            if wanted is not None and wanted not in given.get("parameters", {}):
                raise Refused(400, f"Invalid pipeline spec: {where} needs the input parameter {wanted!r} of {label}.")
        for source in task.get("inputs", {}).get("artifacts", {}).values():
            wanted = source.get("componentInputArtifact")
            if wanted is not None and wanted not in given.get("artifacts", {}):
                raise Refused(400, f"Invalid pipeline spec: {where} needs the input artifact {wanted!r} of {label}.")
        condition = task.get("triggerPolicy", {}).get("condition")
        if condition:
            try:
                conditions.check(condition)
            except conditions.ConditionError as error:
                raise Refused(400, f"Invalid pipeline spec: {where}: {error}") from None
    try:
        TopologicalSorter({name: followed(task) for name, task in tasks.items()}).prepare()
    except CycleError as error:
        raise Refused(400, f"Invalid pipeline spec: {label} has a cycle: {' -> '.join(error.args[1])}.") from None


def followed(task: Mapping[str, Any]) -> set[str]:
    """Return the tasks that a task waits for: those named, and those whose outputs it takes."""
    return {*task.get("dependentTasks", []), *_producers(task)}


def _producers(task: Mapping[str, Any]) -> Iterator[str]:
    inputs = task.get("inputs", {})
    for source in [*inputs.get("parameters", {}).values(), *inputs.get("artifacts", {}).values()]:
        for kind in ("taskOutputParameter", "taskFinalStatus", "taskOutputArtifact"):
            if kind in source:
                yield source[kind]["producerTask"]


def parameters_of(spec: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of all parameters of a pipeline.

    Raises:
        Refused: one is unknown, missing, or does not fit its type.
    """
    definitions = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    values: dict[str, Any] = {}
    for name in given:
        if name not in definitions:
            raise Refused(400, f"The pipeline parameter {name} is not found in the pipeline job input definitions.")
    for name, definition in definitions.items():
        if name in given:
            try:
                values[name] = as_doubles(fitted(given[name], definition.get("parameterType"), name))
            except TaskError as error:
                raise Refused(400, str(error)) from None
        elif "defaultValue" in definition:
            values[name] = as_doubles(definition["defaultValue"])
        elif not definition.get("isOptional"):
            raise Refused(400, f"The pipeline parameter {name} is required and has no value.")
    return values
