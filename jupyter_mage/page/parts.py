"""The sections of a run's page, as HTML. Every text is escaped where it goes in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import Any, Final

from .. import redaction
from ..view import duration, look
from ..view.brief import shorten, size

WIDE: Final = 1000.0
"""Units that the bars' axis has."""
FACES = {"notebook": "in a notebook", "cli": "at a command line", "python": "in a program", "server": "in JupyterLab"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a page shows of a run; JSON, as `contract` says."""

    detail: dict[str, Any]
    """A `contract.RunDetail`."""
    picture: dict[str, Any]
    logs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Of each block that said something, its last `contract.LogLine` s."""
    left: dict[str, int] = field(default_factory=dict)
    """How many lines of a block's log stand before them."""
    errors: dict[str, list[str]] = field(default_factory=dict)
    """Of each block that failed, its line and what its inputs were."""
    parameters: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    made: str = ""
    """By what the page was made, and when."""


def body(kept: Kept, still: str) -> tuple[str, str]:
    """The page's title and what stands in its body."""
    run = kept.detail["run"]
    label = _text(look.status(run["status"]).label)
    sections = [
        _head(kept),
        f'<main>\n<section id="graph" aria-label="Graph">\n<div id="jm-graph" class="still">{still}</div>\n</section>',
        _errors(kept),
        _blocks(kept),
        _logs(kept),
        _facts("Parameters", {name: _masked(name, value) for name, value in kept.parameters.items()}),
        _facts("Versions", kept.versions),
        f"</main>\n{_foot(kept)}",
    ]
    return f"{_text(run['pipeline'])} · {label}", "\n".join(part for part in sections if part)


def colours() -> str:
    """Each state's ink, on light and on dark, from the one table."""
    light = "".join(f".s-{name}{{--ink:{each.light}}}" for name, each in look.STATUSES.items())
    dark = "".join(f".s-{name}{{--ink:{each.dark}}}" for name, each in look.STATUSES.items())
    return f"{light}@media screen and (prefers-color-scheme:dark){{{dark}}}\n"


# ---- sections


def _head(kept: Kept) -> str:
    run = kept.detail["run"]
    done = run["succeeded"] + run["cached"]
    counts = f"{done} of {run['blocks']} done" if done < run["blocks"] else _count(run["blocks"], "block")
    parts = [_state(run["status"], strong=True), _text(counts)]
    if run["failed"]:
        parts.append(f'<a href="#errors">{run["failed"]} failed</a>')
    if run["seconds"] is not None:
        parts.append(_text(duration(run["seconds"])))
    if run["cached"]:
        parts.append(f"{run['cached']} from the cache")
    where = " ".join(each for each in (FACES.get(run["face"], run["face"]), f"by {run['user']}" if run["user"] else "") if each)
    at = datetime.fromtimestamp(run["started"], UTC)
    about = [
        f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}">{at:%Y-%m-%d %H:%M:%S} UTC</time>',
        _text(where),
        f"run <code>{_text(run['id'])}</code>",
        f"selection <code>{_text(run['selection'])}</code>" if run["selection"] else "",
        f"commit <code>{_text(run['git'][:10])}</code>" if run["git"] else "",
    ]
    return (
        f'<header>\n<h1>{_text(run["pipeline"])}</h1>\n<p class="summary">{_joined(parts)}</p>\n'
        f'<p class="about">{_joined(about)}</p>\n</header>'
    )


def _errors(kept: Kept) -> str:
    failed = [block for block in kept.detail["blocks"] if block["error"]]
    if not failed:
        return ""
    shown = "".join(_error(block, kept.errors.get(block["name"], ()), kept.logs.get(block["name"], ())) for block in failed)
    return f'<section id="errors">\n<h2>Errors</h2>\n{shown}</section>'


