"""Whether a body changed an upstream's value in place: cheap looks only, at shapes, and at the values of small ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .errors import StoreError
from .model import Output

COMPARED = 1 << 20
"""Bytes up to which the values themselves are compared."""


def notes(block: str, given: Mapping[str, Any], outputs: Mapping[str, Output], get: Callable[[Output], Any]) -> Iterator[str]:
    """A line for each upstream whose value is not what it was. ``given`` are the objects that the body had."""
    for name, value in given.items():
        output = outputs.get(name)
        try:
            what = changed(value, output, get) if output is not None else ""
        except StoreError:  # it was cleared meanwhile; there is nothing to compare with
            what = ""
        if what:
            yield f"{block} changed {name} in place ({what}): other blocks get {name} as it was; assign a copy instead"


def changed(value: Any, output: Output, get: Callable[[Output], Any]) -> str:
    """What differs between a value and the output that it was loaded from: ``+1 column``, ``−20 rows``, or empty."""
    if output.columns is not None:
        names = getattr(value, "column_names", None) or getattr(value, "columns", None)
        if names is None or not hasattr(value, "__len__"):  # a Series, or a frame that is still to be computed
            return ""
        columns, rows = len(list(names)) - len(output.columns), len(value) - (output.rows or 0)
        said = [_count(rows, "row")] if rows else []
        said += [_count(columns, "column")] if columns else []
        return ", ".join(said) if said or not _comparable(value, output) or value.equals(get(output)) else "other values"
    if isinstance(value, list | dict) and output.codec == "json":  # others may spell an address, or be equal to themselves only
        items = len(value) - (output.rows if output.rows is not None else len(value))
        if items:
            return _count(items, "item")
        if output.size <= COMPARED // 16 and repr(value) != repr(get(output)):
            return "other values"
    return ""


def _comparable(value: Any, output: Output) -> bool:
    """Whether to compare a frame's values: small enough, and of types that are equal when they say the same."""
    plain = not any("object" in dtype.lower() for _, dtype in output.columns or ())
    return plain and output.size <= COMPARED and hasattr(value, "equals")


def _count(number: int, word: str) -> str:
    """``+1 column``.

    >>> _count(1, "column"), _count(-20, "row")
    ('+1 column', '−20 rows')
    """
    return f"{'+' if number > 0 else '−'}{abs(number)} {word}{'s' * (abs(number) != 1)}"
