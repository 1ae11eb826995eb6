"""Draws a run as plain text: where there is no HTML, and in outputs that are read by machines."""

from __future__ import annotations

from mdk_jupyter.local.events import ENDED
from mdk_jupyter.widgets.html import SIGNS
from mdk_jupyter.widgets.view import RunView, StepView, clock, number


def run_text(view: RunView) -> str:
    """Return the run as lines: its state, a line per step, metrics, warnings and the failure."""
    lines = [
        f"{SIGNS[view.state]} {view.title}: {view.state}{_after(view)}" + (f" (run {view.run})" if view.run else "")
    ]
    width = max((len(step.name) for step in view.steps), default=0)
    lines += [f"  {SIGNS[s.state]} {s.name:<{width}}  {s.state}{_how(s)}" for s in view.steps]
    lines += [f"  {name} = {number(value)}" for name, value in view.metrics.items()]
    lines += [f"  warning: {text}" for text in view.warnings]
    return "\n".join(lines) + (f"\n\n{view.trouble}" if view.trouble else "")


def step_line(step: StepView) -> str:
    """Return a line for a step that began or ended; nothing for one that waits."""
    if step.state == "running" or step.state in ENDED:
        return f"{SIGNS[step.state]} {step.name}: {step.state}{_how(step)}"
    return ""


def _how(step: StepView) -> str:
    """Return the time taken, or that the step was not run."""
    return ", cached" if step.detail == "cached" else _after(step)


def _after(view: RunView | StepView) -> str:
    """Return the time taken, once it is known."""
    if view.ended is None:
        return ""
    return f", {clock(view.seconds(view.ended))}"
