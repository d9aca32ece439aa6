"""A picture as a static SVG: looks right on white and on dark, in a notebook, on GitHub, in VS Code and in a browser.

No script, no link, no id (two drawings on one page cannot get into each other's way). Light colours stand in attributes, so that
they survive a sanitiser which drops the style; the style only turns them dark where the reader's page is dark.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any, Final

from . import look
from .brief import duration, shorten
from .flow import pill, said
from .turned import turned

_GROUND: Final = 'fill="#ffffff" stroke="#d0d7de"'
LETTER: Final = 7.0
"""Pixels of one letter of the title, which is bold: enough for the widest of the fonts."""
FONT: Final = "system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
HEAD = 34.0
"""Pixels for the line above the graph: its name and how the run went."""
MOST = 400
"""Blocks in one static drawing; beyond it the file is of no use to a reader, and heavy."""

_INKS: Final = {
    "c": ("#ffffff", "#22262d"),
    "l": ("#d0d7de", "#414853"),
    "t": ("#1f2328", "#f0f3f6"),
    "m": ("#57606a", "#a9b1bb"),
    "k": ("#eaeef2", "#323842"),
    "g": ("#ffffff", "#161a20"),
    "b": look.SAMPLE[1:],
    **{name: (each.light, each.dark) for name, each in look.STATUSES.items()},
}
"""Light and dark, by the name of a CSS variable."""


def _style() -> str:
    """Dark as the reader's system is; in VS Code, whose theme is its own, as VS Code is (it says so by a class of the body)."""
    ink = {name: f"var(--{name},{light})" for name, (light, _) in _INKS.items()}
    rules = [f".c{{fill:{ink['c']};stroke:{ink['l']}}}"]
    rules += [f".{name}{{fill:{ink[name]}}}" for name in "tmk"]
    rules += [f".g{{stroke:{ink['g']}}}", f".b{{stroke:{ink['b']}}}", f".bt{{fill:{ink['b']}}}"]
    rules += [f".f-{name}{{fill:{ink[name]}}}.jmage .s-{name}{{stroke:{ink[name]}}}" for name in look.STATUSES]
    dark = "".join(f"--{name}:{each};" for name, (_, each) in _INKS.items())
    vs_code = ":is(.vscode-dark,.vscode-high-contrast:not(.vscode-high-contrast-light)) .jmage"
    return (
        "".join(f".jmage {rule}" for rule in rules)
        + f"@media(prefers-color-scheme:dark){{.jmage:not(.vscode-light *):not(.vscode-high-contrast-light *){{{dark}}}}}"
        + f"{vs_code}{{{dark}}}"
    )


_STYLE: Final = _style()
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def svg(picture: dict[str, Any]) -> str:
    """The drawing, one XML document as text. Every word from a pipeline is escaped."""
    if len(picture["nodes"]) <= MOST:
        picture = turned(picture)
    width, height = picture["size"]
    nodes, states = picture["nodes"], picture["states"]
    summary = headline(picture)
    width = max(width, 240.0, min(660.0, 80 + LETTER * len(summary)))
    body: list[str] = []
    if not nodes:
        height = 40.0
        body.append(_text(16, 20, "no blocks yet: a cell that starts with %%block makes one", "m", "#57606a", 12))
    elif len(nodes) > MOST:
        height = 40.0
        width = 640.0
        more = f"{len(nodes)} blocks: too many for a still picture. %pipeline show --html FILE draws all of a run."
        body.append(f'<rect class="c" x="16" y="8" width="{_n(26 + 6.1 * len(more))}" height="25" rx="6" {_GROUND}/>')
        body.append(_text(29, 25, more, "m", "#57606a", 12))
    else:
        body += [_edge(edge) for edge in picture["edges"]]
        passing = {edge["source"] for edge in picture["edges"] if not edge["order_only"]}
        body += [_card(node, states.get(node["id"], {}), passes=node["id"] in passing) for node in nodes]
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
    text = shorten(headline(picture), max(20, int((width - 60) / LETTER)))
    run = picture.get("run")
    status = run["status"] if run else "new"
    return (
        f'<rect class="c" x="16" y="9" width="{_n(46 + LETTER * len(text))}" height="25" rx="12.5" '
        f'fill="#ffffff" stroke="#d0d7de"/>' + _glyph(30, 21.5, status, 7) + _text(43, 25.5, text, "t", "#1f2328", 12, weight=600)
    )


