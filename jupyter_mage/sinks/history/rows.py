"""Events as rows and back.

A row keeps what is asked for by itself (run, kind, block, time, key, output) in columns and the rest as JSON. An output stands in
its own table, once per content, with its bytes when they are few.
"""

from __future__ import annotations

import dataclasses
import json
import operator
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ... import compact
from ... import events as ev
from ...model import Failure, Output

OUTPUT_FIELDS = 'content, codec, type, size, "rows", columns, preview, data'
OUTPUT_COLUMNS = 'o.content, o.codec, o.type, o.size, o."rows", o.columns, o.preview, o.data'
WITHOUT_DATA = OUTPUT_COLUMNS.replace("o.data", "NULL")

EVENT_FIELDS = "id, run, kind, block, at, seconds, key, content, body, started"
EVENT_COLUMNS = "e.kind, e.block, e.at, e.seconds, e.key, e.body, e.started"
NOTHING = "-"
"""Stands for NULL in a row that goes into the tables: for None, sqlite3 looks for an adapter, which takes a microsecond."""

EventRow = tuple[int, int, str, str, float, float | str, str, str, str, float | str]
OutputRow = tuple[str, str, str, int, int | str, str, str, bytearray | str]

_TUPLES = frozenset({"blocks", "tests"})
_COLUMN_FIELDS = frozenset({"run", "at", "block", "seconds", "key", "output"})


def _repr(value: object) -> str:
    """Stands in for what JSON cannot say (a variable's value may be anything); must not fail, whatever ``__repr__`` does."""
    try:
        return repr(value)[:2000]
    except Exception as error:  # noqa: BLE001 — a stranger's __repr__: its mistake must not cost the history
        return f"<{type(value).__name__} whose repr raised {type(error).__name__}>"


