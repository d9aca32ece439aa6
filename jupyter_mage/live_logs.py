"""What blocks that run just now have printed, in files beside the history: other processes read along while they run.

The text of a block that has ended stands in its event; then its file goes. One thread a session writes, five times a second, and
only of blocks that run longer than that: short blocks cost nothing.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from . import events as ev
from .contract import LogLine
from .errors import JupyterMageError
from .files import atomic_write

FOLDER = "live"
EVERY = 0.2
IDLE = 5.0
"""Seconds after a run until the thread ends."""
TAIL = 64_000
"""Characters of a block's text that are shown while it runs: the end of it."""
LINES = 500

_ENDS = frozenset({ev.BlockSucceeded, ev.BlockFailed, ev.BlockRetrying, ev.BlockWaiting, ev.BlockSkipped, ev.BlockCancelled})
"""What ends a block that was started."""


def read(state: Path, run: str, block: str) -> list[LogLine]:
    """The last lines that a block which runs now has printed; none where nobody wrote any."""
    from .view.runs import printed_lines

    try:
        text = (state / FOLDER / run / f"{block}.log").read_text(errors="replace")
        return list(printed_lines(block, text))[-LINES:]
    except OSError:
        return []


def stamp(state: Path, run: str) -> str:
    """A text that is another one when something was printed since."""
    try:
        return f"{(state / FOLDER / run).stat().st_mtime_ns:x}"
    except OSError:
        return "0"


class LiveLogs:
    """Writes along for one session. Start it around a run with `of`."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._running: dict[str, float] = {}
        self._written: dict[str, str] = {}
        self._folder: Path | None = None
        self._made = False
        self._printed: Callable[[str], str] = _silent
        self._work = threading.Event()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def of(self, run: str, stream: ev.Stream, printed: Callable[[str], str]) -> Iterator[None]:
        """Write along while the body of the ``with`` runs ``run``; ``printed`` says what a block has printed so far."""
        self._folder, self._printed = self._state / FOLDER / run, printed
        stop = stream.subscribe(self, kinds={ev.BlockStarted, *_ENDS})
        try:
            yield
        finally:
            stop()
            with self._guard:
                self._work.clear()
                self._running.clear()
                self._written.clear()
                if self._made:
                    shutil.rmtree(self._folder, ignore_errors=True)
                self._made = False
                self._printed = _silent

    def __call__(self, event: ev.Event) -> None:
        if isinstance(event, ev.BlockStarted):
            self._running[event.block.partition("[")[0]] = time.monotonic()
            if not self._work.is_set():  # once a run: it takes locks
                self._begin()
        elif isinstance(event, ev.BlockEvent):
            self._running.pop(event.block, None)

    def _begin(self) -> None:
        with self._guard:
            self._work.set()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._loop, name="jupyter_mage-live", daemon=True)
                self._thread.start()

    def _loop(self) -> None:
        while True:
            if not self._work.wait(IDLE):
                with self._guard:  # nobody sets it meanwhile, and then finds this thread still there
                    if not self._work.is_set():
                        self._thread = None
                        return
                continue
            time.sleep(EVERY)
            with self._guard, contextlib.suppress(OSError, RuntimeError, JupyterMageError):  # no run suffers from who listens in
                self._write()

    def _write(self) -> None:
        folder, now = self._folder, time.monotonic()
        if folder is None or not self._work.is_set():
            return
        for block, since in list(self._running.items()):
            text = self._printed(block)[-TAIL:] if now - since >= EVERY else ""
            if text and text != self._written.get(block):
                if not self._made:
                    _sweep(folder.parent)
                    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                    self._made = True
                atomic_write(folder / f"{block}.log", text.encode("utf-8", "replace"), durable=False, mode=0o600)
                self._written[block] = text
        for block in [each for each in self._written if each not in self._running]:
            (folder / f"{block}.log").unlink(missing_ok=True)
            del self._written[block]


def _silent(_: str) -> str:
    return ""


def _sweep(folder: Path) -> None:
    """Remove what runs left that were killed: their lock is free, so their file is gone or can be taken."""
    for left in folder.glob("*"):
        lock = folder.parent / "locks" / f"{left.name}.lock"
        if not lock.exists():
            shutil.rmtree(left, ignore_errors=True)
