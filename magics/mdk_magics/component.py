"""`%%component`: the cell runs as if the line were not there, unless it says `--when` or `--foreach`.

Running the cell from within a magic would not be the same: no value shown, no `await`, wrong lines in
tracebacks. So the line is taken out before IPython looks at the cell, and comes back as a comment in front
of the Python that IPython makes of the rest, so that every line keeps its number; what the line says about
running the cell, `Steering` hears and does to the syntax tree. A line that cannot be read stays where it is, IPython calls the magic, and the magic says what is wrong; the cell does not run.
"""

from __future__ import annotations

import threading
from itertools import takewhile
from typing import Any

from IPython.core.magic import Magics, cell_magic, magics_class, no_var_expand

from mdk_converters.findings import NotebookError
from mdk_converters.grammar import COMPONENT_OPTIONS, Options, component_line, parse_component_line
from mdk_magics.refusal import Refusal
from mdk_magics.steering import Steering

MAGIC = "%%component"


class LineRemover(threading.local):
    """A pair of input transformers; the second must know what the first took from the same cell.

    IPython calls both within one `transform_cell`, but a kernel may have several threads that run cells.
    """

    def __init__(self, steering: Steering) -> None:
        self.steering = steering
        self.removed: list[str] = []

    def take_out(self, lines: list[str]) -> list[str]:
        """Return the lines after a valid `%%component` line; lines without one as they are."""
        self.removed = []
        self.steering.expect_nothing()
        line, above, rest = component_line("".join(lines))
        said = _read(line) if line is not None else None
        if line is None or said is None:
            return lines
        self.steering.expect(*said, rest)
        below = rest.splitlines(keepends=True)
        # IPython drops empty lines at the top; the lines below keep their numbers all the same.
        blank = len(list(takewhile(str.isspace, below)))
        self.removed = ["\n"] * (above - 1) + [f"# {line.strip()}\n"] + ["\n"] * blank
        return below[blank:] or ["\n"]

    # IPython's word for: not while somebody types, to see whether the cell is complete.
    take_out.has_side_effects = True  # type: ignore[attr-defined]

    def put_back(self, lines: list[str]) -> list[str]:
        """Return the Python that IPython made of the cell, on the lines where it stands in the notebook."""
        return self.removed + lines


@magics_class
class ComponentMagics(Magics):
    """Help for `%%component`, and its errors."""

    @no_var_expand
    @cell_magic
    def component(self, line: str, cell: str) -> None:
        """Reached only when the line cannot be read."""
        try:
            parse_component_line(line)
        except NotebookError as error:
            raise Refusal.of(error) from None


def register(shell: Any) -> LineRemover:
    """Make `shell` understand `%%component`; return what `unregister` takes."""
    remover = LineRemover(Steering(shell, skipped=set()))
    shell.input_transformers_cleanup.insert(0, remover.take_out)
    shell.input_transformers_post.append(remover.put_back)
    shell.ast_transformers.append(remover.steering)
    shell.register_magics(ComponentMagics)
    return remover


def unregister(shell: Any, remover: LineRemover) -> None:
    """Undo `register`."""
    shell.input_transformers_cleanup.remove(remover.take_out)
    shell.input_transformers_post.remove(remover.put_back)
    shell.ast_transformers.remove(remover.steering)
    del shell.magics_manager.magics["cell"]["component"]


def _read(line: str) -> tuple[str, Options] | None:
    """Return what a line says, or None where it cannot be read."""
    try:
        return parse_component_line(line.lstrip().removeprefix(MAGIC))
    except NotebookError:
        return None


def _help() -> str:
    width = max(len(option.flag) for option in COMPONENT_OPTIONS.values())
    options = "\n".join(f"  {option.flag:<{width}}  {option.help}" for option in COMPONENT_OPTIONS.values())
    return f"""%%component NAME [--option value ...]

The cell belongs to component NAME of the pipeline. In the notebook it runs as if this line were not there,
but a cell with --when is skipped where the condition does not hold, as are cells with --after what was skipped, and
a cell with --foreach runs once for each item; then each name that it binds is the list of the values.
The same can be said with cell tags: component:NAME, cpu:4, after:load.

{options}
"""


ComponentMagics.component.__doc__ = _help()
