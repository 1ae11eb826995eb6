"""The user's own modules beside the notebook: what calling their code does to state that outlives the call.

The modules are parsed, never imported. What a function does includes what the functions that it names do.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mdk_converters.analysis import knowledge
from mdk_converters.analysis.values import FileUse, StateUse, local_names

_MUTABLE_CALLS = frozenset(
    ["builtins.dict", "builtins.list", "builtins.set", "collections.OrderedDict", "collections.defaultdict",
     "collections.Counter", "types.SimpleNamespace", "numpy.array", "numpy.arange", "numpy.linspace"]
)  # fmt: skip
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)
_STAYS = {"a lock", "a thread", "a thread pool", "a process pool"}  # every process has its own
_PURE = knowledge.PURE_AND_FRESH | knowledge.PURE_AND_SHARING


@dataclass(frozen=True, slots=True)
class Deeds:
    """What running some code may do. `changes` are parts of own modules, as `module:name` or `module:Class.name`."""

    changes: frozenset[str] = frozenset()
    states: frozenset[tuple[str, StateUse]] = frozenset()
    files: frozenset[FileUse] = frozenset()

    def __or__(self, other: Deeds) -> Deeds:
        return Deeds(self.changes | other.changes, self.states | other.states, self.files | other.files)


NOTHING = Deeds()


class OwnModules:
    """Own modules by their first names.

    Example:
        >>> own = OwnModules({"tally": "count = 0\\ndef add():\\n    global count\\n    count += 1"})
        >>> sorted(own.deeds("tally.add").changes)
        ['tally:count']
    """

    def __init__(self, sources: Mapping[str, str] | None = None, folder: Path | None = None) -> None:
        self._sources = sources or {}  # written by cells
        self._folder = folder
        self._modules: dict[str, _Module | None] = {}
        self._known: dict[str, Deeds] = {}
        self._busy: set[str] = set()
        self.names = frozenset(name.partition(".")[0] for name in self._sources) | _names_in(folder)

    def deeds(self, path: str) -> Deeds:
        """Return what calling or using `path`, such as `tally.Counter.add`, may do."""
        if path in self._busy:
            return NOTHING
        known = self._known.get(path)
        if known is None:
            self._busy.add(path)
            try:
                known = self._find(path)
            finally:
                self._busy.discard(path)
            if not self._busy:  # else a ring of functions may have hidden a part of it
                self._known[path] = known
        return known

    def deeds_of_methods(self, name: str) -> Deeds:
        """Return what a method of this name may do, whichever own class it is of."""
        found = NOTHING
        for module in list(self._modules.values()):
            for cls in module.classes() if module is not None else ():
                if any(isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == name for n in cls.body):
                    found |= self.deeds(f"{module.name}.{cls.name}.{name}" if module is not None else "")
        return found

    def part(self, path: str) -> str | None:
        """Return the part of a module that changes when the value at `path` does, None when it is none of these.

        Example:
            >>> OwnModules({"conf": "limits = {}"}).part("conf.limits.depth")
            'conf:limits'
        """
        module, names = self._split(path)
        if module is None or not names:
            return None
        depth = 2 if isinstance(module.defined.get(names[0]), ast.ClassDef) else 1
        target = module.imports.get(names[0])
        if target is not None and target.partition(".")[0] in self.names:
            return self.part(".".join([target, *names[1:]]))
        return f"{module.name}:{'.'.join(names[:depth])}"

    def _find(self, path: str) -> Deeds:
        module, names = self._split(path)
        if module is None:
            return NOTHING
        if not names:
            return self._imported(module)
        target = module.imports.get(names[0])
        if target is not None:
            return self.deeds(".".join([target, *names[1:]])) if target.partition(".")[0] in self.names else NOTHING
        node = module.defined.get(names[0])
        if isinstance(node, ast.ClassDef) and len(names) > 1:
            methods = [n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
            found = NOTHING
            for method in methods:
                if method.name == names[1]:
                    found |= _Reader(self, module, node).read(method)
            return found
        if node is not None:
            return _Reader(self, module, node if isinstance(node, ast.ClassDef) else None).read(node)
        if names[0] in module.variables and len(names) > 1 and names[-1] not in _PURE:
            return Deeds(frozenset({f"{module.name}:{names[0]}"}))
        if names[0] in module.variables and len(names) == 1 and module.variables[names[0]]:
            return Deeds(frozenset({f"{module.name}:{names[0]}"}))
        return NOTHING

    def _imported(self, module: _Module) -> Deeds:
        """What the first import of a module does."""
        reader = _Reader(self, module, None)
        for node in module.tree.body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                reader.read(node)
        return Deeds(frozenset(), reader.found.states, reader.found.files)

    def _split(self, path: str) -> tuple[_Module | None, list[str]]:
        """Return the module that a dotted path begins with, and the names behind it."""
        parts = path.split(".")
        if parts[0] not in self.names:
            return None, []
        for length in range(len(parts), 0, -1):
            module = self._module(".".join(parts[:length]))
            if module is not None:
                return module, parts[length:]
        return None, []

    def _module(self, name: str) -> _Module | None:
        if name not in self._modules:
            self._modules[name] = None
            source = self._source(name)
            with contextlib.suppress(SyntaxError, ValueError, RecursionError):
                self._modules[name] = _Module(name, ast.parse(source)) if source is not None else None
        return self._modules[name]

    def _source(self, name: str) -> str | None:
        if name in self._sources:
            return self._sources[name]
        if self._folder is None:
            return None
        place = self._folder.joinpath(*name.split("."))
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            with contextlib.suppress(OSError, UnicodeDecodeError):
                return file.read_text("utf-8")
        return "" if place.is_dir() else None


def _names_in(folder: Path | None) -> frozenset[str]:
    try:
        entries = list(folder.iterdir()) if folder is not None else []
    except OSError:
        return frozenset()
    names = {e.stem for e in entries if e.suffix == ".py"}
    names |= {e.name for e in entries if e.is_dir() and any(e.glob("*.py"))}
    return frozenset(n for n in names if n.isidentifier())


class _Module:
    """The names of one module. `variables` says of each whether its value may change in place."""

    def __init__(self, name: str, tree: ast.Module) -> None:
        self.name = name
        self.tree = tree
        self.imports: dict[str, str] = {}
        self.defined: dict[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef] = {}
        self.variables: dict[str, bool] = {}
        for node in _statements(tree.body):
            self._note(node)
        self.packages = frozenset(path.partition(".")[0] for path in self.imports.values())

    def classes(self) -> list[ast.ClassDef]:
        return [node for node in self.defined.values() if isinstance(node, ast.ClassDef)]

    def _note(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.imports[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            around = self.name.split(".")[: -node.level] if node.level else []
            source = ".".join([*around, *([node.module] if node.module else [])])
            for alias in node.names:
                self.imports[alias.asname or alias.name] = f"{source}.{alias.name}" if source else alias.name
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self.defined[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                for child in ast.walk(target):
                    if isinstance(child, ast.Name):
                        self.variables[child.id] = node.value is not None and self.is_changeable(node.value)

    def is_changeable(self, node: ast.expr) -> bool:
        """Tell whether the value of an expression may change in place."""
        if isinstance(node, _DISPLAYS):
            return True
        if isinstance(node, ast.Call):
            path = self.path_of(node.func)
            if path is not None and knowledge.CANNOT_TRAVEL.get(path) in _STAYS:
                return False
            return path is None or path in _MUTABLE_CALLS or path not in knowledge.CONSTANT_CALLS
        return any(self.is_changeable(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))

    def path_of(self, node: ast.expr) -> str | None:
        """Return the dotted path of an imported or built-in thing that an expression names."""
        names = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        root = self.imports.get(node.id)
        if root is None:
            if node.id in self.defined or node.id in self.variables:
                return None
            root = f"builtins.{node.id}"
        return ".".join([root, *reversed(names)])


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that bind names of a module, those in branches included."""
    for node in body:
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for field in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(node, field, []))
            for handler in getattr(node, "handlers", []):
                yield from _statements(handler.body)


