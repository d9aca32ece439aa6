"""JSON as text for hashes and history, with as little as possible for each call."""

from __future__ import annotations

import json
from collections.abc import Callable
from json import encoder


def writer(*, default: Callable[[object], object], ascii_only: bool = False, sort_keys: bool = False) -> Callable[[object], str]:
    """A function that writes a value as JSON without spaces; ``default`` stands in for what JSON cannot say.

    What `json.JSONEncoder.encode` does, which makes an encoder in C for each call; here it is made once.

    >>> writer(default=repr, sort_keys=True)({"b": 1, "a": {2}})
    '{"a":"{2}","b":1}'
    """
    make = getattr(encoder, "c_make_encoder", None)
    if make is None:  # another Python than CPython
        slow = json.JSONEncoder(
            ensure_ascii=ascii_only, default=default, sort_keys=sort_keys, separators=(",", ":"), check_circular=False
        )
        return slow.encode
    text = encoder.encode_basestring_ascii if ascii_only else encoder.encode_basestring
    # no marks of circles (they end in a RecursionError), no indent, no keys left out, NaN as it is
    write, join = make(None, default, text, None, ":", ",", sort_keys, False, True), "".join
    return lambda value: join(write(value, 0))
