"""A group of events into the tables, inside the caller's transaction."""

from __future__ import annotations

import itertools
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ... import events as ev
from ...model import Output
from . import rows

_MAYBE = f"nullif(?, '{rows.NOTHING}')"
_EVENT = f"INSERT INTO events ({rows.EVENT_FIELDS})", f"(?, ?, ?, {_MAYBE}, ?, {_MAYBE}, {_MAYBE}, {_MAYBE}, ?, {_MAYBE})"
_TOLD_TWICE = """DELETE FROM events WHERE id > ? AND kind = 'block_succeeded' AND started IS NULL AND EXISTS (
    SELECT 1 FROM events o WHERE o.run = events.run AND o.block = events.block AND o.kind = 'block_succeeded' AND o.id < events.id
    AND NOT EXISTS (SELECT 1 FROM events s WHERE s.run = o.run AND s.block = o.block AND s.kind = 'block_started'
    AND s.id > o.id AND s.id < events.id))"""
_OUTPUT = f"INSERT INTO outputs ({rows.OUTPUT_FIELDS})", f"(?, ?, ?, ?, {_MAYBE}, {_MAYBE}, ?, {_MAYBE})"
_OUTPUT_THERE = "ON CONFLICT (content) DO UPDATE SET data = excluded.data WHERE outputs.data IS NULL"
_AT_ONCE = 64
"""Rows a statement: each statement's step gives the GIL away and has to get it back from a run that is busy."""
_MISSING = """SELECT DISTINCT e.content FROM events e LEFT JOIN outputs o ON o.content = e.content
    WHERE e.id > ? AND e.content IS NOT NULL AND (o.content IS NULL OR (o.data IS NULL AND o.size <= 65536))"""
_KEYS = """INSERT INTO keys (key, content, event) SELECT key, content, id FROM events
    WHERE id > ? AND kind = 'block_succeeded' AND key <> ''
    ON CONFLICT (key) DO UPDATE SET content = excluded.content, event = excluded.event"""
_LATEST = """INSERT INTO latest (pipeline, block, event) SELECT r.pipeline, e.block, e.id FROM events e
    JOIN runs r ON r.no = e.run WHERE e.id > ? AND e.kind = 'block_succeeded'
    AND e.id NOT IN (SELECT id FROM sampled) ORDER BY e.id
    ON CONFLICT (pipeline, block) DO UPDATE SET event = excluded.event"""
_LATEST_CACHED = """INSERT INTO latest (pipeline, block, event) SELECT r.pipeline, e.block, k.event FROM events e
    JOIN runs r ON r.no = e.run JOIN keys k ON k.key = e.key WHERE e.id > ? AND e.kind = 'block_cached'
    AND e.id NOT IN (SELECT id FROM sampled) ORDER BY e.id
    ON CONFLICT (pipeline, block) DO UPDATE SET event = excluded.event WHERE latest.event <> excluded.event"""
_START = """INSERT INTO runs (id, pipeline, status, started, selection, executor, origin, blocks)
    VALUES (?, ?, 'running', ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET status = 'running', seconds = NULL, blocks = excluded.blocks"""
_FINISH = "UPDATE runs SET status = ?, seconds = ?, succeeded = ?, cached = ?, failed = ? WHERE no = ?"
_COUNT = """SELECT kind, count(*) FROM (SELECT kind, max(id) FROM events WHERE run = ? AND block IS NOT NULL
    AND substr(block, -1) <> ']' GROUP BY block)
    GROUP BY kind"""


def count_blocks(connection: sqlite3.Connection, run: int) -> tuple[int, int, int]:
    """How many blocks of a run succeeded, were cached and failed, by the last that was said of each."""
    counts: dict[str, int] = dict(connection.execute(_COUNT, (run,)))
    return counts.get(ev.BlockSucceeded.name, 0), counts.get(ev.BlockCached.name, 0), counts.get(ev.BlockFailed.name, 0)


class Told:
    """What a writer remembers of the runs that it writes; to be forgotten when a transaction rolls back."""

    __slots__ = ("ends", "numbers")

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        """The row of each run."""
        self.ends: dict[str, dict[str, str]] = {}
        """Of each run that was told from its start: by block, what was said of it last."""

    def forget(self) -> None:
        self.numbers.clear()
        self.ends.clear()

    def counts(self, connection: sqlite3.Connection, run: str) -> tuple[int, int, int]:
        """As `count_blocks`, without asking the tables where all of it was told here."""
        ends = self.ends.pop(run, None)
        if ends is None:
            return count_blocks(connection, self.numbers[run])
        counts = Counter([kind for block, kind in ends.items() if not block.endswith("]")])
        return counts[ev.BlockSucceeded.name], counts[ev.BlockCached.name], counts[ev.BlockFailed.name]


