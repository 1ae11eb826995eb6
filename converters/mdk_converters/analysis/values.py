"""Abstract values: which objects a name may stand for, and what those objects may hold."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

StateUse = Literal["set", "seed", "draw"]
FileUse = Literal["r", "w", "rw"]
ATOMS = frozenset({"int", "float", "bool", "str", "bytes", "none", "atom"})


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression may be. Immutable scalars have no objects: they cannot be changed or shared."""

    objects: frozenset[int] = frozenset()
    kind: str = "unknown"
    path: str | None = None  # dotted path of a module, of something imported, or of a builtin
    const: object = None  # the literal itself, where it is known

    @property
    def atomic(self) -> bool:
        return self.kind in ATOMS


UNKNOWN = Value()
NONE = Value(kind="none")
ATOM = Value(kind="atom")


@dataclass(slots=True)
class Scope:
    """Names of one running function, comprehension or class body."""

    local_names: frozenset[str]
    parent: Scope | None = None
    is_class: bool = False
    variables: dict[str, Value] = field(default_factory=dict)
    global_names: frozenset[str] = frozenset()
    nonlocal_names: frozenset[str] = frozenset()
    owner: Class | None = None  # the class whose method runs, for super()
    receiver: Value | None = None
    captured: bool = False  # a function holds on to its variables


@dataclass(slots=True)
class Function:
    """A function, lambda or method that the notebook defines."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    closure: Scope | None
    defaults: dict[str, Value]
    name: str | None = None  # its global name, if it has one
    owner: Class | None = None
    lazy: frozenset[str] = frozenset()  # global names that its body reads when it runs
    remembers: bool = False  # its results, by a decorator of functools


@dataclass(slots=True)
class Class:
    """A class that the notebook defines."""

    node: ast.ClassDef
    bases: list[Value]
    attributes: dict[str, Value]
    name: str | None = None
    lazy: frozenset[str] = frozenset()
    metaclass: Value | None = None


@dataclass(slots=True)
class Object:
    """One abstract object: everything that one expression may create."""

    kind: str
    fuzzy: bool = True  # its contents are not all known: a part of it may be itself
    holds: set[int] = field(default_factory=set)
    code: Function | Class | None = None
    instance_of: int | None = None
    fields: dict[str, Value] = field(default_factory=dict)
    seeded: bool = False  # draws from a generator of its own
    sets: str = ""  # the state that it sets when it is entered as a context manager
    note: str = ""  # why it cannot travel, or that the user's own module made it
    bound: object = None  # what calling it calls: arguments of functools.partial, or a method with its receiver
    remembers: bool = False  # of a little-known library: even a look at it may fill a cache inside


class Heap:
    """All abstract objects of a notebook."""

    def __init__(self) -> None:
        self.objects: list[Object] = []
        self._reach: dict[frozenset[int], frozenset[int]] = {}

    def __getitem__(self, identity: int) -> Object:
        return self.objects[identity]

    def new(
        self,
        kind: str,
        holds: Iterable[int] = (),
        *,
        fuzzy: bool = True,
        code: Function | Class | None = None,
    ) -> Value:
        self.objects.append(Object(kind, fuzzy, set(holds), code))
        return Value(frozenset({len(self.objects) - 1}), kind)

    def hold(self, owner: int, parts: Iterable[int]) -> None:
        added = set(parts) - self.objects[owner].holds - {owner}
        if added:
            self.objects[owner].holds |= added
            self._reach.clear()

    def reach(self, objects: frozenset[int]) -> frozenset[int]:
        """Return `objects` and everything they hold, however deep."""
        if not objects:
            return objects
        known = self._reach.get(objects)
        if known is None:
            seen = set(objects)
            todo = list(objects)
            while todo:
                current = self.objects[todo.pop()]
                parts = current.holds
                if isinstance(current.code, Function) and current.code.closure is not None:
                    parts = parts | self._captured(current.code)
                for part in parts:
                    if part not in seen:
                        seen.add(part)
                        todo.append(part)
            known = self._reach[objects] = frozenset(seen)
        return known

    def forget_reach(self) -> None:
        """Call after a closure's variables changed."""
        self._reach.clear()

    @staticmethod
    def _captured(code: Function) -> set[int]:
        found: set[int] = set()
        scope = code.closure
        while scope is not None:
            for value in scope.variables.values():
                found |= value.objects
            scope = scope.parent
        return found

    def functions_inside(self, scope: Scope) -> frozenset[int]:
        """Return the functions that hold on to the variables of a scope."""
        found = set()
        for identity, current in enumerate(self.objects):
            around = current.code.closure if isinstance(current.code, Function) else None
            while around is not None and around is not scope:
                around = around.parent
            if around is scope:
                found.add(identity)
        return frozenset(found)

    def parts(self, value: Value) -> frozenset[int]:
        """Return what an element or attribute of `value` may be."""
        found: set[int] = set()
        for identity in value.objects:
            current = self.objects[identity]
            if current.fuzzy:
                found.add(identity)
            found |= {part for part in current.holds if part != current.instance_of}
        return frozenset(found)

    def code_in(self, objects: frozenset[int]) -> list[Function | Class]:
        """Return the notebook's own functions and classes that can be reached from `objects`."""
        return [code for o in sorted(self.reach(objects)) if (code := self.objects[o].code) is not None]


