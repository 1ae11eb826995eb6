"""The values that go into tasks and come out of them. Nothing here has an effect."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Artifact = dict[str, Any]  # name, uri, type, metadata

_SELECTOR = "parseJson(string_value)"


class TaskError(Exception):
    """A task failed; the text says why. `code` is that of google.rpc.Status."""

    def __init__(self, message: str, code: int = 9) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Values:
    """Parameters and artifacts, of which a list-valued one has several."""

    parameters: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, list[Artifact]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Upstream:
    """How a task ended that another one follows."""

    state: str
    values: Values
    error: str | None = None


def as_doubles(value: Any) -> Any:
    """Return a JSON value as a service keeps it: all numbers are doubles.

    Example:
        >>> as_doubles([1, True, {"a": 2}])
        [1.0, True, {'a': 2.0}]
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return float(value)
    if isinstance(value, list):
        return [as_doubles(item) for item in value]
    return {key: as_doubles(item) for key, item in value.items()} if isinstance(value, dict) else value


def fitted(value: Any, kind: str | None, name: str) -> Any:
    """Return a parameter's value as a container gets it, by its declared type.

    Raises:
        TaskError: the value does not fit the type.
    """
    try:
        match kind:
            case "NUMBER_INTEGER":
                number = float(value)
                if isinstance(value, bool) or not number.is_integer():
                    raise ValueError
                return int(value) if isinstance(value, str) else int(number)
            case "NUMBER_DOUBLE":
                if isinstance(value, bool):
                    raise ValueError
                return float(value)
            case "BOOLEAN":
                known = {True: True, False: False, "true": True, "false": False, "True": True, "False": False}
                return known[value]
            case "STRING":
                return value if isinstance(value, str) else text_of(value)
            case "LIST" | "STRUCT":
                if isinstance(value, str):
                    value = as_doubles(json.loads(value))
                if not isinstance(value, list if kind == "LIST" else dict):
                    raise ValueError
                return value
    except (ValueError, TypeError, KeyError):
        shown = text_of(value)[:100]
        raise TaskError(f"The parameter {name} of the type {kind} cannot have the value {shown}.", 3) from None
    return value


