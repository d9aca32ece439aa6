"""Runs that somebody else's process writes, folded as they go: each event is read once, however often a screen asks."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from . import events as ev
from .model import Block, Output, Pipeline
from .outline import drawable
from .state import Run
from .view.runs import Timeline

KEPT = 24
"""Runs that are followed at once."""
PICTURES = 8
"""Pictures of each that are kept: who has one of them gets what changed."""


class Follower:
    """One run's state, its timeline, and the pictures that were made of it."""

    def __init__(self) -> None:
        self.run = Run()
        self.timeline = Timeline()
        self.sequence = 0
        self.touched: dict[str, int] = {}
        """The last event of each block."""
        self.pictures: OrderedDict[int, dict[str, Any]] = OrderedDict()
        self.before: Mapping[str, Output] | None = None
        """What the last good run of each block gave before this one, once somebody has asked."""
        self.guard = threading.Lock()
        self._whole = 0
        self._pipeline: Pipeline | None = None

    def read(self, reader: Any, name: str) -> None:
        """Take in what was written since."""
        for number, event in reader.events(name, self.sequence):
            self.run.apply(event)
            self.timeline.apply(event)
            self.sequence = number
            if isinstance(event, ev.BlockEvent):
                self.touched[event.block] = number
            else:  # a start or an end says something of every block
                self._whole, self._pipeline, self.before = number, None, None

    def needs_whole(self, after: int) -> bool:
        """Whether what changed behind this event is more than its blocks."""
        return after <= 0 or after < self._whole or after > self.sequence

    def compared_with(self, reader: Any) -> Mapping[str, Output]:
        """What its blocks' outputs are compared with: those of the last good run before it, which stay what they are."""
        if self.before is None:
            blocks = [part.name for part in self.run.blocks.values() if not part.is_item]
            self.before = reader.before(self.run.id, blocks)
        return self.before

    @property
    def pipeline(self) -> Pipeline:
        """The graph that it ran; of an older version's run, as far as its results tell."""
        if not self.run.graph:
            return self._guessed()
        if self._pipeline is None:  # the same value each time: its layout is kept by that
            self._pipeline = drawable(self.run.pipeline, self.run.graph)
        return self._pipeline

    def _guessed(self) -> Pipeline:
        parts = [part for part in self.run.blocks.values() if not part.is_item]
        names = {part.name for part in parts}
        return Pipeline(
            name=self.run.pipeline,
            blocks=tuple(Block(name=part.name, source="", upstreams=_inputs(part.ingredients, names)) for part in parts),
        )

    def remember(self, picture: dict[str, Any]) -> None:
        self.pictures[self.sequence] = picture
        while len(self.pictures) > PICTURES:
            self.pictures.popitem(last=False)


def _inputs(ingredients: Any, names: set[str]) -> tuple[str, ...]:
    found = ingredients.get("inputs") or {}
    return tuple(name for name in found if name in names)


_followed: OrderedDict[tuple[str, int, str], Follower] = OrderedDict()
_guard = threading.Lock()


@contextlib.contextmanager
def follow(reader: Any, state: Path, name: str) -> Iterator[Follower]:
    """The run, up to what is written now; nobody else changes it inside the ``with``."""
    path = state / "history.db"
    key = (str(path), path.stat().st_ino if path.exists() else 0, name)
    with _guard:
        followed = _followed.setdefault(key, Follower())
        _followed.move_to_end(key)
        while len(_followed) > KEPT:
            _followed.popitem(last=False)
    with followed.guard:
        followed.read(reader, name)
        yield followed
