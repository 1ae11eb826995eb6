"""Kale's dialect: its tags and notebook metadata, told in this kit's terms."""

from __future__ import annotations

from mdk_converters.findings import Finding
from mdk_converters.grammar import Role
from mdk_converters.notebook import Notebook


def kale_roles(notebook: Notebook) -> tuple[list[Role], list[Finding]] | None:
    """Return the roles of a Kale notebook, or None for every other notebook."""
    return None
