"""What runs while a cell waits: one display that follows it, with the last line that each block printed, gone in the end."""

from __future__ import annotations

import contextvars
import html
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .. import events as ev
from .. import progress
from ..session import Session

DELAY = 0.4
"""Seconds that nothing is shown: what is over by then needs no bar."""
PACE = 0.25


@contextmanager
def shown(shell: Any, session: Session, *, until: str = "") -> Iterator[None]:
    """Show what runs while the body of the ``with`` runs it, or until the block ``until`` starts: that one prints for itself.

    Headless (nbclient, papermill) nothing is shown: nobody would see it go. In a terminal it is the bar of the command line.
    """
    if getattr(shell, "kernel", None) is None:
        with progress.shown(session.stream, session.printed, quiet=bool(until) or not _terminal()):
            yield
        return
    if not _watched(shell):
        yield
        return
    following = _Following(session, until)
    stop = session.stream.subscribe(following)
    try:
        yield
    finally:
        stop()
        following.end()


class _Following:
    """A display with an id, drawn anew by a thread of its own until `end`."""

    def __init__(self, session: Session, until: str) -> None:
        self._watch, self._until = progress.Watch(session.printed), until
        self._handle: Any = None
        self._over = threading.Event()
        context = contextvars.copy_context()  # it carries the cell that is answered
        self._thread = threading.Thread(target=lambda: context.run(self._follow), name="jupyter_mage progress", daemon=True)
        self._thread.start()

    def __call__(self, event: ev.Event) -> None:
        self._watch(event)
        if isinstance(event, ev.BlockStarted) and event.block == self._until:
            self.end()

    def end(self) -> None:
        """Take it away."""
        if self._over.is_set():
            return
        self._over.set()
        self._thread.join()
        if self._handle is not None:
            self._handle.update({"text/plain": ""}, raw=True)

    def _follow(self) -> None:
        wait = DELAY
        while not self._over.wait(wait):
            lines = self._watch.lines()
            if lines:
                self._draw(lines)
            wait = PACE

    def _draw(self, lines: list[str]) -> None:
        from IPython.display import display

        watch = self._watch
        total = max(watch.total - bool(self._until), 1)
        bar = f'<progress value="{watch.done}" max="{total}" style="vertical-align: middle"></progress>'
        rows = "".join(f"<div><code>▶ {html.escape(line)}</code></div>" for line in lines)
        text = f"{watch.done} of {total} blocks\n" + "\n".join(f"▶ {line}" for line in lines)
        bundle = {"text/plain": text, "text/html": f"<div>{bar} {watch.done} of {total} blocks</div>{rows}"}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(bundle, raw=True)


def _watched(shell: Any) -> bool:
    """Whether a front end shows this cell: those that do say which cell they run, or offer a keyboard."""
    parent = (shell.get_parent() if hasattr(shell, "get_parent") else None) or {}
    return bool(parent.get("metadata", {}).get("cellId") or parent.get("content", {}).get("allow_stdin"))


def _terminal() -> bool:
    import sys

    return sys.stderr.isatty()
