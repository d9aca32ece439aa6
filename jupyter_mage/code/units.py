"""Durations, sizes and counts as people write them, and back."""

from __future__ import annotations

import re

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_BYTES = {"": 1, "b": 1, "k": 1000, "kb": 1000, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9, "t": 10**12, "tb": 10**12,
          "kib": 2**10, "mib": 2**20, "gib": 2**30}  # fmt: skip


def seconds(text: str) -> float:
    """A duration in seconds. Raises ValueError.

    >>> seconds("30"), seconds("10m"), seconds("1.5h")
    (30.0, 600.0, 5400.0)
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)?", text.strip().lower())
    if match is None:
        raise ValueError("a duration is a number and ms, s, m, h, d or w")
    return float(match[1]) * _SECONDS[match[2] or "s"]


def seconds_text(value: float) -> str:
    """The shortest text that `seconds` reads back.

    >>> seconds_text(600.0), seconds_text(90.0), seconds_text(0.25)
    ('10m', '90s', '250ms')
    """
    for unit in ("w", "d", "h", "m", "s"):
        count = value / _SECONDS[unit]
        if count >= 1 and count == int(count):
            return f"{int(count)}{unit}"
    return f"{value * 1000:g}ms" if value < 1 else f"{value:g}s"


def size(text: str) -> int:
    """Bytes. Raises ValueError.

    >>> size("2GB"), size("512 MiB")
    (2000000000, 536870912)
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text.strip().lower())
    if match is None or match[2] not in _BYTES:
        raise ValueError("a size is a number and kB, MB, GB, KiB, MiB or GiB")
    return int(float(match[1]) * _BYTES[match[2]])


def size_text(value: int) -> str:
    """The shortest text that `size` reads back.

    >>> size_text(2000000000), size_text(536870912), size_text(1001)
    ('2GB', '512MiB', '1001')
    """
    for unit, factor in (("GB", 10**9), ("GiB", 2**30), ("MB", 10**6), ("MiB", 2**20), ("kB", 1000), ("KiB", 1024)):
        if value % factor == 0 and value:
            return f"{value // factor}{unit}"
    return str(value)


def count(text: str) -> int:
    """A whole number from 0 on. Raises ValueError."""
    if not re.fullmatch(r"\d{1,6}", text.strip()):
        raise ValueError("a whole number, 0 or more")
    return int(text)


ENDINGS = ("success", "failure", "cancelled")
"""How a block ends, in a callback's words."""


def ending(text: str) -> str:
    """How a block ends, in a callback's words.

    >>> ending("failure")
    'failure'
    """
    if text not in ENDINGS:
        raise ValueError("expected success, failure or cancelled")
    return text


def pool(text: str) -> tuple[str, int]:
    """``db:2``: a pool's name and its size; 1 where it is not said. Raises ValueError.

    >>> pool("db:2"), pool("gpu")
    (('db', 2), ('gpu', 1))
    """
    match = re.fullmatch(r"([A-Za-z]\w{0,62})(?::([1-9]\d{0,4}))?", text.strip())
    if match is None:
        raise ValueError("a pool is a name and a size: db:2")
    return match[1], int(match[2] or 1)


def freshness(text: str) -> float | None:
    """``1d``: so long an output is fresh; ``off``: never kept; ``on``: until something it depends on changes."""
    if text in ("off", "on"):
        return 0.0 if text == "off" else None
    return seconds(text)


def freshness_text(value: float) -> str:
    return "off" if value == 0 else seconds_text(value)


def dotted_name(text: str) -> str:
    """A name, or names with dots between them. Raises ValueError.

    >>> dotted_name("schemas.Orders")
    'schemas.Orders'
    """
    if not all(part.isidentifier() for part in text.split(".")):
        raise ValueError("a name, or a module and a name: schemas.Orders")
    return text
