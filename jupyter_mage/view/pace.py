"""Ten times a second is enough for eyes: calls are spread out, and the last one always happens."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from typing import Any


class Pace:
    """Calls ``action`` at once, then at most every ``seconds``; a call asked for in between is made when its time comes.

    >>> seen = []
    >>> pace = Pace(lambda: seen.append(1), seconds=60)
    >>> pace(); pace(); pace()
    >>> pace.flush()
    >>> len(seen)
    2
    """

    def __init__(self, action: Callable[[], None], seconds: float = 0.1) -> None:
        self._action = action
        self._seconds = seconds
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._last = float("-inf")

    def __call__(self) -> None:
        with self._lock:
            if self._timer is not None:
                return
            left = self._last + self._seconds - time.monotonic()
            if left > 0:
                # the copied context carries the kernel's parent message: some ipykernels send nothing without it
                context = contextvars.copy_context()
                self._timer = threading.Timer(left, lambda: context.run(self.flush))
                self._timer.daemon = True
                self._timer.start()
                return
            self._last = time.monotonic()
        self._action()

    def flush(self) -> None:
        """Make the call that waits, now; nothing where none waits."""
        with self._lock:
            timer, self._timer = self._timer, None
            if timer is None:
                return
            timer.cancel()
            self._last = time.monotonic()
        self._action()


def steady(make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What ``make`` gives, asked again where another thread changed what it was reading."""
    for _ in range(4):
        try:
            return make()
        except RuntimeError:  # "dictionary changed size during iteration"
            time.sleep(0.002)
    return make()
