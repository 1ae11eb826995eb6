"""Interpreter state: which settings and generators a component depends on, and how they reach it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from mdk_converters.analysis import knowledge
from mdk_converters.analysis.effects import Need
from mdk_converters.analysis.history import STATE, Event, Record
from mdk_converters.analysis.plan import Plan, Uncarriable
from mdk_converters.analysis.values import ATOMS

if TYPE_CHECKING:
    from mdk_converters.analysis.dataflow import Dataflow


_EVERYWHERE = frozenset({"module:builtins", "module:IPython"})  # need no import to matter


def is_own(state: str) -> bool:
    """Tell whether a state is a part of one of the user's own modules: `module:tally:count`."""
    return state.startswith("module:") and state.count(":") > 1


def _module_of(state: str) -> str:
    return state.split(":")[1]


def demand_settings(flow: Dataflow, plan: Plan, first: Record) -> None:
    """Let a component have every setting made above it that it may notice. `first` is its first statement."""
    libraries = {m for r in plan.records for m in r.effects.modules}
    for record in plan.carried.values():
        libraries |= record.effects.modules
    reads_values = any(
        not _is_atomic(e) for r in plan.records for n in r.effects.reads if (e := flow.history.last(n, r.index))
    )
    for name in sorted(flow.history.events):
        state = name.removeprefix(STATE)
        if not name.startswith(STATE) or state in knowledge.RANDOM_STATES | {"pyplot"}:
            continue
        wanted = knowledge.STATE_LIBRARIES.get(state)
        if state.startswith("module:") and state not in _EVERYWHERE:
            wanted = frozenset({_module_of(state).partition(".")[0]})
        if wanted is None or libraries & wanted or reads_values:
            demand_state(flow, name, first.index, plan, first)
    for record in flow.history.records:
        if record.index < first.index and record.carriage == "magic" and record.component != plan.name:
            plan.carried.setdefault(record.index, record)


def _is_atomic(event: Event) -> bool:
    return event.value is not None and (event.value.kind in ATOMS or event.value.path is not None)


def demand_state(flow: Dataflow, name: str, index: int, plan: Plan, reader: Record) -> None:
    """Let a component have a state as it is before statement `index`: carry what sets it, or take the state itself."""
    events = flow.history.before(name, index)
    seeded = [position for position, e in enumerate(events) if e.how == "bind"]
    if seeded:
        events = events[seeded[-1] :]
    if not events:
        return
    asked = (name, events[-1].index, plan.name)
    if asked in flow.asked:
        return
    flow.asked.add(asked)
    if events[-1].component == plan.name:
        first_own = next(e for e in events if e.component == plan.name)
        if first_own.how == "bind":
            return
        demand_state(flow, name, first_own.index, plan, reader)
        return
    closures: list[Record] = []
    try:
        for event in events:
            if not _is_setting(event):
                raise Uncarriable(name, event)
            closures += flow.closure(event.record, plan)
    except Uncarriable:
        _take_state(flow, name, events, plan, reader)
        return
    for record in closures:
        flow.carry(record, plan, reader)


def _assigns_code(record: Record) -> bool:
    node = record.statement.node
    return isinstance(node, ast.Assign) and (bool(record.effects.code) or isinstance(node.value, ast.Lambda))


def _is_setting(event: Event) -> bool:
    if event.record.effects.files:
        return False
    own = any(is_own(state) for state, _ in event.record.effects.states)
    if own and event.component is not None and event.record.carriage == "setting" and not _assigns_code(event.record):
        return False  # the state itself travels: what the statement did is not done again
    return event.record.carriage in {"setting", "import", "code"}


def _take_state(flow: Dataflow, name: str, events: list[Event], plan: Plan, reader: Record) -> None:
    state = name.removeprefix(STATE)
    first = next((i for i, e in enumerate(events) if not _is_setting(e)), 0)
    outside = [e for e in events[first:] if e.component is None]
    last = events[-1]
    if state not in knowledge.CAPTURED_STATES and not is_own(state):
        culprit = events[first]
        if state == "pyplot":
            flow.report(
                "MDK154",
                f"component {plan.name!r} draws on pyplot's current figure, which cell {culprit.record.role.cell.number} "
                "leaves open",
                reader,
                "pyplot",
                "begin a figure of its own with plt.figure(), or hand the figure on: fig, ax = plt.subplots(), ax.plot(…)",
            )
            return
        flow.report(
            "MDK154",
            f"component {plan.name!r} depends on a setting of {_module_of(state) if ':' in state else state!r} that cell "
            f"{culprit.record.role.cell.number} computes",
            culprit.record,
            state,
            "set it with plain values in an untagged cell, or again in each component that needs it",
        )
        return
    if outside:
        culprit = outside[-1]
        flow.report(
            "MDK152",
            f"the untagged cell {culprit.record.role.cell.number} changes the state of {state!r}, which component "
            f"{plan.name!r} depends on",
            culprit.record,
            state,
            "tag the cell as part of a component, or take the change out of the pipeline's way: use a generator of its own "
            "for random numbers",
        )
        return
    flow.take(name, last, plan, Need.CONDITIONAL, reader)
    if last.component is not None:
        demand_state(flow, name, last.index, flow.plans[last.component], last.record)
