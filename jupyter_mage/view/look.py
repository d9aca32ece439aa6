"""Colours and glyphs, in one table. The browser's copy (``labextension/src/dag/look.json``) is the same; a test compares.

Kinds have Mage's colours. A state is told by glyph and colour, never by colour alone.
"""

from __future__ import annotations

import zlib
from typing import Final, NamedTuple


class Status(NamedTuple):
    """How a state looks: glyph as an SVG path in a box of 16, ink on light and on dark, one character for terminals."""

    label: str
    light: str
    dark: str
    path: str
    text: str


STATUSES: Final[dict[str, Status]] = {
    "new": Status("not run", "#6a737d", "#8b949e", "M8 4.2a3.8 3.8 0 1 0 0 7.6a3.8 3.8 0 1 0 0 -7.6", "○"),
    "queued": Status("waiting", "#6a737d", "#8b949e", "M4.4 8h.1M8 8h.1M11.6 8h.1", "…"),
    "running": Status("running", "#0b62d6", "#58a6ff", "M8 4a4 4 0 1 1 -3.6 2.3", "▶"),
    "retrying": Status(
        "retrying",
        "#96600a",
        "#d8a02b",
        "M4.2 7.2a3.9 3.9 0 0 1 7 -1.6M11.4 3.2v2.6h-2.6M11.8 8.8a3.9 3.9 0 0 1 -7 1.6M4.6 12.8v-2.6h2.6",
        "↻",
    ),
    "waiting": Status("not yet", "#0b62d6", "#58a6ff", "M8 4a4 4 0 1 0 0 8a4 4 0 1 0 0 -8M8 5.8v2.4l1.7 1", "◷"),
    "succeeded": Status("done", "#1a7f37", "#3fb950", "M4.5 8.3l2.4 2.4l4.7 -5.2", "✓"),
    "cached": Status("cached", "#0a7285", "#39c5cf", "M8.9 3.8l-3.7 4.9h5.6l-3.7 3.7", "≡"),
    "fresh": Status("up to date", "#1a7f37", "#3fb950", "M8 8h.1M8 4a4 4 0 1 0 0 8a4 4 0 1 0 0 -8", "●"),
    "stale": Status("out of date", "#96600a", "#d8a02b", "M11.6 6.4a4 4 0 1 0 .3 2.6M11.9 3.8v2.8h-2.8", "~"),
    "failed": Status("failed", "#cf222e", "#ff7b72", "M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6", "✗"),
    "skipped": Status("skipped", "#96600a", "#d8a02b", "M4.6 4.8l3.4 3.2l-3.4 3.2M10.8 4.8v6.4", "⊘"),
    "cancelled": Status("cancelled", "#6a737d", "#8b949e", "M5.6 5.6h4.8v4.8h-4.8z", "■"),
    "interrupted": Status("interrupted", "#6a737d", "#8b949e", "M6.2 5v6M9.8 5v6", "‖"),
    "leaky": Status("leaky", "#96600a", "#d8a02b", "M8 3.6c2 2.6 3 3.9 3 5.3a3 3 0 1 1 -6 0c0 -1.4 1 -2.7 3 -5.3", "◇"),
    "manual": Status(
        "runs when asked",
        "#6a737d",
        "#8b949e",
        "M6 11.5v-4.8M6 6.7v-2a.9 .9 0 0 1 1.8 0v3l2.8 .7a1 1 0 0 1 .7 1.2l-.6 2",
        "☝",
    ),
    "problem": Status("cannot run", "#cf222e", "#ff7b72", "M8 4v4.8M8 11.6h.1", "!"),
}

KINDS: Final[dict[str, str]] = {
    "data_loader": "#4877ff",
    "transformer": "#7d55ec",
    "data_exporter": "#d9a400",
    "custom": "#7f8894",
    "sensor": "#e0489e",
    "conditional": "#e8743b",
    "callback": "#b48be0",
    "dbt": "#ff694b",
}

ICONS: Final[dict[str, str]] = {
    "data_loader": "M8 1.5l5.6 3.2v6.6l-5.6 3.2l-5.6 -3.2v-6.6zM8 5v5.5M5.8 8.4l2.2 2.2l2.2 -2.2",
    "transformer": "M3.5 3.5h9v9h-9zM2 2h3v3h-3zM11 2h3v3h-3zM2 11h3v3h-3zM11 11h3v3h-3z",
    "data_exporter": "M8 1.8a6.2 6.2 0 1 0 0 12.4a6.2 6.2 0 1 0 0 -12.4M8 11v-5.5M5.6 7.6l2.4 -2.4l2.4 2.4",
    "custom": "M8 1.5l5.6 3.2v6.6l-5.6 3.2l-5.6 -3.2v-6.6zM2.6 4.9l5.4 3.1l5.4 -3.1M8 8v6.3",
    "sensor": "M8 6.5a1.5 1.5 0 1 0 0 3a1.5 1.5 0 1 0 0 -3M4.7 4.7a4.7 4.7 0 0 0 0 6.6M11.3 4.7a4.7 4.7 0 0 1"
    " 0 6.6M2.4 2.4a8 8 0 0 0 0 11.2M13.6 2.4a8 8 0 0 1 0 11.2",
    "conditional": "M8 1.8v3.7M8 5.5l-4.5 3v3.5M8 5.5l4.5 3v3.5M3.5 12a1.2 1.2 0 1 0 .01 0M12.5 12a1.2 1.2 0 1 0 .01 0",
    "callback": "M12.8 5.2a5.4 5.4 0 1 0 .6 4.3M13.4 2.2v3.4h-3.4",
    "dbt": "M2.5 3.5h11M2.5 8h11M2.5 12.5h11M6 3.5v9",
}  # fmt: skip
"""The sign of each kind, drawn as a line in a box of 16; any other kind has the one of custom code."""

LANGUAGES: Final[dict[str, str]] = {"python": "PY", "shell": "SH", "mage_sql": "SQL"}
"""What the chip on a card says, where it is not the language's name in capitals."""

LOUD: Final = frozenset({"running", "retrying", "failed", "problem", "leaky"})
"""Look here: their cards have a border and a last line in the state's ink."""

QUIET: Final = frozenset({"new", "queued", "manual"})
"""Nothing has happened to these blocks yet: their glyph is an outline."""

SAMPLE: Final = ("sample", "#96600a", "#d8a02b")
"""The badge of an output that was made of a part of the data: word, ink on light and on dark."""

_GUESTS: Final = ("#2a9d8f", "#c0568a", "#5b8c3a", "#3a86c8", "#b5651d")


def kind_colour(kind: str) -> str:
    """The kind's colour; a guest kind always gets the same one.

    >>> kind_colour("data_loader"), kind_colour("teapot") == kind_colour("teapot")
    ('#4877ff', True)
    """
    return KINDS.get(kind) or _GUESTS[zlib.crc32(kind.encode("utf-8", "surrogatepass")) % len(_GUESTS)]


def ink(colour: str) -> str:
    """Whether a white or a dark sign is seen better on this colour.

    >>> ink("#4877ff"), ink("#d9a400")
    ('#ffffff', '#14171b')
    """
    parts = [int(colour[i : i + 2] or "0", 16) / 255 for i in (1, 3, 5)]
    r, g, b = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return "#14171b" if 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.28 else "#ffffff"


def status(name: str) -> Status:
    """The look of a state; one we do not know looks like ``new``, under its own name."""
    return STATUSES.get(name) or STATUSES["new"]._replace(label=name)
