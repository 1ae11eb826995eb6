"""Draws a run as HTML: a graph, a line per step, metrics, and what went wrong. The same page live and saved.

A notebook that is not trusted (GitHub, nbviewer) keeps the tables and loses graph and colours. Nothing is
told by colour alone.
"""

from __future__ import annotations

from datetime import datetime
from html import escape
from importlib.resources import files

from mdk_jupyter.local.events import State
from mdk_jupyter.widgets.groups import Group, groups
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
_TIMELESS: frozenset[State] = frozenset({"waiting", "skipped", "cancelled", "interrupted"})
LABEL_LENGTH = 15  # characters of a name that fit into a node


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
    return (
        f'<div class="mdk-head">{_sign(view.state)} '
        f"<b>{escape(view.title)}</b> {view.state} "
        f'<span class="mdk-quiet">{view.count} · {_time(view, now)}'
        f"{' · run ' + escape(view.run) if view.run else ''}</span></div>"
    )


def _graph(view: RunView, now: float | None) -> str:
    if not view.steps:
        return ""
    found = {group.name: group for group in groups(view.steps)}
    plan = layout({name: group.needs for name, group in found.items()})
    edges = "".join(
        f'<path class="mdk-edge" data-state="{found[source].state}" d="{path}"/>'
        for (source, _), path in plan.edges.items()
    )
    nodes = "".join(_node(group, plan.nodes[name], now) for name, group in found.items())
    size = f'width="{plan.width:g}" height="{plan.height:g}" viewBox="0 0 {plan.width:g} {plan.height:g}"'
    # Focusable because it scrolls when the graph is wide.
    return (
        f'<div class="mdk-graph" tabindex="0"><svg {size} role="img" aria-label="Graph of the steps">'
        f"{edges}{nodes}</svg></div>"
    )


def _node(group: Group, place: tuple[float, float], now: float | None) -> str:
    x, y = place
    step = group.steps[0]
    word: str = group.state
    if group.is_repeated:
        about = said = group.said
        more = '<path class="mdk-more" d="M4 -4H164V42"/>'  # another sheet behind
    else:
        word, more = step.word, ""
        about = ", ".join(filter(None, [word, step.remark]))
        said = word if step.state in _TIMELESS or step.cached_from else _time(step, now, "tspan")
    return (
        f'<g class="mdk-node" data-state="{word}" transform="translate({x:g} {y:g})">'
        f"<title>{escape(group.name)}: {escape(about)}</title>"
        f'{more}<rect width="{WIDTH}" height="{HEIGHT}" rx="4"/>'
        f'<text class="mdk-sign" x="12" y="19">{SIGNS[group.state]}</text>'
        f'<text class="mdk-name" x="29" y="19">{escape(_short(group))}</text>'
        f'<text class="mdk-quiet" x="29" y="36">{said}</text></g>'
    )


def _short(group: Group) -> str:
    """Return a name that fits into a node, with the number of repetitions."""
    times = f" ×{len(group.steps)}" if group.is_repeated else ""
    room = LABEL_LENGTH - len(times)
    return (group.name if len(group.name) <= room else group.name[: room - 1] + "…") + times


def _steps(view: RunView, now: float | None) -> str:
    rows = ""
    for group in groups(view.steps):
        if group.is_repeated:
            rows += (
                f"<tr class='mdk-group'><td>{_sign(group.state)} {group.state}</td>"
                f"<td>{escape(group.name)} ×{len(group.steps)}</td><td></td><td class='mdk-quiet'>{group.said}</td></tr>"
            )
        rows += "".join(_row(step, group.is_repeated, now) for step in group.steps)
    head = "<tr>" + "".join(f"<th scope='col'>{title}</th>" for title in ("State", "Step", "Time", "")) + "</tr>"
    return f"<table class='mdk-steps'><thead>{head}</thead><tbody>{rows}</tbody></table>" if rows else ""


def _row(step: StepView, is_member: bool, now: float | None) -> str:
    place = " class='mdk-member'" if is_member else ""
    return (
        f"<tr><td>{_sign(step.state)} {step.word}</td><td{place}>{_linked(step)}</td>"
        f"<td class='mdk-number'>{_time(step, now)}</td><td class='mdk-quiet'>{escape(step.remark)}</td></tr>"
    )


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
