"""A value in a few lines of text, made when it is kept, so that showing it later loads nothing. Bounded whatever the value."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from typing import Any

LIMIT = 4096
"""Characters."""
ROWS = 10
COLUMNS = 12
CELL = 32
_CUT = " …"


class _Short(reprlib.Repr):
    """A repr that looks at a few items only: a list of a million costs what a list of ten does."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdict = self.maxdeque = 10
        self.maxstring = self.maxother = 1000
        self.maxlong = 100


_reprs = _Short()


def bounded(text: str, limit: int = LIMIT) -> str:
    return text if len(text) <= limit else text[: limit - len(_CUT)] + _CUT


def short(value: Any, limit: int = LIMIT) -> str:
    """A repr of at most ``limit`` characters; one that raises is said, not passed on.

    >>> short([1, 2, 3])
    '[1, 2, 3]'
    """
    try:
        text = str(value) if isinstance(value, Exception) else _reprs.repr(value)
    except Exception as error:  # noqa: BLE001 — a stranger's __repr__ may raise anything; it is only shown
        text = f"<{type_name(value)} whose repr raised {type(error).__name__}>"
    return bounded(text, limit)


def type_name(value: Any) -> str:
    """The type as people write it.

    >>> type_name([]), type_name(reprlib.Repr())
    ('list', 'reprlib.Repr')
    """
    kind = type(value)
    module = str(kind.__module__).split(".")[0]
    return kind.__qualname__ if module in ("builtins", "__main__") else f"{module}.{kind.__qualname__}"


def cell(value: Any) -> str:
    """One value of a table, on one line."""
    try:
        text = f"{value:.6g}" if isinstance(value, float) else str(value)
    except Exception as error:  # noqa: BLE001 — as in `short`
        text = f"<{type(error).__name__}>"
    text = text[: CELL + 1].replace("\n", "⏎").replace("\t", " ")
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


def table(names: Sequence[str], columns: Sequence[Sequence[Any]], rows: int) -> str:
    """The first rows of a table as text, numbers and all aligned right.

    >>> print(table(["a", "b"], [[1, 20], ["x", "y"]], 2))
     a  b
     1  x
    20  y
    """
    cut = len(columns) > COLUMNS
    lines = []
    cells = [[cell(name), *map(cell, column[:ROWS])] for name, column in zip(names[:COLUMNS], columns, strict=False)]
    widths = [max(map(len, column)) for column in cells]
    for row in zip(*cells, strict=True):
        lines.append("  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) + (_CUT if cut else ""))
    if rows > ROWS:
        lines.append("…")
    return bounded("\n".join(lines))
