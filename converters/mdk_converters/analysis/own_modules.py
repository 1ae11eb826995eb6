"""The user's own modules beside the notebook: what calling their code does to state that outlives the call.

The modules are parsed, never imported. What a function does includes what the functions that it names do.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from mdk_converters.analysis import knowledge
from mdk_converters.analysis.deeds import NOTHING, Deeds, Reader

_MUTABLE_CALLS = frozenset(
    ["builtins.dict", "builtins.list", "builtins.set", "collections.OrderedDict", "collections.defaultdict",
     "collections.Counter", "types.SimpleNamespace", "numpy.array", "numpy.arange", "numpy.linspace"]
)  # fmt: skip
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)
_STAYS = {"a lock", "a thread", "a thread pool", "a process pool"}  # every process has its own
_PURE = knowledge.PURE_AND_FRESH | knowledge.PURE_AND_SHARING


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
        self._modules: dict[str, Module | None] = {}
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

    def deeds_of_reload(self, name: str) -> Deeds:
        """Return what running a module again does: all its variables are new."""
        module = self._module(name) if name.partition(".")[0] in self.names else None
        return (
            Deeds(frozenset(f"{name}:{variable}" for variable in module.variables)) if module is not None else NOTHING
        )

    def public_names(self, name: str) -> list[str]:
        """Return the names that `from name import *` binds, none when the module is not the user's own."""
        module = self._module(name) if name.partition(".")[0] in self.names else None
        if module is None:
            return []
        found = [*module.imports, *module.defined, *module.variables]
        return list(dict.fromkeys(module.listed or [n for n in found if not n.startswith("_") and n != "*"]))

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
                    found |= Reader(self, module, node).read(method)
            return found
        if isinstance(node, ast.FunctionDef) and _is_cached(node, module):
            remembers = Deeds(frozenset({f"{module.name}:{node.name}"}))
            return remembers | Reader(self, module, None).read(node)
        if node is not None:
            return Reader(self, module, node if isinstance(node, ast.ClassDef) else None).read(node)
        if names[0] in module.variables and len(names) > 1 and names[-1] not in _PURE:
            return Deeds(frozenset({f"{module.name}:{names[0]}"}))
        if names[0] in module.variables and len(names) == 1 and module.variables[names[0]]:
            return Deeds(frozenset({f"{module.name}:{names[0]}"}))
        return NOTHING

    def _imported(self, module: Module) -> Deeds:
        """What the first import of a module does."""
        reader = Reader(self, module, None)
        for node in module.tree.body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                reader.read(node)
        return Deeds(frozenset(), reader.found.states, reader.found.files)

    def _split(self, path: str) -> tuple[Module | None, list[str]]:
        """Return the module that a dotted path begins with, and the names behind it."""
        parts = path.split(".")
        if parts[0] not in self.names:
            return None, []
        for length in range(len(parts), 0, -1):
            module = self._module(".".join(parts[:length]))
            if module is not None:
                return module, parts[length:]
        return None, []

    def _module(self, name: str) -> Module | None:
        if name not in self._modules:
            self._modules[name] = None
            source = self._source(name)
            with contextlib.suppress(SyntaxError, ValueError, RecursionError):
                self._modules[name] = Module(name, ast.parse(source)) if source is not None else None
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


class Module:
    """The names of one module. `variables` says of each whether its value may change in place."""

    def __init__(self, name: str, tree: ast.Module) -> None:
        self.name = name
        self.tree = tree
        self.imports: dict[str, str] = {}
        self.defined: dict[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef] = {}
        self.variables: dict[str, bool] = {}
        for node in _statements(tree.body):
            self._note(node)
        self.listed = _listed(tree)
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


def _listed(tree: ast.Module) -> list[str]:
    """Return what `__all__` lists."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return [e.value for e in ast.walk(node.value) if isinstance(e, ast.Constant) and isinstance(e.value, str)]
    return []


def _is_cached(node: ast.FunctionDef, module: Module) -> bool:
    """Tell whether a function remembers its results, by a decorator of functools."""
    called = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
    return any(module.path_of(d) in {"functools.cache", "functools.lru_cache"} for d in called)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that bind names of a module, those in branches included."""
    for node in body:
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for field in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(node, field, []))
            for handler in getattr(node, "handlers", []):
                yield from _statements(handler.body)
