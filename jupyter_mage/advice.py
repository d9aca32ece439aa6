"""What the author of a block should know when it is defined, one line each: a rename, a twin, a mismatch, a leak."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from . import graph
from .code.header import render
from .errors import nearest
from .model import Block, Pipeline


def notes(
    pipeline: Pipeline, block: Block, old: Block | None, renamed: Block | None, namespace: Mapping[str, Any] | None
) -> Iterable[str]:
    """What the author should know about a definition, one line each."""
    if renamed is not None:
        users = [each.name for each in pipeline if renamed.name in each.needs]
        yield f"~ renamed {renamed.name} → {block.name}" + (f"; {', '.join(users)} still say {renamed.name}" if users else "")
    if old is not None and old.cell and block.cell and old.cell != block.cell:
        place = f" in cell [{old.cell_number}]" if old.cell_number is not None else ""
        yield f"{block.name} is also defined{place}; this cell counts now"
    for each in graph.missing(dataclasses.replace(pipeline, blocks=(block,)), pipeline):
        yield str(each)
    if block.declared:
        yield from _mismatch(pipeline, block)
    for leak in block.leaks:
        if leak.reason == graph.UNDECLARED:
            continue
        yield leak_note(block.name, leak.name, leak.cell)
    if namespace is not None:
        yield from _unknown_names(pipeline, block, namespace)


def _mismatch(pipeline: Pipeline, block: Block) -> Iterable[str]:
    own = {block.name, *(parameter.name for parameter in block.parameters)}
    read = [name for name in block.reads if name in pipeline and name not in own and name not in block.after]
    undeclared = [name for name in read if name not in block.upstreams]
    unread = [name for name in block.upstreams if name not in block.reads and name in pipeline]
    if not undeclared and not unread:
        return
    right = dataclasses.replace(block, upstreams=tuple(n for n in (*block.upstreams, *undeclared) if n not in unread))
    if undeclared:
        yield f"{block.name} reads {', '.join(undeclared)}, not in its header: %%block {render(right)}"
    if unread:
        yield f"{block.name} declares {', '.join(unread)} and never reads it: %%block {render(right)}"


def leak_note(block: str, name: str, cell: int | None) -> str:
    place = f" from cell [{cell}]" if cell is not None else ""
    return f"{block} reads {name}{place}, which a clean run does not have: make it an upstream or a parameter"


def _unknown_names(pipeline: Pipeline, block: Block, namespace: Mapping[str, Any]) -> Iterable[str]:
    known = {
        *block.upstreams, *pipeline.names, *(p.name for p in block.parameters), *(d.name for d in block.captured),
        *(leak.name for leak in block.leaks), block.name,
    }  # fmt: skip
    for name in block.reads:
        if name not in known and name not in namespace:
            guess = nearest(name, pipeline.names)
            yield f"{block.name} reads {name}: no block, import or parameter yet." + (f" Did you mean {guess}?" if guess else "")
