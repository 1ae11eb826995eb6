"""What a container is told: the step as the compiler wrote it, and the platform's executor input."""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdk_converters.findings import Finding
from mdk_jupyter.errors import StepError
from mdk_jupyter.runtime.places import path_of

_FORMAT = 1


@dataclass(frozen=True)
class Given:
    """The step, the executor input and the bundle's sha256, empty where the runtime is part of the image."""

    step: Mapping[str, Any]
    executor_input: Mapping[str, Any]
    bundle: str = ""
    made: dict[str, str] = field(default_factory=dict)  # what every artifact of this pipeline says of its making

    @property
    def component(self) -> str:
        return str(self.step["component"])

    def of(self, key: str) -> Any:
        """Return a part of the step, an empty dictionary where it has none."""
        return self.step.get(key) or {}

    def artifacts(self, key: str) -> list[dict[str, Any]]:
        """Return the artifacts that arrive under a key."""
        return list(self._input("artifacts", key)["artifacts"])

    def output(self, key: str) -> dict[str, Any] | None:
        """Return the artifact to make under a key, with its `uri`; None when the pipeline does not want it."""
        wanted = self.executor_input.get("outputs", {}).get("artifacts", {}).get(key)
        return dict(wanted["artifacts"][0]) if wanted else None

    def output_path(self, key: str) -> Path | None:
        """Return where to write an output artifact."""
        artifact = self.output(key)
        return path_of(artifact["uri"]) if artifact is not None else None

    def parameters(self) -> dict[str, Any]:
        """Return the values of the parameters, the loop's item among them, by their names in the notebook.

        Raises:
            StepError: a value is not of its type (MDK426).
        """
        wanted = dict(self.of("parameters"))
        item = self.of("item")
        if item:
            wanted[item["name"]] = item
        return {name: self.value(name, about["key"], about) for name, about in wanted.items()}

    def value(self, name: str, key: str, about: Mapping[str, Any]) -> Any:
        """Return the value that arrives under a key, None when there is none, as `about` says.

        Raises:
            StepError: it is not of its type (MDK426).
        """
        return _value(name, about, self.executor_input.get("inputs", {}).get("parameterValues", {}).get(key))

    def _input(self, kind: str, key: str) -> Any:
        try:
            return self.executor_input["inputs"][kind][key]
        except KeyError:
            raise unreadable(f"the executor input has no {key!r} among its {kind}") from None


def parse(argv: Sequence[str]) -> Given:
    """Read the arguments of a container.

    Raises:
        StepError: they are not those that the compiler writes (MDK425).
    """
    parser = argparse.ArgumentParser("mdk", add_help=False)
    for name in ("--step", "--executor_input"):
        parser.add_argument(name, required=True)
    parser.add_argument("--bundle-sha256", default="")
    options = parser.parse_args(argv)
    try:
        step = json.loads(gzip.decompress(base64.b64decode(options.step, validate=True)))
        executor_input = json.loads(options.executor_input)
        if step.get("format", _FORMAT) != _FORMAT:
            raise ValueError(f"the step has the format {step['format']}, and this runtime reads {_FORMAT}")
        made = {"pipeline": step["pipeline"], "bundle": options.bundle_sha256, "component": step["component"]}
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise unreadable(str(error)) from None
    return Given(step, executor_input, options.bundle_sha256, made)


def unreadable(why: str) -> StepError:
    """Say that the compiler and this runtime do not understand each other."""
    message = f"the arguments of the step's container cannot be read: {why}"
    fix = "Compile and submit the pipeline again, with one version of mdk-jupyter."
    return StepError([Finding("MDK425", message, fix=fix)])


def _value(name: str, about: Mapping[str, Any], value: Any) -> Any:
    """Return a parameter's value. Platforms make all numbers floating point ones, and may send lists as JSON text."""
    kind = about["type"]
    if value is None:
        return None
    try:
        if kind == "json":
            return json.loads(value)
        if kind in ("list", "dict") and isinstance(value, str):
            value = json.loads(value)
        return _of_type(kind, value, about.get("items"))
    except (TypeError, ValueError):
        message = f"the parameter `{name}` got the value {value!r}, which is no {kind}"
        fix = f"Give a value of the type {kind}."
        raise StepError([Finding("MDK426", message, fix=fix, names=(name,))]) from None


def _of_type(kind: str, value: Any, items: str | None) -> Any:
    if kind == "bool" and isinstance(value, bool):
        return value
    if kind == "int" and _is_number(value) and value == int(value):
        return int(value)
    if kind == "float" and _is_number(value):
        return float(value)
    if kind == "str" and isinstance(value, str):
        return value
    if kind == "list" and isinstance(value, list):
        return [_of_type(items, item, None) if items else _whole(item) for item in value]
    if kind == "dict" and isinstance(value, dict):
        return _whole(value)
    if kind == "none":
        return _whole(value)
    raise TypeError


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def as_it_arrives(value: Any) -> Any:
    """Return what a step receives for a mapping, or for a list whose items have several types.

    Example:
        >>> as_it_arrives({"b": 1.0, "a": 2.5})
        {'a': 2.5, 'b': 1}
    """
    return _whole(value)


def _whole(value: Any) -> Any:
    """Return a value with its whole numbers as integers, which is what they were before the platform."""
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return int(value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {key: _whole(value[key]) for key in sorted(value)}  # the platform does not keep their order
    return value
