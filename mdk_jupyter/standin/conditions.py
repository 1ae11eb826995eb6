"""Conditions of tasks: the part of CEL, the Common Expression Language, that pipelines use."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+\.\d*(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+|0[xX][0-9a-fA-F]+|\d+)(?P<unsigned>[uU])?
    | (?P<string>[rR]?(?:'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"))
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign>\|\||&&|==|!=|<=|>=|[-+*/%<>!?:.,()\[\]])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\'\"`?])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))"
)
_PLAIN_ESCAPES = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))
_LEVELS = ({"||"}, {"&&"}, {"==", "!=", "<", "<=", ">", ">=", "in"}, {"+", "-"}, {"*", "/", "%"})
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class ConditionError(ValueError):
    """The condition cannot be read, or cannot be decided for these values."""


def holds(condition: str, parameters: Mapping[str, Any]) -> bool:
    """Decide a condition of a task for the values of its input parameters.

    Raises:
        ConditionError: it is no condition, or these values do not fit it.

    Example:
        >>> holds("int(inputs.parameter_values['n']) > 3 && inputs.parameter_values['s'] == 'a'", {"n": 4.0, "s": "a"})
        True
    """
    value = _Reader(condition).whole()({"inputs": {"parameter_values": parameters, "parameters": parameters}})
    if not isinstance(value, bool):
        raise ConditionError(f"the condition `{condition}` gives {_shown(value)}, not true or false")
    return value


def check(condition: str) -> None:
    """Read a condition without deciding it.

    Raises:
        ConditionError: it is none.
    """
    _Reader(condition).whole()


_Node = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


class _Reader:
    """Turns the text into a function of the values, by recursive descent."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[_Token] = []
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None:
                raise ConditionError(f"the condition `{text}` cannot be read at `{text[position:].strip()}`")
            kind = next(kind for kind in ("number", "string", "name", "sign") if match[kind] is not None)
            self._tokens.append(_Token(kind, match[kind]))
            position = match.end()
        self._tokens.append(_Token("end", ""))
        self._at = 0

    def whole(self) -> _Node:
        node = self._choice()
        if self._peek.kind != "end":
            raise self._misread()
        return node

    @property
    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _take(self, sign: str) -> bool:
        if self._peek.text == sign and self._peek.kind in {"sign", "name"}:
            self._at += 1
            return True
        return False

    def _demand(self, sign: str) -> None:
        if not self._take(sign):
            raise self._misread(f", `{sign}` is missing")

    def _misread(self, why: str = "") -> ConditionError:
        return ConditionError(f"the condition `{self._text}` cannot be read at `{self._peek.text or 'its end'}`{why}")

    def _choice(self) -> _Node:
        test = self._operation(0)
        if not self._take("?"):
            return test
        yes = self._choice()
        self._demand(":")
        no = self._choice()
        return lambda scope: yes(scope) if _flag(test(scope)) else no(scope)

    def _operation(self, level: int) -> _Node:
        if level == len(_LEVELS):
            return self._unary()
        left = self._operation(level + 1)
        while self._peek.kind in {"sign", "name"} and self._peek.text in _LEVELS[level]:
            left = _binary(self._next().text, left, self._operation(level + 1))
        return left

    def _unary(self) -> _Node:
        if self._take("!"):
            operand = self._unary()
            return lambda scope: not _flag(operand(scope))
        if self._take("-"):
            operand = self._unary()
            return lambda scope: -_number(operand(scope))
        return self._member()

    def _member(self) -> _Node:
        node = self._primary()
        while True:
            if self._take("."):
                name = self._next()
                if name.kind != "name":
                    raise self._misread()
                node = _call(name.text, [node, *self._arguments()]) if self._take("(") else _field(node, name.text)
            elif self._take("["):
                node = _index(node, self._choice())
                self._demand("]")
            else:
                return node

    def _primary(self) -> _Node:
        token = self._next()
        if token.kind == "number":
            number = int(token.text, 0) if re.fullmatch(r"0[xX].*|\d+", token.text) else float(token.text)
            return lambda _: number
        if token.kind == "string":
            text = _unquoted(token.text)
            return lambda _: text
        if token.text == "(":
            node = self._choice()
            self._demand(")")
            return node
        if token.text == "[":
            items = self._arguments("]")
            return lambda scope: [item(scope) for item in items]
        if token.kind == "name":
            if token.text in {"true", "false", "null"}:
                constant = {"true": True, "false": False, "null": None}[token.text]
                return lambda _: constant
            if self._take("("):
                return _call(token.text, self._arguments())
            if token.text == "inputs":
                return lambda scope: scope["inputs"]
        self._at -= 1
        raise self._misread()

    def _arguments(self, end: str = ")") -> list[_Node]:
        arguments: list[_Node] = []
        while not self._take(end):
            if arguments:
                self._demand(",")
            arguments.append(self._choice())
        return arguments


def _binary(sign: str, left: _Node, right: _Node) -> _Node:
    if sign in {"&&", "||"}:
        return _logic(left, right, decides=sign == "||")
    return lambda scope: _applied(sign, left(scope), right(scope))


