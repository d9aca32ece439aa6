"""How an output's shape differs from the one before: rows, columns, types; in a few characters, and how bad that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from .model import Output

LOSS = 0.2
"""A fifth of the rows gone, or more, is worth a look."""


def change(before: Output | None, after: Output | None) -> str:
    """How an output's shape differs from that of the run before: ``−20 %``, ``+3 rows, +1 column``; or empty.

    >>> def frame(rows, *names):
    ...     return Output(content="", codec="frame", type="", size=0, rows=rows, columns=tuple((n, "str") for n in names))
    >>> change(frame(15602, "id"), frame(12480, "id", "day")), change(frame(9, "id"), frame(9, "id")), change(frame(2), frame(3))
    ('−20 %, +day', '', '+1 row')
    """
    if before is None or after is None:
        return ""
    said = []
    if before.rows is not None and after.rows is not None and before.rows != after.rows:
        said.append(_rows(before.rows, after.rows, "item" if after.columns is None else "row"))
    if before.columns is not None and after.columns is not None:
        said += _shorter(columns(before, after), 4)
    elif (before.columns is None) != (after.columns is None):
        said = [f"was {before.describe()}"]
    return ", ".join(said)


def _rows(before: int, after: int, word: str) -> str:
    """``−20 %``; of few, and of small changes, the number itself."""
    part, sign, number = round(100 * (after - before) / max(before, 1)), "+" if after > before else "−", abs(after - before)
    return f"{sign}{abs(part)} %" if before >= 20 and part else f"{sign}{number} {word}{'s' * (number != 1)}"


def _shorter(words: Sequence[str], limit: int) -> list[str]:
    return [*words[:limit], f"{len(words) - limit} more columns"] if len(words) > limit + 1 else list(words)


def columns(old: Output, new: Output) -> list[str]:
    """What columns went, came and changed their type: ``−id``, ``+day``, ``n int64 → str``."""
    before, after = dict(old.columns or ()), dict(new.columns or ())
    gone = [f"−{name}" for name in before if name not in after]
    come = [f"+{name}" for name in after if name not in before]
    changed = [f"{name} {before[name]} → {after[name]}" for name in before if name in after and before[name] != after[name]]
    return [*gone, *come, *changed]


def alert(before: Output | None, after: Output | None) -> Literal["", "loss", "schema"]:
    """``schema`` where the columns or the type are others, ``loss`` where a fifth of the rows is gone, or empty.

    >>> def frame(rows, *names):
    ...     return Output(content="", codec="frame", type="", size=0, rows=rows, columns=tuple((n, "str") for n in names))
    >>> [alert(frame(10, "id"), each) for each in (frame(8, "id"), frame(9, "id"), frame(10, "day"))]
    ['loss', '', 'schema']
    """
    if before is None or after is None:
        return ""
    if before.type != after.type or (before.columns is None) != (after.columns is None):
        return "schema"
    if before.columns is not None and after.columns is not None and columns(before, after):
        return "schema"
    if before.rows and after.rows is not None and after.rows <= before.rows * (1 - LOSS):
        return "loss"
    return ""
