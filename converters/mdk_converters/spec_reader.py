"""Pipeline spec files -> `Pipeline`. Every problem is found at once, with its line and what to do.

YAML is read by what the schema asks for, so that no value changes its meaning on the way: where the schema
wants text, a plain scalar is that text as it is written (`1.10`, `on`, `2024-01-31`); elsewhere plain scalars
mean what YAML 1.2 says.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mdk_converters.findings import Finding, Place, SpecError
from mdk_converters.spec import API_VERSION, Component, Parameter, Pipeline
from mdk_converters.spec_rules import SpecPath, close_match, problems
from mdk_converters.yaml_nodes import Mapping, Node, Scalar, Sequence, compose

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LONGEST_INT = 4000  # digits; Python refuses longer ones
_LARGEST_FLOAT = 2**1023
_VERSION = {"apiVersion": API_VERSION, "kind": "Pipeline"}

_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping of names to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "string_too_short": "text that is not empty",
}
_FIXES = {
    "bool_type": "write true or false, without quotes",
    "string_type": 'write it in quotes if it is meant as text, such as "null"',
}


def load_spec(path: str | Path) -> Pipeline:
    """Read the pipeline spec in the file `path`.

    Raises:
        SpecError: The file cannot be read (MDK200), or is no valid spec; one finding for each problem.

    Example:
        >>> load_spec("churn.pipeline.yaml").metadata.name
        'churn'
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise SpecError(
            [Finding("MDK200", f"cannot read the spec: {reason}", Place(str(path)), "check the path")]
        ) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        place = Place(str(path), line=line, file_line=line)
        raise SpecError([Finding("MDK200", "the spec is not UTF-8 text", place, "save the file as UTF-8")]) from error
    return parse_spec(text, str(path))


def parse_spec(text: str, path: str = "pipeline spec") -> Pipeline:
    """Read a pipeline spec from its text; `path` is what messages call it.

    Raises:
        SpecError: The text is no valid spec; one finding for each problem.
    """
    return _Reading(text, path).pipeline()


class _Reading:
    """One text on its way to a `Pipeline`, and what was found wrong with it so far."""

    def __init__(self, text: str, path: str) -> None:
        self._text = text
        self._path = path
        self._findings: list[Finding] = []

    def pipeline(self) -> Pipeline:
        root, faults = compose(self._text)
        for fault in faults:
            self._report(fault.code, fault.message, (fault.line, fault.column), fault.fix, fault.names)
        self._stop_at_findings()
        if root is None or _is_null(root):
            self._report("MDK202", "the spec is empty", (1, 1), "begin with apiVersion: mdk/v1")
            raise SpecError(self._findings)
        pipeline = self._shaped(root)
        for problem in problems(pipeline):
            message = f"{_dotted(problem.path)}: {problem.message}"
            self._report(problem.code, message, _locate(root, problem.path, problem.at_key), problem.fix, problem.names)
        self._stop_at_findings()
        return pipeline

    def _shaped(self, root: Node) -> Pipeline:
        """Return the pipeline if every field has its type."""
        data = self._value(root, Pipeline)
        if isinstance(root, Mapping):
            _spread_sources(data)
            for key in ("apiVersion", "kind"):
                if key not in root.pairs:
                    self._report("MDK202", f'"{key}" is missing', (1, 1), f"add {key}: {_VERSION[key]}", (key,))
        try:
            pipeline = Pipeline.model_validate(data)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                self._report_shape(root, detail)
        self._stop_at_findings()
        return pipeline

    def _value(self, node: Node, expected: Any) -> Any:
        """Return what `node` means where the schema expects the type `expected`."""
        if isinstance(node, Scalar):
            return self._scalar(node, expected)
        if isinstance(node, Sequence):
            item = _part(expected, 0)
            return [self._value(child, item) for child in node.items]
        values = {}
        for key, (_, child) in node.pairs.items():
            part = _part(expected, key)
            if expected is Parameter and key == "default":
                part = _default_type(node)
            values[key] = self._value(child, part)
        return values

    def _scalar(self, node: Scalar, expected: Any) -> Any:
        if not node.plain:
            return node.text
        if node.text in _NULL:
            return None
        wanted = _bare(expected)
        if wanted is str or get_origin(wanted) is Literal:
            return node.text
        if _LEADING_ZERO.fullmatch(node.text):
            message = f"{node.text} is a different number to different readers of YAML"
            fix = f'leave out the leading zero, or write "{node.text}" if it is text'
            self._report("MDK203", message, (node.line, node.column), fix, (node.text,))
        value = _plain_value(node.text)
        return float(value) if wanted is float and type(value) is int and abs(value) < _LARGEST_FLOAT else value

    def _report_shape(self, root: Node, detail: ErrorDetails) -> None:
        """Report a field that is unknown, missing or of the wrong type."""
        path, kind = detail["loc"], detail["type"]
        where, name = _dotted(path[:-1]), str(path[-1]) if path else ""
        prefix = f"{where}: " if where else ""
        if kind == "extra_forbidden":
            keys = _keys(_type_at(path[:-1]))
            both = name == "source" and "source" in keys
            message = 'has both "cells" and "source"' if both else f'unknown key "{name}"'
            fix = "keep one of the two" if both else close_match(name, keys)
            self._report("MDK205", prefix + message, _locate(root, path, True), fix, (name,))
        elif kind == "missing":
            fix = 'add "source: |" with the code' if name == "cells" else f'add "{name}:"'
            self._report("MDK202", f'{prefix}"{name}" is missing', _locate(root, path[:-1], True), fix, (name,))
        elif kind == "literal_error":
            known = get_args(_bare(_type_at(path)))
            message = f"{_dotted(path)}: {_found(root, path)} is not one of {', '.join(known)}"
            found = _node_at(root, path)
            fix = close_match(found.text, known) if isinstance(found, Scalar) else ""
            self._report("MDK203", message, _locate(root, path), fix, (name,))
        else:
            wanted = _WANTED.get(kind, detail["msg"])
            message = f"{_dotted(path) or 'the spec'}: expected {wanted}, found {_found(root, path)}"
            self._report("MDK203", message, _locate(root, path), _FIXES.get(kind, f"write {wanted}"), (name,))

    def _report(
        self, code: str, message: str, position: tuple[int, int], fix: str, names: tuple[str, ...] = ()
    ) -> None:
        line, column = position
        lines = self._text.split("\n", line)
        text = lines[line - 1].rstrip("\r") if line <= len(lines) else None
        place = Place(self._path, line=line, column=column, text=text, file_line=line)
        self._findings.append(Finding(code, message, place, fix, names=names))

    def _stop_at_findings(self) -> None:
        if self._findings:
            raise SpecError(sorted(self._findings, key=lambda f: (f.place.line or 0, f.place.column or 0)))


