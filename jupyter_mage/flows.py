"""What flowed between two blocks, and how it differs from what flowed before: rows, columns, types. Of outputs by reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from .asked import ColumnChange, EdgeFlow, FlowChange, Version
from .model import Output
from .shapes import alert

COLUMNS = 300
"""Columns that are listed; those that changed come first where there are more."""


class Past(Protocol):
    """A good result of a block in one run."""

    @property
    def run(self) -> str: ...
    @property
    def at(self) -> float: ...
    @property
    def output(self) -> Output: ...


P = TypeVar("P", bound=Past)


def nothing(source: str, target: str, *, order_only: bool = False, note: str = "") -> EdgeFlow:
    """An edge of which there is only a ``note`` to say."""
    return {
        "source": source, "target": target, "order_only": order_only, "now": None, "before": None, "since": "", "change": None,
        "taken": None, "note": f"{target} only waits for {source}: nothing flows" if order_only else note,
    }  # fmt: skip


def flowed(source: str, target: str, now: Output, run: str, at: float | None, past: Sequence[P]) -> EdgeFlow:
    """What flowed in ``run``, against the last of the ``past`` results (newest first) that is another one."""
    before, since = _last_change(now, past)
    return {
        **nothing(source, target),
        "now": version(now, run, at),
        "before": None if before is None else version(before.output, before.run, before.at),
        "since": since,
        "change": change(before.output if before else None, now),
    }


def version(output: Output, run: str, at: float | None) -> Version:
    return {
        "run": run, "at": at, "type": output.type, "rows": output.rows, "bytes": output.size,
        "columns": None if output.columns is None else len(output.columns),
    }  # fmt: skip


def until(run: str, past: Sequence[P]) -> Sequence[P]:
    """The results (newest first) of this run and those before it; all, where it has none."""
    return past[next((n for n, each in enumerate(past) if each.run == run), 0) :]


def _last_change(now: Output, past: Sequence[P]) -> tuple[P | None, str]:
    """The last good result that differs from this one, and the run in between that gave the same."""
    place = next((n for n, each in enumerate(past) if each.output.content == now.content), -1)
    earlier = past[place + 1 :]
    before = next((each for each in earlier if each.output.content != now.content), None)
    return before, earlier[0].run if earlier and earlier[0] is not before else ""


def change(before: Output | None, now: Output) -> FlowChange:
    """How ``now`` differs from ``before``, its last good version: nothing of it where there was none.

    A loss of a fifth of the rows is an alert, and so are other columns, types of columns, or another type altogether.

    >>> def frame(rows, **columns):
    ...     return Output(content=str(rows), codec="frame", type="f", size=0, rows=rows, columns=tuple(columns.items()))
    >>> found = change(frame(100, a="int64", b="str"), frame(70, a="float64", c="str"))
    >>> found["alert"], found["rows"], found["percent"]
    ('schema', -30, -30.0)
    >>> [(each["name"], each["change"], each["was"]) for each in found["columns"]]
    [('a', 'retyped', 'int64'), ('c', 'added', None), ('b', 'removed', 'str')]
    >>> change(frame(100, a="int64"), frame(70, a="int64"))["alert"], change(None, frame(70, a="int64"))["alert"]
    ('loss', '')
    """
    rows = now.rows - before.rows if before and now.rows is not None and before.rows is not None else None
    columns = _columns(before, now)
    return {
        "same": before is not None and before.content == now.content,
        "alert": alert(before, now),
        "rows": rows,
        "percent": round(100 * rows / before.rows, 1) if before and before.rows and rows is not None else None,
        "was_type": before.type if before is not None and before.type != now.type else None,
        "columns": _shown(columns),
        "columns_left": max(0, len(columns) - COLUMNS),
    }


def _columns(before: Output | None, now: Output) -> list[ColumnChange]:
    """The columns of now, in their order, and behind them those that are gone."""
    if now.columns is None:
        return []
    old = None if before is None or before.columns is None else dict(before.columns)
    found = [_column(name, dtype, old) for name, dtype in now.columns]
    names = {name for name, _ in now.columns}
    gone = ((name, dtype) for name, dtype in (old or {}).items() if name not in names)
    return found + [{"name": name, "type": "", "was": dtype, "change": "removed"} for name, dtype in gone]


def _column(name: str, dtype: str, old: dict[str, str] | None) -> ColumnChange:
    if old is None or old.get(name) == dtype:
        return {"name": name, "type": dtype, "was": None, "change": ""}
    was = old.get(name)
    return {"name": name, "type": dtype, "was": was, "change": "added" if was is None else "retyped"}


def _shown(columns: list[ColumnChange]) -> list[ColumnChange]:
    if len(columns) <= COLUMNS:
        return columns
    return sorted(columns, key=lambda each: not each["change"])[:COLUMNS]
