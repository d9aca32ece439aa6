"""Seconds, bytes and texts in a few characters."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """How long, in a few characters.

    >>> [duration(s) for s in (0.0004, 0.31, 12.34, 83, 5400)]
    ['<1 ms', '0.31 s', '12.3 s', '1 min 23 s', '1 h 30 min']
    """
    if seconds < 0.001:
        return "<1 ms"
    if seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def size(count: int) -> str:
    """Bytes, in a few characters.

    >>> [size(n) for n in (900, 12_345, 312_000_000, 4_200_000_000)]
    ['900 B', '12 kB', '312 MB', '4.2 GB']
    """
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}" if count < 10 * factor else f"{count / factor:.0f} {unit}"
    return f"{count} B"


def shorten(text: str, limit: int) -> str:
    """``text`` in one line of at most ``limit`` characters.

    >>> shorten("a name that is long", 8)
    'a name …'
    """
    line = " ".join(text[: 4 * limit].split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
