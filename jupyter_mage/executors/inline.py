"""Runs each block at once, in this process and thread: for the notebook's cells, debuggers and thousands of tiny blocks."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent import futures
from typing import Any, TypeVar

T = TypeVar("T")


class Done(futures.Future[T]):
    """A future that is done: nobody ever waits for it, so it needs no lock and no list of who does.

    >>> Done(value=2).result(), Done(error=KeyError("a")).exception()
    (2, KeyError('a'))
    """

    def __init__(self, value: Any = None, error: Exception | None = None) -> None:
        self._value, self._error = value, error

    def done(self) -> bool:
        return True

    def running(self) -> bool:
        return False

    def cancelled(self) -> bool:
        return False

    def cancel(self) -> bool:
        return False

    def result(self, timeout: float | None = None) -> T:  # noqa: ARG002 (it never waits)
        if self._error is not None:
            raise self._error
        value: T = self._value
        return value

    def exception(self, timeout: float | None = None) -> Exception | None:  # noqa: ARG002 (it never waits)
        return self._error

    def add_done_callback(self, fn: Callable[[futures.Future[T]], object]) -> None:
        fn(self)


class InlineExecutor(futures.Executor):
    """`submit` runs the call before it returns.

    >>> InlineExecutor().submit(max, 1, 2).result()
    2
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> futures.Future[T]:
        try:
            return Done(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 (what a call raises belongs in its future)
            return Done(error=error)


class Inline:
    name = "inline"
    parallel = False
    in_process = True

    def open(self, workers: int) -> futures.Executor:  # noqa: ARG002 (one block at a time, always)
        return InlineExecutor()

    def warm(self, modules: Collection[str] = ()) -> None:  # noqa: ARG002 (the protocol's)
        """Nothing here takes long."""

    def halt(self, pool: futures.Executor) -> None:
        """Nothing of it runs outside the caller's own thread."""

    def stop(self, pool: futures.Executor, future: futures.Future[Any]) -> None:
        """Nothing of it runs outside the caller's own thread."""

    def printed(self, pool: futures.Executor, future: futures.Future[Any]) -> str:  # noqa: ARG002 (this process has it itself)
        return ""


executor = Inline()
