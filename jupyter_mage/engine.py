"""The engine: starts what is ready, looks in the cache first, says what happened. One loop, for a cell, a run and a schedule.

It never prints, saves or notifies, and names no plugin: work goes out through ``submit`` and comes back as futures, news goes
out through ``emit``.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, Protocol

from . import events as ev
from . import graph
from .code.parameters import values
from .errors import JupyterMageError
from .fingerprint import Fingerprint, Ingredients
from .model import Block, Failure, Output, Pipeline
from .plugins import kinds
from .state import Run
from .work import Result, Task


class Cache(Protocol):
    """What was kept: the engine asks by key."""

    def find(self, block: str, key: str) -> Kept | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A kept output, and the tests it is known to pass."""

    output: Output
    tests: str = ""
    seconds: float | None = None
    """How long its block took to make it."""


@dataclass(slots=True)
class Control:
    """A run's stop button; may be pressed from any thread."""

    cancelled: threading.Event = field(default_factory=threading.Event)
    _wake: list[Callable[[], None]] = field(default_factory=list)

    def cancel(self) -> None:
        self.cancelled.set()
        for wake in tuple(self._wake):
            wake()

    def on_cancel(self, wake: Callable[[], None]) -> None:
        self._wake.append(wake)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to run. ``pipeline`` is resolved, and stays as it is whatever is redefined meanwhile."""

    run: str
    pipeline: Pipeline
    targets: tuple[str, ...]
    selection: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    force: frozenset[str] = frozenset()
    """Blocks that run whatever is cached."""
    executor: str = "inline"
    workers: int = 1
    leaks_allowed: bool = False
    """Whether blocks may read the notebook's hidden state: in its own cell, never in a clean run."""
    retest: frozenset[str] = frozenset()
    """Blocks whose tests run again on outputs that come from the cache; a body with effects does not run for that."""
    origin: Mapping[str, Any] = field(default_factory=dict)


Submit = Callable[[Task], "Future[Result]"]


def needed(pipeline: Pipeline, targets: Sequence[str]) -> tuple[str, ...]:
    """The targets and all above them that run at all, in topological order."""
    wanted = set(targets)
    if len(wanted) < len(pipeline):
        wanted |= graph.ancestors(pipeline, targets)
    return tuple(name for name in graph.order(pipeline) if name in wanted and runs(pipeline[name]))


def runs(block: Block) -> bool:
    """Whether blocks of this kind are executed at all; markdown is not."""
    return block.kind not in kinds or kinds.get(block.kind).runs


def has_effects(block: Block) -> bool:
    return block.kind in kinds and kinds.get(block.kind).effects


def run(
    request: Request,
    *,
    submit: Submit,
    halt: Callable[[], None],
    cache: Cache,
    fingerprint: Fingerprint,
    emit: Callable[[ev.Event], None],
    control: Control | None = None,
) -> Run:
    """Run the request to its end and give the state that its events make.

    ``submit`` takes a task and gives a future of its result; ``halt`` ends whatever still runs, and is called when the run is
    cancelled or interrupted. A failed block stops what is below it and nothing else.
    """
    return _Loop(request, submit, halt, cache, fingerprint, emit, control or Control()).run()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Started:
    block: str
    ingredients: Ingredients | None
    kept: Kept | None
    """The kept output, where only its tests run."""


