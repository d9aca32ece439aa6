"""The engine: starts what is ready, looks in the cache first, says what happened. One loop, for a cell, a run and a schedule.

It never prints, saves or notifies, and names no plugin: work goes out through ``submit`` and comes back as futures, news goes
out through ``emit``.
"""

from __future__ import annotations

import heapq
import itertools
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Any

from . import events as ev
from . import roles, spelling, strict
from .code import units
from .code.parameters import values
from .errors import JupyterMageError
from .fanout import FanOut
from .fingerprint import Fingerprint, Ingredients
from .jobs import Job, Pool
from .jobs import Kept as Kept
from .model import Block, Failure, Output
from .outcomes import Outcomes, Skip
from .ready import needed as needed
from .ready import ready
from .ready import runnable as runnable
from .ready import runs as runs
from .request import Cache as Cache
from .request import Control as Control
from .request import Request as Request
from .spelling import kind_of
from .state import GOOD, Run
from .work import Result, Task

Submit = Callable[[Task], "Future[Result]"]


def has_effects(block: Block) -> bool:
    return kind_of(block).effects


def still_fresh(block: Block, kept: Kept) -> bool:
    """Whether a kept output is as young as the block wants it (``--cache 1d``)."""
    return block.fresh is None or (kept.at is not None and time.time() - kept.at <= block.fresh)


def run(
    request: Request,
    *,
    submit: Submit,
    halt: Callable[[], None],
    cache: Cache,
    fingerprint: Fingerprint,
    emit: Callable[[ev.Event], None],
    stop: Callable[[Future[Result]], None] = lambda _: None,
    control: Control | None = None,
    state: Run | None = None,
) -> Run:
    """Run the request to its end and give the state that its events make.

    ``submit`` takes a task and gives a future of its result; ``halt`` ends whatever still runs, and is called when the run is
    cancelled or interrupted; ``stop`` ends one of them, whose time is over. ``state`` is the state that is given in the end, for
    whoever looks at it before: an event is folded into it, then told.
    A failed block stops what is below it and nothing else.
    """
    state = state or request.resumed or Run()
    return _Loop(request, submit, halt, cache, fingerprint, emit, stop, control or Control(), state).run()


