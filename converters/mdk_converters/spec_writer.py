"""`Pipeline` -> the text of its spec: the same bytes for the same pipeline, easy to review line by line.

General YAML emitters give up block literals for code with spaces at the end of a line, so this module writes
the small part of YAML that a spec needs itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from yaml.resolver import Resolver

from mdk_converters.findings import Finding, SpecError
from mdk_converters.spec import SCHEMA_ID, Component, Parameter, Pipeline, Resources

_WIDTH = 100
_LONGEST_KEY = 200  # YAML wants the `?` form for keys beyond 1024 bytes

_PLAIN = re.compile(r"[\w./](?:[\w ./+()=@%~<>-]*[\w./+()=@%~<>-])?")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0[ox][0-9a-fA-F]+")
_OLD_BOOL = frozenset({"y", "Y", "n", "N"})
# What YAML cannot show as it is: control characters, line ends other than \n, byte order marks.
_UNSHOWN = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_ESCAPED = re.compile(r'[\\"\n\t]|' + _UNSHOWN.pattern)
_ESCAPES = {"\\": r"\\", '"': r"\"", "\n": r"\n", "\t": r"\t", "\r": r"\r"}


class _Code(str):
    """Text that always gets its own lines."""

    __slots__ = ()


def dump_spec(pipeline: Pipeline) -> str:
    """Return the YAML text of a pipeline, which `parse_spec` reads back as an equal one.

    Raises:
        SpecError: A text holds half a surrogate pair, which no YAML file can (MDK220).
    """
    data = _fields(pipeline)
    data["components"] = {name: _component(name, part) for name, part in pipeline.components.items()}
    lines = [f"# yaml-language-server: $schema={SCHEMA_ID}"]
    for key, value in data.items():
        lines += _entry(key, value, "", block=bool(value))
    return "\n".join(lines) + "\n"


def _fields(model: BaseModel) -> dict[str, Any]:
    """Return a model's fields in their order, without those that say nothing."""
    data: dict[str, Any] = {}
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        if name == "default" and isinstance(model, Parameter):
            said = not model.required
        elif name == "cells" and isinstance(model, Component):
            said = not model.is_container
        else:
            said = name in ("api_version", "kind") or info.is_required() or value != info.default
        if said:
            data[info.alias or name] = _Code(value) if name == "source" else _parts(value)
    return data


def _parts(value: Any) -> Any:
    if isinstance(value, Resources) and value.cpu is not None and value.cpu.is_integer():
        return _fields(value) | {"cpu": int(value.cpu)}
    if isinstance(value, BaseModel):
        return _fields(value)
    if isinstance(value, dict):
        return {key: _parts(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_parts(part) for part in value]
    return value


def _component(name: str, component: Component) -> dict[str, Any]:
    """Return a component's fields, in the short form where its one cell is called like itself."""
    data = _fields(component)
    if [cell.id for cell in component.cells] == [name] and not component.cells[0].line_offset:
        data["source"] = data.pop("cells")[0]["source"]
    return data


def _entry(key: str, value: Any, pad: str, block: bool = False) -> Iterator[str]:
    """Yield the lines of `key: value`: a collection on one line if it fits and `block` does not forbid it."""
    start = f"{pad}{_scalar(key)}:" if len(key) <= _LONGEST_KEY else f"{pad}? {_scalar(key)}\n{pad}:"
    inner = pad + "  "
    if isinstance(value, str) and (isinstance(value, _Code) or "\n" in value):
        yield from _text_block(start, value, inner)
    elif not isinstance(value, dict | list):
        yield f"{start} {_scalar(value)}"
    elif not block and not _holds_code(value) and len(line := f"{start} {_flow(value)}") <= _WIDTH:
        yield line
    elif isinstance(value, dict):
        yield start
        for name, part in value.items():
            yield from _entry(name, part, inner)
    else:
        yield start
        for part in value:
            if _holds_code(part):
                first, *rest = (line for name, item in part.items() for line in _entry(name, item, inner + "  "))
                yield f"{inner}- {first.lstrip()}"
                yield from rest
            else:
                yield f"{inner}- {_flow(part)}"


def _text_block(start: str, text: str, pad: str) -> Iterator[str]:
    """Yield the lines of a text of several lines: as they are where YAML can show them, else in quotes."""
    body, ends = text.rstrip("\n"), len(text) - len(text.rstrip("\n"))
    if not body.strip(" \t\n"):
        yield f"{start} {_quoted(text)}"
    elif _UNSHOWN.search(text):
        lines = [_quoted(line + "\n")[1:-1] for line in text.split("\n")]
        lines[-1] = lines[-1].removesuffix(r"\n")
        shielded = [lines[0], *(f"\\{line}" if line.startswith(" ") else line for line in lines[1:])]
        yield f'{start} "' + f"\\\n{pad}".join(shielded) + '"'
    else:
        indent = "2" if text[0] in " \t\n" else ""
        yield f"{start} |{indent}{('-', '', '+')[min(ends, 2)]}"
        for line in text.removesuffix("\n").split("\n"):
            yield pad + line if line else ""


def _holds_code(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_holds_code, value.values() if isinstance(value, dict) else value))
    return isinstance(value, _Code)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        pairs = (f"{'? ' * (len(key) > _LONGEST_KEY)}{_scalar(key)}: {_flow(part)}" for key, part in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        return value if _means_text(value) else _quoted(value)
    return str(value)


def _float(value: float) -> str:
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    digits = repr(value)
    return digits if "." in digits else digits.replace("e", ".0e")  # 1e-05 is text to YAML 1.1


def _means_text(text: str) -> bool:
    """Return whether a plain scalar is this text to every reader of YAML, 1.1 and 1.2."""
    if not _PLAIN.fullmatch(text) or text in _OLD_BOOL or _NUMBER.fullmatch(text) or _UNSHOWN.search(text):
        return False
    rules = Resolver.yaml_implicit_resolvers.get(text[0], [])
    return not any(rule.match(text) for _, rule in rules)


def _quoted(text: str) -> str:
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        fix = "take the broken character out"
        raise SpecError([Finding("MDK220", "a text holds half a surrogate pair, which no file can", fix=fix)])
    width = 2 if code < 0x100 else 4 if code < 0x10000 else 8
    return _ESCAPES.get(character) or f"\\{'xxxuxxxU'[width - 1]}{code:0{width}x}"
