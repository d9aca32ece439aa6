"""What happened, said once: frozen events, and the stream that carries them.

The engine only emits. Progress bars, widgets, history and alerts are subscribers. Every state that anyone shows is a fold of
these (`state.Run`), and history is the stream, kept.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from typing import Any, ClassVar

from .model import Failure, Output
from .values import value

log = logging.getLogger(__name__)


@value
class Event:
    """Something that happened in a run. ``at`` is UTC, seconds since 1970."""

    name: ClassVar[str] = "event"
    run: str
    at: float = field(default_factory=time.time)


@value
class RunStarted(Event):
    """A run was asked for, with everything that decides what it does."""

    name: ClassVar[str] = "run_started"
    pipeline: str
    blocks: tuple[str, ...]
    """The blocks selected, in topological order."""
    selection: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    executor: str = "inline"
    sample: int | None = None
    """Rows or items that loaders were cut to, or None for all."""
    origin: Mapping[str, Any] = field(default_factory=dict)
    """Who and from where: user, host, pid, face (``notebook``, ``cli``, ``python``)."""
    graph: Mapping[str, Any] = field(default_factory=dict)
    """The graph as it is run (`outline.outline`), so that it can be drawn when the file has long been changed."""


@value
class RunResumed(RunStarted):
    """The same run goes on: blocks that had finished are not run again."""

    name: ClassVar[str] = "run_resumed"


@value
class BlockEvent(Event):
    """Something that happened to a block, or to one item of a mapped one (``score[3]``)."""

    block: str


@value
class BlockStarted(BlockEvent):
    name: ClassVar[str] = "block_started"
    attempt: int = 1


@value
class BlockCached(BlockEvent):
    """Nothing it depends on changed: its kept output is used."""

    name: ClassVar[str] = "block_cached"
    key: str
    output: Output
    sampled: bool = False
    """Whether it is of a sampled run: such an output is never taken for a whole one."""


@value
class BlockSucceeded(BlockEvent):
    name: ClassVar[str] = "block_succeeded"
    key: str
    """Cache key, or empty for a result that is never reused."""
    output: Output
    seconds: float
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    """Bytes that its process had at most while it ran, or 0 where that is not known."""
    log: str = ""
    tests: tuple[str, ...] = ()
    """Names of the tests that passed."""
    ingredients: Mapping[str, Any] = field(default_factory=dict)
    """What the key was made of, so that a plan can say what changed."""
    sampled: bool = False
    true: bool | None = None
    """Of a sensor or conditional, whether what it gave is true."""


@value
class BlockFailed(BlockEvent):
    name: ClassVar[str] = "block_failed"
    failure: Failure
    seconds: float = 0.0
    log: str = ""


@value
class BlockRetrying(BlockEvent):
    """An attempt failed, and another will be made."""

    name: ClassVar[str] = "block_retrying"
    attempt: int
    """The attempt that failed; 1 is the first."""
    failure: Failure
    delay: float
    """Seconds until the next."""
    log: str = ""


@value
class BlockWaiting(BlockEvent):
    """A sensor looked and found nothing yet."""

    name: ClassVar[str] = "block_waiting"
    looks: int
    """How often it has looked."""
    delay: float
    """Seconds until it looks again."""
    log: str = ""


@value
class BlockMapped(BlockEvent):
    """A mapped block's upstream was split: so many items, each with a run of its own."""

    name: ClassVar[str] = "block_mapped"
    items: int


@value
class BlockSkipped(BlockEvent):
    """It could not run: something above it failed or waits for a person."""

    name: ClassVar[str] = "block_skipped"
    reason: str


@value
class BlockCancelled(BlockEvent):
    """It was running or waiting when the run was stopped."""

    name: ClassVar[str] = "block_cancelled"


@value
class RunFinished(Event):
    name: ClassVar[str] = "run_finished"
    status: str
    """``succeeded``, ``failed``, ``cancelled`` or ``interrupted``."""
    seconds: float = 0.0


