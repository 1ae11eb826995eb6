"""Draws a run as HTML: a graph, a line per step, metrics, and what went wrong. The same page live and saved.

A notebook that is not trusted (GitHub, nbviewer) keeps the tables and loses graph and colours. Nothing is
told by colour alone.
"""

from __future__ import annotations

from datetime import datetime
from html import escape
from importlib.resources import files

from mdk_jupyter.local.events import State
from mdk_jupyter.widgets.layout import HEIGHT, WIDTH, layout
from mdk_jupyter.widgets.view import RunView, StepView, clock, number

SIGNS: dict[State, str] = {
    "waiting": "○",
    "running": "◐",
    "done": "✓",
    "failed": "✕",
    "skipped": "–",
    "cancelled": "■",
    "interrupted": "■",
}
LABEL_LENGTH = 16  # characters of a name that fit into a node


def run_html(view: RunView) -> str:
    """Return the whole picture of a run with its style sheet; every text in it is escaped."""
    return f"<style>{style()}</style>{run_body(view)}"


def style() -> str:
    """Return the style sheet of the package data."""
    return files("mdk_jupyter.widgets").joinpath("run.css").read_text(encoding="utf-8")


def run_body(view: RunView, now: float | None = None) -> str:
    """Return the picture without its style sheet.

    With the time `now`, what is running says for how long, in elements with `data-since` in which the browser
    can count on. Without, it says since when: nobody counts in a page.
    """
    parts = [_head(view, now), _graph(view, now), _steps(view, now), _metrics(view), _trouble(view)]
    label = escape(f"Run of {view.title}: {view.state}")
    return f'<div class="mdk-run" role="group" aria-label="{label}">{"".join(parts)}</div>'


def _head(view: RunView, now: float | None) -> str:
    done = sum(step.state == "done" for step in view.steps)
    return (
        f'<div class="mdk-head">{_sign(view.state)} '
        f"<b>{escape(view.title)}</b> {view.state} "
        f'<span class="mdk-quiet">{done} of {len(view.steps)} steps · {_time(view, now)}'
        f"{' · run ' + escape(view.run) if view.run else ''}</span></div>"
    )


def _graph(view: RunView, now: float | None) -> str:
    if not view.steps:
        return ""
    plan = layout({step.name: step.needs for step in view.steps})
    states = {step.name: step.state for step in view.steps}
    edges = "".join(
        f'<path class="mdk-edge" data-state="{states[source]}" d="{path}"/>' for (source, _), path in plan.edges.items()
    )
    nodes = "".join(_node(step, plan.nodes[step.name], now) for step in view.steps)
    size = f'width="{plan.width:g}" height="{plan.height:g}" viewBox="0 0 {plan.width:g} {plan.height:g}"'
    # Focusable because it scrolls when the graph is wide.
    return (
        f'<div class="mdk-graph" tabindex="0"><svg {size} role="img" aria-label="Graph of the steps">'
        f"{edges}{nodes}</svg></div>"
    )


def _node(step: StepView, place: tuple[float, float], now: float | None) -> str:
    x, y = place
    name = step.name if len(step.name) <= LABEL_LENGTH else step.name[: LABEL_LENGTH - 1] + "…"
    said = step.state if step.state in ("waiting", "skipped", "cancelled", "interrupted") else _time(step, now, "tspan")
    return (
        f'<g class="mdk-node" data-state="{step.state}" transform="translate({x:g} {y:g})">'
        f"<title>{escape(step.name)}: {step.state}</title>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="4"/>'
        f'<text class="mdk-sign" x="12" y="19">{SIGNS[step.state]}</text>'
        f'<text class="mdk-name" x="29" y="19">{escape(name)}</text>'
        f'<text class="mdk-quiet" x="29" y="36">{said}</text></g>'
    )


def _steps(view: RunView, now: float | None) -> str:
    rows = "".join(
        f"<tr><td>{_sign(step.state)} {step.state}</td><td>{_linked(step)}</td>"
        f"<td class='mdk-number'>{_time(step, now)}</td><td class='mdk-quiet'>{escape(step.detail)}</td></tr>"
        for step in view.steps
    )
    head = "<tr>" + "".join(f"<th scope='col'>{title}</th>" for title in ("State", "Step", "Time", "")) + "</tr>"
    return f"<table class='mdk-steps'><thead>{head}</thead><tbody>{rows}</tbody></table>" if rows else ""


def _linked(step: StepView) -> str:
    if step.notebook is None:
        return escape(step.name)
    target = escape(step.notebook, quote=True)
    name = escape(step.name)
    return f'<a href="{target}" target="_blank" rel="noopener" title="the executed notebook">{name}</a>'


def _sign(state: State) -> str:
    return f'<span class="mdk-sign" data-state="{state}">{SIGNS[state]}</span>'


def _metrics(view: RunView) -> str:
    if not view.metrics:
        return ""
    rows = "".join(
        f"<tr><th scope='row'>{escape(name)}</th><td class='mdk-number'>{escape(number(value))}</td></tr>"
        for name, value in view.metrics.items()
    )
    return f"<table class='mdk-metrics'><caption>Metrics</caption><tbody>{rows}</tbody></table>"


def _trouble(view: RunView) -> str:
    warnings = "".join(f"<p class='mdk-warning'>{escape(text)}</p>" for text in view.warnings)
    trouble = f"<pre class='mdk-trouble' role='alert'>{escape(view.trouble)}</pre>" if view.trouble else ""
    return warnings + trouble


def _time(view: RunView | StepView, now: float | None, tag: str = "span") -> str:
    if view.started is None or view.ended is not None:
        return clock(view.seconds(view.ended or 0.0))
    if now is None:
        return f"since {datetime.fromtimestamp(view.started):%H:%M:%S}"
    return f'<{tag} data-since="{view.started:.3f}">{clock(view.seconds(now))}</{tag}>'
