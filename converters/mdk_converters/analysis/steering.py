"""Conditions and loops: the values that steer a component, and whether the notebook and a pipeline agree on it.

In the notebook, a component with `foreach` runs its cell again and again in one session; in a pipeline each run has a
session of its own. They agree where no run needs what another one left behind. A component with `when` may be
skipped, and then everything that depends on it: the notebook skips a cell whose own line says so.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mdk_converters.analysis import knowledge
from mdk_converters.analysis.effects import Need
from mdk_converters.analysis.history import STATE, Event, History, Record
from mdk_converters.analysis.plan import Plan
from mdk_converters.analysis.syntax import Statement
from mdk_converters.analysis.values import UNKNOWN, Value
from mdk_converters.components import Role
from mdk_converters.conditions import parse_condition
from mdk_converters.heeding import component_line_of
from mdk_converters.loops import Loop, collected, defined, definitions, parse_loop
from mdk_converters.options import Options

if TYPE_CHECKING:
    from mdk_converters.analysis.dataflow import Dataflow

_NO_SCALARS = frozenset(
    {"list", "dict", "tuple", "set", "bytes", "model", "figure", "function", "class", "module", "generator"}
)  # what is taken from a table or an array may be a number
_NO_FLAGS = frozenset({"int", "float", "str", "none"})
_NO_LISTS = _NO_SCALARS - {"list", "tuple"} | frozenset({"int", "float", "str", "bool", "none", "array", "dataset"})


@dataclass(slots=True)
class Body:
    """The cell of a repeated component.

    `values` are what one run binds, by the names that become lists; `shared` are the objects in them that were
    there before: in the notebook all runs hold the same ones, in a pipeline each has a copy.
    """

    loop: Loop
    begin: Record
    first_new: int  # object
    values: dict[str, Value | None] = field(default_factory=dict)
    defined: frozenset[str] = frozenset()
    always: frozenset[int] = frozenset()  # ids of the statements that run even for an empty list
    shared: dict[int, str] = field(default_factory=dict)  # object -> name of a list that holds it


def begin(history: History, role: Role) -> Body | None:
    """Note what decides about a component, before its cell is read; return its loop."""
    options = role.options
    if role.kind != "component" or (options.when is None and options.foreach is None):
        return None
    loop = parse_loop(options.foreach) if options.foreach is not None else None
    names = parse_condition(options.when).names if options.when is not None else ()
    line = Statement(ast.Pass(), "", 0 if role.line is not None else 1)
    record = history.steer(role, line, (*names, *([loop.items] if loop else [])))
    if loop is None:
        return None
    items = history.run.names.get(loop.items, UNKNOWN)
    item = Value(history.run.heap.parts(items)) if items.objects else UNKNOWN
    body = Body(loop, record, len(history.run.heap.objects))
    history.bind(record, loop.item, item)
    return body


def end(history: History, role: Role, body: Body, statements: list[Statement]) -> None:
    """Note that the names which the cell has bound are lists from now on, and that the item is gone."""
    nodes = [statement.node for statement in statements]
    names = collected(nodes, body.loop.item)
    body.defined = defined(nodes)
    body.always = frozenset(map(id, definitions(nodes, body.loop.item)))
    _forget_doubts(history, body)
    line = body.begin.statement.line
    # An assignment, so that lists which nobody reads are kept as results.
    record = history.steer(role, Statement(ast.parse("_[:] = []").body[0], "", line), ())
    for name in names:
        value = history.run.names.get(name)
        own = [e for e in history.events.get(name, []) if e.index > body.begin.index]
        if value is None or not own or own[-1].how == "delete":
            continue
        body.values[name] = value
        kept = history.run.heap.reach(value.objects)
        body.shared |= {identity: name for identity in kept if identity < body.first_new}
        history.bind(record, name, history.run.heap.new("list", value.objects))
    history.unbind(record, body.loop.item)


def _forget_doubts(history: History, body: Body) -> None:
    """What a run only might change, it is watched for: a repeated component cannot hand on what it receives."""
    for events in history.events.values():
        if any(e.index >= body.begin.index and e.how in {"bind", "maybe"} for e in events):
            continue
        events[:] = [e for e in events if e.index < body.begin.index or e.certain or e.how != "change"]


# --- the values that decide


def demand(flow: Dataflow, name: str, plan: Plan, record: Record) -> None:
    """Find the component that makes a name which `when` or `foreach` reads; note it as the plan's `control`."""
    event = flow.history.last(name, record.index)
    while event is not None and event.component is None and event.how == "change" and not event.certain:
        event = flow.history.last(name, event.index)
    problem = _unusable(flow, name, event, plan, record)
    if problem is not None:
        message, fix = problem
        flow.report("MDK160", message, record, name, fix)
    elif event is not None and event.component is not None:
        known = plan.control_versions.setdefault(name, event.index)
        if known != event.index:
            flow.interleaved(name, event, plan, Need.CERTAIN, record)
        else:
            flow.hand_on(name, event, plan.control)


