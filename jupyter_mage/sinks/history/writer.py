"""The one thread that writes: events collect for at most 20 ms, then one transaction takes them all.

A commit is under the project's lock, so that no two processes ever write or checkpoint at once. What could not be written stays
in line; the next `flush` tries again.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ... import events as ev
from ...errors import StoreError
from ...files import FileLock, point
from . import database
from .inserts import Told, insert_events

GROUP_SECONDS = 0.02
LOCK_SECONDS = 60.0


class _Ticket:
    """Stands in the line of events for someone who waits until all before it are written."""

    __slots__ = ("error", "full", "served")

    def __init__(self, full: bool) -> None:
        self.full = full
        self.error: StoreError | None = None
        self.served = False


class Writer:
    """Takes events from any thread (`add`), writes them on its own."""

    def __init__(self, connection: sqlite3.Connection, path: Path, lock: FileLock, *, durability: str) -> None:
        self._durability = durability
        self.path = path
        self.lock = lock
        self.mutex = threading.Lock()
        """Held around every use of the write connection."""
        self.failure: StoreError | None = None
        self._connection: sqlite3.Connection | None = connection
        self._opened = 1
        self._queue: deque[ev.Event | _Ticket] = deque()
        self._writing = False
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._done = threading.Condition()
        self._closing = False
        self._told = Told()
        self._thread: threading.Thread | None = None
        self._start = threading.Lock()
        self._pid = os.getpid()
        self._quiet = False

    def add(self, event: ev.Event) -> None:
        """Put an event in line: about a microsecond. Raises StoreError where the line does not move any more."""
        if self.failure is not None:
            raise self.failure
        self._queue.append(event)
        if not self._wake.is_set():
            self._ensure_thread()
            self._wake.set()

    @property
    def pending(self) -> bool:
        """Whether something was added that is not yet committed."""
        return bool(self._queue) or self._writing

    def flush(self, *, full_sync: bool = False) -> None:
        """Return when every event so far is committed (``full_sync``: and on the disk). Raises StoreError where it cannot be."""
        if not full_sync and not self.pending:
            if self.failure is not None:
                raise self.failure
            return
        self.failure = None
        ticket = _Ticket(full_sync)
        self._queue.append(ticket)
        self._ensure_thread()
        self._hurry.set()
        self._wake.set()
        with self._done:
            while not ticket.served:
                self._done.wait(1.0)
                if not ticket.served and (self._thread is None or not self._thread.is_alive()):
                    raise StoreError(f"the history {self.path} is closed", hint="open it again")
        if ticket.error is not None:
            raise ticket.error

    def others_version(self) -> tuple[int, int]:
        """What differs when anybody but us may have written: which connection it is, and SQLite's own counter of it."""
        with self.mutex:
            connection = self._open()
            version: int = connection.execute("PRAGMA data_version").fetchone()[0]
        return self._opened, version

    def interrupt(self, runs: Sequence[str], dead: Callable[[str], bool]) -> list[str]:
        """Mark those of ``runs`` that still are ``running`` and ``dead``; gives them. Asked under the lock, so it is sure."""
        with self.mutex, locked(self.lock, self.path):
            marks = ",".join("?" * len(runs))
            query = f"""SELECT r.id, coalesce(max(e.at) - r.started, 0) FROM runs r LEFT JOIN events e ON e.run = r.no
                WHERE r.status = 'running' AND r.id IN ({marks}) GROUP BY r.no"""  # noqa: S608 — only question marks are put in
            found = self._open().execute(query, tuple(runs)).fetchall()
            ends: list[ev.Event] = [
                ev.RunFinished(run=run, status="interrupted", seconds=lived) for run, lived in found if dead(run)
            ]
            if ends:
                self._commit(ends, full=True)
        return [end.run for end in ends]

    def change(self, action: Callable[[sqlite3.Connection], int]) -> int:
        """Do something else to the tables than adding events: one transaction, under the lock. Raises StoreError."""
        self.flush()
        try:
            with self.mutex, locked(self.lock, self.path):
                connection = self._open()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    found = action(connection)
                    connection.execute("COMMIT")
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                return found
        except (sqlite3.Error, OSError) as error:
            raise database.translated(error, self.path, "write") from error

    def shut(self) -> None:
        """Close the connection; the last one to close also empties SQLite's log, so this too is under the lock."""
        with self.mutex:
            self._shut()

    def _shut(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with locked(self.lock, self.path):
                connection.close()

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._opened += 1
            self._connection = database.connect(self.path, self._durability)
        return self._connection

    def close(self) -> None:
        """Write what is left and end the thread."""
        self._closing = True
        self._hurry.set()
        self._wake.set()
        thread = self._thread
        if thread is not None and self._pid == os.getpid():
            thread.join()

    def before_fork(self) -> None:
        """Close the connection: SQLite's memory of who holds which lock must not be copied into a child (M8)."""
        self._quiet = self.mutex.acquire(timeout=5)
        if self._quiet:
            with contextlib.suppress(sqlite3.Error, OSError, StoreError):
                self._shut()

    def after_fork(self, *, child: bool) -> None:
        if self._quiet:
            self.mutex.release()
        elif child:  # a commit was under way for seconds: the child must never close that connection, so keep it for ever
            import ctypes

            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._connection))
        self._quiet = False

    def _ensure_thread(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        with self._start:
            if self._thread is None or not self._thread.is_alive():
                if self._closing:
                    raise StoreError(f"the history {self.path} is closed", hint="open it again")
                self._thread = threading.Thread(target=self._loop, name="jupyter_mage-history", daemon=True)
                self._thread.start()

    def _loop(self) -> None:
        while True:
            self._wake.wait()
            if not self._closing:
                self._hurry.wait(GROUP_SECONDS)
            self._hurry.clear()
            self._wake.clear()
            closing, self._writing = self._closing, True
            batch: list[ev.Event | _Ticket] = []
            with contextlib.suppress(IndexError):
                while True:
                    batch.append(self._queue.popleft())
            if batch:
                self._write(batch)
            self._writing = False
            if closing:
                return

    def _write(self, batch: list[ev.Event | _Ticket]) -> None:
        tickets = [item for item in batch if isinstance(item, _Ticket)]
        events: list[ev.Event] = [item for item in batch if not isinstance(item, _Ticket)]
        error: StoreError | None = None
        try:
            with self.mutex, locked(self.lock, self.path):
                self._commit(events, full=any(ticket.full for ticket in tickets))
        except (sqlite3.Error, OSError, StoreError) as problem:
            self._queue.extendleft(reversed(events))
            error = self.failure = database.translated(problem, self.path, "write")
        except Exception as problem:  # noqa: BLE001 — an event that no row can hold must stop neither the thread nor what comes after it
            error = self.failure = database.translated(problem, self.path, "write")
        with self._done:
            for ticket in tickets:
                ticket.error, ticket.served = error, True
            self._done.notify_all()

    def _commit(self, events: list[ev.Event], *, full: bool) -> None:
        connection = self._open()
        execute = connection.execute
        full = full and self._durability != "power"  # in that mode it always is
        if full:
            execute("PRAGMA synchronous = FULL")
        try:
            execute("BEGIN IMMEDIATE")
            try:
                _insert(connection, events, self._told)
                point("history:before_commit")
                execute("COMMIT")
                point("history:after_commit")
            except BaseException:
                self._told.forget()
                with contextlib.suppress(sqlite3.Error):
                    execute("ROLLBACK")
                raise
        finally:
            if full:
                with contextlib.suppress(sqlite3.Error):
                    execute("PRAGMA synchronous = NORMAL")


def _insert(connection: sqlite3.Connection, events: list[ev.Event], told: Told) -> None:
    if events:
        insert_events(connection, events, told)
    else:  # an empty transaction syncs nothing; touching one row makes the log, and all before it, go to the disk
        connection.execute("UPDATE runs SET status = status WHERE no = (SELECT max(no) FROM runs)")


@contextlib.contextmanager
def locked(lock: FileLock, path: Path) -> Iterator[None]:
    """Hold the history's lock, or StoreError where another process has kept it for a minute."""
    deadline = time.monotonic() + LOCK_SECONDS
    while not lock.acquire(wait=False):
        if time.monotonic() > deadline:
            raise StoreError(
                f"the history {path} has been locked by another process for {LOCK_SECONDS:.0f} s",
                hint="see which one runs: jupyter mage runs",
            )
        time.sleep(0.002)
    try:
        yield
    finally:
        lock.release()
