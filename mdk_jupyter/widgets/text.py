"""Draws a run as plain text: where there is no HTML, and in outputs that are read by machines."""

from __future__ import annotations

from mdk_jupyter.local.events import ENDED
from mdk_jupyter.widgets.html import SIGNS
from mdk_jupyter.widgets.tree import hung
from mdk_jupyter.widgets.view import RunView, StepView, clock, number

ROOM = 40  # characters that the tree of the steps may be indented by


def run_text(view: RunView) -> str:
    """Return the run as lines: its state, a line per step, metrics, warnings and the failure."""
    lines = [
        f"{SIGNS[view.state]} {view.title}: {view.state}{_after(view)}" + (f" (run {view.run})" if view.run else "")
    ]
    rows = hung(view.steps, ROOM)
    width = max((len(guide + step.name) for guide, step in rows), default=0)
    for guide, step in rows:
        name = f"{step.name:<{width - len(guide)}}"
        lines.append(f"  {guide}{SIGNS[step.state]} {name}  {step.word}{_after(step)}{_remark(step)}")
    lines += [f"  {name} = {number(value)}" for name, value in view.metrics.items()]
    lines += [f"  warning: {text}" for text in view.warnings]
    return "\n".join(lines) + (f"\n\n{view.trouble}" if view.trouble else "")


def step_line(step: StepView) -> str:
    """Return a line for a step that began or ended; nothing for one that waits."""
    if step.state == "running":
        return f"{SIGNS[step.state]} {step.name}: running" + (f" ({step.why})" if step.why else "")
    if step.state in ENDED:
        return f"{SIGNS[step.state]} {step.name}: {step.word}{_after(step)}{_remark(step)}"
    return ""


def _remark(step: StepView) -> str:
    """Say where a result is from, where a step failed or why it was skipped; why one ran was said when it began."""
    if step.cached_from is not None or step.state == "skipped":
        return f" ({step.remark})" if step.remark else ""
    return f" ({step.detail})" if step.state == "failed" and step.detail else ""


def _after(view: RunView | StepView) -> str:
    """Return the time taken, once it is known."""
    if view.ended is None:
        return ""
    return f", {clock(view.seconds(view.ended))}"
