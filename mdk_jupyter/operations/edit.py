"""A file of operations with an entry changed: every other character of it stays, comments, order and quotes too.

The text is cut where YAML says that a value begins and ends, and nothing is written anew around it; so a change is a diff
of those lines alone. What comes out is read again, and must say what was meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import yaml

from mdk_jupyter.operations.desired import SCHEMA_ID, Operations
from mdk_jupyter.operations.errors import refusal
from mdk_jupyter.operations.reader import Desired, parse

Value: TypeAlias = str | int | Mapping[str, str | int] | None
"""Of a key in an entry; None takes the key away."""

EMPTY = f"# yaml-language-server: $schema={SCHEMA_ID}\napiVersion: mdk/v1\nkind: Operations\nenvironments: {{}}\n"
_STEP = 2  # spaces that a level of new lines is indented by
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/+-]*(?<! )")
_NOT_TEXT = re.compile(
    r"[-+]?[0-9][0-9_]*(\.[0-9]*)?([eE][-+]?[0-9]+)?|true|false|yes|no|on|off|null|y|n", re.IGNORECASE
)
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")


def with_entry(desired: Desired, environment: str, model: str, values: Mapping[str, Value]) -> Desired:
    """Return the file with keys of one entry changed; entry, environment and models come to be where they are missing.

    Raises:
        OperationsError: an anchor or alias is in the way (MDK626), or the entry would not be valid (MDK602-606).
    """
    text = desired.text
    path = ["environments", environment, "models", model]
    if desired.entry(environment, model) is None:
        text = _put(text, path, {key: value for key, value in values.items() if value is not None})
    else:
        for key, value in values.items():
            text = _take(text, [*path, key]) if value is None else _set(text, [*path, key], value)
    changed = parse(text, desired.path)
    if changed.operations != _meant(desired.operations, environment, model, values):
        fix = "write the change by hand, or write out what the anchors stand for"
        place = desired.place(environment, model)
        raise refusal("MDK626", f"{model} in {environment} cannot be changed without changing more", fix, place)
    return changed


def _meant(operations: Operations, environment: str, model: str, values: Mapping[str, Value]) -> Operations:
    whole = operations.model_dump(by_alias=True, exclude_unset=True)
    here = whole["environments"].setdefault(environment, {}).setdefault("models", {}).setdefault(model, {})
    for key, value in values.items():
        here.pop(key, None)
        if value is not None:
            here[key] = dict(value) if isinstance(value, Mapping) else value
    return Operations.model_validate(whole)


# Where things are


def _find(text: str, path: Sequence[str]) -> tuple[list[str], yaml.MappingNode, Any, Any]:
    """Follow a path: return the steps that are not there, the last mapping, and the last key and value of the path."""
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    key: Any = None
    value: Any = None
    for number, step in enumerate(path):
        found = next((pair for pair in node.value if pair[0].value == step), None)
        if found is None:
            return list(path[number:]), node, key, value
        key, value = found
        if number < len(path) - 1:
            node = value
            if not isinstance(node, yaml.MappingNode):  # a path leads through mappings: the file is valid
                raise refusal("MDK626", f"{'.'.join(path)} is not a mapping", "write it out")
    return [], node, key, value


def _end(node: Any) -> int:
    """Return where the last character of a value is over; the marks of a block lie after comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last: Any = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _line_end(text: str, index: int) -> int:
    """Return the index of the end of the line in which something ends; a block of text ends after its last line."""
    if index and text[index - 1] == "\n":
        return len(text[:index].rstrip("\r\n"))
    found = text.find("\n", index)
    end = len(text) if found < 0 else found
    return end - 1 if end and text[end - 1 : end] == "\r" else end


