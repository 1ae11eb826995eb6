"""Calls: the notebook's own functions are run abstractly, the libraries' are looked up."""

from __future__ import annotations

import ast

from mdk_converters.analysis.libraries import Libraries
from mdk_converters.analysis.machine import Arguments, Bound
from mdk_converters.analysis.own_modules import OwnModules
from mdk_converters.analysis.values import UNKNOWN, Class, Function, Scope, Value, join, local_names

_MOST_CALLS = 300  # per statement; beyond, functions are taken for unknown ones
_MOST_DEPTH = 10


class Calls(Libraries):
    def __init__(self, own: OwnModules | None = None) -> None:
        super().__init__(own)
        self.active: list[ast.AST] = []
        self.calls = 0
        self.handed: set[tuple[int, frozenset[int]]] = set()  # callbacks that the statement has run, with their data
        self.returned: list[list[Value]] = []

    # --- the entry

    def call(self, target: Value, arguments: Arguments) -> Value:
        """Return what calling `target` gives, after recording what it does."""
        self._use_up(arguments)
        self.use_handed(arguments.all)
        if target.path is not None:
            return self.call_path(target.path, arguments)
        found: list[Value] = []
        known = True
        for identity in sorted(target.objects):
            code = self.heap[identity].code
            if isinstance(code, Function):
                result = self.call_function(code, arguments)
                found.append(self._remembered(identity, result) if code.remembers else result)
            elif isinstance(code, Class):
                found.append(self.instantiate(identity, code, arguments))
            elif isinstance(bound := self.heap[identity].bound, Arguments):
                found.append(self.call(bound.positional[0], _after(bound, arguments)))
            elif isinstance(bound, Bound):
                found.append(self.call_method(bound.receiver, bound.name, arguments))
            elif (cls := self.heap[identity].instance_of) is not None:
                instance = Value(frozenset({identity}), "instance")
                found.append(self.call_method_named("__call__", cls, instance, arguments) or UNKNOWN)
            else:
                known = False
        if known and found:
            return join(found)
        return self.call_unknown(target, arguments, found)

    def _remembered(self, identity: int, result: Value) -> Value:
        """A cached function changes with its calls: it holds what they gave, and gives it again."""
        self.mutate(Value(frozenset({identity}), "function"), [result], certain=False)
        return join([result, Value(frozenset(self.heap[identity].holds))]) if result.objects else result

    def call_unknown(self, target: Value, arguments: Arguments, found: list[Value]) -> Value:
        """Nothing is known of the callable: it may change itself and whatever it is given."""
        self.mutate(target, arguments.all, certain=False, deep=True)
        for value in arguments.all:
            self.mutate(value, certain=False, deep=True)
        self.run_callbacks([target, *arguments.all])
        self._maybe_torch()
        return join([*found, self.new("unknown", [target, *arguments.all])])

    def _use_up(self, arguments: Arguments) -> None:
        """A random generator given to a call draws, and an iterator may be used up: their state changes."""
        for value in arguments.all:
            if value.kind in {"iterator", "generator"}:
                self.consume(value)
            drawn = frozenset(o for o in value.objects if self.heap[o].kind == "rng")
            if drawn:
                self.mutate(Value(drawn, "rng"))

    # --- the notebook's own functions

    def call_function(self, code: Function, arguments: Arguments, receiver: Value | None = None) -> Value:
        node = code.node
        self.calls += 1
        if node in self.active or len(self.active) >= _MOST_DEPTH or self.calls > _MOST_CALLS:
            return self._call_unread(code, arguments, receiver)
        names, global_names, nonlocal_names = local_names(node)
        scope = Scope(
            names,
            code.closure,
            global_names=global_names,
            nonlocal_names=nonlocal_names,
            owner=code.owner,
            receiver=receiver,
        )
        self._bind(node.args, code, arguments, receiver, scope)
        outer, self.scope = self.scope, scope
        self.active.append(node)
        self.returned.append([])
        try:
            if isinstance(node, ast.Lambda):
                return self.evaluate(node.body)
            before = set(self.definite)
            self.run_block(node.body)
            if global_names and _returns_early(node):
                self.definite &= before
            values = self.returned[-1]
            if _is_generator(node):
                return self.new("generator", [*values, *arguments.all])
            return join(values)
        finally:
            self.returned.pop()
            self.active.pop()
            self.scope = outer

    def _bind(
        self,
        signature: ast.arguments,
        code: Function,
        arguments: Arguments,
        receiver: Value | None,
        scope: Scope,
    ) -> None:
        positional = [*([receiver] if receiver is not None else []), *arguments.positional]
        spread = self.part(self.new("list", arguments.rest)) if arguments.rest else None
        parameters = [*signature.posonlyargs, *signature.args]
        for index, parameter in enumerate(parameters):
            name = parameter.arg
            if index < len(positional):
                value = positional[index]
            elif name in arguments.keywords:
                value = arguments.keywords[name]
            else:
                value = code.defaults.get(name, spread or UNKNOWN)
                if spread is not None:
                    value = join([value, spread])
            scope.variables[name] = value
        for parameter in signature.kwonlyargs:
            name = parameter.arg
            value = arguments.keywords.get(name) or code.defaults.get(name, UNKNOWN)
            scope.variables[name] = value if spread is None else join([value, spread])
        if signature.vararg:
            extra = [*positional[len(parameters) :], *arguments.rest]
            scope.variables[signature.vararg.arg] = self.new("tuple", extra, fuzzy=False)
        if signature.kwarg:
            extra = [*arguments.keywords.values(), *arguments.rest]
            scope.variables[signature.kwarg.arg] = self.new("dict", extra, fuzzy=False)

    def _call_unread(self, code: Function, arguments: Arguments, receiver: Value | None) -> Value:
        """A recursive or too deep call: its body is being read already, or is taken for the worst."""
        given = [*([receiver] if receiver is not None else []), *arguments.all]
        if code.node not in self.active:
            for value in given:
                self.mutate(value, certain=False, deep=True)
            for name in code.lazy:
                value = self.load_global(name)
                self.mutate(value, certain=False, deep=True)
                if isinstance(code.node, ast.FunctionDef) and name in local_names(code.node)[1]:
                    self.perhaps(lambda name=name: self.store_name(name, UNKNOWN))  # type: ignore[misc]
        return self.new("unknown", given)

    def instantiate(self, identity: int, code: Class, arguments: Arguments) -> Value:
        instance = self.heap.new("instance", {identity}, fuzzy=False)
        (created,) = instance.objects
        self.heap[created].instance_of = identity
        self._maybe_torch()
        known = False
        for name in ("__new__", "__init__", "__post_init__"):
            method = self.find_method(identity, name)
            if method is not None:
                given = arguments if name != "__post_init__" else Arguments()
                first = instance if name != "__new__" else Value(frozenset({identity}), "class")
                self.call_function(method, given, first)
                known = known or name == "__init__"
        if not known:  # dataclasses, named tuples, subclasses of library classes: the instance keeps its arguments
            self.heap.hold(created, frozenset().union(*(v.objects for v in arguments.all)))
            if self.library_base(identity):
                self.heap[created].fuzzy = True
            self._run_default_factories(identity)
            self.use_own_bases(identity, "__init__")
            for name, value in arguments.keywords.items():
                self.heap[created].fields[name] = value
        return instance

    def use_own_bases(self, identity: int, name: str) -> None:
        """A method that a class of the notebook inherits from one of the user's modules runs."""
        code = self.heap[identity].code
        for base in code.bases if isinstance(code, Class) else ():
            if base.path is not None and self.is_local(base.path):
                self.use(self.own.deeds(f"{base.path}.{name}"))
            for o in base.objects if base.path is None else ():
                self.use_own_bases(o, name)

    def _run_default_factories(self, identity: int) -> None:
        """A data class makes the values of its fields by functions that `field(default_factory=…)` was given."""
        code = self.heap[identity].code
        if isinstance(code, Class):
            fields = [v for v in code.attributes.values() if not any(self.heap[o].code for o in v.objects)]
            self.run_callbacks(fields)

    def find_method(self, identity: int, name: str, *, above: bool = False) -> Function | None:
        """Return a method of a notebook class, looking through its bases in order."""
        code = self.heap[identity].code
        if not isinstance(code, Class):
            return None
        if not above:
            value = code.attributes.get(name)
            if value is not None:
                for o in value.objects:
                    if isinstance(function := self.heap[o].code, Function):
                        return function
                return None
        for base in code.bases:
            for o in base.objects:
                found = self.find_method(o, name)
                if found is not None:
                    return found
        return None

    def library_base(self, identity: int) -> bool:
        """Tell whether a notebook class inherits from something that is not read here."""
        code = self.heap[identity].code
        if not isinstance(code, Class):
            return True
        return any(
            (base.path is not None and base.path not in {"builtins.object", "abc.ABC", "builtins.Exception"})
            or any(self.library_base(o) for o in base.objects)
            or not (base.objects or base.path)
            for base in code.bases
        )

    def call_method_named(self, name: str, cls: int, instance: Value, arguments: Arguments) -> Value | None:
        method = self.find_method(cls, name)
        if method is None:
            return None
        kinds = {d.id for d in getattr(method.node, "decorator_list", []) if isinstance(d, ast.Name)}
        if "staticmethod" in kinds:
            return self.call_function(method, arguments)
        if "classmethod" in kinds:
            return self.call_function(method, arguments, Value(frozenset({cls}), "class"))
        return self.call_function(method, arguments, instance)

    def run_hooks(self, value: Value, *names: str, given: list[Value] | None = None) -> Value | None:
        """Run special methods (`__str__`, `__add__`, …) of the notebook's own classes that `value` may have."""
        found = []
        for identity in sorted(value.objects):
            cls = self.heap[identity].instance_of
            for name in names if cls is not None else ():
                instance = Value(frozenset({identity}), "instance")
                result = self.call_method_named(name, cls or 0, instance, Arguments(list(given or [])))
                if result is not None:
                    found.append(result)
        return join(found) if found else None

    def run_callbacks(self, values: list[Value]) -> None:
        """Functions, and methods of instances, that are handed to foreign code may be called by it."""
        reached = self.heap.reach(frozenset().union(*(v.objects for v in values)))
        handed = [o for o in sorted(reached) if self.heap[o].code is not None or self.heap[o].instance_of is not None]
        if not handed:
            return
        data = Arguments(rest=[Value(frozenset(v.objects - set(handed))) for v in values])
        older = frozenset(o for v in data.rest for o in self.heap.reach(v.objects) if o < self.first_new)
        for identity in handed:
            if (identity, older) in self.handed:
                continue
            self.handed.add((identity, older))
            current = self.heap[identity]
            if isinstance(current.code, Function) and current.code.owner is None:
                code = current.code
                self.perhaps(lambda code=code: self.call_function(code, data))  # type: ignore[misc]
                if code.remembers:
                    self._remembered(identity, UNKNOWN)
            elif current.instance_of is not None:
                self._run_methods(identity, current.instance_of, data)

    def _run_methods(self, identity: int, cls: int, data: Arguments) -> None:
        code = self.heap[cls].code
        if not isinstance(code, Class) or len(self.active) > 3:
            return
        instance = Value(frozenset({identity}), "instance")
        for name in sorted(code.attributes):
            if name == "__init__":
                continue
            self.perhaps(lambda name=name: self.call_method_named(name, cls, instance, data))  # type: ignore[misc]

    # --- methods of values

    def call_method(self, receiver: Value, name: str, arguments: Arguments) -> Value:
        """Call `receiver.name(...)`."""
        self._use_up(arguments)
        self.use_handed(arguments.all)
        if name in {"__enter__", "__exit__", "enter_context"}:
            self.enter([receiver, *arguments.all])
        if receiver.path is not None:
            return self.call_path(f"{receiver.path}.{name}", arguments)
        if receiver.kind == "super" and self.scope is not None:
            return self._call_super(receiver, name, arguments)
        results: list[Value] = []
        rest: set[int] = set()
        for identity in sorted(receiver.objects):
            current = self.heap[identity]
            single = Value(frozenset({identity}), current.kind)
            if current.instance_of is not None:
                result = self.call_method_named(name, current.instance_of, single, arguments)
                if result is None and name in current.fields:
                    result = self.call(current.fields[name], arguments)
                if result is not None:
                    results.append(result)
                    continue
            elif isinstance(current.code, Class):
                method = self.find_method(identity, name)
                if method is not None:
                    bound = (
                        self.call_method_named(
                            name,
                            identity,
                            arguments.positional[0],
                            Arguments(arguments.positional[1:], arguments.keywords, arguments.rest),
                        )
                        if arguments.positional and not _is_class_level(method)
                        else self.call_method_named(name, identity, single, arguments)
                    )
                    results.append(bound or UNKNOWN)
                    continue
            rest.add(identity)
        if rest or not results:
            others = Value(frozenset(rest), receiver.kind, const=receiver.const)
            results.append(self._call_library_method(others, name, arguments))
        return join(results)

    def _call_super(self, receiver: Value, name: str, arguments: Arguments) -> Value:
        owner = self.scope.owner if self.scope is not None else None
        for base in owner.bases if owner is not None else []:
            for identity in base.objects:
                method = self.find_method(identity, name)
                if method is not None:
                    return self.call_function(method, arguments, receiver)
        self.mutate(receiver, arguments.all, certain=False)
        return self.new("unknown", [receiver, *arguments.all])


def _after(bound: Arguments, given: Arguments) -> Arguments:
    """Return the arguments that the function of a partial object is called with."""
    positional = [*bound.positional[1:], *given.positional]
    return Arguments(positional, {**bound.keywords, **given.keywords}, [*bound.rest, *given.rest])


def _is_class_level(method: Function) -> bool:
    decorators = {d.id for d in getattr(method.node, "decorator_list", []) if isinstance(d, ast.Name)}
    return bool(decorators & {"classmethod", "staticmethod"})


def _is_generator(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    todo: list[ast.AST] = list(node.body)
    while todo:
        current = todo.pop()
        if isinstance(current, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(current, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            todo.extend(ast.iter_child_nodes(current))
    return False


def _returns_early(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    returns = [n for n in ast.walk(node) if isinstance(n, ast.Return | ast.Raise)]
    return any(r is not node.body[-1] for r in returns)
