"""A chart as a value: what it shows, and how a notebook draws it. Plain SVG, in the page's own colours."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

WIDTH, HEIGHT, LEFT, BELOW, TOP = 640, 300, 60, 56, 24
COLOURS = ("#4c78c8", "#d97b29", "#3a9a5b", "#b14a7c", "#7a6ac8", "#8a7a2a")
_IMAGES = {"png": "image/png", "jpeg": "image/jpeg", "jpg": "image/jpeg"}


@dataclass(frozen=True, kw_only=True)
class Chart:
    """What a chart block gives."""

    sort: str
    """Mage's ``chart_type``."""
    x: list[Any] = field(default_factory=list)
    """Labels; of a histogram pairs (from, to); of a table the columns."""
    y: list[Any] = field(default_factory=list)
    """A list of numbers for each series; of a table the rows."""
    names: list[Any] = field(default_factory=list)
    """Of each series, or of a table's rows."""
    content: Any = None
    """What a chart with code of its own has drawn."""
    content_type: str = ""

    def __repr__(self) -> str:
        if self.content_type:
            return f"Chart({self.sort}, {self.content_type})"
        return f"Chart({self.sort}, {len(self.x)} × {len(self.y)})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        plain = {"text/plain": repr(self)}
        if self.content_type in _IMAGES:
            image = self.content if isinstance(self.content, bytes) else base64.b64decode(str(self.content).rpartition(",")[2])
            return {**plain, _IMAGES[self.content_type]: base64.b64encode(image).decode()}
        if self.content_type:
            return {**plain, "text/html": self.content if isinstance(self.content, str) else str(self.content)}
        return {**plain, "text/html": table(self)} if self.sort == "table" else {**plain, "image/svg+xml": svg(self)}


def table(chart: Chart) -> str:
    """An HTML table.

    >>> table(Chart(sort="table", x=["a<b"], y=[[1]]))
    '<table><tr><th>a&lt;b</th></tr><tr><td>1</td></tr></table>'
    """
    beside = bool(chart.names)
    head = "".join(f"<th>{escape(str(each))}</th>" for each in ([""] if beside else []) + chart.x)
    rows = []
    for place, row in enumerate(chart.y):
        name = f"<th>{escape(str(chart.names[place]))}</th>" if beside and place < len(chart.names) else ""
        cells = "".join(f"<td>{escape(str(each))}</td>" for each in (row if isinstance(row, list | tuple) else [row]))
        rows.append(f"<tr>{name}{cells}</tr>")
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


def svg(chart: Chart) -> str:
    """The picture: a pie, bars or lines with a scale."""
    series = [[_number(each) for each in one] for one in chart.y if isinstance(one, list)]
    count = max((len(one) for one in series), default=0)
    if not count:
        inside = f'<text x="{WIDTH / 2}" y="{HEIGHT / 2}" text-anchor="middle">nothing to draw</text>'
    elif chart.sort == "pie chart":
        inside = "".join(_slices(chart.x, series[0]))
    else:
        inside = "".join(_axes(chart, series, count))
    about = escape(repr(chart), quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{about}" font-family="sans-serif" font-size="11" fill="currentColor">{inside}</svg>'
    )


def _number(value: Any) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return 0.0
    return found if math.isfinite(found) else 0.0


def _label(value: Any) -> str:
    if isinstance(value, tuple | list):
        return "–".join(_label(each) for each in value)
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return escape(text if len(text) <= 16 else text[:15] + "…")


def _axes(chart: Chart, series: Sequence[Sequence[float]], count: int) -> Iterator[str]:
    low, high = min(0.0, *(min(one) for one in series if one)), max(0.0, *(max(one) for one in series if one))
    step = (WIDTH - LEFT - 10) / count

    def at(value: float) -> float:
        return TOP + (high - value) / ((high - low) or 1.0) * (HEIGHT - BELOW - TOP)

    yield from _scale(chart, low, high, at, step, count)
    for number, one in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        if "line" in chart.sort:
            points = " ".join(f"{LEFT + (place + 0.5) * step:.1f},{at(value):.1f}" for place, value in enumerate(one))
            yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
            continue
        wide = step * 0.8 / len(series)
        for place, value in enumerate(one):
            left, top = LEFT + (place + 0.1) * step + number * wide, min(at(value), at(0.0))
            size = f'width="{max(wide, 0.5):.1f}" height="{abs(at(value) - at(0.0)):.1f}"'
            tip = f"{_label(chart.x[place]) if place < len(chart.x) else ''}: {value:g}"
            yield f'<rect x="{left:.1f}" y="{top:.1f}" {size} fill="{colour}"><title>{tip}</title></rect>'
    for number, name in enumerate(chart.names):
        yield f'<text x="{LEFT + number * 150}" y="14" fill="{COLOURS[number % len(COLOURS)]}">{_label(name)}</text>'


def _scale(chart: Chart, low: float, high: float, at: Callable[[float], float], step: float, count: int) -> Iterator[str]:
    """Five lines across, and a dozen labels below at most."""
    for part in range(5):
        value = low + ((high - low) or 1.0) * part / 4
        y = f"{at(value):.1f}"
        yield f'<line x1="{LEFT}" x2="{WIDTH - 10}" y1="{y}" y2="{y}" stroke="currentColor" opacity=".2"/>'
        yield f'<text x="{LEFT - 6}" y="{at(value) + 4:.1f}" text-anchor="end">{value:.4g}</text>'
    every = max(math.ceil(count / 12), 1)
    base = HEIGHT - BELOW + 14
    for place in range(0, min(count, len(chart.x)), every):
        middle = LEFT + (place + 0.5) * step
        turned = f'transform="rotate(-30 {middle:.1f} {base})" text-anchor="end"' if every * step < 90 else 'text-anchor="middle"'
        yield f'<text x="{middle:.1f}" y="{base}" {turned}>{_label(chart.x[place])}</text>'


def _slices(labels: Sequence[Any], values: Sequence[float]) -> Iterator[str]:
    total, angle, radius, middle = sum(values) or 1.0, -math.pi / 2, HEIGHT / 2 - 20, HEIGHT / 2
    for number, value in enumerate(values):
        end = angle + 2 * math.pi * value / total
        colour = COLOURS[number % len(COLOURS)]
        if value >= total:
            yield f'<circle cx="{middle}" cy="{middle}" r="{radius}" fill="{colour}"/>'
        else:
            first, last = (
                f"{middle + radius * math.cos(each):.1f} {middle + radius * math.sin(each):.1f}" for each in (angle, end)
            )
            arc = f"A{radius} {radius} 0 {int(end - angle > math.pi)} 1 {last}Z"
            yield f'<path d="M{middle} {middle}L{first}{arc}" fill="{colour}"/>'
        if number < 12:
            said = f"{_label(labels[number])}: {value:g} ({value / total:.0%})"
            yield f'<rect x="{HEIGHT + 20}" y="{20 + number * 20}" width="12" height="12" fill="{colour}"/>'
            yield f'<text x="{HEIGHT + 40}" y="{30 + number * 20}">{said}</text>'
        angle = end
