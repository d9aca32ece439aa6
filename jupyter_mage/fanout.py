"""A mapped block: split, one job an item, collected. It drives the engine's loop through the few words of `Loop`."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from . import events as ev
from .fingerprint import Fingerprint, Ingredients
from .jobs import Job, Kept
from .model import Block, Failure, Output
from .work import Result


class Asked(Protocol):
    """Of a request, what a fan-out needs."""

    @property
    def run(self) -> str: ...
    @property
    def sample(self) -> int | None: ...


class Loop(Protocol):
    """Of the engine's loop, what a fan-out needs."""

    @property
    def request(self) -> Asked: ...

    blocks: Mapping[str, Block]
    fingerprint: Fingerprint
    jobs: deque[Job]

    def emit(self, event: ev.Event) -> None: ...
    def launch(self, job: Job) -> None: ...
    def kept(self, block: Block, name: str, ingredients: Ingredients | None) -> Kept | None: ...
    def cached(self, name: str, ingredients: Ingredients, kept: Kept) -> ev.BlockCached: ...
    def success(self, job: Job, result: Result, output: Output) -> ev.BlockSucceeded: ...
    def failed(self, name: str) -> None: ...
    def done_before(self, name: str, upstream: str) -> Output | None: ...


class FanOut:
    """A mapped block: its upstream is split, each item gets a job of its own, and what they give is collected in order."""

    def __init__(self, loop: Loop, job: Job) -> None:
        self.loop, self.job = loop, job
        self.outputs: list[Output | None] = []
        self.left = 0
        self.broken: list[str] = []
        self.seconds = 0.0

    def begin(self) -> None:
        """Split: a task stores each item, so that items travel by reference as all values do."""
        block = self.job.block
        upstream = self.loop.blocks.get(block.mapped)
        role = "split pairs" if upstream is not None and upstream.dynamic else "split"
        self.loop.launch(replace(self.job, task=replace(self.job.task, role=role), then=self._split))

    def _split(self, _: Job, result: Result) -> None:
        if result.output is None:
            self.loop.failed(self.job.name)
            return
        loop, block = self.loop, self.job.block
        self.left = len(result.parts)
        self.outputs = [None] * self.left
        loop.emit(ev.BlockMapped(run=loop.request.run, block=self.job.name, items=self.left))
        for index, item in enumerate(result.parts):
            self._item(block, index, item, result.notes[index] if result.notes else {})
        if not self.left:
            self._collect()

    def _item(self, block: Block, index: int, item: Output, notes: Mapping[str, Any]) -> None:
        loop, name = self.loop, f"{block.name}[{notes.get('block_uuid', index)}]"
        parameters = {**self.job.task.parameters, **notes}
        inputs = {each: item if each == block.mapped else output for each, output in self.job.task.inputs}
        ingredients = loop.fingerprint.of(block, inputs, parameters, sample=loop.request.sample)
        before = loop.done_before(name, block.mapped)
        if before is not None:
            self._done(index, before)
            return
        kept = loop.kept(block, name, ingredients)
        if kept is not None:
            loop.emit(loop.cached(name, ingredients, kept))
            self._done(index, kept.output)
            return
        more = {**self.job.task.context, "dynamic_block_index": index} if self.job.task.context else self.job.task.context
        task = replace(self.job.task, inputs=tuple(inputs.items()), role="item", parameters=parameters, context=more)

        def then(job: Job, result: Result) -> None:
            if result.output is None:
                self.broken.append(name)
            else:
                loop.emit(loop.success(job, result, result.output))
            self.seconds += result.seconds
            self._done(index, result.output)

        loop.jobs.append(Job(name=name, block=block, task=task, ingredients=ingredients, then=then))

    def _done(self, index: int, output: Output | None) -> None:
        self.outputs[index] = output
        self.left -= 1
        if not self.left and not self.broken:
            self._collect()
        elif not self.left:
            message = f"{len(self.broken)} of {len(self.outputs)} items failed: {', '.join(self.broken[:5])}"
            failure = Failure(error="ItemsFailed", message=message)
            self.loop.emit(ev.BlockFailed(run=self.loop.request.run, block=self.job.name, failure=failure, seconds=self.seconds))
            self.loop.failed(self.job.name)

    def _collect(self) -> None:
        inputs = tuple((str(index), output) for index, output in enumerate(self.outputs) if output is not None)
        task = replace(self.job.task, inputs=inputs, upstreams=self.job.task.inputs, role="collect")
        self.loop.jobs.append(replace(self.job, task=task, spent=self.seconds))
