"""Pipeline and run → the one JSON that every screen draws, coordinates included; and what changed between two of them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from ..errors import JupyterMageError
from ..model import Block, Pipeline
from ..plugins import kinds
from ..state import FINISHED, BlockRun, Run
from . import look
from .layout import HEIGHT, Layout, arrange, path

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
        **_states(blocks, run, statuses or {}, waiting),
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
    try:
        kinds.get(block.kind)
    except JupyterMageError as error:
        return error.message
    if block.problem:
        return block.problem
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
        "after": list(block.after),
        "tests": len(block.tests),
        "cell": block.cell_number,
        "cell_id": block.cell or None,
    }


def _states(
    blocks: list[Block], run: Run | None, statuses: Mapping[str, str], waiting: Mapping[str, str]
) -> dict[str, Json | None]:
    states = {
        block.name: _state(block, run.blocks.get(block.name) if run else None, statuses.get(block.name, ""), run)
        if not waiting[block.name]
        else {"status": "problem", "detail": shorten(waiting[block.name], 42), "reason": waiting[block.name]}
        for block in blocks
    }
    return {"states": states, "run": _run(run)}


def _run(run: Run | None) -> Json | None:
    if run is None or not run.id:  # a fold of no events: nothing was run yet
        return None
    # `started` counts on the kernel's clock; a screen counts seconds on its own from when it first sees the state
    return {"id": run.id, "status": run.status, "done": run.done, "total": len(run.blocks), "seconds": run.seconds}


def _state(block: Block, part: BlockRun | None, mark: str, run: Run | None) -> Json:
    """One block's state, without empty fields: they are most of what would be sent."""
    if part is None:
        status = mark or "new"
        doc = block.doc.strip().splitlines()
        return {"status": status, "detail": shorten(doc[0], 42) if doc else look.status(status).label}
    status = part.status
    if mark and mark != "fresh" and status in FINISHED and run is not None and run.status in FINISHED:
        status = mark
    state: Json = {"status": status, "detail": shorten(_detail(part, status), 42)}
    if part.output is not None:
        state["rows"] = part.output.rows
        state["columns"] = None if part.output.columns is None else len(part.output.columns)
        state["type"] = part.output.type
    if part.seconds is not None:
        state["seconds"] = round(part.seconds, 4)
    if part.reason:
        state["reason"] = shorten(part.reason, 500)
    if part.failure is not None:
        state["error"] = f"{part.failure.error}: {shorten(part.failure.message, 800)}"
        state["line"] = part.failure.line
        state["test"] = part.failure.test
    if part.attempt > 1:
        state["attempt"] = part.attempt
    return {key: value for key, value in state.items() if value not in (None, "")}


def _detail(part: BlockRun, status: str) -> str:
    """The line at the foot of a card: ``12 480 × 19 · 0.31 s``."""
    if part.failure is not None:
        test = f"{part.failure.test}: " if part.failure.test else ""
        return f"{test}{part.failure.error}: {part.failure.message}"
    if part.reason:
        return part.reason
    if part.output is None:
        return look.status(status).label
    return f"{part.output.describe()} · {_pace(part, status)}"


def _pace(part: BlockRun, status: str) -> str:
    if status in ("cached", "stale"):
        return look.status(status).label
    return duration(part.seconds or 0.0)


def duration(seconds: float) -> str:
    """How long, in a few characters.

    >>> [duration(s) for s in (0.0004, 0.31, 12.34, 83, 5400)]
    ['<1 ms', '0.31 s', '12.3 s', '1 min 23 s', '1 h 30 min']
    """
    if seconds < 0.001:
        return "<1 ms"
    if seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def shorten(text: str, limit: int) -> str:
    """``text`` in one line of at most ``limit`` characters.

    >>> shorten("a name that is long", 8)
    'a name …'
    """
    line = " ".join(text[: 4 * limit].split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
