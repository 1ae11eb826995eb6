"""Files: components that write one come before those that read it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mdk_converters.analysis.history import History, Record

if TYPE_CHECKING:
    from mdk_converters.analysis.dataflow import Dataflow


def order_files(flow: Dataflow) -> None:
    """Components that write a file come before those that read it, in the order of the page."""
    touched = list(_touched_files(flow.history))
    for position, (record, mode, path) in enumerate(touched):
        for earlier, earlier_mode, earlier_path in touched[:position]:
            if mode == "r" and earlier_mode == "r":
                continue
            if path is not None and earlier_path is not None and not _may_be_same(path, earlier_path):
                continue
            if record.component and earlier.component and record.component != earlier.component:
                plan = flow.plans[record.component]
                if earlier.component not in plan.producers:
                    plan.after.add(earlier.component)
            elif (
                record.component and earlier.component is None and "w" in earlier_mode and path and path == earlier_path
            ):
                flow.report(
                    "MDK155",
                    f"component {record.component!r} reads the file {path!r}, which the untagged cell "
                    f"{earlier.role.cell.number} writes",
                    record,
                    path,
                    f"tag cell {earlier.role.cell.number} as part of a component",
                )


def _touched_files(history: History) -> Iterator[tuple[Record, str, str | None]]:
    """Yield what statements do to files; importing a module that a cell writes reads its file."""
    written: dict[str, str] = {}
    for record in history.records:
        for mode, path in record.effects.files:
            yield record, mode, path
            if path is not None and path.endswith(".py") and "w" in mode:
                written[path.rpartition("/")[2].removesuffix(".py")] = path
        if isinstance(record.statement.node, ast.Import | ast.ImportFrom):
            yield from ((record, "r", written[m]) for m in sorted(record.effects.modules & written.keys()))


def _may_be_same(one: str, other: str) -> bool:
    def clean(path: str) -> str:
        return path.removeprefix("./").rstrip("/")

    first, second = clean(one), clean(other)
    return first == second or first.startswith(second + "/") or second.startswith(first + "/")
