"""The `parameters` cell: assignments of literals, each a typed parameter of the pipeline."""

from __future__ import annotations

import ast
import io
import operator
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, get_args

from mdk_converters.analysis.syntax import Statement, parse_cell
from mdk_converters.findings import Finding, Severity
from mdk_converters.grammar import Role
from mdk_converters.notebook import Notebook
from mdk_converters.spec import ParameterType

_MOVE = "move it to a component, or to an untagged cell if components share it"
_LONGEST = 10_000  # characters or items of a computed value
_MOST_BITS = 4096
_LARGEST_FLOAT = 2**1023

_TYPES: dict[type, ParameterType] = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    list: "list",
    dict: "dict",
    type(None): "none",
}
_ANNOTATIONS: dict[str, ParameterType] = {
    **{name: name for name in get_args(ParameterType) if name != "none"},
    "None": "none",
    "List": "list",
    "Sequence": "list",
    "Iterable": "list",
    "Dict": "dict",
    "Mapping": "dict",
}
_ANYTHING = frozenset({"Any", "object", "Final"})
_ADVICE = {
    "tuple": "write a list, and turn it into a tuple in the component",
    "set": "write a list, and turn it into a set in the component",
    "bytes": "write text, and encode it in the component",
}
_NUMERIC: dict[type[ast.operator] | type[ast.unaryop], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
    ast.Invert: operator.invert,
}
_PRAGMA = re.compile(r"@param\b|type:|noqa\b|pylint:|ruff:|fmt:|pragma:|mypy:")  # comments meant for tools


@dataclass(frozen=True, slots=True)
class ReadParameter:
    """One parameter. `required`: declared without a value (`name: int`), so that every run must give one."""

    name: str
    type: ParameterType
    default: Any
    description: str | None
    line: int  # in the cell, from 1
    required: bool = False


@dataclass(frozen=True, slots=True)
class ParameterCell:
    """What the cell says. `imports` are its import statements, which are no parameters and may be carried."""

    parameters: list[ReadParameter]
    imports: list[Statement]
    findings: list[Finding]


class _Refused(Exception):
    """What no parameter can be; `node` is where."""

    def __init__(self, code: str, node: ast.stmt | ast.expr, message: str, fix: str) -> None:
        super().__init__(message)
        self.code, self.node, self.fix = code, node, fix


def read_parameters(role: Role, notebook: Notebook) -> ParameterCell:
    """Read the cell tagged `parameters`; nothing in it is executed. Lines count from 1 in the whole cell.

    Example:
        >>> read_parameters(role, notebook).parameters[0]  # of the cell `rate: float = 0.1  # step size`
        ReadParameter(name='rate', type='float', default=0.1, description='step size', line=1, required=False)
    """
    parameters: dict[str, ReadParameter] = {}
    imports: list[Statement] = []
    findings: list[Finding] = []
    comments = _comments(role.source)

    def report(code: str, line: int, message: str, fix: str, severity: Severity = "error") -> None:
        place = notebook.place(role.cell, line + role.line_offset)
        findings.append(Finding(code, message, place, fix, severity))

    try:
        statements = parse_cell(role.source)
    except SyntaxError as error:
        report("MDK135", error.lineno or 1, f"this is not Python: {error.msg}", "mend the syntax")
        return ParameterCell([], [], findings)
    for statement in statements:
        node = statement.node
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.append(replace(statement, line=statement.line + role.line_offset))
            continue
        try:
            for name, annotation, value in list(_assignments(statement)):
                kind, default = _typed(name, annotation, value)
                if name in parameters:
                    first = parameters[name].line
                    message = f'"{name}" is given twice, first in line {first}; this value holds'
                    report("MDK129", node.lineno, message, "keep one of the two", "warning")
                if kind == "float" and value is not None and type(_value(value)) is int:
                    message = f'"{name}" is declared float, and its value is an int: the pipeline gives {default!r}'
                    report("MDK159", node.lineno, message, f"write {default!r}", "warning")
                help_text = comments.get(node.end_lineno or 0) or comments.get(node.lineno)
                line = node.lineno + role.line_offset
                parameters[name] = ReadParameter(name, kind, default, help_text, line, required=value is None)
        except _Refused as refused:
            report(refused.code, refused.node.lineno, str(refused), refused.fix)
        except RecursionError:
            report("MDK136", node.lineno, "the value is nested too deeply", _MOVE)
    return ParameterCell(list(parameters.values()), imports, findings)


