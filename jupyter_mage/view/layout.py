"""Where every card and arrow goes: layers top to bottom, in pixels. Made once, here; no screen lays anything out.

Layering and crossing minimisation are fast-sugiyama's. Three things are added, because graphs of pipelines have them: blocks
that share all their neighbours stand in a grid (fifty loaders are not one unreadable line), unconnected parts are packed side
by side, and edges that skip very many layers do not cost a bend in each.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from .spread import spread

Point = tuple[float, float]

HEIGHT = 74.0
GAP = 54.0
"""Between two layers: room for what flows, written where it leaves its block."""
ROW_GAP = 27.0
"""Between two rows of one grid."""
SIDE_GAP = 32.0
MARGIN = 16.0
LANE = 26.0
"""Width kept free for an edge that passes a layer."""
GRID_FROM = 8
"""So many blocks with the same neighbours, or more, stand in a grid."""
LONG = 3000
"""Bends that one part may have; beyond it the longest edges go straight."""


@dataclass(slots=True)
class Layout:
    """Upper left corners of cards, routes of edges, and the size of it all."""

    width: float = 0.0
    height: float = 0.0
    at: dict[str, Point] = field(default_factory=dict)
    routes: dict[tuple[str, str], list[Point]] = field(default_factory=dict)
    sideways: set[tuple[str, str]] = field(default_factory=set)
    """Edges that end at the left side of their card, not at its top."""


def arrange(names: Sequence[str], edges: Iterable[tuple[str, str]], card: float) -> Layout:
    """A layout of ``names`` joined by ``edges`` (source, target), for cards ``card`` pixels wide.

    The same input always gives the same layout. Edges that close a circle are drawn and do not decide a place.

    >>> arrange(["a", "b"], [("a", "b")], 200).at
    {'a': (16.0, 16.0), 'b': (16.0, 144.0)}
    """
    order = {name: i for i, name in enumerate(names)}
    pairs = list(dict.fromkeys((s, t) for s, t in edges if s in order and t in order and s != t))
    parts = [_part(part, list(own), card) for part, own in _components(names, pairs)]
    return _pack(parts, card)


def layers(names: Sequence[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """The length of the longest path to each name; names in a circle get one of their own, in the order given.

    >>> layers(["a", "b", "c"], [("a", "b"), ("b", "c"), ("a", "c")])
    {'a': 0, 'b': 1, 'c': 2}
    """
    below: dict[str, list[str]] = defaultdict(list)
    waiting = dict.fromkeys(names, 0)
    for source, target in edges:
        below[source].append(target)
        waiting[target] += 1
    level = dict.fromkeys(names, 0)
    done: set[str] = set()
    ready = [name for name in names if not waiting[name]]
    rest = iter(names)
    while len(done) < len(level):
        if not ready:  # only circles are left: cut one open
            ready.append(next(name for name in rest if name not in done))
        name = ready.pop()
        if name in done:
            continue
        done.add(name)
        for target in below[name]:
            if target not in done:
                level[target] = max(level[target], level[name] + 1)
                waiting[target] -= 1
                if waiting[target] == 0:
                    ready.append(target)
    return level


def _components(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[tuple[list[str], list[tuple[str, str]]]]:
    """Connected parts, biggest first; all single blocks together are the last part."""
    root = {name: name for name in names}

    def find(name: str) -> str:
        while root[name] != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for source, target in edges:
        root[find(target)] = find(source)
    parts: dict[str, list[str]] = defaultdict(list)
    for name in names:
        parts[find(name)].append(name)
    own: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for edge in edges:
        own[find(edge[0])].append(edge)
    joined = [(part, own[key]) for key, part in parts.items() if len(part) > 1]
    joined.sort(key=lambda item: -len(item[0]))
    single = [part[0] for part in parts.values() if len(part) == 1]
    return [*joined, (single, [])] if single else joined


def _twins(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Groups of many blocks with exactly the same neighbours."""
    above: dict[str, list[str]] = defaultdict(list)
    below: dict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        above[target].append(source)
        below[source].append(target)
    groups: dict[tuple[frozenset[str], frozenset[str]], list[str]] = defaultdict(list)
    for name in names:
        groups[frozenset(above[name]), frozenset(below[name])].append(name)
    return [group for group in groups.values() if len(group) >= GRID_FROM]


def _columns(count: int) -> int:
    return max(4, math.ceil(math.sqrt(count * 0.5)))


def _part(names: list[str], edges: list[tuple[str, str]], card: float) -> Layout:
    """One connected part (or the single blocks), with its corner at 0, 0."""
    if not edges:
        return _grid(names, card)
    groups = _twins(names, edges)
    hidden = {name for group in groups for name in group[_columns(len(group)) :]}
    shown = [name for name in names if name not in hidden]
    centre, bends, level = _sugiyama(shown, [e for e in edges if hidden.isdisjoint(e)], card)
    heads: dict[str, list[str]] = {}
    for group in groups:
        columns = _columns(len(group))
        spots = sorted((centre[name], level[name]) for name in group[:columns])
        for i, name in enumerate(group[:columns]):
            centre[name], level[name] = spots[i]
            heads[name] = group[i::columns]
    return _place(shown, edges, heads, centre, bends, level, card)


