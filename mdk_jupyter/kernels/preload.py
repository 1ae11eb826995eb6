"""Importing a pipeline's libraries ahead of its steps, where nobody can tell the difference afterwards.

A library stays out when its import does what a later fork would undo or repeat: threads that go on, a GPU that is
taken, a look at the notebook's shell, text on the screen. The step then imports it as any kernel does.
"""

from __future__ import annotations

import ast
import atexit
import builtins
import contextlib
import importlib.util
import os
import random
import site
import sys
import sysconfig
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdk_converters.spec import Pipeline
from mdk_jupyter.kernels import shell

# What handing values on and receiving them imports, by the library that the values belong to.
_COMPANIONS = {
    "pandas": ("pyarrow.parquet", "pandas.core.arrays.arrow", "mdk_jupyter.artifacts.frames"),
    "sklearn": ("joblib",),
}
_GPU_DEVICES = ("/dev/nvidia", "/dev/kfd", "/dev/dri")


class LeftOutError(Exception):
    """A module must be imported by the steps themselves. This process has it now, so it cannot serve."""

    def __init__(self, module: str, why: str) -> None:
        super().__init__(f"{module}: {why}")
        self.module = module
        self.why = why


@dataclass(frozen=True)
class Wanted:
    """What a template is to import. `seeded`: random numbers are drawn from a seed, so an import must draw none."""

    modules: tuple[str, ...] = ()
    seeded: bool = False


@dataclass
class Preloaded:
    """What importing changed in this process, to be put in its right place in every kernel."""

    environ: dict[str, str] = field(default_factory=dict)
    filters: list[Any] = field(default_factory=list)  # of `warnings`
    at_exit: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)


def wanted_by(pipeline: Pipeline) -> Wanted:
    """Return what the pipeline's cells import, as far as it belongs to installed packages.

    Modules of the user stay out: each kernel reads them as they are at that moment.

    Example:
        >>> wanted_by(pipeline)                                # doctest: +SKIP
        Wanted(modules=('pandas', 'sklearn.linear_model'), seeded=False)
    """
    sources = [definition.source for definition in pipeline.definitions.values()]
    sources += [cell.source for component in pipeline.components.values() for cell in component.cells]
    return wanted_in(sources)


def wanted_in(sources: Sequence[str]) -> Wanted:
    """Return what cells import."""
    modules = _installed(name for source in sources for name in _imported(source))
    return Wanted(tuple(modules), seeded=any("seed" in source for source in sources))


def _installed(names: Iterable[str]) -> list[str]:
    known: dict[str, bool] = {}
    found = {}
    for name in names:
        root = name.partition(".")[0]
        if root not in known:
            known[root] = _is_installed(root)
        if known[root]:
            found[name] = True
    return list(found)


def _imported(source: str) -> Iterator[str]:
    """Yield the modules that a cell imports whatever happens in it."""
    for statement in _statements(source):
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and not statement.level and statement.module:
            yield statement.module
            # A name may be a submodule; importing tells.
            yield from (f"{statement.module}.{alias.name}" for alias in statement.names if alias.name != "*")


def _statements(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError):
        pass
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        return ast.parse(TransformerManager().transform_cell(source)).body  # type: ignore[no-untyped-call]
    except (SyntaxError, ValueError):
        return []


def _is_installed(root: str) -> bool:
    if root in sys.stdlib_module_names or root == "__main__" or root.startswith("mdk_"):
        return False  # what is quick to import anyway needs no template of its own
    try:
        spec = importlib.util.find_spec(root)
    except (ImportError, ValueError):
        return False
    places = [spec.origin] if spec and spec.origin else list(spec.submodule_search_locations or ()) if spec else []
    return bool(places) and all(str(place).startswith(_LIBRARIES) for place in places)


_LIBRARIES = tuple(
    f"{folder}{os.sep}"
    for folder in (
        *site.getsitepackages(),
        site.getusersitepackages(),
        *(sysconfig.get_path(kind) for kind in ("purelib", "platlib")),
    )
)


