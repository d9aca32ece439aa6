"""None, bool, int, float, str, and lists and dicts of them: exactly these types, as JSON text.

A subclass, a tuple, a set or a key that is not text would come back as something else, so they are left to pickle.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .base import Attachment, Buffer, Encoded, Seen
from .preview import bounded, short

_SCALARS = frozenset({type(None), bool, int, float, str})
_MAX_DEPTH = 50

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_decode = json.JSONDecoder().decode


def exact(value: Any, depth: int = _MAX_DEPTH) -> bool:
    """Whether JSON gives ``value`` back equal, types and all.

    >>> exact({"a": [1, 2.5, None]}), exact((1, 2)), exact({1: 2}), exact(True)
    (True, False, False, True)
    """
    kind = type(value)
    if kind in _SCALARS:
        return True
    if not depth:
        return False
    if kind is list:
        return _all_exact(value, depth)
    if kind is dict:
        return set(map(type, value)) <= {str} and _all_exact(value.values(), depth)
    return False


def _all_exact(items: Any, depth: int) -> bool:
    if set(map(type, items)) <= _SCALARS:
        return True
    return all(exact(item, depth - 1) for item in items)


class JsonCodec:
    name = "json"
    splits = False

    def encode(self, value: Any) -> Encoded | None:
        kind = type(value)
        if kind is int:
            return self._encode_int(value)
        if not exact(value):
            return None
        try:
            data = _encode(value).encode()
        except (UnicodeEncodeError, ValueError, RecursionError):  # lone surrogates, integers of more than 4,300 digits
            return None
        rows = len(value) if kind is list or kind is dict else None
        preview = bounded(data.decode()) if rows is None else short(value)
        return Encoded(type=kind.__name__, parts=[data], rows=rows, preview=preview)

    def _encode_int(self, value: int) -> Encoded | None:
        try:
            text = str(value)
        except ValueError:
            return None
        return Encoded(type="int", parts=[text.encode()], preview=text)

    def decode(self, data: Buffer, attachment: Attachment) -> Any:  # noqa: ARG002 — JSON has no attachments
        return _decode(str(data, "utf-8"))

    def look(self, data: Buffer, attachment: Attachment, columns: Sequence[tuple[str, str]]) -> Seen:  # noqa: ARG002 — as above
        return Seen(value=self.decode(data, attachment))

    def attached(self, data: Buffer) -> Sequence[tuple[str, int]]:  # noqa: ARG002 — as above
        return ()


codec = JsonCodec()