def _logic(left: _Node, right: _Node, *, decides: bool) -> _Node:
    def decide(scope: Mapping[str, Any]) -> bool:
        try:
            if _flag(left(scope)) is decides:
                return decides
        except ConditionError:
            # In CEL the order does not matter: a side that decides makes up for an error of the other.
            if _flag(right(scope)) is decides:
                return decides
            raise
        return _flag(right(scope))

    return decide


def _applied(sign: str, left: Any, right: Any) -> Any:
    if sign in {"==", "!="}:
        return _same(left, right) is (sign == "==")
    if sign == "in":
        if not isinstance(right, (list, dict)):
            raise ConditionError(f"`in` needs a list, not {_shown(right)}")
        return any(_same(left, item) for item in right)
    if sign in _ORDER:
        if (not (_is_number(left) and _is_number(right)) and type(left) is not type(right)) or left is None:
            raise ConditionError(f"{_shown(left)} and {_shown(right)} have no order")
        return _ORDER[sign](left, right)
    if sign == "+" and type(left) is type(right) and isinstance(left, (str, list)):
        return left + right
    a, b = _number(left), _number(right)
    if type(a) is not type(b):
        raise ConditionError(f"`{sign}` takes two numbers of one type, not {_shown(left)} and {_shown(right)}")
    if sign in {"/", "%"}:
        return _divided(sign, a, b)
    return {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign](a, b)


def _divided(sign: str, a: int | float, b: int | float) -> int | float:
    if b == 0:
        raise ConditionError("division by zero")
    if isinstance(a, int) and isinstance(b, int):  # towards zero, as in C
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        return quotient if sign == "/" else a - b * quotient
    if sign == "%":
        raise ConditionError("`%` takes whole numbers")
    return a / b


def _call(name: str, arguments: list[_Node]) -> _Node:
    known = {(function, count): body for function, count, body in _FUNCTIONS}
    body = known.get((name, len(arguments)))
    if body is None:
        raise ConditionError(f"there is no function `{name}` of {len(arguments)} arguments")

    def call(scope: Mapping[str, Any]) -> Any:
        values = [argument(scope) for argument in arguments]
        try:
            return body(*values)
        except (TypeError, ValueError, OverflowError, re.error) as error:
            if isinstance(error, ConditionError):
                raise
            raise ConditionError(f"`{name}` cannot take {', '.join(map(_shown, values))}") from None

    return call


def _int(value: Any) -> int:
    if isinstance(value, str) and not re.fullmatch(r"[+-]?\d+", value):
        raise ConditionError(f"`int` cannot take {_shown(value)}")
    return int(value if isinstance(value, str) else _number(value))


def _double(value: Any) -> float:
    return float(value if isinstance(value, str) else _number(value))


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    known = {"1": True, "t": True, "T": True, "true": True, "True": True, "TRUE": True}
    known |= {"0": False, "f": False, "F": False, "false": False, "False": False, "FALSE": False}
    if isinstance(value, str) and value in known:
        return known[value]
    raise ConditionError(f"`bool` cannot take {_shown(value)}")


def _string(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)


def _texts(function: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    def checked(text: Any, part: Any) -> bool:
        if not isinstance(text, str) or not isinstance(part, str):
            raise TypeError
        return function(text, part)

    return checked


_FUNCTIONS: list[tuple[str, int, Callable[..., Any]]] = [
    ("int", 1, _int),
    ("double", 1, _double),
    ("bool", 1, _bool),
    ("string", 1, _string),
    ("size", 1, len),
    ("startsWith", 2, _texts(str.startswith)),
    ("endsWith", 2, _texts(str.endswith)),
    ("contains", 2, _texts(str.__contains__)),
    ("matches", 2, _texts(lambda text, pattern: re.search(pattern, text) is not None)),
]


def _field(node: _Node, name: str) -> _Node:
    return _index(node, lambda _: name)


def _index(node: _Node, key: _Node) -> _Node:
    def index(scope: Mapping[str, Any]) -> Any:
        whole, at = node(scope), key(scope)
        if isinstance(whole, list):
            at = int(at) if _is_number(at) and int(at) == at else -1
            if 0 <= at < len(whole):
                return whole[at]
        elif isinstance(whole, Mapping) and at in whole:
            return whole[at]
        raise ConditionError(f"there is no `{at}`")

    return index


def _same(left: Any, right: Any) -> bool:
    """Equality of CEL: numbers by value, all else by type and value."""
    if _is_number(left) and _is_number(right):
        return bool(left == right)
    return type(left) is type(right) and bool(left == right)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(value: Any) -> int | float:
    if not _is_number(value):
        raise ConditionError(f"{_shown(value)} is no number")
    number: int | float = value
    return number


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ConditionError(f"{_shown(value)} is neither true nor false")
    return value


def _shown(value: Any) -> str:
    return json.dumps(value, default=str)[:100]


def _unquoted(token: str) -> str:
    raw = token[0] in "rR"
    token = token[1:] if raw else token
    size = 3 if token[:3] in {"'''", '"""'} else 1
    text = token[size:-size]
    return text if raw else _ESCAPE.sub(_unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    plain, byte, short, long, octal, unknown = match.groups()
    if unknown is not None:
        raise ConditionError(f"`\\{unknown}` is no escape")
    if plain:
        return _PLAIN_ESCAPES.get(plain, plain)
    return chr(int(octal, 8) if octal else int(byte or short or long, 16))
