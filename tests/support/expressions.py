"""`${{ … }}` of GitHub's workflows, evaluated strictly: what is not known is an error, where GitHub would say nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<sign>&&|\|\||==|!=|[!().,\[\]])|(?P<name>[A-Za-z_][\w-]*))"
)
_PLACE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
OPEN = ("vars", "event", "outputs")  # what may be missing there, is empty

Context = Mapping[str, Any]


def evaluate(expression: str, context: Context, functions: Mapping[str, Callable[..., Any]] | None = None) -> Any:
    """Return what an expression gives.

    Raises:
        LookupError: it names what is not there.
        SyntaxError: it is none.
    """
    return _Expression(expression, context, {**_FUNCTIONS, **(functions or {})}).value()


def interpolate(value: Any, context: Context) -> Any:
    """Return text with its expressions replaced; one that is all of the text keeps its kind. Lists and mappings too."""
    if isinstance(value, dict):
        return {key: interpolate(one, context) for key, one in value.items()}
    if isinstance(value, list):
        return [interpolate(one, context) for one in value]
    if not isinstance(value, str):
        return value
    if (alone := re.fullmatch(r"\s*\$\{\{(.*)\}\}\s*", value, re.DOTALL)) and "${{" not in alone[1]:
        return evaluate(alone[1], context)
    return _PLACE.sub(lambda found: as_text(evaluate(found[1], context)), value)


def expressions(text: str) -> list[str]:
    """Return the expressions in a text.

    Example:
        >>> expressions("a ${{ b.c }} d ${{ e }}")
        ['b.c', 'e']
    """
    return [found.strip() for found in _PLACE.findall(text)]


def as_text(value: Any) -> str:
    """Return a value as GitHub writes it into text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "fromJSON": json.loads,
    "format": lambda form, *values: re.sub(r"\{(\d+)\}", lambda found: as_text(values[int(found[1])]), form),
    "contains": lambda where, what: what in where,
    "startsWith": lambda text, start: str(text).lower().startswith(str(start).lower()),
}


class _Expression:
    """Recursive descent, from `||` down to names."""

    def __init__(self, text: str, context: Context, functions: Mapping[str, Callable[..., Any]]) -> None:
        self._text, self._context, self._functions = text, context, functions
        self._tokens: list[tuple[str, str]] = []
        place = 0
        while text[place:].strip():
            found = _TOKEN.match(text, place)
            if found is None:
                raise SyntaxError(f"{text!r} at {text[place:]!r}")
            self._tokens.append((str(found.lastgroup), found[found.lastgroup or 0]))
            place = found.end()
        self._at = 0

    def value(self) -> Any:
        value = self._or()
        if self._at < len(self._tokens):
            raise SyntaxError(f"{self._text!r} goes on after its end")
        return value

    def _next(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self, *signs: str) -> str | None:
        if self._next() in signs and self._tokens[self._at][0] == "sign":
            self._at += 1
            return self._tokens[self._at - 1][1]
        return None

    def _or(self) -> Any:
        value = self._and()
        while self._take("||"):
            other = self._and()
            value = value or other
        return value

    def _and(self) -> Any:
        value = self._equal()
        while self._take("&&"):
            other = self._equal()
            value = other if value else value
        return value

    def _equal(self) -> Any:
        value = self._not()
        while sign := self._take("==", "!="):
            same = _comparable(value) == _comparable(self._not())
            value = same if sign == "==" else not same
        return value

    def _not(self) -> Any:
        return not self._not() if self._take("!") else self._path()

    def _path(self) -> Any:
        if self._take("("):
            value = self._or()
            if not self._take(")"):
                raise SyntaxError(f"{self._text!r} lacks a )")
            return value
        kind, token = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        self._at += 1
        if kind == "text":
            return token[1:-1].replace("''", "'")
        if kind == "number":
            return float(token) if "." in token else int(token)
        if kind != "name":
            raise SyntaxError(f"{self._text!r}: a value is missing")
        if token in {"true", "false", "null"}:
            return {"true": True, "false": False, "null": None}[token]
        return self._call(token) if self._take("(") else self._steps(token)

    def _call(self, name: str) -> Any:
        arguments = []
        while not self._take(")"):
            arguments.append(self._or())
            self._take(",")
        return self._functions[name](*arguments)

    def _steps(self, name: str) -> Any:
        value, path = self._context[name], name
        while self._take("."):
            key = self._next()
            self._at += 1
            path += f".{key}"
            if isinstance(value, Mapping) and key in value:
                value = value[key]
            elif set(path.split(".")) & set(OPEN):
                value = ""
            else:
                raise LookupError(f"there is no {path}")
        return value


def _comparable(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value if value is not None else ""
