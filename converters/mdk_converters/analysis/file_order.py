"""Files: components that write one come before those that read it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mdk_converters.analysis.carrying import call_path
from mdk_converters.analysis.history import History, Record

if TYPE_CHECKING:
    from mdk_converters.analysis.dataflow import Dataflow


def order_files(flow: Dataflow) -> None:
    """Components that write a file come before those that read it, in the order of the page."""
    if not any("autoreload" in record.effects.magics for record in flow.history.records):
        _refuse_stale_modules(flow)
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
        if ("cwd", "set") in record.effects.states and not record.effects.files:
            yield record, "r", None  # `%cd`: the folder must be there
        yield from ((record, "r", written[m]) for m in sorted(record.effects.modules & written.keys()))


def _refuse_stale_modules(flow: Dataflow) -> None:
    """A module that is written anew stays as it was imported, in the notebook; a step would import the new one."""
    imported: dict[str, list[Record]] = {}
    stale: dict[str, tuple[Record, list[Record]]] = {}  # module -> what wrote it, and the imports before that
    for record in flow.history.records:
        for mode, path in record.effects.files:
            module = (path or "").rpartition("/")[2].removesuffix(".py")
            if "w" in mode and path is not None and path.endswith(".py") and module in imported:
                stale[module] = record, list(imported[module])
        for module in sorted(record.effects.modules):
            if isinstance(record.statement.node, ast.Import | ast.ImportFrom):
                imported.setdefault(module, []).append(record)
            if _reloads(record):
                stale.pop(module, None)
            elif module in stale and record.component is not None:
                writer, before = stale[module]
                if record.component not in {other.component for other in before}:
                    flow.report(
                        "MDK158",
                        f"component {record.component!r} uses the module {module!r}, which cell "
                        f"{writer.role.cell.number} writes anew: in the notebook it is still what cell "
                        f"{before[0].role.cell.number} imported",
                        record,
                        module,
                        f"reload it (importlib.reload({module})), or give the new module another name",
                    )


def _reloads(record: Record) -> bool:
    return any(
        isinstance(node, ast.Call) and call_path(node) in {"importlib.reload", "imp.reload"}
        for node in ast.walk(record.statement.node)
    )


def _may_be_same(one: str, other: str) -> bool:
    def clean(path: str) -> str:
        return path.removeprefix("./").rstrip("/")

    first, second = clean(one), clean(other)
    return first == second or first.startswith(second + "/") or second.startswith(first + "/")