def _unusable(flow: Dataflow, name: str, event: Event | None, plan: Plan, record: Record) -> tuple[str, str] | None:
    """Return what is wrong with a name that decides about a component, and the fix."""
    options = record.role.options
    word = "foreach" if options.foreach is not None and name == parse_loop(options.foreach).items else "when"
    reads = f"`{word}` of component {plan.name!r} reads {name!r}"
    if event is None or event.how == "delete":
        later = next((e for e in flow.history.events.get(name, []) if e.index > record.index), None)
        told = f"; cell {later.record.role.cell.number} defines it later" if later and event is None else ""
        gone = f"which cell {event.record.role.cell.number} deletes" if event else "which nothing defines before"
        return f"{reads}, {gone}{told}", "check the spelling, or define it in a component above or the parameters cell"
    cell = event.record.role.cell.number
    if event.component == plan.name:
        return f"{reads}, which that component changes itself", "decide by a value that an earlier component makes"
    if event.component is None and event.how != "parameter":
        fix = f"tag cell {cell} as a component, or move the value to the parameters cell"
        return f"{reads}, which is made in cell {cell} and in no component", fix
    kind = event.value.kind if event.value is not None else "unknown"
    if event.value is not None and event.value.path is not None:
        kind = "module"
    if kind in (_NO_LISTS if word == "foreach" else _NO_SCALARS):
        wanted = "a list" if word == "foreach" else "a number, text or flag"
        return f"{reads}, which is no {wanted.removeprefix('a ')} but a {kind}", f"decide by {wanted}"
    if (
        word == "when"
        and options.when is not None
        and kind in _NO_FLAGS
        and name in parse_condition(options.when).flags
    ):
        return f"{reads} as true or false, but it is a {kind}", f"compare it with a value, such as {name} > 0"
    return None


# --- what must not differ


def check(flow: Dataflow, roles: list[Role], bodies: Mapping[str, Body], declared: Mapping[str, Options]) -> None:
    """Report where a run of the notebook and a run of the pipeline would not agree."""
    cells = Counter(role.component for role in roles)
    for name, body in bodies.items():
        if cells[name] > 1:
            continue  # which is reported already
        for code, variable, message, fix, record in _entangled(flow, flow.plans[name], body):
            flow.report(code, message, record or body.begin, variable, fix)
    _check_skips(flow, roles, declared)


_Problem = tuple[str, str, str, str, Record | None]


def _entangled(flow: Dataflow, plan: Plan, body: Body) -> Iterator[_Problem]:
    known: set[str] = set()
    for problem in (
        *_item_problems(flow, plan, body),
        *_left_behind(flow, plan, body),
        *_changed_together(flow, plan, body),
        *_carried_away(flow, plan, body),
        *_uncollected(plan, body),
    ):
        known.add(problem[1])
        yield problem
    for name in sorted(plan.outputs.keys() - body.values.keys() - known):
        if not name.startswith(STATE):
            message = f"a later component reads {name!r} of component {plan.name!r}, which becomes no list"
            yield "MDK165", name, message, "define it in an untagged cell, or assign it under another name", None
    for record in plan.records:
        for mode, path in record.effects.files:
            if path is not None and "w" in mode:
                message = f"each run of component {plan.name!r} writes the same file {path!r}"
                yield "MDK164", path, message, f"put {body.loop.item} into the name of the file", record


