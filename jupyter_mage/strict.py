"""``--mage-strict``: what Mage does to values between blocks, so that a project can be compared before it is moved.

Mage (0.9.80, measured) writes an output to files and reads it back, and on the way ``None`` becomes ``[]``, a tuple a list, a
list of one item that item, a list of more than ten items is put in the order of its indices as text. Where it would lose the
data altogether, a strict run fails and says so: there is nothing to compare.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from .errors import RunError
from .model import Retry

_SAME = (bool, int, str)


class LostInMageError(RunError):
    """A value that real Mage would not hand on."""


def handed_over(value: Any) -> Any:
    """The value that the block below gets in Mage. Raises LostInMageError where that is none that can be used.

    >>> handed_over(None), handed_over((1, 2)), handed_over([5]), handed_over({1: float("nan")}), handed_over(b"abc")
    ([], [1, 2], 5, {'1': None}, 'abc')
    >>> handed_over(list(range(12)))
    [0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    if value is None:
        return []
    if type(value).__name__ == "generator":
        return "builtins.generator"
    if isinstance(value, list | tuple):
        items = [_inside(each) for each in value]
        if len(items) == 1:
            return items[0]
        return [items[place] for place in sorted(range(len(items)), key=str)] if len(items) > 10 else items
    return _inside(value)


def _inside(value: Any) -> Any:
    kind = type(value)
    if kind in _SAME or value is None:
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Mapping) and kind.__module__ in ("builtins", "collections"):
        if not all(isinstance(key, str | int | float | bool | None) for key in value):
            raise LostInMageError("Mage cannot store a dict whose keys are not text", hint="make the keys text")
        return {_key(key): _item(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_item(each) for each in value]
    return _object(value)


def _item(value: Any) -> Any:
    """What stands in a list or dict: numbers of numpy are plain ones there."""
    found = _inside(value)
    return found.item() if type(found).__module__ == "numpy" else found


def _key(key: Any) -> str:
    """As JSON has it: ``true``, ``null``, ``1.5``."""
    return key if isinstance(key, str) else json.dumps(key)


def _object(value: Any) -> Any:
    """Values of libraries: most come back as they are."""
    kind = type(value)
    name = f"{kind.__module__.split('.')[0]}.{kind.__name__}"
    if name in ("numpy.ndarray", "pandas.Index", "pandas.RangeIndex") or isinstance(value, BaseException | complex):
        raise LostInMageError(f"Mage hands on a dict that only names the class {name}: the data is lost", hint="return a frame")
    if name == "builtins.range":
        raise LostInMageError("Mage cannot read a range back", hint="return list(range(…))")
    if callable(value) and not isinstance(value, type) and kind.__name__ in ("function", "builtin_function_or_method"):
        raise LostInMageError("Mage cannot read a function back", hint="return data")
    if name == "pandas.DataFrame":
        return _frame(value)
    return value


def _frame(frame: Any) -> Any:
    if frame.columns.nlevels > 1:
        raise LostInMageError("Mage cannot store a frame whose columns have several levels", hint="flatten the columns")
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        raise LostInMageError("Mage cannot store a frame in which two columns have one name", hint="rename one")
    return frame.set_axis(names, axis="columns") if names != list(frame.columns) else frame


def tries_again(retry: Retry, attempt: int) -> bool:
    """Whether Mage makes another attempt: its ``max_delay`` bounds the sum of all delays, the next one included.

    >>> [tries_again(Retry(retries=5, delay=1.0, longest=4.0), attempt) for attempt in (1, 2, 3)]
    [True, True, False]
    """
    if attempt > retry.retries:
        return False
    waited = sum(retry.delay * retry.backoff**place for place in range(attempt))
    return not retry.longest or waited < retry.longest