def _error(block: Mapping[str, Any], around: Sequence[str], log: Sequence[Mapping[str, Any]]) -> str:
    line = f" <span>line {int(block['line'])}</span>" if block["line"] else ""
    traceback = "\n".join(_last_error(log))
    near = f"<pre>{_text(chr(10).join(around))}</pre>\n" if around else ""
    said = f"<details><summary>Traceback</summary>\n<pre>{_text(traceback)}</pre></details>" if traceback else ""
    head = f"<h3>{_link(block)}{line}</h3>\n<p><code>{_text(block['error'])}</code></p>\n"
    return f'<article class="error">{head}{near}{said}</article>\n'


def _last_error(log: Sequence[Mapping[str, Any]]) -> list[str]:
    """The lines of the last try's traceback."""
    lines: list[str] = []
    for each in log:
        if each["level"] == "note" and str(each["text"]).endswith("started"):
            lines.clear()
        elif each["level"] == "error":
            lines.append(str(each["text"]))
    return lines


def _blocks(kept: Kept) -> str:
    blocks = kept.detail["blocks"]
    begun, end = _span(kept)
    rows = "".join(_row(place, block, begun, end) for place, block in enumerate(blocks))
    left = kept.detail["items_left"]
    more = f'<p class="more">{_count(left, "more item")} left out</p>' if left else ""
    axis = f'<span class="axis"><span>0</span><span>{_text(duration(end - begun))}</span></span>' if end > begun else "Time"
    return (
        '<section id="blocks">\n<h2>Blocks</h2>\n<div class="wide"><table>\n<thead><tr><th>State</th><th>Block</th><th>Kind</th>'
        f'<th class="bar">{axis}</th><th class="number">Took</th><th>Gave</th><th class="number">Size</th>'
        f"<th>Tests</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>{more}\n</section>"
    )


def _row(place: int, block: Mapping[str, Any], begun: float, end: float) -> str:
    took = duration(block["seconds"]) if block["seconds"] is not None and block["status"] != "cached" else ""
    tries = len(block["attempts"])
    again = f' <span class="soft">{tries} tries</span>' if tries > 1 else ""
    item = ' class="item"' if block["item_of"] else ""
    sample = ' <span class="sample">SAMPLE</span>' if block["sampled"] else ""
    return (
        f'<tr id="block-{place}" data-block="{_text(block["name"])}"{item}><td>{_state(block["status"])}</td>'
        f'<th scope="row">{_swatch(block["colour"])}<code>{_text(block["label"])}</code></th><td>{_text(block["kind"])}</td>'
        f'<td class="bar">{_bar(block, begun, end)}</td><td class="number">{took}{again}</td>'
        f"<td>{_text(block['shape'] or block['reason'])}{sample}</td>"
        f'<td class="number">{_text(size(block["bytes"])) if block["bytes"] else ""}</td><td>{_tests(block)}</td></tr>\n'
    )


def _tests(block: Mapping[str, Any]) -> str:
    return f"{block['tests']} passed" if block["tests"] else ""


def _span(kept: Kept) -> tuple[float, float]:
    """When the first try began and the last ended."""
    tries = [each for block in kept.detail["blocks"] for each in block["attempts"]]
    starts = [each["started"] for each in tries]
    ends = [each["ended"] if each["ended"] is not None else kept.detail["now"] for each in tries]
    return (min(starts), max(ends)) if tries else (0.0, 0.0)


def _bar(block: Mapping[str, Any], begun: float, end: float) -> str:
    """A block's tries on the run's clock."""
    if not block["attempts"] or end <= begun:
        return ""
    made, said = [], []
    for each in block["attempts"]:
        until = each["ended"] if each["ended"] is not None else end
        start = (each["started"] - begun) / (end - begun) * WIDE
        width = max((until - each["started"]) / (end - begun) * WIDE, 4.0)
        start = min(start, WIDE - width)
        made.append(f'<rect class="s-{_key(each["status"])}" x="{start:.1f}" y="2" width="{width:.1f}" height="10" rx="1.5"/>')
        said.append(f"{look.status(each['status']).label} {duration(each['started'] - begun)} – {duration(until - begun)}")
    title = "; ".join(said)
    return (
        f'<svg viewBox="0 0 {WIDE:.0f} 14" preserveAspectRatio="none" role="img" aria-label="{_text(title)}">'
        f"<title>{_text(title)}</title>{''.join(made)}</svg>"
    )


