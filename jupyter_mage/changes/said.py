"""Changes as text for a terminal, as Mermaid, and as Markdown for a pull request's comment."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from ..view import mermaid_label
from .compare import ADDED, CHANGED, MARKS, REMOVED, RENAMED, SAME, Change, Changes

COMMENT = 60_000
"""Characters that a comment may have; GitHub takes 65,536."""
DRAWN = 60
"""Blocks up to which the whole graph is drawn; of a larger one, what changed and what is beside it."""
CODE_LINES = 30
"""Lines of a body's diff that are shown."""

_COLOURS = {
    ADDED: "fill:#dafbe1,stroke:#1a7f37,color:#0b3d1a",
    REMOVED: "fill:#ffebe9,stroke:#cf222e,color:#5c0f16,stroke-dasharray:4 3",
    CHANGED: "fill:#fff8c5,stroke:#9a6700,color:#3d2900",
    RENAMED: "fill:#ddf4ff,stroke:#0969da,color:#032a57",
    SAME: "fill:#f6f8fa,stroke:#6a737d,color:#24292f",
}
_CLASSES = {ADDED: "added", REMOVED: "removed", CHANGED: "changed", RENAMED: "renamed", SAME: "same"}


def headline(changes: Changes) -> str:
    """``flights: HEAD → now, 1 added, 2 changed``."""
    counts = [f"{len(found)} {sort}" for sort in MARKS if (found := changes.of(sort))]
    said = ", ".join(counts) if counts else "" if changes else "nothing changed"
    return f"{changes.new.name}: {changes.before} → {changes.after}" + (f", {said}" if said else "")


def text(changes: Changes) -> str:
    """One line a block, what changed below it, with the diff of its body.

    >>> from jupyter_mage.changes import compare
    >>> from jupyter_mage.model import Block, Pipeline
    >>> raw, new = Block(name="raw", source="1"), Block(name="new", source="2")
    >>> print(text(compare(Pipeline(name="p", blocks=(raw,)), Pipeline(name="p", blocks=(raw, new)))))
    p: before → now, 1 added
    + new   added
          new
    """
    width = max((len(each.block) for each in changes.blocks), default=0)
    lines = [headline(changes)]
    for each in changes.blocks:
        lines.append(f"{MARKS[each.sort]} {each.block:<{width}}   {each.sort}")
        lines += [f"      {line}" for line in each.lines]
        lines += [f"        {line}" for line in _cut(each.code)]
    return "\n".join([*lines, *_rest(changes)])


def _rest(changes: Changes) -> list[str]:
    """Edges, variables and other cells, one line each where there are any."""
    edges = [f"+ {up} → {down}" for up, down in changes.edges_added] + [f"− {up} → {down}" for up, down in changes.edges_removed]
    facts = {"edges": ", ".join(edges), "pipeline": "; ".join(changes.pipeline), "other cells": changes.cells}
    return [f"{title}: {said}" for title, said in facts.items() if said]


def _cut(code: tuple[str, ...]) -> list[str]:
    more = len(code) - CODE_LINES
    return [*code[:CODE_LINES], *([f"… {more} more lines"] if more > 0 else [])]


