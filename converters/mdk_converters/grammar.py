"""What the cells of a notebook are for."""

from __future__ import annotations

from mdk_converters.components import Role, RoleKind
from mdk_converters.findings import Finding
from mdk_converters.kale import kale_roles
from mdk_converters.notebook import Notebook
from mdk_converters.options import COMPONENT_OPTIONS, Option, Options, merge_options
from mdk_converters.spellings import component_line, own_roles, parse_component_line

__all__ = [
    "COMPONENT_OPTIONS",
    "Option",
    "Options",
    "Role",
    "RoleKind",
    "component_line",
    "merge_options",
    "parse_component_line",
    "roles",
]


def roles(notebook: Notebook) -> tuple[list[Role], list[Finding]]:
    """Return the role of every code cell, in order, and everything that is wrong with what the cells say.

    A cell that says something wrong still has the role that can be made out, so that all is reported at once.
    """
    return kale_roles(notebook) or own_roles(notebook)
