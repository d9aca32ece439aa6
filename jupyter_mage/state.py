"""State as a fold of events: a run, and each block's part in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import events as ev
from .model import Failure, Output

FINISHED = frozenset({"succeeded", "cached", "failed", "skipped", "cancelled", "interrupted"})
GOOD = frozenset({"succeeded", "cached"})
NOTHING: Mapping[str, Any] = {}
"""The ingredients of all that has none: one for thousands of blocks."""


@dataclass(slots=True)
class BlockRun:
    """One block in one run. ``status`` is ``queued``, ``running`` or one of FINISHED."""

    name: str
    status: str = "queued"
    started: float | None = None
    seconds: float | None = None
    attempt: int = 0
    key: str = ""
    output: Output | None = None
    failure: Failure | None = None
    reason: str = ""
    log: str = ""
    """What it printed, with marks where it went to stderr: `printing.plain`, `printing.only`."""
    tests: tuple[str, ...] = ()
    peak_memory: int = 0
    cpu_seconds: float = 0.0
    ingredients: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    """What the result was made of, where this run made it."""
    sampled: bool = False
    true: bool | None = None
    """Of a conditional, what it said."""
    items: int | None = None
    """Of a mapped block, how many runs it had; each is a block run of its own, named ``score[3]``."""

    @property
    def is_item(self) -> bool:
        return self.name.endswith("]")


@dataclass(slots=True)
class Run:
    """A run, as far as its events tell. `apply` is the only way it changes.

    >>> run = fold([ev.RunStarted(run="r1", pipeline="p", blocks=("a",), at=1.0), ev.BlockStarted(run="r1", block="a", at=1.5)])
    >>> run.status, run.blocks["a"].status
    ('running', 'running')
    """

    id: str = ""
    pipeline: str = ""
    status: str = "queued"
    started: float | None = None
    seconds: float | None = None
    selection: str = ""
    executor: str = ""
    sample: int | None = None
    variables: dict[str, object] = field(default_factory=dict)
    origin: dict[str, object] = field(default_factory=dict)
    graph: Mapping[str, Any] = field(default_factory=dict)
    """The graph as it was run; empty where an older version ran it."""
    blocks: dict[str, BlockRun] = field(default_factory=dict)

    def apply(self, event: ev.Event) -> Run:
        handler: Callable[[Run, Any], None] | None = _HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event)
        return self

    def show(self, live: Run) -> None:
        """Be a board on which the run ``live`` can be seen while it goes on: its blocks stand here too, the same objects.

        A run of thousands of blocks is then folded once, and not for each of those who look at it.
        """
        self.id, self.pipeline, self.status, self.started, self.seconds = live.id, live.pipeline, live.status, live.started, None
        self.selection, self.executor, self.sample = live.selection, live.executor, live.sample
        self.variables, self.origin = live.variables, live.origin
        self.blocks.update(live.blocks)

    @property
    def failed(self) -> list[BlockRun]:
        return [block for block in self.blocks.values() if block.status == "failed"]

    @property
    def done(self) -> int:
        return sum(block.status in FINISHED and not block.is_item for block in self.blocks.values())


def fold(events: Iterable[ev.Event]) -> Run:
    """The run that these events, in order, describe."""
    run = Run()
    for event in events:
        run.apply(event)
    return run


def _run_started(run: Run, event: ev.RunStarted) -> None:
    run.id, run.pipeline, run.status, run.started = event.run, event.pipeline, "running", event.at
    run.selection, run.executor, run.sample = event.selection, event.executor, event.sample
    run.variables, run.origin, run.graph = dict(event.variables), dict(event.origin), event.graph
    run.blocks.update([(name, BlockRun(name)) for name in event.blocks if name not in run.blocks])


def _run_resumed(run: Run, event: ev.RunResumed) -> None:
    started = run.started
    _run_started(run, event)
    run.started = started or event.at
    for name, block in run.blocks.items():
        if block.status not in GOOD:
            run.blocks[name] = BlockRun(name)


def _block(run: Run, event: ev.BlockEvent, status: str) -> BlockRun:
    block = run.blocks.get(event.block)
    if block is None:
        block = run.blocks[event.block] = BlockRun(event.block)
    block.status = status
    return block


def _block_started(run: Run, event: ev.BlockStarted) -> None:
    block = run.blocks.get(event.block) or _block(run, event, "")
    block.status, block.started, block.attempt, block.reason = "running", event.at, event.attempt, ""


def _block_cached(run: Run, event: ev.BlockCached) -> None:
    block = run.blocks.get(event.block) or _block(run, event, "")
    block.status, block.seconds = "cached", 0.0
    block.key, block.output, block.sampled = event.key, event.output, event.sampled


def _block_succeeded(run: Run, event: ev.BlockSucceeded) -> None:
    block = run.blocks.get(event.block) or _block(run, event, "")
    block.status, block.key, block.output, block.seconds = "succeeded", event.key, event.output, event.seconds
    block.log, block.tests, block.peak_memory = event.log, event.tests, event.peak_memory
    block.failure, block.reason, block.sampled = None, "", event.sampled
    block.cpu_seconds, block.ingredients, block.true = event.cpu_seconds, event.ingredients, event.true


def _block_failed(run: Run, event: ev.BlockFailed) -> None:
    block = _block(run, event, "failed")
    block.failure, block.seconds, block.log, block.reason = event.failure, event.seconds, event.log, ""


def _block_retrying(run: Run, event: ev.BlockRetrying) -> None:
    block = _block(run, event, "retrying")
    block.failure, block.log = event.failure, event.log
    block.reason = f"attempt {event.attempt} failed, the next in {event.delay:.3g} s"


def _block_waiting(run: Run, event: ev.BlockWaiting) -> None:
    block = _block(run, event, "waiting")
    block.log, block.reason = event.log, f"nothing yet, the next look in {event.delay:.3g} s"


def _block_mapped(run: Run, event: ev.BlockMapped) -> None:
    _block(run, event, "running").items = event.items


def _block_skipped(run: Run, event: ev.BlockSkipped) -> None:
    _block(run, event, "skipped").reason = event.reason


def _block_cancelled(run: Run, event: ev.BlockCancelled) -> None:
    _block(run, event, "cancelled").reason = ""


def _run_finished(run: Run, event: ev.RunFinished) -> None:
    run.status, run.seconds = event.status, event.seconds
    left = {"interrupted": "interrupted", "cancelled": "cancelled"}.get(event.status)
    for block in run.blocks.values():
        if left and block.status not in FINISHED:
            block.status = left


_HANDLERS: dict[type[ev.Event], Callable[[Run, Any], None]] = {
    ev.RunStarted: _run_started,
    ev.RunResumed: _run_resumed,
    ev.BlockRetrying: _block_retrying,
    ev.BlockWaiting: _block_waiting,
    ev.BlockMapped: _block_mapped,
    ev.BlockStarted: _block_started,
    ev.BlockCached: _block_cached,
    ev.BlockSucceeded: _block_succeeded,
    ev.BlockFailed: _block_failed,
    ev.BlockSkipped: _block_skipped,
    ev.BlockCancelled: _block_cancelled,
    ev.RunFinished: _run_finished,
}
