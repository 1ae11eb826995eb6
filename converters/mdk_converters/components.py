"""Components as the cells of a notebook make them up: roles, and what they say together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Literal

from mdk_converters.findings import Finding, Place
from mdk_converters.notebook import Cell, Notebook
from mdk_converters.options import Options, merge_options

RoleKind = Literal["component", "parameters", "skip", "exploration"]


@dataclass(frozen=True, slots=True)
class Role:
    """The role of one code cell. `source` is the cell without its `%%component` line.

    `line_offset` is how many lines of the cell come before `source`: messages name the cell's own lines.
    `carry` marks cells (Kale's `imports` and `functions`) whose every statement is carried.
    `options` are those of the whole component: every role of one component has the same. `line` are those that
    the cell's own `%%component` line gives, None without one: the notebook itself obeys that line alone.
    """

    kind: RoleKind
    cell: Cell
    source: str
    component: str | None = None
    options: Options = field(default_factory=Options)
    line_offset: int = 0
    carry: bool = False
    line: Options | None = None


def join_components(notebook: Notebook, found: list[Role], findings: list[Finding]) -> list[Role]:
    """Check what the cells say together, and give every role of a component the component's options."""
    components = _components(notebook, found, findings)
    if not components and not any(finding.severity == "error" for finding in findings):
        message = "no cell belongs to a component"
        fix = "tag the cells of each step with component:NAME, or begin them with %%component NAME"
        findings.append(Finding("MDK121", message, Place(notebook=notebook.path), fix))
    return [replace(r, options=components[r.component]) if r.component else r for r in found]


def _components(notebook: Notebook, found: list[Role], findings: list[Finding]) -> dict[str, Options]:
    """Return the options of each component, put together from its cells."""
    members: dict[str, list[Role]] = {}
    for role in found:
        if role.component is not None:
            members.setdefault(role.component, []).append(role)
    findings += _collisions(notebook, members)
    merged = {}
    for name, cells in members.items():
        options = cells[0].options
        for role in cells[1:]:
            options, differing = merge_options(options, role.options)
            for word in differing:
                message = f"the cells of component {name} give different values for {word}"
                fix = f"give {word} once, for example in cell {cells[0].cell.number}"
                findings.append(Finding("MDK115", message, notebook.place(role.cell), fix, names=(name, word)))
        merged[name] = options
        for role in cells:
            findings += _unmet(notebook, role, members)
    return merged


def _collisions(notebook: Notebook, members: Mapping[str, list[Role]]) -> Iterable[Finding]:
    """Find names that remote targets cannot tell apart: they write them in small letters with hyphens."""
    seen: dict[str, str] = {}
    for name, cells in members.items():
        other = seen.setdefault(re.sub("[-_]+", "-", name.lower()), name)
        if other != name:
            message = f"the components {other} and {name} differ only in capitals, - and _"
            fix = "give both cells the same name, or tell the components apart"
            yield Finding("MDK114", message, notebook.place(cells[0].cell), fix, names=(other, name))


def _unmet(notebook: Notebook, role: Role, members: Mapping[str, list[Role]]) -> Iterable[Finding]:
    for name in role.options.after:
        if name == role.component:
            message = f"component {name} cannot run after itself"
            yield Finding("MDK116", message, notebook.place(role.cell), "remove that after", names=(name,))
        elif name not in members:
            match = get_close_matches(name, members, 1, 0.6)
            fix = f"did you mean {match[0]}?" if match else f"the components are {', '.join(members)}"
            message = f"component {role.component} is to run after {name}, which does not exist"
            yield Finding("MDK116", message, notebook.place(role.cell), fix, names=(name,))
