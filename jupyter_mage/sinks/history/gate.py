"""Keeps forks and SQLite apart.

A child that is forked while another thread is in SQLite inherits SQLite's own locks as taken, for ever. SQLite has such locks for
the whole process (its allocator's is one), so the child hangs at its first ``connect``, whatever it opens.
"""

from __future__ import annotations

import threading
import time


class Gate:
    """Open but for a fork: ``with gate`` stands around whatever uses SQLite, and may be nested."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """In a forked child: its other threads, and what they held, are gone."""
        self._changed = threading.Condition()
        self._inside: dict[int, int] = {}
        """How deep each thread is in it."""
        self._shut = 0

    def __enter__(self) -> None:
        me = threading.get_ident()
        with self._changed:
            depth = self._inside.get(me, 0)
            while self._shut and not depth:
                self._changed.wait()
            self._inside[me] = depth + 1

    def __exit__(self, *_: object) -> None:
        me = threading.get_ident()
        with self._changed:
            self._inside[me] -= 1
            if not self._inside[me]:
                del self._inside[me]
                if self._shut:
                    self._changed.notify_all()

    def shut(self, seconds: float) -> None:
        """Let nobody in, and wait until the other threads are out; no longer than ``seconds``: a fork has to happen."""
        deadline, me = time.monotonic() + seconds, threading.get_ident()
        with self._changed:
            self._shut += 1
            while self._inside.keys() - {me} and time.monotonic() < deadline:
                self._changed.wait(deadline - time.monotonic())

    def reopen(self) -> None:
        with self._changed:
            self._shut -= 1
            self._changed.notify_all()


GATE = Gate()
