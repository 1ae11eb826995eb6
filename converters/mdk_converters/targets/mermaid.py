"""A Mermaid flowchart of a pipeline: what GitHub, GitLab and JupyterLab draw from text."""

from __future__ import annotations

from mdk_converters.graph import producer
from mdk_converters.spec import Pipeline

_MOST_NAMES = 5  # on one edge


def flowchart(pipeline: Pipeline) -> str:
    """Return the chart: components, values on solid edges, order alone on dotted ones.

    Example:
        >>> print(flowchart(pipeline))
        flowchart TD
            c1["load"]
            c2["train"]
            c1 -->|"flights"| c2
    """
    ids = {name: f"c{number}" for number, name in enumerate(pipeline.components, 1)}
    lines = ["flowchart TD", *(f'    {ids[name]}["{_escaped(name)}"]' for name in pipeline.components)]
    for name, component in pipeline.components.items():
        values: dict[str, list[str]] = {}
        for source in component.inputs.values():
            values.setdefault(producer(source), []).append(source.partition(".")[2])
        for other, names in values.items():
            lines.append(f'    {ids[other]} -->|"{_label(names)}"| {ids[name]}')
        for other in dict.fromkeys(component.after):
            if other not in values:
                lines.append(f"    {ids[other]} -.-> {ids[name]}")
    return "\n".join(lines) + "\n"


def _label(names: list[str]) -> str:
    shown = [_escaped(name) for name in dict.fromkeys(names)]
    more = [f"and {len(shown) - _MOST_NAMES} more"] if len(shown) > _MOST_NAMES else []
    return "<br/>".join([*shown[:_MOST_NAMES], *more])


def _escaped(text: str) -> str:
    """Write everything but letters, digits and the marks of names as Mermaid's character codes."""
    return "".join(c if c.isalnum() or c in "_-. " else f"#{ord(c)};" for c in text)
