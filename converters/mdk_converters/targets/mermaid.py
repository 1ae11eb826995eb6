"""A Mermaid flowchart of a pipeline: what GitHub, GitLab and JupyterLab draw from text."""

from __future__ import annotations

from mdk_converters.conditions import parse_condition
from mdk_converters.graph import producer
from mdk_converters.spec import Component, Pipeline

_MOST_NAMES = 5  # on one edge


def flowchart(pipeline: Pipeline) -> str:
    """Return the chart: components, values on solid edges, order alone on dotted ones.

    A condition is a diamond before its component; a repeated component has double sides and says for what.

    Example:
        >>> print(flowchart(pipeline))
        flowchart TD
            c1["load"]
            c2["train"]
            c1 -->|"flights"| c2
    """
    ids = {name: f"c{number}" for number, name in enumerate(pipeline.components, 1)}
    lines = ["flowchart TD"]
    for name, component in pipeline.components.items():
        lines.append(f"    {ids[name]}{_box(name, component)}")
        if component.when is not None:
            lines.append(f'    {ids[name]}w{{"{_escaped(component.when)}"}}')
    for name, component in pipeline.components.items():
        deciding = parse_condition(component.when).names if component.when is not None else ()
        for variable, source in component.control.items():
            reader = f"{ids[name]}w" if variable in deciding else ids[name]
            lines.append(f'    {ids[producer(source)]} -->|"{_label([source.partition(".")[2]])}"| {reader}')
        if component.when is not None:
            lines.append(f'    {ids[name]}w -->|"yes"| {ids[name]}')
        values: dict[str, list[str]] = {}
        for source in component.inputs.values():
            values.setdefault(producer(source), []).append(source.partition(".")[2])
        for other, names in values.items():
            lines.append(f'    {ids[other]} -->|"{_label(names)}"| {ids[name]}')
        for other in dict.fromkeys(component.after):
            if other not in values:
                lines.append(f"    {ids[other]} -.-> {ids[name]}")
    return "\n".join(lines) + "\n"


def _box(name: str, component: Component) -> str:
    if component.foreach is None:
        return f'["{_escaped(name)}"]'
    return f'[["{_escaped(name)}<br/>× each {_escaped(component.foreach)}"]]'


def _label(names: list[str]) -> str:
    shown = [_escaped(name) for name in dict.fromkeys(names)]
    more = [f"and {len(shown) - _MOST_NAMES} more"] if len(shown) > _MOST_NAMES else []
    return "<br/>".join([*shown[:_MOST_NAMES], *more])


def _escaped(text: str) -> str:
    """Write everything but letters, digits and the marks of names as Mermaid's character codes."""
    return "".join(c if c.isalnum() or c in "_-. " else f"#{ord(c)};" for c in text)
