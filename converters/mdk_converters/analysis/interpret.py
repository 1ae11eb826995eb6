"""Statements of the abstract run: from a cell's statements to their effects."""

from __future__ import annotations

import ast
from collections.abc import Callable

from mdk_converters.analysis import knowledge
from mdk_converters.analysis.carrying import call_path
from mdk_converters.analysis.effects import Effects, Need
from mdk_converters.analysis.expressions import Expressions
from mdk_converters.analysis.machine import Arguments
from mdk_converters.analysis.syntax import Statement
from mdk_converters.analysis.values import (
    ATOM,
    NONE,
    UNKNOWN,
    Class,
    Function,
    Scope,
    Value,
    join,
    lazy_names,
    local_names,
)

_CACHES = frozenset({"functools.cache", "functools.lru_cache"})
_SPLITTING = frozenset({"fresh", "dataset", "array"})


class Interpreter(Expressions):
    """Runs a notebook abstractly, statement by statement, in page order.

    Example:
        >>> from mdk_converters.analysis.syntax import parse_cell
        >>> run = Interpreter()
        >>> first, second = [run.execute(s) for s in parse_cell("rows = []; rows.append(1)")]
        >>> first.binds, second.changed
        ({'rows': True}, {'rows': True})
    """

    postponed_annotations = False

    def execute(self, statement: Statement) -> Effects:
        """Return what a top-level statement does, and take over the names it leaves."""
        self.effects = Effects(statement)
        self.definite = set()
        self.scope = None
        self.need = Need.CERTAIN
        self.calls = 0
        self.first_new = len(self.heap.objects)
        self.handed.clear()
        before = {name: value.objects for name, value in self.names.items() if value.objects}
        node = statement.node
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            self._call(node.value, discarded=True)
        else:
            self.run(node)
        self._settle(before)
        return self.effects

    def declare(self, name: str, value: Value) -> None:
        """Bind a name from outside, such as a pipeline parameter."""
        self.names[name] = value

    def _settle(self, before: dict[str, frozenset[int]]) -> None:
        effects = self.effects
        for name in effects.binds:
            effects.binds[name] = name in self.definite
            effects.values[name] = self.names.get(name, UNKNOWN)
        if not effects.mutated:
            return
        touched = frozenset(effects.mutated)
        for name, objects in before.items():
            hit = self.heap.reach(objects) & touched
            if hit and not effects.binds.get(name, False):
                effects.changed[name] = any(effects.mutated[o] for o in hit)
        for name in [n for n, certain in effects.binds.items() if certain and n in before]:
            hit = self.heap.reach(before[name]) & touched
            if hit and name in effects.reads:  # changed, then bound again: other names may see the change
                continue

    # --- blocks

    def run_block(self, body: list[ast.stmt]) -> bool:
        return any(self.run(statement) for statement in body)

    def run(self, node: ast.stmt) -> bool:
        """Run one statement; True means that the rest of the block is not reached."""
        method: Callable[[ast.stmt], bool | None] | None = getattr(self, f"_run_{type(node).__name__.lower()}", None)
        if method is None:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self.evaluate(child)
            return False
        return bool(method(node))

    def _run_expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            self._call(node.value, discarded=True)
        else:
            self.evaluate(node.value)

    # --- binding

    def _run_assign(self, node: ast.Assign) -> None:
        if len(node.targets) == 1 and self._assign_side_by_side(node.targets[0], node.value):
            return
        value = self.evaluate(node.value)
        for target in node.targets:
            self.assign(target, value)

    def _assign_side_by_side(self, target: ast.expr, value: ast.expr) -> bool:
        """`a, b = x, y` binds each name to its own value."""
        if not (isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List)):
            return False
        starred = any(isinstance(e, ast.Starred) for e in [*target.elts, *value.elts])
        if starred or len(target.elts) != len(value.elts):
            return False
        values = [self.evaluate(element) for element in value.elts]
        for element, each in zip(target.elts, values, strict=True):
            self.assign(element, each)
        return True

    def _run_annassign(self, node: ast.AnnAssign) -> None:
        self._annotation(node.annotation)
        if node.value is not None:
            self.assign(node.target, self.evaluate(node.value))

    def _annotation(self, node: ast.expr | None) -> None:
        if node is not None and not self.postponed_annotations:
            self.evaluate(node)

    def _run_augassign(self, node: ast.AugAssign) -> None:
        target = node.target
        if isinstance(target, ast.Name):
            old = self.load(target.id)
            value = self.evaluate(node.value)
            self.run_hooks(old, "__iadd__", "__add__", "__isub__", "__imul__", given=[value])
            if old.atomic or (old.kind == "tuple" and not old.objects):
                self.store_name(target.id, Value(kind="float" if value.kind == "float" else old.kind))
                return
            self.mutate(old, [value, self.part(value)], certain=old.kind != "unknown")
            result = old if old.objects else self.new("unknown", [value])
            self.store_name(target.id, Value(result.objects, result.kind))
            return
        value = self.evaluate(node.value)
        self.mutate(self.evaluate(_loaded(target)), [value], certain=False)
        self.assign(target, value)

    def assign(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            renamed = value.kind == "import" and value.objects
            self.store_name(target.id, Value(value.objects, "alias", value.path) if renamed else value)
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(target.elts, value)
        elif isinstance(target, ast.Attribute):
            self._store_attribute(target, value)
        elif isinstance(target, ast.Subscript):
            self._store_item(target, value)

    def _unpack(self, targets: list[ast.expr], value: Value) -> None:
        self.consume(value)
        self.run_hooks(value, "__iter__", "__next__", "__getitem__")
        separate = value.kind in _SPLITTING and all(not self.heap[o].holds for o in value.objects)
        for target in targets:
            part = (
                value
                if value.kind == "figure"
                else self.new("unknown" if value.kind == "fresh" else value.kind)
                if separate
                else self.part(value)
            )
            if isinstance(target, ast.Starred):
                self.assign(target.value, self.new("list", [part], fuzzy=False))
                continue
            self.assign(target, ATOM if value.atomic or (value.kind == "tuple" and not value.objects) else part)

    def _store_attribute(self, target: ast.Attribute, value: Value) -> None:
        base = self.evaluate(target.value)
        if base.path is not None:
            if not self.note_state(f"{base.path}.{target.attr}"):
                path = f"{base.path}.{target.attr}" if self.is_local(base.path) else base.path
                self.change_imported(Value(base.objects, base.kind, path), [value])
            return
        setters = ("__setattr__", target.attr) if self._is_setter(base, target.attr) else ("__setattr__",)
        self.run_hooks(base, *setters, given=[value])
        self.mutate(base, [value])
        for identity in base.objects:
            current = self.heap[identity]
            shared = self.class_attribute(current.instance_of, target.attr) if current.instance_of is not None else None
            if shared is not None:  # a descriptor
                self.run_hooks(shared, "__set__", given=[base, value])
            if isinstance(current.code, Class):
                current.code.attributes.setdefault(target.attr, value)
            known = current.fields.get(target.attr)
            current.fields[target.attr] = value if known is None else join([known, value])
            if target.attr != "__dict__" and "__dict__" in current.fields:  # which other instances may have as well
                self.mutate(current.fields["__dict__"], [value])

    def _is_setter(self, base: Value, name: str) -> bool:
        for identity in base.objects:
            cls = self.heap[identity].instance_of
            method = self.find_method(cls, name) if cls is not None else None
            if method is not None and any(
                isinstance(d, ast.Attribute) and d.attr == "setter" for d in getattr(method.node, "decorator_list", [])
            ):
                return True
        return False

    def _store_item(self, target: ast.Subscript, value: Value) -> None:
        base = self.evaluate(target.value)
        index = self.evaluate(target.slice)
        if base.path is not None:
            self.change_imported(base, [value])
            return
        self.run_hooks(base, "__setitem__", given=[index, value])
        self.mutate(base, [value, index])

    def _run_delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.delete_name(target.id)
            elif isinstance(target, ast.Tuple | ast.List):
                self._run_delete(ast.Delete(target.elts))
            elif isinstance(target, ast.Attribute | ast.Subscript):
                base = self.evaluate(target.value)
                if isinstance(target, ast.Subscript):
                    self.evaluate(target.slice)
                if base.path is not None:
                    self.change_imported(base, [])
                else:
                    self.mutate(base)

    # --- definitions

    def _run_functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        decorators = self._decorators(node.decorator_list)
        for annotated in [
            *node.args.posonlyargs,
            *node.args.args,
            *node.args.kwonlyargs,
            node.args.vararg,
            node.args.kwarg,
        ]:
            if annotated is not None:
                self._annotation(annotated.annotation)
        self._annotation(node.returns)
        scope = self.scope
        owner = scope.owner if scope is not None and scope.is_class else None
        value = self.function(node, owner)
        if any(
            d.path in _CACHES or call_path(n) in _CACHES for n, d in zip(node.decorator_list, decorators, strict=True)
        ):
            for identity in value.objects:
                if isinstance(code := self.heap[identity].code, Function):
                    code.remembers = True
        self._name_code(value, node.name)
        self.store_name(node.name, self._decorated(value, node.decorator_list, decorators))

    _run_asyncfunctiondef = _run_functiondef

    def _decorators(self, nodes: list[ast.expr]) -> list[Value]:
        """A library's registering decorator (`@register_dataframe_accessor("geo")`) sets state of that library."""
        found = [self.evaluate(node) for node in nodes]
        for node in nodes:
            path = call_path(node)
            if path is not None and path.rpartition(".")[2].startswith("register"):
                self.effects.states.append((f"module:{path.split('.')[0]}", "set"))
        return found

    def _decorated(self, value: Value, nodes: list[ast.expr], decorators: list[Value]) -> Value:
        """Libraries' decorators are taken to give what they are given; the notebook's own are run."""
        for node, decorator in reversed(list(zip(nodes, decorators, strict=True))):
            if isinstance(node, ast.Attribute) and decorator.path is None:
                self.call_method(self.evaluate(node.value), node.attr, Arguments([value]))
            elif any(self.heap[o].code is not None for o in decorator.objects):
                value = join([value, self.call(decorator, Arguments([value]))])
        return value

    def _name_code(self, value: Value, name: str) -> None:
        scope = self.scope
        if scope is None or name in scope.global_names:
            for identity in value.objects:
                code = self.heap[identity].code
                if code is not None:
                    code.name = name

    def _run_classdef(self, node: ast.ClassDef) -> None:
        decorators = self._decorators(node.decorator_list)
        bases = [self.evaluate(b) for b in node.bases]
        keywords = {keyword.arg: self.evaluate(keyword.value) for keyword in node.keywords}
        inherited = [c.metaclass for b in bases for o in b.objects if isinstance(c := self.heap[o].code, Class)]
        metaclass = keywords.get("metaclass") or next((m for m in inherited if m is not None), None)
        bases += keywords.values()
        code = Class(node, bases, {}, lazy=lazy_names(node, _names_around(self.scope)), metaclass=metaclass)
        outer = self.scope
        names, global_names, nonlocal_names = local_names(node)
        scope = Scope(names, outer, is_class=True, global_names=global_names, nonlocal_names=nonlocal_names, owner=code)
        scope.variables["__name__"] = scope.variables["__qualname__"] = scope.variables["__module__"] = ATOM
        self.scope = scope
        try:
            self.run_block(node.body)
        finally:
            self.scope = outer
        code.attributes = {
            n: v for n, v in scope.variables.items() if n not in {"__name__", "__qualname__", "__module__"}
        }
        held = frozenset().union(*(v.objects for v in [*code.attributes.values(), *bases]))
        value = self.heap.new("class", held, fuzzy=False, code=code)
        self._name_code(value, node.name)
        for attribute in code.attributes.values():
            for identity in attribute.objects:
                method = self.heap[identity].code
                if isinstance(method, Function):
                    method.owner = code
        self._run_metaclass(code, value)
        for identity in value.objects:
            self.use_own_bases(identity, "__init_subclass__")
        for base in bases:
            for identity in base.objects:
                hook = self.find_method(identity, "__init_subclass__")
                if hook is not None:
                    self.call_function(hook, Arguments(), value)
        self.store_name(node.name, self._decorated(value, node.decorator_list, decorators))

    def _run_metaclass(self, code: Class, made: Value) -> None:
        for identity in code.metaclass.objects if code.metaclass is not None else ():
            for name in ("__new__", "__init__"):
                method = self.find_method(identity, name)
                if method is not None:
                    self.call_function(method, Arguments([ATOM, UNKNOWN, UNKNOWN]), made)

    def _run_import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.note_import(alias.name)
            name = alias.asname or alias.name.split(".")[0]
            self.store_name(name, Value(kind="module", path=alias.name if alias.asname else name))

    def _run_importfrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if not node.level:
            self.note_import(module)
        if module == "__future__":
            self.postponed_annotations |= any(alias.name == "annotations" for alias in node.names)
            self.effects.states.append(("future", "set"))
        for alias in node.names:
            if alias.name == "*":
                known = self.own.public_names(module)
                for name in known:
                    self.store_name(name, self.imported(f"{module}.{name}"))
                self.effects.star = module if not known else None
                continue
            self.store_name(alias.asname or alias.name, self.imported(f"{module}.{alias.name}"))

    # --- control flow

    def _run_if(self, node: ast.If) -> bool:
        self.run_hooks(self.evaluate(node.test), "__bool__", "__len__")
        if isinstance(node.test, ast.Constant) and node.test.value is True:
            return self.run_block(node.body)
        return self.branches(lambda: self.run_block(node.body), lambda: self.run_block(node.orelse))

    def _loop(self, body: Callable[[], object], orelse: list[ast.stmt]) -> None:
        """A body may run any number of times: what it leaves reaches its own start."""

        def once() -> None:
            body()
            self.perhaps(body)

        self.perhaps(once if len(self.active) < 2 else body)
        self.run_block(orelse)

    def _run_for(self, node: ast.For | ast.AsyncFor) -> None:
        source = self.evaluate(node.iter)
        self.run_hooks(source, "__iter__", "__next__", "__getitem__", "__aiter__", "__anext__")
        self.consume(source)

        def body() -> None:
            self.assign(node.target, self.element(source))
            self.run_block(node.body)

        self._loop(body, node.orelse)

    _run_asyncfor = _run_for

    def _run_while(self, node: ast.While) -> None:
        self.evaluate(node.test)

        def body() -> None:
            self.run_block(node.body)
            self.evaluate(node.test)

        self._loop(body, node.orelse)

    def _run_with(self, node: ast.With | ast.AsyncWith) -> bool:
        settings = len(self.effects.states)
        scoped = False
        for item in node.items:
            context = self.evaluate(item.context_expr)
            scoped = scoped or call_path(item.context_expr) in knowledge.SCOPED_SETTINGS
            entered = self.run_hooks(context, "__enter__", "__aenter__")
            if item.optional_vars is not None:
                self.assign(item.optional_vars, entered if entered is not None else context)
        ended = self.run_block(node.body)
        if scoped:
            kept = [s for s in self.effects.states[settings:] if s[1] != "set"]
            self.effects.states[settings:] = kept
        for item in node.items:
            if isinstance(item.context_expr, ast.Name):
                self.run_hooks(self.load(item.context_expr.id), "__exit__", "__aexit__")
        return ended

    _run_asyncwith = _run_with

    def _run_try(self, node: ast.Try | ast.TryStar) -> bool:
        if not node.handlers:
            ended = self.run_block(node.body) or self.run_block(node.orelse)
            return self.run_block(node.finalbody) or ended

        def body() -> bool:
            return self.run_block(node.body) or self.run_block(node.orelse)

        def handler(each: ast.ExceptHandler) -> bool:
            self.perhaps(lambda: self.run_block(node.body))
            self.evaluate(each.type)
            if each.name:
                self.store_name(each.name, ATOM)
            ended = self.run_block(each.body)
            if each.name and self.scope is None:
                self.names.pop(each.name, None)
                self.effects.binds.pop(each.name, None)
                self.definite.discard(each.name)
            return ended

        ended = self.branches(body, *(lambda each=each: handler(each) for each in node.handlers))
        return self.run_block(node.finalbody) or ended

    _run_trystar = _run_try

    def _run_match(self, node: ast.Match) -> bool:
        subject = self.evaluate(node.subject)

        def case(each: ast.match_case) -> bool:
            self._pattern(each.pattern, subject)
            self.evaluate(each.guard)
            return self.run_block(each.body)

        total = any(
            isinstance(c.pattern, ast.MatchAs) and c.pattern.pattern is None and c.guard is None for c in node.cases
        )
        bodies = [lambda each=each: case(each) for each in node.cases]
        return self.branches(*bodies, *([] if total else [lambda: False]))

    def _pattern(self, pattern: ast.pattern, subject: Value) -> None:
        for part in ast.walk(pattern):
            if isinstance(part, ast.MatchValue):
                self.evaluate(part.value)
            elif isinstance(part, ast.MatchClass):
                self.evaluate(part.cls)
            elif isinstance(part, ast.MatchMapping):
                for key in part.keys:
                    self.evaluate(key)
                if part.rest:
                    self.store_name(part.rest, self.new("dict", [self.part(subject)]))
            elif isinstance(part, ast.MatchAs | ast.MatchStar) and part.name:
                self.store_name(part.name, join([subject, self.part(subject)]))

    def _run_return(self, node: ast.Return) -> bool:
        value = self.evaluate(node.value) if node.value is not None else NONE
        if self.returned:
            self.returned[-1].append(value)
        return True

    def _run_raise(self, node: ast.Raise) -> bool:
        self.evaluate(node.exc)
        self.evaluate(node.cause)
        return True

    def _run_break(self, _: ast.Break) -> bool:
        return True

    _run_continue = _run_break

    def _run_global(self, _: ast.Global) -> None:
        return None

    _run_nonlocal = _run_global


def _loaded(target: ast.expr) -> ast.expr:
    """Return the target of an augmented assignment as an expression that reads it."""
    if isinstance(target, ast.Attribute):
        return ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
    if isinstance(target, ast.Subscript):
        return ast.copy_location(ast.Subscript(target.value, target.slice, ast.Load()), target)
    return target


def _names_around(scope: Scope | None) -> frozenset[str]:
    found: set[str] = set()
    while scope is not None:
        if not scope.is_class:
            found |= scope.local_names
        scope = scope.parent
    return frozenset(found)