def preload(wanted: Wanted, report: Callable[[str], None]) -> Preloaded:
    """Import modules into this process, which will be forked; `report` is told each name before.

    A name that cannot be imported is passed over: it is an attribute, or the step will say what is wrong.

    Raises:
        LeftOutError: a module must stay out.
    """
    environ, filters = dict(os.environ), list(warnings.filters)
    # What IPython does when its shell begins; some libraries look at it.
    builtins.__IPYTHON__ = True  # type: ignore[attr-defined]
    sys.ps1 = "In : "
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    loaded = Preloaded()
    with _collected_exit_handlers(loaded), shell.watched() as watch:
        for name in _with_companions(wanted):
            report(name)
            before = _random_states()
            text = _import(name)
            _judge(name, text, watch)
            if wanted.seeded and not before.items() <= _random_states().items():
                raise LeftOutError(name, "its import draws random numbers, and the notebook sets a seed")
    loaded.environ = {key: value for key, value in os.environ.items() if environ.get(key) != value}
    loaded.filters = [entry for entry in warnings.filters if entry not in filters]
    return loaded


def _with_companions(wanted: Wanted) -> Iterator[str]:
    roots = {name.partition(".")[0] for name in wanted.modules}
    if wanted.seeded and roots - sys.stdlib_module_names:
        yield "numpy"  # before those that draw from it
    yield from wanted.modules
    for root in sorted(roots & _COMPANIONS.keys()):
        yield from _COMPANIONS[root]


def _import(name: str) -> str:
    """Import a module; return what the import printed."""
    with tempfile.TemporaryFile() as file, _redirected(file.fileno()):
        parent, _, child = name.rpartition(".")
        if parent in sys.modules and hasattr(sys.modules[parent], child):
            return ""  # an attribute, or there already
        with contextlib.suppress(Exception):
            importlib.import_module(name)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        file.seek(0)
        return file.read().decode(errors="replace")


@contextlib.contextmanager
def _redirected(file: int) -> Iterator[None]:
    kept = [os.dup(number) for number in (1, 2)]
    try:
        for number in (1, 2):
            os.dup2(file, number)
        yield
    finally:
        for number, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, number)
            os.close(copy)


def _judge(name: str, text: str, watch: shell.Watch) -> None:
    if text.strip():
        raise LeftOutError(name, f"its import prints {text.strip().splitlines()[0][:80]!r}")
    if watch.is_disturbed():
        raise LeftOutError(name, "its import takes hold of the notebook's shell")
    if any(_opens_gpu()):
        raise LeftOutError(name, "its import takes the GPU")
    if _threads() > 1:
        others = threading.active_count() - 1
        if not others:
            # Thread pools that know of forks, such as OpenBLAS's, are gone in the parent after one.
            _fork_for_nothing()
        if others or _threads() > 1:
            raise LeftOutError(name, "its import starts threads, which a fork would lose")


def _random_states() -> dict[str, str]:
    """Return the state of each global generator that there is."""
    states = {"random": str(random.getstate())}
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        _, keys, *rest = numpy.random.get_state()
        states["numpy"] = f"{keys.tobytes().hex()} {rest}"
    return states


def _threads() -> int:
    """Count the threads of this process, without those of an allocator that knows of forks."""
    names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    return len([name for name in names if name != "jemalloc_bg_thd"])


def _fork_for_nothing() -> None:
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)


def _opens_gpu() -> Iterator[bool]:
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            yield str(entry.readlink()).startswith(_GPU_DEVICES)


@contextlib.contextmanager
def _collected_exit_handlers(loaded: Preloaded) -> Iterator[None]:
    """Keep exit handlers back: a kernel registers them after its own, as if it had imported the library."""
    register = atexit.register

    def collect(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., Any]:
        loaded.at_exit.append((function, args, kwargs))
        return function

    atexit.register = collect  # type: ignore[assignment]
    try:
        yield
    finally:
        atexit.register = register