def _logs(kept: Kept) -> str:
    known = {block["name"]: block for block in kept.detail["blocks"]}
    shown = []
    for name in (*(each for each in known if each in kept.logs), *(each for each in kept.logs if each not in known)):
        lines = kept.logs[name]
        block = known.get(name, {"name": name, "label": name, "status": "new", "colour": "", "error": ""})
        left = kept.left.get(name, 0)
        before = f'<span class="soft">… {_count(left, "line")} before\n</span>' if left else ""
        text = "".join(f'<span class="l-{_level(each["level"])}">{_text(each["text"])}\n</span>' for each in lines)
        opened = " open" if block["error"] else ""
        shown.append(
            f'<details{opened} data-log="{_text(name)}"><summary>{_state(block["status"], word=False)} '
            f'<code>{_text(block["label"])}</code> <span class="soft">{_count(len(lines) + left, "line")}</span></summary>\n'
            f"<pre>{before}{text}</pre></details>\n"
        )
    return f'<section id="logs">\n<h2>Logs</h2>\n{"".join(shown)}</section>' if shown else ""


def _facts(title: str, facts: Mapping[str, str]) -> str:
    if not facts:
        return ""
    rows = "".join(f"<dt><code>{_text(name)}</code></dt><dd>{_text(value)}</dd>" for name, value in facts.items())
    return f'<section id="{title.lower()}">\n<h2>{title}</h2>\n<dl>{rows}</dl>\n</section>'


def _foot(kept: Kept) -> str:
    commands = kept.detail["commands"]
    words = [commands[name] for name in ("resume", "rerun", "logs") if commands.get(name)]
    lines = "".join(f"<li><code>{_text(each)}</code></li>" for each in words)
    typed = f"<p>To go on:</p>\n<ul>{lines}</ul>\n" if lines else ""
    return f"<footer>\n{typed}<p>{_text(kept.made)}</p>\n</footer>"


# ---- pieces


def _masked(name: str, value: str) -> str:
    return redaction.MASK if redaction.says_secret(name.partition(" of ")[0]) else value


def _state(status: str, *, strong: bool = False, word: bool = True) -> str:
    seen, key = look.status(status), _key(status)
    quiet = " quiet" if status in look.QUIET or status not in look.STATUSES else ""
    name = _text(seen.label)
    label = f" {name}" if word else ""
    weight = " strong" if strong else ""
    return (
        f'<span class="state s-{key}{quiet}{weight}"><svg viewBox="-1 -1 18 18" role="img" aria-label="{name}">'
        f'<circle cx="8" cy="8" r="8.5"/><path d="{seen.path}"/></svg>{label}</span>'
    )


def _swatch(colour: str) -> str:
    known = colour if colour.startswith("#") and colour[1:].isalnum() else "#7f8894"
    return f'<svg class="swatch" viewBox="0 0 4 14" aria-hidden="true"><rect width="4" height="14" rx="2" fill="{known}"/></svg>'


def _link(block: Mapping[str, Any]) -> str:
    return f"{_state(block['status'], word=False)} <code>{_text(block['label'])}</code>"


def _key(status: str) -> str:
    return status if status in look.STATUSES else "new"


def _level(level: str) -> str:
    return level if level in ("printed", "warning", "error", "note") else "printed"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}".replace(",", " ")


def _joined(parts: Iterable[str]) -> str:
    return " · ".join(part for part in parts if part)


def _text(words: object, limit: int = 20_000) -> str:
    """Escaped, without control characters, and not endless."""
    plain = "".join(each if each in "\n\t" or each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in str(words))
    return escape(shorten(plain, limit) if len(plain) > limit else plain)