def _default(value: object) -> object:
    """What JSON has no form for: frozen mappings and our own dataclasses as dicts, the rest as text."""
    if isinstance(value, Mapping):
        return dict(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return _repr(value)


_encode = compact.writer(default=_default, ascii_only=True)


def to_text(value: object) -> str:
    """JSON in ASCII (lone surrogates of a log survive it), whatever ``value`` holds."""
    try:
        return _encode(value)
    except (TypeError, ValueError, RecursionError):  # keys that are no text, circles
        return _encode(_tame(value, 12))


def _tame(value: object, depth: int) -> object:
    if isinstance(value, Mapping) and depth:
        return {key if isinstance(key, str) else _repr(key): _tame(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple) and depth:
        return [_tame(item, depth - 1) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else _repr(value)


def _body_writer(kind: type[ev.Event]) -> Callable[[ev.Event], str]:
    """The function that writes the fields of ``kind`` that have no column."""
    names = tuple(item.name for item in dataclasses.fields(kind) if item.name not in _COLUMN_FIELDS)
    if len(names) < 2:
        return lambda event: to_text({name: getattr(event, name) for name in names})
    values = operator.attrgetter(*names)
    return lambda event: to_text(dict(zip(names, values(event), strict=True)))


def _body_of_start(event: ev.RunStarted) -> str:
    """Without the names of the blocks where the graph has them, in this order: of a large pipeline they are half of it."""
    fields = {name: getattr(event, name) for name in _OF_START}
    if tuple(event.graph) == event.blocks:
        del fields["blocks"]
    return to_text(fields)


_OF_START = tuple(f.name for f in dataclasses.fields(ev.RunStarted) if f.name not in _COLUMN_FIELDS)
_WRITERS: dict[type[ev.Event], Callable[[Any], str]] = {kind: _body_writer(kind) for kind in ev.KINDS.values()}
_WRITERS[ev.RunStarted] = _WRITERS[ev.RunResumed] = _body_of_start
_FIRST_ATTEMPT, _WHOLE, _SAMPLED = to_text({"attempt": 1}), to_text({"sampled": False}), to_text({"sampled": True})


def _body_of_success(event: ev.BlockSucceeded) -> str:
    """Only what there is: of these fields, each is empty where it is left out."""
    fields: dict[str, object] = {"cpu_seconds": event.cpu_seconds} if event.cpu_seconds else {}
    if event.peak_memory:
        fields["peak_memory"] = event.peak_memory
    if event.log:
        fields["log"] = event.log
    if event.tests:
        fields["tests"] = event.tests
    if event.ingredients:
        fields["ingredients"] = event.ingredients
    if event.sampled:
        fields["sampled"] = True
    if event.true is not None:  # most blocks say neither yes nor no
        fields["true"] = event.true
    return to_text(fields)


def event_row(number: int, run: int, event: ev.Event, started: float | None = None) -> EventRow:
    """The row of EVENT_FIELDS; ``started`` is when the block of a success was started, where that has no row of its own."""
    if type(event) is ev.BlockStarted:
        body = _FIRST_ATTEMPT if event.attempt == 1 else to_text({"attempt": event.attempt})
        return number, run, event.name, event.block, event.at, NOTHING, NOTHING, NOTHING, body, NOTHING
    if type(event) is ev.BlockSucceeded:
        body, content = _body_of_success(event), event.output.content
        began = NOTHING if started is None else started
        return number, run, event.name, event.block, event.at, event.seconds, event.key, content, body, began
    if type(event) is ev.BlockCached:
        body = _SAMPLED if event.sampled else _WHOLE
        return number, run, event.name, event.block, event.at, NOTHING, event.key, event.output.content, body, NOTHING
    write = _WRITERS.get(type(event)) or _body_writer(type(event))
    output = getattr(event, "output", None)
    return (
        number,
        run,
        event.name,
        getattr(event, "block", NOTHING),
        event.at,
        getattr(event, "seconds", NOTHING),
        getattr(event, "key", NOTHING),
        NOTHING if output is None else output.content,
        write(event),
        NOTHING,
    )


def output_row(output: Output) -> OutputRow:
    columns = NOTHING if output.columns is None else to_text(output.columns)
    preview = output.preview if output.preview.isascii() else output.preview.encode("utf-8", "backslashreplace").decode()
    rows = NOTHING if output.rows is None else output.rows
    data = NOTHING if output.data is None else bytearray(output.data)  # for bytes, too, an adapter would be looked for
    return output.content, output.codec, output.type, output.size, rows, columns, preview, data


def output_from(row: Sequence[Any]) -> Output:
    """The output of a row of OUTPUT_FIELDS."""
    content, codec, type_, size, rows, columns, preview, data = row
    pairs = None if columns is None else tuple((name, dtype) for name, dtype in json.loads(columns))
    return Output(content=content, codec=codec, type=type_, size=size, rows=rows, columns=pairs, preview=preview, data=data)


class Later(Mapping[str, Any]):
    """One mapping in a row's JSON, read when it is first looked into: most are only looked at when something changed."""

    def __init__(self, text: str, field: str) -> None:
        self._text = text
        self._field = field
        self._read: dict[str, Any] | None = None

    def _mapping(self) -> dict[str, Any]:
        if self._read is None:
            self._read = json.loads(self._text).get(self._field, {})
        return self._read

    def __getitem__(self, key: str) -> Any:
        return self._mapping()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._mapping())

    def __len__(self) -> int:
        return len(self._mapping())

    def __repr__(self) -> str:
        return repr(self._mapping())


def event_from(run: str, row: Sequence[Any]) -> ev.Event | None:
    """The event of a row of EVENT_COLUMNS and OUTPUT_FIELDS; None for a kind unknown to this version."""
    name, block, at, seconds, key, body, _ = row[:7]
    kind = ev.KINDS.get(name)
    if kind is None:
        return None
    fields = json.loads(body)
    for field in _TUPLES & fields.keys():
        fields[field] = tuple(fields[field])
    if issubclass(kind, ev.RunStarted) and "blocks" not in fields:
        fields["blocks"] = tuple(fields["graph"])
    if "failure" in fields:
        failure = fields["failure"]
        fields["failure"] = Failure(**{**failure, "inputs": tuple((upstream, shape) for upstream, shape in failure["inputs"])})
    if block is not None:
        fields["block"] = block
    if seconds is not None:
        fields["seconds"] = seconds
    if key is not None:
        fields["key"] = key
        fields["output"] = output_from(row[7:])
    return kind(run=run, at=at, **fields)


def events_from(run: str, row: Sequence[Any]) -> Iterator[tuple[int, ev.Event]]:
    """What a row (its id, EVENT_COLUMNS, OUTPUT_FIELDS) tells, numbered and in order: its block's start, where that is in it, and
    its event."""
    number, *rest = row
    if rest[6] is not None:
        yield number - 1, ev.BlockStarted(run=run, block=rest[1], at=rest[6])
    event = event_from(run, rest)
    if event is not None:
        yield number, event


def ingredients(connection: sqlite3.Connection, keys: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """What these keys were made of, where that is still known."""
    query = "SELECT body FROM events WHERE key = ? AND kind = 'block_succeeded' ORDER BY id DESC LIMIT 1"
    found = ((key, connection.execute(query, (key,)).fetchone()) for key in keys)
    return {key: Later(row[0], "ingredients") for key, row in found if row is not None}
