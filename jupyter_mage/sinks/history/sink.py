"""The history of one project: a subscriber to events, and what can be asked of it afterwards."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sqlite3
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ... import events as ev
from ...errors import ProjectError, StoreError, unknown
from ...files import FileLock, atomic_write, sweep
from ...model import Output
from ...state import Run, fold
from . import database, keeping, results, rows, summaries
from .gate import GATE
from .keeping import KeptOutput
from .liveness import RunLocks
from .reading import Reader
from .results import Latest, Result
from .summaries import RunSummary
from .writer import Writer, locked

log = logging.getLogger(__name__)

_CHUNK = 10_000
"""Keys in one SELECT; SQLite's own limit is 32,766."""


class History:
    """Keeps every event of every run under ``root`` in ``history.db``; opening it is also the recovery after a crash.

    ``durability`` says what an acknowledged event survives: ``process`` a kill of this process, ``power`` a power cut too.
    Raises StoreError where the history is from a newer version; where it cannot be written, reading works and the first event
    raises.

    >>> import tempfile
    >>> history = History(Path(tempfile.mkdtemp()))
    >>> history(ev.RunStarted(run="r1", pipeline="p", blocks=("a",)))
    >>> history(ev.RunFinished(run="r1", status="succeeded", seconds=0.5))
    >>> history.run("r1").status, history.resolve_run("last")
    ('succeeded', 'r1')
    >>> history.close()
    """

    reader = Reader
    """What looks at a history and leaves it as it is."""

    def __init__(self, root: Path, *, durability: str = "process") -> None:
        if durability not in ("process", "power"):
            raise unknown("durability", durability, ("process", "power"))
        self.root = Path(root)
        self.path = self.root / "history.db"
        self.notices: list[str] = []
        """What opening found and put right, for the user to be told."""
        self._pid = os.getpid()
        self._refusal: StoreError | None = None
        self._lock = FileLock(self.root / "history.lock")
        self._runs = RunLocks(self.root / "locks")
        self._writer: Writer | None = None
        self._pipelines: dict[str, str] = {}
        """The pipeline of each run under way."""
        self._identity: tuple[int, int] | None = None
        self._latest: dict[str, dict[str, Latest | ev.BlockSucceeded]] = {}
        """What `latest` read, kept up by our own events: good as long as nobody else has written."""
        self._latest_version = (0, 0)
        _open_histories.add(self)
        self._open(durability)

    def _open(self, durability: str) -> None:
        self._power = durability == "power"
        try:
            prepare_folder(self.root)
            with locked(self._lock, self.path):
                sweep(self.root)
                with GATE:
                    connection, notice = database.open_writer(self.path, durability=durability)
        except (sqlite3.Error, OSError, ProjectError) as error:
            self._refusal = database.translated(error, self.path, "write")
            return
        if notice:
            self.notices.append(notice)
            log.warning("%s", notice)
        self._writer = Writer(connection, self.path, self._lock, durability=durability)
        self._identity = _identity(self.path)
        with contextlib.suppress(StoreError, OSError):  # a full disk: the runs stay marked as running until it is not
            self.recover()
            self._runs.sweep()

    def __call__(self, event: ev.Event) -> None:
        """Keep an event: in line at once, committed within 20 ms.

        The start and end of a run and a failure return only when they, and all before them, are on the disk. Raises StoreError
        where the history cannot be written: the run must not go on unrecorded.
        """
        writer = self._own_writer()
        kind = type(event)
        if kind is ev.BlockStarted:  # half of all events
            writer.add(event)
            return
        if isinstance(event, ev.RunStarted):
            self._start(writer, event)
            return
        if kind not in _SYNCED:
            writer.add(event)
            if isinstance(event, ev.GIVING) and not event.sampled:
                self._follow(event)
            if self._power and kind is ev.BlockSucceeded:  # before anything depends on it
                writer.flush(full_sync=True)
            return
        try:
            writer.failure = None  # what stopped the writer before (a full disk, say) may be over
            writer.add(event)
            writer.flush(full_sync=True)
        finally:
            if kind is ev.RunFinished:
                self._runs.release(event.run)
                self._pipelines.pop(event.run, None)

    def _follow(self, event: ev.BlockSucceeded | ev.BlockCached) -> None:
        """Keep `_latest` what the tables will say; where that is not sure, they are read again."""
        pipeline = self._pipelines.get(event.run, "")
        known = self._latest.get(pipeline)
        if known is None:
            return
        before = known.get(event.block)
        if isinstance(event, ev.BlockCached):
            if before is None or before.key != event.key:
                del self._latest[pipeline]
        elif before is not None and before.run == event.run:
            del self._latest[pipeline]
        else:
            known[event.block] = event

    def _start(self, writer: Writer, event: ev.RunStarted) -> None:
        """A run begins: nobody else may run it, and what is told of it goes where it can be found again."""
        if self._identity != _identity(self.path):
            raise StoreError(
                f"the history {self.path} was deleted or replaced while it was open",
                hint="restart the kernel (or run the command again): a new one is then begun",
            )
        try:
            self._runs.take(event.run)
        except OSError as error:
            raise database.translated(error, self.path, "write") from error
        self._pipelines[event.run] = event.pipeline
        try:
            writer.failure = None
            writer.add(event)
            writer.flush(full_sync=True)
        except BaseException:
            self._runs.release(event.run)  # it does not go on, so it is found interrupted
            raise

    def claim(self, run: str) -> None:
        """Hold a run before it is resumed. Raises StoreError, with the holder, where another process runs it."""
        self._runs.take(run)

    def unclaim(self, run: str) -> None:
        """Let go of a run that was claimed and not gone on with."""
        self._runs.release(run)

    def holder(self, run: str) -> dict[str, object]:
        """Who runs ``run`` now (pid, host, since); empty where nobody does."""
        return {} if self._runs.dead(run) else self._runs.holder(run)

    def flush(self) -> None:
        """Return when every event so far is as durable as the mode says. Raises StoreError where that cannot be."""
        self._own_writer().flush()

    def close(self) -> None:
        """Write what is left and let go of every lock; runs that have not finished are then found interrupted."""
        if self._pid != os.getpid():
            return
        writer, self._writer = self._writer, None
        try:
            if writer is not None:
                writer.close()
                writer.shut()
        except (sqlite3.Error, OSError) as error:
            raise database.translated(error, self.path, "write") from error
        finally:
            self._refusal = self._refusal or StoreError(f"the history {self.path} is closed", hint="open it again")
            self._runs.close()
            self._lock.close()

    def recover(self) -> list[str]:
        """Mark runs whose process is gone as ``interrupted``; gives their ids."""
        writer = self._own_writer()
        with self._read() as connection:
            running = [row[0] for row in connection.execute("SELECT id FROM runs WHERE status = 'running'")]
        gone = [run for run in running if self._runs.dead(run)]
        try:
            gone = writer.interrupt(gone, self._runs.dead) if gone else []
        except (sqlite3.Error, OSError) as error:
            raise database.translated(error, self.path, "write") from error
        if gone:
            self._runs.sweep()
        return gone

    def events(self, run: str) -> list[ev.Event]:
        """Every event of a run, in order; none for a run that is not there."""
        self._settle()
        query = f"""SELECT e.id, {rows.EVENT_COLUMNS}, {rows.OUTPUT_COLUMNS} FROM events e
            JOIN runs r ON r.no = e.run LEFT JOIN outputs o ON o.content = e.content
            WHERE r.id = ? ORDER BY e.id"""  # noqa: S608 — only our own column names are put in
        with self._read() as connection:
            return [event for row in connection.execute(query, (run,)) for _, event in rows.events_from(run, row)]

    def run(self, run: str) -> Run:
        """The state that a run's events fold to."""
        return fold(self.events(run))

    def runs(self, pipeline: str | None = None, limit: int = 50) -> list[RunSummary]:
        """Runs, newest first. A run whose process died is said to be interrupted, not running."""
        self._settle()
        if self._writer is not None:
            with contextlib.suppress(StoreError):  # a full disk must not stop one from looking
                self.recover()
        query = f"""SELECT {summaries.COLUMNS} FROM runs WHERE ?1 IS NULL OR pipeline = ?1
            ORDER BY no DESC LIMIT ?2"""  # noqa: S608 — only our own column names are put in
        with self._read() as connection:
            return [summaries.summary(connection, row) for row in connection.execute(query, (pipeline, limit)).fetchall()]

    def resolve_run(self, text: str, pipeline: str | None = None) -> str:
        """The id that ``text`` means: itself, ``last`` (or ``-1``, ``-2`` …), or the start or end of exactly one id."""
        self._settle()
        with self._read() as connection:
            return summaries.named(connection, text, pipeline)

    def outputs(self, keys: Sequence[str]) -> dict[str, Output]:
        """The kept output of each cache key that has one."""
        self._settle()
        found: dict[str, Output] = {}
        with self._read() as connection:
            for start in range(0, len(keys), _CHUNK):
                chunk = [key for key in keys[start : start + _CHUNK] if key]
                marks = ",".join("?" * len(chunk))
                query = f"""SELECT k.key, {rows.OUTPUT_COLUMNS} FROM keys k JOIN outputs o ON o.content = k.content
                    WHERE k.key IN ({marks})"""  # noqa: S608 — only question marks and our own column names are put in
                for key, *row in connection.execute(query, chunk):
                    found[key] = rows.output_from(row)
        return found

    @contextlib.contextmanager
    def lookup(self) -> Iterator[Callable[[str], Output | None]]:
        """A function that gives the kept output of a cache key: one connection for all that a run asks, on the run's own thread.

        It sees what was committed when it is asked. A run's own events need not be: no other block has the same key.
        """
        self._settle()
        with self._connected() as connection:
            yield results.by_key(connection)

    def latest(self, pipeline: str) -> dict[str, Latest | ev.BlockSucceeded]:
        """The last good result of each block of a pipeline; one that this process told, as it told it."""
        self._settle()
        writer = self._writer if self._pid == os.getpid() else None
        if writer is None or writer.failure is not None:
            return self._read_latest(pipeline)
        version = writer.others_version()
        if version != self._latest_version:
            self._latest.clear()
            self._latest_version = version
        known = self._latest.get(pipeline)  # held: a run on another thread may drop it from the table meanwhile
        if known is None:
            known = self._latest[pipeline] = self._read_latest(pipeline)
        return dict(known)

    def last_variables(self, pipeline: str) -> tuple[str, float, dict[str, Any]]:
        """The pipeline's newest run, when it began, and the variables that it was given; empty where it never ran."""
        self._settle()
        with self._read() as connection:
            return summaries.last_variables(connection, pipeline)

    def results(self, pipeline: str, block: str) -> list[Result]:
        """The good results of a block, newest first, one a run; samples are none."""
        self._settle()
        with self._read() as connection:
            return results.results(connection, pipeline, block)

    def _read_latest(self, pipeline: str) -> dict[str, Latest | ev.BlockSucceeded]:
        with self._read() as connection:
            return {**results.latest(connection, pipeline)}

    def output(self, content: str) -> Output | None:
        """The output of this content name, with its bytes when they are few."""
        self._settle()
        query = f"SELECT {rows.OUTPUT_COLUMNS} FROM outputs o WHERE o.content = ?"  # noqa: S608 — as above
        with self._read() as connection:
            row = connection.execute(query, (content,)).fetchone()
        return None if row is None else rows.output_from(row)

    def contents(self) -> set[str]:
        """Names of every output that a key, or a run that goes on or may be resumed, still gives: what a store has to keep."""
        self._settle()
        with self._read() as connection:
            return {row[0] for row in connection.execute(keeping.NEEDED)}

    def ingredients(self, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """What these keys were made of, where that is still known."""
        self._settle()
        with self._read() as connection:
            return rows.ingredients(connection, keys)

    def kept(self) -> list[KeptOutput]:
        """What the cache has, by key."""
        self._settle()
        with self._read() as connection:
            return keeping.kept(connection)

    def kept_size(self) -> int:
        """Bytes of all that the cache has."""
        self._settle()
        with self._read() as connection:
            return keeping.kept_size(connection)

    def forget(self, keys: Iterable[str]) -> int:
        """Forget what these keys give; gives how many there were. Files go with the store's next collection."""
        chosen = tuple(keys)
        return self._change(lambda connection: keeping.forget(connection, chosen))

    def evict(self, limit: int) -> int:
        """Forget the oldest keys until what is kept is at most ``limit`` bytes."""
        return self._change(lambda connection: keeping.evict(connection, limit))

    def prune(self, runs: int) -> int:
        """Forget all but the newest ``runs`` runs and those whose outputs are kept, a few hundred at a time."""
        return self._change(lambda connection: keeping.prune(connection, runs))

    def _change(self, action: Callable[[sqlite3.Connection], int]) -> int:
        count = self._own_writer().change(action)
        if count:  # our own changes do not count as somebody else's
            self._latest.clear()
        return count

    def _own_writer(self) -> Writer:
        if self._pid != os.getpid():
            raise StoreError("this history was opened by another process and cannot be used in a fork of it", hint="open it anew")
        if self._writer is None:
            raise self._refusal or StoreError(f"the history {self.path} is closed", hint="open it again")
        return self._writer

    def _settle(self) -> None:
        """Let readers see what this process has already told."""
        if self._writer is not None and self._pid == os.getpid() and self._writer.pending:
            self._writer.flush()

    @contextlib.contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        with self._connected() as connection, GATE:
            yield connection

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        if self._refusal is not None and not self.path.exists():
            with contextlib.closing(database.empty()) as connection:
                yield connection
            return
        with database.reader(self.path, frozen=not os.access(self.root, os.W_OK)) as connection:
            yield connection


_SYNCED = frozenset({ev.RunFinished, ev.BlockFailed})


def prepare_folder(root: Path) -> None:
    """Make the state folder: only this user may look into it, and git does not see it."""
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    (root / "locks").mkdir(exist_ok=True, mode=0o700)
    ignore = root / ".gitignore"
    if not ignore.exists():
        root.chmod(0o700)
        atomic_write(ignore, "*\n", durable=False, mode=0o600)


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file stands at this path, or None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


_open_histories: weakref.WeakSet[History] = weakref.WeakSet()


def _close_all() -> None:
    """At the interpreter's exit: the writer is a daemon thread, so what is still in line has to be written now."""
    for history in tuple(_open_histories):
        with contextlib.suppress(StoreError):
            history.close()


def _writers() -> list[Writer]:
    return [history._writer for history in tuple(_open_histories) if history._writer is not None]


def _before_fork() -> None:
    GATE.shut(5.0)
    for writer in _writers():
        writer.before_fork()


def _after_fork(*, child: bool) -> None:
    for writer in _writers():
        writer.after_fork(child=child)
    if child:
        GATE.forget()
    else:
        GATE.reopen()


atexit.register(_close_all)
os.register_at_fork(
    before=_before_fork,
    after_in_parent=lambda: _after_fork(child=False),
    after_in_child=lambda: _after_fork(child=True),
)
