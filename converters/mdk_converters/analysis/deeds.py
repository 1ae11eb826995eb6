"""What running code of the user's own modules may do to state that outlives the call."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mdk_converters.analysis import knowledge
from mdk_converters.analysis.values import FileUse, StateUse, local_names

if TYPE_CHECKING:
    from mdk_converters.analysis.own_modules import Module, OwnModules

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


class Reader:
    """Reads one function, class or statement of a module."""

    def __init__(self, own: OwnModules, module: Module, cls: ast.ClassDef | None) -> None:
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
