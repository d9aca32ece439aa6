"""What a block gave, run by run."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

from ...model import Output
from . import rows

LOOKED_AT = 200
"""Runs that are looked through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A good result of a block in one run, made or taken from what was kept."""

    run: str
    at: float
    output: Output


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
