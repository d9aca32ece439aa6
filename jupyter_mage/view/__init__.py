"""Pipeline and progress → the JSON that every screen draws; SVG, Mermaid and text of it. Pure functions.

>>> from jupyter_mage.model import Block, Pipeline
>>> pipeline = Pipeline(name="p", blocks=(Block(name="a", source="1"), Block(name="b", source="a", upstreams=("a",))))
>>> print(text(picture(pipeline)))
p · 2 blocks
●  ○ a  loader  not run
●  ○ b  loader  not run  ← a
"""

from __future__ import annotations

from typing import Any

from .brief import duration
from .pace import Pace, steady
from .picture import changes, picture
from .svg import headline, svg
from .text import mermaid, mermaid_label, text

__all__ = [
    "MIME",
    "Pace",
    "bundle",
    "changes",
    "duration",
    "headline",
    "mermaid",
    "mermaid_label",
    "picture",
    "steady",
    "svg",
    "text",
]

MIME = "application/vnd.jupyter_mage.dag+json"


def bundle(drawn: dict[str, Any]) -> dict[str, Any]:
    """Every form of one picture, by MIME type: each front end takes the best that it knows."""
    return {MIME: drawn, "image/svg+xml": svg(drawn), "text/vnd.mermaid": mermaid(drawn), "text/plain": text(drawn)}