def text_of(value: Any) -> str:
    """Return a value as text; a whole number has no point.

    Example:
        >>> text_of(2.0), text_of([1.5, "a"])
        ('2', '[1.5, "a"]')
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value)


def inputs_of(
    task: Mapping[str, Any],
    component: Mapping[str, Any],
    scope: Values,
    upstream: Mapping[str, Upstream],
    fill: Callable[[str, Mapping[str, Any]], str],
    job: str,
) -> Values:
    """Work out what goes into a task: constants, inputs of the sub-DAG around it, outputs of tasks before it.

    `fill` replaces the placeholders of a constant, given the task's other parameters.

    Raises:
        TaskError: something that the task needs is not there.
    """
    definitions = component.get("inputDefinitions", {})
    wanted = task.get("inputs", {})
    parameters: dict[str, Any] = {}
    constants: dict[str, Any] = {}
    for name, source in wanted.get("parameters", {}).items():
        definition = definitions.get("parameters", {}).get(name, {})
        if "runtimeValue" in source:
            constants[name] = as_doubles(source["runtimeValue"]["constant"])
            continue
        found, value = _parameter(source, scope, upstream, job)
        if found:
            parameters[name] = _selected(value, source.get("parameterExpressionSelector"))
        elif "defaultValue" not in definition and not definition.get("isOptional"):
            raise TaskError(f"The input parameter {name} of the task has no value: {_described(source)}.", 3)
    for name, value in constants.items():
        parameters[name] = fill(value, {**constants, **parameters}) if isinstance(value, str) else value
    for name, definition in definitions.get("parameters", {}).items():
        if name not in parameters and "defaultValue" in definition:
            parameters[name] = as_doubles(definition["defaultValue"])
    artifacts: dict[str, list[Artifact]] = {}
    for name, source in wanted.get("artifacts", {}).items():
        found_artifacts = _artifacts(source, scope, upstream)
        if found_artifacts is not None:
            artifacts[name] = found_artifacts
        elif not definitions.get("artifacts", {}).get(name, {}).get("isOptional"):
            raise TaskError(f"The input artifact {name} of the task is not there: {_described(source)}.", 3)
    return Values(parameters, artifacts)


def _parameter(
    source: Mapping[str, Any], scope: Values, upstream: Mapping[str, Upstream], job: str
) -> tuple[bool, Any]:
    if "componentInputParameter" in source:
        name = source["componentInputParameter"]
        return name in scope.parameters, scope.parameters.get(name)
    if "taskOutputParameter" in source:
        output = source["taskOutputParameter"]
        values = upstream[output["producerTask"]].values.parameters
        return output["outputParameterKey"] in values, values.get(output["outputParameterKey"])
    if "taskFinalStatus" in source:
        return True, _final_status(source["taskFinalStatus"]["producerTask"], upstream, job)
    return False, None


def _final_status(producer: str, upstream: Mapping[str, Upstream], job: str) -> dict[str, Any]:
    ended = upstream[producer]
    status = {"state": ended.state, "pipelineJobResourceName": job, "pipelineTaskName": producer}
    return {**status, "error": {} if ended.error is None else {"code": 9, "message": ended.error}}


def _artifacts(source: Mapping[str, Any], scope: Values, upstream: Mapping[str, Upstream]) -> list[Artifact] | None:
    if "componentInputArtifact" in source:
        return scope.artifacts.get(source["componentInputArtifact"])
    if "taskOutputArtifact" in source:
        output = source["taskOutputArtifact"]
        return upstream[output["producerTask"]].values.artifacts.get(output["outputArtifactKey"])
    return None


def _described(source: Mapping[str, Any]) -> str:
    return "it comes from " + json.dumps(source, sort_keys=True)


def _selected(value: Any, selector: str | None) -> Any:
    """Follow a selector such as `parseJson(string_value)["key"]`."""
    if selector is None:
        return value
    parsed = as_doubles(json.loads(value)) if isinstance(value, str) else value
    try:
        for key in json.loads("[" + selector.removeprefix(_SELECTOR).replace("][", ",").strip("[]") + "]"):
            parsed = parsed[key]
    except (ValueError, LookupError, TypeError):
        raise TaskError(f"The selector {selector} finds nothing in {text_of(value)[:100]}.", 3) from None
    return parsed


def items_of(task: Mapping[str, Any], inputs: Values) -> list[tuple[str, Any]] | None:
    """Return the input's name and value for each repetition of a task; None when it is not repeated.

    Raises:
        TaskError: there is no list to go through.
    """
    if "artifactIterator" in task:
        iterator = task["artifactIterator"]
        artifacts = inputs.artifacts.get(iterator["items"]["inputArtifact"], [])
        return [(iterator["itemInput"], artifact) for artifact in artifacts]
    if "parameterIterator" not in task:
        return None
    iterator = task["parameterIterator"]
    items = iterator["items"]
    value = items["raw"] if "raw" in items else inputs.parameters.get(items["inputParameter"])
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise TaskError(f"The loop goes through {value[:100]!r}, which is no list.", 3) from None
    if not isinstance(value, list):
        raise TaskError(f"The loop goes through {text_of(value)[:100]}, which is no list.", 3)
    return [(iterator["itemInput"], as_doubles(item)) for item in value]


def for_item(task: Mapping[str, Any], inputs: Values, name: str, item: Any) -> Values:
    """Return the inputs of one repetition."""
    if "artifactIterator" in task:
        return Values(inputs.parameters, {**inputs.artifacts, name: [item]})
    return Values({**inputs.parameters, name: item}, inputs.artifacts)


def gathered(repetitions: list[Values]) -> Values:
    """Return the outputs of all repetitions of a task: a list of each parameter, the artifacts one after another."""
    parameters: dict[str, Any] = {}
    artifacts: dict[str, list[Artifact]] = {}
    for values in repetitions:
        for name, value in values.parameters.items():
            parameters.setdefault(name, []).append(value)
        for name, some in values.artifacts.items():
            artifacts.setdefault(name, []).extend(some)
    return Values(parameters, artifacts)


def outputs_of(dag: Mapping[str, Any], ended: Mapping[str, Upstream]) -> Values:
    """Return what a DAG hands on from its tasks. What was not made, for its task was left out, is left out too."""
    outputs = dag.get("outputs", {})
    parameters: dict[str, Any] = {}
    for name, source in outputs.get("parameters", {}).items():
        selectors = (
            [source["valueFromParameter"]]
            if "valueFromParameter" in source
            else source.get("valueFromOneof", {}).get("parameterSelectors", [])
        )
        for selector in selectors:
            made = ended[selector["producerSubtask"]].values.parameters
            if selector["outputParameterKey"] in made:
                parameters[name] = made[selector["outputParameterKey"]]
                break
    artifacts: dict[str, list[Artifact]] = {}
    for name, source in outputs.get("artifacts", {}).items():
        found = [
            artifact
            for selector in source.get("artifactSelectors", [])
            for artifact in ended[selector["producerSubtask"]].values.artifacts.get(selector["outputArtifactKey"], [])
        ]
        if found:
            artifacts[name] = found
    return Values(parameters, artifacts)
