"""The state of the abstract run: names, objects, and the effects of the statement that runs now."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mdk_converters.analysis import knowledge
from mdk_converters.analysis.effects import Effects, Need
from mdk_converters.analysis.own_modules import OwnModules
from mdk_converters.analysis.values import UNKNOWN, Heap, Scope, Value, join

_BUILTINS = frozenset(dir(builtins)) | {
    "get_ipython",
    "display",
    "__name__",
    "__doc__",
    "__file__",
    "__builtins__",
}
_HISTORY = re.compile(r"_{1,3}|_i{1,3}|_i?\d+|Out|In|_oh|_ih|_dh")
_DEEP_KINDS = frozenset({"instance", "library", "model", "unknown", "rng", "figure", "iterator"})


def is_history(name: str) -> bool:
    """Tell whether IPython itself binds `name` to earlier inputs or outputs."""
    return _HISTORY.fullmatch(name) is not None


def is_builtin(name: str) -> bool:
    return name in _BUILTINS


@dataclass(slots=True)
class Arguments:
    """Evaluated arguments of one call."""

    positional: list[Value] = field(default_factory=list)
    keywords: dict[str, Value] = field(default_factory=dict)
    rest: list[Value] = field(default_factory=list)  # of *args and **kwargs
    discarded: bool = False  # the call is a statement of its own

    @property
    def all(self) -> list[Value]:
        return [*self.positional, *self.keywords.values(), *self.rest]


@dataclass(frozen=True, slots=True)
class Bound:
    """A method taken from its object: `add = rows.append`."""

    receiver: Value
    name: str


class Machine:
    """Names and objects. Subclasses add expressions and statements."""

    def __init__(self, own: OwnModules | None = None) -> None:
        self.heap = Heap()
        self.names: dict[str, Value] = {}
        self.scope: Scope | None = None
        self.own = own or OwnModules()
        self.effects: Effects
        self.definite: set[str] = set()
        self.need = Need.CERTAIN
        self.first_new = 0  # the first object that the statement made itself
        self._held: dict[str, Value] = {}
        self._parts: dict[int, set[str]] = {}  # objects -> parts of the user's modules that may hold them

    # --- subclasses

    def evaluate(self, node: ast.expr | None) -> Value:
        raise NotImplementedError

    def run_block(self, body: list[ast.stmt]) -> bool:
        raise NotImplementedError

    def run_hooks(self, value: Value, *names: str, given: list[Value] | None = None) -> Value | None:
        raise NotImplementedError

    def run_callbacks(self, values: list[Value]) -> None:
        raise NotImplementedError

    # --- names

    def load(self, name: str) -> Value:
        scope = self.scope
        while scope is not None:
            if name in scope.global_names:
                break
            if name in scope.variables and (not scope.is_class or scope is self.scope):
                return scope.variables[name]
            if name in scope.local_names and not scope.is_class:
                return UNKNOWN
            scope = scope.parent
        return self.load_global(name)

    def load_global(self, name: str) -> Value:
        known = self.names.get(name)
        if name not in self.definite:
            self.note_read(name, self.need)
        if known is not None:
            if self.heap.reach(known.objects):
                self.effects.code.extend(self.heap.code_in(known.objects))
            if known.path and known.kind != "alias":
                self.effects.modules.add(known.path.split(".")[0])
            return known
        if is_builtin(name):
            return Value(kind="import", path=f"builtins.{name}")
        return UNKNOWN

    def note_read(self, name: str, need: Need) -> None:
        self.effects.reads[name] = max(need, self.effects.reads.get(name, need))

    def store_name(self, name: str, value: Value) -> None:
        scope = self.scope
        if scope is None or name in scope.global_names:
            self.names[name] = value
            self.effects.binds.setdefault(name, False)
            self.effects.deletes.pop(name, None)
            self.definite.add(name)
            return
        if name in scope.nonlocal_names:
            outer = scope.parent
            while outer is not None and name not in outer.local_names:
                outer = outer.parent
            if outer is not None:
                outer.variables[name] = join([value, outer.variables.get(name, value)])
                self.heap.forget_reach()
                self.mutate(Value(self.heap.functions_inside(outer), "function"))
            return
        scope.variables[name] = value
        if scope.captured:
            self.heap.forget_reach()

    def delete_name(self, name: str) -> None:
        scope = self.scope
        if scope is None or name in scope.global_names:
            if name not in self.definite:
                self.note_read(name, self.need)
            self.definite.discard(name)
            self.names.pop(name, None)
            self.effects.binds.pop(name, None)
            self.effects.deletes[name] = self.need is Need.CERTAIN
        else:
            scope.variables.pop(name, None)

    # --- objects

    def mutate(self, value: Value, held: Iterable[Value] = (), *, certain: bool = True, deep: bool = False) -> None:
        """Record that the objects of `value` change in place and may now hold `held`."""
        objects = set(value.objects)
        if deep or value.kind in {"unknown", "library", "model", "iterator"}:
            objects |= {o for o in self.heap.reach(value.objects) if self.heap[o].kind in _DEEP_KINDS}
        if value.kind == "array":  # a view changes what it is a view of
            objects |= {o for o in self.heap.reach(value.objects) if self.heap[o].kind == "array"}
        parts = frozenset[int]().union(*(v.objects for v in held))
        for identity in objects:
            self.effects.mutated[identity] = certain or self.effects.mutated.get(identity, False)
            for part in sorted(self._parts.get(identity, ())):
                if (f"module:{part}", "set") not in self.effects.states:
                    self.effects.states.append((f"module:{part}", "set"))
        lasting = self._lasting(parts)
        for identity in value.objects:
            self.heap.hold(identity, lasting if self.heap[identity].fuzzy else parts)

    def new(self, kind: str, held: Iterable[Value] = (), *, fuzzy: bool = True) -> Value:
        parts = frozenset[int]().union(*(v.objects for v in held))
        return self.heap.new(kind, self._lasting(parts) if fuzzy else parts, fuzzy=fuzzy)

    def _lasting(self, parts: frozenset[int]) -> frozenset[int]:
        """Leave out plain temporaries: inside an object of unknown contents nothing can tell them from it."""
        plain = {"list", "tuple", "dict", "set", "array", "dataset", "fresh", "unknown"}
        return frozenset(o for o in parts if o < self.first_new or self.heap[o].holds or self.heap[o].kind not in plain)

    def part(self, value: Value) -> Value:
        """Return what an element or an unknown attribute of `value` is."""
        return Value(self.heap.parts(value))

    def is_local(self, path: str) -> bool:
        return path.split(".", maxsplit=1)[0] in self.own.names

    def imported(self, path: str) -> Value:
        """Return the value of something that a module holds: it may be data, and data may be changed in place."""
        known = self._held.get(path)
        if known is None:
            known = self._held[path] = Value(self.heap.new("unknown").objects, "import", path)
            part = self.own.part(path) if self.is_local(path) else None
            self.tie(known, {part} if part is not None else ())
        return known

    def tie(self, value: Value, parts: Iterable[str]) -> None:
        """Note that parts of the user's modules may hold an object: when it changes, they do."""
        for identity in value.objects:
            self._parts.setdefault(identity, set()).update(parts)

    def change_imported(self, value: Value, held: Iterable[Value]) -> None:
        """Something a module holds changes in place: for every component that imports the module."""
        if value.path is None or self.note_state(value.path):
            return
        kept = [v for v in held if v.objects]
        if self.is_local(value.path):
            part = self.own.part(value.path)
            self.effects.states += [(f"module:{part}", "set")] if part is not None else []
        elif value.kind != "alias":
            self.effects.states.append((f"module:{value.path.split('.')[0]}", "set"))
        if value.kind == "alias" or any(self.heap[o].code is None for v in kept for o in v.objects):
            self.mutate(value, kept)

    # --- control flow

    @contextmanager
    def at_most(self, need: Need) -> Iterator[None]:
        """Reads inside are at most this certain."""
        before = self.need
        self.need = min(before, need)
        try:
            yield
        finally:
            self.need = before

    def branches(self, *bodies: Callable[[], bool], need: Need = Need.CONDITIONAL) -> bool:
        """Run alternatives from the same state and join what they leave. A body returns True when it never ends
        normally. Returns True when none does."""
        start_names, start_definite = dict(self.names), set(self.definite)
        scope = self.scope
        start_locals = dict(scope.variables) if scope is not None else {}
        ends: list[tuple[dict[str, Value], set[str], dict[str, Value]]] = []
        for body in bodies:
            self.names, self.definite = dict(start_names), set(start_definite)
            if scope is not None:
                scope.variables = dict(start_locals)
            with self.at_most(need):
                ended = body()
            if not ended:
                ends.append((self.names, self.definite, scope.variables if scope is not None else {}))
        if not ends:
            self.names, self.definite = start_names, start_definite
            if scope is not None:
                scope.variables = start_locals
            return True
        self.names = _join_all([e[0] for e in ends])
        self.definite = set.intersection(*(e[1] for e in ends))
        if scope is not None:
            scope.variables = _join_all([e[2] for e in ends])
            if scope.captured:
                self.heap.forget_reach()
        return False

    def perhaps(self, body: Callable[[], object], need: Need = Need.CONDITIONAL) -> None:
        """Run something that may or may not happen."""

        def happens() -> bool:
            body()
            return False

        self.branches(happens, lambda: False, need=need)

    # --- state and files

    def note_state(self, path: str) -> bool:
        """Record it when `path` sets interpreter state; return whether it does."""
        for table, how in ((knowledge.SEEDS, "seed"), (knowledge.SETS_STATE, "set")):
            words = path.split(".")
            for length in range(len(words), 0, -1):
                state = table.get(".".join(words[:length]))
                if state and length < len(words) and words[-1] in knowledge.ONLY_READS:
                    return False
                if state and (how == "set" or length == len(words)):
                    self.effects.states.append((state, "seed" if how == "seed" else "set"))
                    return True
                if state == "":
                    return False
        return False


def _join_all(states: list[dict[str, Value]]) -> dict[str, Value]:
    if len(states) == 1:
        return states[0]
    found: dict[str, Value] = {}
    for state in states:
        for name, value in state.items():
            known = found.get(name)
            found[name] = value if known is None or known == value else join([known, value])
    return found