class _Loop:
    def __init__(
        self,
        request: Request,
        submit: Submit,
        halt: Callable[[], None],
        cache: Cache,
        fingerprint: Fingerprint,
        emit: Callable[[ev.Event], None],
        control: Control,
    ) -> None:
        self.request, self.submit, self.halt, self.cache = request, submit, halt, cache
        self.fingerprint, self.tell, self.control = fingerprint, emit, control
        self.state = Run()
        self.blocks = {block.name: block for block in request.pipeline}
        self.names = needed(request.pipeline, request.targets)
        chosen = set(self.names)
        self.waits = {name: sum(each in chosen for each in self.blocks[name].needs) for name in self.names}
        self.below: dict[str, list[str]] = {name: [] for name in self.names}
        for name in self.names:
            for each in self.blocks[name].needs:
                if each in chosen:
                    self.below[each].append(name)
        self.targets = frozenset(request.targets)
        self.outputs: dict[str, Output] = {}
        self.broken: dict[str, str] = {}
        self.running: dict[Future[Result], _Started] = {}
        self.finished: SimpleQueue[Future[Result] | None] = SimpleQueue()
        self.ready: deque[str] = deque(name for name in self.names if not self.waits[name])

    def emit(self, event: ev.Event) -> None:
        self.state.apply(event)
        self.tell(event)

    def run(self) -> Run:
        request, started = self.request, time.monotonic()
        self.control.on_cancel(lambda: self.finished.put(None))
        self.emit(
            ev.RunStarted(
                run=request.run, pipeline=request.pipeline.name, blocks=self.names, selection=request.selection,
                variables=dict(request.variables), executor=request.executor, origin=dict(request.origin),
            )
        )  # fmt: skip
        try:
            self._work()
        except KeyboardInterrupt:
            self.control.cancel()
        except BaseException:  # our own mistake or a full disk: no run stays open, then the error goes on
            self._cancel()
            self.emit(ev.RunFinished(run=request.run, status="failed", seconds=time.monotonic() - started))
            raise
        if self.control.cancelled.is_set():
            self._cancel_whatever_comes()
            status = "cancelled"
        else:
            status = "failed" if self.broken else "succeeded"
        self.emit(ev.RunFinished(run=request.run, status=status, seconds=time.monotonic() - started))
        return self.state

    def _work(self) -> None:
        while (self.ready or self.running) and not self.control.cancelled.is_set():
            while self.ready and len(self.running) < self.request.workers and not self.control.cancelled.is_set():
                self._start(self.ready.popleft())
            if self.running:
                future = self.finished.get()
                if future is not None:
                    self._finish(future)

    def _start(self, name: str) -> None:
        block = self.blocks[name]
        reason = next((f"{each} {self.broken[each]}" for each in block.needs if each in self.broken), "") if self.broken else ""
        if reason:
            self._skip(name, reason)
            return
        if block.leaks and not self.request.leaks_allowed:
            self._leaks(block)
            return
        inputs = tuple((each, self.outputs[each]) for each in block.upstreams if each in self.below)
        parameters = values(block, self.request.variables)
        ingredients = None if block.leaks else self.fingerprint.of(block, dict(inputs), parameters)
        kept = self._kept(block, ingredients)
        if kept is None and has_effects(block) and (name not in self.targets or name in self.request.retest):
            why = "was not asked for" if name not in self.targets else "has not run"
            self._skip(name, f"has effects outside and {why}: run {name}", broken="did not run")
            return
        tested = not block.tests if name in self.request.retest else kept and ingredients and kept.tests == ingredients.tests
        if kept is not None and ingredients is not None and tested:
            self.emit(ev.BlockCached(run=self.request.run, block=name, key=ingredients.key, output=kept.output))
            self._succeeded(name, kept.output)
            return
        self.emit(ev.BlockStarted(run=self.request.run, block=name))
        task = Task(block=block, inputs=inputs, parameters=parameters, output=kept.output if kept else None)
        future = self.submit(task)
        self.running[future] = _Started(block=name, ingredients=ingredients, kept=kept)
        future.add_done_callback(self.finished.put)

    def _leaks(self, block: Block) -> None:
        leak = block.leaks[0]
        place = f" from cell [{leak.cell}]" if leak.cell is not None else ""
        message = f"reads {leak.name}{place}, and a clean run has no such name: make it an upstream or a parameter"
        self.broken[block.name] = "failed"
        self.emit(ev.BlockFailed(run=self.request.run, block=block.name, failure=Failure(error="Leak", message=message)))
        self._unlock(block.name)

    def _kept(self, block: Block, ingredients: Ingredients | None) -> Kept | None:
        name = block.name
        if ingredients is None or name in self.request.force:
            return None
        if has_effects(block) and name in self.targets and name not in self.request.retest:
            return None
        return self.cache.find(name, ingredients.key)

    def _finish(self, future: Future[Result]) -> None:
        started = self.running.pop(future)
        name = started.block
        try:
            result = future.result()
        except JupyterMageError as error:
            failure = Failure(error=type(error).__name__, message=error.message)
            result = Result(failure=failure, log=str(getattr(error, "log", "")))
        if result.cancelled:
            self.control.cancelled.set()
        elif result.output is None:
            failure = result.failure or Failure(error="Lost", message="the block ended without a result")
            self.broken[name] = "failed"
            self.emit(ev.BlockFailed(run=self.request.run, block=name, failure=failure, seconds=result.seconds, log=result.log))
            self._unlock(name)
        else:
            self.emit(self._success(started, result, result.output))
            self._succeeded(name, result.output)

    def _success(self, started: _Started, result: Result, output: Output) -> ev.BlockSucceeded:
        ingredients, kept = started.ingredients, started.kept
        only_tested = kept is not None and kept.seconds is not None
        return ev.BlockSucceeded(
            run=self.request.run,
            block=started.block,
            key=ingredients.key if ingredients else "",
            output=output,
            seconds=kept.seconds if kept is not None and kept.seconds is not None else result.seconds,
            cpu_seconds=0.0 if only_tested else result.cpu_seconds,
            log=result.log,
            tests=result.tests,
            ingredients=ingredients.kept() if ingredients else {},
        )

    def _succeeded(self, name: str, output: Output) -> None:
        self.outputs[name] = output
        self._unlock(name)

    def _skip(self, name: str, reason: str, *, broken: str = "was skipped") -> None:
        self.broken[name] = broken
        self.emit(ev.BlockSkipped(run=self.request.run, block=name, reason=reason))
        self._unlock(name)

    def _unlock(self, name: str) -> None:
        for each in self.below[name]:
            self.waits[each] -= 1
            if not self.waits[each]:
                self.ready.append(each)

    def _cancel_whatever_comes(self) -> None:
        """A second Ctrl-C while things are being ended must not leave the run open."""
        for _ in range(5):
            try:
                self._cancel()
            except KeyboardInterrupt:
                continue
            return

    def _cancel(self) -> None:
        """End what runs, then say so: `cancelled` is said only when nothing of a block runs any more."""
        self.halt()
        for future in [each for each in self.running if each.done() and not each.cancelled() and each.exception() is None]:
            if future.result().output is not None:  # it had finished when the stop came: it is kept
                self._finish(future)
        for name, block in list(self.state.blocks.items()):
            if block.status in ("queued", "running"):
                self.emit(ev.BlockCancelled(run=self.request.run, block=name))