class _Reader:
    """Reads one function, class or statement of a module."""

    def __init__(self, own: OwnModules, module: _Module, cls: ast.ClassDef | None) -> None:
        self.own = own
        self.module = module
        self.cls = cls
        self.found = NOTHING
        self.local: frozenset[str] = frozenset()
        self.aliases: dict[str, str] = {}  # local name -> part of the module that it stands for

    def read(self, node: ast.stmt) -> Deeds:
        """Return what running `node` and all that it names may do; of a class, what any of its methods may do."""
        for child in ast.walk(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                local, outer, _ = local_names(child)
                self.local |= local
                self._change(*(f"{self.module.name}:{name}" for name in outer))
                if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                    self._note_defaults(child, node)
        for child in ast.walk(node):
            if isinstance(child, ast.Assign) and isinstance(child.value, ast.Name | ast.Attribute):
                part = self._part(child.value)
                for target in child.targets if part is not None else ():
                    if isinstance(target, ast.Name):
                        self.aliases[target.id] = part or ""
        for child in ast.walk(node):
            self._visit(child)
        return self.found

    def _note_defaults(self, function: ast.FunctionDef | ast.AsyncFunctionDef, node: ast.stmt) -> None:
        positional = [*function.args.posonlyargs, *function.args.args]
        pairs = list(zip(reversed(positional), reversed(function.args.defaults), strict=False))
        where = f"{self.cls.name}.{function.name}" if self.cls is not None else function.name
        if function is not node and (self.cls is None or function not in self.cls.body):
            return
        for parameter, default in pairs:
            if self.module.is_changeable(default):
                self.aliases[parameter.arg] = f"{self.module.name}:{where}.__defaults__"

    def _change(self, *parts: str) -> None:
        self.found |= Deeds(frozenset(parts))

    def _state(self, state: str, how: StateUse) -> None:
        self.found |= Deeds(states=frozenset({(state, how)}))

    # --- parts of modules

    def _part(self, node: ast.expr) -> str | None:
        """Return the part of an own module that changes when the value of an expression does."""
        names: list[str] = []
        while True:
            if isinstance(node, ast.Attribute):
                names.append(node.attr)
                node = node.value
            elif isinstance(node, ast.Subscript):
                names.clear()
                node = node.value
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                names.clear()
                node = node.func.value
            else:
                break
        names.reverse()
        if self._is_own_class(node) or (names[:1] == ["__class__"] and names.pop(0)):
            return f"{self.module.name}:{self.cls.name}.{names[0]}" if names and self.cls is not None else None
        if not isinstance(node, ast.Name):
            return None
        if node.id in self.local:
            if node.id == "self" and self.cls is not None and names:
                shared = names[0] in _shared_attributes(self.cls)
                return f"{self.module.name}:{self.cls.name}.{names[0]}" if shared else None
            return self.aliases.get(node.id)
        if node.id in self.module.defined:
            return f"{self.module.name}:{node.id}.{names[0]}" if names else None
        if node.id in self.module.variables:
            return f"{self.module.name}:{node.id}"
        target = self.module.imports.get(node.id)
        return self.own.part(".".join([target, *names])) if target is not None else None

    def _is_own_class(self, node: ast.expr) -> bool:
        """`cls`, or `type(self)`."""
        if self.cls is None:
            return False
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return node.func.id == "type" and len(node.args) == 1
        return isinstance(node, ast.Name) and node.id == "cls"

    def _is_changeable(self, node: ast.expr) -> bool:
        """A bare name of the module whose value may change in place."""
        return isinstance(node, ast.Name) and node.id not in self.local and self.module.variables.get(node.id, False)

    # --- nodes

    def _visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete):
            targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else [node.target]
            for target in targets:
                for child in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
                    self._store(child)
        elif isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, ast.Return | ast.Yield) and node.value is not None and self._is_changeable(node.value):
            self._touch(node.value)  # whoever gets it may change it
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in self.local:
            if node.id in self.module.defined:
                self.found |= self.own.deeds(f"{self.module.name}.{node.id}")
            elif node.id in self.module.imports:
                self._follow(node)
        elif isinstance(node, ast.Attribute):
            self._follow(node)

    def _follow(self, node: ast.expr) -> None:
        path = self.module.path_of(node)
        if path is not None and path.partition(".")[0] in self.own.names and "." in path:
            self.found |= self.own.deeds(path)

    def _touch(self, node: ast.expr) -> None:
        part = self._part(node)
        if part is not None:
            self._change(part)

    def _store(self, target: ast.expr) -> None:
        if not isinstance(target, ast.Attribute | ast.Subscript):
            return
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
            return  # the instance's own
        path = self.module.path_of(target.value if isinstance(target, ast.Subscript) else target)
        if path is not None:
            self._set_state(path)
        self._touch(target)

    def _set_state(self, path: str) -> bool:
        words = path.split(".")
        for length in range(len(words), 0, -1):
            state = knowledge.SETS_STATE.get(".".join(words[:length]))
            if state and not (length < len(words) and words[-1] in knowledge.ONLY_READS):
                self._state(state, "set")
                return True
        return False

    def _call(self, node: ast.Call) -> None:
        path = self.module.path_of(node.func)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        given = {keyword.arg for keyword in node.keywords}
        self._note_randomness(path, name, bool(given & {"random_state", "seed", "rng"}))
        self._note_files(path, name, node)
        if path is not None and not path.startswith("builtins."):
            self._set_state(path)
            for position in knowledge.CHANGES_ARGUMENTS.get(path, ()):
                if position < len(node.args):
                    self._touch(node.args[position])
        elif isinstance(node.func, ast.Attribute) and name not in _PURE:
            self._touch(node.func.value)
        elif self._is_changeable(node.func):
            self._touch(node.func)
        inside = isinstance(node.func, ast.Name) and node.func.id in self.module.defined
        own = inside or (path is not None and path.partition(".")[0] in self.own.names)
        for argument in node.args:
            if self._is_changeable(argument) and (own or path in {"builtins.next", "builtins.setattr"}):
                self._touch(argument)

    def _note_randomness(self, path: str | None, name: str, seeded: bool) -> None:
        if path is not None and path in knowledge.SEEDS:
            self._state(knowledge.SEEDS[path], "seed")
        elif path is not None and path not in knowledge.NEVER_DRAWS:
            for prefix, state in knowledge.DRAWS_FROM.items():
                if path.startswith(prefix):
                    self._state(state, "draw")
        if seeded:
            return
        package = path.partition(".")[0] if path is not None else ""
        numeric = self.module.packages & (knowledge.DRAWING_PACKAGES | {"numpy", "pandas"})
        if (name in knowledge.DRAWING_FUNCTIONS and package in knowledge.DRAWING_PACKAGES) or (
            path is None and name in knowledge.DRAWING_METHODS - {"split"} and numeric
        ):
            self._state("numpy_random", "draw")
        if package == "torch" or (path is None and "torch" in self.module.packages):
            self._state("torch_random", "draw")

    def _note_files(self, path: str | None, name: str, node: ast.Call) -> None:
        files: FileUse
        if name == "open":
            mode = (
                node.args[1] if len(node.args) > 1 else next((k.value for k in node.keywords if k.arg == "mode"), None)
            )
            text = mode.value if isinstance(mode, ast.Constant) else "r" if mode is None else None
            files = "rw" if not isinstance(text, str) or "+" in text else "w" if set(text) & set("wax") else "r"
        elif name in knowledge.FILE_WRITERS and (
            path is None or path.partition(".")[0] not in {"json", "pickle", "yaml"}
        ):
            files = "w"
        elif name in knowledge.FILE_READERS and (
            path is None or path.partition(".")[0] not in {"json", "pickle", "yaml"}
        ):
            files = "r"
        else:
            return
        self.found |= Deeds(files=frozenset({files}))


def _shared_attributes(cls: ast.ClassDef) -> frozenset[str]:
    """Return the attributes that all instances of a class share, as far as no method gives each its own."""
    shared = {
        target.id
        for node in cls.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    own = {
        node.attr
        for node in ast.walk(cls)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and getattr(node.value, "id", "") == "self"
    }
    return frozenset(shared - own)
