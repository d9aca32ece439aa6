"""A very wide drawing laid on its side, so that a page shows it as wide as it can be read, and as long as it is.

Places that show a still picture fit it to the width of their page: fifty blocks side by side are a line of dust there. The order
of blocks and the routes stay those of the one layout; only the axes change places, each at the scale that cards need.
"""

from __future__ import annotations

import re
from typing import Any, Final

from .layout import GAP, HEIGHT, SIDE_GAP

WIDEST: Final = 2000.0
"""Pixels: wider than that, and words are too small to read where a page is half as wide."""
BETWEEN: Final = 34.0
"""Below a card: room for what flows on."""
_POINT = re.compile(r"(-?[\d.]+) (-?[\d.]+)")
_START = re.compile(r"M-?[\d.]+ -?[\d.]+(?=C)")
"""Of an edge that leaves its card straight away."""
_END = re.compile(r"-?[\d.]+ -?[\d.]+$")


def turned(picture: dict[str, Any]) -> dict[str, Any]:
    """The same picture, from left to right if it is too wide from top to bottom, and that makes it much narrower.

    >>> turned({"size": [300.0, 100.0], "nodes": [], "edges": []})["size"]
    [300.0, 100.0]
    """
    nodes, width = picture["nodes"], picture["size"][0]
    if width <= WIDEST or not nodes:
        return picture
    card = max(node["width"] for node in nodes)
    gridded = any(edge["sideways"] for edge in picture["edges"])
    along = (card + 40) / (HEIGHT + 27) if gridded else (card + GAP) / (HEIGHT + GAP)
    across = (HEIGHT + BETWEEN) / (card + SIDE_GAP)
    new_width = max(node["y"] for node in nodes) * along + card + 16
    if new_width > width * 0.6:
        return picture

    def point(x: float, y: float) -> tuple[float, float]:
        return y * along, x * across

    def path(edge: dict[str, Any]) -> str:
        text = _POINT.sub(lambda found: "{:.1f} {:.1f}".format(*point(float(found[1]), float(found[2]))), edge["path"])
        source = laid[edge["source"]]
        begin = f"M{source['x'] + source['width']:.1f} {source['y'] + source['height'] / 2:.1f}"
        text = _START.sub(begin, text, count=1) if _START.match(text) else text
        return _END.sub("{:.1f} {:.1f}".format(*tip(edge)), text)

    def tip(edge: dict[str, Any]) -> tuple[float, float]:
        x, y = point(*edge["tip"])
        return (x, laid[edge["target"]]["y"]) if edge["sideways"] else (x, y)

    laid = {
        node["id"]: {**node, "x": node["y"] * along, "y": (node["x"] + node["width"] / 2) * across - node["height"] / 2}
        for node in nodes
    }
    return {
        **picture,
        "size": [round(new_width, 1), round(width * across + BETWEEN, 1)],
        "nodes": list(laid.values()),
        "edges": [
            {**edge, "path": path(edge), "tip": [*tip(edge)], "sideways": not edge["sideways"]} for edge in picture["edges"]
        ],
    }
