"""pandas' arrays as leaves: numbers, times, text, categories and nullable ones in Arrow's form, the rest pickled.

Whether the Arrow form is exact follows from the dtype alone, except for objects, where the items' types are looked at. Arrays of
numbers come back as writable views of private memory, so that pandas may write to them as to any other.
"""

from __future__ import annotations

import base64
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..pickle import dump
from .leaves import LeafReader, LeafWriter

Spec = dict[str, Any]

_UNITS = frozenset({"s", "ms", "us", "ns"})


def encode_array(array: Any, leaves: LeafWriter) -> Spec:
    """The spec of an array (numpy or pandas extension array)."""
    if type(array) is pd.arrays.NumpyExtensionArray:  # not its subclasses: StringArray is one
        array = array.to_numpy()
    handler = _ENCODERS.get(type(array).__name__)
    spec = None if handler is None else handler(array, leaves)
    return {"as": "pickle", "leaf": leaves.pickled(array)} if spec is None else spec


def decode_array(spec: Spec, leaves: LeafReader) -> Any:
    return _DECODERS[spec["as"]](spec, leaves)


def encode_scalar(value: Any) -> Spec:
    """A name, an attrs dict, a time zone: JSON when it is text or a number, else a pickle in the manifest."""
    if value is None or type(value) in (str, int, bool):
        return {"json": value}
    head, buffers = dump(value)
    inline = pickle.dumps((head, [bytes(part) for parts in buffers for part in parts]), protocol=5)
    return {"pickle": base64.b64encode(inline).decode()}


def decode_scalar(spec: Spec) -> Any:
    if "json" in spec:
        return spec["json"]
    head, buffers = pickle.loads(base64.b64decode(spec["pickle"]))  # noqa: S301 — made by this project, checked by name
    return pickle.loads(head, buffers=[bytearray(buffer) for buffer in buffers])  # noqa: S301 — as above


def _arrow_type(dtype: np.dtype[Any]) -> Any:
    """The Arrow type whose buffer holds the same bytes, or None."""
    if not dtype.isnative or dtype.itemsize > 8:
        return None
    if dtype.kind == "b":
        return pa.uint8()  # Arrow's own booleans are bits: they could not be used in place
    if dtype.kind in "iuf":
        return pa.from_numpy_dtype(dtype)
    if dtype.kind in "mM":
        unit, count = np.datetime_data(dtype)
        if unit in _UNITS and count == 1:
            return pa.timestamp(unit) if dtype.kind == "M" else pa.duration(unit)
    return None


def _encode_numpy(array: np.ndarray[Any, Any], leaves: LeafWriter) -> Spec | None:
    if array.ndim != 1 or type(array) is not np.ndarray:
        return None
    if array.dtype.kind == "O":
        return _encode_text(array, leaves)
    kind = _arrow_type(array.dtype)
    if kind is None:
        return None
    # not pa.array(): it would scan floats for NaN; NaN and NaT stay what they are, and nothing is null
    raw = np.ascontiguousarray(array).view(np.uint8)
    arrow = pa.Array.from_buffers(kind, len(array), [None, pa.py_buffer(raw)], null_count=0)
    return {"as": "numpy", "dtype": array.dtype.str, "leaf": leaves.arrow(arrow)}


def _decode_numpy(spec: Spec, leaves: LeafReader) -> Any:
    view, offset, count = leaves.buffer(spec["leaf"])
    dtype = np.dtype(spec["dtype"])
    if not count:
        return np.empty(0, dtype)
    return np.frombuffer(view, dtype=dtype, count=count, offset=offset)


def _encode_text(array: np.ndarray[Any, Any], leaves: LeafWriter) -> Spec | None:
    """Objects that are all text or None; pickle is ten times slower on them."""
    if not set(map(type, array)) <= {str, type(None)}:
        return None
    try:
        return {"as": "text", "leaf": leaves.arrow(pa.array(array, type=pa.large_string(), from_pandas=False))}
    except (UnicodeEncodeError, pa.ArrowException):  # lone surrogates
        return None


def _decode_text(spec: Spec, leaves: LeafReader) -> Any:
    values = leaves.arrow(spec["leaf"]).to_numpy(zero_copy_only=False)
    return values if len(values) else np.empty(0, object)