def _plain_value(text: str) -> Any:
    """Return what a plain scalar means in YAML 1.2: a bool, a number, or itself."""
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text) and len(text) < _LONGEST_INT:
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if _FLOAT.fullmatch(text):
        return float(text)
    if _SPECIAL_FLOAT.fullmatch(text):
        return float(text.replace(".", "", 1))
    return text


def _spread_sources(data: dict[str, Any]) -> None:
    """Turn the short form of a component, `source: |`, into its one cell, named like the component."""
    components = data.get("components")
    for name, component in components.items() if isinstance(components, dict) else ():
        if isinstance(component, dict) and "source" in component and "cells" not in component:
            component["cells"] = [{"id": name, "source": component.pop("source")}]


@cache
def _bare(expected: Any) -> Any:
    """Take `Annotated` and `| None` off a type."""
    if get_origin(expected) is Annotated:
        return _bare(get_args(expected)[0])
    if get_origin(expected) in (Union, UnionType):
        return _bare(next(arm for arm in get_args(expected) if arm is not type(None)))
    return expected


@cache
def _part(expected: Any, key: str | int) -> Any:
    """Return the type that the schema expects under `key`, Any where it says nothing."""
    whole = _bare(expected)
    if get_origin(whole) in (list, dict):
        return get_args(whole)[-1]
    if isinstance(whole, type) and issubclass(whole, BaseModel):
        if whole is Component and key == "source":
            return str
        return next((f.annotation for n, f in whole.model_fields.items() if key == (f.alias or n)), Any)
    return Any


def _type_at(path: SpecPath) -> Any:
    expected: Any = Pipeline
    for key in path:
        expected = _part(expected, key)
    return expected


def _keys(model: Any) -> list[str]:
    """Return the keys that a mapping of this type may have."""
    whole = _bare(model)
    keys = [field.alias or name for name, field in whole.model_fields.items()]
    return [*keys, "source"] if whole is Component else keys


def _default_type(parameter: Mapping) -> Any:
    """Return the type of a parameter's default as far as it decides what a plain scalar means."""
    declared = parameter.pairs.get("type")
    text = declared[1].text if declared and isinstance(declared[1], Scalar) else ""
    return {"str": str, "float": float}.get(text, Any)


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.plain and node.text in _NULL


def _node_at(root: Node, path: SpecPath) -> Node:
    return _follow(root, path)[1]


def _locate(root: Node, path: SpecPath, at_key: bool = False) -> tuple[int, int]:
    """Return line and column of the value that `path` leads to, or of its key."""
    key, value = _follow(root, path)
    node = key if at_key else value
    return node.line, node.column


def _follow(root: Node, path: SpecPath) -> tuple[Node, Node]:
    """Walk from `root` as far as `path` leads; return the last key (or list item) and its value."""
    key = value = root
    for step in path:
        if isinstance(value, Mapping) and str(step) in value.pairs:
            key, value = value.pairs[str(step)]
        elif isinstance(value, Mapping) and step == "cells" and "source" in value.pairs:
            return value.pairs["source"]
        elif isinstance(value, Sequence) and isinstance(step, int) and step < len(value.items):
            key = value = value.items[step]
        else:
            break
    return key, value


def _found(root: Node, path: SpecPath) -> str:
    node = _node_at(root, path)
    if _is_null(node):
        return "nothing"
    if isinstance(node, Scalar):
        return f'"{node.text}"' if len(node.text) <= 60 else f'"{node.text[:60]}…"'
    return "a list" if isinstance(node, Sequence) else "a mapping"


def _dotted(path: SpecPath) -> str:
    """Write a path as people read it: `components.train.cells[0].id`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
