"""Runs blocks in threads of this process: for blocks that wait, or whose libraries release the interpreter lock.

Values are handed on in memory. A thread cannot be ended from outside: halting interrupts its Python code and waits.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Collection
from concurrent import futures
from typing import Any, TypeVar

T = TypeVar("T")


class Threads:
    name = "threads"
    parallel = True
    in_process = True

    def open(self, workers: int) -> futures.Executor:
        return _Pool(workers)

    def warm(self, modules: Collection[str] = ()) -> None:  # noqa: ARG002 (the protocol's)
        """Nothing here takes long."""

    def halt(self, pool: futures.Executor) -> None:
        if isinstance(pool, _Pool):
            pool.halt()

    def stop(self, pool: futures.Executor, future: futures.Future[object]) -> None:
        """A thread cannot be ended; it is waited for."""

    def printed(self, pool: futures.Executor, future: futures.Future[Any]) -> str:  # noqa: ARG002 (this process has it itself)
        return ""


class _Pool(futures.ThreadPoolExecutor):
    """A thread pool that can be emptied and used again."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers, thread_name_prefix="jupyter_mage block")
        self._out: set[futures.Future[Any]] = set()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> futures.Future[T]:
        future = super().submit(fn, *args, **kwargs)
        self._out.add(future)
        future.add_done_callback(self._out.discard)
        return future

    def halt(self) -> None:
        out = tuple(self._out)
        for future in out:
            future.cancel()
        while futures.wait(out, timeout=0.5).not_done:
            for thread in self._threads:  # a block that waits in C is reached when it is back in Python
                if thread.ident is not None:
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(KeyboardInterrupt))


executor = Threads()
