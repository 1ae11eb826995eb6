"""The conditions of `--when`: a small part of Python's expressions, read by `ast` and decided over plain values.

It is what both Python and the expressions of a remote pipeline can say: names, numbers, texts, True, False and
None; comparisons; `in` a list that is written out; and, or, not. Nothing is called, and nothing but a name is read.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, TypeAlias

Scalar: TypeAlias = int | float | str | bool | None
"""What a condition compares."""

Comparator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]

_COMPARATORS: dict[type[ast.cmpop], Comparator] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.In: "in",
    ast.NotIn: "not in",
}  # fmt: skip
_COMPARE: dict[Comparator, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_DEEPEST = 40  # parts within parts


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    value: Scalar


@dataclass(frozen=True, slots=True)
class Comparison:
    """`right` is a tuple of values for `in` and `not in`, and only for them."""

    left: Name | Constant
    comparator: Comparator
    right: Name | Constant | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Expression


@dataclass(frozen=True, slots=True)
class Every:
    """`and`; also what is left of `0 < x < 1`."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """`or`."""

    parts: tuple[Expression, ...]


Expression: TypeAlias = Name | Constant | Comparison | Not | Every | Some


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition: its text in one way of writing, what it means, and the names it reads, in their order."""

    text: str
    expression: Expression
    names: tuple[str, ...]
    flags: frozenset[str]  # names that stand for true or false by themselves


class Undecidable(Exception):
    """The values do not suit the condition; the text says why."""


def parse_condition(text: str) -> Condition:
    """Read a condition.

    Raises:
        ValueError: it is none; the message says what to write instead.

    Example:
        >>> parse_condition("0.8<auc and stage=='dev'").text
        "0.8 < auc and stage == 'dev'"
    """
    node = parsed(text)
    expression = _expression(node, 0)
    names = tuple(dict.fromkeys(n.id for n in ast.walk(node) if isinstance(n, ast.Name)))
    if not names:
        raise ValueError("name a parameter or a value, such as auc > 0.8: without one it is always the same")
    ordered = tuple(sorted(names, key=lambda name: _first(node, name)))
    return Condition(ast.unparse(node), expression, ordered, frozenset(_flags(expression)))


def parsed(text: str) -> ast.expr:
    """Return the one Python expression that `text` is.

    Raises:
        ValueError: it is none.
    """
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"write one comparison, such as auc > 0.8 ({error.msg})") from None
    except (ValueError, RecursionError, MemoryError):  # null bytes; thousands of brackets
        raise ValueError("write one comparison, such as auc > 0.8") from None


def holds(condition: Condition, values: Mapping[str, Scalar]) -> bool:
    """Decide a condition. `values` has every one of its names.

    Raises:
        Undecidable: two values cannot be compared, or one that stands by itself is neither true nor false.

    Example:
        >>> holds(parse_condition("auc > 0.8"), {"auc": 0.71})
        False
    """
    return _holds(condition.expression, values)


def _first(node: ast.expr, name: str) -> tuple[int, int]:
    return min((n.lineno, n.col_offset) for n in ast.walk(node) if isinstance(n, ast.Name) and n.id == name)


def _flags(expression: Expression) -> Iterator[str]:
    match expression:
        case Name(name):
            yield name
        case Not(part):
            yield from _flags(part)
        case Every(parts) | Some(parts):
            for part in parts:
                yield from _flags(part)


def _expression(node: ast.expr, depth: int) -> Expression:
    if depth > _DEEPEST:
        raise ValueError("write fewer brackets within brackets")
    match node:
        case ast.BoolOp(ast.And(), values):
            return Every(tuple(_expression(part, depth + 1) for part in values))
        case ast.BoolOp(ast.Or(), values):
            return Some(tuple(_expression(part, depth + 1) for part in values))
        case ast.UnaryOp(ast.Not(), operand):
            return Not(_expression(operand, depth + 1))
        case ast.Compare(left, ops, comparators):
            sides = [left, *comparators]
            parts = [_comparison(sides[i], op, sides[i + 1]) for i, op in enumerate(ops)]
            return parts[0] if len(parts) == 1 else Every(tuple(parts))
        case ast.Name(name):
            return Name(name)
        case ast.Constant(bool(value)):
            return Constant(value)
    _refuse(node)


def _comparison(left: ast.expr, op: ast.cmpop, right: ast.expr) -> Comparison:
    comparator = _COMPARATORS.get(type(op))
    if comparator is None:
        raise ValueError("write == or != instead of `is`")
    one = _operand(left)
    if comparator not in ("in", "not in"):
        return Comparison(one, comparator, _operand(right))
    if not isinstance(right, ast.List | ast.Tuple | ast.Set):
        raise ValueError(f"write a list of values after `{comparator}`, such as stage in ['dev', 'test']")
    listed = [_operand(item) for item in right.elts]
    if not all(isinstance(item, Constant) for item in listed):
        raise ValueError(f"the list after `{comparator}` takes plain values, no names")
    return Comparison(one, comparator, tuple(item.value for item in listed if isinstance(item, Constant)))


def _operand(node: ast.expr) -> Name | Constant:
    match node:
        case ast.Name(name):
            return Name(name)
        case ast.Constant(bool() | int() | float() | str() | None as value):
            return Constant(value)
        case ast.UnaryOp(ast.USub() | ast.UAdd() as sign, ast.Constant(int() | float() as value)):
            if not isinstance(value, bool):
                return Constant(-value if isinstance(sign, ast.USub) else value)
    _refuse(node)


def _refuse(node: ast.expr) -> NoReturn:
    text = ast.unparse(node)
    shown = text if len(text) <= 40 else text[:39] + "…"
    kinds: list[tuple[type[ast.expr], str]] = [
        (ast.Call, "a condition calls nothing: compute it in a component and compare the result"),
        (ast.Attribute, "a condition reads plain names: give the attribute a name in a component"),
        (ast.Subscript, "a condition reads plain names: give the item a name in a component"),
        (ast.BinOp, "a condition does not compute: give the result a name in a component"),
        (ast.Constant, "compare it with a name, such as auc > 0.8"),
    ]
    reason = next((told for kind, told in kinds if isinstance(node, kind)), "")
    raise ValueError(f"`{shown}`: {reason or 'write comparisons of names and plain values, with and, or, not'}")


def _holds(expression: Expression, values: Mapping[str, Scalar]) -> bool:
    match expression:
        case Every(parts):
            return all(_holds(part, values) for part in parts)
        case Some(parts):
            return any(_holds(part, values) for part in parts)
        case Not(part):
            return not _holds(part, values)
        case Comparison(left, comparator, right):
            return _compare(_value(left, values), comparator, right, values)
    value = _value(expression, values)
    if isinstance(value, bool):
        return value
    assert isinstance(expression, Name)  # constants that stand by themselves are True or False
    raise Undecidable(f"{expression.name} is {value!r}, which is neither True nor False; compare it with a value")


def _compare(
    left: Scalar, comparator: Comparator, right: Name | Constant | tuple[Scalar, ...], values: Mapping[str, Scalar]
) -> bool:
    if isinstance(right, tuple):
        return (left in right) == (comparator == "in")
    other = _value(right, values)
    try:
        return _COMPARE[comparator](left, other)
    except TypeError:
        raise Undecidable(f"{left!r} {comparator} {other!r} compares {_type(left)} with {_type(other)}") from None


def _value(operand: Name | Constant, values: Mapping[str, Scalar]) -> Scalar:
    return operand.value if isinstance(operand, Constant) else values[operand.name]


def _type(value: Scalar) -> str:
    return "None" if value is None else f"{type(value).__name__}"
