"""YAML text as nodes that know their line: no tags, no key twice, one document, no endless aliases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import yaml

MAX_DEPTH = 50
MAX_NODES = 1_000_000  # aliases of aliases can grow without end

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT_TAG = "tag:yaml.org,2002:str"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value without parts. `plain`: without quotes, so that it may mean a number, true, or nothing."""

    line: int
    column: int
    text: str
    plain: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    line: int
    column: int
    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mapping:
    line: int
    column: int
    pairs: dict[str, tuple[Scalar, Node]] = field(default_factory=dict)


Node: TypeAlias = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class YAMLProblem:
    """What is wrong with the text itself."""

    kind: Literal["syntax", "twice"]
    line: int
    column: int
    message: str
    fix: str = ""
    names: tuple[str, ...] = ()


def compose(text: str) -> tuple[Node | None, list[YAMLProblem]]:
    """Return the document in `text`, None where it is empty or cannot be read, and what is wrong with it."""
    composer = _Composer()
    try:
        return composer.document(yaml.parse(text, Loader=_LOADER)), composer.problems
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = ", ".join(part for part in (error.context, error.problem) if part)
        composer.problem("syntax", line, column, f"this is not YAML: {what}", "check indentation, quotes and colons")
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, text.find(chr(error.character))) + 1
        composer.problem(
            "syntax",
            line,
            1,
            f"this is not YAML: {error.reason}",
            "write such a character as an escape in quotes",
        )
    except _TooMuch as error:
        composer.problem("syntax", error.line, error.column, str(error), "write it out flat, without nested aliases")
    return None, composer.problems


class _TooMuch(Exception):
    def __init__(self, event: Any, message: str) -> None:
        super().__init__(message)
        self.line, self.column = _position(event)


class _Composer:
    def __init__(self) -> None:
        self.problems: list[YAMLProblem] = []
        self._anchors: dict[str, tuple[Node, int] | None] = {}  # None while the anchored node is still open
        self._count = 0  # nodes so far, those under an alias again and again

    def problem(
        self, kind: Literal["syntax", "twice"], line: int, column: int, message: str, fix: str, *names: str
    ) -> None:
        self.problems.append(YAMLProblem(kind, line, column, message, fix, names))

    def document(self, events: Iterator[Any]) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                self._anchors = {}
                if documents == 2:
                    self.problem("syntax", *_position(event), "a second document starts here", "keep one per file")
            elif isinstance(event, yaml.NodeEvent):
                node = self._node(event, events, 0)
                root = node if documents == 1 else root
        return root

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        self._count += 1
        if isinstance(event, yaml.AliasEvent):
            return self._aliased(event)
        if self._count > MAX_NODES or depth > MAX_DEPTH:
            raise _TooMuch(event, "this is nested too deeply or too large")
        if event.anchor:
            self._anchors[event.anchor] = None
        before = self._count
        node = self._built(event, events, depth)
        if event.anchor:
            self._anchors[event.anchor] = node, self._count - before + 1
        return node

    def _built(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        line, column = _position(event)
        if event.tag and event.tag not in ("!", _TEXT_TAG):
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.problem("syntax", line, column, f"the YAML tag {tag} is not allowed here", "leave it out", tag)
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(line, column, event.value, plain=event.implicit[0] and not event.tag)
        if isinstance(event, yaml.SequenceStartEvent):
            sequence = Sequence(line, column)
            while not isinstance(event := next(events), yaml.SequenceEndEvent):
                sequence.items.append(self._node(event, events, depth + 1))
            return sequence
        mapping = Mapping(line, column)
        merged: list[Mapping] = []
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if isinstance(key, Scalar) and key.plain and key.text == "<<":
                merged += self._merged(key, value)
            else:
                self._add(mapping, key, value)
        for other in merged:
            for text, pair in other.pairs.items():
                mapping.pairs.setdefault(text, pair)
        return mapping

    def _add(self, mapping: Mapping, key: Node, value: Node) -> None:
        if not isinstance(key, Scalar):
            self.problem("syntax", key.line, key.column, "a key must be text", "write a name before the colon")
        elif key.text in mapping.pairs:
            first = mapping.pairs[key.text][0].line
            self.problem(
                "twice",
                key.line,
                key.column,
                f'the key "{key.text}" is there twice, first in line {first}',
                "keep one of the two",
                key.text,
            )
        else:
            mapping.pairs[key.text] = key, value

    def _merged(self, key: Scalar, value: Node) -> list[Mapping]:
        parts = value.items if isinstance(value, Sequence) else [value]
        mappings = [part for part in parts if isinstance(part, Mapping)]
        if len(mappings) < len(parts):
            self.problem("syntax", key.line, key.column, "<< takes a mapping or a list of them", "write <<: *anchor")
        return mappings

    def _aliased(self, event: Any) -> Node:
        line, column = _position(event)
        found = self._anchors.get(event.anchor)
        if found is None:
            inside = event.anchor in self._anchors
            message = f"*{event.anchor} " + ("is used inside of what it stands for" if inside else "has no anchor")
            self.problem("syntax", line, column, message, f"write &{event.anchor} before, at what it stands for")
            return Scalar(line, column, "", plain=True)
        node, size = found
        self._count += size
        if self._count > MAX_NODES:
            raise _TooMuch(event, "these aliases make the document too large")
        return node


def _position(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1
