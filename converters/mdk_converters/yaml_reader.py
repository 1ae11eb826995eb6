"""Text in YAML -> a pydantic model, by what its schema asks for; every problem at once, with its line.

No value changes its meaning on the way: where the schema wants text, a plain scalar is that text as it is written
(`1.10`, `on`, `2024-01-31`); elsewhere plain scalars mean what YAML 1.2 says.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mdk_converters.findings import Finding, MDKError, Place
from mdk_converters.yaml_nodes import Mapping, Node, Scalar, Sequence, compose

SpecPath: TypeAlias = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LONGEST_INT = 4000  # digits; Python refuses longer ones
_LARGEST_FLOAT = 2**1023

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


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule. `path` leads to the value at fault, or to its key where `at_key` is set."""

    code: str
    path: SpecPath
    message: str
    fix: str
    names: tuple[str, ...] = ()
    at_key: bool = False


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a kind of file is called, how it begins, and the codes and the exception of what can be wrong with it."""

    noun: str
    begin: str
    error: type[MDKError]
    unreadable: str
    syntax: str
    missing: str
    wrong: str
    twice: str
    unknown: str

    def load(self, path: Path) -> str:
        """Return the text of a file.

        Raises:
            MDKError: it cannot be read, or is not UTF-8.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            message = f"cannot read {self.noun}: {error.strerror or error}"
            raise self.error([Finding(self.unreadable, message, Place(str(path)), "check the path")]) from error
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            place = Place(str(path), line=line, file_line=line)
            message = f"{self.noun} is not UTF-8 text"
            raise self.error([Finding(self.unreadable, message, place, "save the file as UTF-8")]) from error


def close_match(name: str, known: Collection[str]) -> str:
    """Return `did you mean "train"?`, or what there is to choose from, or nothing."""
    if close := get_close_matches(name, known, 1):
        return f'did you mean "{close[0]}"?'
    return f"there are: {', '.join(sorted(known))}" if known else ""


