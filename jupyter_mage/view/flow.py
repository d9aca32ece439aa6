"""What an output is for the edges that carry it: shape, bytes, and how it differs from the last good run's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model import Output
from ..shapes import alert, change
from .brief import shorten, size

WARNINGS = {"loss": ("▼", "lost rows"), "schema": ("≠", "schema changed")}
"""A sign and words for each alert: it is never told by colour alone."""


def flow(output: Output, before: Output | None) -> dict[str, Any]:
    """The facts; a screen makes words of them. ``before`` is what the last good run gave, where that is known.

    >>> def frame(rows, *names):
    ...     return Output(content="", codec="frame", type="", size=9_000, rows=rows, columns=tuple((n, "str") for n in names))
    >>> flow(frame(3, "id"), None)
    {'shape': '3 × 1', 'size': '9.0 kB'}
    >>> flow(frame(12480, "id"), frame(15602, "id"))
    {'shape': '12 480 × 1', 'size': '9.0 kB', 'change': '−20 %', 'alert': 'loss', 'before': '15 602 × 1'}
    """
    told = {"shape": shorten(output.describe(), 40), "size": size(output.size) if output.size else ""}
    differs = change(before, output)
    if differs and before is not None:
        told |= {"change": shorten(differs, 60), "alert": alert(before, output), "before": shorten(before.describe(), 40)}
    return {key: value for key, value in told.items() if value}


def said(facts: Mapping[str, Any]) -> str:
    """The facts in words.

    >>> said({"shape": "12 480 × 1", "size": "9 kB", "change": "−20 %", "alert": "loss", "before": "15 602 × 1"})
    '12 480 × 1, 9 kB, lost rows: −20 % since the last good run, which had 15 602 × 1'
    """
    words = [str(facts[key]) for key in ("shape", "size") if facts.get(key)]
    if facts.get("change"):
        warning = f"{WARNINGS[facts['alert']][1]}: " if facts.get("alert") in WARNINGS else ""
        words.append(f"{warning}{facts['change']} since the last good run, which had {facts['before']}")
    return ", ".join(words)


def pill(facts: Mapping[str, Any]) -> str:
    """What stands where an output leaves its block: ``12 480 × 19 · 48 MB``, ``12 480 × 19 · ▼ −20 %``."""
    change, warning = facts.get("change", ""), facts.get("alert", "")
    if warning in WARNINGS:
        change = f"{WARNINGS[warning][0]} {change}"
    return " · ".join(filter(None, (facts["shape"], facts.get("size", "") if not warning else "", change)))
