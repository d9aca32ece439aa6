"""A kept output in a glance: its first rows, and each column's type, nulls, distinct values, range and histogram.

Made from the store's bytes with nothing unpickled, so that the server and a screen may look at outputs of a project that nobody
trusts. Of a pickle it says what it is, and the command that shows it where its code may run.
"""

from __future__ import annotations

import base64
import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from .asked import Image
from .contract import Bar, ColumnProfile, Often, Preview, PreviewColumn, Profile
from .model import Output
from .plugins import Store
from .redaction import hide

if TYPE_CHECKING:
    from .stores.codecs.base import Seen, SeenColumn

ROWS, MOST_ROWS = 50, 500
LIMIT = 150_000
"""Characters of a preview: a page is not sent more at once."""
IMAGE = 1_000_000
"""Bytes of a picture that is still sent."""
COLUMNS = 200
"""Columns that are shown or profiled."""
CELL = 300
"""Characters of one cell."""
TEXT = 20_000
"""Characters of a value that is no table."""
BARS = 20
OFTEN = 8
COUNTED = 500_000
"""Rows that are counted one by one; of longer tables, so many evenly spread ones."""


Mime = Literal["image/png", "image/jpeg", "image/gif", "image/svg+xml"]
_IMAGES: tuple[tuple[bytes, Mime], ...] = (
    (b"\x89PNG\r\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"<svg", "image/svg+xml"),
)


def preview(output: Output, store: Store, *, start: int = 0, rows: int = ROWS, first: int = 0, command: str = "") -> Preview:
    """Rows ``start`` to ``start + rows`` of a table, columns from number ``first``, or the value as text.

    ``command`` shows it in a kernel or shell.

    Raises CorruptOutputError and StoreError where it cannot be read.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from jupyter_mage.stores.local import LocalStore
    >>> store = LocalStore(Path(tempfile.mkdtemp()))
    >>> preview(store.put([{"n": 1}, {"n": 2}]), store)["cells"]
    [['1'], ['2']]
    >>> preview(store.put({1, 2}), store)["sort"]
    'opaque'
    """
    seen = store.look(output)
    found: Preview = {
        "sort": "value", "type": output.type, "bytes": output.size, "rows": output.rows, "start": 0, "columns": [],
        "columns_left": 0, "cells": [], "text": "", "note": "", "command": command,
    }  # fmt: skip
    columns = _columns(seen)
    if columns is None:
        text = output.preview if seen.opaque else _as_text(seen.value)
        note = _pickled(output) if seen.opaque else ""
        return {**found, "sort": "opaque" if seen.opaque else "value", "text": hide(text), "note": note}
    start, left = max(0, start), [each for each in columns if not each.index][first:]
    shown = [*(each for each in columns if each.index), *left[:COLUMNS]]
    rows = max(0, min(MOST_ROWS, rows, _length(columns, output) - start))
    cells = [_cells(each, start, rows) for each in shown]
    hidden = [each.name for each in shown if each.array is None]
    return {
        **found,
        "sort": "table",
        "start": start,
        "columns": [_head(each) for each in shown],
        "columns_left": max(0, len(left) - COLUMNS),
        "cells": [list(row) for row in zip(*cells, strict=True)] if cells else [],
        "note": f"kept as pickles and not shown here: {', '.join(hidden)}" if hidden else "",
    }


def bounded(seen: Preview) -> Preview:
    """As many of the columns as may be sent; the others are told as left."""
    sizes = [len(json.dumps([row[place] for row in seen["cells"]])) for place in range(len(seen["columns"]))]
    kept, total = 0, 0
    for size in sizes:
        total += size + 100
        if total > LIMIT and kept:
            break
        kept += 1
    left = len(sizes) - kept
    if not left:
        return seen
    cells = [row[:kept] for row in seen["cells"]]
    return {**seen, "columns": seen["columns"][:kept], "cells": cells, "columns_left": seen["columns_left"] + left}


def image(output: Output, store: Store) -> Image | None:
    """The picture that an output of bytes or text is, where it is one."""
    if output.type not in ("bytes", "str") or output.size > IMAGE:
        return None
    value = store.look(output).value
    data = hide(value).encode("utf-8", "replace") if isinstance(value, str) else value
    if not isinstance(data, bytes):
        return None
    mime = next((mime for start, mime in _IMAGES if data.lstrip()[: len(start)] == start), None)
    return {"mime": mime, "data": base64.b64encode(data).decode()} if mime else None


def profile(output: Output, store: Store, *, first: int = 0, most: int = COLUMNS, command: str = "") -> Profile:
    """Each column in a glance, or ``most`` of them from number ``first``.

    Raises CorruptOutputError and StoreError where the output cannot be read.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from jupyter_mage.stores.local import LocalStore
    >>> store = LocalStore(Path(tempfile.mkdtemp()))
    >>> [column] = profile(store.put([3, 1, None, 3]), store)["columns"]
    >>> column["nulls"], column["distinct"], column["minimum"], column["maximum"]
    (1, 2, '1', '3')
    """
    seen = store.look(output)
    found: Profile = {
        "type": output.type, "bytes": output.size, "rows": output.rows, "counted": 0, "columns": [], "columns_left": 0,
        "note": "", "command": command,
    }  # fmt: skip
    columns = _columns(seen)
    if columns is None:
        return {**found, "note": _pickled(output) if seen.opaque else "it is no table, so there are no columns to profile"}
    own = [each for each in columns if not each.index][first:]
    return {
        **found,
        "counted": min(_length(own, output), COUNTED),
        "columns": [_profiled(each) for each in own[:most]],
        "columns_left": max(0, len(own) - most),
    }


def _length(columns: Sequence[SeenColumn], output: Output) -> int:
    return next((len(each.array) for each in columns if each.array is not None), output.rows or 0)


def _pickled(output: Output) -> str:
    return f"a {output.type}, kept as a pickle: only a kernel or the project's own code may load it"


# ---- what is a table


def _columns(seen: Seen) -> list[SeenColumn] | None:
    """The columns of a table, or of a list that is one: of numbers, of texts, of flat records."""
    if seen.columns is not None or not isinstance(seen.value, list) or not seen.value:
        return seen.columns
    if all(isinstance(each, dict) for each in seen.value):
        return _records(seen.value)
    if any(isinstance(each, dict | list) for each in seen.value):
        return None
    return [_listed("value", seen.value)]


def _records(records: Sequence[dict[str, Any]]) -> list[SeenColumn]:
    names = list(dict.fromkeys(name for each in records for name in each))
    return [_listed(name, [each.get(name) for each in records]) for name in names[: COLUMNS + 1]]


def _listed(name: str, values: list[Any]) -> SeenColumn:
    import pyarrow as pa

    from .stores.codecs.base import SeenColumn

    sorts = {type(each).__name__ for each in values if each is not None}
    try:
        array = pa.array(values)
    except (pa.ArrowException, OverflowError):  # a mixture, or whole numbers beyond 64 bits
        array = pa.array([None if each is None else _as_text(each) for each in values], type=pa.large_string())
    return SeenColumn(name=name, dtype=" or ".join(sorted(sorts)) or "null", array=pa.chunked_array([array]))


# ---- cells as text


def _head(column: SeenColumn) -> PreviewColumn:
    numeric = column.array is not None and _sort(column.array) in ("number", "time")
    return {"name": hide(column.name[:CELL]), "type": column.dtype[:CELL], "numeric": numeric, "index": column.index}


def _cells(column: SeenColumn, start: int, rows: int) -> list[str | None]:
    if column.array is None:
        return ["…"] * rows
    return [None if each is None else hide(_cell(each)) for each in _python(_clean(column.array.slice(start, rows)))]


def _python(array: Any) -> list[Any]:
    """Python's values; times that Python has no words for as Arrow spells them."""
    import pyarrow as pa

    try:
        return list(array.to_pylist())
    except (ValueError, OverflowError, pa.ArrowException):
        return list(array.cast(pa.string()).to_pylist())


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = value[:CELL] if isinstance(value, str) else _as_text(value, CELL)
    return text if len(text) < CELL else f"{text[: CELL - 1]}…"


def _as_text(value: Any, limit: int = TEXT) -> str:
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False, default=str, indent=1 if limit > CELL else None)
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


