"""Pipeline spec files -> `Pipeline`. Every problem is found at once, with its line and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mdk_converters.findings import SpecError
from mdk_converters.spec import API_VERSION, Component, Parameter, Pipeline
from mdk_converters.spec_rules import problems
from mdk_converters.yaml_nodes import Mapping, Node, Scalar
from mdk_converters.yaml_reader import FileKind, Problem, Reader, bare, part

_SPEC = FileKind(
    "the spec",
    "begin with apiVersion: mdk/v1",
    SpecError,
    unreadable="MDK200",
    syntax="MDK201",
    missing="MDK202",
    wrong="MDK203",
    twice="MDK204",
    unknown="MDK205",
)


def load_spec(path: str | Path) -> Pipeline:
    """Read the pipeline spec in the file `path`.

    Raises:
        SpecError: The file cannot be read (MDK200), or is no valid spec; one finding for each problem.

    Example:
        >>> load_spec("churn.pipeline.yaml").metadata.name
        'churn'
    """
    return parse_spec(_SPEC.load(Path(path)), str(path))


def parse_spec(text: str, path: str = "pipeline spec") -> Pipeline:
    """Read a pipeline spec from its text; `path` is what messages call it.

    Raises:
        SpecError: The text is no valid spec; one finding for each problem.
    """
    return _SpecReader(text, path, Pipeline, _SPEC).read()


class _SpecReader(Reader[Pipeline]):
    """A component that is one cell may say `source: |`; a default is read by the type beside it."""

    def problems(self, model: Pipeline) -> Iterable[Problem]:
        return problems(model)

    def required(self) -> dict[str, str]:
        return {"apiVersion": API_VERSION, "kind": "Pipeline"}

    def rewritten(self, data: Any) -> Any:
        """Turn the short form of a component, `source: |`, into its one cell, named like the component."""
        components = data.get("components") if isinstance(data, dict) else None
        for name, component in components.items() if isinstance(components, dict) else ():
            if isinstance(component, dict) and "source" in component and "cells" not in component:
                component["cells"] = [{"id": name, "source": component.pop("source")}]
        return data

    def expected(self, whole: Any, key: str | int, node: Node) -> Any:
        if bare(whole) is Component and key == "source":
            return str
        if whole is Parameter and key == "default" and isinstance(node, Mapping):
            return _default_type(node)
        return part(whole, key)

    def keys(self, whole: Any) -> list[str]:
        known = super().keys(whole)
        return [*known, "source"] if bare(whole) is Component else known

    def step_into(self, mapping: Mapping, step: str | int) -> tuple[Node, Node] | None:
        return super().step_into(mapping, step) or (mapping.pairs.get("source") if step == "cells" else None)

    def unknown_key(self, name: str, known: list[str]) -> tuple[str, str]:
        if name == "source" and "source" in known:
            return 'has both "cells" and "source"', "keep one of the two"
        return super().unknown_key(name, known)

    def missing_key_fix(self, name: str) -> str:
        return 'add "source: |" with the code' if name == "cells" else super().missing_key_fix(name)


def _default_type(parameter: Mapping) -> Any:
    """Return the type of a parameter's default as far as it decides what a plain scalar means."""
    declared = parameter.pairs.get("type")
    text = declared[1].text if declared and isinstance(declared[1], Scalar) else ""
    return {"str": str, "float": float}.get(text, Any)
