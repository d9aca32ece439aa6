"""What blocks print in this process: each thread's text goes to the log of the block that it runs."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import threading
from collections.abc import Iterator
from typing import Any

from . import redaction

LOG_LIMIT = 512 * 1024
"""Characters of a block's printed text that are kept: half from the start, half from the end."""
STDERR, STDOUT = "\x1b[?2z", "\x1b[?1z"
"""In a log, what follows went to this one (a log begins with stdout).

They stand in the text itself, so that they stay where they are when it is cut or secrets are hidden, and whatever keeps a text
keeps them. No terminal has these sequences, and each passes over those that it does not have.
"""
_MARKS = re.compile(r"(\x1b\[\?[12]z)")


def plain(log: str) -> str:
    """A log without the marks.

    >>> plain(f"one {STDERR}two {STDOUT}three")
    'one two three'
    """
    return _MARKS.sub("", log) if STDERR in log else log


def pieces(log: str) -> Iterator[tuple[str, str]]:
    """What went to which stream, in its order.

    >>> list(pieces(f"one {STDERR}two {STDOUT}three"))
    [('stdout', 'one '), ('stderr', 'two '), ('stdout', 'three')]
    """
    stream = "stdout"
    for part in _MARKS.split(log) if STDERR in log else [log]:
        if part in (STDERR, STDOUT):
            stream = "stderr" if part == STDERR else "stdout"
        elif part:
            yield stream, part


def only(log: str, stream: str) -> str:
    """What went to ``stdout`` or ``stderr``; with an empty name, all of it."""
    return "".join(part for name, part in pieces(log) if stream in ("", name))


class BoundedText:
    """A text file to print to, which keeps the start and the end of what is written, and may pass it on as well.

    >>> text = BoundedText(limit=10)
    >>> text.write("0123456789abcdef")
    16
    >>> text.value()
    '01234\\n… 6 characters cut …\\nbcdef'
    """

    __slots__ = ("_echo", "_error", "_half", "_head", "_room", "_tail", "_tail_size", "_total", "block")

    def __init__(self, limit: int = LOG_LIMIT, echo: Any = None, block: str = "") -> None:
        self.block = block
        self._half = limit // 2
        self._error = False
        self._head: list[str] = []
        self._tail: list[str] = []
        self._tail_size = 0
        self._room = self._half
        self._total = 0
        self._echo = echo

    def write(self, text: str, error: bool = False) -> int:
        """Take ``text``; ``error``: it went to stderr."""
        if error is not self._error:
            self._error = error
            self._keep(STDERR if error else STDOUT)
        self._keep(text)
        if self._echo is not None:
            self._echo.write(redaction.hide(text))
        return len(text)

    def _keep(self, text: str) -> None:
        self._total += len(text)
        if self._room > 0:
            self._head.append(text[: self._room])
            rest = text[self._room :]
            self._room -= len(text)
        else:
            rest = text
        if rest:
            self._tail.append(rest[-self._half :])
            self._tail_size += len(self._tail[-1])
            if self._tail_size > 2 * self._half:  # now and then: to cut it at each write takes long for who prints a line a row
                self._tail = [self._end()]
                self._tail_size = len(self._tail[0])

    def _end(self) -> str:
        return "".join(self._tail)[-self._half :]

    def flush(self) -> None:
        if self._echo is not None:
            self._echo.flush()

    def value(self) -> str:
        if not self._total:
            return ""
        head, tail = "".join(self._head), self._end()
        cut = self._total - len(head) - len(tail)
        return head + (f"\n… {cut} characters cut …\n" if cut > 0 else "") + tail


class _Router(io.TextIOBase):
    """A stdout or stderr that goes to the log of the thread that prints; where only one block runs, its own threads' too."""

    encoding = "utf-8"

    def __init__(self, real: Any, error: bool) -> None:
        self.real, self.error = real, error

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        log = _LOGS.get(threading.get_ident())
        if log is None and len(_LOGS) == 1:
            log = next(iter(_LOGS.values()), None)
        if log is not None:
            return log.write(text, self.error)
        return int(self.real.write(text) or len(text))

    def flush(self) -> None:
        if not _LOGS:
            self.real.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


_LOGS: dict[int, BoundedText] = {}


def printed(block: str) -> str:
    """What a block that runs in this process has printed so far; empty where none of this name does."""
    return next((log.value() for log in tuple(_LOGS.values()) if log.block == block), "")


_ROUTE = threading.Lock()


_ROUTERS: list[_Router] = []
"""The last ones made: the same two streams come at each block."""


def _routed(stream: Any, *, error: bool) -> _Router:
    """The router before this stream."""
    for known in _ROUTERS:
        if known.real is stream and known.error is error:
            return known
    _ROUTERS[:] = [_Router(stream, error), *_ROUTERS[:1]]
    return _ROUTERS[0]


class PrintedTo:
    """Sends what this thread prints to ``log`` inside the ``with``; other threads keep their own."""

    __slots__ = ("_above", "_here", "_log")

    def __init__(self, log: BoundedText) -> None:
        self._log = log

    def __enter__(self) -> None:
        self._here = threading.get_ident()
        self._above = _LOGS.get(self._here)
        _LOGS[self._here] = self._log
        if not _held or type(sys.stdout) is not _Router or type(sys.stderr) is not _Router:
            _route()

    def __exit__(self, *_: object) -> None:
        if self._above is None:
            _LOGS.pop(self._here, None)
        else:
            _LOGS[self._here] = self._above
        if not _held and not _LOGS:
            _route_back()


@contextlib.contextmanager
def routed() -> Iterator[None]:
    """The streams stay ours inside the ``with``: a run of thousands of blocks need not change them twice for each."""
    global _held
    with _ROUTE:
        _held += 1
    try:
        yield
    finally:
        with _ROUTE:
            _held -= 1
        _route_back()


_held = 0
"""How many runs want the streams to stay ours between their blocks."""


def _route() -> None:
    with _ROUTE:
        if type(sys.stdout) is not _Router:
            sys.stdout = _routed(sys.stdout, error=False)
        if type(sys.stderr) is not _Router:
            sys.stderr = _routed(sys.stderr, error=True)


def _route_back() -> None:
    """Where nobody listens any more, the streams are as they were."""
    with _ROUTE:
        if not _LOGS and not _held and isinstance(sys.stdout, _Router) and isinstance(sys.stderr, _Router):
            sys.stdout, sys.stderr = sys.stdout.real, sys.stderr.real


def _forget_other_threads() -> None:
    """In a forked child: it has none, so nobody gives the lock back that one of them may have held."""
    global _ROUTE, _held
    _ROUTE, _held = threading.Lock(), 0
    for thread in _LOGS.keys() - {threading.get_ident()}:
        del _LOGS[thread]
    _route_back()


os.register_at_fork(after_in_child=_forget_other_threads)
