"""What a block really got, and its body as a plain cell: to look into a failure, or to work on a block with its own inputs.

A failed run's inputs are kept by content, as its finished blocks are. Opening runs nothing of the block.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from . import items, work
from .code.parameters import values
from .errors import JupyterMageError, Where, unknown
from .model import Block, Output
from .plugins import languages
from .records import Records
from .state import BlockRun, Run

_ITEM = re.compile(r"(.*)\[(\d+)\]$")
LOOKED_AT = 50
"""Runs of the history that are looked through for the block's last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A block with what it got: each upstream's output by reference, and its parameters."""

    block: Block
    inputs: Mapping[str, Output]
    parameters: Mapping[str, Any]
    run: str = ""
    """The run these are of, or empty where they are the upstreams' last good outputs."""
    status: str = ""
    """What became of the block in that run."""
    item: int | None = None
    """Of a mapped block, which item of `Block.mapped`."""

    @property
    def name(self) -> str:
        return self.block.name if self.item is None else f"{self.block.name}[{self.item}]"


def open_block(records: Records, target: str) -> Opened:
    """The inputs of ``clean`` (of its last run, if that failed; else the latest), ``RUN/clean`` or ``score[3]``.

    Raises UnknownNameError, and JupyterMageError where an upstream has no output yet.
    """
    run_name, _, name = target.rpartition("/")
    match = _ITEM.match(name)
    block = records.pipeline[match[1] if match else name]
    item = int(match[2]) if match else None
    run = records.past_run(run_name) if run_name else _last_failed(records, block)
    if run is None:
        return _latest(records, block, 0 if block.mapped and item is None else item)
    if block.name not in run.blocks:
        raise unknown("block", block.name, run.blocks, hint=f"%pipeline logs --run {run.id}")
    if block.mapped and item is None:
        item = _bad_item(run, block.name)
    inputs = {}
    for each in block.upstreams:
        part = run.blocks.get(each)
        if part is None or part.output is None:
            raise JupyterMageError(
                f"{block.name} got nothing from {each} in run {run.id}: {part.status if part else 'it was no part of it'}",
                where=Where(block=block.name),
                hint=f"%pipeline run {each}",
            )
        inputs[each] = part.output
    given = {**records.pipeline.variables, **run.variables}
    part = run.blocks.get(block.name if item is None else f"{block.name}[{item}]") or run.blocks[block.name]
    return Opened(block=block, inputs=inputs, parameters=values(block, given), run=run.id, status=part.status, item=item)


def _last_failed(records: Records, block: Block) -> Run | None:
    """The last run in which the block was tried, if it failed in it."""
    for each in records.history.runs(records.current, LOOKED_AT):
        run = records.history.run(each.id)
        part = run.blocks.get(block.name)
        if part is not None and part.status in ("succeeded", "cached"):
            return None
        if part is not None and part.status in ("failed", "retrying", "cancelled", "interrupted") and _complete(run, block):
            return run
    return None


def _complete(run: Run, block: Block) -> bool:
    return all((run.blocks.get(each) or BlockRun(each)).output is not None for each in block.upstreams)


def _bad_item(run: Run, name: str) -> int:
    failed = (each.name for each in run.blocks.values() if each.status == "failed" and each.name.startswith(f"{name}["))
    first = _ITEM.match(next(failed, ""))
    return int(first[2]) if first else 0


def _latest(records: Records, block: Block, item: int | None) -> Opened:
    inputs = {each: records.output(each) for each in block.upstreams}
    return Opened(block=block, inputs=inputs, parameters=values(block, records.pipeline.variables), item=item)


def load(records: Records, opened: Opened, name: str) -> Any:
    """One input's value: of a mapped block's upstream, the one item. Raises UnknownNameError, StoreError."""
    if name not in opened.inputs:
        raise unknown("input", name, opened.inputs, where=Where(block=opened.block.name))
    value = records.store.get(opened.inputs[name])
    if opened.item is None or name != opened.block.mapped:
        return value
    for each in islice(items.split(value, opened.block), opened.item, None):
        return each
    raise JupyterMageError(f"{name} has no item {opened.item}", where=Where(block=opened.block.name))


def cell_text(opened: Opened, *, blocks: str = "blocks", taken: Collection[str] = ()) -> str:
    """A plain cell: it loads the inputs, binds the parameters, then does what the body does.

    ``blocks`` is the expression that gives the `handles.Blocks` there; ``taken`` are names that the cell already has: what the
    block captured under these need not be defined again.
    """
    block = opened.block
    target = f"{opened.run}/{opened.name}" if opened.run else opened.name
    came = f"as it {opened.status} in run {opened.run}" if opened.run else "with the latest outputs of its upstreams"
    lines = [f"# {opened.name} {came}: a scratch cell, no block"]
    for name, output in opened.inputs.items():
        lines.append(f"{name} = {blocks}.open({target!r})[{name!r}]  # {work.shape(output)}")
    lines += [f"{name} = {value!r}" for name, value in opened.parameters.items()]
    lines += [
        each.source for each in block.captured if each.name not in taken and languages.get(block.language).extension == "py"
    ]
    return "\n".join([*lines, "", languages.get(block.language).scratch(block, tuple(opened.parameters)), ""])