def _break(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


# Changes


def _set(text: str, path: Sequence[str], value: str | int | Mapping[str, str | int]) -> str:
    missing, _, _, found = _find(text, path)
    if missing:
        return _put(text, path, value)
    if isinstance(value, Mapping) and isinstance(found, yaml.MappingNode):
        for gone in [key.value for key, _ in found.value if key.value not in value]:
            text = _take(text, [*path, gone])
        for name, one in value.items():
            text = _set(text, [*path, name], one)
        return text
    start, end = found.start_mark.index, _end(found)
    if isinstance(found, yaml.ScalarNode) and found.style in {"|", ">"}:
        end = _line_end(text, end)
    if isinstance(found, yaml.ScalarNode) and found.value == str(value):
        return text  # as it was written
    before = "" if start and text[start - 1].isspace() else " "
    return text[:start] + before + _flow(value) + text[end:]


def _put(text: str, path: Sequence[str], value: Any) -> str:
    """Add what is missing of a path, with a value at its end."""
    missing, mapping, key, _ = _find(text, path)
    for step in reversed(missing[1:]):
        value = {step: value}
    name = missing[0]
    if mapping.flow_style or not mapping.value:
        return _put_flow(text, mapping, key, name, value)
    indent = mapping.value[0][0].start_mark.column
    at = _line_end(text, _end(mapping))
    lines = _block(name, value, indent)
    return text[:at] + "".join(_break(text) + line for line in lines) + text[at:]


def _put_flow(text: str, mapping: yaml.MappingNode, key: Any, name: str, value: Any) -> str:
    start, end = mapping.start_mark.index, mapping.end_mark.index
    inside = f"{_scalar(name)}: {_flow(value)}"
    if mapping.value:
        at = _end(mapping.value[-1][1])
        return f"{text[:at]}, {inside}{text[at:]}"
    beside = key is not None and key.start_mark.line == mapping.start_mark.line
    if beside and "{" not in text[:start].rpartition("\n")[2]:  # `models: {}` becomes lines of its own
        lines = _block(name, value, key.start_mark.column + _STEP)
        at = _line_end(text, end)
        return text[:start].rstrip(" ") + text[end:at] + "".join(_break(text) + line for line in lines) + text[at:]
    return f"{text[:start]}{{{inside}}}{text[end:]}"


def _take(text: str, path: Sequence[str]) -> str:
    """Take a key with its value away."""
    missing, mapping, key, value = _find(text, path)
    if missing:
        return text
    if mapping.flow_style:
        return _take_flow(text, mapping, key)
    if len(mapping.value) == 1:  # the mapping stays, and is empty
        _, _, parent, _ = _find(text, path[:-1])
        colon = text.index(":", parent.end_mark.index) + 1
        return text[:colon] + " {}" + text[colon : _line_end(text, colon)] + text[_line_end(text, _end(value)) :]
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    end = _line_end(text, _end(value))
    after = text.find("\n", end)
    return text[:start] + (text[after + 1 :] if after >= 0 else "")


def _take_flow(text: str, mapping: yaml.MappingNode, key: Any) -> str:
    keys = [one for one, _ in mapping.value]
    number = keys.index(key)
    if len(keys) == 1:
        return text[: mapping.start_mark.index] + "{}" + text[mapping.end_mark.index :]
    if number + 1 < len(keys):
        return text[: key.start_mark.index] + text[keys[number + 1].start_mark.index :]
    return text[: _end(mapping.value[number - 1][1])] + text[_end(mapping.value[number][1]) :]


# Text


def _block(name: str, value: Any, indent: int) -> list[str]:
    """Return the lines of a key: mappings of mappings are lines below it, all else stands beside it."""
    beside = f"{' ' * indent}{_scalar(name)}:"
    if isinstance(value, Mapping) and _is_structure(value):
        return [beside, *(line for key, one in value.items() for line in _block(key, one, indent + _STEP))]
    return [f"{beside} {_flow(value)}"]


def _is_structure(value: Mapping[str, Any]) -> bool:
    return "champion" in value or any(isinstance(one, Mapping) for one in value.values())


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(one)}" for key, one in value.items()) + "}"
    return str(value) if isinstance(value, int) else _scalar(value)


def _scalar(text: str) -> str:
    """Return text as YAML, without quotes where no reader of YAML takes it for something else."""
    if _PLAIN.fullmatch(text) and not _NOT_TEXT.fullmatch(text):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