def _comments(source: str) -> dict[int, str]:
    """Return the comments for people by their line."""
    found = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            text = token.string.lstrip("#!: \t").rstrip()
            if token.type == tokenize.COMMENT and text and not _PRAGMA.match(text):
                found[token.start[0]] = text
    except (tokenize.TokenError, SyntaxError):
        pass  # IPython syntax; it is refused as a statement
    return found


def _assignments(statement: Statement) -> Iterator[tuple[str, ast.expr | None, ast.expr | None]]:
    """Yield name, annotation and value of all that a statement assigns; nothing where it has no effect."""
    node = statement.node
    match node:
        case ast.Pass() | ast.Expr(value=ast.Constant() | ast.Name()):
            return  # a docstring, or a value shown at the end
        case ast.Assign(targets=[target], value=value):
            yield from _unpacked(target, value)
        case ast.Assign(targets=targets, value=value):
            if isinstance(value, ast.List | ast.Dict):
                message = f"`{_short(statement.source)}` makes several names for one object"
                raise _Refused("MDK135", node, message, "give every name an object of its own")
            for target in targets:
                yield from _unpacked(target, value)
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
            yield name, annotation, value
        case _:
            raise _Refused("MDK135", node, f"`{_short(statement.source)}` does not assign a parameter", _MOVE)


def _unpacked(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, None, ast.expr]]:
    match target, value:
        case ast.Name(id=name), _:
            yield name, None, value
        case (
            (ast.Tuple(elts=names) | ast.List(elts=names)),
            (ast.Tuple(elts=values) | ast.List(elts=values)),
        ) if len(names) == len(values):
            for inner, part in zip(names, values, strict=True):
                yield from _unpacked(inner, part)
        case _:
            message = f"`{_shown(target)}` cannot be a parameter"
            raise _Refused("MDK135", target, message, "write one assignment for each parameter")


def _typed(name: str, annotation: ast.expr | None, value: ast.expr | None) -> tuple[ParameterType, Any]:
    """Return type and default of a parameter; the annotation decides, if there is one."""
    default = _value(value) if value is not None else None
    if annotation is None:
        return _TYPES[type(default)], default
    arms = _arms(annotation)
    declared = {arm.type for arm in arms if arm.type != "none"}
    if value is None or (default is None and len(declared) < len(arms)):
        single = next(iter(declared)) if len(declared) == 1 else None
        if value is None and single is None:
            message = f'"{name}" has no value, and `{_shown(annotation)}` does not name one type'
            raise _Refused("MDK138", annotation, message, "name one type, or give a value")
        return single or "none", None
    for arm in arms:
        if arm.fits(default):
            return arm.type or _TYPES[type(default)], default
    if "float" in declared and type(default) is int and abs(default) < _LARGEST_FLOAT:
        return "float", float(default)
    message = f'"{name}" is declared as {_shown(annotation)}, but its value {_short(repr(default))} is not'
    raise _Refused("MDK138", annotation, message, "change the annotation or the value")


@dataclass(frozen=True, slots=True)
class _Arm:
    """One type that an annotation allows; None means any."""

    type: ParameterType | None
    items: tuple[_Arm, ...] = ()  # what the items of a list, or the values of a dict, may be
    choices: tuple[Any, ...] = ()

    def fits(self, value: Any) -> bool:
        if self.type is None:
            return True
        if self.type != _TYPES[type(value)]:
            return False
        if self.choices:
            return value in self.choices
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return not self.items or all(any(arm.accepts(item) for arm in self.items) for item in inner)

    def accepts(self, value: Any) -> bool:
        return self.fits(value) or (self.type == "float" and type(value) is int)