class Reader(Generic[M]):
    """One text on its way to a model, and what was found wrong with it so far.

    Subclasses say where their format has more to it than its model: short forms, types that depend on a neighbour,
    and rules.
    """

    def __init__(self, text: str, path: str, model: type[M], kind: FileKind) -> None:
        self._text = text
        self._path = path
        self._model = model
        self._kind = kind
        self._findings: list[Finding] = []

    def read(self) -> M:
        """Return the model.

        Raises:
            MDKError: of the kind's own class; one finding for each problem.
        """
        root, faults = compose(self._text)
        for fault in faults:
            code = self._kind.twice if fault.kind == "twice" else self._kind.syntax
            self._report(code, fault.message, (fault.line, fault.column), fault.fix, fault.names)
        self._stop_at_findings()
        if root is None or _is_null(root):
            self._report(self._kind.missing, f"{self._kind.noun} is empty", (1, 1), self._kind.begin)
            raise self._kind.error(self._findings)
        model = self._shaped(root)
        for problem in self.problems(model):
            message = f"{_dotted(problem.path)}: {problem.message}"
            position = self._locate(root, problem.path, problem.at_key)
            self._report(problem.code, message, position, problem.fix, problem.names)
        self._stop_at_findings()
        return model

    # What a format may add

    def problems(self, model: M) -> Iterable[Problem]:
        """Return what is wrong with a model whose fields have the right types."""
        return ()

    def required(self) -> dict[str, str]:
        """Return keys that the file must have although the model has defaults, with the value to write."""
        return {}

    def rewritten(self, data: Any) -> Any:
        """Return plain data with short forms spelt out."""
        return data

    def expected(self, whole: Any, key: str | int, node: Node) -> Any:
        """Return the type that the schema expects under `key` of `node`, Any where it says nothing."""
        return part(whole, key)

    def keys(self, whole: Any) -> list[str]:
        """Return the keys that a mapping of this type may have."""
        return [field.alias or name for name, field in bare(whole).model_fields.items()]

    def step_into(self, mapping: Mapping, step: str | int) -> tuple[Node, Node] | None:
        """Return the key and value that the file has for the field `step`."""
        return mapping.pairs.get(str(step))

    def unknown_key(self, name: str, known: list[str]) -> tuple[str, str]:
        """Return message and fix for a key that a mapping may not have."""
        return f'unknown key "{name}"', close_match(name, known)

    def missing_key_fix(self, name: str) -> str:
        """Return what to do where a key is missing."""
        return f'add "{name}:"'

    # Reading

    def _shaped(self, root: Node) -> M:
        """Return the model if every field has its type."""
        data = self.rewritten(self._value(root, self._model))
        if isinstance(root, Mapping):
            for key, value in self.required().items():
                if key not in root.pairs:
                    self._report(self._kind.missing, f'"{key}" is missing', (1, 1), f"add {key}: {value}", (key,))
        try:
            model = self._model.model_validate(data)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                self._report_shape(root, detail)
        self._stop_at_findings()
        return model

    def _value(self, node: Node, expected: Any) -> Any:
        """Return what `node` means where the schema expects the type `expected`."""
        if isinstance(node, Scalar):
            return self._scalar(node, expected)
        if isinstance(node, Sequence):
            item = part(expected, 0)
            return [self._value(child, item) for child in node.items]
        return {key: self._value(child, self.expected(expected, key, node)) for key, (_, child) in node.pairs.items()}

    def _scalar(self, node: Scalar, expected: Any) -> Any:
        if not node.plain:
            return node.text
        if node.text in _NULL:
            return None
        wanted = bare(expected)
        if wanted is str or get_origin(wanted) is Literal:
            return node.text
        if _LEADING_ZERO.fullmatch(node.text):
            message = f"{node.text} is a different number to different readers of YAML"
            fix = f'leave out the leading zero, or write "{node.text}" if it is text'
            self._report(self._kind.wrong, message, (node.line, node.column), fix, (node.text,))
        value = _plain_value(node.text)
        return float(value) if wanted is float and type(value) is int and abs(value) < _LARGEST_FLOAT else value

    def _report_shape(self, root: Node, detail: ErrorDetails) -> None:
        """Report a field that is unknown, missing or of the wrong type."""
        path, kind = detail["loc"], detail["type"]
        where, name = _dotted(path[:-1]), str(path[-1]) if path else ""
        prefix = f"{where}: " if where else ""
        if kind == "extra_forbidden":
            message, fix = self.unknown_key(name, self.keys(self._type_at(path[:-1])))
            self._report(self._kind.unknown, prefix + message, self._locate(root, path, True), fix, (name,))
        elif kind == "missing":
            position = self._locate(root, path[:-1], True)
            self._report(
                self._kind.missing, f'{prefix}"{name}" is missing', position, self.missing_key_fix(name), (name,)
            )
        elif kind == "literal_error":
            known = get_args(bare(self._type_at(path)))
            message = f"{_dotted(path)}: {self._found(root, path)} is not one of {', '.join(known)}"
            found = self._follow(root, path)[1]
            fix = close_match(found.text, known) if isinstance(found, Scalar) else ""
            self._report(self._kind.wrong, message, self._locate(root, path), fix, (name,))
        else:
            wanted = _WANTED.get(kind, detail["msg"])
            message = f"{_dotted(path) or self._kind.noun}: expected {wanted}, found {self._found(root, path)}"
            self._report(
                self._kind.wrong, message, self._locate(root, path), _FIXES.get(kind, f"write {wanted}"), (name,)
            )

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
            raise self._kind.error(sorted(self._findings, key=lambda f: (f.place.line or 0, f.place.column or 0)))

    # Finding places

    def _type_at(self, path: SpecPath) -> Any:
        expected: Any = self._model
        for key in path:
            expected = part(expected, key)
        return expected

    def _locate(self, root: Node, path: SpecPath, at_key: bool = False) -> tuple[int, int]:
        """Return line and column of the value that `path` leads to, or of its key."""
        key, value = self._follow(root, path)
        node = key if at_key else value
        return node.line, node.column

    def _follow(self, root: Node, path: SpecPath) -> tuple[Node, Node]:
        """Walk from `root` as far as `path` leads; return the last key (or list item) and its value."""
        key = value = root
        for step in path:
            if isinstance(value, Mapping) and (found := self.step_into(value, step)):
                key, value = found
            elif isinstance(value, Sequence) and isinstance(step, int) and step < len(value.items):
                key = value = value.items[step]
            else:
                break
        return key, value

    def _found(self, root: Node, path: SpecPath) -> str:
        node = self._follow(root, path)[1]
        if _is_null(node):
            return "nothing"
        if isinstance(node, Scalar):
            return f'"{node.text}"' if len(node.text) <= 60 else f'"{node.text[:60]}…"'
        return "a list" if isinstance(node, Sequence) else "a mapping"


@cache
def bare(expected: Any) -> Any:
    """Take `Annotated` and `| None` off a type."""
    if get_origin(expected) is Annotated:
        return bare(get_args(expected)[0])
    if get_origin(expected) in (Union, UnionType):
        return bare(next(arm for arm in get_args(expected) if arm is not type(None)))
    return expected


@cache
def part(expected: Any, key: str | int) -> Any:
    """Return the type that a type has under `key`, Any where it says nothing."""
    whole = bare(expected)
    if get_origin(whole) in (list, dict):
        return get_args(whole)[-1]
    if isinstance(whole, type) and issubclass(whole, BaseModel):
        return next((f.annotation for n, f in whole.model_fields.items() if key == (f.alias or n)), Any)
    return Any


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


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.plain and node.text in _NULL


def _dotted(path: SpecPath) -> str:
    """Write a path as people read it: `components.train.cells[0].id`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
