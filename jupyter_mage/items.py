"""The items of a value: split for a mapped block, collected again, and cut for a sampled run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .errors import RunError, Where
from .model import Block


class NotSplittableError(RunError):
    """A mapped block's upstream gave something that has no items."""


def split(value: Any, block: Block) -> Iterable[Any]:
    """The items that each get a run: of a list, tuple or other sequence, of a dict its values, of a frame its rows.

    A frame's row is a frame of one row, so that types are kept. Raises NotSplittableError.

    >>> list(split([1, 2], Block(name="b", source="")))
    [1, 2]
    """
    if _is_frame(value):
        return [
            value.iloc[place : place + 1] if hasattr(value, "iloc") else value[place : place + 1] for place in range(len(value))
        ]
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list | tuple | set | frozenset | range):
        return list(value)
    raise NotSplittableError(
        f"--map {block.mapped}: {block.mapped} gave a {type(value).__name__}, which has no items",
        where=Where(block=block.name, line=1),
        hint=f"make {block.mapped} return a list, a dict or a frame",
    )


def pairs(value: Any, block: Block) -> tuple[Any, tuple[Mapping[str, Any], ...]]:
    """The items and the notes of what a dynamic block of Mage gave: ``[[item, …], [{…}, …]]``, the notes may be left out.

    A frame gives its rows, a plain list itself. Raises NotSplittableError where items and notes are not equally many.

    >>> pairs([[1, 2], [{"block_uuid": "one"}, {"block_uuid": "two"}]], Block(name="b", source=""))
    ([1, 2], ({'block_uuid': 'one'}, {'block_uuid': 'two'}))
    """
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= 2 or not isinstance(value[0], list | tuple):
        return value, ()
    notes = value[1] if len(value) == 2 else ()
    if not notes:
        return value[0], ()
    if not all(isinstance(each, Mapping) for each in notes) or len(notes) != len(value[0]):
        raise NotSplittableError(
            f"{block.mapped} gave {len(value[0])} items and {len(notes)} notes on them; each item needs one, a dict",
            where=Where(block=block.name, line=1),
            hint=f"make {block.mapped} return [items, notes], one note an item, or [items]",
        )
    return value[0], tuple(notes)


def collect(values: list[Any], *, whole: bool = False) -> Any:
    """What the items gave, in order: one frame where all are frames of one sort, else a list; nothing gives an empty list.

    With ``whole`` always a list.
    """
    if whole:
        return values
    sorts = {type(value) for value in values}
    if len(sorts) == 1 and _is_frame(values[0]):
        module = type(values[0]).__module__.split(".")[0]
        if module == "pandas":
            import pandas as pd

            return pd.concat(values)
        if module == "polars":
            import polars as pl

            return pl.concat(values)
        import pyarrow as pa

        return pa.concat_tables(values)
    return values


def sample(value: Any, size: int) -> Any:
    """The first ``size`` rows or items; other values as they are.

    >>> sample([1, 2, 3], 2), sample("abc", 2)
    ([1, 2], 'abc')
    """
    if _is_frame(value):
        return value.head(size) if hasattr(value, "head") else value.slice(0, size)
    if isinstance(value, dict):
        return dict(list(value.items())[:size])
    return value[:size] if isinstance(value, list | tuple) else value


def _is_frame(value: Any) -> bool:
    kind = type(value)
    return (kind.__module__.split(".")[0], kind.__name__) in {
        ("pandas", "DataFrame"),
        ("polars", "DataFrame"),
        ("pyarrow", "Table"),
    }
