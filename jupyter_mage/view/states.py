"""What a run says of each block: its state, how far it is, and the one line at the foot of its card."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from ..model import Block, Output
from ..spelling import kind_of
from ..state import FINISHED, BlockRun, Run
from . import look
from .brief import duration, shorten, size
from .flow import flow

Json = dict[str, Any]
_NONE: Counter[str] = Counter()
Items = Mapping[str, Counter[str]]
"""Of each mapped block, how many of its items are in which state."""


Memo = dict[str, tuple[object, Json]]
"""By block, what its state was made of and the state: of a thousand blocks, few change between two pictures."""


def states(
    blocks: list[Block],
    run: Run | None,
    statuses: Mapping[str, str],
    waiting: Mapping[str, str],
    before: Mapping[str, Output],
    memo: Memo,
) -> Json:
    """The moving part of a picture: every block's state, and the run's.

    ``waiting`` says why a block cannot run, ``before`` what its last good run before this one gave.
    """
    counts, broken = _items(run)
    parts = run.blocks if run is not None else {}
    over = run is not None and run.status in FINISHED
    made: Json = {}
    for block in blocks:
        name = block.name
        part, mark, last = parts.get(name), statuses.get(name, ""), before.get(name)
        of = (_moving(part), mark, over, last) if part is None or part.items is None else None
        known = memo.get(name)
        if known is None or of is None or known[0] != of:
            known = of, _told(block, run, mark, waiting[name], last, counts.get(name, _NONE), broken.get(name))
            memo[name] = known
        made[name] = known[1]
    return {"states": made, "run": _run(run)}


def _moving(part: BlockRun | None) -> object:
    """All of a block run that its state tells; outputs and failures are frozen."""
    if part is None:
        return None
    return (part.status, part.attempt, part.seconds, part.reason, part.output, part.failure, part.tests, part.sampled,
            part.peak_memory)  # fmt: skip


def _told(
    block: Block, run: Run | None, mark: str, problem: str, last: Output | None, items: Counter[str], broken: BlockRun | None
) -> Json:
    if problem:
        return {"status": "problem", "detail": shorten(problem, 42), "reason": problem}
    return _state(block, run, mark, items, broken) | _facts(block, run, last)


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
    told: Json = {"id": run.id, "status": run.status, "done": done, "total": len(parts), "seconds": run.seconds}
    return told if run.sample is None else {**told, "sample": run.sample}


def _state(block: Block, run: Run | None, mark: str, items: Counter[str], broken: BlockRun | None) -> Json:
    """One block's state, without empty fields: they are most of what would be sent."""
    part = run.blocks.get(block.name) if run else None
    if part is None or run is None:
        return _unrun(block, mark)
    status = part.status
    if mark and mark != "fresh" and status in FINISHED and run.status in FINISHED:
        status = mark
    if block.leaks and status in _RESTING:
        return _leaky(block)
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


_RESTING = frozenset({"new", "fresh", "succeeded", "cached", "stale", "skipped"})
"""States that do not matter beside that a block cannot run clean."""


def _unrun(block: Block, mark: str) -> Json:
    """A block of which the run says nothing. One with effects outside runs only when it is asked for: that is a state."""
    status = mark or ("manual" if kind_of(block).effects or kind_of(block).aside else "new")
    if block.leaks and status in _RESTING:
        return _leaky(block)
    doc = block.doc.strip().splitlines()
    return {"status": status, "detail": shorten(doc[0], 42) if doc else look.status(status).label}


def _leaky(block: Block) -> Json:
    """What it reads that only this notebook has; whatever it gave here, it cannot run clean."""
    leak = block.leaks[0]
    place = f" from cell [{leak.cell}]" if leak.cell is not None else ""
    return {
        "status": "leaky",
        "detail": shorten(f"reads {leak.name}{place}", 42),
        "reason": shorten(f"reads {leak.name}{place}, which a clean run does not have: make it an upstream or a parameter", 500),
    }


def _facts(block: Block, run: Run | None, last: Output | None) -> Json:
    """What its output carries on, and how many of its tests passed."""
    part = run.blocks.get(block.name) if run else None
    told: Json = {}
    if part is not None and part.output is not None and part.output.type != "NoneType":
        told["flow"] = flow(part.output, None if part.sampled else last)
    passed = _passed(block, part) if part is not None and block.tests else None
    if passed is not None:
        told["passed"] = passed
    return told


def _passed(block: Block, part: BlockRun) -> int | None:
    """How many of its tests passed, where they were run; a kept output is one that passed them all."""
    if part.failure is not None and part.failure.test:
        names = [test.name for test in block.tests]
        return names.index(part.failure.test) if part.failure.test in names else None
    if part.status == "cached":
        return len(block.tests)
    return len(part.tests) if part.status == "succeeded" and part.tests else None


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
