"""Conditions of components as the Common Expression Language, in which a server decides them.

Types are known when the condition is written, so that every comparison means what it means in Python. What
Python answers whatever the values are (`"a" == 1`) becomes true or false; what it refuses is refused here.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from mdk_converters.conditions import (
    Comparator,
    Comparison,
    Condition,
    Constant,
    Every,
    Expression,
    Name,
    Not,
    Scalar,
    Some,
)

OperandType: TypeAlias = Literal["int", "float", "bool", "str", "none"]

_EQUALITY = ("==", "!=")
_EXACT = 2**53
_PYTHON: dict[Comparator, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_UNPRINTABLE = re.compile(r"[\\'\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff]|[^\x00-\uffff]")
_ESCAPES = {"\\": r"\\", "'": r"\'", "\n": r"\n", "\r": r"\r", "\t": r"\t"}


@dataclass(frozen=True, slots=True)
class Operand:
    """A value that a condition reads: the key of the input that holds it, its type, and whether it may be None."""

    key: str
    type: OperandType
    nullable: bool = False


class Inexpressible(Exception):
    """The condition cannot be decided by a server; the text says why."""


def expression(condition: Condition, operands: Mapping[str, Operand]) -> str:
    """Return the expression that is true where the condition holds. `operands` has every one of its names.

    Raises:
        Inexpressible: the types do not suit the condition.

    Example:
        >>> expression(parse_condition("stage == 'dev'"), {"stage": Operand("stage", "str")})
        "inputs.parameter_values['stage'] == 'dev'"
    """
    return _Writing(operands).expression(condition.expression)


def text_literal(text: str) -> str:
    """Return a text as the language writes it.

    Example:
        >>> print(text_literal("it's"))
        'it\\'s'
    """
    return f"'{_UNPRINTABLE.sub(_escape, text)}'"


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return _ESCAPES.get(match[0]) or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


@dataclass(frozen=True, slots=True)
class _Writing:
    operands: Mapping[str, Operand]

    def expression(self, part: Expression) -> str:
        match part:
            case Not(inner):
                return f"!({self.expression(inner)})"
            case Every(parts):
                return " && ".join(map(self._nested, parts))
            case Some(parts):
                return " || ".join(map(self._nested, parts))
            case Comparison(left, comparator, tuple(values)):
                return self._membership(left, comparator == "in", values)
            case Comparison(left, comparator, Name() | Constant() as right):
                return self._comparison(left, comparator, right)
            case Constant(value):
                return "true" if value else "false"
            case Name(name):
                return self._flag(name)
        raise AssertionError(part)

    def _nested(self, part: Expression) -> str:
        text = self.expression(part)
        return f"({text})" if isinstance(part, Every | Some) or "&&" in text or "||" in text else text

    def _flag(self, name: str) -> str:
        operand = self.operands[name]
        if operand.type != "bool":
            raise Inexpressible(f"{name} is of type {operand.type}, which is neither True nor False")
        return f"{_read(operand)} == true"

    def _membership(self, left: Name | Constant, wanted: bool, values: tuple[Scalar, ...]) -> str:
        equal = [self._comparison(left, "==", Constant(value)) for value in values]
        listed = [f"({text})" if " && " in text else text for text in equal]
        one = " || ".join(listed) if listed else "false"
        return f"({one})" if wanted else f"!({one})"

    def _comparison(self, left: Name | Constant, comparator: Comparator, right: Name | Constant) -> str:
        if isinstance(left, Constant) and isinstance(right, Constant):
            try:
                return "true" if _PYTHON[comparator](left.value, right.value) else "false"
            except TypeError as error:
                raise Inexpressible(str(error)) from None
        left, right = self._like(left, right), self._like(right, left)
        kinds = {_family(self._type(left)), _family(self._type(right))}
        if "none" in kinds:
            return self._against_none(left, comparator, right)
        if len(kinds) > 1:
            if kinds == {"bool", "number"} and not isinstance(left, Constant) and not isinstance(right, Constant):
                raise Inexpressible("it compares a flag with a number: compare the flag with True or False")
            if comparator not in _EQUALITY:
                raise self._unordered(left, comparator, right)
            return self._both_none(left, comparator, right)
        if kinds == {"bool"} and comparator not in _EQUALITY:
            raise self._unordered(left, comparator, right)
        return self._guarded(left, comparator, right)

    def _both_none(self, left: Name | Constant, comparator: Comparator, right: Name | Constant) -> str:
        """Compare two of different families: they are equal only where both are None."""
        nullable = [n for n in (left, right) if isinstance(n, Name) and self.operands[n.name].nullable]
        if len(nullable) < 2:
            return "true" if comparator == "!=" else "false"
        equal = " && ".join(f"!({_present(self.operands[n.name])})" for n in nullable)
        return f"!({equal})" if comparator == "!=" else f"({equal})"

    def _like(self, side: Name | Constant, other: Name | Constant) -> Name | Constant:
        """Return a constant as the other side is: True is 1 to numbers, and 1 is True to flags."""
        if not isinstance(side, Constant) or isinstance(other, Constant):
            return side
        family = _family(self._type(other))
        if isinstance(side.value, bool) and family == "number":
            return Constant(int(side.value))
        if family == "bool" and isinstance(side.value, int | float) and side.value in (0, 1):
            return Constant(bool(side.value))
        return side

    def _guarded(self, left: Name | Constant, comparator: Comparator, right: Name | Constant) -> str:
        """Compare two of one family; None is equal to nothing but None."""
        numbers = {self._type(left), self._type(right)}
        as_double = numbers == {"int", "float"}
        one, two = self._side(left, as_double), self._side(right, as_double)
        absent = [n for n in (left, right) if isinstance(n, Name) and self.operands[n.name].nullable]
        if not absent or comparator not in _EQUALITY:
            return f"{one} {comparator} {two}"
        there = [_present(self.operands[n.name]) for n in absent]
        equal = " && ".join([*there, f"{one} == {two}"])
        if len(absent) == 2:
            equal = f"({equal}) || ({' && '.join(f'!({text})' for text in there)})"
        return f"!({equal})" if comparator == "!=" else f"({equal})"

    def _against_none(self, left: Name | Constant, comparator: Comparator, right: Name | Constant) -> str:
        """Compare with what is always None."""
        if comparator not in _EQUALITY:
            raise self._unordered(left, comparator, right)
        other = left if self._type(right) == "none" else right
        is_none = "false"
        if self._type(other) == "none":
            is_none = "true"
        elif isinstance(other, Name) and self.operands[other.name].nullable:
            is_none = f"!({_present(self.operands[other.name])})"
        if comparator == "==":
            return is_none
        return {"false": "true", "true": "false"}.get(is_none, f"!({is_none})")

    def _type(self, side: Name | Constant) -> OperandType:
        if isinstance(side, Name):
            return self.operands[side.name].type
        kinds: dict[type, OperandType] = {int: "int", float: "float", bool: "bool", str: "str"}
        return kinds.get(type(side.value), "none")

    def _side(self, side: Name | Constant, as_double: bool) -> str:
        kind = self._type(side)
        text = _read(self.operands[side.name]) if isinstance(side, Name) else _literal(side.value)
        if kind == "int" and isinstance(side, Name):
            text = f"int({text})"
        return f"double({text})" if as_double and kind == "int" else text

    def _unordered(self, left: Name | Constant, comparator: str, right: Name | Constant) -> Inexpressible:
        return Inexpressible(f"`{comparator}` compares {self._type(left)} with {self._type(right)}")


def _family(kind: OperandType) -> str:
    return "number" if kind in ("int", "float") else kind


def _read(operand: Operand) -> str:
    return f"inputs.parameter_values['{operand.key}']"


def _present(operand: Operand) -> str:
    return f"'{operand.key}' in inputs.parameter_values"


def _literal(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return text_literal(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise Inexpressible(f"{value} is no number that it knows")
    if isinstance(value, int) and abs(value) > _EXACT:
        raise Inexpressible(f"{value} is too large: numbers travel as floating-point numbers")
    return repr(value)
