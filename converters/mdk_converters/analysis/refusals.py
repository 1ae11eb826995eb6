"""What cannot be made a pipeline, in words: the cell, the line, the name and the fix."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from mdk_converters.analysis.history import Event, Record, line_of
from mdk_converters.analysis.plan import Plan
from mdk_converters.graph import find_cycle

if TYPE_CHECKING:
    from mdk_converters.analysis.dataflow import Dataflow


def refuse_missing(flow: Dataflow, name: str, plan: Plan, reader: Record, index: int) -> None:
    later = next((e for e in flow.history.events.get(name, []) if e.index > index), None)
    told = f"; cell {later.record.role.cell.number} defines it later" if later else ""
    flow.report(
        "MDK144",
        f"component {plan.name!r} reads {name!r}, which nothing defines before{told}",
        reader,
        name,
        "define it above this cell; run the notebook from top to bottom to see the same NameError",
    )


def refuse_outside(flow: Dataflow, name: str, event: Event, plan: Plan, reader: Record) -> None:
    """The value was made or changed in a cell that is not part of the pipeline."""
    cell = event.record.role.cell
    kind = "skipped" if event.record.role.kind == "skip" else "untagged"
    did = {"change": "changed", "dynamic": "possibly set", "delete": "deleted"}.get(event.how, "made")
    code = "MDK142" if event.how == "change" else "MDK143" if kind == "skipped" else "MDK141"
    flow.report(
        code,
        f"component {plan.name!r} reads {name!r}, which is {did} in the {kind} cell {cell.number} "
        f"(line {line_of(event.record.statement, name) + event.record.role.line_offset})",
        reader,
        name,
        f"tag cell {cell.number} with component:{plan.name} or a component of its own; only imports, functions, classes and "
        "literal constants are carried from untagged cells",
    )


def refuse_deleted(flow: Dataflow, name: str, event: Event, plan: Plan, reader: Record) -> None:
    flow.report(
        "MDK145",
        f"component {plan.name!r} reads {name!r}, which cell {event.record.role.cell.number} deletes before",
        reader,
        name,
        "define it again, or delete it later",
    )


def refuse_travel(flow: Dataflow, name: str, event: Event, plan: Plan, reader: Record) -> None:
    """Refuse a value that is known to belong to its process."""
    if event.value is None:
        return
    heap = flow.history.run.heap
    notes = {heap[o].note for o in event.value.objects if heap[o].kind == "untravelable"}
    if heap and event.value.kind == "generator":
        notes.add("a generator")
    if (
        event.value.objects
        and (notes - {""})
        and all(heap[o].kind in {"untravelable", "generator"} for o in event.value.objects)
    ):
        flow.report(
            "MDK148",
            f"{name!r} is {min(notes - {''})}, which cannot travel from component {event.component!r} to {plan.name!r}",
            reader,
            name,
            "make it in the component that uses it, or hand on what it gives (a list, a table) instead",
        )


def refuse_history(flow: Dataflow, name: str, record: Record) -> None:
    flow.report(
        "MDK149",
        f"component {record.component!r} reads {name!r}, IPython's memory of earlier inputs and outputs, which a step does not have",
        record,
        name,
        "give the value a name where it is made",
    )


def refuse_cycles(flow: Dataflow) -> None:
    cycle = find_cycle({name: plan.producers for name, plan in flow.plans.items()})
    if not cycle:
        return
    ring = [*cycle, cycle[0]]
    told = []
    for needs, gives in pairwise(ring):
        plan = flow.plans[needs]
        names = sorted(n for n, source in plan.inputs.items() if source == gives)
        told.append(f"{needs} needs " + (f"{', '.join(names)} from {gives}" if names else f"{gives} to come before it"))
    record = flow.plans[cycle[0]].records[0]
    flow.report(
        "MDK147",
        f"components wait for each other in a ring: {'; '.join(told)}",
        record,
        cycle[0],
        "split one of the components, so that its later cells have a name of their own",
        names=tuple(cycle),
    )