def _encode_datetimes(array: Any, leaves: LeafWriter) -> Spec | None:
    if array.dtype.kind == "m" or array.tz is None:
        return _encode_numpy(np.asarray(array), leaves)
    spec = _encode_numpy(array.view("i8"), leaves)
    return {"as": "zoned", "unit": array.unit, "zone": encode_scalar(array.tz), "instants": spec}


def _decode_zoned(spec: Spec, leaves: LeafReader) -> Any:
    instants = _decode_numpy(spec["instants"], leaves).view(f"M8[{spec['unit']}]")
    zone = decode_scalar(spec["zone"])
    return pd.DatetimeIndex(instants, copy=False).tz_localize("UTC").tz_convert(zone).array


def _encode_masked(array: Any, leaves: LeafWriter) -> Spec | None:
    kind = array.dtype.numpy_dtype
    missing = array.isna()
    values = array.to_numpy(dtype=kind, na_value=kind.type(0)) if missing.any() else array.to_numpy(dtype=kind)
    spec = _encode_numpy(values, leaves)
    if spec is None:
        return None
    return {"as": "masked", "dtype": array.dtype.name, "values": spec, "missing": _encode_numpy(missing, leaves)}


def _decode_masked(spec: Spec, leaves: LeafReader) -> Any:
    dtype: Any = pd.api.types.pandas_dtype(spec["dtype"])
    values, missing = _decode_numpy(spec["values"], leaves), _decode_numpy(spec["missing"], leaves)
    return dtype.construct_array_type()(values, missing)


def _encode_arrow(array: Any, leaves: LeafWriter) -> Spec | None:
    arrow, dtype = array.__arrow_array__(), array.dtype
    if isinstance(dtype, pd.StringDtype):
        if not (pa.types.is_string(arrow.type) or pa.types.is_large_string(arrow.type)):
            return None
        return {"as": "string", "missing": "NaN" if dtype.na_value is np.nan else "NA", "leaf": leaves.arrow(arrow)}
    if "extension<" in str(arrow.type):  # its class may be unknown where it is read
        return None
    return {"as": "arrow", "leaf": leaves.arrow(arrow)}


def _decode_string(spec: Spec, leaves: LeafReader) -> Any:
    missing = np.nan if spec["missing"] == "NaN" else pd.NA
    dtype: Any = pd.StringDtype("pyarrow", na_value=missing)
    return dtype.__from_arrow__(leaves.arrow(spec["leaf"]))


def _decode_arrow(spec: Spec, leaves: LeafReader) -> Any:
    arrow = leaves.arrow(spec["leaf"])
    dtype: Any = pd.ArrowDtype(arrow.type)
    return dtype.__from_arrow__(arrow)


def _encode_categories(array: Any, leaves: LeafWriter) -> Spec | None:
    from .indexes import encode_index

    spec = _encode_numpy(array.codes, leaves)
    return {"as": "category", "ordered": array.ordered, "codes": spec, "categories": encode_index(array.categories, leaves)}


def _decode_categories(spec: Spec, leaves: LeafReader) -> Any:
    from .indexes import decode_index

    dtype = pd.CategoricalDtype(decode_index(spec["categories"], leaves), spec["ordered"])
    return pd.Categorical.from_codes(_decode_numpy(spec["codes"], leaves), dtype=dtype)


def _decode_pickle(spec: Spec, leaves: LeafReader) -> Any:
    return leaves.pickled(spec["leaf"])


_ENCODERS: dict[str, Callable[[Any, LeafWriter], Spec | None]] = {
    "ndarray": _encode_numpy,
    "DatetimeArray": _encode_datetimes,
    "TimedeltaArray": _encode_datetimes,
    "IntegerArray": _encode_masked,
    "FloatingArray": _encode_masked,
    "BooleanArray": _encode_masked,
    "ArrowStringArray": _encode_arrow,
    "ArrowExtensionArray": _encode_arrow,
    "Categorical": _encode_categories,
}

_DECODERS: dict[str, Callable[[Spec, LeafReader], Any]] = {
    "numpy": _decode_numpy,
    "text": _decode_text,
    "zoned": _decode_zoned,
    "masked": _decode_masked,
    "string": _decode_string,
    "arrow": _decode_arrow,
    "category": _decode_categories,
    "pickle": _decode_pickle,
}
