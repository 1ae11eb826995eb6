"""Expressions of the abstract run."""

from __future__ import annotations

import ast
import re

from mdk_converters.analysis import knowledge
from mdk_converters.analysis.carrying import remember_path
from mdk_converters.analysis.effects import Need
from mdk_converters.analysis.machine import Arguments, Bound
from mdk_converters.analysis.magics import Magics
from mdk_converters.analysis.syntax import is_shell, magic_call
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
)

_FRAME_SELF = frozenset(["loc", "iloc", "at", "iat", "index", "columns", "flags", "attrs", "style", "_mgr", "axes"])
_FRAME_SHARING = frozenset(["values", "array", "str", "dt", "cat", "sparse", "plot", "T"])
_BINARY_HOOKS = ("__add__", "__sub__", "__mul__", "__truediv__", "__floordiv__", "__mod__", "__pow__", "__matmul__",
                 "__and__", "__or__", "__xor__", "__lshift__", "__rshift__", "__radd__", "__rmul__")  # fmt: skip
_COMPARE_HOOKS = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__", "__hash__")


_AT_NAME = re.compile(r"@([^\W\d]\w*)")
_WORD = re.compile(r"(?<![\w.])@?([^\W\d]\w*)")
_READS_FRAMES_BY_NAME = frozenset({"duckdb", "pandasql", "numexpr"})


