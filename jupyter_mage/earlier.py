"""What each block's last good run gave, before the one that is shown: what its output is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import events as ev
from .model import Output


class Earlier:
    """For each block that ran, the good output that it had before. To be told of every event, before those who ask it.

    >>> def gave(content: str) -> Output:
    ...     return Output(content=content, codec="json", type="int", size=1)
    >>> class Last:
    ...     output = gave("old")
    >>> earlier = Earlier()
    >>> earlier.begin("p", {"a": Last})
    >>> earlier.note(ev.BlockSucceeded(run="r", block="a", key="k", output=gave("new"), seconds=0.1))
    >>> earlier.of("p")["a"].content
    'old'
    """

    def __init__(self) -> None:
        self._pipeline, self._latest = "", dict[str, Any]()
        self._known: dict[str, dict[str, Output]] = {}

    def begin(self, pipeline: str, latest: Mapping[str, Any]) -> None:
        """A run of ``pipeline`` is about to begin; ``latest`` are the last good results until now."""
        self._pipeline, self._latest = pipeline, dict(latest)

    def note(self, event: ev.Event) -> None:
        """What was made anew has something to be compared with; what was kept stays compared with what it was."""
        if isinstance(event, ev.BlockSucceeded):
            known, last = self._known.setdefault(self._pipeline, {}), self._latest.get(event.block)
            if last is not None:
                known[event.block] = last.output
            else:
                known.pop(event.block, None)

    def of(self, pipeline: str) -> Mapping[str, Output]:
        """By block, what the last good run gave before the one that made what it has now."""
        return self._known.get(pipeline, {})
