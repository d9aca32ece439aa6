"""Pipeline and run → the one JSON that every screen draws, coordinates included; and what changed between two of them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from ..errors import JupyterMageError
from ..model import Block, Pipeline
from ..plugins import kinds
from ..state import Run
from . import look
from .layout import HEIGHT, Layout, arrange, path
from .states import shorten, states

VERSION = 1
NARROW, WIDE = 184, 280
"""Pixels: the width of a card follows the longest name, within these."""

Json = dict[str, Any]


def picture(pipeline: Pipeline, run: Run | None = None, *, statuses: Mapping[str, str] | None = None) -> Json:
    """What a screen draws of ``pipeline`` and, where there is one, ``run``. All of it is JSON.

    ``statuses`` marks blocks that the run says nothing of (``new``, ``fresh``, ``stale``); on a finished run it also wins over
    a good result, because the block may have been edited since.

    >>> from jupyter_mage.model import Block, Pipeline
    >>> drawn = picture(Pipeline(name="p", blocks=(Block(name="a", source="1"),)))
    >>> [(node["id"], node["x"], node["y"]) for node in drawn["nodes"]], drawn["states"]
    ([('a', 16.0, 16.0)], {'a': {'status': 'new', 'detail': 'not run'}})
    """
    blocks = [block for block in pipeline if _drawn(block)]
    names = {block.name for block in blocks}
    width = _card_width(blocks)
    edges = [(up, block.name, up not in block.upstreams) for block in blocks for up in block.needs if up in names]
    edges += [(block.name, each, True) for block in blocks for each in block.callbacks if each in names]
    layout = _arranged(tuple(block.name for block in blocks), tuple((s, t) for s, t, _ in edges), width)
    waiting = {block.name: _problem(block, pipeline) for block in blocks}
    return {
        "version": VERSION,
        "pipeline": pipeline.name,
        "size": [round(layout.width, 1), round(layout.height, 1)],
        "nodes": [_node(block, layout.at[block.name], width) for block in blocks],
        "edges": [
            {
                "source": source,
                "target": target,
                "path": path(layout.routes[source, target]),
                "tip": [round(v, 1) for v in layout.routes[source, target][-1]],
                "sideways": (source, target) in layout.sideways,
                "order_only": order_only,
            }
            for source, target, order_only in edges
            if (source, target) in layout.routes
        ],
        **states(blocks, run, statuses or {}, waiting),
    }


def changes(before: Json | None, after: Json) -> Json:
    """Only what ``after`` has that ``before`` had not: states, run; or all of it where the graph itself changed.

    >>> one = {"nodes": [], "states": {"a": {"status": "queued"}, "b": {"status": "queued"}}, "run": None}
    >>> two = {"nodes": [], "states": {"a": {"status": "running"}, "b": {"status": "queued"}}, "run": None}
    >>> changes(one, two)
    {'changes': 1, 'states': {'a': {'status': 'running'}}}
    """
    if before is None or any(before.get(key) != after.get(key) for key in (*before, *after) if key not in _MOVING):
        return after
    delta: Json = {"changes": VERSION}
    old = before.get("states", {})
    states = {name: state for name, state in after.get("states", {}).items() if old.get(name) != state}
    if states:
        delta["states"] = states
    if before.get("run") != after.get("run"):
        delta["run"] = after.get("run")
    return delta


@functools.lru_cache(maxsize=16)
def _arranged(names: tuple[str, ...], edges: tuple[tuple[str, str], ...], width: float) -> Layout:
    """The layout, kept: every event of a run draws the same graph."""
    return arrange(names, edges, width)


_MOVING = frozenset({"states", "run"})


def _drawn(block: Block) -> bool:
    """Kinds that never run are not part of the graph; kinds we do not know are drawn, with the reason."""
    try:
        return kinds.get(block.kind).runs
    except JupyterMageError:
        return True


def _problem(block: Block, pipeline: Pipeline) -> str:
    """Why this block cannot run as it stands, or empty."""
    if block.problem:
        return block.problem
    try:
        kinds.get(block.kind)
    except JupyterMageError as error:
        return error.message
    missing = [up for up in block.needs if up not in pipeline]
    return f"waits for {', '.join(missing)}: no such block" if missing else ""


def _card_width(blocks: list[Block]) -> int:
    longest = max((len(block.label or block.name) for block in blocks), default=0)
    return round(min(WIDE, max(NARROW, 54 + 8.0 * longest)))


def _node(block: Block, at: tuple[float, float], width: float) -> Json:
    label = block.label or block.name
    return {
        "id": block.name,
        "label": label,
        "title": shorten(label, int((width - 50) / 8.0)),
        "kind": block.kind,
        "kind_label": block.kind.removeprefix("data_").replace("_", " "),
        "colour": look.kind_colour(block.kind),
        "language": block.language,
        "chip": look.LANGUAGES.get(block.language, block.language.upper()[:6]),
        "x": round(at[0], 1),
        "y": round(at[1], 1),
        "width": width,
        "height": HEIGHT,
        "doc": shorten(block.doc, 500),
        "upstreams": list(block.upstreams),
        "after": [*block.after, *block.guards],
        "tests": len(block.tests),
        "mapped": block.mapped,
        "cell": block.cell_number,
        "cell_id": block.cell or None,
    }
