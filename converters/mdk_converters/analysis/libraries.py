"""What calls of libraries do: methods and functions are looked up by their names."""

from __future__ import annotations

import re
import sys

from mdk_converters.analysis import knowledge
from mdk_converters.analysis.deeds import Deeds
from mdk_converters.analysis.machine import Arguments
from mdk_converters.analysis.traces import Traces, is_none, path_of
from mdk_converters.analysis.values import ATOM, NONE, UNKNOWN, Class, Value, join

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
_SETTER = re.compile(r"set[a-z]*$|_?(set|reset|use|enable|disable|configure|init|extension|go_offline|register)(_|$)")
_LOADER = re.compile(r"(load|read|fetch|get|make|data|open|download|generate|simulate)")
_PLAIN_RESULTS = {"len": "int", "int": "int", "float": "float", "str": "str", "bool": "bool", "repr": "str"}
_PANDAS_SCALAR = frozenset({"Timestamp", "Timedelta", "isna", "isnull", "notna", "notnull", "Period", "Interval"})


class Libraries(Traces):
    # --- methods of values

    def _call_library_method(self, receiver: Value, name: str, arguments: Arguments) -> Value:
        kind = receiver.kind
        if kind in {"str", "bytes", "int", "float", "bool", "none", "atom"}:
            self._note_path_method(receiver, name, arguments)
            return self._atom_method(name)
        self._note_method_file(name, arguments)
        if kind == "rng" and name == "spawn":
            self.mutate(receiver)
            return self.new("list", [self.new("rng")], fuzzy=False)
        if kind == "rng":
            self.mutate(receiver, arguments.all if name == "shuffle" else [])
            if name == "shuffle":
                for value in arguments.positional[:1]:
                    self.mutate(value)
            return self.new("array", fuzzy=False)
        if kind == "styler":  # its methods change and return it
            self.run_callbacks(arguments.all)
            self.mutate(receiver, arguments.all)
            return receiver
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
            return self.new(kind, [receiver, *arguments.all])
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
        self.use(self.own.deeds_of_methods(name))  # which the receiver may have, or inherit
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
            self.effects.files.append(("r", path_of(arguments)))
        self.note_figures(path)
        if path not in _SINGLETONS and self.note_state(path):
            return Value(kind="library", path=path) if path in _SINGLETONS else NONE
        self._note_path_file(path, name, arguments)
        self.run_callbacks(arguments.all)
        if path in _GENERATORS:
            return self.new("rng", arguments.all)
        if path == "functools.partial" and arguments.positional:
            return self._partial(arguments)
        if (
            path in {"importlib.import_module"}
            and arguments.positional
            and isinstance(arguments.positional[0].const, str)
        ):
            return Value(kind="module", path=arguments.positional[0].const)
        if path in _SINGLETONS:
            return Value(kind="library", path=path)
        if path == "importlib.reload" and arguments.positional and arguments.positional[0].path is not None:
            self.use(self.own.deeds_of_reload(arguments.positional[0].path))
        if path in knowledge.ENTERED_SETTINGS:
            return self._context(knowledge.ENTERED_SETTINGS[path], arguments)
        if path in knowledge.CANNOT_TRAVEL:
            return self._untravelable(knowledge.CANNOT_TRAVEL[path], arguments)
        setting = arguments.discarded and _SETTER.match(name) and package != "matplotlib" and not self.is_local(path)
        if setting and self._is_plain(arguments.all):
            self.effects.states.append((f"module:{package}", "set"))
            return NONE
        self._draw(path, name, arguments)
        for position in knowledge.CHANGES_ARGUMENTS.get(path, ()):
            if position < len(arguments.positional):
                self.mutate(arguments.positional[position], arguments.positional[position + 1 :])
        if "out" in arguments.keywords and not is_none(arguments.keywords["out"]):
            self.mutate(arguments.keywords["out"])
        if self.is_local(path):
            deeds = self.own.deeds(path)
            self.use(deeds)
            return self._call_local_module(arguments, deeds)
        if (arguments.discarded and package not in knowledge.QUIET_PACKAGES) or name.startswith("_"):
            for value in arguments.all:
                self.mutate(value, certain=False)
        return self._library_result(path, package, name, arguments)

    def _context(self, state: str, arguments: Arguments) -> Value:
        made = self.new("library", arguments.all)
        for identity in made.objects:
            self.heap[identity].sets = state
        return made

    def enter(self, contexts: list[Value]) -> None:
        """A context manager is entered or left by hand: its setting lasts."""
        for state in sorted({self.heap[o].sets for value in contexts for o in value.objects} - {""}):
            self.effects.states.append((state, "draw"))

    def _is_plain(self, values: list[Value]) -> bool:
        """Scalars and code: what a setting may be made with wherever it is made."""
        return all(v.path is not None or all(self.heap[o].code is not None for o in v.objects) for v in values)

    def _partial(self, arguments: Arguments) -> Value:
        """A partial object holds its function and arguments; calling it calls that function with them."""
        made = self.new("partial", arguments.all, fuzzy=False)
        for identity in made.objects:
            self.heap[identity].bound = arguments
        return made

    def _get_attribute(self, given: list[Value]) -> Value:
        """`getattr(base, name)`: an attribute of a known name, or any part of the object, its methods included."""
        base, name, *default = given
        if isinstance(name.const, str):
            return join([self.attribute(base, name.const), *default])
        if base.path is not None:
            return UNKNOWN
        return join([self.part(base), self.new("method", [base]), *default])

    def _call_local_module(self, arguments: Arguments, deeds: Deeds) -> Value:
        """The user's own module beside the notebook: it may change what it is given."""
        for value in arguments.all:
            self.mutate(value, certain=False, deep=True)
        result = self.new("unknown", arguments.all)
        for identity in result.objects:
            self.heap[identity].note = "local"
        for value in (result, *arguments.all):
            self.tie(value, deeds.changes)
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
            if name == "nditer" and "op_flags" in arguments.keywords:
                self.mutate(given[0])
            if name in knowledge.NUMPY_SHARING:
                return self.new("array", given)
            return self.new("array")
        if package in {"matplotlib", "seaborn"}:
            return self.new("figure")
        if package == "sklearn" and (name[:1].isupper() or name in _MODEL_MAKERS):
            model = self.new("model", given)
            seeded = arguments.keywords.get("random_state")
            for identity in model.objects:
                self.heap[identity].seeded = seeded is not None and seeded.atomic and not is_none(seeded)
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
        if name == "getattr" and len(arguments.positional) > 1:
            return self._get_attribute(arguments.positional)
        if name in {"setattr", "delattr"} and given and given[0].path is not None:
            attribute = given[1].const if len(given) > 1 else None
            path = f"{given[0].path}.{attribute}"
            if not self.note_state(path):
                self.change_imported(Value(given[0].objects, given[0].kind, path), given[2:])
            return NONE
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


def _joined(parts: list[object]) -> str | None:
    """Return the path made of literal parts, None when one of them is not known."""
    return "/".join(part for part in parts if isinstance(part, str)) if all(isinstance(p, str) for p in parts) else None


def given_objects(values: list[Value]) -> bool:
    return any(v.objects for v in values)


def _is_true(value: Value | None) -> bool:
    return value is not None and value.const is True