class _Loop:
    def __init__(
        self,
        request: Request,
        submit: Submit,
        halt: Callable[[], None],
        cache: Cache,
        fingerprint: Fingerprint,
        emit: Callable[[ev.Event], None],
        stop: Callable[[Future[Result]], None],
        control: Control,
        state: Run,
    ) -> None:
        self.request, self.submit, self.halt, self.cache, self.stop = request, submit, halt, cache, stop
        self.fingerprint, self.tell, self.control, self.state = fingerprint, emit, control, state
        blocks = request.pipeline.by_name
        self.earlier = {n: each.output for n, each in self.state.blocks.items() if each.status in GOOD and each.output}
        self.outputs: dict[str, Output] = {name: output for name, output in self.earlier.items() if name in blocks}
        plan = self.plan = ready(request.pipeline, request.targets, self.outputs)
        self.blocks, self.names, self.below, self.kinds, self.watchers = blocks, plan.names, plan.below, plan.kinds, plan.watchers
        self.waits = dict(plan.waits)
        self.targets = frozenset(request.targets)
        self.outcomes = Outcomes(untrue={n for n, each in self.state.blocks.items() if n in self.outputs and each.true is False})
        self.running: dict[Future[Result], Job] = {}
        self.late: set[Future[Result]] = set()
        self.finished: SimpleQueue[Future[Result] | None] = SimpleQueue()
        self.ready: deque[str] = deque(name for name in self.names if not self.waits[name])
        self.jobs: deque[Job] = deque()
        self.timers: list[tuple[float, int, Callable[[], None]]] = []
        self.delayed = 0
        self.pools: dict[str, Pool] = {}

    def emit(self, event: ev.Event) -> None:
        self.state.apply(event)
        self.tell(event)

    # ---- the run ---------------------------------------------------------------------------------------------------

    def run(self) -> Run:
        request, started = self.request, time.monotonic()
        self.control.on_cancel(lambda: self.finished.put(None))
        kind = ev.RunResumed if request.resumed else ev.RunStarted
        self.emit(
            kind(
                run=request.run, pipeline=request.pipeline.name, blocks=self.plan.all_names, selection=request.selection,
                variables=dict(request.variables), executor=request.executor, sample=request.sample, origin=dict(request.origin),
                graph=self.plan.graph,
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
            self._last_words()
            status = "cancelled"
        else:
            status = "failed" if self.outcomes.bad else "succeeded"
        self.emit(ev.RunFinished(run=request.run, status=status, seconds=time.monotonic() - started))
        return self.state

    def _work(self) -> None:
        cancelled = self.control.cancelled
        while (self.ready or self.jobs or self.running or self.delayed) and not cancelled.is_set():
            self._ring()
            while (self.jobs or self.ready) and len(self.running) < self.request.workers and not cancelled.is_set():
                if self.jobs:
                    self.launch(self.jobs.popleft())
                else:
                    self._start(self.ready.popleft())
            if self.running or self.delayed:
                self._wait()

    def _wait(self) -> None:
        """Take one finished call, or wake for the next timer."""
        left = max(self.timers[0][0] - time.monotonic(), 0.0) if self.timers else None
        try:
            future = self.finished.get(timeout=left)
        except Empty:
            return
        if future is not None:
            self._finish(future)

    def _at(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self.timers, (time.monotonic() + seconds, next(_TICKS), action))

    def _ring(self) -> None:
        while self.timers and self.timers[0][0] <= time.monotonic():
            heapq.heappop(self.timers)[2]()

    # ---- one block -------------------------------------------------------------------------------------------------

    def _start(self, name: str) -> None:
        block = self.blocks[name]
        kind = self.kinds[block.kind]
        if kind.watches:
            roles.hear(self, block)
            return
        skip = self.outcomes.skip(block) if self.outcomes.broken or block.guards else None
        if skip is not None:
            self.skip(name, skip)
            return
        if block.leaks and not self.request.leaks_allowed:
            self._leaks(block)
            return
        inputs = {each: self.outputs[each] for each in block.upstreams if each in self.outputs}
        parameters = self._parameters(block) if block.parameters or block.is_file else {}
        ingredients = (
            None
            if block.leaks or self.request.strict
            else self.fingerprint.of(block, inputs, parameters, sample=self.request.sample)
        )
        kept = self.kept(block, name, ingredients)
        if kept is None and kind.effects and (name not in self.targets or name in self.request.retest):
            why = "was not asked for" if name not in self.targets else "has not run"
            self.skip(name, Skip(f"has effects outside and {why}: run {name}", "did not run"))
            return
        tested = not block.tests if name in self.request.retest else kept and ingredients and kept.tests == ingredients.tests
        if kept is not None and ingredients is not None and tested:
            self.emit(self.cached(name, ingredients, kept))
            self._succeeded(name, kept.output)
            return
        task = Task(
            block=block, inputs=tuple(inputs.items()), parameters=parameters, output=kept.output if kept else None,
            sample=None if block.upstreams else self.request.sample, asks=kind.asks, context=self.context(block),
            strict=self.request.strict,
        )  # fmt: skip
        job = Job(name=name, block=block, task=task, ingredients=ingredients, kept=kept)
        if block.mapped and kept is None:
            FanOut(self, job).begin()
        else:
            self.launch(job)

    def _parameters(self, block: Block) -> dict[str, Any]:
        """The values of its parameters; a file of Mage, which may read whatever it likes, has those that its text names."""
        found = values(block, self.request.variables)
        if block.is_file:
            found = {**{name: value for name, value in self.request.context.items() if name in block.source}, **found}
        return found

    def context(self, block: Block) -> Mapping[str, Any]:
        if not block.is_file:
            return _NOTHING
        return spelling.context(block, {**self.request.context, "mage_strict": self.request.strict})

    def kept(self, block: Block, name: str, ingredients: Ingredients | None) -> Kept | None:
        request, kind = self.request, self.kinds[block.kind]
        if ingredients is None or block.name in request.force or block.fresh == 0 or kind.waits or kind.decides or request.strict:
            return None
        if kind.effects and block.name in self.targets and block.name not in request.retest:
            return None
        kept = self.cache.find(name, ingredients.key)
        return kept if kept is not None and still_fresh(block, kept) else None

    def launch(self, job: Job) -> None:
        """Send a job out, unless its pool is full: then it waits for it."""
        limits = job.block.limits
        if limits.pool:
            pool = self.pools.setdefault(limits.pool, Pool(limits.pool_size))
            if not pool.take(job):
                return
        self.emit(ev.BlockStarted(run=self.request.run, block=job.name, attempt=job.attempt))
        future = self.submit(job.task)
        self.running[future] = job
        if limits.timeout is not None:
            self._at(limits.timeout, lambda: self._too_late(future))
        if future.done():  # it ran inline: no way through the queue
            self._finish(future)
        else:
            future.add_done_callback(self.finished.put)

    def _too_late(self, future: Future[Result]) -> None:
        if future in self.running:
            self.late.add(future)
            self.stop(future)

    def _finish(self, future: Future[Result]) -> None:
        job = self.running.pop(future)
        if job.block.limits.pool:
            self.jobs.extend(self.pools[job.block.limits.pool].give_back())
        try:
            result = future.result()
        except (JupyterMageError, CancelledError) as error:
            failure = Failure(error=type(error).__name__, message=getattr(error, "message", str(error)))
            result = Result(failure=failure, log=str(getattr(error, "log", "")))
        if future in self.late:
            self.late.discard(future)
            took = f"took longer than {units.seconds_text(job.block.limits.timeout or 0.0)}"
            result = Result(failure=Failure(error="Timeout", message=took), seconds=result.seconds, log=result.log)
        if result.cancelled:
            self.control.cancelled.set()
        elif result.output is None:
            self.give_up(job, result, result.failure or Failure(error="Lost", message="the block ended without a result"))
        elif job.then is not None:
            job.then(job, result)
        elif result.true is False and self.kinds[job.block.kind].waits:
            roles.not_yet(self, job, result, result.output)
        else:
            self.took(job, result, result.output)

    def took(self, job: Job, result: Result, output: Output) -> None:
        self.emit(self.success(job, result, output))
        if result.true is False and self.kinds[job.block.kind].decides:
            self.outcomes.untrue.add(job.name)
        self._succeeded(job.name, output)

    def give_up(self, job: Job, result: Result, failure: Failure) -> None:
        again = job.block.retry.wants(job.attempt, failure.error)
        if self.request.strict:
            again = again and strict.tries_again(job.block.retry, job.attempt)
        if again and not self.control.cancelled.is_set():
            delay = job.block.retry.wait(job.attempt, random.random())  # noqa: S311 (spreads retries, keeps no secret)
            self.emit(
                ev.BlockRetrying(
                    run=self.request.run, block=job.name, attempt=job.attempt, failure=failure, delay=delay, log=result.log
                )
            )
            self.later(delay, replace(job, attempt=job.attempt + 1))
            return
        self.emit(ev.BlockFailed(run=self.request.run, block=job.name, failure=failure, seconds=result.seconds, log=result.log))
        if job.then is not None:
            job.then(job, result)
        else:
            self.failed(job.name)

    def later(self, seconds: float, job: Job) -> None:
        """Send the job out again after so long."""
        self.delayed += 1
        self._at(seconds, lambda: self._again(job))

    def _again(self, job: Job) -> None:
        self.delayed -= 1
        self.jobs.append(job)

    def failed(self, name: str) -> None:
        """A block failed for good: what is below it will be skipped."""
        self.outcomes.broken[name] = "failed"
        self._unlock(name)

    def success(self, job: Job, result: Result, output: Output) -> ev.BlockSucceeded:
        ingredients, kept = job.ingredients, job.kept
        only_tested = kept is not None and kept.seconds is not None
        return ev.BlockSucceeded(
            run=self.request.run,
            block=job.name,
            key=ingredients.key if ingredients and not self.request.strict else "",
            output=output,
            seconds=kept.seconds if kept is not None and kept.seconds is not None else result.seconds + job.spent,
            cpu_seconds=0.0 if only_tested else result.cpu_seconds,
            peak_memory=result.peak_memory,
            log=result.log,
            tests=result.tests,
            ingredients=ingredients.kept() if ingredients else {},
            sampled=self.request.sample is not None or self.request.strict,
            true=result.true,
        )

    def done_before(self, name: str, upstream: str) -> Output | None:
        """In a resumed run: what this item gave before, where the upstream that it is an item of was not run again."""
        before = self.earlier.get(name)
        return before if self.request.resumed and upstream not in self.names else None

    def cached(self, name: str, ingredients: Ingredients, kept: Kept) -> ev.BlockCached:
        sampled = self.request.sample is not None
        return ev.BlockCached(run=self.request.run, block=name, key=ingredients.key, output=kept.output, sampled=sampled)

    def _succeeded(self, name: str, output: Output) -> None:
        self.outputs[name] = output
        self._unlock(name)

    def _leaks(self, block: Block) -> None:
        leak = block.leaks[0]
        place = f" from cell [{leak.cell}]" if leak.cell is not None else ""
        message = f"reads {leak.name}{place}, and a clean run has no such name: make it an upstream or a parameter"
        self.emit(ev.BlockFailed(run=self.request.run, block=block.name, failure=Failure(error="Leak", message=message)))
        self.failed(block.name)

    def skip(self, name: str, skip: Skip) -> None:
        self.outcomes.add(name, skip)
        self.emit(ev.BlockSkipped(run=self.request.run, block=name, reason=skip.reason))
        self._unlock(name)

    def _unlock(self, name: str) -> None:
        for each in self.below[name]:
            self.waits[each] -= 1
            if not self.waits[each]:
                self.ready.append(each)

    def _cancel_whatever_comes(self) -> None:
        """A second Ctrl-C while things are being ended must not leave the run open."""
        self.control.ending = True
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
            if block.status in UNFINISHED and (block.status != "queued" or name not in self.watchers):
                self.emit(ev.BlockCancelled(run=self.request.run, block=name))

    def _last_words(self) -> None:
        """The callbacks of a cancelled run hear of it; whoever cancels once more ends them too."""
        waiting = [name for name in self.watchers if self.state.blocks[name].status == "queued"]
        if not waiting:
            return
        self.control.cancelled.clear()
        self.control.ending = False
        self.ready, self.jobs, self.timers, self.delayed = deque(waiting), deque(), [], 0
        self.running.clear()
        self.finished = SimpleQueue()  # what was cancelled still comes back by the old one
        try:
            self._work()
        except KeyboardInterrupt:
            self.control.cancel()
        if self.control.cancelled.is_set():
            self._cancel_whatever_comes()
        self.control.cancelled.set()


UNFINISHED = frozenset({"queued", "running", "retrying", "waiting"})
_NOTHING: Mapping[str, Any] = {}
_TICKS = itertools.count()
