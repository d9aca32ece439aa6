"""The shapes of the JSON that screens read, whoever serves it: the kernel, the server, a saved notebook.

`labextension/src/contract.ts` is made from this (``make contract``), and a test says when it is out of date. Only what JSON has
stands here; the classes import nothing and are never made, so nothing costs anything at run time.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

# ---- a value, looked at without being loaded


class PreviewColumn(TypedDict):
    """One column of a preview."""

    name: str
    type: str
    """The dtype, as its library spells it."""
    numeric: bool
    """Whether its cells stand to the right."""
    index: bool
    """Whether it labels the rows and is no column of its own."""


class Preview(TypedDict):
    """The first rows of an output (or others), as text; or what is known of a value that is no table."""

    sort: Literal["table", "value", "opaque"]
    """``opaque``: it was pickled, and to look into it would be to load it, which only a kernel does."""
    type: str
    bytes: int
    rows: int | None
    """How many the whole value has."""
    start: int
    """The number of the first row that is shown; 0 is the first."""
    columns: list[PreviewColumn]
    columns_left: int
    """How many more columns there are than are shown."""
    cells: list[list[str | None]]
    """Row by row; null is a missing value."""
    text: str
    """The value as text, where it is no table."""
    note: str
    """What cannot be shown and why, or empty."""
    command: str
    """What to type to see more, or empty."""


class Bar(TypedDict):
    """One bar of a small histogram: values from ``low`` up to ``high``."""

    low: str
    high: str
    count: int


class Often(TypedDict):
    """One of the most frequent values."""

    value: str
    count: int


class ColumnProfile(TypedDict):
    """One column in a glance."""

    name: str
    type: str
    sort: Literal["number", "time", "text", "truth", "nested", "opaque"]
    """``opaque``: its values were pickled and are not loaded here."""
    nulls: int | None
    """Missing values, NaN and NaT among them; null where it is opaque."""
    distinct: int | None
    """How many different values; null where they were not counted."""
    minimum: str | None
    maximum: str | None
    mean: str | None
    bars: list[Bar]
    """Of numbers and times, from the smallest to the largest."""
    often: list[Often]
    """Of everything else: the most frequent values first."""
    note: str


class Profile(TypedDict):
    """Each column of a table in a glance. No columns: it is no table, and ``note`` says what it is."""

    type: str
    bytes: int
    rows: int | None
    counted: int
    """Rows that ``distinct``, ``bars`` and ``often`` are of: all, or evenly spread ones of a very long table."""
    columns: list[ColumnProfile]
    columns_left: int
    note: str
    command: str


__all__ = ["Bar", "ColumnProfile", "NotRequired", "Often", "Preview", "PreviewColumn", "Profile"]