# ---- a column in a glance


def _clean(array: Any) -> Any:
    """NaN is a missing value, as a null is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if pa.types.is_floating(array.type):
        return pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)
    return array


def _sort(array: Any) -> Any:
    import pyarrow as pa

    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    is_ = pa.types
    if is_.is_integer(kind) or is_.is_floating(kind) or is_.is_decimal(kind):
        return "number"
    if is_.is_temporal(kind):
        return "time"
    if is_.is_boolean(kind):
        return "truth"
    if is_.is_nested(kind):
        return "nested"
    return "text"


def _profiled(column: SeenColumn) -> ColumnProfile:
    found: ColumnProfile = {
        "name": hide(column.name[:CELL]), "type": column.dtype[:CELL], "sort": "opaque", "nulls": None, "distinct": None,
        "minimum": None, "maximum": None, "mean": None, "bars": [], "often": [], "note": "",
    }  # fmt: skip
    if column.array is None:
        return {**found, "note": "kept as a pickle: it is not loaded here"}
    sort, array = _sort(column.array), _clean(column.array)
    found = {**found, "sort": sort, "nulls": array.null_count}
    some = _spread(array).drop_null()
    if sort == "nested":
        return found
    found["distinct"] = _distinct(some)
    if sort in ("number", "time"):
        return {**found, **_measured(array, some, sort)}  # type: ignore[typeddict-item]  # mypy has no words for this
    found["often"] = _often(some)
    return found


def _spread(array: Any) -> Any:
    """The array itself, or evenly spread rows of a very long one."""
    if len(array) <= COUNTED:
        return array
    import numpy as np

    return array.take(np.linspace(0, len(array) - 1, COUNTED).astype("int64"))


def _distinct(array: Any) -> int | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return int(pc.count_distinct(array).as_py())
    except pa.ArrowException:  # a type that Arrow cannot compare
        return None


def _measured(array: Any, some: Any, sort: str) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        ends = pc.min_max(array.cast(pa.int64()) if pa.types.is_duration(array.type) else array)
        low, high = _python(pa.array([ends["min"].as_py(), ends["max"].as_py()], type=ends["min"].type).cast(array.type))
        middle = pc.mean(array).as_py() if sort == "number" else None
        bars = _bars(some)
    except (pa.ArrowException, ValueError, OverflowError, TypeError):
        return {"note": "its range cannot be told"}
    said = {"minimum": low, "maximum": high, "mean": middle}
    return {**{name: None if value is None else _cell(value) for name, value in said.items()}, "bars": bars}


def _bars(array: Any) -> list[Bar]:
    """A histogram of up to BARS bars, over finite values."""
    import numpy as np
    import pyarrow as pa

    kind = array.type
    if pa.types.is_temporal(kind):
        whole = array.cast(pa.int64()) if kind.bit_width == 64 else array.cast(pa.int32()).cast(pa.int64())
        values = whole.to_numpy()
    else:
        values = array.cast(pa.float64(), safe=False).to_numpy()
        values = values[np.isfinite(values)]
    if not len(values):
        return []
    few = pa.types.is_integer(kind) or pa.types.is_temporal(kind)
    bins = min(BARS, int(values.max() - values.min()) + 1) if few else BARS
    counts, edges = np.histogram(values, bins=max(1, bins) if values.min() != values.max() else 1)
    return [
        {"low": _edge(edges[i], kind), "high": _edge(edges[i + 1], kind), "count": int(count)} for i, count in enumerate(counts)
    ]


def _edge(value: Any, kind: Any) -> str:
    import pyarrow as pa

    if not pa.types.is_temporal(kind):
        return _cell(float(value)) if math.isfinite(value) else ""
    whole = pa.array([int(value)], type=pa.int64() if kind.bit_width == 64 else pa.int32())
    return _cell(_python(whole.cast(kind))[0])


def _often(array: Any) -> list[Often]:
    import pyarrow as pa

    try:
        counts = Counter({each["values"].as_py(): each["counts"].as_py() for each in _counted(array)})
    except (pa.ArrowException, TypeError):
        return []
    return [{"value": hide(_cell(value)), "count": count} for value, count in counts.most_common(OFTEN)]


def _counted(array: Any) -> Any:
    """The most frequent values with their counts, as Arrow's pairs."""
    import pyarrow.compute as pc

    pairs = pc.value_counts(array)
    best = pc.select_k_unstable(pairs.field("counts"), k=min(OFTEN, len(pairs)), sort_keys=[("", "descending")])
    return pairs.take(best)
