"""A run in one line, as a row of the table of runs gives it; and which run a person means."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import StoreError, unknown
from .inserts import count_blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A run in one line."""

    id: str
    pipeline: str
    status: str
    started: float
    seconds: float | None
    selection: str
    executor: str
    origin: Mapping[str, Any]
    blocks: int
    """How many were selected."""
    succeeded: int = 0
    cached: int = 0
    failed: int = 0


COLUMNS = "id, pipeline, status, started, seconds, selection, executor, origin, blocks, succeeded, cached, failed, no"
"""The fields of RunSummary in their order, and the run's number."""


def summary(connection: sqlite3.Connection, row: tuple[Any, ...]) -> RunSummary:
    """The summary of a row of COLUMNS. Raises ValueError and KeyError for text in it that is damaged."""
    fields = dict(zip(RunSummary.__dataclass_fields__, row[:-1], strict=True))
    fields["origin"] = json.loads(fields["origin"])
    if fields["status"] == "running":  # counted when it ends
        fields.update(zip(("succeeded", "cached", "failed"), count_blocks(connection, row[-1]), strict=True))
    return RunSummary(**fields)


def named(connection: sqlite3.Connection, text: str, pipeline: str | None = None) -> str:
    """The id that ``text`` means: itself, ``last`` (or ``-1``, ``-2`` …), or the start or end of exactly one id."""
    query = "SELECT id FROM runs WHERE ?1 IS NULL OR pipeline = ?1 ORDER BY no DESC"
    return _resolve(text, [row[0] for row in connection.execute(query, (pipeline,))])


def last_variables(connection: sqlite3.Connection, pipeline: str) -> tuple[str, float, dict[str, Any]]:
    """The pipeline's newest run, when it began, and the variables that it was given; empty where it never ran."""
    query = """SELECT r.id, r.started, e.body FROM runs r JOIN events e ON e.run = r.no AND e.block IS NULL
        AND e.kind IN ('run_started', 'run_resumed') WHERE r.no = (SELECT max(no) FROM runs WHERE pipeline = ?)
        ORDER BY e.id DESC LIMIT 1"""
    found = connection.execute(query, (pipeline,)).fetchone()
    return ("", 0.0, {}) if found is None else (found[0], found[1], json.loads(found[2]).get("variables", {}))


def _resolve(text: str, ids: Sequence[str]) -> str:
    wanted = text.strip()
    if wanted in ids:
        return wanted
    place = -1 if wanted in ("last", "") else _negative(wanted)
    if place is not None and ids:
        if -place <= len(ids):
            return ids[-place - 1]
        raise StoreError(f"there are only {len(ids)} runs, so no run {wanted}", hint="%pipeline runs")
    near = [run for run in ids if run.startswith(wanted) or run.endswith(wanted)]
    if len(near) == 1:
        return near[0]
    if len(near) > 1:
        raise StoreError(f"{wanted!r} could be any of {len(near)} runs: {', '.join(near[:5])} …", hint="type more of it")
    raise unknown("run", wanted, ids, hint="%pipeline runs")


def _negative(text: str) -> int | None:
    return int(text) if text.startswith("-") and text[1:].isdecimal() and int(text) < 0 else None
