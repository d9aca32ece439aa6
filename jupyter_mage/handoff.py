"""Hands values from block to block inside one process, without a way through the disk.

A wrapper around a store: what was just put is kept alive, as far as it can be shared safely, and given to the next reader.
Frames are shared under copy-on-write, so that no reader changes another's.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from .model import Output
from .plugins import Store

IMMUTABLE = (bool, int, float, str, bytes, type(None))


class Handoff:
    """A store that remembers the last values, up to ``limit`` bytes (by their stored size)."""

    def __init__(self, store: Store, limit: int = 2 << 30) -> None:
        self.inner = store
        self._limit = limit
        self._held = 0
        self._values: OrderedDict[str, tuple[Any, int]] = OrderedDict()

    def put(self, value: Any) -> Output:
        output = self.inner.put(value)
        shared = _shareable(value)
        if shared is not None and output.content not in self._values:
            self._values[output.content] = shared, output.size
            self._held += output.size
            while self._held > self._limit and len(self._values) > 1:
                _, (_, size) = self._values.popitem(last=False)
                self._held -= size
        return output

    def get(self, output: Output) -> Any:
        held = self._values.get(output.content)
        if held is None:
            return self.inner.get(output)
        value = held[0]
        return value if type(value) in IMMUTABLE else _copy(value)

    def look(self, output: Output) -> Any:
        return self.inner.look(output)

    def collect(self, keep: set[str], *, age: float = 3600.0) -> int:
        for content in [each for each in self._values if each not in keep]:
            self._held -= self._values.pop(content)[1]
        return self.inner.collect(keep, age=age)

    def has(self, output: Output) -> bool:
        return output.content in self._values or self.inner.has(output)


def _shareable(value: Any) -> Any:
    """What to keep of ``value`` so that later readers are isolated from each other, or None where only the store can do that."""
    if type(value) in IMMUTABLE:
        return value
    kind = type(value)
    if kind.__module__.startswith("pandas") and kind.__name__ == "DataFrame":
        plain = not any(str(dtype) == "object" for dtype in value.dtypes)
        return value.copy(deep=False) if plain and not value.attrs else None
    if kind.__module__.startswith("polars") and kind.__name__ == "DataFrame":
        return value.clone()
    if kind.__module__.startswith("pyarrow") and kind.__name__ == "Table":
        return value
    return None


def _copy(value: Any) -> Any:
    """A new object over the same data; writing to it copies (pandas 3 copy-on-write, polars, immutable Arrow)."""
    if hasattr(value, "clone"):
        return value.clone()
    return value.copy(deep=False) if hasattr(value, "iloc") else value
