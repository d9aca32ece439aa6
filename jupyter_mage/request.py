"""What a run is asked to do, where it looks for kept outputs, and its stop button."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .jobs import Kept
from .model import Pipeline
from .state import Run


class Cache(Protocol):
    """What was kept: the engine asks by key."""

    def find(self, block: str, key: str) -> Kept | None: ...


@dataclass(slots=True)
class Control:
    """A run's stop button; may be pressed from any thread."""

    cancelled: threading.Event = field(default_factory=threading.Event)
    ending: bool = False
    """Whether what runs is being ended: to ask again then means now."""
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
    sample: int | None = None
    """Rows or items that loaders are cut to, or None for all."""
    resumed: Run | None = None
    """The run that goes on, where one does: what had finished in it is not run again."""
    strict: bool = False
    """Whether everything goes as in real Mage, where that is worse too."""
    patient: bool = True
    """Whether sensors wait; in a cell they look once."""
    context: Mapping[str, Any] = field(default_factory=dict)
    """More names that block files of Mage read from ``kwargs``: ``ds``, ``execution_date``, ``env`` …"""
    retest: frozenset[str] = frozenset()
    """Blocks whose tests run again on outputs that come from the cache; a body with effects does not run for that."""
    origin: Mapping[str, Any] = field(default_factory=dict)
