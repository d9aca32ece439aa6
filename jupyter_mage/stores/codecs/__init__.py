"""How values become bytes: one codec a file, tried in this order; the last one takes whatever it can or refuses.

A codec says itself whether it keeps a value exactly. To add one, write its file and put its line in `_TABLE`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from .base import Buffer, Codec, Encoded
from .json import codec as _json

_TABLE = {
    "json": "jupyter_mage.stores.codecs.json",
    "frame": "jupyter_mage.stores.codecs.frame",
    "pickle": "jupyter_mage.stores.codecs.pickle",
}

__all__ = ["Buffer", "Codec", "Encoded", "encode", "get"]


@cache
def get(name: str) -> Codec:
    """The codec of this name; KeyError for one that this version does not have."""
    codec: Codec = import_module(_TABLE[name]).codec
    return codec


def encode(value: Any) -> tuple[str, Encoded]:
    """The name of the first codec that keeps ``value`` exactly, and its bytes. Raises NotStorableError if none does."""
    encoded = _json.encode(value)  # small values are the hot path
    if encoded is not None:
        return "json", encoded
    for name in _TABLE:
        encoded = get(name).encode(value)
        if encoded is not None:
            return name, encoded
    raise AssertionError("the last codec keeps the value or raises")
