"""Safe files: written whole or not at all, inside the project or not at all; and crash points for tests.

Rules D1 (one writer function), D5 (locks) and D18 (hooks in product code) live here.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import os
import re
import signal
import weakref
from collections.abc import Iterator
from pathlib import Path

from .errors import ProjectError, UnsafePathError

_CRASH_AT = os.environ.get("JUPYTER_MAGE_CRASH_AT", "")


def point(name: str) -> None:
    """A named place where tests can make the process die: ``JUPYTER_MAGE_CRASH_AT=name[@SIGNAL]``. Otherwise nothing."""
    if _CRASH_AT and name == _CRASH_AT.partition("@")[0]:
        os.kill(os.getpid(), getattr(signal, _CRASH_AT.partition("@")[2] or "SIGKILL"))


def atomic_write(path: Path, content: bytes | str, *, durable: bool = True, mode: int = 0o644) -> None:
    """Replace ``path`` by ``content``, whole or not at all.

    A temporary file beside it is written, synced (``durable``: it then survives a power cut, not only a kill), renamed over
    it, and the folder synced. Raises ProjectError with the operating system's reason; the old file is then untouched.
    """
    blob = content.encode() if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name[:40]}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent, path.name)
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
        try:
            point("write:opened")
            view = memoryview(blob)
            while view:
                view = view[os.write(fd, view) :]
            point("write:written")
            if durable:
                os.fsync(fd)
        finally:
            os.close(fd)
        point("write:synced")
        os.replace(temporary, path)
        point("write:renamed")
        if durable:
            sync_folder(path.parent)
    except BaseException as error:  # an interrupt too must leave nothing behind
        with contextlib.suppress(OSError):
            temporary.unlink()
        if not isinstance(error, OSError):
            raise
        raise ProjectError(
            f"could not write {path}: {error.strerror or error}; what was there before is untouched",
            hint="free space or permissions, then the same command again",
        ) from error


def sweep(folder: Path, name: str = "") -> None:
    """Remove temporary files of `atomic_write` (for ``name``, or any) whose writer is dead: a kill can leave one."""
    for left in folder.glob(f".{glob.escape(name[:40]) or '*'}.*.tmp"):
        match = re.fullmatch(r"\..*\.(\d+)\.[0-9a-f]{8}\.tmp", left.name)
        if match and not alive(int(match[1])):
            left.unlink(missing_ok=True)


def alive(pid: int) -> bool:
    """Whether there is a process of this number on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def sync_folder(folder: Path) -> None:
    """Make renames in ``folder`` survive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def inside(root: Path, *parts: str) -> Path:
    """``root/parts``, or UnsafePathError where that (links followed) is not below ``root``.

    >>> inside(Path("project"), "pipelines", "../../etc")
    Traceback (most recent call last):
    jupyter_mage.errors.UnsafePathError: 'pipelines/../../etc' is outside the project project
    """
    base = Path(os.path.realpath(root))
    if any("\0" in part for part in parts):
        raise UnsafePathError(f"{'/'.join(parts)!r} has a character that no file name has")
    full = Path(os.path.realpath(base.joinpath(*parts)))
    if full != base and base not in full.parents:
        raise UnsafePathError(f"{'/'.join(parts)!r} is outside the project {root}")
    return full


class FileLock:
    """An exclusive lock between processes, freed by the kernel when its owner dies (``flock``); not kept by forked children."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None
        self._owner = 0
        _locks.add(self)

    def acquire(self, *, wait: bool = True) -> bool:
        """Take the lock; without ``wait``, False where somebody else has it."""
        if self._fd is None or self._owner != os.getpid():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._owner = os.getpid()
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def current(self) -> bool:
        """Whether the locked file is still the one at the path; if not (someone removed it), the lock guards nothing."""
        if self._fd is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._fd), self.path.stat())
        except FileNotFoundError:
            return False

    def note(self, text: str) -> None:
        """Write into the locked file who holds it: advice for people's eyes, the lock itself is the truth."""
        if self._fd is not None and self._owner == os.getpid():
            blob = text.encode()
            os.pwrite(self._fd, blob, 0)
            os.ftruncate(self._fd, len(blob))

    def release(self) -> None:
        if self._fd is not None and self._owner == os.getpid():
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        if self._fd is not None and self._owner == os.getpid():
            os.close(self._fd)
        self._fd = None

    def _forked(self) -> None:
        """In a forked child: let go of the descriptor. The parent's lock is not touched by that (closing is not unlocking)."""
        if self._fd is not None:
            with contextlib.suppress(OSError):
                os.close(self._fd)
        self._fd = None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        self.acquire()
        try:
            yield
        finally:
            self.release()


def own_folder(place: Path, prefix: str) -> tuple[Path, FileLock]:
    """A new folder of this process in ``place``, and the lock that says so: hold it for as long as the folder is used.

    Those of the same prefix whose process is dead are removed first: a kill leaves them.
    """
    import tempfile

    for left in place.glob(f"{prefix}*/lock"):
        _remove_unheld(left)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        lock = FileLock(folder / "lock")
        if lock.acquire(wait=False) and lock.current():  # else somebody took it for a dead one's
            return folder, lock
        lock.close()


def _remove_unheld(path: Path) -> None:
    import shutil

    lock = FileLock(path)
    with contextlib.suppress(OSError):
        if path.parent.lstat().st_uid == os.getuid() and lock.acquire(wait=False):
            shutil.rmtree(path.parent, ignore_errors=True)
    lock.close()


_locks: weakref.WeakSet[FileLock] = weakref.WeakSet()


def _close_locks_in_child() -> None:
    """A forked child that kept the descriptor would keep the lock alive after its parent's death (M8)."""
    for lock in tuple(_locks):
        lock._forked()


os.register_at_fork(after_in_child=_close_locks_in_child)
