"""Filters of lists: the expressions of Google's APIs, and the predicates of Kubeflow's."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mdk_jupyter.standin.answers import Document, Refused
from mdk_jupyter.standin.clock import read

Test = Callable[[Document], bool]
_TOKEN = re.compile(r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<sign><=|>=|!=|[=<>:(),])|(?P<word>[^\s=<>:(),!"]+))')
_OPERATIONS = {  # as Kubeflow's protocol numbers them
    1: "EQUALS", 2: "NOT_EQUALS", 3: "GREATER_THAN", 5: "GREATER_THAN_EQUALS", 6: "LESS_THAN", 7: "LESS_THAN_EQUALS",
    8: "IN", 9: "IS_SUBSTRING",
}  # fmt: skip
_NONE: Mapping[str, Callable[[Document, str], bool]] = {}


def chosen(
    documents: Iterable[Document], expression: str, functions: Mapping[str, Callable[[Document, str], bool]] = _NONE
) -> list[Document]:
    """Return the documents for which a filter holds, such as `labels.team="ml" AND create_time>"2026-01-01"`.

    `functions` are those that the filter can call, such as `in_context("…")`.

    Raises:
        Refused: the filter cannot be read.

    Example:
        >>> chosen([{"displayName": "a"}, {"displayName": "b"}], 'display_name="a" OR display_name="c"')
        [{'displayName': 'a'}]
    """
    if not expression.strip():
        return list(documents)
    test = _Reader(expression, functions).whole()
    return [document for document in documents if test(document)]


def ordered(documents: list[Document], order_by: str) -> list[Document]:
    """Return documents sorted as asked, such as by `create_time desc`."""
    for part in reversed([part for part in order_by.split(",") if part.strip()]):
        name, _, direction = part.strip().partition(" ")
        documents = sorted(
            documents, key=lambda document: str(_found(document, name) or ""), reverse=direction.strip() == "desc"
        )
    return documents


def by_predicates(documents: list[Document], text: str) -> list[Document]:
    """Return the documents for which all predicates of a Kubeflow filter hold.

    Raises:
        Refused: the filter cannot be read, or compares in a way that the stand-in does not know.
    """
    if not text:
        return documents
    try:
        predicates = json.loads(text).get("predicates", [])
    except (ValueError, AttributeError):
        raise Refused(400, f"The filter cannot be read: {text}") from None
    return [document for document in documents if all(_holds(document, predicate) for predicate in predicates)]


def _holds(document: Document, predicate: Mapping[str, Any]) -> bool:
    key = str(predicate.get("key", ""))
    value = document.get("display_name" if key == "name" else key)
    operation = predicate.get("operation", predicate.get("op", ""))
    operation = str(_OPERATIONS.get(operation, operation)).upper()
    wanted = next((predicate[name] for name in predicate if name.lower().replace("_", "").endswith("value")), None)
    match operation:
        case "EQUALS":
            return bool(value == wanted)
        case "NOT_EQUALS":
            return bool(value != wanted)
        case "IS_SUBSTRING":
            return str(wanted) in str(value or "")
        case "GREATER_THAN" | "GREATER_THAN_EQUALS" | "LESS_THAN" | "LESS_THAN_EQUALS" if value is not None:
            sign = {"G": ">", "L": "<"}[operation[0]] + ("=" if operation.endswith("EQUALS") else "")
            return _compared(sign, value, str(wanted))
        case "IN":
            lists = [entry for entry in predicate.values() if isinstance(entry, dict)]
            return any(value in entry.get("values", []) for entry in lists)
    raise Refused(501, f"The stand-in knows no filter operation {operation!r}.")


class _Reader:
    def __init__(self, expression: str, functions: Mapping[str, Callable[[Document, str], bool]]) -> None:
        self._expression = expression
        self._functions = functions
        self._tokens: list[tuple[str, str]] = []
        position = 0
        while expression[position:].strip():
            match = _TOKEN.match(expression, position)
            if match is None:
                raise self._misread()
            kind = str(match.lastgroup)
            self._tokens.append((kind, json.loads(match[kind]) if kind == "text" else match[kind]))
            position = match.end()
        self._at = 0

    def whole(self) -> Test:
        test = self._any()
        if self._at != len(self._tokens):
            raise self._misread()
        return test

    def _misread(self) -> Refused:
        return Refused(400, f"The filter cannot be read: {self._expression}")

    def _take(self, *texts: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] in [(k, t) for k in ("sign", "word") for t in texts]:
            self._at += 1
            return True
        return False

    def _next(self) -> tuple[str, str]:
        if self._at == len(self._tokens):
            raise self._misread()
        self._at += 1
        return self._tokens[self._at - 1]

    def _any(self) -> Test:
        tests = [self._all()]
        while self._take("OR"):
            tests.append(self._all())
        return lambda document: any(test(document) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._take("AND") or (
            self._at < len(self._tokens) and self._tokens[self._at] not in [("word", "OR"), ("sign", ")")]
        ):
            tests.append(self._one())
        return lambda document: all(test(document) for test in tests)

    def _one(self) -> Test:
        if self._take("NOT"):
            test = self._one()
            return lambda document: not test(document)
        if self._take("("):
            test = self._any()
            if not self._take(")"):
                raise self._misread()
            return test
        kind, name = self._next()
        if kind == "sign":
            raise self._misread()
        if self._take("("):
            function = self._functions.get(name)
            argument = self._next()[1]
            if function is None or not self._take(")"):
                raise self._misread()
            return lambda document: function(document, argument)
        kind, sign = self._next()
        values = [self._next()[1]]
        while self._take(","):
            values.append(self._next()[1])
        if kind != "sign" or sign in "(),":
            raise self._misread()
        if name in self._functions:
            return lambda document: any(self._functions[name](document, value) for value in values)
        return lambda document: any(_compared(sign, _found(document, name), value) for value in values)


def _found(document: Document, name: str) -> Any:
    """Return a field, named in either spelling; `labels.team` is one inside another."""
    value: Any = document
    for part in re.findall(r'"[^"]*"|[^.]+', name):
        plain = part.strip('"')
        camel = re.sub(r"_([a-z])", lambda match: match[1].upper(), plain)
        if isinstance(value, dict):
            if plain in {"number_value", "string_value", "bool_value"} and plain not in value:
                continue
            value = value.get(plain, value.get(camel))
        elif plain not in {"number_value", "string_value", "bool_value"}:
            return None
    return value


def _compared(sign: str, value: Any, wanted: str) -> bool:
    if sign == ":":  # has
        return value is not None and (wanted == "*" or wanted in value)
    if sign in {"=", "!="}:
        shown = (
            {True: "true", False: "false", None: ""}.get(value, value) if not isinstance(value, (dict, list)) else ""
        )
        same = fnmatch.fnmatchcase(str(shown), wanted) if "*" in wanted else _equal(shown, wanted)
        return same is (sign == "=")
    if value is None:
        return False
    left, right = _comparable(value, wanted)
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign])


def _equal(value: Any, wanted: str) -> bool:
    left, right = _comparable(value, wanted)
    return bool(left == right)


def _comparable(value: Any, wanted: str) -> tuple[Any, Any]:
    for kind in (float, read):
        try:
            return kind(value), kind(wanted)
        except (ValueError, TypeError):
            continue
    return str(value), wanted
