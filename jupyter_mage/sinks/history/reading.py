"""A project's history, looked at by somebody who has no part in it: opened for each question, never written, never repaired.

`History` writes when it is opened: it makes the file, brings its tables up to date, marks dead runs, moves a broken file aside.
A server that looks through folders must do none of that.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ... import events as ev
from ...errors import unknown
from ...model import Output
from ...state import Run, fold
from . import database, results, rows, summaries
from .gate import GATE
from .liveness import RunLocks
from .results import Latest, Result
from .summaries import RunSummary


class Reader:
    """What can be asked of the history below ``root`` without touching it. Raises StoreError where it cannot be read.

    >>> import tempfile
    >>> Reader(Path(tempfile.mkdtemp())).runs()
    []
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self.path = self.root / "history.db"
        self._runs = RunLocks(self.root / "locks")

    def stamp(self) -> str:
        """A text that is another one when anybody has written; to ask for it costs two looks at the folder."""
        return "-".join(_stamp(each) for each in (self.path, Path(f"{self.path}-wal")))

    def runs(
        self, pipeline: str | None = None, limit: int = 50, *, status: str | None = None, before: str = ""
    ) -> list[RunSummary]:
        """Runs, newest first; those before the run ``before``. A run whose process died is interrupted, not running."""
        query = f"""SELECT {summaries.COLUMNS} FROM runs WHERE (?1 IS NULL OR pipeline = ?1) AND (?2 IS NULL OR status = ?2)
            AND (?3 = '' OR no < (SELECT no FROM runs WHERE id = ?3)) ORDER BY no DESC LIMIT ?4"""  # noqa: S608 — our own names
        return self._summaries(query, (pipeline, status, before, limit))

    def last_runs(self) -> dict[str, RunSummary]:
        """The newest run of each pipeline that ever ran here."""
        query = f"SELECT {summaries.COLUMNS} FROM runs WHERE no IN (SELECT max(no) FROM runs GROUP BY pipeline)"  # noqa: S608
        return {each.pipeline: each for each in self._summaries(query, ())}

    def summary(self, run: str) -> RunSummary:
        """One run in a line. Raises UnknownNameError."""
        query = f"SELECT {summaries.COLUMNS} FROM runs WHERE id = ?"  # noqa: S608
        found = self._summaries(query, (run,))
        if not found:
            raise unknown("run", run, (each.id for each in self.runs(limit=200)), hint="jupyter mage runs PROJECT")
        return found[0]

    def events(self, run: str, after: int = 0, limit: int = -1) -> list[tuple[int, ev.Event]]:
        """The events of a run from behind event number ``after``, each with its number; ``limit``: of so many rows.

        Outputs have no bytes here: `output` gives them.
        """
        with self._read() as connection:
            columns = rows.EVENT_COLUMNS
            if database.check_version(connection, self.path) < 3:  # nobody has brought it up to date yet, nor do we
                columns = columns.replace("e.started", "NULL")
            query = f"""SELECT e.id, {columns}, {rows.WITHOUT_DATA} FROM events e
                JOIN runs r ON r.no = e.run LEFT JOIN outputs o ON o.content = e.content
                WHERE r.id = ? AND e.id > ? ORDER BY e.id LIMIT ?"""  # noqa: S608 — only our own column names are put in
            found = connection.execute(query, (run, after, limit))
            told = (each for row in found for each in rows.events_from(run, row))
            return [(number, event) for number, event in told if number > after]

    def run(self, run: str) -> Run:
        """The state that a run's events fold to."""
        return fold(event for _, event in self.events(run))

    def resolve_run(self, text: str, pipeline: str | None = None) -> str:
        """As `History.resolve_run`."""
        with self._read() as connection:
            return summaries.named(connection, text, pipeline)

    def latest(self, pipeline: str) -> dict[str, Latest]:
        """The last good result of each block of a pipeline."""
        with self._read() as connection:
            return results.latest(connection, pipeline)

    def last_variables(self, pipeline: str) -> tuple[str, float, dict[str, Any]]:
        """The pipeline's newest run, when it began, and the variables that it was given; empty where it never ran."""
        with self._read() as connection:
            return summaries.last_variables(connection, pipeline)

    def results(self, pipeline: str, block: str) -> list[Result]:
        """The good results of a block, newest first, one a run; samples are none."""
        with self._read() as connection:
            return results.results(connection, pipeline, block)

    def before(self, run: str, blocks: Collection[str]) -> dict[str, Output]:
        """What each of these blocks gave in the last good run before ``run``."""
        with self._read() as connection:
            return results.before(connection, run, blocks)

    @contextlib.contextmanager
    def lookup(self) -> Iterator[Callable[[str], Output | None]]:
        """A function that gives the kept output of a cache key: one connection for all that is asked."""
        with self._read() as connection:
            yield results.by_key(connection)

    def output(self, content: str) -> Output | None:
        """The output of this content name, with its bytes when they are few."""
        query = f"SELECT {rows.OUTPUT_COLUMNS} FROM outputs o WHERE o.content = ?"  # noqa: S608 — as above
        with self._read() as connection:
            row = connection.execute(query, (content,)).fetchone()
        return None if row is None else rows.output_from(row)

    def ingredients(self, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """What these keys were made of, where that is still known."""
        with self._read() as connection:
            return rows.ingredients(connection, keys)

    def dead(self, run: str) -> bool:
        """Whether no living process runs it."""
        return self._runs.dead(run)

    def holder(self, run: str) -> dict[str, object]:
        """Who runs ``run`` now (pid, host, since); empty where nobody does."""
        return {} if self._runs.dead(run) else self._runs.holder(run)

    def _summaries(self, query: str, values: tuple[Any, ...]) -> list[RunSummary]:
        found = self._read_summaries(query, values)
        gone = {each.id for each in found if each.status == "running" and self._runs.dead(each.id)}
        if gone:  # or it ended between the two looks: it says that it did before it lets go of its lock
            found = self._read_summaries(query, values)
        return [
            dataclasses.replace(each, status="interrupted") if each.id in gone and each.status == "running" else each
            for each in found
        ]

    def _read_summaries(self, query: str, values: tuple[Any, ...]) -> list[RunSummary]:
        with self._read() as connection:
            return [summaries.summary(connection, row) for row in connection.execute(query, values).fetchall()]

    @contextlib.contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        if self.path.exists():
            with database.reader(self.path, frozen=not os.access(self.root, os.W_OK)) as connection, GATE:
                if database.check_version(connection, self.path):
                    yield connection
                    return
        with contextlib.closing(database.empty()) as connection:  # there is none, or somebody begins it just now
            yield connection


def _stamp(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return "0"
    if not found.st_size:  # a reader makes an empty log, too
        return "0"
    return f"{found.st_ino:x}.{found.st_size:x}.{found.st_mtime_ns:x}"
