"""A failure as a few lines of text: where, what was probably meant, the line, what the inputs really were, what to type next."""

from __future__ import annotations

import re
import textwrap
import types
from collections.abc import Iterable
from pathlib import Path

from .errors import nearest
from .model import Block, Failure

INPUTS = 4
"""So many inputs get a line of their own; of more than that the rest is only named."""
WIDTH = 100
"""Characters: so many fit a notebook beside the panel."""
_CODES = {"bad": "31", "said": "1", "good": "34", "guess": "1;33", "dim": "2"}


def text(
    block: Block,
    failure: Failure,
    *,
    name: str = "",
    more: str = "",
    hint: bool = True,
    colour: bool = False,
    names: Iterable[str] = (),
) -> str:
    """The lines of a failure. ``name`` is an item's (``score[3]``), ``names`` are the blocks that a name may have meant."""
    test = next((each for each in block.tests if each.name == failure.test), None)
    cell = test.cell_number if test else block.cell_number
    where = f" at cell [{cell}]" if cell is not None else ""
    where += f" line {failure.line}" if failure.line else ""
    what = f"test {failure.test} of {block.name}" if failure.test else name or block.name
    said = f"{failure.error}: {failure.message}".rstrip(": ")
    lines = [f"{_dyed('✗', 'bad', colour)} {what} failed{where}: {_dyed(said, 'said', colour)}"]
    meant = guess(failure, names)
    if meant:
        lines[0] += f"{'' if said.endswith(('.', '!', '?')) else '.'} {_dyed(meant, 'guess', colour)}"
    if failure.code.strip():
        lines.append(f"{_dyed(f'    {failure.line} │', 'dim', colour)} {failure.code.rstrip()}")
    lines += [f"      {row}" for row in failure.rows.splitlines()]
    lines += [*inputs_lines(failure), *([more] if more else [])]
    if hint:
        lines.append(_dyed(_next(block, failure, name or block.name), "good", colour))
    return "\n".join(lines)


def guess(failure: Failure, names: Iterable[str] = ()) -> str:
    """What was probably meant, by what the block had, or by the names of other blocks; empty where nothing is near.

    >>> guess(Failure(error="NameError", message="name 'ordrs' is not defined"), ["orders"])
    'Did you mean the block orders? Then name it in the header.'
    """
    missing = re.match(r"name '(\w+)' is not defined", failure.message) if failure.error == "NameError" else None
    found = nearest(missing[1], names) if missing and not failure.guess else None
    return f"Did you mean the block {found}? Then name it in the header." if found else failure.guess


def inputs_lines(failure: Failure) -> list[str]:
    """``  raw has 3 × 2: id int64, user str``, a line each, or more where it is long: a notebook would break it in a word."""
    fill = textwrap.TextWrapper(WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    lines = [line for name, shape in failure.inputs[:INPUTS] for line in fill.wrap(f"  {name} has {shape}")]
    more = [name for name, _ in failure.inputs[INPUTS:]]
    return [*lines, f"  and {', '.join(more)}"] if more else lines


def _next(block: Block, failure: Failure, name: str) -> str:
    test = next((each for each in block.tests if each.name == failure.test), None)
    if test is not None and test.inline:
        other = f"@test {test.name} in its cell" if test.line > 1 else f"the schema {block.schema}"
        return f"  → correct the block, or {other}"
    if failure.test:
        return f"  → correct the block, or the test: %%test {block.name} {failure.test}"
    return f"  → look into it: %pipeline open {name}; then correct its cell and run it again; what had finished is cached"


def _dyed(text: str, sort: str, colour: bool) -> str:
    return f"\x1b[{_CODES[sort]}m{text}\x1b[0m" if colour and text else text


def own_frames(error: BaseException, root: Path) -> tuple[list[types.TracebackType], int]:
    """The frames in cells, blocks and files of the project, and how many frames of other code below them were left out."""
    kept: list[types.TracebackType] = []
    others, step = 0, error.__traceback__
    while step is not None:
        if _is_own(step.tb_frame, root):
            kept.append(step)
            others = 0
        else:
            others += 1
        step = step.tb_next
    return kept, others if kept else 0


def _is_own(frame: types.FrameType, root: Path) -> bool:
    filename = frame.f_code.co_filename
    if str(frame.f_globals.get("__name__", "")).split(".")[0] == "jupyter_mage":
        return False
    if "ipykernel_" in filename or filename.startswith("<"):
        return True
    return filename.startswith(f"{root}/") and not {"site-packages", "dist-packages"} & set(Path(filename).parts)


def chained(frames: list[types.TracebackType]) -> types.TracebackType | None:
    """A traceback of these frames only."""
    made: types.TracebackType | None = None
    for each in reversed(frames):
        made = types.TracebackType(made, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return made
