"""What a run says of each block: its state, how far it is, and the one line at the foot of its card."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from ..model import Block
from ..state import FINISHED, BlockRun, Run
from . import look

Json = dict[str, Any]
Items = Mapping[str, Counter[str]]
"""Of each mapped block, how many of its items are in which state."""


def states(blocks: list[Block], run: Run | None, statuses: Mapping[str, str], waiting: Mapping[str, str]) -> Json:
    """The moving part of a picture: every block's state, and the run's. ``waiting`` says why a block cannot run."""
    counts, broken = _items(run)
    return {
        "states": {
            block.name: _state(
                block, run, statuses.get(block.name, ""), counts.get(block.name, Counter()), broken.get(block.name)
            )
            if not waiting[block.name]
            else {"status": "problem", "detail": shorten(waiting[block.name], 42), "reason": waiting[block.name]}
            for block in blocks
        },
        "run": _run(run),
    }


def _items(run: Run | None) -> tuple[Items, dict[str, BlockRun]]:
    """In one pass over the run: the states of each mapped block's items, and the first item of it that failed."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    broken: dict[str, BlockRun] = {}
    for part in run.blocks.values() if run else ():
        if part.is_item:
            name = part.name.rpartition("[")[0]
            counts[name][part.status] += 1
            if part.status == "failed":
                broken.setdefault(name, part)
    return counts, broken


def _run(run: Run | None) -> Json | None:
    if run is None or not run.id:  # a fold of no events: nothing was run yet
        return None
    parts = [part for part in run.blocks.values() if not part.is_item]
    done = sum(part.status in FINISHED for part in parts)
    # `started` counts on the kernel's clock; a screen counts seconds on its own from when it first sees the state
    told: Json = {"id": run.id, "status": run.status, "done": done, "total": len(parts), "seconds": run.seconds}
    return told if run.sample is None else {**told, "sample": run.sample}


def _state(block: Block, run: Run | None, mark: str, items: Counter[str], broken: BlockRun | None) -> Json:
    """One block's state, without empty fields: they are most of what would be sent."""
    part = run.blocks.get(block.name) if run else None
    if part is None or run is None:
        status = mark or "new"
        doc = block.doc.strip().splitlines()
        return {"status": status, "detail": shorten(doc[0], 42) if doc else look.status(status).label}
    status = part.status
    if mark and mark != "fresh" and status in FINISHED and run.status in FINISHED:
        status = mark
    state: Json = {"status": status, "detail": shorten(_detail(part, status, items), 42)}
    if part.output is not None:
        state["rows"] = part.output.rows
        state["columns"] = None if part.output.columns is None else len(part.output.columns)
        state["type"] = part.output.type
    if part.seconds is not None:
        state["seconds"] = round(part.seconds, 4)
    state["reason"] = shorten(_reason(part, status), 500)
    if part.failure is not None and part.status in ("failed", "retrying"):
        state |= _error(part, broken, items["failed"])
    if part.attempt > 1:
        state["attempt"] = part.attempt
    if part.items is not None:
        state |= {"items": part.items, "items_done": _finished(items), "items_failed": items["failed"] or None}
    if part.peak_memory:
        state["memory"] = size(part.peak_memory)
    if part.sampled:
        state["sampled"] = True
    return {key: value for key, value in state.items() if value not in (None, "")}


def _error(part: BlockRun, broken: BlockRun | None, count: int) -> Json:
    """Why it failed; of a mapped block, why its first bad item did: that is where the author's line is."""
    failure = part.failure
    if failure is None:
        return {}
    if broken is not None and broken.failure is not None:
        inner = broken.failure
        first = f"{broken.name}: {inner.error}: {shorten(inner.message, 800)}"
        return {
            "error": f"{count} of {_count(part.items or 0)} failed, the first {first}",
            "line": inner.line,
            "test": inner.test,
        }
    return {"error": f"{failure.error}: {shorten(failure.message, 800)}", "line": failure.line, "test": failure.test}


def _reason(part: BlockRun, status: str) -> str:
    """Why it is where it is. A later attempt says what the one before came to; what ended says nothing of a next one.

    Why it was skipped says nothing any more of a block that was edited since, or that something above it was.
    """
    if part.status == "skipped" and status != "skipped":
        return ""
    if part.status == "running" and part.attempt > 1 and part.failure is not None:
        return f"attempt {part.attempt - 1} failed: {part.failure.error}: {part.failure.message}"
    return part.reason if part.status in ("retrying", "waiting", "skipped") else ""


def _detail(part: BlockRun, status: str, items: Counter[str]) -> str:
    """The line at the foot of a card: ``12 480 × 19 · 0.31 s``, ``3 of 12 items``, ``attempt 1 failed, the next in 5 s``."""
    if part.items is not None and part.output is None:
        return _progress(part, status, items)
    if part.status == "failed" and part.failure is not None:
        test = f"{part.failure.test}: " if part.failure.test else ""
        return f"{test}{part.failure.error}: {part.failure.message}"
    reason = _reason(part, status)
    if part.status == "running" and reason:
        return f"attempt {part.attempt}"
    if reason:
        return reason
    if part.output is None:
        return look.status(status).label
    tries = f" · attempt {part.attempt}" if part.attempt > 1 else ""
    # a list of items says by itself how many there are; a frame collected of them has its rows instead
    mapped = f" · {_count(part.items)}" if part.items is not None and part.output.columns is not None else ""
    return f"{part.output.describe()}{mapped} · {_pace(part, status)}{tries}"


def _progress(part: BlockRun, status: str, items: Counter[str]) -> str:
    """How far a mapped block is: ``3 of 12 items · 1 failed``."""
    failed = items["failed"]
    if part.status == "failed":
        return f"{failed} of {part.items} items failed" if failed else _detail_of_failure(part)
    said = [f"{_finished(items)} of {_count(part.items or 0)}"]
    said += [f"{items[each]} {each}" for each in ("failed", "retrying") if items[each]]
    return " · ".join(said if status == "running" else [look.status(status).label, *said])


def _count(items: int) -> str:
    return f"{items} item{'s' * (items != 1)}"


def _detail_of_failure(part: BlockRun) -> str:
    return f"{part.failure.error}: {part.failure.message}" if part.failure else look.status(part.status).label


def _finished(items: Counter[str]) -> int:
    return sum(count for status, count in items.items() if status in FINISHED)


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


def size(count: int) -> str:
    """Bytes, in a few characters.

    >>> [size(n) for n in (900, 12_345, 312_000_000, 4_200_000_000)]
    ['900 B', '12 kB', '312 MB', '4.2 GB']
    """
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}" if count < 10 * factor else f"{count / factor:.0f} {unit}"
    return f"{count} B"


def shorten(text: str, limit: int) -> str:
    """``text`` in one line of at most ``limit`` characters.

    >>> shorten("a name that is long", 8)
    'a name …'
    """
    line = " ".join(text[: 4 * limit].split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
