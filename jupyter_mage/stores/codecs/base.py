"""What a codec is, and the two shapes that bytes take: one piece, or a container of several.

A codec turns a value into an `Encoded` and back. It knows nothing of files, names or the history.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from xxhash import xxh3_128, xxh3_128_hexdigest

Buffer = bytes | bytearray | memoryview
Parts = list[Any]
"""Bytes in pieces (``bytes``, memoryviews, Arrow buffers): joined, they are the content. Nothing big is copied to join them."""

Attachment = Callable[[str], memoryview]
"""Gives the bytes of an attachment by its name, checked, and private to the caller: writing to them changes nothing else."""

ATTACHMENT = b"attachment"
"""Prefix of attachments' names; a value's own is its codec's name."""

ALIGN = 64
_MAGIC = b"JMC1"
_PADDING = bytes(ALIGN)


@dataclass(slots=True, kw_only=True)
class Encoded:
    """A value as bytes. ``attachments`` are kept under names of their own, once per content, and ``parts`` speaks of them."""

    type: str
    parts: Parts
    attachments: Mapping[str, Parts] | None = None
    rows: int | None = None
    columns: tuple[tuple[str, str], ...] | None = None
    preview: str = ""


@dataclass(slots=True, kw_only=True)
class SeenColumn:
    """A column, as far as it can be seen. ``array`` is Arrow's (chunked), or None where only unpickling would give it."""

    name: str
    dtype: str
    array: Any
    index: bool = False


@dataclass(slots=True, kw_only=True)
class Seen:
    """What can be seen of a value without loading anything that could run code: a table's columns, or a plain value."""

    columns: list[SeenColumn] | None = None
    value: Any = None
    opaque: bool = False
    """Whether nothing can be: the value is a pickle."""


class Codec(Protocol):
    """One way to keep values. A codec is one module-level instance, listed in the table of this package."""

    name: str
    splits: bool
    """Whether it makes attachments."""

    def encode(self, value: Any) -> Encoded | None:
        """The value as bytes, or None where this codec does not keep it exactly. Raises NotStorableError if nobody can."""

    def decode(self, data: Buffer, attachment: Attachment) -> Any:
        """The value. ``data`` may be written to by its owner."""

    def look(self, data: Buffer, attachment: Attachment, columns: Sequence[tuple[str, str]]) -> Seen:
        """What can be seen of the value with nothing unpickled; ``columns`` are the names and dtypes noted when it was kept."""

    def attached(self, data: Buffer) -> Sequence[tuple[str, int]]:
        """Names and sizes of the attachments that ``data`` speaks of."""


def length(parts: Parts) -> int:
    return sum(part.nbytes if isinstance(part, memoryview) else len(part) for part in parts)


def content_name(prefix: bytes, parts: Parts) -> str:
    """The name of the content that ``parts`` make when joined.

    >>> content_name(b"json", [b"1"]) == content_name(b"json", [b"", b"1"]) != content_name(b"pickle", [b"1"])
    True
    """
    if len(parts) == 1 and type(parts[0]) is bytes:
        return str(xxh3_128_hexdigest(prefix + b"\0" + parts[0]))
    digest = xxh3_128(prefix + b"\0")
    for part in parts:
        digest.update(part)
    return str(digest.hexdigest())


def pack(head: bytes, pieces: Sequence[Parts]) -> Parts:
    """A container: magic, the sizes, the head, and each piece at a multiple of 64 bytes, so that it can be used in place."""
    sizes = [length(piece) for piece in pieces]
    start = struct.pack(f"<4sIQ{len(sizes)}Q", _MAGIC, len(sizes), len(head), *sizes) + head
    parts: Parts = [start]
    position = len(start)
    for piece, size in zip(pieces, sizes, strict=True):
        gap = -position % ALIGN
        parts.append(_PADDING[:gap])
        parts.extend(piece)
        position += gap + size
    return parts


def unpack(data: Buffer) -> tuple[memoryview, list[memoryview]]:
    """Head and pieces of a container, as views. Raises ValueError where it is none."""
    view = memoryview(data)
    magic, count, head_size = struct.unpack_from("<4sIQ", view)
    if magic != _MAGIC:
        raise ValueError("not a container")
    sizes = struct.unpack_from(f"<{count}Q", view, 16)
    position = 16 + 8 * count
    head = view[position : position + head_size]
    position += head_size
    pieces = []
    for size in sizes:
        position += -position % ALIGN
        pieces.append(view[position : position + size])
        position += size
    return head, pieces
