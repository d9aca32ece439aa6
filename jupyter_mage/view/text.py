"""A picture as words: a drawing for terminals, and Mermaid."""

from __future__ import annotations

import unicodedata
from typing import Any

from . import look
from .brief import shorten
from .layout import layers
from .svg import headline

RAILS = 20
"""Columns of running outputs that a terminal drawing may have; wider graphs are listed without rails."""


def text(picture: dict[str, Any]) -> str:
    """The graph for a terminal: one block a line, lines of flow on its left, what it reads on its right.

    A rail carries one block's output; ``├`` and ``└`` show where a block takes it, ``└`` for the last time.
    """
    nodes, states = picture["nodes"], picture["states"]
    if not nodes:
        return f"{_plain(headline(picture))}\n  no blocks yet: a cell that starts with %%block makes one"
    order = _order(picture)
    rails = _rails([node["id"] for node in order], _above(picture))
    wide = max(len(rail) for rail in rails)
    names = min(40, max(len(node["label"]) for node in order))
    kinds = min(16, max(len(node["kind_label"]) for node in order))
    lines = [_plain(headline(picture))]
    for node, rail in zip(order, rails, strict=True):
        state = states.get(node["id"], {})
        glyph = look.status(state.get("status", "new")).text
        label = _plain(shorten(node["label"], names))
        kind = _plain(shorten(node["kind_label"], kinds))
        needs = [*node["upstreams"], *(f"({name})" for name in node["after"])]
        reads = "  ← " + ", ".join(needs[:4]) + (f" +{len(needs) - 4}" if len(needs) > 4 else "") if needs else ""
        detail = _plain(_detail(state))
        lines.append(f"{rail:<{wide}}  {glyph} {label:<{names}}  {kind:<{kinds}}  {detail}{_plain(reads)}".rstrip())
    return "\n".join(lines)


def mermaid(picture: dict[str, Any]) -> str:
    """The graph in Mermaid's language, which GitHub, GitLab and JupyterLab draw. Nothing in a label is read as code.

    >>> print(mermaid({"nodes": [], "edges": [], "states": {}}))
    flowchart TD
    """
    number = {node["id"]: f"n{i}" for i, node in enumerate(picture["nodes"])}
    lines, used = ["flowchart TD"], set()
    for node in picture["nodes"]:
        state = picture["states"].get(node["id"], {})
        status = state.get("status", "new") if state.get("status") in look.STATUSES else "new"
        used.add(status)
        words = f"{look.status(status).text} {shorten(node['label'], 40)}"
        lines.append(f'  {number[node["id"]]}["{mermaid_label(words)}<br/>{mermaid_label(_detail(state))}"]:::{status}')
    for edge in picture["edges"]:
        arrow = "-.->" if edge["order_only"] else "-->"
        lines.append(f"  {number[edge['source']]} {arrow} {number[edge['target']]}")
    lines += [f"  classDef {name} stroke:{look.status(name).light},stroke-width:2px" for name in sorted(used)]
    return "\n".join(lines)


def _detail(state: dict[str, Any]) -> str:
    """The foot of a card; a result that was made of a sample says so first."""
    detail = str(state.get("detail", ""))
    return f"{look.SAMPLE[0].upper()} {detail}" if state.get("sampled") else detail


def _order(picture: dict[str, Any]) -> list[dict[str, Any]]:
    """By layer, then from left to right: the order in which the drawing reads."""
    nodes = {node["id"]: node for node in picture["nodes"]}
    level = layers(list(nodes), [(edge["source"], edge["target"]) for edge in picture["edges"]])
    return sorted(nodes.values(), key=lambda node: (level[node["id"]], node["y"], node["x"]))


def _above(picture: dict[str, Any]) -> dict[str, list[str]]:
    above: dict[str, list[str]] = {node["id"]: [] for node in picture["nodes"]}
    for edge in picture["edges"]:
        above[edge["target"]].append(edge["source"])
    return above


def _rails(order: list[str], above: dict[str, list[str]]) -> list[str]:
    """The left part of each line. Empty texts where it would be wider than RAILS."""
    place = {name: i for i, name in enumerate(order)}
    last: dict[str, int] = {}
    for name in order:
        last |= dict.fromkeys(above[name], place[name])
    rails: list[str | None] = []
    lines: list[str] = []
    for i, name in enumerate(order):
        taken = [column for column, up in enumerate(rails) if up is not None and up in above[name]]
        ending = [column for column in taken if last[rails[column] or ""] == i]
        free = [column for column, up in enumerate(rails) if up is None]
        own = (ending or free or [len(rails)])[0]
        if own == len(rails):
            rails.append(None)
        if len(rails) > RAILS:
            return [""] * len(order)
        lines.append(_line(rails, taken, ending, own))
        for column in ending:
            rails[column] = None
        rails[own] = name if name in last else None
        while rails and rails[-1] is None:
            rails.pop()
    return lines


def _line(rails: list[str | None], taken: list[int], ending: list[int], own: int) -> str:
    marks = ["│" if up is not None else " " for up in rails]
    joined = [*taken, own]
    for column in taken:
        marks[column] = ("└" if column < own else "┘") if column in ending else ("├" if column < own else "┤")
        if min(joined) < column < max(joined):
            marks[column] = "┴" if column in ending else "┼"
    marks[own] = "●"
    line = ""
    for column, mark in enumerate(marks):
        inside = min(joined) <= column < max(joined)
        line += ("─" if mark == " " and inside else mark) + ("─" if inside else " ")
    return line.rstrip()


def _plain(words: str) -> str:
    """In one line and without control characters: what a block says must not move a terminal's cursor."""
    return "".join(_ONE_LINE.get(c) or ("�" if unicodedata.category(c)[0] == "C" else c) for c in words)


_ONE_LINE = dict.fromkeys("\n\r\t\v\f\x1c\x1d\x1e\x85\u2028\u2029", " ")


def mermaid_label(words: str) -> str:
    """Every character that could mean something to Mermaid or to HTML, as an entity code."""
    return "".join(c if c.isalnum() or c in " _.,+-×·…✓✗≡○●~■‖⊘▶↻" else f"#{ord(c)};" for c in _plain(words))
