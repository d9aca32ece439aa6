"""pandas DataFrames and Series, taken apart by column. Exactly these two types: a subclass may hold more and is pickled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.api import internals  # type: ignore[attr-defined]

from ....errors import NotStorableError
from ..preview import COLUMNS, ROWS, table
from .arrays import decode_array, decode_scalar, encode_array, encode_scalar
from .indexes import decode_index, encode_index
from .leaves import LeafReader, LeafWriter, Table


class PandasTables:
    def encode(self, value: Any, leaves: LeafWriter) -> Table | None:
        kind = type(value)
        if kind is pd.DataFrame:
            return self._encode_frame(value, leaves)
        if kind is pd.Series:
            return self._encode_series(value, leaves)
        return None

    def _encode_frame(self, frame: pd.DataFrame, leaves: LeafWriter) -> Table:
        arrays = [column.array for _, column in frame.items()]
        spec = {
            "columns": encode_index(frame.columns, leaves),
            "index": encode_index(frame.index, leaves),
            "arrays": [_encode_column(name, array, leaves) for name, array in zip(frame.columns, arrays, strict=True)],
            **_extras(frame),
        }
        names = [str(name) for name in frame.columns]
        dtypes = [str(array.dtype) for array in arrays]
        return Table(
            type="pandas.DataFrame",
            spec=spec,
            rows=len(frame),
            columns=tuple(zip(names, dtypes, strict=True)),
            preview=_preview(frame.index, names, arrays),
        )

    def _encode_series(self, series: Any, leaves: LeafWriter) -> Table:
        array = series.array
        spec = {
            "series": encode_array(array, leaves),
            "index": encode_index(series.index, leaves),
            "name": encode_scalar(series.name),
            **_extras(series),
        }
        name = "" if series.name is None else str(series.name)
        return Table(
            type="pandas.Series",
            spec=spec,
            rows=len(series),
            columns=((name, str(array.dtype)),),
            preview=_preview(series.index, [name], [array]),
        )

    def decode(self, spec: dict[str, Any], leaves: LeafReader) -> Any:
        index = decode_index(spec["index"], leaves)
        if "series" in spec:
            array = decode_array(spec["series"], leaves)
            name = decode_scalar(spec["name"])
            value: Any = pd.Series(array, index=index, dtype=array.dtype, name=name, copy=False)
        else:
            columns = decode_index(spec["columns"], leaves)
            value = _frame([decode_array(array, leaves) for array in spec["arrays"]], index, columns)
        if "attrs" in spec:
            value.attrs = decode_scalar(spec["attrs"])
        if "unique" in spec:
            value.flags.allows_duplicate_labels = False
        return value


def _frame(arrays: list[Any], index: Any, columns: Any) -> pd.DataFrame:
    """One block a column: nothing is copied together."""
    blocks = []
    for place, array in enumerate(arrays):
        if isinstance(array, np.ndarray):
            array = array.reshape(1, -1)
        elif array.dtype.kind == "M":
            array = array.reshape(1, -1)  # pandas keeps zoned times in two dimensions too
        blocks.append((array, np.array([place], dtype=np.intp)))
    frame: pd.DataFrame = internals.create_dataframe_from_blocks(blocks, index=index, columns=columns)
    return frame


def _encode_column(name: Any, array: Any, leaves: LeafWriter) -> dict[str, Any]:
    try:
        return encode_array(array, leaves)
    except NotStorableError as error:
        raise NotStorableError(f"column {name!r} of the DataFrame: {error.message}", hint=error.hint) from error


def _extras(value: Any) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if value.attrs:
        extras["attrs"] = encode_scalar(value.attrs)
    if not value.flags.allows_duplicate_labels:
        extras["unique"] = True
    return extras


def _preview(index: Any, names: list[str], arrays: list[Any]) -> str:
    try:
        return _first_rows(index, names, arrays)
    except Exception as error:  # noqa: BLE001 — a stranger's extension array may raise anything; it is only shown
        return f"{len(index)} rows (no preview: {type(error).__name__})"


def _first_rows(index: Any, names: list[str], arrays: list[Any]) -> str:
    columns = [array[:ROWS].tolist() for array in arrays[: COLUMNS + 1]]
    rows = len(index)
    if type(index) is not pd.RangeIndex:
        label = "" if index.name is None else str(index.name)
        columns.insert(0, index[:ROWS].tolist())
        names = [label, *names]
    return table(names, columns, rows) if columns else f"{rows} rows, no columns"


tables = PandasTables()
