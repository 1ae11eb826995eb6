"""The loops of `--foreach`: one run of the component for each item, and lists of what the runs bind."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mdk_converters.conditions import parsed

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Loop:
    """`item` in `items`: two names."""

    item: str
    items: str

    @property
    def text(self) -> str:
        return f"{self.item} in {self.items}"


def parse_loop(text: str) -> Loop:
    """Read a loop.

    Raises:
        ValueError: it is none; the message says what to write instead.

    Example:
        >>> parse_loop("lr in learning_rates")
        Loop(item='lr', items='learning_rates')
    """
    try:
        node = parsed(text)
    except ValueError:
        node = None
    match node:
        case ast.Compare(ast.Name(item), [ast.In()], [ast.Name(items)]) if item != items:
            return Loop(item, items)
    raise ValueError("write two names with `in` between them, such as lr in learning_rates")


def collected(statements: Iterable[ast.stmt], item: str) -> tuple[str, ...]:
    """Return the names that become lists: all that the cell binds itself but the item, imports, functions, classes.

    Example:
        >>> collected(ast.parse("import math\\nfor i in range(3):\\n    y = math.sqrt(lr)").body, "lr")
        ('i', 'y')
    """
    listed = list(statements)
    bound = dict.fromkeys(name for statement in listed for name in _bound(statement))
    return tuple(name for name in bound if name not in defined(listed) | {item, "_"})


def defined(statements: Iterable[ast.stmt]) -> frozenset[str]:
    """Return the names that the cell binds by imports, functions and classes."""
    return frozenset(name for statement in statements for name in _defined(statement))


def definitions(statements: Iterable[ast.stmt], item: str) -> list[ast.stmt]:
    """Return what a loop without any item still runs: top-level imports, and the functions that need no value of it."""
    listed = list(statements)
    inside = {item, *collected(listed, item)}
    return [s for s in listed if isinstance(s, _DEFINITIONS) and not (inside & set(_read_at_once(s)))]


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield names that a statement binds in the notebook's own scope, as its text shows them."""
    if isinstance(node, _SCOPES):
        return
    match node:
        case ast.Name(name, ast.Store()):
            yield name
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            yield name
    inside_comprehension = isinstance(node, _COMPREHENSIONS)
    for child in ast.iter_child_nodes(node):
        if inside_comprehension:
            yield from (n.target.id for n in ast.walk(child) if isinstance(n, ast.NamedExpr))
        else:
            yield from _bound(child)


def _defined(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
            yield name
            return
        case ast.Import(names) | ast.ImportFrom(names=names):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in names)
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.Lambda):
            yield from _defined(child)


def _read_at_once(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a definition reads when it is made, not when it is called."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        eager: list[ast.AST] = [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        eager += [a.annotation for a in arguments if a is not None and a.annotation is not None]
        eager += [node.returns] if node.returns is not None else []
    elif isinstance(node, ast.ClassDef):
        eager = [node]
    else:
        return
    yield from (n.id for part in eager for n in ast.walk(part) if isinstance(n, ast.Name))