def mermaid(changes: Changes) -> str:
    """The graph as it is now, with what is gone; colours say what changed. Nothing in a label is read as code."""
    sorts = {each.block: each.sort for each in changes.blocks}
    here = {block.name for block in changes.new}
    edges = [(up, block.name) for block in changes.new for up in block.needs if up in here]
    gone = [(up, down) for up, down in changes.edges_removed if {up, down} <= {*here, *sorts}]
    names = [*(name for name in changes.new.names if _drawn(name, changes)), *(each.block for each in changes.of(REMOVED))]
    if len(names) > DRAWN:
        near = {*sorts, *(name for edge in (*edges, *gone) if not sorts.keys().isdisjoint(edge) for name in edge)}
        names = [name for name in names if name in near][: 4 * DRAWN]
    number = {name: f"n{index}" for index, name in enumerate(names)}
    lines = ["flowchart TD"]
    for name in names:
        sort = sorts.get(name)
        words = mermaid_label(f"{MARKS[sort]} {name}" if sort else name)
        lines.append(f'  {number[name]}["{words}"]' + (f":::{_CLASSES[sort]}" if sort else ""))
    drawn = [edge for edge in edges if number.keys() >= set(edge)]
    lines += [f"  {number[up]} --> {number[down]}" for up, down in drawn]
    lost = [edge for edge in gone if number.keys() >= set(edge)]
    lines += [f"  {number[up]} -.-x {number[down]}" for up, down in lost]
    new = [str(index) for index, edge in enumerate(drawn) if edge in changes.edges_added]
    lines += [f"  linkStyle {','.join(new)} stroke:#1a7f37,stroke-width:2px"] if new else []
    old = [str(len(drawn) + index) for index in range(len(lost))]
    lines += [f"  linkStyle {','.join(old)} stroke:#cf222e"] if old else []
    used = {sort for name, sort in sorts.items() if name in number}
    return "\n".join([*lines, *(f"  classDef {_CLASSES[sort]} {_COLOURS[sort]}" for sort in MARKS if sort in used)])


def _drawn(name: str, changes: Changes) -> bool:
    from ..plugins import kinds

    block = changes.new[name]
    return block.kind not in kinds or kinds.get(block.kind).runs


def markdown(changes: Changes) -> str:
    """A comment: the sum, a table, the graph and each body's diff folded below it; never longer than a comment may be."""
    lines = [f"**{_cell(headline(changes))}**", ""]
    if changes.blocks:
        lines += ["| | block | what changed |", "|---|---|---|"]
        lines += [f"| {MARKS[each.sort]} | {_code(each.block)} | {_what(each)} |" for each in changes.blocks]
        lines.append("")
    lines += [f"- {_cell(line)}" for line in _rest(changes)]
    made = "\n".join(lines).rstrip() + "\n"
    if len(made) > COMMENT:
        made = made[: made.rindex("\n", 0, COMMENT)] + "\n\n… the rest does not fit into a comment\n"
    drawn = changes.blocks or changes.edges_added or changes.edges_removed
    folded = [_folded("graph", "mermaid", [mermaid(changes)])] if drawn else []
    folded += [_folded(f"{each.block}: code", "diff", _cut(each.code)) for each in changes.blocks if each.code]
    for part in folded:
        if len(made) + len(part) <= COMMENT:
            made += part
    return made


def _what(change: Change) -> str:
    return "<br>".join([change.sort, *(_cell(line) for line in change.lines)])


def _folded(title: str, language: str, lines: Iterable[str]) -> str:
    """Folded text; the fence is longer than any in it."""
    body = "\n".join(lines)
    fence = "```"
    while fence in body:
        fence += "`"
    return f"\n<details><summary>{title}</summary>\n\n{fence}{language}\n{body}\n{fence}\n\n</details>\n"


def _cell(words: str) -> str:
    """Text that neither ends a table's cell nor is read as HTML or Markdown."""
    plain = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", " ")
    return "".join(f"\\{char}" if char in "|*_`[]~\\" else char for char in plain)


def _code(name: str) -> str:
    return f"`{name}`"


def as_json(changes: Changes) -> dict[str, Any]:
    """All of it, for scripts."""
    return {
        "pipeline": changes.new.name,
        "before": changes.before,
        "after": changes.after,
        "blocks": [dataclasses.asdict(each) for each in changes.blocks],
        "edges_added": [list(edge) for edge in changes.edges_added],
        "edges_removed": [list(edge) for edge in changes.edges_removed],
        "pipeline_changes": list(changes.pipeline),
        "other_cells": changes.cells,
    }


def said(changes: Changes, *forms: str) -> str:
    """The first of these forms that is one (``mermaid``, ``markdown``), or text."""
    return next((_FORMS[each] for each in forms if each in _FORMS), text)(changes)


_FORMS = {"mermaid": mermaid, "markdown": markdown}
