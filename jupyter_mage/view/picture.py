"""Pipeline and run → the one JSON that every screen draws, coordinates included; and what changed between two of them."""

from __future__ import annotations

import functools
import json
import time
import zlib
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..errors import JupyterMageError
from ..model import Block, Output, Pipeline
from ..plugins import kinds
from ..state import FINISHED, BlockRun, Run
from . import look
from .brief import shorten
from .grouping import closed, edge, grouped
from .layout import HEIGHT, Layout, arrange
from .states import Memo, states

VERSION = 1
NARROW, WIDE = 192, 304
"""Pixels: the width of a card follows the longest name, within these."""

Json = dict[str, Any]


def picture(
    pipeline: Pipeline,
    run: Run | None = None,
    *,
    statuses: Mapping[str, str] | None = None,
    before: Mapping[str, Output] | None = None,
) -> Json:
    """What a screen draws of ``pipeline`` and, where there is one, ``run``. All of it is JSON.

    ``statuses`` marks blocks that the run says nothing of (``new``, ``fresh``, ``stale``); on a finished run it also wins over
    a good result, because the block may have been edited since. ``before`` is what the last good run before this one gave.

    >>> from jupyter_mage.model import Block, Pipeline
    >>> drawn = picture(Pipeline(name="p", blocks=(Block(name="a", source="1"),)))
    >>> [(node["id"], node["x"], node["y"]) for node in drawn["nodes"]], drawn["states"]
    ([('a', 16.0, 16.0)], {'a': {'status': 'new', 'detail': 'not run'}})
    """
    still = _still(pipeline)
    moving = states(still.blocks, run, statuses or {}, still.waiting, before or {}, still.memo)
    elapsed = _elapsed(still.blocks, run)
    if elapsed:
        moving["elapsed"] = elapsed
    return {**still.drawn, **moving}


def _elapsed(blocks: list[Block], run: Run | None) -> dict[str, float]:
    """Seconds that what runs has run by now; a screen counts on from there, whatever its own clock says."""
    if run is None or run.status in FINISHED:
        return {}
    now = time.time()
    seconds = {name: now - part.started for name, part in run.blocks.items() if part.started and _runs(part)}
    return {block.name: round(seconds[block.name], 1) for block in blocks if seconds.get(block.name, 0.0) >= 1.0}


def _runs(part: BlockRun) -> bool:
    return part.status in ("running", "waiting")


class _Still(NamedTuple):
    """What a run does not change: made once a pipeline, which is a frozen value."""

    blocks: list[Block]
    waiting: dict[str, str]
    drawn: Json
    memo: Memo


_KEPT: deque[tuple[Pipeline, _Still]] = deque(maxlen=8)


def _still(pipeline: Pipeline) -> _Still:
    for kept, still in tuple(_KEPT):
        if kept is pipeline:
            return still
    made = _make(pipeline)
    _KEPT.append((pipeline, made))
    return made


def _make(pipeline: Pipeline) -> _Still:
    blocks = [block for block in pipeline if _drawn(block)]
    names = {block.name for block in blocks}
    width = _card_width(blocks)
    edges = [(up, block.name, up not in block.upstreams) for block in blocks for up in block.needs if up in names]
    edges += [(block.name, each, True) for block in blocks for each in block.callbacks if each in names]
    layout = _arranged(tuple(block.name for block in blocks), tuple((s, t) for s, t, _ in edges), width)
    drawn: Json = {
        "version": VERSION,
        "pipeline": pipeline.name,
        "size": [round(layout.width, 1), round(layout.height, 1)],
        "nodes": [_node(block, layout.at[block.name], width) for block in blocks],
        "edges": [
            edge((s, t), layout.routes[s, t], sideways=(s, t) in layout.sideways, order_only=only)
            for s, t, only in edges
            if (s, t) in layout.routes
        ],
    }
    groups = grouped(blocks)
    if groups:
        drawn["groups"] = [{"name": name, "members": members} for name, members in groups.items()]
        drawn["closed"] = closed(groups, drawn["nodes"], edges, width)
    drawn["key"] = f"{zlib.crc32(json.dumps(drawn, sort_keys=True).encode()):08x}-{len(blocks)}"
    return _Still(blocks, {block.name: _problem(block, pipeline) for block in blocks}, drawn, {})


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
        elapsed = {name: seconds for name, seconds in after.get("elapsed", {}).items() if name in states}
        if elapsed:
            delta["elapsed"] = elapsed
    if before.get("run") != after.get("run"):
        delta["run"] = after.get("run")
    return delta


@functools.lru_cache(maxsize=16)
def _arranged(names: tuple[str, ...], edges: tuple[tuple[str, str], ...], width: float) -> Layout:
    """The layout, kept: every event of a run draws the same graph."""
    return arrange(names, edges, width)


_MOVING = frozenset({"states", "run", "elapsed"})


def _drawn(block: Block) -> bool:
    """Kinds that never run are not part of the graph; charts are, and kinds we do not know, with the reason."""
    try:
        return kinds.get(block.kind).runs or kinds.get(block.kind).aside
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
    return round(min(WIDE, max(NARROW, 86 + 8.0 * longest)))


def _node(block: Block, at: tuple[float, float], width: float) -> Json:
    label = block.label or block.name
    return {
        "id": block.name,
        "label": label,
        "title": shorten(label, int((width - 82) / 8.0)),
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
        "tags": list(block.tags),
        "upstreams": list(block.upstreams),
        "after": [*block.after, *block.guards],
        "tests": len(block.tests),
        "mapped": block.mapped,
        "cell": block.cell_number,
        "cell_id": block.cell or None,
    }
