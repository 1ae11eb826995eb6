"""The metric of a model's versions as a line, drawn in SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mdk_jupyter.registry.domain import Place, Version
from mdk_jupyter.widgets.view import number

WIDTH, HEIGHT = 420, 90
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 10, 22


def metric_chart(versions: Sequence[Version], metric: str) -> str:
    """Return a chart of `metric`, the oldest version at the left; empty where fewer than two versions have it."""
    points = [
        (item, item.metrics[metric]) for item in sorted(versions, key=lambda item: item.n) if metric in item.metrics
    ]
    values = [(item, float(value)) for item, value in points if isinstance(value, (int, float))]
    if len(values) < 2:
        return ""
    low, high = min(value for _, value in values), max(value for _, value in values)
    half = high / 2 - low / 2  # the whole may be more than a float holds
    heights = [(value / 2 - low / 2) / half if half > 0 else 0.5 for _, value in values]
    places = [
        (
            _LEFT + (WIDTH - _LEFT - _RIGHT) * at / (len(values) - 1),
            _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - height),
        )
        for at, height in enumerate(heights)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(_dot(item, value, x, y, metric) for (item, value), (x, y) in zip(values, places, strict=True))
    base = HEIGHT - _BOTTOM + 6
    axis = f'<path class="mdk-axis" d="M{_LEFT} {base}H{WIDTH - _RIGHT}"/>'
    ends = "".join(
        f'<text x="{x:.1f}" y="{HEIGHT - 3}" text-anchor="{anchor}">{escape(item.version)}</text>'
        for (item, _), (x, _), anchor in ((values[0], places[0], "start"), (values[-1], places[-1], "end"))
    )
    scale = f'<text x="{_LEFT - 8}" y="{_TOP + 4}" text-anchor="end">{number(high)}</text>'
    if high > low:
        scale += f'<text x="{_LEFT - 8}" y="{HEIGHT - _BOTTOM + 4}" text-anchor="end">{number(low)}</text>'
    label = escape(f"{metric} of {len(values)} versions, {number(low)} to {number(high)}", quote=True)
    return (
        f'<svg class="mdk-chart" role="img" aria-label="{label}" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}">{axis}<polyline class="mdk-curve" points="{line}"/>{dots}{scale}{ends}</svg>'
    )


def _dot(item: Version, value: float, x: float, y: float, metric: str) -> str:
    champion = [where for where, place in item.places.items() if place is Place.CHAMPION]
    mark = " data-champion" if champion else ""
    said = f"{item.version}: {metric} {number(value)}" + (f", champion in {', '.join(champion)}" if champion else "")
    return (
        f'<circle class="mdk-point"{mark} cx="{x:.1f}" cy="{y:.1f}" r="{4.5 if champion else 3}">'
        f"<title>{escape(said)}</title></circle>"
    )


def chart_metrics(versions: Sequence[Version]) -> list[str]:
    """Return the names of the metrics that a chart can show, those of most versions first."""
    counts: dict[str, int] = {}
    for item in versions:
        for name, value in item.metrics.items():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                counts[name] = counts.get(name, 0) + 1
    return sorted((name for name, count in counts.items() if count > 1), key=lambda name: -counts[name])
