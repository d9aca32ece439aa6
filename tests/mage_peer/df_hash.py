"""Content hashes of block outputs that are the same on both sides: in our environment and in real Mage's.

Needs numpy and pandas only. Column names and order, row order and values count; types and the index do not: whole numbers,
floats (to some twelve digits) and truth values compare by value, all sorts of nothing are one, times are nanoseconds of UTC,
categories are values.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

import numpy as np
import pandas as pd


def describe(value: Any) -> dict[str, Any]:
    """Kind, shape and hash of a value."""
    kind = type(value).__name__
    if isinstance(value, pd.Series):
        value = value.to_frame(name="0" if value.name is None else value.name)
    if isinstance(value, pd.DataFrame):
        return {"kind": kind, "shape": list(value.shape), "loose": _frame(value)}
    shape = [len(value)] if isinstance(value, list | tuple | dict | set) else None
    return {"kind": kind, "shape": shape, "loose": _short(_canonical(value).encode()), "repr": repr(value)[:120]}


def _short(blob: bytes) -> str:
    return hashlib.sha256(blob).hexdigest()[:16]


def _frame(frame: pd.DataFrame) -> str:
    names = [".".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in frame.columns]
    parts = [json.dumps([names, len(frame)]).encode()]
    parts += [_column(frame.iloc[:, position]) for position in range(len(names))]
    return _short(b"".join(parts))


def _column(column: pd.Series) -> bytes:
    if len(column) and column.isna().all():
        return b"0" + str(len(column)).encode()
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype if not column.isna().any() else object)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        if getattr(column.dtype, "tz", None) is not None:
            column = column.dt.tz_convert("UTC").dt.tz_localize(None)
        return b"d" + column.to_numpy("datetime64[ns]").view("i8").tobytes()
    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_numeric_dtype(column.dtype):
        return b"n" + _rounded(column.to_numpy("float64", na_value=np.nan).copy()).tobytes()
    values = column.astype(object).tolist()
    there = [value for value in values if not _is_nothing(value)]
    if there and all(isinstance(value, int | float | np.integer | np.floating | np.bool_) for value in there):
        return b"n" + _rounded(np.array([np.nan if _is_nothing(value) else float(value) for value in values])).tobytes()
    return b"s" + "\0".join(_canonical(value) for value in values).encode()


def _rounded(numbers: np.ndarray) -> np.ndarray:
    """To forty bits."""
    with np.errstate(all="ignore"):
        mantissa, exponent = np.frexp(numbers)
        rounded = np.ldexp(np.round(mantissa * 2.0**40), exponent - 40)
    rounded[~np.isfinite(numbers)] = numbers[~np.isfinite(numbers)]
    rounded[np.isnan(rounded)] = np.nan
    return rounded + 0.0


def _is_nothing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def _canonical(value: Any) -> str:
    if _is_nothing(value):
        return "\1null"
    if isinstance(value, bool | np.bool_):
        return f"b{int(value)}"
    if isinstance(value, int | float | np.integer | np.floating):
        return f"n{float(value):.12g}"
    if isinstance(value, str):
        return f"s{value}"
    if isinstance(value, dict):
        return "o" + json.dumps(
            {str(key): _canonical(each) for key, each in sorted(value.items(), key=lambda pair: str(pair[0]))}
        )
    if isinstance(value, list | tuple | set | np.ndarray):
        return "l" + json.dumps([_canonical(each) for each in (sorted(value, key=str) if isinstance(value, set) else value)])
    return f"r{value}"
