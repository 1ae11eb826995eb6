"""Where the components of a pipeline stand on the page: layers from left to right, by dependency."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

WIDTH = 160  # of a node
HEIGHT = 46
GAP_X = 36
GAP_Y = 16
MARGIN = 6
SWEEPS = 4  # passes that pull neighbours together; more change nothing on real pipelines


@dataclass(frozen=True, slots=True)
class Layout:
    """Nodes by their top left corner, edges as SVG path data, in pixels."""

    nodes: Mapping[str, tuple[float, float]]
    edges: Mapping[tuple[str, str], str]
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class _Bend:
    """Where an edge that spans several layers passes one of them."""

    edge: tuple[str, str]
    layer: int


_Place = str | _Bend


def layout(needs: Mapping[str, Collection[str]]) -> Layout:
    """Return the layout of components, given what each waits for.

    Args:
        needs: for every component the components it waits for; no cycles. Other names are passed over.

    Example:
        >>> layout({"load": [], "train": ["load"]}).nodes
        {'load': (6, 6), 'train': (202, 6)}
    """
    edges = [(other, name) for name, others in needs.items() for other in sorted(others) if other in needs]
    layer = layers(needs)
    columns, links = _with_bends(needs, edges, layer)
    _untangle(columns, links)
    middle = _middles(columns)
    nodes = {name: (MARGIN + layer[name] * (WIDTH + GAP_X), middle[name] - HEIGHT / 2) for name in needs}
    return Layout(
        nodes=nodes,
        edges={edge: _path(edge, layer, middle) for edge in edges},
        width=2 * MARGIN + len(columns) * (WIDTH + GAP_X) - GAP_X if columns else 0,
        height=max((y + _height(place) / 2 for place, y in middle.items()), default=-MARGIN) + MARGIN,
    )


def layers(needs: Mapping[str, Collection[str]]) -> dict[str, int]:
    """Return for each component the length of the longest way to it.

    Raises:
        ValueError: components wait for each other.
    """
    layer: dict[str, int] = {}
    waiting = list(needs)
    while waiting:
        ready = [name for name in waiting if all(other in layer for other in needs[name] if other in needs)]
        if not ready:
            raise ValueError(f"components wait for each other: {', '.join(waiting)}")
        for name in ready:
            layer[name] = max((layer[other] + 1 for other in needs[name] if other in needs), default=0)
        waiting = [name for name in waiting if name not in layer]
    return layer


def _with_bends(
    needs: Mapping[str, Collection[str]], edges: list[tuple[str, str]], layer: Mapping[str, int]
) -> tuple[list[list[_Place]], dict[_Place, list[_Place]]]:
    """Return the columns and who is linked with whom, with a bend in every layer that an edge jumps over."""
    columns: list[list[_Place]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    links: dict[_Place, list[_Place]] = {name: [] for name in needs}
    for name in needs:
        columns[layer[name]].append(name)
    for source, target in edges:
        last: _Place = source
        for between in range(layer[source] + 1, layer[target]):
            bend = _Bend((source, target), between)
            columns[between].append(bend)
            links[bend] = [last]
            links[last].append(bend)
            last = bend
        links[last].append(target)
        links[target].append(last)
    return columns, links


def _untangle(columns: list[list[_Place]], links: Mapping[_Place, list[_Place]]) -> None:
    """Sort each column by the mean place of its neighbours, to and fro."""
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            rank = {place: number for other in columns if other is not column for number, place in enumerate(other)}
            own = {place: number for number, place in enumerate(column)}

            def mean(place: _Place, rank: dict[_Place, int] = rank, own: dict[_Place, int] = own) -> float:
                places = [rank[other] for other in links[place] if other in rank]
                return sum(places) / len(places) if places else own[place]

            column.sort(key=mean)


def _middles(columns: list[list[_Place]]) -> dict[_Place, float]:
    """Return the vertical middle of everything; columns are centred on the tallest one."""

    def height(column: list[_Place]) -> float:
        return sum(_height(place) for place in column) + GAP_Y * (len(column) - 1)

    tallest = max(map(height, columns), default=0.0)
    middle: dict[_Place, float] = {}
    for column in columns:
        top = MARGIN + (tallest - height(column)) / 2
        for place in column:
            middle[place] = top + _height(place) / 2
            top += _height(place) + GAP_Y
    return middle


def _height(place: _Place) -> float:
    return HEIGHT if isinstance(place, str) else 0


def _path(edge: tuple[str, str], layer: Mapping[str, int], middle: Mapping[_Place, float]) -> str:
    """Return a curve from the right side of the source to the left side of the target."""
    source, target = edge
    x = MARGIN + layer[source] * (WIDTH + GAP_X) + WIDTH
    y = middle[source]
    path = f"M{x:g} {y:g}"
    for between in range(layer[source] + 1, layer[target] + 1):
        place: _Place = target if between == layer[target] else _Bend(edge, between)
        path += f"C{x + GAP_X / 2:g} {y:g} {x + GAP_X / 2:g} {middle[place]:g} {x + GAP_X:g} {middle[place]:g}"
        x, y = x + GAP_X, middle[place]
        if between < layer[target]:
            x += WIDTH
            path += f"H{x:g}"
    return path