def _card(node: dict[str, Any], state: dict[str, Any], *, passes: bool) -> str:
    """``passes``: its output goes on as data; its shape then stands below the card, where the edges begin."""
    x, y, width, height = node["x"], node["y"], node["width"], node["height"]
    status = state.get("status", "new")
    seen = look.status(status)
    loud = status in look.LOUD
    border = f'stroke="{seen.light if loud else "#d0d7de"}"'
    shade = "c" if not loud else f"c s-{_key(status)}"
    chip = node["chip"]
    chip_width = 11 + 6.6 * len(chip)
    facts = state.get("flow") if passes else None
    badge = _badge(width) if state.get("sampled") else ""
    label = shorten(_kind(node, state), int((width - LEFT - 10 - (BADGE + 4 if badge else 0)) / 5.7))
    detail = state.get("detail", "")
    detail = shorten(detail.removeprefix(f"{facts['shape']} · ") if facts else detail, int((width - 27 - chip_width) / 5.9))
    ink = f'class="f-{_key(status)}" fill="{seen.light}"' if loud else 'class="m" fill="#57606a"'
    return (
        f'<g transform="translate({_n(x)} {_n(y)})"><title>{_safe(describe(node, state))}</title>'
        f'<rect class="{shade}" width="{_n(width)}" height="{_n(height)}" rx="9" fill="#ffffff" {border} '
        f'stroke-width="{1.8 if loud else 1.1}"/>'
        + _tile(node)
        + _text(LEFT, 24, node["title"], "t", "#1f2328", 13.5, weight=600)
        + _glyph(width - 18, 18, status, 9)
        + _text(LEFT, 40, label, "m", "#57606a", 11)
        + f'<rect class="k" x="10" y="{_n(height - 21)}" width="{_n(chip_width)}" height="15" rx="4" fill="#eaeef2"/>'
        + f'<text class="m" x="{_n(10 + chip_width / 2)}" y="{_n(height - 10)}" font-size="9.5" font-weight="600" '
        f'text-anchor="middle" letter-spacing=".4" fill="#57606a">{_safe(chip)}</text>'
        + badge
        + f'<text {ink} x="{_n(19 + chip_width)}" y="{_n(height - 9.5)}" font-size="11.5">{_safe(detail)}</text>'
        + (_passes(facts, width, height) if facts else "")
        + "</g>"
    )


LEFT: Final = 48.0
"""Pixels: where words start, beside the kind's tile."""


def _kind(node: dict[str, Any], state: dict[str, Any]) -> str:
    """The line under a name: the kind, whether it runs item by item, its tests."""
    tests, passed = node["tests"], state.get("passed")
    said = f"{tests} test{'s' * (tests != 1)}" if passed is None else f"{passed}/{tests} tests"
    return " · ".join(filter(None, (node["kind_label"], "map" if node.get("mapped") else "", said if tests else "")))


def _tile(node: dict[str, Any]) -> str:
    """The kind's sign on the kind's colour."""
    colour = _colour(node["colour"])
    return (
        f'<rect x="10" y="10" width="29" height="29" rx="7" fill="{colour}"/>'
        f'<path transform="translate(16.5 16.5)" d="{look.ICONS.get(node["kind"], look.ICONS["custom"])}" fill="none" '
        f'stroke="{look.ink(colour)}" stroke-width="1.35" stroke-linecap="round" stroke-linejoin="round"/>'
    )


_ALERTS: Final = {"loss": "stale", "schema": "failed"}
"""The state whose ink an alert has."""


def _passes(facts: dict[str, Any], width: float, height: float) -> str:
    """What flows on, where it leaves its block."""
    words = shorten(pill(facts), int((width + 10) / 5.8))
    wide = 16 + (6.3 if facts.get("alert") else 5.8) * len(words)
    state = _ALERTS.get(facts.get("alert", ""))
    ink = look.status(state).light if state else ""
    box, text = (f"c s-{state}", f"f-{state}") if state else ("c", "m")
    return (
        f'<g transform="translate({_n(width / 2)} {_n(height + 5)})"><rect class="{box}" x="{_n(-wide / 2)}" width="{_n(wide)}" '
        f'height="16" rx="8" fill="#ffffff" stroke="{ink or "#d0d7de"}"/><text class="{text}" y="11.5" font-size="10.5" '
        f'text-anchor="middle" fill="{ink or "#57606a"}">{_safe(words)}</text></g>'
    )


BADGE: Final = 48.0
"""Pixels: the width of the badge that marks an output made of a sample."""


def _badge(width: float) -> str:
    word, ink, _ = look.SAMPLE
    return (
        f'<rect class="b" x="{_n(width - BADGE - 8)}" y="30" width="{_n(BADGE)}" height="15" rx="4" fill="none" stroke="{ink}"/>'
        f'<text class="bt" x="{_n(width - BADGE / 2 - 8)}" y="41" font-size="9.5" font-weight="600" text-anchor="middle" '
        f'letter-spacing=".4" fill="{ink}">{word.upper()}</text>'
    )


def describe(node: dict[str, Any], state: dict[str, Any]) -> str:
    """A block in one breath, for tooltips and screen readers."""
    parts = [f"{node['label']}: {node['kind_label']}, {node['language']}", look.status(state.get("status", "new")).label]
    if state.get("sampled"):
        parts.append("made of a sample, not of all the data")
    parts += [str(state[key]) for key in ("detail", "error", "reason") if state.get(key)]
    if state.get("flow", {}).get("change"):
        parts.append(said(state["flow"]))
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
    return value if re.fullmatch("#[0-9a-fA-F]{6}", value) else "#7f8894"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
