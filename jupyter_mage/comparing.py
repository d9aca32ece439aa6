"""Where two values differ, in words: which columns, how many rows, the first that differs. Made for outputs of the same block."""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

SHOWN = 8
"""Columns, or places in nested values, that are said."""


def differences(before: Any, after: Any) -> list[str]:
    """What ``after`` has that ``before`` had not, one line each; none where they are equal.

    >>> differences({"n": [1, 2]}, {"n": [1, 3]})
    ["['n'][1]: 2 → 3"]
    """
    tables = _as_table(before), _as_table(after)
    if type(before) is type(after) and tables[0] is not None and tables[1] is not None:
        return _tables(*tables)
    found: list[str] = []
    for line in _nested(before, after, ""):
        if len(found) == SHOWN:
            return [*found, "…"]
        found.append(line)
    return found


# ---- tables


def _as_table(value: Any) -> Any:
    """A frame, series or array of whatever library as a pandas frame; None for any other value."""
    library = type(value).__module__.partition(".")[0]
    if library not in ("pandas", "polars", "pyarrow", "numpy") or not hasattr(value, "shape") or not len(value.shape):
        return None
    import pandas as pd

    if library == "polars":
        value = value.to_frame() if value.__class__.__name__ == "Series" else value
        return pd.DataFrame({name: value[name].to_list() for name in value.columns})
    if library == "pyarrow":
        return value.to_pandas()
    if library == "numpy":
        return pd.DataFrame({"value": value.ravel()}) if len(value.shape) != 2 else pd.DataFrame(value)
    if isinstance(value, pd.DataFrame):
        return value
    if isinstance(value, pd.Series | pd.Index):
        return value.to_frame(name=value.name if value.name is not None else "value")
    return None


def _tables(before: Any, after: Any) -> list[str]:
    """Rows, columns and types first; then each column whose values differ."""
    found = []
    if len(before) != len(after):
        found.append(f"{_rows(len(before))} → {_rows(len(after))}")
    gone = [str(name) for name in before.columns if name not in after.columns]
    come = [str(name) for name in after.columns if name not in before.columns]
    if gone or come:
        found.append("columns " + ", ".join([*(f"−{name}" for name in gone), *(f"+{name}" for name in come)]))
    elif list(before.columns) != list(after.columns):
        found.append(f"columns in another order: {', '.join(map(str, after.columns))}")
    both = [name for name in before.columns if name in after.columns]
    length = min(len(before), len(after))
    if not before.columns.is_unique or not after.columns.is_unique:
        return found or ["the values of columns that share a name"]
    lines = [line for name in both if (line := _column(str(name), before[name], after[name], length))]
    found += lines[:SHOWN] + ([f"… {len(lines) - SHOWN} more columns"] if len(lines) > SHOWN else [])
    index = _column("the index", before.index.to_series(), after.index.to_series(), length)
    return found + ([index] if index else [])


def _column(name: str, before: Any, after: Any, length: int) -> str:
    """``amount: 3 of 10 rows, first at row 2: 1.5 → 2.5``; empty where the column is the same as far as both go."""
    old, new = before.iloc[:length], after.iloc[:length]
    if str(before.dtype) != str(after.dtype):
        return f"{name}: {before.dtype} → {after.dtype}"
    places = _places(old, new)
    if not len(places):
        return ""
    first = int(places[0])
    how = (
        f"{name}: {len(places):,} of {_rows(length)}, first at row {first}: {_short(old.iloc[first])} → {_short(new.iloc[first])}"
    )
    return how + _by_how_much(old, new, places)


def _places(old: Any, new: Any) -> Any:
    """The rows that differ; two missing values do not."""
    import numpy as np

    try:
        same = (old.to_numpy() == new.to_numpy()) | (old.isna().to_numpy() & new.isna().to_numpy())
        return np.flatnonzero(~np.asarray(same, dtype=bool))
    except (TypeError, ValueError):  # cells that cannot be compared as a whole: lists, arrays, objects
        pairs = zip(old, new, strict=True)
        return [place for place, (one, other) in enumerate(pairs) if next(_nested(one, other, ""), None) is not None]


def _by_how_much(old: Any, new: Any, places: Any) -> str:
    """For floating-point noise, that it is no more than that."""
    import pandas as pd

    if not pd.api.types.is_float_dtype(old.dtype):
        return ""
    one, other = old.to_numpy(dtype=float)[places], new.to_numpy(dtype=float)[places]
    gap, scale = abs(one - other).max(), max(abs(one).max(), abs(other).max())
    noise = math.isfinite(gap) and gap <= 1e-12 * scale
    return f" (by {gap:.1g} at most: rounding, as when numbers are added in another order)" if noise else ""


def _rows(count: int) -> str:
    return f"{count:,} row{'s' * (count != 1)}"


# ---- other values


def _nested(before: Any, after: Any, path: str) -> Iterator[str]:
    """Each place in two nested values that differs, with its path."""
    if type(before) is not type(after):
        yield _said(path, f"{type(before).__name__} {_short(before)} → {type(after).__name__} {_short(after)}")
    elif isinstance(before, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            place = f"{path}[{key!r}]"
            if key not in after or key not in before:
                yield _said(place, "gone" if key not in after else "new")
            else:
                yield from _nested(before[key], after[key], place)
    elif isinstance(before, Sequence) and not isinstance(before, str | bytes):
        if len(before) != len(after):
            yield _said(path, f"{len(before)} → {len(after)} items")
        for index, (one, other) in enumerate(zip(before, after, strict=False)):
            yield from _nested(one, other, f"{path}[{index}]")
    elif not _equal(before, after):
        yield _said(path, f"{_short(before)} → {_short(after)}")


def _equal(before: Any, after: Any) -> bool:
    table = _as_table(before)
    if table is not None:
        return not _tables(table, _as_table(after))
    try:
        if before == after or (before != before and after != after):  # noqa: PLR0124 (not a number)
            return True
        return "__eq__" not in _own_methods(before) and pickle.dumps(before) == pickle.dumps(after)
    except Exception:  # noqa: BLE001 (the user's own class compares; what it cannot say is no equality)
        return False


def _own_methods(value: Any) -> set[str]:
    """Methods that some class of the value has and `object` has only by default."""
    return {name for each in type(value).__mro__[:-1] for name in vars(each)}


def _said(path: str, what: str) -> str:
    return f"{path}: {what}" if path else what


def _short(value: Any) -> str:
    text = repr(value.item() if hasattr(value, "item") and not getattr(value, "shape", ()) else value)
    return text if len(text) <= 60 else f"{text[:57]}…"
