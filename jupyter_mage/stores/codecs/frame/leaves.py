"""Single arrays as bytes: an Arrow IPC file with one column and one batch, or a pickle for what Arrow cannot keep exactly.

Arrow's writer looks through slices and offsets, so equal columns give equal bytes, whatever they were cut from. Reading makes
views of the bytes, no copies.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow import ipc

from ..base import Parts, length, pack, unpack
from ..pickle import dump

FIELD = "value"
"""Name of the one column in each file: not the column's own, so that a renamed column is still the same content."""


COPY_UP_TO = 64 << 10
"""Bytes of an array that are sooner copied than handed on piece by piece."""

_OPTIONS = ipc.IpcWriteOptions()


@dataclass(slots=True, kw_only=True)
class Table:
    """A table taken apart: ``spec`` is JSON that says how the leaves go together."""

    type: str
    spec: dict[str, Any]
    rows: int
    columns: tuple[tuple[str, str], ...]
    preview: str


class _Collector:
    """A file to Arrow's writer that keeps the pieces it is given, big ones without a copy."""

    closed = False

    def __init__(self) -> None:
        self.parts: Parts = []

    def write(self, piece: Any) -> int:
        self.parts.append(piece if isinstance(piece, bytes) else memoryview(piece))
        return len(piece)

    def tell(self) -> int:
        return length(self.parts)

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


class LeafWriter:
    """Takes arrays; each gets a number to be asked for by."""

    def __init__(self) -> None:
        self.made: list[tuple[Parts, str]] = []
        self.size = 0

    def arrow(self, array: Any) -> int:
        """An Arrow array; a chunked one as a single chunk, so that equal columns are equal bytes."""
        if isinstance(array, pa.ChunkedArray):
            array = array.chunk(0) if array.num_chunks == 1 else array.combine_chunks()
            if isinstance(array, pa.ChunkedArray):  # too large for one chunk of its type
                array = pa.chunked_array(array.chunks)
        return self._add(_ipc_parts(array), "arrow")

    def pickled(self, value: Any) -> int:
        """Anything that can be pickled. Raises NotStorableError."""
        return self._add(pack(*dump(value)), "pickle")

    def _add(self, parts: Parts, kind: str) -> int:
        self.made.append((parts, kind))
        self.size += length(parts)
        return len(self.made) - 1


def _ipc_parts(array: Any) -> Parts:
    schema = pa.schema([(FIELD, array.type)])
    chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    small = array.nbytes <= COPY_UP_TO
    sink: Any = pa.BufferOutputStream() if small else _Collector()
    with ipc.new_file(sink, schema, options=_OPTIONS) as writer:
        for chunk in chunks:
            writer.write_batch(pa.RecordBatch.from_arrays([chunk], schema=schema))
    return [memoryview(sink.getvalue())] if small else sink.parts


class LeafReader:
    """Gives arrays by the numbers they were written under; they share memory with ``views``, which belong to this reader."""

    def __init__(self, views: Sequence[memoryview]) -> None:
        self._views = views

    def arrow(self, number: int) -> Any:
        """As a ChunkedArray."""
        return ipc.open_file(pa.py_buffer(self._views[number])).read_all().column(0)

    def buffer(self, number: int) -> tuple[memoryview, int, int]:
        """Of an array of numbers without nulls: the bytes it stands in, where in them it begins, how many items it has."""
        view = self._views[number]
        whole = pa.py_buffer(view)
        array = ipc.open_file(whole).get_batch(0).column(0)
        values = array.buffers()[1]
        offset = 0 if values is None else values.address - whole.address
        return view, offset, len(array)

    def pickled(self, number: int) -> Any:
        head, buffers = unpack(self._views[number])
        return pickle.loads(head, buffers=buffers)  # noqa: S301 — made by this project, its name checked against its bytes
