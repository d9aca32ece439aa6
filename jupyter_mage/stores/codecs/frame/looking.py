"""A table's columns as Arrow arrays, from their leaves, with nothing unpickled: what is a pickle has no array here."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..base import Seen, SeenColumn
from .leaves import LeafReader

Spec = dict[str, Any]

_NOT_A_TIME = -(1 << 63)
"""How numpy spells NaT."""


class Pickled(Exception):
    """The array is a pickle."""


class SafeReader(LeafReader):
    """A reader that refuses to unpickle."""

    def pickled(self, number: int) -> Any:
        raise Pickled(number)


def look(manifest: Spec, views: Sequence[memoryview], columns: Sequence[tuple[str, str]]) -> Seen:
    """What ``manifest`` and its leaves say. ``columns`` are the names and dtypes that were noted when the table was kept."""
    spec, leaves = manifest["spec"], SafeReader(views)
    if manifest["library"] != "pandas":
        return Seen(columns=[_seen(*each, partial(leaves.arrow, n)) for each, n in _pairs(columns, spec["arrays"])])
    arrays = [spec["series"]] if "series" in spec else spec["arrays"]
    found = [_seen(*each, partial(_array, a, leaves, each[1])) for each, a in _pairs(columns, arrays)]
    index = spec["index"]
    if index["as"] != "range":
        found.insert(0, _seen(_name(index), "index", lambda: _index(index, leaves), index=True))
    return Seen(columns=found)


def _pairs(columns: Sequence[tuple[str, str]], arrays: Sequence[Any]) -> list[tuple[tuple[str, str], Any]]:
    return list(zip(columns, arrays, strict=False))


def _seen(name: str, dtype: str, read: Callable[[], Any], *, index: bool = False) -> SeenColumn:
    try:
        array = read()
    except Pickled:
        array = None
    return SeenColumn(name=name, dtype=dtype if not index or array is None else str(array.type), array=array, index=index)


def _name(index: Spec) -> str:
    name = index.get("name", {}).get("json")
    return "" if name is None else str(name)


def _index(spec: Spec, leaves: SafeReader) -> Any:
    """Of an index that is no plain range."""
    if spec["as"] == "names":
        return pa.chunked_array([pa.array(spec["names"], type=pa.large_string())])
    if spec["as"] == "range":
        return pa.chunked_array([pa.array(range(*spec["range"]), type=pa.int64())])
    return _array(spec["array"], leaves, "") if spec["as"] == "array" else leaves.pickled(spec["leaf"])


def _array(spec: Spec, leaves: SafeReader, dtype: str) -> Any:
    reader = _READERS.get(spec["as"])
    if reader is None:
        raise Pickled(spec["as"])
    return reader(spec, leaves, dtype)


def _numbers(spec: Spec, leaves: SafeReader, _: str) -> Any:
    array = leaves.arrow(spec["leaf"])
    kind = spec["dtype"][1:2]
    if kind == "b":
        return array.cast(pa.bool_())
    return _without_not_a_time(array) if kind in "mM" else array


def _without_not_a_time(array: Any) -> Any:
    whole = array.cast(pa.int64())
    return pc.if_else(pc.equal(whole, _NOT_A_TIME), pa.scalar(None, array.type), array)


def _plain(spec: Spec, leaves: SafeReader, _: str) -> Any:
    return leaves.arrow(spec["leaf"])


def _zoned(spec: Spec, leaves: SafeReader, dtype: str) -> Any:
    """Instants; the zone's name is taken from the dtype, because the zone itself is a pickle."""
    zone = re.search(r", (.+)\]$", dtype)
    instants = leaves.arrow(spec["instants"]["leaf"]).cast(pa.timestamp(spec["unit"]))
    array = _without_not_a_time(instants)
    try:
        return array.cast(pa.timestamp(spec["unit"], tz=zone[1] if zone else "UTC"))
    except (pa.ArrowException, ValueError):  # a zone that only Python knows
        return array.cast(pa.timestamp(spec["unit"], tz="UTC"))


def _masked(spec: Spec, leaves: SafeReader, dtype: str) -> Any:
    values, missing = _numbers(spec["values"], leaves, dtype), _numbers(spec["missing"], leaves, "")
    return pc.if_else(missing, pa.scalar(None, values.type), values)


def _categories(spec: Spec, leaves: SafeReader, _: str) -> Any:
    codes = _numbers(spec["codes"], leaves, "")
    codes = pc.if_else(pc.less(codes, 0), pa.scalar(None, codes.type), codes)
    words = _index(spec["categories"], leaves)
    dictionary = words.combine_chunks()
    dictionary = dictionary.chunk(0) if isinstance(dictionary, pa.ChunkedArray) else dictionary
    chunks = [pa.DictionaryArray.from_arrays(chunk, dictionary) for chunk in codes.chunks]
    return pa.chunked_array(chunks, type=None if chunks else pa.dictionary(codes.type, dictionary.type))


_READERS: dict[str, Callable[[Spec, SafeReader, str], Any]] = {
    "numpy": _numbers,
    "text": _plain,
    "string": _plain,
    "arrow": _plain,
    "zoned": _zoned,
    "masked": _masked,
    "category": _categories,
}