def _grid(names: list[str], card: float) -> Layout:
    columns = min(len(names), max(3, math.ceil(math.sqrt(len(names) * 0.5))))
    rows = math.ceil(len(names) / columns)
    at = {name: ((i % columns) * (card + SIDE_GAP), (i // columns) * (HEIGHT + ROW_GAP)) for i, name in enumerate(names)}
    return Layout(columns * (card + SIDE_GAP) - SIDE_GAP, rows * (HEIGHT + ROW_GAP) - ROW_GAP, at)


def _sugiyama(
    names: list[str], edges: list[tuple[str, str]], card: float
) -> tuple[dict[str, float], dict[tuple[str, str], list[tuple[float, int]]], dict[str, int]]:
    """Centres (x) of cards, bends (x, layer) of edges, and layers, from fast-sugiyama."""
    from fast_sugiyama import from_edges

    level = layers(names, edges)
    spans = sorted(((level[t] - level[s], (s, t)) for s, t in edges), key=lambda item: item[0])
    kept: list[tuple[str, str]] = []
    total = 0
    for span, edge in spans:
        total += max(0, span - 1)
        if span >= 1 and (span == 1 or total <= LONG):
            kept.append(edge)
    number = {name: i for i, name in enumerate(names)}  # whole numbers: the layout then does not depend on hashing
    laid = from_edges(
        [(number[s], number[t]) for s, t in kept],
        minimum_length=1,
        vertex_spacing=card + SIDE_GAP,
        dummy_size=LANE,
        ranking_type="up",
        crossing_minimization="barycenter",
    )
    rows: dict[int, list[tuple[float, int]]] = defaultdict(list)
    pieces: list[tuple[int, int]] = []
    right = 0.0
    for positions, extent, _, joints in laid:  # more than one only where a part hung together by long edges alone
        depth = {y: i for i, y in enumerate(sorted({y for _, (_, y) in positions}, reverse=True))}
        for item, (x, y) in positions:
            rows[depth[y]].append((float(x) + right, int(item)))
        pieces += [(int(s), int(t)) for s, t in joints or []]
        right += float(extent) + 2 * card
    seen = {item for row in rows.values() for _, item in row}
    rows[0] += [(right + i, number[name]) for i, name in enumerate(names) if number[name] not in seen]
    return _settled(names, [[item for _, item in sorted(rows[i])] for i in sorted(rows)], pieces, card)


def _settled(
    names: Sequence[str], rows: list[list[int]], pieces: list[tuple[int, int]], card: float
) -> tuple[dict[str, float], dict[tuple[str, str], list[tuple[float, int]]], dict[str, int]]:
    """Centres, bends and layers by name, from ordered rows of numbers; numbers from ``len(names)`` on are bends."""
    falling = sum(a > b for row in rows for a, b in pairwise([item for item in row if item < len(names)]))
    rising = sum(a < b for row in rows for a, b in pairwise([item for item in row if item < len(names)]))
    if falling > rising:  # mirrored, the order in which blocks were written reads from left to right
        rows = [row[::-1] for row in rows]
    joined: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for s, t in pieces:
        weight = 1.0 + 2.0 * ((s >= len(names)) + (t >= len(names)))  # long edges would rather be straight
        joined[s].append((t, weight))
        joined[t].append((s, weight))
    width = {item: card if item < len(names) else LANE for row in rows for item in row}
    centre = spread(rows, joined, width, SIDE_GAP)
    layer = {item: i for i, row in enumerate(rows) for item in row}
    place = {item: (x, layer[item]) for item, x in centre.items()}
    by_name = {name: place[i] for i, name in enumerate(names)}
    return {n: x for n, (x, _) in by_name.items()}, _bends(names, place, pieces), {n: i for n, (_, i) in by_name.items()}


def _bends(
    names: Sequence[str], place: Mapping[int, tuple[float, int]], joints: Sequence[tuple[int, int]]
) -> dict[tuple[str, str], list[tuple[float, int]]]:
    """The bends of each edge, from the pieces that it was cut into: numbers from ``len(names)`` on are bends."""
    follow = {s: t for s, t in joints if s >= len(names)}
    bends: dict[tuple[str, str], list[tuple[float, int]]] = {}
    for source, at in joints:
        if source < len(names):
            route = []
            while at >= len(names):
                route.append(place[at])
                at = follow[at]
            bends[names[source], names[at]] = route
    return bends


def _place(
    shown: list[str],
    edges: list[tuple[str, str]],
    heads: Mapping[str, list[str]],
    centre: Mapping[str, float],
    bends: Mapping[tuple[str, str], list[tuple[float, int]]],
    level: Mapping[str, int],
    card: float,
) -> Layout:
    """Pixels from centres and layers; grids make their layer taller."""
    rows: dict[int, int] = defaultdict(lambda: 1)
    for name, column in heads.items():
        rows[level[name]] = max(rows[level[name]], len(column))
    top: dict[int, float] = {}
    y = 0.0
    for layer in range(max(level.values()) + 1):
        top[layer] = y
        y += rows[layer] * (HEIGHT + ROW_GAP) - ROW_GAP + GAP
    bottom = {layer: t + rows[layer] * (HEIGHT + ROW_GAP) - ROW_GAP for layer, t in top.items()}
    layout = Layout(height=y - GAP)
    for name in shown:
        for i, member in enumerate(heads.get(name, [name])):
            layout.at[member] = (centre[name] - card / 2, top[level[name]] + i * (HEIGHT + ROW_GAP))
    on = {**level, **{member: level[head] for head, column in heads.items() for member in column}}
    gridded = {member for column in heads.values() for member in column}
    for edge in edges:
        lanes = [(x, y) for x, layer in bends.get(edge, []) for y in (top[layer], bottom[layer])]
        layout.routes[edge] = _route(layout, edge, lanes, on, gridded, top, bottom, card)
        if layout.at[edge[1]][1] != top[on[edge[1]]]:
            layout.sideways.add(edge)
    left = min(x for x, _ in _all_points(layout))
    layout.width = max(max(x for x, _ in _all_points(layout)), max(x + card for x, _ in layout.at.values())) - left
    return _shifted(layout, -left, 0.0)


def _route(
    layout: Layout,
    edge: tuple[str, str],
    lanes: list[Point],
    level: Mapping[str, int],
    gridded: set[str],
    top: Mapping[int, float],
    bottom: Mapping[int, float],
    card: float,
) -> list[Point]:
    """From the source's lower edge to the target's upper one; inside a grid, along the lane beside its column."""
    (sx, sy), (tx, ty) = layout.at[edge[0]], layout.at[edge[1]]
    low = bottom[level[edge[0]]]
    start: list[Point] = [(sx + card / 2, sy + HEIGHT), (sx + card / 2, low)]
    if low == sy + HEIGHT:
        start.pop()
    elif edge[0] in gridded:
        lane = sx + card + SIDE_GAP / 3
        start = [(sx + card, sy + HEIGHT / 2), (lane, sy + HEIGHT / 2), (lane, low)]
    end: list[Point] = [(tx + card / 2, ty)]
    if ty != top[level[edge[1]]]:
        lane = tx - SIDE_GAP / 3
        end = [(lane, top[level[edge[1]]]), (lane, ty + HEIGHT / 2), (tx, ty + HEIGHT / 2)]
    return [*start, *lanes, *end]


def _all_points(layout: Layout) -> list[Point]:
    return [*layout.at.values(), *(point for route in layout.routes.values() for point in route)]


def _shifted(layout: Layout, dx: float, dy: float) -> Layout:
    layout.at = {name: (x + dx, y + dy) for name, (x, y) in layout.at.items()}
    layout.routes = {edge: [(x + dx, y + dy) for x, y in route] for edge, route in layout.routes.items()}
    return layout


def _pack(parts: list[Layout], card: float) -> Layout:
    """Unconnected parts side by side, in shelves not much wider than the widest one."""
    area = sum((part.width + SIDE_GAP) * (part.height + GAP) for part in parts)
    limit = max([part.width for part in parts] + [2 * (card + SIDE_GAP), math.sqrt(area) * 1.2])
    whole = Layout()
    x = y = shelf = 0.0
    for part in parts:
        if x and x + part.width > limit:
            x, y, shelf = 0.0, y + shelf + GAP, 0.0
        _shifted(part, x + MARGIN, y + MARGIN)
        whole.at |= part.at
        whole.routes |= part.routes
        whole.sideways |= part.sideways
        whole.width = max(whole.width, x + part.width)
        shelf = max(shelf, part.height)
        whole.height = max(whole.height, y + part.height)
        x += part.width + 1.5 * SIDE_GAP
    whole.width += 2 * MARGIN
    whole.height += 2 * MARGIN
    return whole


def path(route: Sequence[Point]) -> str:
    """An SVG path through the points: straight up, down and sideways, else a curve that leaves and arrives upright.

    >>> path([(0, 0), (0, 10), (8, 30)])
    'M0 0L0 10C0 20 8 20 8 30'
    """
    text = f"M{_n(route[0][0])} {_n(route[0][1])}"
    for (x, y), (u, v) in pairwise(route):
        if x == u or y == v:
            text += f"L{_n(u)} {_n(v)}"
        else:
            middle = _n((y + v) / 2)
            text += f"C{_n(x)} {middle} {_n(u)} {middle} {_n(u)} {_n(v)}"
    return text


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
