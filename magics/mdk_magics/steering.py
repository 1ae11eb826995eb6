"""`--when`, `--after` and `--foreach` in the notebook: a cell is skipped, or runs once for each item.

IPython has read the cell when this sees it: what changes is its syntax tree, before it is compiled. So lines keep
their numbers, `await` works, magics have been rewritten, and tracebacks show the user's code alone.
"""

from __future__ import annotations

import ast
import itertools
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mdk_converters.analysis.syntax import parse_cell
from mdk_converters.conditions import parse_condition
from mdk_converters.loops import collected, definitions, parse_loop
from mdk_converters.options import Options
from mdk_jupyter.errors import StepError
from mdk_jupyter.local.branching import Decision, after_skipped, decide, items_of
from mdk_magics.refusal import Refusal

_running: dict[int, Any] = {}  # what the rewritten cells call, by the number in their trees
_numbers = itertools.count()


def running(number: int) -> Any:
    """Return what a rewritten cell calls; for the cell alone."""
    return _running[number]


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell that is about to run: its `%%component` line, and its text without that line."""

    component: str
    options: Options
    source: str


class Steering(threading.local):
    """Rewrites the next cell where its line says so. One of IPython's `ast_transformers`.

    It changes only what `expect` announced: magics hand trees of their own to the same transformers.
    """

    def __init__(self, shell: Any, skipped: set[str]) -> None:
        self._shell = shell
        self._skipped = skipped  # components, in all threads
        self._next: _Cell | None = None

    def expect(self, component: str, options: Options, source: str) -> None:
        """Announce the cell that IPython reads now."""
        self._next = _Cell(component, options, source)

    def expect_nothing(self) -> None:
        """The cell that IPython reads now has no line."""
        self._next = None

    def visit(self, tree: ast.Module) -> ast.Module:
        """Return the tree of the cell as it is to run."""
        cell, self._next = self._next, None
        if cell is None:
            return tree
        try:
            decision = self._decide(cell)
            if not decision.runs:
                self._skipped.add(cell.component)
                return ast.Module([_calling(_Notice(f"{cell.component} is skipped: {decision.reason}"), "give")], [])
            self._skipped.discard(cell.component)
            return tree if cell.options.foreach is None else self._repeated(cell, cell.options.foreach, tree)
        except StepError as error:
            return ast.Module([_calling(_Notice(Refusal.of(error)), "give")], [])

    def _decide(self, cell: _Cell) -> Decision:
        earlier = [name for name in cell.options.after if name in self._skipped]
        if earlier:
            return after_skipped(earlier)
        if cell.options.when is None:
            return Decision(True)
        return decide(cell.component, parse_condition(cell.options.when), self._shell.user_ns)

    def _repeated(self, cell: _Cell, text: str, tree: ast.Module) -> ast.Module:
        if not _compiles(tree):  # nothing of it must run, and a loop must not make a lone `break` valid
            return ast.Module([ast.If(ast.Constant(True), tree.body, [])], tree.type_ignores)
        loop = parse_loop(text)
        items = items_of(cell.component, loop.items, self._shell.user_ns)
        nodes = [statement.node for statement in parse_cell(cell.source)]
        repetition = _Repetition(self._shell, loop.item, items, collected(nodes, loop.item))
        if not items:
            return ast.Module([*definitions(nodes, loop.item), _calling(repetition, "finish")], tree.type_ignores)
        future = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
        body = [n for n in tree.body if n not in future]
        if body and isinstance(last := body[-1], ast.Expr) and self._shell.ast_node_interactivity != "none":
            body[-1] = _calling(repetition, "show", last.value)
        # `for () in …` is a loop that binds nothing.
        runs = _calling(repetition, "runs").value
        each = ast.For(ast.Tuple([], ast.Store()), runs, body or [ast.Pass()], [], lineno=1, col_offset=0)
        return ast.Module([*future, each], tree.type_ignores)


class _Notice:
    """What a cell says instead of running."""

    def __init__(self, said: str | Refusal) -> None:
        self._said = said
        self.number = _register(self)

    def give(self) -> None:
        del _running[self.number]
        if isinstance(self._said, Refusal):
            raise self._said
        print(self._said)


class _Repetition:
    """The runs of one cell: each starts from the same names, and what it binds goes into the lists."""

    def __init__(self, shell: Any, item: str, items: list[Any], names: tuple[str, ...]) -> None:
        self._shell = shell
        self._namespace: dict[str, Any] = shell.user_ns
        self._item = item
        self._items = items
        self._before = {name: self._namespace[name] for name in (item, *names) if name in self._namespace}
        self._lists: dict[str, list[Any]] = {name: [] for name in names}
        self.number = _register(self)

    def runs(self) -> Iterator[tuple[()]]:
        """Yield once for each run, between what comes before and after it."""
        try:
            for item in self._items:
                for name in self._lists:
                    self._restore(name)
                self._namespace[self._item] = item
                yield ()
                for name, values in self._lists.items():
                    if name in self._namespace:
                        values.append(self._namespace[name])
            self.finish()
        finally:
            _running.pop(self.number, None)

    def show(self, value: object) -> None:
        """Show the value of a run's last expression, as IPython shows that of a cell."""
        self._shell.displayhook(value)

    def finish(self) -> None:
        """Leave the lists under their names. A name that some run did not bind is not bound."""
        _running.pop(self.number, None)
        self._restore(self._item)
        for name, values in self._lists.items():
            if len(values) == len(self._items):
                self._namespace[name] = values
            else:
                self._namespace.pop(name, None)

    def _restore(self, name: str) -> None:
        if name in self._before:
            self._namespace[name] = self._before[name]
        else:
            self._namespace.pop(name, None)


def _compiles(tree: ast.Module) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(tree, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError:
        return False
    return True


def _register(target: object) -> int:
    number = next(_numbers)
    _running[number] = target
    return number


def _calling(target: _Notice | _Repetition, method: str, value: ast.expr | None = None) -> ast.Expr:
    """Return a statement that calls a method, and needs no name in the notebook for it."""
    found = f"__import__('{__name__}', fromlist=['running']).running({target.number}).{method}"
    made = ast.Call(ast.parse(found, mode="eval").body, [] if value is None else [value], [])
    statement = ast.Expr(made)
    if value is not None:  # an error in showing it is an error of its line
        ast.copy_location(made, value)
        ast.copy_location(statement, value)
    return statement
