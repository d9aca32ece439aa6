"""Runs blocks in clean worker processes: warm, isolated, replaced when one dies.

A block that calls ``os._exit``, crashes or is killed fails alone, with the reason; its process is replaced and every other
block goes on. Each worker is a session of its own, so the terminal's Ctrl-C reaches only us, and halting a worker ends
everything that its block started in the same group. A worker whose owner dies ends itself.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import multiprocessing
import multiprocessing.forkserver
import multiprocessing.reduction
import multiprocessing.util
import os
import pickle
import queue
import random
import shutil
import signal
import struct
import sys
import tempfile
import threading
import types
from collections.abc import Callable, Collection, Iterator
from concurrent import futures
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

from .. import printing, redaction, registry
from ..errors import RunError
from ..files import FileLock, own_folder

T = TypeVar("T")
GRACE = 2.0
"""Seconds between SIGINT, SIGTERM and SIGKILL when a worker is halted."""
LOG_LIMIT = 512 * 1024
PRELOAD = ("jupyter_mage.worker",)
"""Imported once, by the fork server, so that each new worker has it for nothing."""
FRAMES = ("pandas", "pyarrow", "pyarrow.compute", "duckdb")
"""So is this, where blocks import packages (most of which import these): it takes four times as long as all the rest."""
SOCKET_ROOM = 70
"""Bytes of a temporary folder's path in which a socket still has its place: the system allows 104 to 108 in all."""
_START = threading.Lock()
_clean_environ: dict[bytes, bytes] = {}
"""In a worker, the environment that each block starts with."""


class CrashedError(RunError):
    """The worker process ended while it ran a block; ``log`` is what it had printed."""

    log = ""


def _own_folder() -> None:
    """Have multiprocessing put the fork server's socket where a kill leaves no litter. The caller holds `_START`."""
    config = multiprocessing.current_process()._config  # type: ignore[attr-defined]
    if config.get("tempdir") is None:
        place = Path(tempfile.gettempdir())
        if len(os.fsencode(place)) > SOCKET_ROOM:
            place = Path("/tmp")  # noqa: S108 (the folder in it is new and only ours)
        folder, lock = own_folder(place, "mage-")
        multiprocessing.util.Finalize(None, _remove, args=(folder, lock), exitpriority=-100)  # as it does with its own
        config["tempdir"] = str(folder)


def _remove(folder: Path, lock: FileLock) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    lock.close()


class ProcessExecutor(futures.Executor):
    """``workers`` processes; each call runs in one of them, and its arguments and result travel by pickle."""

    def __init__(self, workers: int) -> None:
        self.workers = max(1, workers)
        self._calls: queue.SimpleQueue[tuple[futures.Future[Any], bytes] | None] = queue.SimpleQueue()
        self._slots: list[_Slot] = []
        self._closed = False
        self._outstanding: set[futures.Future[Any]] = set()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> futures.Future[T]:
        if self._closed:
            raise RuntimeError("this executor was shut down")
        future: futures.Future[T] = futures.Future()
        self._outstanding.add(future)
        future.add_done_callback(self._outstanding.discard)
        self._calls.put((future, pickle.dumps((fn, args, kwargs), protocol=5)))
        if len(self._slots) < self.workers and len(self._outstanding) > len(self._slots):
            slot = _Slot(self._calls)
            self._slots.append(slot)  # before it starts: a Ctrl-C in between must not leave a slot that `halt` does not know
            slot.thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._closed = True
        if cancel_futures:
            self.halt(grace=0.0)
        for _ in self._slots:
            self._calls.put(None)
        for slot in self._slots if wait else ():
            if slot.thread.ident is not None:
                slot.thread.join()
        self._slots = []

    def halt(self, grace: float = GRACE) -> None:
        """End what runs: SIGINT, then SIGTERM, then SIGKILL to each worker's group, ``grace`` seconds apart.

        Nothing of it runs when this returns. A KeyboardInterrupt meanwhile ends the grace.
        """
        outstanding = tuple(self._outstanding)
        for future in outstanding:
            future.cancel()  # those that no worker has taken yet
        while not all(future.done() for future in outstanding):
            try:
                for slot in self._slots:
                    slot.halt(grace)
                futures.wait(outstanding, timeout=0.02)  # a call may just be on its way from the queue to its worker
            except KeyboardInterrupt:
                grace = 0.0  # who asks twice means now

    def stop(self, future: futures.Future[Any]) -> None:
        """End this call; its future gets a CrashedError."""
        for slot in self._slots:
            if slot.current is future:
                threading.Thread(target=slot.halt, args=(GRACE,), daemon=True).start()  # the grace is waited for elsewhere

    def printed(self, future: futures.Future[Any]) -> str:
        """What this call has printed so far; empty where it does not run."""
        for slot in tuple(self._slots):
            if slot.current is future:
                return slot.printed()
        return ""