def _item_problems(flow: Dataflow, plan: Plan, body: Body) -> Iterator[_Problem]:
    item = body.loop.item
    before = flow.history.last(item, body.begin.index)
    if before is not None and before.how != "delete":
        cell = before.record.role.cell.number
        message = f"the item {item!r} of component {plan.name!r} has a value already, from cell {cell}"
        yield "MDK165", item, message, "call the item by another name", None


def _left_behind(flow: Dataflow, plan: Plan, body: Body) -> Iterator[_Problem]:
    """What one run would leave to the next one in the notebook."""
    each = f"each run of component {plan.name!r} starts anew"
    carried = {name for record in plan.carried.values() for name in record.effects.binds}
    for name, events in flow.history.events.items():
        own = [e for e in events if e.component == plan.name]
        shown = name.removeprefix(STATE)
        if not own:
            continue
        first = own[0]
        if name.startswith(STATE):
            if shown in knowledge.RANDOM_STATES and first.how != "bind":
                fix = "seed inside the component, or use a generator of its own: np.random.default_rng(0)"
                yield (
                    "MDK164",
                    shown,
                    f"{each}, but draws from {shown!r}, which goes on from run to run",
                    fix,
                    first.record,
                )
            elif name in plan.outputs:
                fix = "set it in the components that need it, or seed there"
                yield (
                    "MDK164",
                    shown,
                    f"a later component depends on {shown!r} as the last run leaves it",
                    fix,
                    first.record,
                )
        elif first.how in {"change", "delete"}:
            did = f"{'changes' if first.how == 'change' else 'deletes'} {name!r}, which it receives"
            if first.how == "change" and name not in first.record.effects.changed:
                did = f"keeps a part of {name!r}, which a later component changes"
            fix = f"work on a copy of {name!r}, or bind a new name and join the lists in a later component"
            yield "MDK164", name, f"{each}, but {did}", fix, first.record
        elif name in body.values and (name in plan.inputs or name in plan.parameters or name in carried):
            fix = "bind another name, and put the lists together in a later component"
            yield "MDK164", name, f"{each}, but builds {name!r} on its earlier value", fix, first.record
        elif first.how == "maybe" and (before := flow.history.last(name, body.begin.index)) and before.how != "delete":
            fix = "bind it in every run, or bind another name"
            yield "MDK164", name, f"{each}, and may leave {name!r} as it is", fix, first.record


def _changed_together(flow: Dataflow, plan: Plan, body: Body) -> Iterator[_Problem]:
    """Objects that all items of a list hold in the notebook, and that a later component changes."""
    for record in flow.history.records:
        if record.component in (None, plan.name) or record.index < body.begin.index:
            continue
        for identity in sorted(i for i, certain in record.effects.mutated.items() if certain and i in body.shared):
            name = body.shared[identity]
            message = (
                f"component {record.component!r} changes an object that was there before component {plan.name!r} and "
                f"that its list {name!r} holds: in the notebook it is one object, in the pipeline each run has its own"
            )
            yield "MDK164", name, message, f"let {name} be a copy in {plan.name!r}: copy.deepcopy(…)", record
            break


def _carried_away(flow: Dataflow, plan: Plan, body: Body) -> Iterator[_Problem]:
    """Settings and such that later components carry, but that a loop over an empty list would not have made."""
    for other in flow.plans.values():
        for record in other.carried.values():
            if record.component == plan.name != other.name and id(record.statement.node) not in body.always:
                what = ", ".join(record.effects.binds) or "a setting"
                message = (
                    f"component {other.name!r} uses {what} of component {plan.name!r}, which an empty list leaves out"
                )
                yield "MDK164", what, message, "move the statement to an untagged cell", record


