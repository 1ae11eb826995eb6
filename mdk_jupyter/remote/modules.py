"""Which modules travel: the user's own that cells import, and those of this package that run a step."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import mdk_converters
import mdk_jupyter
from mdk_jupyter.remote.protected import is_protected

_RUNTIME = (
    "mdk_jupyter.runtime.container",
    "mdk_jupyter.runtime.shell",
    "mdk_jupyter.runtime.figures_backend",
    "mdk_jupyter.runtime.registering",
)
_NOT_IN_CONTAINERS = frozenset(["mdk_jupyter.runtime.job_file"])
_PACKAGES = {package.__name__: Path(str(package.__file__)).parent for package in (mdk_jupyter, mdk_converters)}
_MAGIC_LINE = re.compile(r"^(\s*)[%!?].*$", re.MULTILINE)
_RUN = re.compile(r"^\s*%(?:run|load)\s+(?:-\w+\s+)*([^\s]+)", re.MULTILINE)


def local_modules(sources: Iterable[str], folder: Path) -> list[Path]:
    """Return the files of the modules in `folder` that code imports, and those that these import.

    Of a package all files come, data included: nobody sees which ones its code reads.
    """
    found: dict[Path, None] = {}
    pending = [name for source in sources for name in _names_in(source, "")]
    pending += [str(Path(match)) for source in sources for match in _RUN.findall(source)]
    seen = set()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        for path in _files_of(name, folder):
            if path in found:
                continue
            found[path] = None
            if path.suffix == ".py":
                inside = path.relative_to(folder)
                package = ".".join(inside.parent.parts)
                pending += _names_in(path.read_text(encoding="utf-8", errors="replace"), package)
    return sorted(found)


def _files_of(name: str, folder: Path) -> Iterator[Path]:
    """Yield the files that a module name of the user's stands for, and those of the packages around it."""
    if name.endswith(".py"):  # of %run
        if (path := (folder / name).resolve()).is_file() and path.is_relative_to(folder):
            yield path
        return
    parts = name.split(".")
    top = folder / parts[0]
    if top.is_dir() and not is_protected(f"{parts[0]}/x") and _holds_python(top):
        if (top / "__init__.py").is_file():
            yield from _tree(top)
            return
        for depth in range(1, len(parts) + 1):  # a folder that is a package without saying so
            place = folder.joinpath(*parts[:depth])
            if (place / "__init__.py").is_file():
                yield from _tree(place)
                return
            if (module := place.with_suffix(".py")).is_file():
                yield module
    elif (module := top.with_suffix(".py")).is_file():
        yield module


def _holds_python(folder: Path) -> bool:
    return next(folder.rglob("*.py"), None) is not None


def _tree(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not is_protected(path.relative_to(folder.parent).as_posix()):
            yield path


def runtime_sources() -> dict[str, bytes]:
    """Return the sources of this package that a step in a container needs, by their names in the bundle."""
    found: dict[str, bytes] = {}
    pending = list(_RUNTIME)
    while pending:
        name = pending.pop()
        path = _own_source(name)
        if path is None or name in _NOT_IN_CONTAINERS:
            continue
        home = _PACKAGES[name.partition(".")[0]].parent
        key = path.relative_to(home).as_posix()
        if key in found:
            continue
        found[key] = path.read_bytes()
        tree = ast.parse(found[key])
        if path.name == "__init__.py":  # what its functions import is for those who call them
            tree.body = [one for one in tree.body if not isinstance(one, (ast.FunctionDef, ast.ClassDef))]
        pending += _imports(tree, "")
        pending += [name.rpartition(".")[0]] if "." in name else []
    return dict(sorted(found.items()))


def _own_source(name: str) -> Path | None:
    top, _, rest = name.partition(".")
    if top not in _PACKAGES:
        return None
    place = _PACKAGES[top].joinpath(*rest.split(".")) if rest else _PACKAGES[top]
    options = (place / "__init__.py", place.with_suffix(".py"))
    return next((path for path in options if path.is_file()), None)


def _names_in(source: str, package: str) -> list[str]:
    """Return the names of modules that code imports, and of what it imports from them: it may be modules too."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        try:
            tree = ast.parse(_MAGIC_LINE.sub(r"\1pass", source))
        except (SyntaxError, ValueError):
            return _lines_of_imports(source)
    return list(_imports(tree, package))


def _lines_of_imports(source: str) -> list[str]:
    """Return the modules of lines that are imports by themselves, of code that Python alone cannot read."""
    names: list[str] = []
    for line in source.splitlines():
        if line.strip().startswith(("import ", "from ")):
            try:
                names += _imports(ast.parse(line.strip()), "")
            except SyntaxError:
                continue
    return names


def _imports(tree: ast.AST, package: str) -> Iterator[str]:
    for node in _at_run_time(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                base = ".".join([*parts[: len(parts) - node.level + 1], *([base] if base else [])])
            yield base
            for alias in node.names:
                yield f"{base}.{alias.name}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            for argument in node.args[:1]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def _at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk through a tree, without what only type checkers see."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            pending += node.orelse
        else:
            pending += ast.iter_child_nodes(node)
