"""Notebook -> pipeline spec."""

from __future__ import annotations

from dataclasses import dataclass

from mdk_converters.findings import Finding
from mdk_converters.notebook import Notebook
from mdk_converters.spec import Pipeline


@dataclass(frozen=True, slots=True)
class Conversion:
    """The outcome: `pipeline` is None when a finding is an error."""

    pipeline: Pipeline | None
    findings: tuple[Finding, ...]


def convert(notebook: Notebook) -> Conversion:
    """Convert a notebook; never executes or imports what it contains."""
    raise NotImplementedError
