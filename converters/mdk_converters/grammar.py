"""What a cell is for: one grammar in three spellings (tags, `metadata.mdk`, `%%component`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mdk_converters.notebook import Cell

RoleKind = Literal["component", "parameters", "skip", "exploration"]


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a component. `None` and empty mean: not given."""

    after: tuple[str, ...] = ()
    cpu: float | None = None
    memory: str | None = None
    gpu: str | None = None  # "nvidia-tesla-t4" or "nvidia-tesla-t4:2" as normalised TYPE:COUNT
    image: str | None = None
    retries: int | None = None
    timeout: str | None = None  # "30m", "2h", "90s"
    cache: bool | None = None
    description: str | None = None
    requirements: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()  # names that the component changes in place, where no reading can tell
    outputs: tuple[str, ...] = ()  # names to keep although nobody reads them
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)  # environment variable -> SECRET or SECRET:KEY
    metrics: tuple[str, ...] = ()  # outputs to log as metrics


@dataclass(frozen=True, slots=True)
class Role:
    """The role of one code cell. `source` is the cell without its `%%component` line.

    `line_offset` is how many lines of the cell come before `source`, so that messages name the cell's own lines.
    `carry` marks cells (Kale's `imports` and `functions`) whose every statement is carried.
    """

    kind: RoleKind
    cell: Cell
    source: str
    component: str | None = None
    options: Options = Options()
    line_offset: int = 0
    carry: bool = False
