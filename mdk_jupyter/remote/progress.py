"""From what a service shows of a job to the steps of a run: pure, and whichever service it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mdk_converters.spec import Pipeline
from mdk_converters.targets.kfp.keys import task_name
from mdk_jupyter.local.events import State
from mdk_jupyter.remote.service import JobView, Task

_STATES: dict[str, State] = {"cached": "done"}
_OVER = ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class StepView:
    """How a step is. `task` is what the service calls it, None where it has no task for it."""

    name: str
    state: State
    why: str = ""
    task: Task | None = None
    part_of: str | None = None

    @property
    def is_cached(self) -> bool:
        return self.task is not None and self.task.state == "cached"


def blocks_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the condition or loop that each task of a compiled pipeline is in, where it is in one."""
    return {
        task: name.removeprefix("comp-")
        for name, component in document["components"].items()
        for task in component.get("dag", {}).get("tasks", {})
    }


def steps_of(
    pipeline: Pipeline, waits: Mapping[str, Iterable[str]], blocks: Mapping[str, str], view: JobView
) -> list[StepView]:
    """Return the steps of a job: each component, and before it its runs where it is repeated.

    `blocks` are the conditions and loops that tasks are in, as `blocks_of` returns them.
    """
    by_id = {task.id: task for task in view.tasks}
    found: dict[str, StepView] = {}

    def told(name: str, task: Task | None) -> tuple[State, str]:
        """Return the state of a component by its task, and why it was skipped."""
        state = _state(task, view) if task is not None else _state_of_unseen(name, blocks, view)
        return state, _reason(name, waits, view, pipeline) if state == "skipped" else ""

    for name, component in pipeline.components.items():
        tasks = [task for task in view.tasks if task.name == task_name(name)]
        if component.foreach is None:
            task = tasks[-1] if tasks else None
            found[name] = StepView(name, *told(name, task), task=task)
            continue
        parts = _numbered(tasks, by_id)
        for number, task in parts:
            part = f"{name}[{number}]"
            found[part] = StepView(part, *told(name, task), task=task, part_of=name)
        loop = next((task for task in view.tasks if task.name == blocks.get(task_name(name))), None)
        state, why = told(name, loop)
        found[name] = StepView(name, state, why or (f"once for each of {len(parts)} items" if loop else ""))
    return list(found.values())


def _state_of_unseen(name: str, blocks: Mapping[str, str], view: JobView) -> State:
    """Return the state of a component that the service has no task for, yet or any more."""
    return "skipped" if view.state in _OVER or _is_left_out(task_name(name), blocks, view) else "waiting"


def _is_left_out(task: str, blocks: Mapping[str, str], view: JobView) -> bool:
    """Whether a condition that the task is behind did not hold."""
    block = blocks.get(task)
    if block is None:
        return False
    return any(one.name == block and one.state == "skipped" for one in view.tasks) or _is_left_out(block, blocks, view)


def _state(task: Task, view: JobView) -> State:
    state: State = _STATES.get(task.state, task.state)  # type: ignore[arg-type]
    if view.state in _OVER and state in ("waiting", "running"):
        return "cancelled" if state == "running" else "skipped"
    return state


def _numbered(tasks: list[Task], by_id: Mapping[str, Task]) -> list[tuple[int, Task]]:
    """Return the runs of a repeated component with their numbers; in the order of their start where none is told."""
    told = sorted(((_iteration(task, by_id), task) for task in tasks), key=lambda pair: pair[0])
    if all(number >= 0 for number, _ in told):
        return told
    return list(enumerate(sorted(tasks, key=lambda task: (task.started is None, task.started, task.id))))


def _iteration(task: Task, by_id: Mapping[str, Task]) -> int:
    """Return which item of its loop a task is for, -1 where that cannot be told."""
    at: Task | None = task
    while at is not None and (parent := by_id.get(at.parent)) is not None:
        match = re.fullmatch(rf"{re.escape(parent.name)}-(\d+)", at.name)
        if match is not None:
            return int(match[1])
        at = parent
    return -1


def _reason(name: str, waits: Mapping[str, Iterable[str]], view: JobView, pipeline: Pipeline) -> str:
    """Say why a step was not started."""
    before = [name, *_ancestors(name, waits)]
    failed = {task.name for task in view.tasks if task.state == "failed"}
    blamed = [other for other in before if task_name(other) in failed]
    if blamed:
        return f"{', '.join(blamed)} failed"
    if view.state == "cancelled":
        return "the run was cancelled"
    conditions = [other for other in before if pipeline.components[other].when is not None]
    if conditions:
        first = conditions[-1]
        return f"{pipeline.components[first].when} does not hold" + (
            f", so {first} was skipped" if first != name else ""
        )
    return "the run ended before"


def _ancestors(name: str, waits: Mapping[str, Iterable[str]]) -> list[str]:
    found: dict[str, None] = {}
    todo = list(waits[name])
    while todo:
        other = todo.pop()
        if other not in found:
            found[other] = None
            todo += waits[other]
    return list(found)