def _uncollected(plan: Plan, body: Body) -> Iterator[_Problem]:
    """What is bound so that it cannot become a list."""
    item = body.loop.item
    for record in plan.records:
        if isinstance(record.statement.node, ast.ClassDef):
            name = record.statement.node.name
            message = f"component {plan.name!r} would make another class {name!r} in each run"
            yield "MDK165", name, message, "define it in an untagged cell", record
        if record.effects.dynamic is not None:
            message = (
                f"component {plan.name!r} may bind any name ({record.effects.dynamic}), so no list can be made of it"
            )
            yield "MDK165", plan.name, message, "bind names by assignments", record
        for name in record.effects.binds.keys() - body.values.keys() - body.defined - {item, "_"}:
            if name not in record.effects.deletes and name in plan.outputs:
                message = f"component {plan.name!r} binds {name!r} from within a call, so no list is made of it"
                yield "MDK165", name, message, f"assign it in the cell itself: {name} = …", record


def _check_skips(flow: Dataflow, roles: list[Role], declared: Mapping[str, Options]) -> None:
    """What depends on a component that may be skipped must say so in its lines: the notebook knows nothing else."""
    conditions = {name: options.when for name, options in declared.items() if options.when is not None}
    edges = {name: plan.producers | _carried_from(plan) for name, plan in flow.plans.items()}
    skippable = set(conditions)
    while more := {n for n, needed in edges.items() if n not in skippable and needed & skippable}:
        skippable |= more
    lines: dict[str, list[Role]] = {name: [r for r in roles if r.component == name] for name in flow.plans}

    def covered(name: str, other: str, role: Role) -> bool:
        if role.line is not None and other in role.line.after:
            return True
        condition = conditions.get(name)
        if condition is None or condition != conditions.get(other):
            return False
        one, two = flow.plans[name].control, flow.plans[other].control
        if any(one.get(n) != two.get(n) for n in parse_condition(condition).names):
            return False
        return all(covered(name, further, role) for further in edges[other] & skippable)

    for name in conditions:
        _report_deletions(flow, flow.plans[name])
    for name, plan in flow.plans.items():
        for other in sorted(edges[name] & skippable):
            for role in lines[name]:
                if not covered(name, other, role):
                    _report_unsaid(flow, plan, other, role)
                    break


def _report_deletions(flow: Dataflow, plan: Plan) -> None:
    """Whether a name exists cannot depend on a condition."""
    for name, events in flow.history.events.items():
        own = [e for e in events if e.component == plan.name]
        if own and own[0].how == "delete" and flow.history.last(name, own[0].index) is not None:
            message = f"component {plan.name!r} deletes {name!r}, but may be skipped: whether the name exists would depend on it"
            flow.report("MDK162", message, own[0].record, name, f"write {name} = None, or leave it as it is")


def _carried_from(plan: Plan) -> set[str]:
    return {record.component for record in plan.carried.values() if record.component not in (None, plan.name)}


def _report_unsaid(flow: Dataflow, plan: Plan, other: str, role: Role) -> None:
    names = sorted({n for n, source in [*plan.inputs.items(), *plan.control.items()] if source == other})
    if names:
        how = f"needs {', '.join(name.removeprefix(STATE) for name in names)} from {other!r}"
    elif other in _carried_from(plan):
        names = sorted(n for r in plan.carried.values() if r.component == other for n in r.effects.binds)
        how = f"uses {', '.join(names) or 'a setting'}, which {other!r} defines"
    else:
        how = f"comes after {other!r}"
    record = next(r for r in plan.records if r.role.cell is role.cell)
    flow.report(
        "MDK162",
        f"component {plan.name!r} {how}, which may be skipped, but a run of the notebook would not skip this cell",
        record,
        other,
        f"begin the cell with {component_line_of(role, other)}"
        + ("; or move the definition to an untagged cell" if other in _carried_from(plan) else ""),
        names=(other, *names),
    )
