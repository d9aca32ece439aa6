"""Ten times a second is enough for eyes: calls are spread out, and the last one always happens.

What takes long is done less often: it never takes more than a tenth of the time.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from typing import Any

REST = 9


class Pace:
    """Calls ``action`` at once, then at most every ``seconds``; a call asked for in between is made when its time comes.

    After an action that took long, the next waits nine times as long as that took: drawing 2,000 blocks at every cell that
    defines one more would be most of the work.

    >>> seen = []
    >>> pace = Pace(lambda: seen.append(1), seconds=60)
    >>> pace(); pace(); pace()
    >>> pace.flush()
    >>> len(seen)
    2
    """

    def __init__(self, action: Callable[[], None], seconds: float = 0.1) -> None:
        self._action = action
        self._seconds = self._rest = seconds
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._last = float("-inf")

    def __call__(self) -> None:
        with self._lock:
            if self._timer is not None:
                return
            left = self._last + self._rest - time.monotonic()
            if left > 0:
                # the copied context carries the kernel's parent message: some ipykernels send nothing without it
                context = contextvars.copy_context()
                self._timer = threading.Timer(left, lambda: context.run(self.flush))
                self._timer.daemon = True
                self._timer.start()
                return
            self._last = time.monotonic()
        self._act()

    def flush(self) -> None:
        """Make the call that waits, now; nothing where none waits."""
        with self._lock:
            timer, self._timer = self._timer, None
            if timer is None:
                return
            timer.cancel()
            self._last = time.monotonic()
        self._act()

    def _act(self) -> None:
        began = time.monotonic()
        try:
            self._action()
        finally:
            self._last = time.monotonic()
            self._rest = max(self._seconds, REST * (self._last - began))


def steady(make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What ``make`` gives, asked again where another thread changed what it was reading."""
    for _ in range(4):
        try:
            return make()
        except RuntimeError:  # "dictionary changed size during iteration"
            time.sleep(0.002)
    return make()
