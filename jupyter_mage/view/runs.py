"""A run and its events → the JSON of histories: lines, tables, timelines, logs. Pure functions; nothing is read or written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol

from .. import events as ev
from .. import printing
from ..contract import Attempt, BlockLine, LogLine, RunLine
from ..model import Failure
from ..state import FINISHED, BlockRun, Run
from . import look
from .brief import duration, shorten

ITEMS = 300
"""Items of mapped blocks that a table has; failed ones first."""
ERROR = 2000
"""Characters of an error in a table."""
LINES = 2000
"""Lines of a log in one answer."""
WIDE = 4000
"""Characters of one line."""


class Summary(Protocol):
    """Of a run of the history, what a line of it needs."""

    @property
    def id(self) -> str: ...
    @property
    def pipeline(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def started(self) -> float: ...
    @property
    def seconds(self) -> float | None: ...
    @property
    def selection(self) -> str: ...
    @property
    def executor(self) -> str: ...
    @property
    def origin(self) -> Mapping[str, Any]: ...
    @property
    def blocks(self) -> int: ...
    @property
    def succeeded(self) -> int: ...
    @property
    def cached(self) -> int: ...
    @property
    def failed(self) -> int: ...


def run_line(summary: Summary) -> RunLine:
    """A run in one line."""
    origin = {name: str(summary.origin.get(name, "")) for name in ("face", "user", "host", "git")}
    return {
        "id": summary.id,
        "pipeline": summary.pipeline,
        "status": summary.status,
        "started": summary.started,
        "seconds": summary.seconds,
        "selection": summary.selection,
        "executor": summary.executor,
        "face": origin["face"],
        "user": origin["user"],
        "host": origin["host"],
        "git": origin["git"],
        "blocks": summary.blocks,
        "succeeded": summary.succeeded,
        "cached": summary.cached,
        "failed": summary.failed,
    }


# ---- the table and the timeline


class Timeline:
    """Each block's tries with their real times, oldest first; one that goes on has no end. Fed with a run's events in order.

    Tries from before a run was resumed stay: they are what happened.

    >>> timeline = Timeline()
    >>> timeline.apply(ev.BlockStarted(run="r", block="a", at=2.0))
    >>> timeline.tries["a"]
    [{'number': 1, 'status': 'running', 'started': 2.0, 'ended': None, 'seconds': None, 'error': ''}]
    """

    def __init__(self) -> None:
        self.tries: dict[str, list[Attempt]] = {}

    def apply(self, event: ev.Event) -> None:
        if isinstance(event, ev.BlockStarted):
            tries = self.tries.setdefault(event.block, [])
            tries.append(_try("running", event.at, None, event.attempt))
        elif isinstance(event, ev.BlockCached):
            self.tries.setdefault(event.block, []).append(_try("cached", event.at, event.at))
        elif isinstance(event, ev.BlockEvent) and type(event) in _ENDS:
            failure = getattr(event, "failure", None)
            said = error_text(failure) if failure else ""
            _close(self.tries.get(event.block, []), _ENDS[type(event)], event.at, said, getattr(event, "seconds", None))
        elif isinstance(event, ev.RunFinished | ev.RunResumed):  # a run that was killed has no end of its own
            status = getattr(event, "status", "interrupted")
            for tries in self.tries.values():
                _close(tries, "cancelled" if status == "cancelled" else "interrupted", event.at, "")


_ENDS: dict[type[ev.Event], str] = {
    ev.BlockSucceeded: "succeeded",
    ev.BlockFailed: "failed",
    ev.BlockRetrying: "failed",
    ev.BlockWaiting: "waiting",
    ev.BlockCancelled: "cancelled",
    ev.BlockSkipped: "skipped",
}


def _try(status: str, started: float, ended: float | None, number: int = 1) -> Attempt:
    return {"number": number, "status": status, "started": started, "ended": ended, "seconds": None, "error": ""}


def _close(tries: list[Attempt], status: str, at: float, error: str, seconds: float | None = None) -> None:
    if tries and tries[-1]["ended"] is None:
        tries[-1] |= {"status": status, "ended": at, "seconds": seconds, "error": error}


def block_lines(run: Run, timeline: Timeline, status: str) -> tuple[list[BlockLine], int]:
    """Every block of a run in the order it was planned, then items of mapped ones; and how many items were left out.

    ``status`` is the run's as its process tells: a run that died has no event that says so.
    """
    gone = status if status in FINISHED else ""
    parts = [part for part in run.blocks.values() if not part.is_item]
    items = sorted((part for part in run.blocks.values() if part.is_item), key=lambda part: part.status != "failed")
    lines = [_line(run, part, timeline.tries.get(part.name, []), gone) for part in (*parts, *items[:ITEMS])]
    return lines, max(0, len(items) - ITEMS)


def error_text(failure: Failure) -> str:
    """``KeyError: 'user'``, with the name of the test that failed."""
    test = f"{failure.test}: " if failure.test else ""
    return shorten(f"{test}{failure.error}: {failure.message}", ERROR)


def _line(run: Run, part: BlockRun, tries: list[Attempt], gone: str) -> BlockLine:
    of = part.name.rpartition("[")[0] if part.is_item else ""
    outlined: Mapping[str, Any] = run.graph.get(of or part.name, {})
    kind = str(outlined.get("kind", "data_loader" if run.graph else ""))
    status = gone if gone and part.status not in FINISHED else part.status
    output, failure = part.output, part.failure
    return {
        "name": part.name,
        "label": str(outlined.get("label", "")) or part.name,
        "kind": kind.removeprefix("data_").replace("_", " "),
        "colour": look.kind_colour(kind) if kind else "#7f8894",
        "status": status,
        "started": tries[0]["started"] if tries else None,
        "ended": tries[-1]["ended"] if tries else None,
        "seconds": part.seconds,
        "rows": output.rows if output else None,
        "columns": len(output.columns) if output and output.columns is not None else None,
        "bytes": output.size if output else None,
        "type": output.type if output else "",
        "shape": output.describe() if output else "",
        "attempts": tries[-50:],
        "error": error_text(failure) if failure and status in ("failed", "retrying") else "",
        "line": failure.line if failure and status in ("failed", "retrying") else None,
        "reason": shorten(part.reason, 500) if status in ("retrying", "waiting", "skipped") else "",
        "memory": part.peak_memory,
        "tests": len(part.tests),
        "items": part.items,
        "item_of": of,
        "sampled": part.sampled,
    }


# ---- logs


def log_lines(number: int, event: ev.Event) -> Iterator[LogLine]:
    """What an event says, line by line: first what the block printed, then how it went.

    >>> event = ev.BlockSkipped(run="r", block="b", reason="a failed", at=1.0)
    >>> [(line["level"], line["text"]) for line in log_lines(7, event)]
    [('note', 'skipped: a failed')]
    """
    if not isinstance(event, ev.BlockEvent):
        return
    said = [_log_line(event.block, level, "", text) for level, text in _said_of(event)]
    for place, line in enumerate([*printed_lines(event.block, getattr(event, "log", "")), *said]):
        yield {**line, "id": f"{number}.{place}", "at": event.at}


def printed_lines(block: str, log: str) -> Iterator[LogLine]:
    """The lines of what a block printed. One that has a part of both streams is stderr's.

    >>> [(line["stream"], line["text"]) for line in printed_lines("a", "one\\n\\x1b[?2ztwo\\n\\x1b[?1zthree")]
    [('stdout', 'one'), ('stderr', 'two'), ('stdout', 'three')]
    """
    for stream, text in _lines(log) if log else ():
        yield _log_line(block, _level(text), stream, text)


def _log_line(block: str, level: Level, stream: Stream, text: str) -> LogLine:
    return {"id": "", "at": 0.0, "block": block, "level": level, "stream": stream, "text": text[:WIDE]}


def _lines(log: str) -> Iterator[tuple[Stream, str]]:
    texts = split(log)
    if printing.STDERR not in log:
        yield from (("stdout", text) for text in texts)
        return
    streams: list[Stream] = ["stdout"]
    empty = True
    for stream, part in printing.pieces(log):
        last = part.count("\n")
        for number, text in enumerate(part.split("\n")):
            if number:
                streams.append("stdout")
                empty = True
            if stream == "stderr" and (text or (empty and number < last)):
                streams[-1] = "stderr"
            empty = empty and not text
    yield from zip(streams, texts, strict=False)  # behind the texts there are empty lines that `split` leaves out


def split(log: str) -> list[str]:
    """Lines as a terminal ends up with them: a bar that is drawn over and over is one; colours are left out.

    >>> split("one\\n 10%\\r 20%\\n\\x1b[31mred\\x1b[0m\\n")
    ['one', ' 20%', 'red']
    """
    if not log:
        return []
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in _ANSI.sub("", log).rstrip("\n").split("\n"))
    return list(lines)


_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*(?:\x07|\x1b\\)|[@-_])")
_WARNING = re.compile(r"\bWARN(?:ING)?\b|\b\w*Warning: ")
_ERROR = re.compile(r"\b(?:ERROR|CRITICAL|FATAL)\b|^Traceback \(most recent call last\)")

Level = Literal["printed", "warning", "error", "note"]
Stream = Literal["", "stdout", "stderr"]


def _level(text: str) -> Level:
    """What a printed line is, by the words that loggers use."""
    if _ERROR.search(text):
        return "error"
    return "warning" if _WARNING.search(text) else "printed"


def _said_of(event: ev.BlockEvent) -> Iterator[tuple[Level, str]]:
    failure = getattr(event, "failure", None)
    if failure is not None:
        for text in split(failure.traceback) or [error_text(failure)]:
            yield "error", text
    said = _NOTES.get(type(event))
    if said is not None:
        yield "note", said(event)


def _succeeded(event: Any) -> str:
    tests = f" · {len(event.tests)} test{'s' * (len(event.tests) != 1)} passed" if event.tests else ""
    return f"done in {duration(event.seconds)} · {event.output.describe()}{tests}"


_NOTES: dict[type[ev.Event], Any] = {
    ev.BlockStarted: lambda event: "started" if event.attempt == 1 else f"attempt {event.attempt} started",
    ev.BlockSucceeded: _succeeded,
    ev.BlockCached: lambda event: f"taken from the cache · {event.output.describe()}",
    ev.BlockFailed: lambda event: f"failed after {duration(event.seconds)}",
    ev.BlockRetrying: lambda event: f"attempt {event.attempt} failed, the next in {event.delay:.3g} s",
    ev.BlockWaiting: lambda event: f"nothing yet, the next look in {event.delay:.3g} s",
    ev.BlockMapped: lambda event: f"{event.items} item{'s' * (event.items != 1)}",
    ev.BlockSkipped: lambda event: f"skipped: {event.reason}",
    ev.BlockCancelled: lambda _: "cancelled",
}


def log_page(numbered: Sequence[tuple[int, ev.Event]], *, block: str = "", search: str = "") -> tuple[list[LogLine], int, bool]:
    """The lines of these events (of one block and its items, with this text in them), the last event's number, and whether
    lines were left for the next page: a page ends with an event, not within one."""
    found: list[LogLine] = []
    cursor, wanted = 0, search.casefold()
    for number, event in numbered:
        if len(found) >= LINES:
            return found, cursor, True
        cursor = number
        if isinstance(event, ev.BlockEvent) and block in ("", event.block, event.block.partition("[")[0]):
            found += [line for line in log_lines(number, event) if not wanted or wanted in line["text"].casefold()]
    return found, cursor, False