class _Slot:
    """One thread that feeds one worker process, and replaces it when it has died."""

    def __init__(self, calls: queue.SimpleQueue[tuple[futures.Future[Any], bytes] | None]) -> None:
        self.idle = False
        self.current: futures.Future[Any] | None = None
        self._calls = calls
        self._worker: _Worker | None = None
        self._lock = threading.Lock()
        self._halted = False
        self._ended = threading.Event()
        self.thread = threading.Thread(target=self._serve, name="jupyter_mage worker", daemon=True)

    def _serve(self) -> None:
        while True:
            self.idle = True
            call = self._calls.get()
            self.idle = False
            if call is None:
                break
            future, blob = call
            if future.set_running_or_notify_cancel():
                self.current = future
                self._run(future, blob)
                self.current = None
        if self._worker is not None:
            self._worker.close()

    def _run(self, future: futures.Future[Any], blob: bytes) -> None:
        with self._lock:
            self._halted = False
            self._ended.clear()
        try:
            result = self._ready().call(blob)
        except BaseException as error:  # noqa: BLE001 (this thread only carries; the error belongs to the one who waits)
            if isinstance(error, CrashedError):
                self._drop()
            self._ended.set()
            future.set_exception(error)
        else:
            self._ended.set()
            future.set_result(result)

    def _ready(self) -> _Worker:
        """A living worker, unless this call was halted before it began."""
        if self._worker is None or not self._worker.fit or not self._worker.alive:
            self._drop()
            made = _Worker()
            with self._lock:
                self._worker = made
        with self._lock:
            if self._halted:
                raise CrashedError("it was halted before it began")
            return self._worker

    def _drop(self) -> None:
        with self._lock:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def printed(self) -> str:
        with self._lock:  # the worker is not closed meanwhile
            return "" if self._worker is None else read_log(self._worker.log.fileno())

    def halt(self, grace: float) -> None:
        """End the call that runs, and everything that it started; the next call gets a new worker."""
        with self._lock:
            if self._ended.is_set() or (self.idle and self._worker is None):
                return
            self._halted = True
        for step in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL) if grace else (signal.SIGKILL,):
            with self._lock:
                worker = self._worker
            if worker is not None:
                worker.signal(step)
            if self._ended.wait(grace or GRACE):
                break
        self._drop()


