"""What runs just now, as a fold of the events; and a run's progress in a terminal: a bar, or plain lines where nobody watches."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from . import events as ev
from . import report

Printed = Callable[[str], str]
"""What a block that runs has printed so far."""

_ENDS = (ev.BlockSucceeded, ev.BlockCached, ev.BlockFailed, ev.BlockSkipped, ev.BlockCancelled)
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SHOWN = 3
"""So many running blocks are named."""


class Watch:
    """Which blocks run, since when, and how many are done. To be subscribed to a stream; may be read from any thread."""

    def __init__(self, printed: Printed = lambda _: "") -> None:
        self._printed = printed
        self.total, self.done = 0, 0
        self.running: dict[str, float] = {}

    def __call__(self, event: ev.Event) -> None:
        if isinstance(event, ev.RunStarted):
            self.total = len(event.blocks)
        elif isinstance(event, ev.BlockStarted):
            self.running[event.block] = time.monotonic()
        elif isinstance(event, _ENDS):
            self.running.pop(event.block, None)
            self.done += not event.block.endswith("]")

    def lines(self) -> list[str]:
        """``clean 3.2 s: 45%|████ | 9/20``: each running block, how long, and the last line that it printed."""
        now, running = time.monotonic(), list(self.running.items())
        found = []
        for name, since in running[:SHOWN]:
            said = last_line(self._printed(name.partition("[")[0]))
            found.append(f"{name} {report.seconds(now - since)}" + (f": {said}" if said else ""))
        return [*found, f"and {len(running) - SHOWN} more"] if len(running) > SHOWN else found


def last_line(text: str, width: int = 90) -> str:
    """The last line that stands on a terminal where this was printed; a bar that is drawn over and over is one line.

    >>> last_line("reading\\n 10%|█   \\r 90%|███ "), last_line("")
    ('90%|███', '')
    """
    lines = (line.strip() for line in reversed(re.split(r"[\r\n]+", _ANSI.sub("", text[-4000:]))))
    return next((line for line in lines if line), "")[:width]


@contextmanager
def shown(stream: ev.Stream, printed: Printed, *, quiet: bool = False) -> Iterator[None]:
    """Show on stderr what runs while the body of the ``with`` runs it."""
    if quiet:
        yield
        return
    if not sys.stderr.isatty():
        stop = stream.subscribe(_line)
        try:
            yield
        finally:
            stop()
        return
    watch = Watch(printed)
    stop = stream.subscribe(watch)
    try:
        with _bar(watch):
            yield
    finally:
        stop()


def _bar(watch: Watch) -> Any:
    """A bar that draws itself, ten times a second, and is gone in the end."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TimeElapsedColumn
    from rich.text import Text

    class Running(ProgressColumn):
        max_refresh = 0.1

        def render(self, task: Any) -> Text:  # noqa: ARG002 (rich's)
            progress.update(row, total=watch.total or None, completed=watch.done)
            return Text(" · ".join(watch.lines()) or "…", overflow="ellipsis", no_wrap=True)

    columns = (BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn(), Running())
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    row = progress.add_task("", total=None)
    return progress


def _line(event: ev.Event) -> None:
    if isinstance(event, ev.BlockRetrying):
        text = report.retry_line(event)
    elif isinstance(event, ev.BlockSucceeded | ev.BlockCached) and event.block.endswith("]"):
        return
    elif isinstance(event, ev.BlockSucceeded):
        text = f"✓ {event.block}  {event.output.describe()}  {report.seconds(event.seconds)}"
    elif isinstance(event, ev.BlockCached):
        text = f"≡ {event.block}  {event.output.describe()}  cached"
    elif isinstance(event, ev.BlockFailed):
        text = f"✗ {event.block}  {event.failure.error}: {report.first_line(event.failure.message)}"
    elif isinstance(event, ev.BlockSkipped):
        text = f"– {event.block}  {event.reason}"
    else:
        return
    print(text, file=sys.stderr, flush=True)  # noqa: T201 (a terminal is what this is for)
