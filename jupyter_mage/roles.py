"""Kinds that take part in a run in a way of their own: sensors look again, callbacks hear how others ended."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from . import events as ev
from .code import units
from .code.parameters import values
from .jobs import Job
from .model import Block, Failure, Output
from .outcomes import Skip, told
from .request import Request
from .state import Run
from .work import Result, Task

PATIENCE = 86400.0
"""Seconds that a sensor without a timeout waits: a day."""


class Loop(Protocol):
    """Of the engine's loop, what these need."""

    request: Request
    state: Run
    names: tuple[str, ...]
    watchers: tuple[str, ...]
    targets: frozenset[str]
    outputs: dict[str, Output]

    def emit(self, event: ev.Event) -> None: ...
    def launch(self, job: Job) -> None: ...
    def later(self, seconds: float, job: Job) -> None: ...
    def skip(self, name: str, skip: Skip) -> None: ...
    def took(self, job: Job, result: Result, output: Output) -> None: ...
    def give_up(self, job: Job, result: Result, failure: Failure) -> None: ...
    def context(self, block: Block) -> Mapping[str, Any]: ...


def hear(loop: Loop, block: Block) -> None:
    """A callback's turn: it runs where one of the blocks that it watches ended in a way that it is for."""
    watched = block.upstreams or tuple(each for each in loop.names if each not in loop.watchers)
    outcome = told(loop.state, watched)
    if not any(each["status"] in block.on for each in outcome.values()) if block.on else not outcome:
        loop.skip(block.name, Skip("nothing that it is for has happened", "was not wanted", wanted=False))
        return
    inputs = tuple((each, loop.outputs[each]) for each in block.upstreams if each in loop.outputs)
    more = {**loop.context(block), **dict.fromkeys(block.upstreams), "outcome": outcome}
    task = Task(block=block, inputs=inputs, parameters=values(block, loop.request.variables), context=more)
    loop.launch(Job(name=block.name, block=block, task=task))


def not_yet(loop: Loop, job: Job, result: Result, output: Output) -> None:
    """A sensor found nothing: it looks again, until its time is over."""
    block, now = job.block, time.monotonic()
    if not loop.request.patient and block.name in loop.targets:  # in its own cell it says what it sees
        loop.took(job, result, output)
        return
    since, patience = job.since or now - result.seconds, block.limits.timeout or PATIENCE
    if loop.request.patient and now + block.poll.interval - since <= patience:
        loop.emit(
            ev.BlockWaiting(run=loop.request.run, block=job.name, looks=job.looks + 1, delay=block.poll.interval, log=result.log)
        )
        loop.later(block.poll.interval, replace(job, since=since, looks=job.looks + 1))
        return
    waited = f"nothing true within {units.seconds_text(patience)}" if loop.request.patient else "nothing yet: a run waits for it"
    if block.poll.soft:
        loop.skip(job.name, Skip(waited, "gave up waiting", wanted=False))
    else:
        loop.give_up(job, replace(result, output=None), Failure(error="NotYet", message=waited))
