"""Placeholders in the command, arguments and constants of tasks: `{{$}}`, `{{$.inputs.parameters['n']}}` and so on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_PLACEHOLDER = re.compile(r"\{\{\$(?P<path>[^{}]*)\}\}")
_ESCAPE = re.compile(r"\.json_escape\[(\d+)\]$")
_PART = re.compile(r"\.([A-Za-z_]\w*)|\['((?:[^'\\]|\\.)*)'\]|\[\"((?:[^\"\\]|\\.)*)\"\]|\[(\d+)\]")


class PlaceholderError(ValueError):
    """A placeholder asks for something that is not there."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What placeholders can ask for besides inputs and outputs."""

    job: Mapping[str, str]  # `pipeline_job_name` and so on
    executor_input: Mapping[str, Any] | None  # None: only inputs, such as in a constant
    parameters: Mapping[str, Any]
    local: Callable[[str], str]  # the path of a URI


def filled(text: str, facts: Facts) -> str:
    """Return a text with its placeholders replaced.

    Raises:
        PlaceholderError: a placeholder asks for something that is not there.
    """
    return _PLACEHOLDER.sub(lambda match: _value(match["path"], match[0], facts), text)


def arguments(texts: list[str], facts: Facts) -> list[str]:
    """Return the words of a command, with those of `IfPresent` and `Concat` worked out.

    Raises:
        PlaceholderError: as for `filled`.
    """
    words: list[str] = []
    for text in texts:
        structured = _structured(text)
        words.extend(_worked_out(structured, facts) if structured is not None else [filled(text, facts)])
    return words


def _structured(text: str) -> Mapping[str, Any] | None:
    if not text.startswith('{"'):
        return None
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return content if isinstance(content, dict) and set(content) in ({"IfPresent"}, {"Concat"}) else None


def _worked_out(item: Any, facts: Facts) -> list[str]:
    if isinstance(item, str):
        return [filled(item, facts)]
    if isinstance(item, list):
        return [word for part in item for word in _worked_out(part, facts)]
    if "Concat" in item:
        return ["".join(_worked_out(item["Concat"], facts))]
    if "IfPresent" in item:
        choice = item["IfPresent"]
        inputs = (facts.executor_input or {}).get("inputs", {})
        name = choice["InputName"]
        present = facts.parameters.get(name) is not None or name in inputs.get("artifacts", {})
        return _worked_out(choice["Then"] if present else choice.get("Else", []), facts)
    raise PlaceholderError(f"the argument {json.dumps(item)} cannot be understood")


def _value(path: str, whole: str, facts: Facts) -> str:
    escape = _ESCAPE.search(path)
    times = int(escape[1]) if escape else 0
    text = _shown(_found(path[: escape.start()] if escape else path, whole, facts))
    for _ in range(times):
        text = json.dumps(text)[1:-1]
    return text


def _found(path: str, whole: str, facts: Facts) -> Any:
    if path == "" and facts.executor_input is not None:
        return facts.executor_input
    parts: list[str] = []
    position = 0
    while position < len(path):
        match = _PART.match(path, position)
        if match is None:
            raise PlaceholderError(f"the placeholder {whole} cannot be read")
        parts.append(next(group for group in match.groups() if group is not None))
        position = match.end()
    match parts:
        case [name] if name in facts.job:
            return facts.job[name]
        case ["inputs", "parameters", name] if name in facts.parameters:
            return facts.parameters[name]
        case ["inputs", "parameters", name, *rest] if name in facts.parameters:
            return _inside(facts.parameters[name], rest, whole)
        case ["outputs", "output_file"] if facts.executor_input is not None:
            return facts.executor_input["outputs"]["outputFile"]
        case ["outputs", "parameters", name, "output_file"] if facts.executor_input is not None:
            found = facts.executor_input["outputs"]["parameters"].get(name)
            if found is not None:
                return found["outputFile"]
        case [("inputs" | "outputs") as side, "artifacts", name, *rest] if facts.executor_input is not None:
            found = facts.executor_input[side].get("artifacts", {}).get(name)
            if found is not None:
                return _of_artifact(found["artifacts"], rest, whole, facts)
    raise PlaceholderError(f"the placeholder {whole} asks for something that the task does not have")


def _of_artifact(artifacts: list[dict[str, Any]], parts: list[str], whole: str, facts: Facts) -> Any:
    if parts and parts[0].isdigit():
        artifacts, parts = artifacts[int(parts[0]) :][:1], parts[1:]
    if artifacts:
        match parts:
            case ["path"]:
                return facts.local(artifacts[0]["uri"])
            case ["uri" | "name" as field]:
                return artifacts[0][field]
            case ["metadata", *rest]:
                return _inside(artifacts[0].get("metadata", {}), rest, whole)
            case []:
                return artifacts[0]
    raise PlaceholderError(f"the placeholder {whole} asks for something that the artifact does not have")


def _inside(value: Any, parts: list[str], whole: str) -> Any:
    for part in parts:
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, Mapping) and part in value:
            value = value[part]
        else:
            raise PlaceholderError(f"the placeholder {whole} asks for `{part}`, which is not there")
    return value


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return json.dumps(value)
