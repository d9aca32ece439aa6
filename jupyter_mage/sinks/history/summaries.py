"""A run in one line, as a row of the table of runs gives it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
