"""Files named by their content: written whole or not at all, checked when read, collected when nobody speaks of them.

A name is the xxh3-128 of the bytes behind a prefix (which codec they are for), so a file tells by itself whether it is what was
written. Nothing here knows of values.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ..errors import CorruptOutputError, StoreError
from ..files import point, sync_folder
from .codecs.base import Parts, content_name, length
from .mapping import map_private

MAP_FROM = 1 << 18
"""Files from this size on are memory-mapped; smaller ones are read, which costs less than a mapping."""

RESERVE = 16 << 20
"""Bytes that a large output leaves free."""

KEEP_SECONDS = 3600.0
_TOUCH_SECONDS = 600.0
_VECTORS = 512
"""Buffers in one ``writev``; the system's limit is 1,024."""

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than this process may write (ulimit -f)",
    errno.EMFILE: "this process has too many files open (ulimit -n)",
    errno.ENFILE: "the system has too many files open",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "permission is denied",
    errno.EPERM: "permission is denied",
    errno.EIO: "the disk reports an error",
    errno.ENOMEM: "there is not enough memory",
}


def reason(error: OSError) -> str:
    return _REASONS.get(error.errno or 0, error.strerror or str(error))


class ContentFiles:
    """The files below ``root``: ``ab/abcdef….frame``. ``durable`` syncs each to the disk before it counts as there."""

    def __init__(self, root: Path, *, durable: bool) -> None:
        self.root = root
        self.durable = durable
        self._known: dict[str, tuple[int, int, int]] = {}
        """Files that this process wrote or has checked, with inode, size and time: checked once, not at each read."""
        self._synced: set[str] = set()
        """Files that this process knows to be on the disk, where that is asked for."""

    def path(self, name: str) -> Path:
        return self.root / name[:2] / name

    def has(self, name: str, size: int) -> bool:
        try:
            return self.path(name).stat().st_size == size
        except OSError:
            return False

    def write(self, name: str, prefix: bytes, parts: Parts) -> None:
        """Make sure that the file ``name`` is there and right. Raises StoreError; nothing half is then there."""
        path = self.path(name)
        try:
            if self._there(path, name, prefix, length(parts)):
                return
            self._make_room(path.parent, parts)
            self._write(path, parts)
            self._known[name] = _signature(path.stat())
            self._synced.add(name)
        except OSError as error:
            raise StoreError(
                f"the output could not be written to {path.parent}: {reason(error)}",
                hint="free what is missing, then run the block again; outputs already kept are untouched",
            ) from error

    def read(self, name: str, prefix: bytes, size: int | None = None) -> memoryview:
        """The bytes, private to the caller: writing to them changes neither the file nor another reader.

        Raises CorruptOutputError where the file is gone, cut or changed; StoreError where it cannot be read at all.
        """
        path = self.path(name)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                status = os.fstat(fd)
                if not status.st_size or (size is not None and status.st_size != size):
                    raise _corrupt(path, f"it has {status.st_size:,} bytes instead of {size or 'some'}")
                view = _load(fd, status.st_size)
            finally:
                os.close(fd)
        except FileNotFoundError:
            raise _corrupt(path, "the file is gone") from None
        except OSError as error:
            raise StoreError(f"the output {path} could not be read: {reason(error)}", hint="then try again") from error
        signature = _signature(status)
        if self._known.get(name) != signature:
            if content_name(prefix, [view]) != name.partition(".")[0]:
                self._known.pop(name, None)
                self._remove_damaged(path, signature)
                raise _corrupt(path, "its content is not what was written")
            self._known[name] = signature
        return view

    def _remove_damaged(self, path: Path, signature: tuple[int, int, int]) -> None:
        """Take a damaged file away, so that the next run makes it again; not where somebody writes just now.

        Without waiting: the caller may hold the lock itself, while it looks whether what it is about to write is there.
        """
        import fcntl

        with contextlib.suppress(OSError):
            fd = os.open(self.root / "store.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _signature(path.stat()) == signature:
                    path.unlink()
            finally:
                os.close(fd)

    def collect(self, keep: set[str], *, age: float = KEEP_SECONDS) -> int:
        """Remove files that are not in ``keep`` and older than ``age`` seconds; gives how many."""
        removed = 0
        oldest = time.time() - age
        with self.locked(exclusive=True):
            for path in self.root.glob("??/*"):
                with contextlib.suppress(FileNotFoundError):
                    if path.name not in keep and path.stat().st_mtime < oldest:
                        path.unlink()
                        self._known.pop(path.name, None)
                        removed += 1
        return removed

    def names(self) -> Iterator[str]:
        return (path.name for path in self.root.glob("??/*") if not path.name.startswith("."))

    @contextlib.contextmanager
    def locked(self, *, exclusive: bool = False) -> Iterator[None]:
        """Many may write at once; a collection is alone, so that it takes no file that a writer has just counted on.

        A descriptor of its own for each use: threads of one process then hold it side by side.
        """
        import fcntl

        fd = os.open(self.root / "store.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
            yield
        finally:
            os.close(fd)

    def _there(self, path: Path, name: str, prefix: bytes, size: int) -> bool:
        """Whether the file is there and right; if so it counts as new, so that no collection takes it before it is named."""
        try:
            status = path.stat()
        except FileNotFoundError:
            return False
        if status.st_size != size:
            return False
        try:
            self.read(name, prefix, size)
        except CorruptOutputError:
            return False
        if time.time() - status.st_mtime > _TOUCH_SECONDS:
            os.utime(path)
            self._known[name] = _signature(path.stat())
        if self.durable and name not in self._synced:  # it may have been written by a run that did not need to wait for the disk
            _sync(path)
            self._synced.add(name)
        return True

    def _make_room(self, folder: Path, parts: Parts) -> None:
        """The folder, and the certainty that a large output does not take the space that the history needs to tell of it."""
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self.durable:
                sync_folder(folder.parent)
        size = length(parts)
        if size > RESERVE:
            disk = os.statvfs(folder)
            free = disk.f_bavail * disk.f_frsize
            if size + RESERVE > free:
                raise StoreError(
                    f"the disk is full: the output needs {size:,} bytes and {free:,} are free below {folder}",
                    hint="free some, then run the block again; outputs already kept are untouched",
                )

    def _write(self, path: Path, parts: Parts) -> None:
        temporary = path.with_name(f".{path.name[:40]}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
        try:
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                point("store:opened")
                _write_all(fd, parts)
                point("store:written")
                if self.durable:
                    os.fsync(fd)
            finally:
                os.close(fd)
            point("store:before_rename")
            temporary.replace(path)
            point("store:renamed")
            if self.durable:
                sync_folder(path.parent)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise


def _write_all(fd: int, parts: Parts) -> None:
    views = [view for part in parts if (view := memoryview(part).cast("B")).nbytes]
    while views:
        written = os.writev(fd, views[:_VECTORS])
        done = 0
        while done < len(views) and written >= views[done].nbytes:
            written -= views[done].nbytes
            done += 1
        del views[:done]
        if written:
            views[0] = views[0][written:]


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
    sync_folder(path.parent)


def _load(fd: int, size: int) -> memoryview:
    if size < MAP_FROM:
        content = bytearray(size)
        view, position = memoryview(content), 0
        while position < size:
            got = os.readv(fd, [view[position:]])
            if not got:
                raise OSError(errno.EIO, "the file became shorter while it was read")
            position += got
        return view
    return map_private(fd, size)


def _signature(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _corrupt(path: Path, what: str) -> CorruptOutputError:
    return CorruptOutputError(
        f"the output {path.name} is not what was written: {what}",
        hint="run the block that made it again: %pipeline run --force BLOCK",
    )
