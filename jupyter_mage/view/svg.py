"""A picture as a static SVG: looks right on white and on dark, in a notebook, on GitHub, in VS Code and in a browser.

No script, no link, no id (two drawings on one page cannot get into each other's way). Light colours stand in attributes, so that
they survive a sanitiser which drops the style; the style only turns them dark where the reader's page is dark.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any, Final

from . import look
from .states import duration, shorten

FONT: Final = "system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
HEAD = 34.0
"""Pixels for the line above the graph: its name and how the run went."""
MOST = 400
"""Blocks in one static drawing; beyond it the file is of no use to a reader, and heavy."""

_STYLE: Final = (
    "@media(prefers-color-scheme:dark){"
    ".jmage .c{fill:#22262d;stroke:#414853}.jmage .t{fill:#f0f3f6}.jmage .m{fill:#a9b1bb}.jmage .k{fill:#323842}"
    ".jmage .g{stroke:#161a20}"
    + f".jmage .b{{stroke:{look.SAMPLE[2]}}}.jmage .bt{{fill:{look.SAMPLE[2]}}}"
    + "".join(f".jmage .f-{n}{{fill:{s.dark}}}.jmage .s-{n}{{stroke:{s.dark}}}" for n, s in look.STATUSES.items())
    + "}"
)


_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def svg(picture: dict[str, Any]) -> str:
    """The drawing, one XML document as text. Every word from a pipeline is escaped."""
    width, height = picture["size"]
    nodes, states = picture["nodes"], picture["states"]
    summary = headline(picture)
    width = max(width, 240.0, min(640.0, 80 + 6.45 * len(summary)))
    body: list[str] = []
    if not nodes:
        height = 40.0
        body.append(_text(16, 20, "no blocks yet: a cell that starts with %%block makes one", "m", "#57606a", 12))
    elif len(nodes) > MOST:
        height = 40.0
        width = max(width if width < 900 else 900, 420.0)
        body.append(_text(16, 20, f"{len(nodes)} blocks: too many for a still picture", "m", "#57606a", 12))
    else:
        body += [_edge(edge) for edge in picture["edges"]]
        body += [_card(node, states.get(node["id"], {})) for node in nodes]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="jmage" role="img" viewBox="0 0 {_n(width)} {_n(height + HEAD)}" '
        f'width="{_n(width)}" height="{_n(height + HEAD)}" style="max-width:100%;height:auto" font-family="{FONT}">'
        f"<title>{_safe(summary)}</title><style>{_STYLE}</style>"
        f'{_head(picture, width)}<g transform="translate(0 {_n(HEAD)})">{"".join(body)}</g></svg>'
    )


def headline(picture: dict[str, Any]) -> str:
    """``flights_late · 8 blocks · failed · 5 of 8 done · 2.31 s``.

    >>> headline({"pipeline": "p", "nodes": [1], "run": None})
    'p · 1 block'
    """
    count, run = len(picture["nodes"]), picture.get("run")
    parts = [picture["pipeline"], f"{count} block" + ("" if count == 1 else "s")]
    if run:
        parts.append(run["status"])
        if run["done"] < run["total"]:
            parts.append(f"{run['done']} of {run['total']} done")
        if run["seconds"] is not None:
            parts.append(duration(run["seconds"]))
        if run.get("sample") is not None:
            parts.append(f"{look.SAMPLE[0]} of {run['sample']}")
    return " · ".join(parts)


def _head(picture: dict[str, Any], width: float) -> str:
    """The title as a pill with its own ground: readable on any page."""
    text = shorten(headline(picture), max(20, int((width - 60) / 6.6)))
    run = picture.get("run")
    status = run["status"] if run else "new"
    return (
        f'<rect class="c" x="16" y="9" width="{_n(46 + 6.45 * len(text))}" height="25" rx="12.5" '
        f'fill="#ffffff" stroke="#d0d7de"/>' + _glyph(30, 21.5, status, 7) + _text(43, 25.5, text, "t", "#1f2328", 12, weight=600)
    )


def _card(node: dict[str, Any], state: dict[str, Any]) -> str:
    x, y, width, height = node["x"], node["y"], node["width"], node["height"]
    status = state.get("status", "new")
    seen = look.status(status)
    loud = status in look.LOUD
    colour = f'class="s-{_key(status)}" stroke="{seen.light}"' if loud else 'stroke="#d0d7de"'
    shade = "c" if not loud else f"c s-{_key(status)}"
    border = colour.replace(f'class="s-{_key(status)}" ', "")
    chip = node["chip"]
    chip_width = 11 + 6.6 * len(chip)
    tests = f" · {node['tests']} test{'' if node['tests'] == 1 else 's'}" if node["tests"] else ""
    badge = _badge(width) if state.get("sampled") else ""
    mapped = " · map" if node.get("mapped") else ""
    room = width - 32 - chip_width - (BADGE + 8 if badge else 0)
    label = shorten(node["kind_label"] + mapped + tests, int(room / 5.7))
    detail = shorten(state.get("detail", ""), int((width - 30) / 5.9))
    ink = f'class="f-{_key(status)}" fill="{seen.light}"' if loud else 'class="m" fill="#57606a"'
    return (
        f'<g transform="translate({_n(x)} {_n(y)})"><title>{_safe(describe(node, state))}</title>'
        f'<rect class="{shade}" width="{_n(width)}" height="{_n(height)}" rx="9" fill="#ffffff" {border} '
        f'stroke-width="{1.8 if loud else 1.1}"/>'
        f'<path d="M9 .5A8.5 8.5 0 0 0 .5 9V{_n(height - 9)}A8.5 8.5 0 0 0 5.5 {_n(height - 1.4)}V1.4Z" '
        f'fill="{_colour(node["colour"])}"/>'
        + _text(17, 24, node["title"], "t", "#1f2328", 13.5, weight=600)
        + _glyph(width - 19, 19.5, status, 9)
        + f'<rect class="k" x="16" y="33" width="{_n(chip_width)}" height="15" rx="4" fill="#eaeef2"/>'
        + f'<text class="m" x="{_n(16 + chip_width / 2)}" y="44" font-size="9.5" font-weight="600" text-anchor="middle" '
        f'letter-spacing=".4" fill="#57606a">{_safe(chip)}</text>'
        + _text(22 + chip_width, 44.5, label, "m", "#57606a", 11)
        + badge
        + f'<text {ink} x="17" y="64.5" font-size="11.5">{_safe(detail)}</text></g>'
    )


BADGE: Final = 48.0
"""Pixels: the width of the badge that marks an output made of a sample."""


def _badge(width: float) -> str:
    word, ink, _ = look.SAMPLE
    return (
        f'<rect class="b" x="{_n(width - BADGE - 10)}" y="33" width="{_n(BADGE)}" height="15" rx="4" fill="none" stroke="{ink}"/>'
        f'<text class="bt" x="{_n(width - BADGE / 2 - 10)}" y="44" font-size="9.5" font-weight="600" text-anchor="middle" '
        f'letter-spacing=".4" fill="{ink}">{word.upper()}</text>'
    )


def describe(node: dict[str, Any], state: dict[str, Any]) -> str:
    """A block in one breath, for tooltips and screen readers."""
    parts = [f"{node['label']}: {node['kind_label']}, {node['language']}", look.status(state.get("status", "new")).label]
    if state.get("sampled"):
        parts.append("made of a sample, not of all the data")
    parts += [str(state[key]) for key in ("detail", "error", "reason") if state.get(key)]
    if state.get("memory"):
        parts.append(f"peak memory {state['memory']}")
    if node.get("mapped"):
        parts.append(f"one run for each item of {node['mapped']}")
    if node["upstreams"]:
        parts.append(f"from {', '.join(node['upstreams'][:12])}")
    if node["doc"]:
        parts.append(node["doc"])
    return "\n".join(dict.fromkeys(parts))


def _edge(edge: dict[str, Any]) -> str:
    x, y = edge["tip"]
    dash = ' stroke-dasharray="4 4"' if edge["order_only"] else ""
    tip = f"M{_n(x - 7)} {_n(y - 4)}L{_n(x)} {_n(y)}L{_n(x - 7)} {_n(y + 4)}Z"
    if not edge["sideways"]:
        tip = f"M{_n(x - 4)} {_n(y - 7)}L{_n(x)} {_n(y)}L{_n(x + 4)} {_n(y - 7)}Z"
    return (
        f'<path d="{_safe(edge["path"])}" fill="none" stroke="#8a939d" stroke-width="1.5"{dash}/><path d="{tip}" fill="#8a939d"/>'
    )


def _glyph(x: float, y: float, status: str, radius: float) -> str:
    seen = look.status(status)
    scale = radius / 9
    shift = f'<g transform="translate({_n(x - 8 * scale)} {_n(y - 8 * scale)}) scale({scale:.3g})">'
    if status in look.QUIET or status not in look.STATUSES:
        return (
            f'{shift}<circle class="k" cx="8" cy="8" r="8.5" fill="#eaeef2"/><path class="s-new" d="{seen.path}" fill="none" '
            f'stroke="{seen.light}" stroke-width="1.8" stroke-linecap="round"/></g>'
        )
    return (
        f"{shift}"
        f'<circle class="f-{_key(status)}" cx="8" cy="8" r="8.5" fill="{seen.light}"/>'
        f'<path class="g" d="{seen.path}" fill="none" stroke="#ffffff" stroke-width="1.9" stroke-linecap="round" '
        f'stroke-linejoin="round"/></g>'
    )


def _text(x: float, y: float, text: str, shade: str, fill: str, size: float, *, weight: int = 400) -> str:
    bold = f' font-weight="{weight}"' if weight != 400 else ""
    return f'<text class="{shade}" x="{_n(x)}" y="{_n(y)}" font-size="{size}" fill="{fill}"{bold}>{_safe(text)}</text>'


def _safe(text: str) -> str:
    """Escaped, and without the characters that XML forbids."""
    return escape(_FORBIDDEN.sub("", text))


def _key(status: str) -> str:
    return status if status in look.STATUSES else "new"


def _colour(value: str) -> str:
    return value if value.startswith("#") and value[1:].isalnum() else "#7f8894"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
