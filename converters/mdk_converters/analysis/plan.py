"""What one component needs and gives."""

from __future__ import annotations

from dataclasses import dataclass, field

from mdk_converters.analysis.effects import Need
from mdk_converters.analysis.history import Event, Record
from mdk_converters.analysis.values import Value


@dataclass(slots=True)
class Plan:
    """What one component needs and gives."""

    name: str
    records: list[Record] = field(default_factory=list)
    carried: dict[int, Record] = field(default_factory=dict)
    parameters: set[str] = field(default_factory=set)
    inputs: dict[str, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)  # event of each input
    needs: dict[str, Need] = field(default_factory=dict)
    outputs: dict[str, Value | None] = field(default_factory=dict)
    after: set[str] = field(default_factory=set)
    control: dict[str, str] = field(default_factory=dict)  # what decides about it -> the component that makes it
    control_versions: dict[str, int] = field(default_factory=dict)

    @property
    def producers(self) -> set[str]:
        return {*self.inputs.values(), *self.control.values(), *self.after}


class Uncarriable(Exception):
    """A definition needs a value that cannot be carried."""

    def __init__(self, name: str, event: Event | None) -> None:
        super().__init__(name)
        self.name, self.event = name, event
