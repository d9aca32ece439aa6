"""pandas' indexes: ranges as three numbers, names as text, arrays as leaves, the rest (MultiIndex, a frequency) pickled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .arrays import Spec, decode_array, decode_scalar, encode_array, encode_scalar
from .leaves import LeafReader, LeafWriter

_BY_ARRAY = (pd.Index, pd.DatetimeIndex, pd.TimedeltaIndex, pd.CategoricalIndex)
_STR = pd.StringDtype(na_value=np.nan)
"""pandas' default dtype for text."""

FEW = 1000


def encode_index(index: Any, leaves: LeafWriter) -> Spec:
    if type(index) is pd.RangeIndex:
        return {"as": "range", "range": [index.start, index.stop, index.step], "name": encode_scalar(index.name)}
    if type(index) in _BY_ARRAY and getattr(index, "freq", None) is None:
        if len(index) <= FEW and (names := _names(index)) is not None:
            return names
        return {"as": "array", "array": encode_array(index.array, leaves), "name": encode_scalar(index.name)}
    return {"as": "pickle", "leaf": leaves.pickled(index)}


def decode_index(spec: Spec, leaves: LeafReader) -> Any:
    kind = spec["as"]
    if kind == "range":
        start, stop, step = spec["range"]
        return pd.RangeIndex(start, stop, step, name=decode_scalar(spec["name"]))
    if kind == "names":
        dtype = _STR if spec["dtype"] == "str" else object
        return pd.Index(spec["names"], dtype=dtype, name=decode_scalar(spec["name"]))
    if kind == "array":
        array = decode_array(spec["array"], leaves)
        return pd.Index(array, dtype=array.dtype, name=decode_scalar(spec["name"]), copy=False)
    return leaves.pickled(spec["leaf"])


def _names(index: Any) -> Spec | None:
    """Column names are nearly always text: readable in the manifest, and no leaf."""
    dtype = index.dtype
    objects = dtype.kind == "O" and not isinstance(dtype, pd.api.extensions.ExtensionDtype)
    plain = objects or (isinstance(dtype, pd.StringDtype) and dtype.na_value is np.nan and dtype.storage == _STR.storage)
    if type(index) is not pd.Index or not plain:
        return None
    names = index.tolist()
    if set(map(type, names)) - {str} or not all(map(str.isprintable, names)):
        return None
    return {"as": "names", "names": names, "dtype": "object" if objects else "str", "name": encode_scalar(index.name)}
