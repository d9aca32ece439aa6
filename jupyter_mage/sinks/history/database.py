"""The history file: opened, brought to this version's tables, and moved aside when it is broken.

Nothing here knows of events. Every function that writes expects its caller to hold the history's lock, which is what makes a
second writer or checkpointer impossible. The file itself is only ever touched through SQLite: opening and closing it beside
SQLite would drop SQLite's own locks.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ...errors import StoreError
from ...files import point, sync_folder
from .gate import GATE

VERSION = 3
APPLICATION_ID = 0x4A4D4731
"""``JMG1``: marks the file as ours, so that another program's database is never written to."""

CHECK_LIMIT = 64 << 20
"""``quick_check`` reads the whole file: about 0.1 s at this size. A larger file is checked page by page as it is read."""

TABLES = (
    """CREATE TABLE runs (no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, pipeline TEXT NOT NULL, status TEXT NOT NULL,
         started REAL NOT NULL, seconds REAL, selection TEXT NOT NULL, executor TEXT NOT NULL, origin TEXT NOT NULL,
         blocks INTEGER NOT NULL, succeeded INTEGER NOT NULL DEFAULT 0, cached INTEGER NOT NULL DEFAULT 0,
         failed INTEGER NOT NULL DEFAULT 0)""",
    "CREATE INDEX runs_pipeline ON runs (pipeline, no)",
    """CREATE TABLE events (id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (no), kind TEXT NOT NULL, block TEXT,
         at REAL NOT NULL, seconds REAL, key TEXT, content TEXT, body TEXT NOT NULL, started REAL)""",
    "CREATE INDEX events_run ON events (run, block, kind)",
    """CREATE TABLE outputs (content TEXT NOT NULL UNIQUE, codec TEXT NOT NULL, type TEXT NOT NULL, size INTEGER NOT NULL,
         "rows" INTEGER, columns TEXT, preview TEXT NOT NULL, data BLOB)""",
    "CREATE TABLE keys (key TEXT PRIMARY KEY, content TEXT NOT NULL, event INTEGER NOT NULL) WITHOUT ROWID",
    """CREATE TABLE latest (pipeline TEXT NOT NULL, block TEXT NOT NULL, event INTEGER NOT NULL,
         PRIMARY KEY (pipeline, block)) WITHOUT ROWID""",
)

STEPS = {1: ("DROP INDEX events_success",), 2: ("ALTER TABLE events ADD COLUMN started REAL",)}
"""From each earlier version to the next. The first held a run to one success a block: a resumed run may make it again. The
second had a row of its own for the start of every block; where the block's success follows at once, it stands in that row now."""

_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Broken(Exception):
    """The file is not a history that can be read on."""


def broken(error: sqlite3.Error) -> bool:
    """Whether SQLite says the file itself is wrong, as against busy, full or not permitted."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _BROKEN


def open_writer(path: Path, *, durability: str) -> tuple[sqlite3.Connection, str]:
    """The one write connection, and a notice for the user: empty, or what was moved aside and why.

    Raises StoreError where the history is from a newer version or cannot be written at all.
    """
    notice = ""
    try:
        connection = _open(path, durability)
    except Broken as error:
        aside = move_aside(path)
        notice = f"the history was not readable ({error}): it was moved to {aside}, and a new one begun; outputs are untouched"
        connection = _open(path, durability)
    return connection, notice


def connect(path: Path, durability: str) -> sqlite3.Connection:
    """A write connection, not yet looked at."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False, cached_statements=64)
    _set_up(connection, durability)
    return connection


def _set_up(connection: sqlite3.Connection, durability: str) -> None:
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA synchronous = {'FULL' if durability == 'power' else 'NORMAL'}")


def _open(path: Path, durability: str) -> sqlite3.Connection:
    new = not path.exists()
    if new:  # SQLite gives its side files the rights of the file itself; nobody can have one open that is not there
        path.touch(0o600, exist_ok=False)
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False, cached_statements=64)
    try:
        _set_up(connection, durability)
        _check(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        _migrate(connection)
        if new:  # SQLite syncs its files, but not the folder that now names them
            sync_folder(path.parent)
    except sqlite3.Error as error:
        connection.close()
        if broken(error):
            raise Broken(str(error)) from error
        raise
    except UnicodeError as error:  # text of the file itself, in what SQLite says of it
        connection.close()
        raise Broken("its text is damaged") from error
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse what is not ours, is newer, or is damaged."""
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if tables and application != APPLICATION_ID:
        raise Broken("it is another program's database")
    check_version(connection, path)
    if path.stat().st_size < CHECK_LIMIT:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise Broken(verdict.replace("\n", " ")[:200])
    if version == VERSION and _tables_of(connection) != _own_tables():
        raise Broken("its tables are not those of this version")


def check_version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of its tables, 0 where it has none yet. Raises StoreError where a newer version wrote it."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise StoreError(
            f"the history {path} was written by a newer version (its tables are version {version}, this one knows {VERSION})",
            hint="pip install --upgrade jupyter_mage",
        )
    return version


def _tables_of(connection: sqlite3.Connection) -> list[tuple[str]]:
    return connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY sql").fetchall()


@cache
def _own_tables() -> list[tuple[str]]:
    with contextlib.closing(empty()) as connection:
        return _tables_of(connection)


def _migrate(connection: sqlite3.Connection) -> None:
    """Make the tables, or change them to this version's, in one transaction: killed half-way, nothing has happened."""
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found == VERSION:
        return
    steps = TABLES if not found else [statement for version in range(found, VERSION) for statement in STEPS[version]]
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in steps:
            connection.execute(statement)
        point("history:migrating")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def empty() -> sqlite3.Connection:
    """The history of a project that has none and where none can be begun (a read-only folder)."""
    with GATE:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        for statement in TABLES:
            connection.execute(statement)
    return connection


def move_aside(path: Path) -> Path:
    """Rename a broken history (and its log) to ``history.db.corrupt-<time>``; nothing is deleted."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    aside = path.with_name(f"{path.name}.corrupt-{stamp}")
    count = 0
    while aside.exists():
        count += 1
        aside = path.with_name(f"{path.name}.corrupt-{stamp}-{count}")
    for suffix in ("-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").replace(f"{aside}{suffix}")
    return aside


@contextlib.contextmanager
def reader(path: Path, *, frozen: bool = False) -> Iterator[sqlite3.Connection]:
    """A read-only connection; use it inside the `GATE`. Raises StoreError, translated, for whatever SQLite says inside.

    ``frozen``: the folder cannot be written to, so SQLite can make no side files and nobody changes the history either.
    """
    mode = "mode=ro&immutable=1" if frozen else "mode=ro"
    try:
        with GATE:
            connection = sqlite3.connect(f"file:{_quoted(path)}?{mode}", uri=True, timeout=30, isolation_level=None)
        try:
            yield connection
        finally:
            with GATE:
                connection.close()
    except (sqlite3.Error, ValueError, TypeError, KeyError) as error:  # the latter: text, JSON or rows in it that are damaged
        raise translated(error, path, "read") from error


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(str(path.absolute()))


def translated(error: Exception, path: Path, verb: str) -> StoreError:
    """SQLite's or the system's error in our words."""
    if isinstance(error, StoreError):
        return error
    hint = "free space or permissions, then the same command again"
    if not isinstance(error, sqlite3.Error | OSError) or (isinstance(error, sqlite3.Error) and broken(error)):
        hint = "restart the kernel (or run the command again): the broken file is then moved aside and a new one begun"
    return StoreError(f"the history {path} could not be {'written' if verb == 'write' else 'read'}: {error}", hint=hint)
