"""Ctrl-C while a run goes on: it stops the run, and never strikes between two steps of our own.

Python raises KeyboardInterrupt wherever the main thread happens to be: between taking a lock and remembering it, say. While a run
goes on, the signal therefore only presses the run's stop button. A body that runs in this thread is interrupted as always, and
so is the ending of workers, which then means: now.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from . import work
from .engine import Control


@contextmanager
def to(control: Control) -> Iterator[None]:
    """Send this process's SIGINT to ``control`` for as long as the ``with`` lasts; does nothing outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    if before is None or before is signal.SIG_IGN:  # it is not Python's, or nobody wants it
        yield
        return

    def press(number: int, frame: FrameType | None) -> None:
        if work.in_body() or control.ending:
            signal.default_int_handler(number, frame)
        control.cancel()

    signal.signal(signal.SIGINT, press)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
