"""What the engine keeps of a call that is out or waits: the job, what was kept of it before, and the pool that it shares."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .fingerprint import Ingredients
from .model import Block, Output
from .work import Result, Task


@dataclass(slots=True, kw_only=True)
class Kept:
    """A kept output, and the tests it is known to pass."""

    output: Output
    tests: str = ""
    seconds: float | None = None
    """How long its block took to make it."""
    at: float | None = None
    """When it was made, UTC."""


@dataclass(slots=True, kw_only=True)
class Job:
    """One call that is out, waits for its retry, or waits for its pool."""

    name: str
    """The block's name, or an item's: ``score[3]``."""
    block: Block
    task: Task
    ingredients: Ingredients | None = None
    kept: Kept | None = None
    """The kept output, where only its tests run."""
    attempt: int = 1
    spent: float = 0.0
    """Seconds that were spent for it before: a mapped block's items."""
    since: float = 0.0
    """Of a sensor, when it first looked, on the monotonic clock."""
    looks: int = 0
    then: Callable[[Job, Result], None] | None = None
    """What a good result is for, where it is not the block's own."""


class Pool:
    """A scarce resource: so many jobs may hold it, the others wait in order."""

    def __init__(self, size: int) -> None:
        self.free = size
        self.waiting: deque[Job] = deque()

    def take(self, job: Job) -> bool:
        """Whether the job may go; if not, `give_back` hands it out later."""
        if self.free <= 0:
            self.waiting.append(job)
            return False
        self.free -= 1
        return True

    def give_back(self) -> list[Job]:
        """A holder is done: the jobs that may try again."""
        self.free += 1
        return [self.waiting.popleft()] if self.waiting else []