def _arms(annotation: ast.expr) -> list[_Arm]:
    """Return the types that an annotation allows, those of a union one by one."""
    match annotation:
        case ast.Constant(value=None):
            return [_Arm("none")]
        case ast.Constant(value=str(text)):
            return _arms(_quoted(annotation, text))
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _arms(left) + _arms(right)
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in _ANNOTATIONS:
            return [_Arm(_ANNOTATIONS[name])]
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in _ANYTHING:
            return [_Arm(None)]
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inside):
            parts = inside.elts if isinstance(inside, ast.Tuple) else [inside]
            if name == "Literal":
                values = [_value(part) for part in parts]
                kinds = dict.fromkeys(_TYPES[type(value)] for value in values)
                return [_Arm(k, choices=tuple(v for v in values if _TYPES[type(v)] == k)) for k in kinds]
            if name == "Optional":
                return [*_arms(inside), _Arm("none")]
            if name == "Union":
                return [arm for part in parts for arm in _arms(part)]
            if name in ("Annotated", "Final"):
                return _arms(parts[0])
            if _ANNOTATIONS.get(name) in ("list", "dict"):
                return [_Arm(_ANNOTATIONS[name], items=tuple(_arms(parts[-1])))]
    message = f"`{_shown(annotation)}` cannot be the type of a parameter"
    fix = "use int, float, bool, str, list, dict, X | None or Literal[...]"
    raise _Refused("MDK138", annotation, message, fix)


def _quoted(annotation: ast.expr, text: str) -> ast.expr:
    try:
        inner = ast.parse(text, mode="eval").body
    except SyntaxError:
        message = f"`{text}` is no type"
        raise _Refused("MDK138", annotation, message, "write the type without quotes") from None
    return ast.copy_location(inner, annotation)


def _value(node: ast.expr) -> Any:
    """Return the value of a literal, or of arithmetic on literals."""
    match node:
        case ast.Constant(value=value) if type(value) in _TYPES:
            if isinstance(value, str) and not _is_text(value):
                raise _Refused("MDK137", node, f"{value!a} is not valid text", "write it as a list of numbers")
            return value
        case ast.Constant(value=value):
            raise _unusable(node, type(value).__name__)
        case ast.JoinedStr(values=parts) if all(isinstance(part, ast.Constant) for part in parts):
            return "".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case ast.Dict(keys=keys, values=values):
            return {_key(key, node): _value(value) for key, value in zip(keys, values, strict=True)}
        case ast.Tuple() | ast.Set():
            raise _unusable(node, type(node).__name__.lower())
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _NUMERIC:
            return _computed(node, type(sign), _value(operand))
        case ast.BinOp(op=sign, left=left, right=right) if type(sign) in _NUMERIC:
            return _computed(node, type(sign), _value(left), _value(right))
    raise _Refused("MDK136", node, f"`{_shown(node)}` is not a literal value", f"write the value itself, or {_MOVE}")


def _key(key: ast.expr | None, node: ast.Dict) -> str:
    value = _value(key) if key is not None else None
    if isinstance(value, str):
        return value
    raise _Refused("MDK137", key or node, f"`{_shown(node)}` has keys that are no text", "use text as keys")


def _computed(node: ast.expr, sign: type[ast.operator] | type[ast.unaryop], *operands: Any) -> Any:
    """Return what an operator gives, as long as it is cheap to know."""
    if not _is_cheap(sign, *operands):
        raise _Refused("MDK136", node, f"`{_shown(node)}` is too much to compute", "write the value itself")
    try:
        value = _NUMERIC[sign](*operands)
    except (TypeError, ArithmeticError, ValueError) as error:
        message = f"`{_shown(node)}` cannot be computed: {error}"
        raise _Refused("MDK136", node, message, "write the value itself") from None
    if type(value) not in _TYPES:
        raise _unusable(node, type(value).__name__)
    return value


def _is_cheap(sign: type[ast.operator] | type[ast.unaryop], *operands: Any) -> bool:
    if sign is ast.Mod and isinstance(operands[0], str):
        return False  # formatting
    sizes = [len(part) for part in operands if isinstance(part, str | list)]
    counts = [part for part in operands if isinstance(part, int)]
    if sizes and sign in (ast.Add, ast.Mult):
        return sum(sizes) * max([1, *counts]) <= _LONGEST
    if len(counts) < len(operands) or not counts:
        return True
    if sign is ast.Pow:
        return abs(counts[1]) <= _MOST_BITS and counts[0].bit_length() * abs(counts[1]) <= _MOST_BITS
    if sign is ast.LShift:
        return counts[0].bit_length() + counts[1] <= _MOST_BITS
    return max(count.bit_length() for count in counts) <= _MOST_BITS


def _unusable(node: ast.expr, kind: str) -> _Refused:
    message = f"`{_shown(node)}` is of type {kind}, which no parameter can have"
    return _Refused("MDK137", node, message, _ADVICE.get(kind, "use int, float, bool, str, list or dict"))


def _is_text(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _shown(node: ast.expr) -> str:
    """Return code as one short line."""
    return _short(ast.unparse(node))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."