KINDS: dict[str, type[Event]] = {
    kind.name: kind
    for kind in (
        RunStarted,
        RunResumed,
        BlockStarted,
        BlockRetrying,
        BlockWaiting,
        BlockMapped,
        BlockCached,
        BlockSucceeded,
        BlockFailed,
        BlockSkipped,
        BlockCancelled,
        RunFinished,
    )
}

GIVING = (BlockSucceeded, BlockCached)
"""What says that a block has an output."""
ENDING = (*GIVING, BlockFailed)
"""What says that a block was looked at and is done."""

Subscriber = Callable[[Event], None]


class Stream:
    """Carries events from one emitter to many subscribers, in order, on the emitter's thread.

    >>> seen = []
    >>> stream = Stream()
    >>> stop = stream.subscribe(seen.append)
    >>> stream.emit(RunFinished(run="r1", status="succeeded", at=0.0))
    >>> stop()
    >>> [event.status for event in seen]
    ['succeeded']
    """

    def __init__(self) -> None:
        self._essential: list[Subscriber] = []
        self._subscribers: list[tuple[Subscriber, Collection[type[Event]]]] = []
        self._routes: dict[type[Event], tuple[Subscriber, ...]] = {}
        """For each kind of event that was told, who hears of it, without the essential ones."""

    def subscribe(
        self, subscriber: Subscriber, *, essential: bool = False, kinds: Collection[type[Event]] = ()
    ) -> Callable[[], None]:
        """Call ``subscriber`` with every event from now on, or with those of ``kinds``; the answer stops it.

        An essential subscriber (history) is served first, and its errors reach the emitter: the run must not go on without
        it. Any other subscriber's error is logged, and the run goes on.
        """
        entry = subscriber, frozenset(kinds)
        if essential:
            self._essential.append(subscriber)
        else:
            self._subscribers.append(entry)
            self._routes = {}

        def stop() -> None:
            if essential and subscriber in self._essential:
                self._essential.remove(subscriber)
            elif entry in self._subscribers:
                self._subscribers.remove(entry)
                self._routes = {}

        return stop

    def emit(self, event: Event) -> None:
        for subscriber in self._essential:
            subscriber(event)
        kind = type(event)
        route = self._routes.get(kind)
        if route is None:
            route = self._routes[kind] = tuple([each for each, kinds in self._subscribers if not kinds or kind in kinds])
        for subscriber in route:
            try:
                subscriber(event)
            except Exception:  # noqa: BLE001 (an onlooker's mistake must not stop the run that it looks at)
                log.exception("subscriber %r failed on %s", subscriber, event.name)


def to_json(event: Event) -> str:
    """The event as one line of JSON; output bytes are left out (the store keeps them)."""
    fields: dict[str, Any] = {}
    for item in dataclasses.fields(event):
        value = getattr(event, item.name)
        if isinstance(value, Output):
            value = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.name != "data"}
        elif isinstance(value, Failure):
            value = dataclasses.asdict(value)
        elif isinstance(value, Mapping):
            value = dict(value)
        fields[item.name] = value
    return json.dumps({"event": event.name, **fields}, ensure_ascii=False, default=repr)


def from_json(text: str, data: bytes | None = None) -> Event:
    """The event that `to_json` wrote; ``data`` is the output's bytes where they were kept beside it.

    >>> event = RunFinished(run="r1", status="failed", at=1.5)
    >>> from_json(to_json(event)) == event
    True
    """
    fields = json.loads(text)
    kind = KINDS[fields.pop("event")]
    if "output" in fields:
        fields["output"] = output_from_json(fields["output"], data)
    if "failure" in fields:
        failure = fields["failure"]
        failure["inputs"] = tuple((name, shape) for name, shape in failure["inputs"])
        fields["failure"] = Failure(**failure)
    for name in ("blocks", "tests"):
        if name in fields:
            fields[name] = tuple(fields[name])
    return kind(**fields)


def output_from_json(fields: Mapping[str, Any], data: bytes | None = None) -> Output:
    """An `Output` from its JSON fields, with its bytes put back."""
    columns = fields.get("columns")
    pairs = None if columns is None else tuple((name, dtype) for name, dtype in columns)
    return Output(**{**fields, "columns": pairs, "data": data})
