"""Events of names -> what every component carries, receives and hands on."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mdk_converters.analysis import refusals, settings, steering
from mdk_converters.analysis.effects import Need
from mdk_converters.analysis.file_order import order_files
from mdk_converters.analysis.history import STATE, Event, History, Record, line_of
from mdk_converters.analysis.machine import is_builtin, is_history
from mdk_converters.analysis.plan import Plan, Uncarriable
from mdk_converters.analysis.values import ATOMS
from mdk_converters.findings import Finding
from mdk_converters.notebook import Notebook

_MOST_ROUNDS = 50


class Dataflow:
    """Plans of all components, and the findings that stand in the way."""

    def __init__(
        self,
        notebook: Notebook,
        history: History,
        components: list[str],
        after: dict[str, set[str]],
        misread: frozenset[int] = frozenset(),  # numbers of cells whose role could not be made out
    ) -> None:
        self.misread = misread
        self.notebook = notebook
        self.history = history
        self.after = after
        self.components = components
        self.plans: dict[str, Plan] = {}
        self.findings: dict[tuple[object, ...], Finding] = {}
        self.asked: set[tuple[object, ...]] = set()

    def solve(self, kept: dict[str, tuple[str, ...]]) -> None:
        """Work out all plans. `kept` names values that components hand on although nobody reads them."""
        self.history.forget_unseeded()
        for _ in range(_MOST_ROUNDS):
            self._start()
            for record in self.history.records:
                if record.component is not None:
                    self._read(record)
            self._keep(kept)
            if not self._rejoin():
                break
        order_files(self)
        refusals.refuse_cycles(self)

    def _start(self) -> None:
        self.plans = {name: Plan(name) for name in self.components}
        self.findings.clear()
        self.asked.clear()
        for record in self.history.records:
            if record.component is not None:
                self.plans[record.component].records.append(record)
        for name, plan in self.plans.items():
            plan.after |= self.after.get(name, set())

    # --- what a statement needs

    def _read(self, record: Record) -> None:
        plan = self.plans[record.component or ""]
        effects = record.effects
        for name in record.steers:
            steering.demand(self, name, plan, record)
        for name, need in effects.reads.items():
            if is_history(name) and not self.history.events.get(name):
                refusals.refuse_history(self, name, record)
            else:
                self.demand(name, record.index, plan, need, record)
        for code in effects.code:
            for name in sorted({*code.lazy, *([code.name] if code.name else [])}):
                self.demand(name, record.index, plan, Need.POSSIBLE, record)
        for state, how in effects.states:
            if how != "seed":
                settings.demand_state(self, STATE + state, record.index, plan, record)
        if effects.dynamic is not None:
            for name in list(self.history.events):
                if not name.startswith(STATE):
                    self.demand(name, record.index, plan, Need.POSSIBLE, record)
        if record is plan.records[0]:
            settings.demand_settings(self, plan, record)

    def demand(self, name: str, index: int, plan: Plan, need: Need, reader: Record) -> None:
        event = self.history.last(name, index)
        asked = (name, event.index if event else -1, plan.name, need)
        if asked in self.asked:
            return
        self.asked.add(asked)
        if event is None:
            self._missing(name, plan, need, reader, index)
        elif event.component == plan.name:
            if event.how not in {"bind", "delete"}:
                self.demand(
                    name,
                    event.index,
                    plan,
                    Need.POSSIBLE if event.how != "change" else min(need, Need.CONDITIONAL),
                    reader,
                )
        elif event.how == "parameter":
            plan.parameters.add(name)
        elif event.how == "delete" and (event.component is not None or event.certain):
            self._deleted(name, event, plan, need, reader)
        elif self._is_definition(event) and self._may_carry(event):
            self._carry_or_take(name, event, plan, need, reader)
        elif event.component is not None:
            self.take(name, event, plan, need, reader)
        else:
            self._outside(name, event, plan, need, reader)

    def _is_definition(self, event: Event) -> bool:
        """The event binds a name to something that can be carried, or registers code in it."""
        carriage = event.record.carriage
        return (event.how == "bind" and carriage is not None) or (event.how == "change" and carriage == "code")

    def _missing(self, name: str, plan: Plan, need: Need, reader: Record, index: int) -> None:
        if is_builtin(name):
            return
        stars = [r for r in self.history.stars if r.index < index and r.component != plan.name]
        plan.carried |= {star.index: star for star in stars}
        if stars or need is not Need.CERTAIN:
            return
        if any(r.index < index and r.component == plan.name for r in self.history.stars):
            return
        refusals.refuse_missing(self, name, plan, reader, index)

    # --- carrying

    def _may_carry(self, event: Event) -> bool:
        kind = event.record.carriage
        if kind in {"import", "code", "setting", "magic"}:
            return True
        return event.component is None

    def _carry_or_take(self, name: str, event: Event, plan: Plan, need: Need, reader: Record) -> None:
        try:
            needed = self.closure(event.record, plan)
        except Uncarriable as problem:
            if event.component is not None:
                self.take(name, event, plan, need, reader)
            elif need > Need.POSSIBLE:
                self._outside(problem.name, problem.event or event, plan, need, reader)
            return
        self._conflicting_write(name, event, plan, need, reader, carried=True)
        plan.versions.setdefault(name, event.index)
        for record in needed:
            self.carry(record, plan, reader)

    def carry(self, record: Record, plan: Plan, reader: Record) -> None:
        if record.index in plan.carried:
            return
        plan.carried[record.index] = record
        self._carry_submodules(record, plan, reader)
        index = self._position(plan, reader)
        for name in record.effects.binds:
            value = record.effects.values.get(name)
            for code in self.history.run.heap.code_in(value.objects) if value is not None else []:
                for lazy in sorted(code.lazy):
                    self.demand(lazy, index, plan, Need.POSSIBLE, reader)

    def _carry_submodules(self, record: Record, plan: Plan, reader: Record) -> None:
        """`import a` gives access to every submodule of `a` that any cell above has imported, in whatever way."""
        if not isinstance(record.statement.node, ast.Import):
            return
        whole = {a.name.partition(".")[0] for a in record.statement.node.names if not a.asname}
        for other in self.history.records[: self._position(plan, reader)]:
            node = other.statement.node
            if other.component == plan.name or other.carriage != "import" or other.index in plan.carried:
                continue
            named = (
                [a.name for a in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", None) or ""]
            )
            if any("." in name and name.partition(".")[0] in whole for name in named):
                plan.carried[other.index] = other

    def _position(self, plan: Plan, reader: Record) -> int:
        return reader.index if reader.component == plan.name else plan.records[-1].index

    def closure(self, record: Record, plan: Plan, trail: frozenset[int] = frozenset()) -> list[Record]:
        """Return the statements that must run for `record` to run in another component.

        Raises:
            Uncarriable: one of them is no definition.
        """
        found = [record]
        if record.index in trail:
            return found
        for name in record.effects.reads:
            event = self.history.last(name, record.index)
            if event is None:
                if not is_builtin(name) and not self.history.stars:
                    raise Uncarriable(name, None)
                found += [star for star in self.history.stars if star.index < record.index and not is_builtin(name)]
            elif event.how == "parameter":
                plan.parameters.add(name)
            elif self._is_definition(event) and self._eager(event):
                found += self.closure(event.record, plan, trail | {record.index})
            else:
                raise Uncarriable(name, event)
        return found

    def _eager(self, event: Event) -> bool:
        """A definition may read this when it runs: it is the same wherever it runs."""
        if self._may_carry(event):
            return True
        return event.value is not None and (event.value.atomic or not event.value.objects)

    # --- taking from another component

    def take(self, name: str, event: Event, plan: Plan, need: Need, reader: Record) -> None:
        source = event.component
        if source is None:
            return
        if self._conflicting_write(name, event, plan, need, reader):
            return
        known = plan.versions.get(name)
        if known is not None and known != event.index and (name in plan.inputs or known not in plan.carried):
            self.interleaved(name, event, plan, need, reader)
            return
        if need > Need.POSSIBLE and event.value is not None and event.how != "dynamic":
            refusals.refuse_travel(self, name, event, plan, reader)
        plan.versions[name] = event.index
        plan.needs[name] = max(need, plan.needs.get(name, need))
        self.hand_on(name, event, plan.inputs)

    def hand_on(self, name: str, event: Event, receiver: dict[str, str]) -> None:
        """Let the component of an event hand a name on; note in `receiver` where the name is from."""
        source = event.component
        if source is None:
            return
        receiver[name] = source
        producer = self.plans[source]
        producer.outputs[name] = event.value
        if event.how in {"maybe", "change", "dynamic"}:
            self.demand(
                name,
                event.index,
                producer,
                Need.POSSIBLE if event.how != "change" else Need.CONDITIONAL,
                event.record,
            )

    def _conflicting_write(
        self, name: str, event: Event, plan: Plan, need: Need, reader: Record, *, carried: bool = False
    ) -> bool:
        """A component has one value of a name to start with and one to hand on; a page that asks for more is refused."""
        listed = self.history.events.get(name, [])
        own_earlier = any(
            e.component == plan.name
            and e.index < event.index
            and not (e.record.carriage == "import" and e.record.statement.source == event.record.statement.source)
            for e in listed
        )
        source_later = event.component is not None and any(
            e.component == event.component and e.index > event.index for e in listed
        )
        if own_earlier or (source_later and not carried):
            self.interleaved(name, event, plan, need, reader)
            return True
        return False

    def interleaved(self, name: str, event: Event, plan: Plan, need: Need, reader: Record) -> None:
        if need is Need.POSSIBLE:
            return
        other = event.component or "an untagged cell"
        self.report(
            "MDK146",
            f"component {plan.name!r} needs {name.removeprefix(STATE)!r} as cell {event.record.role.cell.number} ({other}) leaves it, but "
            f"the cells of {plan.name!r} and {other!r} alternate on the page and need it in more than one version",
            reader,
            name,
            f"give the later cells a component of their own, or use another name for one of the versions of {name!r}",
        )

    # --- values that must stay one object

    def _rejoin(self) -> bool:
        """Names whose objects are shared must come from one producer; return whether events were added."""
        added = False
        for record in self.history.records:
            plan = self.plans.get(record.component or "")
            if plan is None:
                continue
            for group in self.history.groups(record):
                sources = dict(self._origins(group, plan))
                if len(set(sources.values())) < 2 or len({self._maker(i) for i in sources.values()}) < 2:
                    continue
                last = max(sources.values())
                at = self.history.records[last]
                if at.component is None:
                    continue
                for name, index in sources.items():
                    if self._maker(index) != at.component:
                        self.history.add_change(name, at)
                        added = True
        return added

    def _origins(self, group: frozenset[str], plan: Plan) -> Iterator[tuple[str, int]]:
        for name in sorted(group):
            if name in plan.versions:
                record = self.history.records[plan.versions[name]]
                if name in plan.inputs or record.carriage == "constant":
                    yield name, plan.versions[name]

    def _maker(self, index: int) -> str | None:
        record = self.history.records[index]
        return record.component if record.component is not None else f"#{index}"

    # --- values that nobody reads

    def _keep(self, kept: dict[str, tuple[str, ...]]) -> None:
        consumed = {source for plan in self.plans.values() for source in plan.producers}
        for name, events in self.history.events.items():
            last = events[-1]
            if name.startswith((STATE, "_")) or last.component is None or last.how == "delete":
                continue
            plan = self.plans[last.component]
            if name in plan.outputs:
                continue
            wanted = name in kept.get(plan.name, ())
            if wanted or (last.how == "bind" and self._is_result(last, plan.name not in consumed)):
                plan.outputs[name] = last.value
                if last.how != "bind":
                    self.demand(name, last.index, plan, Need.POSSIBLE, last.record)
        for component, names in kept.items():
            for name in names:
                own = [e for e in self.history.events.get(name, []) if e.component == component and e.how != "delete"]
                if not own:
                    record = self.plans[component].records[-1]
                    self.report(
                        "MDK157",
                        f"component {component!r} is to hand on {name!r}, but no statement of it binds or changes that name",
                        record,
                        name,
                        "check the spelling",
                    )

    def _is_result(self, event: Event, leaf: bool) -> bool:
        node = event.record.statement.node
        value = event.value
        if not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) or value is None or value.path is not None:
            return False
        if value.kind in {
            "figure",
            "function",
            "class",
            "module",
            "untravelable",
            "generator",
            "iterator",
            "none",
        }:
            return False
        if event.record.carriage in {"code", "import"}:
            return False
        return leaf or value.kind in ATOMS or value.kind == "model"

    # --- refusals

    def _outside(self, name: str, event: Event, plan: Plan, need: Need, reader: Record) -> None:
        if event.how == "change" and not event.certain:
            self.demand(name, event.index, plan, need, reader)
        elif need > Need.POSSIBLE and event.record.role.cell.number not in self.misread:
            refusals.refuse_outside(self, name, event, plan, reader)

    def _deleted(self, name: str, event: Event, plan: Plan, need: Need, reader: Record) -> None:
        if need is Need.CERTAIN and event.certain and not is_builtin(name):
            refusals.refuse_deleted(self, name, event, plan, reader)
        elif event.component is not None and not event.certain:
            self.take(name, event, plan, Need.POSSIBLE, reader)

    def report(self, code: str, message: str, record: Record, name: str, fix: str, names: tuple[str, ...] = ()) -> None:
        key = (code, name, record.component, record.index)
        line = line_of(record.statement, name) + record.role.line_offset
        place = self.notebook.place(record.role.cell, line)
        self.findings.setdefault(key, Finding(code, message, place, fix, names=names or (name,)))