class _Worker:
    """A forked process, the pipe to it, the file that its prints go to, and the pipe that tells it that we are alive."""

    def __init__(self) -> None:
        self.fit = True
        context = multiprocessing.get_context("forkserver")
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the worker, and has no name that could be left over)
        fcntl.fcntl(self.log, fcntl.F_SETFL, os.O_APPEND)
        self.pipe, theirs = context.Pipe()
        life, self._life = context.Pipe(duplex=False)
        surroundings = (dict(os.environ), str(Path.cwd()), list(sys.path))
        self.process: BaseProcess = context.Process(
            target=_child,
            args=(theirs, life, _Inherited(self.log.fileno()), surroundings),
            daemon=True,
            name="jupyter_mage worker",
        )
        with _START, _without_main():
            _own_folder()
            self.process.start()
        theirs.close()
        life.close()

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    def call(self, blob: bytes) -> Any:
        try:
            self.pipe.send_bytes(blob)
            answer = self.pipe.recv_bytes()
            self.fit = answer[-1:] == FIT
            ok, value = pickle.loads(answer[:-1])  # noqa: S301 (from our own child)
        except (EOFError, OSError) as error:
            self.process.join(GRACE)
            crashed = CrashedError(f"its process ended: {_reason(self.process.exitcode)}")
            crashed.log = redaction.hide(read_log(self.log.fileno()))
            raise crashed from error
        if not ok:
            raise value
        return value

    def signal(self, number: signal.Signals) -> None:
        """Send it to the worker and to everything that its block started."""
        if self.process.pid is not None:
            _signal_group(self.process.pid, number)

    def close(self) -> None:
        """End the worker, if it has not ended, and its whole group."""
        self.pipe.close()
        self._life.close()
        self.process.join(GRACE)
        self.signal(signal.SIGKILL)
        self.process.join(GRACE)
        self.log.close()


class _Inherited:
    """An open file that the worker gets too, as a descriptor of its own: it is handed over when the process starts."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> tuple[Callable[[Any], int], tuple[Any]]:
        return _inherit, (multiprocessing.reduction.DupFd(self.number),)


def _inherit(duplicate: Any) -> int:
    number: int = duplicate.detach()
    return number


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _reason(code: int | None) -> str:
    """``killed by SIGSEGV`` or ``exit code 3``."""
    if code is None:
        return "for no known reason"
    if code < 0:
        return f"killed by {signal.Signals(-code).name}" + (" (out of memory?)" if code == -signal.SIGKILL else "")
    return f"exit code {code}"


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Keep multiprocessing from importing the user's ``__main__`` again in the worker: a script's would run twice."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _child(pipe: Connection, life: Connection, file: int, surroundings: tuple[dict[str, str], str, list[str]]) -> None:
    """The worker: takes calls until the pipe closes."""
    os.setsid()
    # a block may use multiprocessing itself: its children are in our group, and end with it
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.dont_write_bytecode = True  # a module edited twice in a second would otherwise be found unchanged
    log = fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, 200)  # high, so that a block which closes files is unlikely to close it
    threading.Thread(target=_watch, args=(life,), daemon=True).start()
    owner, after = os.getpid(), _in_use()
    while True:
        try:
            blob = pipe.recv_bytes()
        except (EOFError, OSError):
            os._exit(0)
        except KeyboardInterrupt:
            continue
        _start_clean(surroundings, log)
        answer = _answer(blob, log)
        if os.getpid() != owner:  # the block forked, and its child came back here: it has no say
            os._exit(0)
        before, after = after, _in_use()
        pipe.send_bytes(answer + (SPENT if after > before else FIT))


def _answer(blob: bytes, log: int) -> bytes:
    try:
        fn, args, kwargs = pickle.loads(blob)  # noqa: S301 (from our own parent)
        return pickle.dumps((True, fn(*args, **kwargs)), protocol=5)
    except BaseException as error:  # noqa: BLE001 (carried to the parent, which raises it)
        return pickle.dumps((False, RunError(f"{type(error).__name__}: {error}")))
    finally:
        with contextlib.suppress(OSError):
            os.ftruncate(log, 0)


SPENT, FIT = b"0", b"1"
"""Behind an answer: whether the worker may take another call. One in which a block left threads or open files may not."""


def _in_use() -> tuple[int, int]:
    """Threads, and open files where the system tells."""
    try:
        return threading.active_count(), len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (20 µs less)
    except OSError:
        return threading.active_count(), 0


def _start_clean(surroundings: tuple[dict[str, str], str, list[str]], log: int) -> None:
    """Environment, folder, path and printing as the owner has them, whatever the call before did to them."""
    environ, folder, path = surroundings
    raw: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]  # as it is: to decode all of it takes 15 µs
    if raw != _clean_environ:
        os.environ.clear()
        os.environ.update(environ)
        _clean_environ.clear()
        _clean_environ.update(raw)
    sys.path[:] = path
    with contextlib.suppress(OSError):
        os.chdir(folder)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.stdout, sys.stderr = PrintFile(1, log), PrintFile(2, log)
    chance = os.urandom(16)  # a seed that the block before set is none of the next one's business
    random.seed(chance)
    if "numpy.random" in sys.modules:  # four words by ourselves: left to itself, numpy takes ten times as long
        sys.modules["numpy.random"].seed(struct.unpack("4I", chance))


class _Marked(io.FileIO):
    """A worker's stderr: what is printed to it goes into the log between marks; what is written to the descriptor has none."""

    def write(self, data: Any) -> int:
        written = super().write(b"".join((_STDERR, data, _STDOUT))) or 0
        return max(0, min(len(data), written - len(_STDERR)))


