"""Tables, kept by column: pandas, polars and Arrow frames and series as uncompressed Arrow IPC, read by memory map.

Each column is an attachment named by its own content, so a column that did not change is not written again; a small manifest
says how they go together. A table of few bytes is one container, which stands in the history.

``leaves`` writes and reads single arrays, ``arrays`` and ``indexes`` know pandas' own kinds of them, and one file a library
(``pandas_tables``, ``arrow_tables``, ``polars_tables``) takes its tables apart and builds them again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from ..base import ATTACHMENT, Attachment, Buffer, Encoded, Seen, content_name, length, pack, unpack
from .leaves import LeafReader, LeafWriter, Table

INLINE = 60 << 10
"""Tables whose columns need no more are one container (it comes with a manifest of a few KB)."""


class Tables(Protocol):
    """A library's tables. One module each."""

    def encode(self, value: Any, leaves: LeafWriter) -> Table | None:
        """Take ``value`` apart, its arrays into ``leaves``; None where it would not come back equal."""

    def decode(self, spec: dict[str, Any], leaves: LeafReader) -> Any:
        """Build it again."""


_LIBRARIES = {
    "pandas": "jupyter_mage.stores.codecs.frame.pandas_tables",
    "pyarrow": "jupyter_mage.stores.codecs.frame.arrow_tables",
    "polars": "jupyter_mage.stores.codecs.frame.polars_tables",
}


@cache
def _tables(library: str) -> Tables:
    tables: Tables = import_module(_LIBRARIES[library]).tables
    return tables


class FrameCodec:
    name = "frame"
    splits = True

    def encode(self, value: Any) -> Encoded | None:
        library = type(value).__module__.partition(".")[0]
        if library not in _LIBRARIES:
            return None
        leaves = LeafWriter()
        table = _tables(library).encode(value, leaves)
        if table is None:
            return None
        manifest: dict[str, Any] = {"version": 1, "library": library, "type": table.type, "spec": table.spec}
        attachments = {}
        inline = leaves.size <= INLINE
        if not inline:
            names = [f"{content_name(ATTACHMENT, leaf)}.{kind}" for leaf, kind in leaves.made]
            manifest["leaves"] = [(name, length(leaf)) for name, (leaf, _) in zip(names, leaves.made, strict=True)]
            attachments = {name: leaf for name, (leaf, _) in zip(names, leaves.made, strict=True)}
        head = json.dumps(manifest, separators=(",", ":")).encode()
        return Encoded(
            type=table.type,
            parts=pack(head, [leaf for leaf, _ in leaves.made] if inline else []),
            attachments=attachments,
            rows=table.rows,
            columns=table.columns,
            preview=table.preview,
        )

    def decode(self, data: Buffer, attachment: Attachment) -> Any:
        manifest, views = _taken_apart(data, attachment)
        return _tables(manifest["library"]).decode(manifest["spec"], LeafReader(views))

    def look(self, data: Buffer, attachment: Attachment, columns: Sequence[tuple[str, str]]) -> Seen:
        from .looking import look

        return look(*_taken_apart(data, attachment), columns)

    def attached(self, data: Buffer) -> Sequence[tuple[str, int]]:
        manifest = json.loads(bytes(unpack(data)[0]))
        return [(name, size) for name, size in manifest.get("leaves", ())]


def _taken_apart(data: Buffer, attachment: Attachment) -> tuple[dict[str, Any], list[memoryview]]:
    """The manifest, and the bytes of each leaf."""
    head, pieces = unpack(data)
    manifest: dict[str, Any] = json.loads(bytes(head))
    names = manifest.get("leaves")
    return manifest, pieces if names is None else [attachment(name) for name, _ in names]


codec = FrameCodec()
