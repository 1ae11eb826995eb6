"""What `mdk run` and `mdk submit` are given alike: a notebook or spec, and parameters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

NotebookOrSpec = Annotated[
    Path | None, typer.Argument(metavar="[NOTEBOOK|SPEC]", help="Default: the only one of the folder.")
]
Assignments = Annotated[
    list[str] | None, typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="A parameter; repeatable.")
]
ParameterFile = Annotated[
    Path | None, typer.Option("--params", metavar="FILE", help="Parameters from a YAML or JSON file.")
]


def parameters(file: Path | None, assignments: Sequence[str] | None) -> dict[str, Any]:
    """Return the parameters that were given; what stands on the command line goes before the file.

    Raises:
        UsageError: they cannot be read.
    """
    from mdk_jupyter.local.parameters import parse_assignments, read_parameters

    return {**(read_parameters(file) if file is not None else {}), **parse_assignments(assignments or ())}
