"""A plan for people: in a terminal, and in a notebook."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from typing import Any

from mdk_jupyter.project.settings import Kubeflow, Vertex
from mdk_jupyter.remote.plan import PLAIN_IMAGE, Plan, PlannedStep
from mdk_jupyter.widgets.view import size

_TARGETS = {"vertex": "Vertex AI Pipelines", "kfp": "Kubeflow Pipelines"}
_MOST_FILES = 10


def plan_text(plan: Plan) -> str:
    """Return a plan as lines of text, without a line end at the end."""
    where = f", environment {plan.environment}" if plan.environment else ""
    lines = [f"{plan.pipeline} on {_TARGETS[plan.target]}{where}"]
    facts = _facts(plan)
    width = max(len(name) for name, _ in facts)
    lines += [f"  {name:<{width}}  {value}" for name, value in facts]
    lines += ["", *_table([("step", "image", "machine", "cache", ""), *map(_row, plan.steps)])]
    return "\n".join(line.rstrip() for line in lines)


def plan_html(plan: Plan) -> str:
    """Return a plan as HTML that needs no script and no style sheet."""
    facts = "".join(f"<tr><th>{html.escape(n)}</th><td>{html.escape(v)}</td></tr>" for n, v in _facts(plan))
    head = "".join(f"<th>{name}</th>" for name in ("step", "image", "machine", "cache", ""))
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in map(_row, plan.steps)
    )
    title = html.escape(f"{plan.pipeline} on {_TARGETS[plan.target]}")
    return (
        f"<p><strong>{title}</strong></p><table>{facts}</table>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _facts(plan: Plan) -> list[tuple[str, str]]:
    changed = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in plan.changed.items()]
    contents = sorted(plan.bundle.contents)
    files = ", ".join(contents[:_MOST_FILES]) + (
        f" and {len(contents) - _MOST_FILES} more" if len(contents) > _MOST_FILES else ""
    )
    bundle = f"{size(plan.bundle.size)}, {files or 'the runtime alone'}"
    rows = [
        ("job", plan.job),
        *_service_facts(plan.service),
        ("pipeline root", plan.root),
        ("schedule", plan.schedule or ""),
        ("parameters", ", ".join(changed) or ("all as in the notebook" if plan.parameters else "none")),
        (
            "labels",
            ", ".join(f"{key}={value}" for key, value in plan.labels.items()) if plan.target == "vertex" else "",
        ),
        ("spec", size(len(plan.document.spec.encode()))),
        ("bundle", bundle),
        ("left out", ", ".join(plan.bundle.left_out)),
        ("costs", "; ".join(plan.costs)),
    ]
    return [(name, value) for name, value in rows if value]


def _service_facts(service: Vertex | Kubeflow) -> list[tuple[str, str]]:
    fields = (
        ("project_id", "region", "service_account", "network", "encryption_key", "experiment", "failure_policy",
         "api_endpoint")
        if isinstance(service, Vertex)
        else ("host", "namespace", "service_account", "experiment")
    )  # fmt: skip
    return [(name.replace("_", " "), str(getattr(service, name) or "")) for name in fields]


def _row(step: PlannedStep) -> tuple[str, str, str, str, str]:
    image = step.image if step.pinned or step.image == PLAIN_IMAGE else f"{step.image} (no digest)"
    more = [
        f"installs {', '.join(step.installs)}" if step.installs else "",
        f"when {step.when}" if step.when else "",
        f"for each {step.foreach}" if step.foreach else "",
        f"{step.retries} retries" if step.retries else "",
        f"at most {step.timeout}" if step.timeout else "",
        f"secrets {', '.join(step.secrets)}" if step.secrets else "",
    ]
    return step.name, image, step.machine, "on" if step.cached else "off", "; ".join(filter(None, more))


def _table(rows: Iterable[tuple[Any, ...]]) -> list[str]:
    found = list(rows)
    widths = [max(len(row[column]) for row in found) for column in range(len(found[0]))]
    return ["  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in found]
