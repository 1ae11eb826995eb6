"""Components that are containers: the values that their commands name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from mdk_converters.findings import Finding, Place, SpecError
from mdk_converters.graph import producer
from mdk_converters.loops import parse_loop
from mdk_converters.spec import Component, Pipeline

PLACEHOLDERS = (
    "write {{inputs.parameters.NAME}}, {{inputs.artifacts.NAME.uri}}, {{outputs.artifacts.NAME.uri}} "
    "or {{outputs.parameters.NAME.path}}"
)
_PARAMETER_KINDS = frozenset({"int", "float", "bool", "str", "list", "dict"})
_MEANT = re.compile(r"\{\{\s*(?:inputs|outputs)\.[^{}]*\}\}")
_PORT = re.compile(r"\{\{\s*(inputs|outputs)\.(parameters|artifacts)\.([^{}\s]+?)(?:\.(uri|path))?\s*\}\}")


@dataclass(frozen=True, slots=True)
class Port:
    """A value that goes into or comes out of a container."""

    side: Literal["inputs", "outputs"]
    kind: Literal["parameters", "artifacts"]
    name: str

    @property
    def text(self) -> str:
        return f"{self.side}.{self.kind}.{self.name}"


def refuse_containers(pipeline: Pipeline, result: str) -> None:
    """Refuse a pipeline for a result that is made of cells alone.

    Raises:
        SpecError: a component is a container (MDK408).
    """
    findings = [
        Finding(
            "MDK408",
            f"component {name} is a container, which cannot be part of {result}",
            Place(pipeline.metadata.notebook),
            "write it as cells, or use the target spec, kfp or mermaid",
            names=(name,),
        )
        for name, component in pipeline.components.items()
        if component.is_container
    ]
    if findings:
        raise SpecError(findings)


def as_parameter(pipeline: Pipeline, source: str) -> bool:
    """Return whether an output ("component.name") travels as a parameter: a container's number, text, flag, list."""
    component = pipeline.components[producer(source)]
    return component.is_container and component.outputs[source.partition(".")[2]] in _PARAMETER_KINDS


def ports(pipeline: Pipeline, name: str) -> list[Port]:
    """Return the values that the command of a component can name. References to what does not exist are passed over."""
    component = pipeline.components[name]
    found = [Port("inputs", "parameters", parameter) for parameter in component.parameters]
    found += [Port("inputs", "parameters", item) for item in _items(component)]
    for variable, source in component.inputs.items():
        made = pipeline.components.get(producer(source))
        known = made is not None and source.partition(".")[2] in made.outputs
        found.append(
            Port("inputs", "parameters" if known and as_parameter(pipeline, source) else "artifacts", variable)
        )
    for variable, kind in component.outputs.items():
        found.append(Port("outputs", "parameters" if kind in _PARAMETER_KINDS else "artifacts", variable))
    return found


def placeholders(text: str) -> Iterator[Port]:
    """Yield the values that a text names.

    Raises:
        ValueError: one is not written as it must be.
    """
    for match in _MEANT.finditer(text):
        yield _port(match[0])[0]


def lowered(text: str, key: Callable[[str], str]) -> str:
    """Return a text with the placeholders of Kubeflow Pipelines; `key` gives the key of each name.

    Example:
        >>> lowered("--out={{outputs.artifacts.scores.uri}}", str)
        "--out={{$.outputs.artifacts['scores'].uri}}"
    """
    return _MEANT.sub(lambda match: _placeholder(match[0], key), text)


def _placeholder(text: str, key: Callable[[str], str]) -> str:
    port, part = _port(text)
    if part == "path" and port.kind == "parameters":
        part = "output_file"
    return f"{{{{$.{port.side}.{port.kind}['{key(port.name)}']{f'.{part}' if part else ''}}}}}"


def _port(text: str) -> tuple[Port, str | None]:
    match = _PORT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text} names no value")
    side, kind, name, part = match.groups()
    wanted = {"artifacts": ("uri", "path"), "parameters": ("path",) if side == "outputs" else (None,)}[kind]
    if part not in wanted:
        endings = " or ".join(f".{ending}" for ending in wanted if ending) or "the name"
        raise ValueError(f"{text} has to end with {endings}")
    return Port(
        "inputs" if side == "inputs" else "outputs", "artifacts" if kind == "artifacts" else "parameters", name
    ), part


def _items(component: Component) -> list[str]:
    try:
        return [parse_loop(component.foreach).item] if component.foreach is not None else []
    except ValueError:
        return []