def insert_events(connection: sqlite3.Connection, events: Sequence[ev.Event], told: Told) -> None:
    """Write ``events`` in order. ``told`` remembers what was written; forget it when the transaction rolls back.

    A second success of a block in one run is dropped, so that telling it twice (after a retry of the commit, say) is harmless;
    not so where the block was started in between: its run was resumed when what it had given was gone.
    """
    (before,) = connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
    number: int = before
    event_rows: list[rows.EventRow] = []
    outputs: dict[str, Output] = {}
    fresh = cached = False
    sampled: list[tuple[int]] = []
    finished: list[tuple[str, float, str]] = []
    for event, started in _paired(events):
        number += 1 if started is None else 2  # the start has a number of its own, if not a row
        run = told.numbers.get(event.run)
        if run is None or isinstance(event, ev.RunStarted):
            run = _run_number(connection, event, told)
        ends = told.ends.get(event.run)
        if ends is not None and isinstance(event, ev.BlockEvent):
            ends[event.block] = event.name
        event_rows.append(rows.event_row(number, run, event, started))
        if isinstance(event, ev.GIVING):
            outputs[event.output.content] = event.output
            if isinstance(event, ev.BlockCached):
                cached = True
            else:
                fresh = True
            if event.sampled:
                sampled.append((number,))
        elif isinstance(event, ev.RunFinished):
            finished.append((event.status, event.seconds, event.run))
        elif isinstance(event, ev.RunStarted):
            finished = [item for item in finished if item[2] != event.run]
    _insert_rows(connection, _EVENT, event_rows)
    if fresh:
        connection.execute(_TOLD_TWICE, (before,))
    missing = connection.execute(_MISSING, (before,)).fetchall()
    _insert_rows(connection, _OUTPUT, [rows.output_row(outputs[content]) for (content,) in missing], _OUTPUT_THERE)
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS sampled (id INTEGER PRIMARY KEY)")
    if sampled:  # a sampled result is kept under its key and is never a block's latest
        connection.executemany("INSERT INTO sampled VALUES (?)", sampled)
    if fresh:
        connection.execute(_KEYS, (before,))
        connection.execute(_LATEST, (before,))
    if cached:
        connection.execute(_LATEST_CACHED, (before,))
    if sampled:
        connection.execute("DELETE FROM sampled")
    for status, seconds, name in finished:
        connection.execute(_FINISH, (status, seconds, *told.counts(connection, name), told.numbers[name]))


def _paired(events: Iterable[ev.Event]) -> Iterator[tuple[ev.Event, float | None]]:
    """Each event; the start of a block whose success comes next is no event of its own, but the time that is given with that."""
    begun: ev.BlockStarted | None = None
    for event in events:
        if begun is not None:
            before, begun = begun, None
            if isinstance(event, ev.BlockSucceeded) and (event.block, event.run) == (before.block, before.run):
                yield event, before.at
                continue
            yield before, None
        if isinstance(event, ev.BlockStarted) and event.attempt == 1:
            begun = event
        else:
            yield event, None
    if begun is not None:
        yield begun, None


def _insert_rows(
    connection: sqlite3.Connection, statement: tuple[str, str], lines: Sequence[tuple[object, ...]], tail: str = ""
) -> None:
    head, marks = statement
    for start in range(0, len(lines), _AT_ONCE):
        some = lines[start : start + _AT_ONCE]
        connection.execute(f"{head} VALUES {', '.join([marks] * len(some))} {tail}", [*itertools.chain.from_iterable(some)])


def _run_number(connection: sqlite3.Connection, event: ev.Event, told: Told) -> int:
    """The run's row; for events of a run whose start was never told (a sink attached late), a row without a pipeline."""
    if isinstance(event, ev.RunStarted):
        pipeline, blocks = event.pipeline, len(event.blocks)
        origin = rows.to_text(event.origin)
        connection.execute(_START, (event.run, pipeline, event.at, event.selection, event.executor, origin, blocks))
    find = "SELECT no FROM runs WHERE id = ?"
    row = connection.execute(find, (event.run,)).fetchone()
    if row is None:
        connection.execute(_START, (event.run, "", event.at, "", "", "{}", 0))
        row = connection.execute(find, (event.run,)).fetchone()
    told.numbers[event.run] = number = int(row[0])
    if type(event) is ev.RunStarted:
        told.ends[event.run] = {}
    else:
        told.ends.pop(event.run, None)
    return number
