"""What the cache keeps: listed, forgotten by key, and bounded in size. Statements only; the sink runs them under its lock."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from ...model import Output
from . import rows


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOutput:
    """One key of the cache, and what it gives."""

    pipeline: str
    block: str
    key: str
    output: Output
    at: float
    run: str


_KEPT = f"""SELECT r.pipeline, e.block, k.key, e.at, r.id, {rows.OUTPUT_COLUMNS} FROM keys k
    JOIN events e ON e.id = k.event JOIN runs r ON r.no = e.run JOIN outputs o ON o.content = k.content"""  # noqa: S608


NEEDED = """SELECT content FROM keys UNION SELECT e.content FROM events e JOIN runs r ON r.no = e.run
    WHERE e.content IS NOT NULL AND (r.status = 'running' OR e.id IN (SELECT event FROM latest)
    OR r.no IN (SELECT no FROM runs WHERE status <> 'succeeded' ORDER BY no DESC LIMIT 50))"""
"""What a key, a run that goes on, or one of the last that did not end well still gives: it can be opened, and resumed."""


def kept(connection: sqlite3.Connection) -> list[KeptOutput]:
    """Every key that still gives something."""
    return [
        KeptOutput(pipeline=pipeline, block=block, key=key, at=at, run=run, output=rows.output_from(row))
        for pipeline, block, key, at, run, *row in connection.execute(_KEPT)
    ]


def kept_size(connection: sqlite3.Connection) -> int:
    """Bytes of all that is kept, each content once."""
    query = "SELECT coalesce(sum(size), 0) FROM outputs WHERE content IN (SELECT content FROM keys)"
    (size,) = connection.execute(query).fetchone()
    return int(size)


def forget(connection: sqlite3.Connection, keys: Iterable[str]) -> int:
    """Take keys out; what no key gives any more loses its bytes. The events stay: the history is not changed."""
    chosen = [(key,) for key in keys]
    connection.executemany(
        "DELETE FROM latest WHERE event IN (SELECT id FROM events WHERE key = ? AND kind = 'block_succeeded')", chosen
    )
    before = connection.total_changes
    connection.executemany("DELETE FROM keys WHERE key = ?", chosen)
    forgotten = connection.total_changes - before
    connection.execute(f"UPDATE outputs SET data = NULL WHERE data IS NOT NULL AND content NOT IN ({NEEDED})")  # noqa: S608 (ours)
    return forgotten


def evict(connection: sqlite3.Connection, limit: int) -> int:
    """Forget the oldest keys until what is left is at most ``limit`` bytes."""
    query = "SELECT k.key, k.content, o.size FROM keys k JOIN outputs o ON o.content = k.content ORDER BY k.event"
    found = connection.execute(query).fetchall()
    users: dict[str, int] = {}
    for _, content, _ in found:
        users[content] = users.get(content, 0) + 1
    size = kept_size(connection)
    chosen: list[str] = []
    for key, content, bytes_ in found:
        if size <= limit:
            break
        chosen.append(key)
        users[content] -= 1
        size -= bytes_ if not users[content] else 0
    return forget(connection, chosen) if chosen else 0


def prune(connection: sqlite3.Connection, runs: int) -> int:
    """Forget all but the newest ``runs`` runs, and those whose outputs are kept; gives how many went."""
    query = """SELECT no FROM runs WHERE status <> 'running' AND no NOT IN (SELECT no FROM runs ORDER BY no DESC LIMIT ?)
        AND no NOT IN (SELECT e.run FROM events e JOIN keys k ON k.event = e.id) LIMIT 500"""
    gone = connection.execute(query, (runs,)).fetchall()
    if not gone:
        return 0
    connection.executemany("DELETE FROM latest WHERE event IN (SELECT id FROM events WHERE run = ?)", gone)
    connection.executemany("DELETE FROM events WHERE run = ?", gone)
    connection.executemany("DELETE FROM runs WHERE no = ?", gone)
    connection.execute(
        "DELETE FROM outputs WHERE content NOT IN (SELECT content FROM keys) AND content NOT IN "
        "(SELECT content FROM events WHERE content IS NOT NULL)"
    )
    return len(gone)