def join(values: Iterable[Value]) -> Value:
    """Return the value that may be any of `values`."""
    listed = list(values)
    if not listed:
        return NONE
    first = listed[0]
    if all(value == first for value in listed[1:]):
        return first
    kinds = {value.kind for value in listed}
    kind = first.kind if len(kinds) == 1 else "atom" if kinds <= ATOMS else _joined_kind(kinds - {"none"})
    paths = {value.path for value in listed}
    return Value(frozenset().union(*(value.objects for value in listed)), kind, first.path if len(paths) == 1 else None)


def _joined_kind(kinds: set[str]) -> str:
    return kinds.pop() if len(kinds) == 1 else "unknown"


def local_names(node: ast.AST) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the names that a function body binds, those it declares global, and those nonlocal."""
    bound: set[str] = set()
    global_names: set[str] = set()
    nonlocal_names: set[str] = set()
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        arguments = node.args
        every = [
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            arguments.vararg,
            arguments.kwarg,
        ]
        bound |= {a.arg for a in every if a is not None}
        todo: list[ast.AST] = list(node.body) if isinstance(node.body, list) else [node.body]
    else:
        todo = list(ast.iter_child_nodes(node))
    while todo:
        current = todo.pop()
        if isinstance(current, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(current.name)
            todo.extend(current.decorator_list)
            if not isinstance(current, ast.ClassDef):
                todo.extend(d for d in [*current.args.defaults, *current.args.kw_defaults] if d is not None)
            continue
        if isinstance(current, ast.Lambda):
            todo.extend(d for d in [*current.args.defaults, *current.args.kw_defaults] if d is not None)
            continue
        if isinstance(current, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            bound |= {n.target.id for n in ast.walk(current) if isinstance(n, ast.NamedExpr)}
            todo.append(current.generators[0].iter)
            continue
        if isinstance(current, ast.Name) and not isinstance(current.ctx, ast.Load):
            bound.add(current.id)
        elif isinstance(current, ast.Import | ast.ImportFrom):
            bound |= {a.asname or a.name.split(".")[0] for a in current.names}
        elif isinstance(current, ast.ExceptHandler) and current.name:
            bound.add(current.name)
        elif isinstance(current, ast.Global):
            global_names |= set(current.names)
        elif isinstance(current, ast.Nonlocal):
            nonlocal_names |= set(current.names)
        elif isinstance(current, ast.MatchAs | ast.MatchStar) and current.name:
            bound.add(current.name)
        elif isinstance(current, ast.MatchMapping) and current.rest:
            bound.add(current.rest)
        todo.extend(ast.iter_child_nodes(current))
    return (
        frozenset(bound - global_names - nonlocal_names),
        frozenset(global_names),
        frozenset(nonlocal_names),
    )


def lazy_names(node: ast.AST, enclosing: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return the global names that a function, lambda or class reads or binds when its bodies run."""
    found: set[str] = set()
    if isinstance(node, ast.ClassDef):
        for child in node.body:
            found |= _names_in(child, enclosing)
        return frozenset(found)
    bound, global_names, nonlocal_names = local_names(node)
    found |= global_names
    inside = (enclosing | bound) - global_names
    body = node.body if isinstance(node.body, list) else [node.body]  # type: ignore[attr-defined]
    for child in body:
        found |= _names_in(child, inside)
    return frozenset(found - nonlocal_names)


def _names_in(node: ast.AST, hidden: frozenset[str]) -> set[str]:
    """Return global names read in `node`; nested functions are looked into with their own scopes."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        found = set(lazy_names(node, hidden))
        for outer in [*getattr(node, "decorator_list", []), *node.args.defaults, *node.args.kw_defaults]:
            if outer is not None:
                found |= _names_in(outer, hidden)
        return found
    if isinstance(node, ast.ClassDef):
        found = set(lazy_names(node, hidden))
        for outer in [*node.decorator_list, *node.bases, *(k.value for k in node.keywords)]:
            found |= _names_in(outer, hidden)
        return found
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        targets = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        hidden = hidden | targets
    if isinstance(node, ast.Name):
        return set() if node.id in hidden else {node.id}
    found = set()
    for child in ast.iter_child_nodes(node):
        found |= _names_in(child, hidden)
    return found
