"""Runs each block at once, in this process and thread: for the notebook's cells, debuggers and thousands of tiny blocks."""

from __future__ import annotations

from collections.abc import Callable
from concurrent import futures
from typing import Any, TypeVar

T = TypeVar("T")


class InlineExecutor(futures.Executor):
    """`submit` runs the call before it returns.

    >>> InlineExecutor().submit(max, 1, 2).result()
    2
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> futures.Future[T]:
        future: futures.Future[T] = futures.Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 (what a call raises belongs in its future)
            future.set_exception(error)
        return future


class Inline:
    name = "inline"
    parallel = False
    in_process = True

    def open(self, workers: int) -> futures.Executor:  # noqa: ARG002 (one block at a time, always)
        return InlineExecutor()

    def warm(self) -> None:
        """Nothing here takes long."""

    def halt(self, pool: futures.Executor) -> None:
        """Nothing of it runs outside the caller's own thread."""

    def stop(self, pool: futures.Executor, future: futures.Future[Any]) -> None:
        """Nothing of it runs outside the caller's own thread."""


executor = Inline()
