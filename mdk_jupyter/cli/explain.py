"""Why each step of a run ran, or did not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mdk_jupyter.amounts import size

if TYPE_CHECKING:
    from mdk_jupyter.local.record import Run, Step


def explanation(run: Run) -> str:
    """Return a line for each step, with what is worth knowing about it below."""
    width = max(map(len, run.steps), default=0)
    lines = []
    for step in run.steps.values():
        lines.append(f"{step.name:<{width}}  {_fate(step)}")
        lines += [f"{'':<{width}}    {remark}" for remark in step.remarks]
    return "\n".join(lines)


def _fate(step: Step) -> str:
    if step.cached_from is not None:
        return f"cached from {step.cached_from}"
    if step.state == "skipped":
        return f"skipped: {step.why}"
    if step.started is None:
        return step.state
    new = f" ({size(step.written)} new on disk)" if step.state == "done" else ""
    return f"ran: {step.why}{new}"
