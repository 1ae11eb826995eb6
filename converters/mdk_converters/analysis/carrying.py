"""Which statements may be repeated in other components: imports, functions, classes, constants and settings."""

from __future__ import annotations

import ast
from typing import Literal

from mdk_converters.analysis import knowledge
from mdk_converters.analysis.effects import Effects
from mdk_converters.analysis.syntax import magic_call
from mdk_converters.analysis.values import Value

Carriage = Literal["import", "code", "constant", "setting", "magic"]

_SETUP_MAGICS = frozenset({"matplotlib", "config", "load_ext", "reload_ext", "precision", "pprint", "xmode", "gui"})
_PURE_OPERATORS = (
    ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Constant, ast.JoinedStr, ast.FormattedValue,
    ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Starred, ast.Name, ast.Subscript, ast.Slice, ast.operator,
    ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context, ast.keyword,
)  # fmt: skip


def carriage(effects: Effects) -> Carriage | None:
    """Tell how a statement may be carried, or None: it may not."""
    node = effects.statement.node
    if effects.magics and isinstance(node, ast.Expr):
        return "magic" if set(effects.magics) <= _SETUP_MAGICS else None
    if effects.dynamic or effects.star or effects.deletes:
        return None
    if isinstance(node, ast.Import | ast.ImportFrom):
        return "import"
    if any(how == "draw" for _, how in effects.states) and not isinstance(node, ast.Try):
        return None
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return "code"  # also when a decorator registers it somewhere
    if isinstance(node, ast.Try) and _by_shape(node, effects.values) == "import":
        return "import"  # also when it installs what is missing
    if effects.changed or (effects.files and not effects.states):
        return None
    if effects.states:
        plain = isinstance(node, ast.Expr | ast.Assign | ast.AugAssign) or makes_folders(node)
        return "setting" if not effects.binds and plain else None
    return _by_shape(node, effects.values)


def _by_shape(node: ast.stmt, values: dict[str, Value]) -> Carriage | None:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return "import"
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return "code"
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return _assignment(node, values)
    if isinstance(node, ast.Try | ast.If):
        return _block(node, values)
    return None


def _assignment(node: ast.Assign | ast.AnnAssign, values: dict[str, Value]) -> Carriage | None:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if node.value is None or not all(_plain_target(t) for t in targets):
        return None
    if isinstance(node.value, ast.Lambda):
        return "code"
    if isinstance(node.value, ast.Name | ast.Attribute) and all(v.path for v in values.values()):
        return "constant"  # another name for something imported
    if isinstance(node.value, ast.Call):
        called = call_path(node.value)
        if called == "builtins.getattr" and all(v.path for v in values.values()):
            return "constant"
        if called in knowledge.CODE_CALLS and _constant(node.value):
            return "code"
    return "constant" if _constant(node.value) else None


def _plain_target(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return all(_plain_target(e) for e in target.elts)
    return isinstance(target, ast.Name)


def remember_path(node: ast.Call, path: str) -> None:
    """Note what a call was resolved to when the notebook was run abstractly."""
    node.mdk_path = path  # type: ignore[attr-defined]


def call_path(node: ast.expr) -> str | None:
    """Return the dotted path of what a call was resolved to."""
    path: str | None = getattr(node, "mdk_path", None)
    return path


def _constant(node: ast.expr) -> bool:
    """Tell whether an expression gives the same value wherever it is evaluated, given the names in it."""
    for child in _walk(node):
        if isinstance(child, ast.Call):
            if call_path(child) not in knowledge.CONSTANT_CALLS:
                return False
        elif not isinstance(child, (*_PURE_OPERATORS, ast.Attribute, ast.Lambda, ast.arguments, ast.arg)):
            return False
    return True


def _walk(node: ast.expr) -> list[ast.AST]:
    """Walk an expression, but not into lambdas: their bodies run elsewhere."""
    found: list[ast.AST] = []
    todo: list[ast.AST] = [node]
    while todo:
        current = todo.pop()
        found.append(current)
        if not isinstance(current, ast.Lambda):
            todo.extend(ast.iter_child_nodes(current))
    return found


def _block(node: ast.Try | ast.If, values: dict[str, Value]) -> Carriage | None:
    """`try: import x / except ImportError: x = None`, and the same with `if`."""
    if isinstance(node, ast.If):
        if not _constant(node.test):
            return None
        bodies = [node.body, node.orelse]
    else:
        bodies = [node.body, node.orelse, node.finalbody, *(h.body for h in node.handlers)]
    kinds = set()
    for body in bodies:
        for statement in body:
            if isinstance(statement, ast.Pass | ast.Raise) or (
                isinstance(statement, ast.Expr)
                and (isinstance(statement.value, ast.Constant) or _only_tells(statement.value))
            ):
                continue
            kinds.add(_by_shape(statement, values))
    if None in kinds or not kinds:
        return None
    return "import" if "import" in kinds else "code" if "code" in kinds else "constant"


def makes_folders(node: ast.stmt) -> bool:
    """Tell whether a statement only sees to it that folders exist: done again, it does nothing.

    Example:
        >>> makes_folders(ast.parse("os.makedirs('out', exist_ok=True)").body[0])
        True
    """
    if isinstance(node, ast.If):
        tests = {_called(child) for child in ast.walk(node.test) if isinstance(child, ast.Call)}
        known = bool(tests) and tests <= {"exists", "isdir", "is_dir"}
        return known and not node.orelse and all(_makes_folder(child) for child in node.body)
    return _makes_folder(node, again=True)


def _makes_folder(node: ast.stmt, *, again: bool = False) -> bool:
    """Tell whether a statement makes a folder; with `again`, also where there is one."""
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return False
    magic = magic_call(node.value)
    if magic is not None:
        method, (command, *_) = magic[0], magic[1] or [""]
        return method == "system" and command.split()[:2] == ["mkdir", "-p"] and not set(command) & set(";&|")
    allowed = any(
        k.arg == "exist_ok" and isinstance(k.value, ast.Constant) and k.value.value for k in node.value.keywords
    )
    return _called(node.value) in {"mkdir", "makedirs"} and (allowed or not again)


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _only_tells(node: ast.expr) -> bool:
    """`print(...)`, `!pip install …` and other magics may stand beside imports."""
    return magic_call(node) is not None or call_path(node) in {"builtins.print", "warnings.warn"}
