"""Does the notebook itself do what `when` and `foreach` say?

A notebook that is run from top to bottom knows nothing of tags and metadata: IPython sees the text of the cells
alone. So every cell of a component with a condition or a loop has them in its `%%component` line, which the
loaded extension obeys, and the other spellings may only repeat them.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdk_converters.components import Role
from mdk_converters.findings import Finding
from mdk_converters.notebook import Notebook
from mdk_converters.options import COMPONENT_OPTIONS, Options


def unheeded(notebook: Notebook, roles: list[Role]) -> Iterator[Finding]:
    """Yield what is wrong with cells whose condition or loop the notebook would not obey."""
    looped: dict[str, Role] = {}
    for role in roles:
        options, line = role.options, role.line or Options()
        if role.component is None:
            continue
        missing = [w for w in ("when", "foreach") if getattr(options, w) is not None and getattr(line, w) is None]
        if missing:
            yield Finding(
                "MDK161",
                f"a run of the notebook passes over {_listed(missing)} of component {role.component!r}, which this cell's "
                f"{'text does' if role.line is None else '%%component line does'} not have",
                notebook.place(role.cell, role.line_offset or 1),
                f"begin the cell with {component_line_of(role)}",
                names=(role.component, *missing),
            )
        if options.foreach is None:
            continue
        first = looped.setdefault(role.component, role)
        if first is not role:
            yield Finding(
                "MDK163",
                f"component {role.component!r} runs once for each item, but has several cells: a notebook cannot go back "
                f"from cell {role.cell.number} to cell {first.cell.number}",
                notebook.place(role.cell, role.line_offset or 1),
                "merge its cells into one, or give the other cells a component of their own",
                names=(role.component,),
            )


def component_line_of(role: Role, after: str | None = None) -> str:
    """Return a `%%component` line for a cell, with its condition and loop; `after` is a component to add."""
    waits = [*(role.line.after if role.line else ()), *([after] if after else [])]
    options = role.options
    given = {"after": ",".join(waits) or None, "when": options.when, "foreach": options.foreach}
    flags = [f"--{word} {COMPONENT_OPTIONS[word].quoted(value)}" for word, value in given.items() if value is not None]
    return " ".join([f"%%component {role.component}", *flags])


def _listed(words: list[str]) -> str:
    return " and ".join(f"`{word}`" for word in words)
