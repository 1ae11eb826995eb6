"""The page from top to bottom: every statement with its effects, and every event in the life of each name."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from mdk_converters.analysis import knowledge
from mdk_converters.analysis.carrying import Carriage, carriage, makes_folders
from mdk_converters.analysis.effects import Effects
from mdk_converters.analysis.interpret import Interpreter
from mdk_converters.analysis.machine import is_builtin
from mdk_converters.analysis.own_modules import OwnModules
from mdk_converters.analysis.syntax import Statement
from mdk_converters.analysis.values import Value
from mdk_converters.grammar import Role

STATE = "state."
How = Literal["bind", "maybe", "change", "delete", "parameter", "dynamic"]


@dataclass(slots=True)
class Record:
    """One top-level statement in page order."""

    index: int
    role: Role
    statement: Statement
    effects: Effects
    carriage: Carriage | None
    names: dict[str, frozenset[int]] = field(default_factory=dict)  # objects of the names before it ran
    steers: tuple[str, ...] = ()  # names by which it is decided whether and how often the component runs

    @property
    def component(self) -> str | None:
        return self.role.component if self.role.kind == "component" else None


@dataclass(slots=True)
class Event:
    """Something that happens to a name. `certain` is False where only the worst case is known."""

    index: int
    how: How
    certain: bool
    record: Record
    value: Value | None = None

    @property
    def component(self) -> str | None:
        return self.record.component


class History:
    """Every event of every name, interpreter states (`state.…`) included."""

    def __init__(self, own: OwnModules) -> None:
        self.run = Interpreter(own)
        self.records: list[Record] = []
        self.events: dict[str, list[Event]] = {}
        self.dynamic: list[Event] = []
        self.stars: list[Record] = []

    def read(self, role: Role, statement: Statement) -> Record:
        """Run one statement abstractly and note what it does."""
        before = {name: value.objects for name, value in self.run.names.items() if value.objects}
        effects = self.run.execute(statement)
        if role.kind == "exploration" and makes_folders(statement.node):
            effects.files.clear()
            effects.states.append(("folders", "set"))
        carried = carriage(effects) if role.kind != "skip" else None
        if carried is None and role.carry:
            carried = "code" if effects.binds else "magic"
        record = Record(len(self.records), role, statement, effects, carried, before)
        self.records.append(record)
        for name, certain in effects.changed.items():
            self._add(name, "change", certain, record, self.run.names.get(name))
        for name, definite in effects.binds.items():
            whole = definite or (record.carriage is not None and name not in self.events)
            self._add(name, "bind" if whole else "maybe", True, record, effects.values.get(name))
        for name, certain in effects.deletes.items():
            self._add(name, "delete", certain, record, None)
        for state, how in effects.states:
            self._add(STATE + state, "bind" if how == "seed" else "change", True, record, None)
        if effects.star is not None:
            self.stars.append(record)
        if effects.dynamic is not None or effects.star is not None:
            self.dynamic.append(Event(record.index, "dynamic", effects.dynamic is not None, record))
        return record

    def declare(self, role: Role, statement: Statement, name: str, value: Value) -> None:
        """Note a pipeline parameter."""
        self.run.declare(name, value)
        record = Record(len(self.records), role, statement, Effects(statement), None)
        self.records.append(record)
        self._add(name, "parameter", True, record, value)

    def steer(self, role: Role, statement: Statement, names: tuple[str, ...]) -> Record:
        """Note that a component is about to begin, if and as often as the values of `names` say."""
        before = {name: value.objects for name, value in self.run.names.items() if value.objects}
        record = Record(len(self.records), role, statement, Effects(statement), None, before, names)
        self.records.append(record)
        return record

    def bind(self, record: Record, name: str, value: Value) -> None:
        """Note that a statement which was not read itself binds a name."""
        self.run.declare(name, value)
        self._add(name, "bind", True, record, value)

    def unbind(self, record: Record, name: str) -> None:
        """Note that a statement which was not read itself deletes a name."""
        self.run.names.pop(name, None)
        self._add(name, "delete", True, record, None)

    def _add(self, name: str, how: How, certain: bool, record: Record, value: Value | None) -> None:
        listed = self.events.setdefault(name, [])
        if listed and listed[-1].index == record.index:
            if how in {"bind", "delete"} or listed[-1].how == "maybe":
                listed[-1] = Event(record.index, how, certain, record, value)
            return
        listed.append(Event(record.index, how, certain, record, value))

    def forget_unseeded(self) -> None:
        """Random numbers that nobody seeds differ from run to run anyway: they tie no components together."""
        for state in knowledge.RANDOM_STATES:
            listed = self.events.get(STATE + state, [])
            if not any(event.how == "bind" for event in listed):
                self.events.pop(STATE + state, None)

    def last(self, name: str, index: int) -> Event | None:
        """Return the last event of `name` before the statement `index`."""
        listed = self.events.get(name, [])
        position = bisect_left(listed, index, key=lambda e: e.index)
        event = listed[position - 1] if position else None
        if name.startswith(STATE) or (event is None and is_builtin(name)):
            return event
        for dynamic in reversed(self.dynamic):
            if dynamic.index < index and (event is None or dynamic.index > event.index):
                if dynamic.record.effects.dynamic is not None or event is not None:
                    return dynamic
                break
        return event

    def before(self, name: str, index: int) -> list[Event]:
        listed = self.events.get(name, [])
        return listed[: bisect_left(listed, index, key=lambda e: e.index)]

    def add_change(self, name: str, at: Record) -> None:
        """Note that a component hands a name on again, together with what shares its objects."""
        listed = self.events.setdefault(name, [])
        position = bisect_left(listed, at.index, key=lambda e: e.index)
        if position < len(listed) and listed[position].index == at.index:
            return
        known = listed[position - 1].value if position else None
        listed.insert(position, Event(at.index, "change", True, at, known))

    def groups(self, record: Record) -> Iterator[frozenset[str]]:
        """Yield sets of names that must reach a statement as parts of the same objects."""
        effects = record.effects
        if effects.mutated:
            reach = self.run.heap.reach
            touched = frozenset(effects.mutated)
            changed = [objects for objects in record.names.values() if reach(objects) & touched]
            shared = frozenset().union(*(reach(objects) for objects in changed))
            names = frozenset(n for n, objects in record.names.items() if reach(objects) & shared)
            if len(names) > 1:
                yield names
        for together in effects.together:
            names = together & frozenset(record.names)
            if len(names) > 1:
                yield names
        read = [n for n in effects.reads if n in record.names]
        holders: dict[int, set[str]] = {}
        for name in read:
            for identity in self.run.heap.reach(record.names[name]):
                if self.run.heap[identity].instance_of is not None:
                    holders.setdefault(identity, set()).add(name)
        for found in holders.values():
            if len(found) > 1:
                yield frozenset(found)


def line_of(statement: Statement, name: str) -> int:
    """Return the line, in its cell, on which a statement first mentions `name`."""
    lines = [
        node.lineno
        for node in ast.walk(statement.node)
        if (isinstance(node, ast.Name) and node.id == name)
        or (isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef) and node.name == name)
    ]
    return min(lines, default=statement.line)
