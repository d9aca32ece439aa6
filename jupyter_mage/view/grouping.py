"""Groups of blocks, and the drawing where each is one card.

Mage's format gives a block ``groups`` (the parts of a pipeline, as its author sees them); a pipeline that has none of those is
grouped by its blocks' first tags. Names are not taken apart: a prefix that two blocks share says nothing for sure.

Two drawings are sent, all groups open and all closed. A screen needs no layout then, in a saved notebook either, and a picture
grows by the number of its groups, not by that of their combinations: to open one group, a screen shows the open drawing there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..model import Block
from .layout import HEIGHT, arrange, path

Json = dict[str, Any]
Edge = tuple[str, str, bool]
COLOUR = "#7f8894"


def grouped(blocks: Sequence[Block]) -> dict[str, list[str]]:
    """The names of the blocks in each group of two or more; each block is in one at most.

    >>> loads = [Block(name=name, source="1", tags=("load",)) for name in ("a", "b")]
    >>> grouped([*loads, Block(name="c", source="a + b")])
    {'load': ['a', 'b']}
    """
    said = {block.name: _words(block.extra.get("groups")) for block in blocks}
    if not any(said.values()):
        said = {block.name: list(block.tags) for block in blocks}
    found: dict[str, list[str]] = {}
    for name, groups in said.items():
        if groups:
            found.setdefault(groups[0], []).append(name)
    return {group: names for group, names in found.items() if len(names) > 1}


def closed(groups: Mapping[str, list[str]], nodes: Sequence[Json], edges: Iterable[Edge], width: float) -> Json:
    """The drawing with every group closed."""
    card = {name: f"group:{group}" for group, names in groups.items() for name in names}
    known = {node["id"]: node for node in nodes}
    names = list(dict.fromkeys(card.get(str(node["id"]), str(node["id"])) for node in nodes))
    joined: dict[tuple[str, str], bool] = {}
    for source, target, order_only in edges:
        ends = card.get(source, source), card.get(target, target)
        if ends[0] != ends[1]:
            joined[ends] = joined.get(ends, True) and order_only
    layout = arrange(names, joined, width)
    made = {f"group:{group}": _card(group, members) for group, members in groups.items()}
    drawn = [
        {**(made.get(name) or known[name]), "x": round(x, 1), "y": round(y, 1), "width": width}
        for name in names
        for x, y in [layout.at[name]]
    ]
    return {
        "size": [round(layout.width, 1), round(layout.height, 1)],
        "nodes": drawn,
        "edges": [
            edge(ends, layout.routes[ends], sideways=ends in layout.sideways, order_only=only)
            for ends, only in joined.items()
            if ends in layout.routes
        ],
    }


def edge(ends: tuple[str, str], route: Sequence[tuple[float, float]], *, sideways: bool, order_only: bool) -> Json:
    """An edge as the screens draw it."""
    return {
        "source": ends[0],
        "target": ends[1],
        "path": path(route),
        "tip": [round(v, 1) for v in route[-1]],
        "sideways": sideways,
        "order_only": order_only,
    }


def _card(group: str, members: list[str]) -> Json:
    return {
        "id": f"group:{group}",
        "label": group,
        "title": group[:24],
        "kind": "group",
        "kind_label": "group",
        "colour": COLOUR,
        "language": f"{len(members)} blocks",
        "chip": str(len(members)),
        "height": HEIGHT,
        "doc": "",
        "tags": [],
        "upstreams": [],
        "after": [],
        "tests": 0,
        "mapped": "",
        "cell": None,
        "cell_id": None,
        "members": members,
    }


def _words(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str) and each] if isinstance(value, list | tuple) else []
