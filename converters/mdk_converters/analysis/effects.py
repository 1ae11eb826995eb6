"""What one top-level statement does to the notebook's names, to interpreter state and to files."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from mdk_converters.analysis.syntax import Statement
from mdk_converters.analysis.values import Class, FileUse, Function, StateUse, Value


class Need(enum.IntEnum):
    """How surely a statement reads a name."""

    POSSIBLE = 0  # only if a function that travels inside a value is called
    CONDITIONAL = 1  # in a branch, a loop or a try
    CERTAIN = 2


@dataclass(slots=True)
class Effects:
    """Effects of one statement. Reads are of values that the statement did not bind itself."""

    statement: Statement
    reads: dict[str, Need] = field(default_factory=dict)
    binds: dict[str, bool] = field(default_factory=dict)  # name -> is it bound for certain
    deletes: dict[str, bool] = field(default_factory=dict)
    changed: dict[str, bool] = field(default_factory=dict)  # names whose object it changes in place -> for certain
    mutated: dict[int, bool] = field(default_factory=dict)
    together: list[frozenset[str]] = field(default_factory=list)  # names that must stay one object
    states: list[tuple[str, StateUse]] = field(default_factory=list)
    files: list[tuple[FileUse, str | None]] = field(default_factory=list)
    code: list[Function | Class] = field(default_factory=list)  # what values it reads may call
    values: dict[str, Value] = field(default_factory=dict)  # values of the names it binds
    requirements: list[str] = field(default_factory=list)
    modules: set[str] = field(default_factory=set)  # top-level packages it uses
    magics: list[str] = field(default_factory=list)
    dynamic: str | None = None  # `exec`, `%run`, …: may read and bind any name
    star: str | None = None  # module of a star import
    unknown_magic: str | None = None
