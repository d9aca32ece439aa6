"""Who is running what: each live run holds a ``flock`` on ``locks/<run>.lock``, which the kernel frees when its process dies.

The lock is the truth; the text inside it (pid, host, since) is advice for messages. A lock that can be taken means that the
run's process is gone, however it went.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
from pathlib import Path

from ...errors import StoreError
from ...files import FileLock


class RunLocks:
    """The locks of one history: those this process holds, and a look at the others'."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._held: dict[str, FileLock] = {}

    def take(self, run: str) -> None:
        """Hold the lock of ``run`` until `release`. Raises StoreError, with the holder, where another process runs it."""
        if run in self._held:
            return
        lock = FileLock(self._path(run))
        # a recovery elsewhere may hold the lock for a moment, or have removed the file, so one refusal is not yet an answer
        deadline = time.monotonic() + 1
        while not (lock.acquire(wait=False) and lock.current()):
            lock.close()
            if time.monotonic() > deadline:
                raise StoreError(f"run {run!r} is active{self._holder(run)}", hint="wait for it, or stop that process")
            time.sleep(0.02)
        with contextlib.suppress(OSError):
            who = {"pid": os.getpid(), "host": os.uname().nodename, "since": time.time()}
            lock.note(json.dumps(who))
        self._held[run] = lock

    def release(self, run: str) -> None:
        lock = self._held.pop(run, None)
        if lock is not None:
            with contextlib.suppress(OSError):
                lock.path.unlink()
            lock.close()

    def holds(self, run: str) -> bool:
        return run in self._held

    def dead(self, run: str) -> bool:
        """Whether no living process runs ``run``."""
        path = self._path(run)
        if run in self._held:
            return False
        if not path.exists():
            return True
        lock = FileLock(path)
        try:
            return lock.acquire(wait=False)
        finally:
            lock.close()

    def sweep(self) -> None:
        """Remove the lock files that nobody holds: of dead runs, and of processes that died while they began or ended one."""
        for path in self.folder.glob("*.lock"):
            lock = FileLock(path)
            try:
                if lock.acquire(wait=False):
                    path.unlink(missing_ok=True)
            finally:
                lock.close()

    def close(self) -> None:
        for run in tuple(self._held):
            self.release(run)

    def _path(self, run: str) -> Path:
        """A run id may come from anywhere (a trigger, a click), so only a plain one is a file name as it is."""
        plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", run)
        name = run if plain else hashlib.blake2b(run.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return self.folder / f"{name}.lock"

    def holder(self, run: str) -> dict[str, object]:
        """What the lock's owner noted of itself: pid, host, since; empty where nothing is to be read."""
        with contextlib.suppress(OSError, ValueError):
            who = json.loads(self._path(run).read_text())
            return who if isinstance(who, dict) else {}
        return {}

    def _holder(self, run: str) -> str:
        who = self.holder(run)
        if not {"pid", "host", "since"} <= set(who):
            return ""
        since = time.strftime("%H:%M:%S", time.localtime(float(str(who["since"]))))
        return f" in process {who['pid']} on {who['host']} since {since}"
