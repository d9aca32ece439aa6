"""A run's progress in a terminal: a bar and the running blocks; plain lines where nobody watches."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .. import events as ev
from .. import report
from ..session import Session


@contextmanager
def shown(session: Session, *, quiet: bool = False) -> Iterator[None]:
    """Show what runs while the body of the ``with`` runs it."""
    if quiet:
        yield
        return
    if not sys.stderr.isatty():
        stop = session.stream.subscribe(_line)
        try:
            yield
        finally:
            stop()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starting", total=None)
        running: dict[str, None] = {}

        def update(event: ev.Event) -> None:
            if isinstance(event, ev.RunStarted):
                progress.update(task, total=len(event.blocks))
            elif isinstance(event, ev.BlockStarted):
                running[event.block] = None
            elif isinstance(event, _ENDS):
                running.pop(event.block, None)
                progress.advance(task, 0 if event.block.endswith("]") else 1)
            progress.update(task, description=", ".join(list(running)[:3]) or "…")

        stop = session.stream.subscribe(update)
        try:
            yield
        finally:
            stop()


_ENDS = (ev.BlockSucceeded, ev.BlockCached, ev.BlockFailed, ev.BlockSkipped, ev.BlockCancelled)


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
    print(text, file=sys.stderr, flush=True)