class Expressions(Magics):
    def evaluate(self, node: ast.expr | None) -> Value:
        if node is None:
            return NONE
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            return self._children(node)
        value: Value = method(node)
        return value

    def _children(self, node: ast.AST) -> Value:
        found = [self.evaluate(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        return self.new("unknown", found) if any(v.objects for v in found) else UNKNOWN

    # --- names and literals

    def _name(self, node: ast.Name) -> Value:
        return self.load(node.id)

    def _constant(self, node: ast.Constant) -> Value:
        kind = {int: "int", float: "float", bool: "bool", str: "str", bytes: "bytes"}.get(type(node.value), "atom")
        return NONE if node.value is None else Value(kind=kind, const=node.value)

    def _joinedstr(self, node: ast.JoinedStr) -> Value:
        for part in node.values:
            self.evaluate(part)
        return Value(kind="str")

    def _formattedvalue(self, node: ast.FormattedValue) -> Value:
        self.run_hooks(self.evaluate(node.value), "__str__", "__repr__", "__format__")
        self.evaluate(node.format_spec)
        return Value(kind="str")

    def _display(self, kind: str, elements: list[ast.expr]) -> Value:
        held = []
        for element in elements:
            if isinstance(element, ast.Starred):
                value = self.evaluate(element.value)
                held.append(self.part(value))
            else:
                held.append(self.evaluate(element))
        if kind == "tuple" and not any(v.objects for v in held):
            return Value(kind="tuple")
        return self.new(kind, held, fuzzy=False)

    def _list(self, node: ast.List) -> Value:
        return self._display("list", node.elts)

    def _set(self, node: ast.Set) -> Value:
        return self._display("set", node.elts)

    def _tuple(self, node: ast.Tuple) -> Value:
        return self._display("tuple", node.elts)

    def _dict(self, node: ast.Dict) -> Value:
        held = []
        for key, item in zip(node.keys, node.values, strict=True):
            value = self.evaluate(item)
            held.append(self.part(value) if key is None else value)
            if key is not None:
                held.append(self.evaluate(key))
        return self.new("dict", held, fuzzy=False)

    # --- operators

    def _binop(self, node: ast.BinOp) -> Value:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        hooked = [
            value
            for value in (
                self.run_hooks(left, *_BINARY_HOOKS, given=[right]),
                self.run_hooks(right, *_BINARY_HOOKS, given=[left]),
            )
            if value is not None
        ]
        if hooked:
            return join([*hooked, self.new("unknown", [left, right])])
        if left.kind == "str" and isinstance(node.op, ast.Mod | ast.Add | ast.Mult):
            return Value(kind="str", const=_concatenated(left, right) if isinstance(node.op, ast.Add) else None)
        if isinstance(node.op, ast.Div) and isinstance(left.const, str) and isinstance(right.const, str):
            return Value(kind="atom", const=f"{left.const}/{right.const}")  # a path
        if left.atomic and right.atomic:
            kind = "float" if isinstance(node.op, ast.Div) or "float" in {left.kind, right.kind} else left.kind
            return Value(kind=kind)
        for kind in ("dataset", "array"):
            if kind in {left.kind, right.kind}:
                return self.new(kind)
        return self.new(left.kind if left.kind in {"list", "tuple"} else "unknown", [self.part(left), self.part(right)])

    def _unaryop(self, node: ast.UnaryOp) -> Value:
        value = self.evaluate(node.operand)
        if isinstance(node.op, ast.Not):
            self.run_hooks(value, "__bool__", "__len__")
            return Value(kind="bool")
        self.run_hooks(value, "__neg__", "__invert__", "__pos__")
        return value if value.atomic else self.new(value.kind)

    def _boolop(self, node: ast.BoolOp) -> Value:
        found = [self.evaluate(node.values[0])]
        for operand in node.values[1:]:
            self.perhaps(lambda operand=operand: found.append(self.evaluate(operand)))  # type: ignore[misc]
        return join(found)

    def _compare(self, node: ast.Compare) -> Value:
        values = [self.evaluate(operand) for operand in [node.left, *node.comparators]]
        if any(isinstance(op, ast.Is | ast.IsNot) for op in node.ops) and sum(bool(v.objects) for v in values) > 1:
            names = {
                n.id for operand in [node.left, *node.comparators] for n in ast.walk(operand) if isinstance(n, ast.Name)
            }
            self.effects.together.append(frozenset(names))
        for value in values:
            self.run_hooks(value, *_COMPARE_HOOKS, given=values)
        for kind in ("dataset", "array"):
            if any(v.kind == kind for v in values):
                return self.new(kind)
        return Value(kind="bool") if all(v.atomic for v in values) else self.new("array", fuzzy=False)

    def _ifexp(self, node: ast.IfExp) -> Value:
        self.evaluate(node.test)
        found: list[Value] = []

        def either(branch: ast.expr) -> bool:
            found.append(self.evaluate(branch))
            return False

        self.branches(lambda: either(node.body), lambda: either(node.orelse))
        return join(found)

    def _namedexpr(self, node: ast.NamedExpr) -> Value:
        value = self.evaluate(node.value)
        scope = self.scope
        while self.scope is not None and self.scope.is_class is False and self.scope.owner is _COMPREHENSION:
            self.scope = self.scope.parent
        self.store_name(node.target.id, value)
        self.scope = scope
        return value

    def _await(self, node: ast.Await) -> Value:
        return self.evaluate(node.value)

    def _starred(self, node: ast.Starred) -> Value:
        return self.part(self.evaluate(node.value))

    def _yield(self, node: ast.Yield) -> Value:
        self._give_back(self.evaluate(node.value))
        return UNKNOWN

    def _yieldfrom(self, node: ast.YieldFrom) -> Value:
        self._give_back(self.evaluate(node.value))
        return UNKNOWN

    def _give_back(self, value: Value) -> None:
        if self.returned:
            self.returned[-1].append(value)

    # --- parts

    def _attribute(self, node: ast.Attribute) -> Value:
        base = self.evaluate(node.value)
        if node.attr in {"user_ns", "user_global_ns"} and is_shell(node.value):
            self.effects.dynamic = f"get_ipython().{node.attr}"
        return self.attribute(base, node.attr)

    def attribute(self, base: Value, name: str) -> Value:
        if base.path is not None:
            self.effects.modules.add(base.path.split(".")[0])
            return self.imported(f"{base.path}.{name}")
        if base.atomic:
            return ATOM
        if base.kind == "figure":
            return base
        if base.kind == "dataset":
            if name in {"shape", "size", "ndim", "empty", "dtype", "name"}:
                return ATOM
            if name == "attrs":
                return Value(base.objects, "dict")
            if name == "style":
                return self.new("styler", [base])
            if name in _FRAME_SELF:
                return Value(base.objects, "indexer" if name in {"loc", "iloc", "at", "iat"} else "dataset")
            if name in _FRAME_SHARING:
                return self.new("array" if name in {"values", "array"} else "unknown", [base])
            return self.new("dataset")
        if base.kind == "array":
            return ATOM if name in {"shape", "size", "ndim", "dtype", "nbytes"} else Value(base.objects, "array")
        if base.kind == "untravelable" and name in {"name", "mode", "closed", "encoding"}:
            return ATOM  # of a file
        self.glance(base)
        found = [self._field(identity, name) for identity in sorted(base.objects)]
        return join(found) if found else UNKNOWN

    def _field(self, identity: int, name: str) -> Value:
        current = self.heap[identity]
        if name in {"__dict__", "__self__"}:
            return Value(frozenset({identity}))
        if current.kind in {"list", "dict", "set"} and name in knowledge.CHANGES_RECEIVER:
            return self.bound_method(Value(frozenset({identity}), current.kind), name)
        known = [current.fields[name]] if name in current.fields else []
        cls = identity if isinstance(current.code, Class) else current.instance_of
        if cls is not None:
            method = self.find_method(cls, name)
            if method is not None and current.instance_of is not None:
                decorators = {_last_word(d) for d in getattr(method.node, "decorator_list", [])}
                if decorators & {"property", "cached_property"}:
                    known.append(self.call_function(method, Arguments(), Value(frozenset({identity}), "instance")))
                    if "cached_property" in decorators:
                        self.mutate(Value(frozenset({identity}), "instance"), known, certain=False)
                else:
                    return self.new("method", [Value(frozenset({identity}))], fuzzy=False)
            inherited = self.class_attribute(cls, name)
            if inherited is not None:
                got = self.run_hooks(inherited, "__get__", given=[Value(frozenset({identity}), "instance"), ATOM])
                known += [got] if got is not None else []
                known.append(inherited)
        if known and not current.fuzzy:
            return join(known)
        return join([*known, Value(self.heap.parts(Value(frozenset({identity}))))])

    def bound_method(self, receiver: Value, name: str) -> Value:
        """`add = rows.append`"""
        made = self.new("method", [receiver], fuzzy=False)
        for identity in made.objects:
            self.heap[identity].bound = Bound(receiver, name)
        return made

    def class_attribute(self, identity: int, name: str) -> Value | None:
        code = self.heap[identity].code
        if not isinstance(code, Class):
            return None
        if name in code.attributes:
            return code.attributes[name]
        for base in code.bases:
            for o in base.objects:
                found = self.class_attribute(o, name)
                if found is not None:
                    return found
        return None

    def _subscript(self, node: ast.Subscript) -> Value:
        base = self.evaluate(node.value)
        index = self.evaluate(node.slice)
        hooked = self.run_hooks(base, "__getitem__", "__class_getitem__", given=[index])
        if hooked is not None:
            return hooked
        if base.kind in {"dataset", "indexer"}:
            return self.new("dataset")
        if base.kind in {"array", "figure"}:
            return Value(base.objects, base.kind)
        if base.path is not None and self.is_local(base.path):
            return Value(self.imported(base.path).objects)
        if base.path is not None or base.atomic:
            return ATOM if base.atomic or base.path == "os.environ" else UNKNOWN
        if isinstance(node.slice, ast.Slice) and base.kind in {"list", "tuple"}:
            return self.new(base.kind, [self.part(base)], fuzzy=False)
        if base.kind == "unknown" and base.objects and any(self.heap[o].code for o in base.objects):
            self.mutate(base, certain=False)
        return self.part(base)

    def _slice(self, node: ast.Slice) -> Value:
        for part in (node.lower, node.upper, node.step):
            self.evaluate(part)
        return ATOM

    # --- functions and comprehensions

    def _lambda(self, node: ast.Lambda) -> Value:
        return self.function(node, None)

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, owner: Class | None) -> Value:
        """Return the value of a function definition, after reading its defaults."""
        signature = node.args
        positional = [*signature.posonlyargs, *signature.args]
        defaults: dict[str, Value] = {}
        for parameter, default in zip(
            positional[len(positional) - len(signature.defaults) :], signature.defaults, strict=True
        ):
            defaults[parameter.arg] = self.evaluate(default)
        for parameter, keyword_default in zip(signature.kwonlyargs, signature.kw_defaults, strict=True):
            if keyword_default is not None:
                defaults[parameter.arg] = self.evaluate(keyword_default)
        closure = self.scope
        while closure is not None and closure.is_class:
            closure = closure.parent
        around = closure
        while around is not None and not around.captured:
            around.captured = True
            around = around.parent
        code = Function(node, closure, defaults, owner=owner, lazy=lazy_names(node, _enclosing_names(closure)))
        held = frozenset().union(*(v.objects for v in defaults.values()))
        value = self.heap.new("function", held, fuzzy=False, code=code)
        return value

    def _comprehension_body(self, generators: list[ast.comprehension], elements: list[ast.expr]) -> list[Value]:
        names = frozenset(n.id for g in generators for n in ast.walk(g.target) if isinstance(n, ast.Name))
        first = self.evaluate(generators[0].iter)
        outer = self.scope
        parent = outer
        scope = Scope(names, parent, owner=_COMPREHENSION)
        if outer is not None and outer.is_class:
            scope.parent = outer.parent
        self.scope = scope
        found: list[Value] = []

        def body() -> None:
            for position, generator in enumerate(generators):
                source = first if position == 0 else self.evaluate(generator.iter)
                self.run_hooks(source, "__iter__", "__next__", "__getitem__")
                self.consume(source)
                self.assign(generator.target, self.element(source))
                for condition in generator.ifs:
                    self.evaluate(condition)
            found.extend(self.evaluate(element) for element in elements)

        try:
            self.perhaps(body)
        finally:
            self.scope = outer
        return found

    def _listcomp(self, node: ast.ListComp) -> Value:
        return self.new("list", self._comprehension_body(node.generators, [node.elt]), fuzzy=False)

    def _setcomp(self, node: ast.SetComp) -> Value:
        return self.new("set", self._comprehension_body(node.generators, [node.elt]), fuzzy=False)

    def _dictcomp(self, node: ast.DictComp) -> Value:
        return self.new("dict", self._comprehension_body(node.generators, [node.key, node.value]), fuzzy=False)

    def _generatorexp(self, node: ast.GeneratorExp) -> Value:
        value = self.new("untravelable", self._comprehension_body(node.generators, [node.elt]))
        for identity in value.objects:
            self.heap[identity].note = "a generator"
            self.heap[identity].kind = "untravelable"
        return value

    def consume(self, value: Value) -> None:
        """Iterating takes elements out of iterators, generators and files."""
        spent = frozenset(o for o in value.objects if self.heap[o].kind in {"iterator", "generator", "untravelable"})
        if spent:
            self.mutate(Value(spent, "list"), certain=False)
            self.run_callbacks([Value(spent)])  # of map and filter

    def element(self, value: Value) -> Value:
        if value.atomic or not value.objects:
            return UNKNOWN if not value.atomic else ATOM
        if value.kind == "dataset":
            return ATOM
        if value.kind in {"array", "figure"}:
            return Value(value.objects, value.kind)
        return self.part(value)

    # --- calls

    def _call(self, node: ast.Call, *, discarded: bool = False) -> Value:
        magic = magic_call(node)
        if magic is not None:
            return self.run_magic(*magic)
        if isinstance(node.func, ast.Attribute):
            receiver = self.evaluate(node.func.value)
            if receiver.path is not None:
                remember_path(node, f"{receiver.path}.{node.func.attr}")
            arguments = self._arguments(node, discarded)
            if discarded and is_shell(node.func):
                self.effects.states.append(("module:IPython", "set"))
            self._read_named(node, receiver.path, node.func.attr)
            return self.call_method(receiver, node.func.attr, arguments)
        target = self.evaluate(node.func)
        if target.path is not None:
            remember_path(node, target.path)
            self._read_named(node, target.path, target.path.rpartition(".")[2])
        return self.call(target, self._arguments(node, discarded))

    def _read_named(self, node: ast.Call, path: str | None, name: str) -> None:
        """Some libraries look up names of the caller that stand in a text: `frame.query("age > @limit")`."""
        texts = [
            part.value
            for argument in [*node.args, *(k.value for k in node.keywords)]
            for part in ast.walk(argument)
            if isinstance(part, ast.Constant) and isinstance(part.value, str)
        ]
        if name in {"query", "eval"} and (path is None or path.startswith("pandas")):
            found = {n for text in texts for n in (_AT_NAME if path is None else _WORD).findall(text)}
        elif any("~" in text for text in texts):  # a formula of statsmodels or patsy
            found = {n for text in texts if "~" in text for n in _WORD.findall(text)}
        elif path is not None and path.partition(".")[0] in _READS_FRAMES_BY_NAME:
            found = {n for text in texts for n in _WORD.findall(text)}
        else:
            return
        with self.at_most(Need.CONDITIONAL):
            for known in sorted(
                n for n in found if n in self.names or (self.scope is not None and "@" in "".join(texts))
            ):
                self.load(known)

    def _arguments(self, node: ast.Call, discarded: bool) -> Arguments:
        arguments = Arguments(discarded=discarded)
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                value = self.evaluate(argument.value)
                self.consume(value)
                arguments.rest.append(self.part(value))
            else:
                arguments.positional.append(self.evaluate(argument))
        for keyword in node.keywords:
            value = self.evaluate(keyword.value)
            if keyword.arg is None:
                arguments.rest.append(self.part(value))
            else:
                arguments.keywords[keyword.arg] = value
        return arguments

    # --- assignment, for statements and comprehensions

    def assign(self, target: ast.expr, value: Value) -> None:
        raise NotImplementedError


_COMPREHENSION = Class(ast.ClassDef("", [], [], [], []), [], {})


def _enclosing_names(scope: Scope | None) -> frozenset[str]:
    found: set[str] = set()
    while scope is not None:
        found |= scope.local_names
        scope = scope.parent
    return frozenset(found)


def _concatenated(left: Value, right: Value) -> str | None:
    return left.const + right.const if isinstance(left.const, str) and isinstance(right.const, str) else None


def _last_word(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
