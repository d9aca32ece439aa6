"""Ten times a second is enough for eyes: calls are spread out, and the last one always happens.

What takes long again and again is done less often: it takes no more than a tenth of the time.
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

    After two actions that took long, the next waits nine times as long as the shorter of them took: drawing 2,000 blocks at every
    cell that defines one more would be most of the work. One long action among short ones (a new graph's layout, a whole picture)
    delays nothing, and neither does waiting for a processor that others use: it is this thread's own CPU that counts.

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
        self._took = 0.0

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
        began = time.thread_time()
        try:
            self._action()
        finally:
            took = time.thread_time() - began
            self._last = time.monotonic()
            self._rest = max(self._seconds, REST * min(took, self._took))
            self._took = took


def steady(make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What ``make`` gives, asked again where another thread changed what it was reading."""
    for _ in range(4):
        try:
            return make()
        except RuntimeError:  # "dictionary changed size during iteration"
            time.sleep(0.002)
    return make()
