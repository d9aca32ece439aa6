"""Everything else: pickle protocol 5, its large buffers beside it; cloudpickle where plain pickle would not find things again.

What cannot be pickled is refused with its type and a way out. A pickle is only ever loaded by `decode`, never to list or show.
"""

from __future__ import annotations

import io
import pickle
import pickletools
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ...errors import NotStorableError
from .base import Attachment, Buffer, Encoded, Parts, Seen, pack, unpack
from .preview import short, type_name

_TRIAL_LIMIT = 1 << 20
"""A pickle up to this size is loaded once before it is accepted (about 1 ms); buffers beside it do not count."""

_LOOKED_INTO = 4 << 20
"""A pickle up to this size is looked into for plain bytes."""
_BYTES = frozenset({"SHORT_BINBYTES", "BINBYTES", "BINBYTES8"})
_AROUND = frozenset({"PROTO", "FRAME", "MEMOIZE"})

_PLAIN = frozenset({tuple, list, dict, set, frozenset, bytes, bytearray, int, float, complex, str, bool, type(None)})

HINTS = {
    "generator": "return a list instead: list(...)",
    "async_generator": "return a list instead",
    "coroutine": "await it in the block, and return its result",
    "map": "return a list instead: list(...)",
    "filter": "return a list instead: list(...)",
    "zip": "return a list instead: list(...)",
    "TextIOWrapper": "return the file's path or its content, and open it where it is used",
    "BufferedReader": "return the file's path or its content, and open it where it is used",
    "BufferedWriter": "return the file's path, and open it where it is used",
    "FileIO": "return the file's path, and open it where it is used",
    "socket": "return what was received; connect again where it is needed",
    "SSLSocket": "return what was received; connect again where it is needed",
    "Connection": "return the query's result (a DataFrame, say); connect again in the block that needs it",
    "DuckDBPyConnection": "return the query's result: connection.sql(...).df(); connect again in the block that needs it",
    "DuckDBPyRelation": "return its rows: relation.df()",
    "Cursor": "return the rows: cursor.fetchall()",
    "Engine": "return the query's result (a DataFrame, say); connect again in the block that needs it",
    "lock": "leave the lock out of what the block returns",
    "RLock": "leave the lock out of what the block returns",
    "module": "import it in the block that uses it",
    "frame": "return values, not stack frames",
    "memoryview": "return bytes(...) of it",
}


class PickleCodec:
    name = "pickle"
    splits = False

    def encode(self, value: Any) -> Encoded:
        head, buffers = dump(value)
        try:
            rows = len(value) if hasattr(type(value), "__len__") and not isinstance(value, str | bytes) else None
        except Exception:  # noqa: BLE001 — a stranger's __len__ may do anything; the length is only shown
            rows = None
        return Encoded(type=type_name(value), parts=pack(head, buffers), rows=rows, preview=short(value))

    def decode(self, data: Buffer, attachment: Attachment) -> Any:  # noqa: ARG002 — pickles have no attachments
        head, buffers = unpack(data)
        return pickle.loads(head, buffers=buffers)  # noqa: S301 — made by this project, its name checked against its bytes

    def look(self, data: Buffer, attachment: Attachment, columns: Sequence[tuple[str, str]]) -> Seen:  # noqa: ARG002 — as above
        found = plain_bytes(unpack(data)[0])
        return Seen(opaque=True) if found is None else Seen(value=found)

    def attached(self, data: Buffer) -> Sequence[tuple[str, int]]:  # noqa: ARG002 — as above
        return ()


def plain_bytes(head: Buffer) -> bytes | None:
    """What a pickle holds that is nothing but some bytes: read from its words, none of which is carried out. None for any other.

    >>> plain_bytes(pickle.dumps(b"abc", protocol=5)), plain_bytes(pickle.dumps([b"abc"], protocol=5))
    (b'abc', None)
    """
    if len(head) > _LOOKED_INTO:
        return None
    found: Any = None
    with suppress(ValueError):  # it is cut, or no pickle
        for word, argument, _ in pickletools.genops(bytes(head)):
            if word.name in _BYTES and found is None:
                found = argument
            elif word.name == "STOP":
                return found if isinstance(found, bytes) else None
            elif word.name not in _AROUND:
                return None
    return None


def dump(value: Any) -> tuple[bytes, list[Parts]]:
    """The pickle of ``value`` and its large buffers. Raises NotStorableError, naming what cannot be kept."""
    try:
        head, buffers = _plain(value)
    except Exception as plain_error:  # noqa: BLE001 — a stranger's __reduce__ may raise anything
        head, buffers = _cloud(value, plain_error)
    else:
        if b"__main__" in head:  # by name it would be found in this process only
            head, buffers = _cloud(value, None)
    if type(value) not in _PLAIN and len(head) <= _TRIAL_LIMIT:
        _try_to_load(value, head, buffers)
    return head, [[part] for part in buffers]


def _plain(value: Any) -> tuple[bytes, list[memoryview]]:
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    return head, [buffer.raw() for buffer in buffers]


def _cloud(value: Any, plain_error: Exception | None) -> tuple[bytes, list[memoryview]]:
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        # cloudpickle keeps an open file as its text and a memoryview as bytes: something else would come out
        dispatch_table = _without(cloudpickle.Pickler.dispatch_table, io.TextIOWrapper, memoryview)

    buffers: list[pickle.PickleBuffer] = []
    with io.BytesIO() as file:
        try:
            Pickler(file, protocol=5, buffer_callback=buffers.append).dump(value)
        except Exception as error:
            raise refusal(value, plain_error or error) from error
        return file.getvalue(), [buffer.raw() for buffer in buffers]


def _without(table: Mapping[Any, Any], *kinds: type) -> Mapping[Any, Any]:
    return {kind: reduce for kind, reduce in table.items() if kind not in kinds}


def _try_to_load(value: Any, head: bytes, buffers: list[memoryview]) -> None:
    try:
        # copies, so that nothing the trial makes can share memory with the value
        copies = [bytearray(buffer) if buffer.nbytes <= _TRIAL_LIMIT else buffer.toreadonly() for buffer in buffers]
        loaded = pickle.loads(head, buffers=copies)  # noqa: S301 — made two lines ago, from the value itself
    except Exception as error:
        raise NotStorableError(
            f"{type_name(value)} can be pickled but not loaded again: {type(error).__name__}: {short(error, 300)}",
            hint="return plain data (a DataFrame, a dict …) instead of this object",
        ) from error
    if type(loaded).__qualname__ != type(value).__qualname__:
        raise NotStorableError(
            f"{type_name(value)} comes out of its pickle as {type_name(loaded)}",
            hint=f"return a {type_name(loaded)} in the first place, if that is what is meant",
        )


def refusal(value: Any, error: Exception) -> NotStorableError:
    """The error for a value, or a part of one, that cannot be kept: names the guilty type, says what to return instead."""
    name = type(value).__name__
    guilty = next((word for word in HINTS if f"'{word}'" in str(error) or f".{word}'" in str(error)), name)
    if isinstance(error, RecursionError):
        return NotStorableError(
            f"{type_name(value)} is nested too deeply to be kept", hint="return a flat list, or the parts as a dict"
        )
    reason = f"{type(error).__name__}: {short(error, 300)}"
    what = f"{type_name(value)} cannot be kept as an output"
    if guilty != name:
        what = f"{type_name(value)} cannot be kept as an output, because of the {guilty} in it"
    return NotStorableError(f"{what} ({reason})", hint=HINTS.get(guilty, "return plain data (a DataFrame, a dict …) instead"))


codec = PickleCodec()
