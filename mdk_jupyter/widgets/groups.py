"""Steps that repeat one component, such as `train[0]` and `train[1]`, seen as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from mdk_jupyter.local.events import ENDED, State
from mdk_jupyter.widgets.view import StepView

_WORST: tuple[State, ...] = ("failed", "cancelled", "interrupted", "running", "skipped", "done", "waiting")


@dataclass(frozen=True, slots=True)
class Group:
    """A step that stands alone, or all repetitions of a component."""

    name: str  # the step's, or the component's
    steps: tuple[StepView, ...]

    @property
    def is_repeated(self) -> bool:
        return self.steps[0].name != self.name

    @property
    def needs(self) -> tuple[str, ...]:
        """The groups that this one waits for."""
        return tuple(
            dict.fromkeys(n for step in self.steps for name in step.needs if (n := component(name)) != self.name)
        )

    @property
    def state(self) -> State:
        """The worst state of its steps; `running` while some are over and others still wait."""
        states = {step.state for step in self.steps}
        if "waiting" in states and states & ENDED and not states & {"failed", "cancelled", "interrupted"}:
            return "running"
        return next(state for state in _WORST if state in states)

    @property
    def said(self) -> str:
        """How far it is: `2 of 3 done`."""
        done = sum(step.state == "done" for step in self.steps)
        return f"{done} of {len(self.steps)} done"


def component(step: str) -> str:
    """Return the component that a step runs.

    Example:
        >>> component("train[0]"), component("load")
        ('train', 'load')
    """
    return step.partition("[")[0] if step.endswith("]") else step


def groups(steps: Sequence[StepView]) -> list[Group]:
    """Return the steps, repetitions of a component together where the first of them is."""
    order = {name: number for number, name in enumerate(dict.fromkeys(component(step.name) for step in steps))}
    sorted_steps: Iterable[StepView] = sorted(steps, key=lambda step: order[component(step.name)])
    found = []
    for name, members in groupby(sorted_steps, key=lambda step: component(step.name)):
        together = tuple(members)
        # The step that gathers what the repetitions hand on says nothing of its own.
        parts = tuple(step for step in together if step.name != name)
        found.append(Group(name, parts or together))
    return found
