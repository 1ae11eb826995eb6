"""Conditions and loops of one run: what is decided when the values are there, and the steps that loops become."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdk_converters.conditions import Condition, parse_condition
from mdk_converters.loops import parse_loop
from mdk_converters.spec import Component, Pipeline
from mdk_jupyter.artifacts import Record, Store, handover
from mdk_jupyter.local.branching import Decision, decide, instance, items_of, no_list, no_scalar
from mdk_jupyter.local.jobs import Produced

_SCALARS = frozenset({"int", "float", "str", "bool", "NoneType"})


@dataclass(kw_only=True)
class Steering:
    """What decides about components. `pipeline` has one more component for each run of a repeated one so far.

    Values are read here only where their format needs no code of the user's: numbers, texts, plain lists.
    """

    pipeline: Pipeline
    parameters: Mapping[str, Any]
    store: Path
    parts: dict[str, list[str]] = field(default_factory=dict)  # the runs of repeated components
    _values: dict[str, dict[str, Any]] = field(default_factory=dict)  # items by run, where their values are known
    _records: dict[str, dict[str, Any]] = field(default_factory=dict)  # items by their source, where they are not

    def decide(self, name: str, produced: Produced) -> Decision:
        """Return whether a component runs.

        Raises:
            StepError: its condition cannot be decided (MDK318).
        """
        component = self.pipeline.components[name]
        if component.when is None:
            return Decision(True)
        condition = parse_condition(component.when)
        values = dict(self.parameters)
        for variable in component.control.keys() & set(condition.names):
            values.pop(variable, None)
            record = _record(component, variable, produced)
            if record["status"] == "value":
                values[variable] = self._scalar(name, condition, variable, record)
        return decide(name, condition, values)

    def unroll(self, name: str, produced: Produced) -> list[str]:
        """Make a component of each run of a repeated one; return their names.

        Raises:
            StepError: there is no list of items (MDK319).
        """
        component = self.pipeline.components[name]
        assert component.foreach is not None
        loop = parse_loop(component.foreach)
        made: dict[str, Component] = {}
        plain: dict[str, Any] = {"when": None, "control": {}}
        items: Iterable[Any]
        if loop.items not in component.control:
            items = items_of(name, loop.items, self.parameters)
        else:
            items = self._items(name, loop.items, _record(component, loop.items, produced))
        for number, item in enumerate(items):
            part = instance(name, number)
            if isinstance(item, _Unread):
                source = f"{component.control[loop.items]}[{number}]"
                self._records[source] = item.record
                made[part] = component.model_copy(update={**plain, "inputs": {**component.inputs, loop.item: source}})
            else:
                self._values[part] = {loop.item: item}
                names = [*component.parameters, loop.item]
                made[part] = component.model_copy(update={**plain, "parameters": names})
        self.parts[name] = list(made)
        joined = component.model_copy(update={"after": [*component.after, *made]})
        components: dict[str, Component] = {}
        for other, known in self.pipeline.components.items():
            components |= {other: joined, **made} if other == name else {other: known}
        self.pipeline = self.pipeline.model_copy(update={"components": components})
        return list(made)

    def given(self, name: str) -> Mapping[str, Any]:
        """Return the values of parameters as a step knows them: the item of its loop among them."""
        return {**self.parameters, **self._values.get(name, {})}

    def produced(self, made: Produced) -> Produced:
        """Return the artifact records that steps receive: those that were made, and items of lists among them."""
        known = {name: dict(outputs) for name, outputs in made.items()}
        for source, record in self._records.items():
            step, _, name = source.partition(".")
            known[step][name] = record
        return known

    def _scalar(self, name: str, condition: Condition, variable: str, record: Mapping[str, Any]) -> Any:
        is_plain = record.get("format") == "json" and record["type"] in _SCALARS
        if not is_plain and record.get("format") != "npy-scalar":
            raise no_scalar(name, condition, variable, str(record.get("type")))
        return self._load(record)

    def _items(self, name: str, variable: str, record: Mapping[str, Any]) -> Iterable[Any]:
        """Return the items, or how a step finds them where only the step can read them."""
        if record["status"] != "value":
            raise no_list(name, variable, "has no value")
        if "items" in record:
            return [_Unread(part) for part in record["items"]]
        if record["format"] == "json":
            return items_of(name, variable, {variable: self._load(record)})
        if record.get("length") is None:
            raise no_list(name, variable, f"is a {record['type']}")
        return [_Unread({**record, "item": number}) for number in range(record["length"])]

    def _load(self, record: Mapping[str, Any]) -> Any:
        [(_, value)] = handover.load({"": Record.from_json(record)}, Store(self.store))
        return value


@dataclass(frozen=True, slots=True)
class _Unread:
    """An item that only a step can read."""

    record: dict[str, Any]


def _record(component: Component, variable: str, produced: Produced) -> Mapping[str, Any]:
    step, _, name = component.control[variable].partition(".")
    return produced[step][name]
