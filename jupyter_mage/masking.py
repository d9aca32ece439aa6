"""Pseudonyms for values that must not be kept: the same value gets the same one, of the same dtype, in every column and frame.

They are numbered as the values come, so nothing can be computed back from them: ``email_1``, ``2``, ``2000-01-03``.
"""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Iterable, Mapping
from typing import Any

from .errors import DefinitionError

_START = dt.date(2000, 1, 1)


class Masker:
    """Gives pseudonyms. ``avoid`` what really occurs: a pseudonym is never a real value of a masked column.

    >>> masker = Masker()
    >>> [masker.of("email", value) for value in ("ann@x.org", "bob@x.org", "ann@x.org", 7)]
    ['email_1', 'email_2', 'email_1', 1]
    """

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        """Each text that was masked, and its pseudonym."""
        self._known: dict[tuple[str, Any], int] = {}
        self._names: dict[tuple[str, Any], str] = {}
        self._next: dict[str, int] = {}
        self._real: set[tuple[str, Any]] = set()

    def avoid(self, values: Iterable[Any]) -> None:
        self._real.update((_family(value), value) for value in values)

    def of(self, column: str, value: Any) -> Any:
        """The pseudonym of a value of this column. Raises DefinitionError for what has none (true and false, say)."""
        family = _family(value)
        if not family:
            raise DefinitionError(
                f"{column} has values of type {type(value).__name__}, for which there is no pseudonym",
                hint="leave that column out of the block's input, or do not mask it",
            )
        key = (family, value)
        if key not in self._known:
            self._known[key], self._names[key] = self._number(family, column, value), column
        made = _make(value, self._known[key], self._names[key])
        if isinstance(value, str):
            self.texts[value] = made
        return made

    def _number(self, family: str, column: str, value: Any) -> int:
        number = self._next.get(family, 0) + 1
        while (family, _make(value, number, column)) in self._real:
            number += 1
        self._next[family] = number
        return number

    def json(self, value: Any, names: Mapping[str, Any] | set[str]) -> Any:
        """JSON with what stands under these keys masked."""
        if isinstance(value, list):
            return [self.json(each, names) for each in value]
        if isinstance(value, dict):
            return {key: self._all(key, each) if key in names else self.json(each, names) for key, each in value.items()}
        return value

    def _all(self, key: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._all(key, each) for each in value]
        if isinstance(value, dict):
            return {inner: self._all(key, each) for inner, each in value.items()}
        return None if value is None else self.of(key, value)

    # ---- columns

    def series(self, column: str, series: Any) -> Any:
        """A pandas series of the same dtype. Raises DefinitionError where the dtype cannot hold pseudonyms."""
        import pandas as pd

        if isinstance(series.dtype, pd.CategoricalDtype):
            there = series.cat.remove_unused_categories()
            return there.cat.rename_categories([self.of(column, _plain(each)) for each in there.cat.categories])
        mapping = {each: self.of(column, _plain(each)) for each in series.dropna().unique()}
        masked = series.map(mapping, na_action="ignore")
        try:
            return masked.astype(series.dtype)
        except (OverflowError, TypeError, ValueError) as error:
            raise DefinitionError(f"{column} is {series.dtype}, which has no room for pseudonyms: {error}") from error

    def values(self, column: str, values: Iterable[Any]) -> list[Any]:
        """Python values, None left as it is."""
        return [None if each is None else self.of(column, each) for each in values]


def _plain(value: Any) -> Any:
    """A numpy scalar or pandas Timestamp as Python has it."""
    return value.item() if hasattr(value, "item") and not isinstance(value, dt.date | dt.timedelta) else value


_FAMILIES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, ""), (str, "text"), (bytes, "bytes"), (dt.datetime, "time"), (dt.date, "date"), (dt.timedelta, "span"),
    ((int, float, decimal.Decimal), "number"),
)  # fmt: skip


def _family(value: Any) -> str:
    value = _plain(value)
    return next((family for kinds, family in _FAMILIES if isinstance(value, kinds)), "")


def _make(value: Any, number: int, column: str) -> Any:
    """The ``number``-th pseudonym of a value's type."""
    if isinstance(value, str):
        return f"{column}_{number}"
    if isinstance(value, bytes):
        return f"{column}_{number}".encode()
    if isinstance(value, dt.datetime):
        return value.replace(year=2000, month=1, day=1, hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=number)
    if isinstance(value, dt.date):
        return _START + dt.timedelta(days=number)
    return dt.timedelta(seconds=number) if isinstance(value, dt.timedelta) else type(value)(number)
