"""What blocks gave: run by run, last, before a run, and by key. Questions to an open connection, whoever opened it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ...model import Output
from . import rows
from .gate import GATE

LOOKED_AT = 200
"""Runs that are looked through."""


@dataclass(slots=True, kw_only=True)
class Latest:
    """The last good result of a block, as the tables have it: what a plan compares with, and how long it took."""

    key: str
    output: Output
    ingredients: Mapping[str, Any]
    seconds: float
    run: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A good result of a block in one run, made or taken from what was kept."""

    run: str
    at: float
    output: Output


def latest(connection: sqlite3.Connection, pipeline: str) -> dict[str, Latest]:
    """The last good result of each block of a pipeline."""
    query = f"""SELECT l.block, e.key, r.id, e.at, e.seconds, e.body, {rows.OUTPUT_COLUMNS} FROM latest l
        JOIN events e ON e.id = l.event JOIN runs r ON r.no = e.run JOIN outputs o ON o.content = e.content
        WHERE l.pipeline = ?"""  # noqa: S608 — only our own column names are put in
    found = {}
    for block, key, run, at, seconds, body, *row in connection.execute(query, (pipeline,)):
        output = rows.output_from(row)
        made = rows.Later(body, "ingredients")
        found[block] = Latest(key=key, output=output, ingredients=made, seconds=seconds, run=run, at=at)
    return found


def results(connection: sqlite3.Connection, pipeline: str, block: str, limit: int = LOOKED_AT) -> list[Result]:
    """The block's good results, newest first, one a run; results of samples are none."""
    query = f"""SELECT r.id, e.at, e.body, {rows.OUTPUT_COLUMNS} FROM runs r
        JOIN events e ON e.run = r.no AND e.block = ?2 AND e.kind IN ('block_succeeded', 'block_cached')
        JOIN outputs o ON o.content = e.content WHERE r.pipeline = ?1 ORDER BY r.no DESC, e.id DESC LIMIT ?3"""  # noqa: S608 — our own names
    found: dict[str, Result] = {}
    for run, at, body, *row in connection.execute(query, (pipeline, block, limit)):
        if run not in found and not json.loads(body).get("sampled"):
            found[run] = Result(run=run, at=at, output=rows.output_from(row))
    return list(found.values())


def before(connection: sqlite3.Connection, run: str, blocks: Collection[str]) -> dict[str, Output]:
    """What each of these blocks gave when it last went well before ``run``, without the bytes; results of samples are none."""
    earlier = """SELECT no FROM runs WHERE pipeline = (SELECT pipeline FROM runs WHERE id = ?1)
        AND no < (SELECT no FROM runs WHERE id = ?1) ORDER BY no DESC LIMIT ?2"""
    query = f"""SELECT e.block, e.body, {rows.WITHOUT_DATA} FROM events e JOIN outputs o ON o.content = e.content
        WHERE e.run = ? AND e.kind IN ('block_succeeded', 'block_cached') ORDER BY e.id DESC"""  # noqa: S608 — our own names
    found: dict[str, Output] = {}
    left = set(blocks)
    for (number,) in connection.execute(earlier, (run, LOOKED_AT)).fetchall():
        if not left:
            break
        for block, body, *row in connection.execute(query, (number,)):
            if block in left and not json.loads(body).get("sampled"):
                found[block] = rows.output_from(row)
                left.discard(block)
    return found


def by_key(connection: sqlite3.Connection) -> Callable[[str], Output | None]:
    """A function that gives the kept output of a cache key, as long as the connection is open."""
    query = f"""SELECT {rows.OUTPUT_COLUMNS} FROM keys k JOIN outputs o ON o.content = k.content
        WHERE k.key = ?"""  # noqa: S608 — only our own column names are put in

    def find(key: str) -> Output | None:
        with GATE:
            row = connection.execute(query, (key,)).fetchone()
        return None if row is None else rows.output_from(row)

    return find