_STDERR, _STDOUT = printing.STDERR.encode(), printing.STDOUT.encode()


class PrintFile(io.TextIOWrapper):
    """A worker's stdout or stderr, which can tell what was printed to them."""

    def __init__(self, number: int, log: int) -> None:
        raw = (_Marked if number == 2 else io.FileIO)(number, "wb", closefd=False)
        super().__init__(io.BufferedWriter(raw), encoding="utf-8", errors="replace", line_buffering=True)
        self._log = log

    def captured(self) -> str:
        """All that this worker has printed in the call that runs, by whatever means."""
        for stream in (self, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):  # the block may have closed it
                stream.flush()
        return read_log(self._log)


def _watch(life: Connection) -> None:
    """When our owner dies, nobody wants the result: end the whole group."""
    with contextlib.suppress(EOFError, OSError):
        life.recv_bytes()
    os.killpg(0, signal.SIGKILL)


def read_log(log: int) -> str:
    """What was printed to the file, its middle cut where it is long."""
    with contextlib.suppress(OSError):
        size, half = os.fstat(log).st_size, LOG_LIMIT // 2
        if size <= LOG_LIMIT:
            return os.pread(log, size, 0).decode("utf-8", "replace")
        head, tail = os.pread(log, half, 0), os.pread(log, half, size - half)
        cut = f"\n… {size - LOG_LIMIT} bytes cut …\n"
        return head.decode("utf-8", "replace") + cut + tail.decode("utf-8", "replace")
    return ""


class Processes:
    name = "processes"
    parallel = True
    in_process = False

    def open(self, workers: int) -> futures.Executor:
        return ProcessExecutor(workers)

    def warm(self, modules: Collection[str] = ()) -> None:
        """Start the fork server: it imports what workers need while the caller goes on. One that runs stays as it is."""
        frames = FRAMES if modules or "pandas" in sys.modules else ()
        multiprocessing.get_context("forkserver").set_forkserver_preload([*PRELOAD, *frames])
        with _START, _without_main():
            _own_folder()
            os.environ[registry.HANDED_OVER] = registry.handed_over()
            try:
                multiprocessing.forkserver.ensure_running()
            finally:
                del os.environ[registry.HANDED_OVER]

    def halt(self, pool: futures.Executor) -> None:
        if isinstance(pool, ProcessExecutor):
            pool.halt()

    def stop(self, pool: futures.Executor, future: futures.Future[Any]) -> None:
        if isinstance(pool, ProcessExecutor):
            pool.stop(future)

    def printed(self, pool: futures.Executor, future: futures.Future[Any]) -> str:
        return pool.printed(future) if isinstance(pool, ProcessExecutor) else ""


executor = Processes()
