"""What the author of a block should know when it is defined, one line each: a rename, a twin, a mismatch, a leak."""

from __future__ import annotations

import builtins
import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from . import graph
from .code.carriers import said
from .code.header import render
from .errors import DefinitionError, nearest
from .model import Block, Pipeline, Test, name_problem
from .plugins import languages
from .spelling import kind_of

SHELL_NAMES = frozenset({"In", "Out", "get_ipython", "exit", "quit"})


def check_block_name(name: str) -> None:
    """Refuse a name that IPython needs for itself: the block's output would take its place in the notebook."""
    if name in SHELL_NAMES:
        raise DefinitionError(f"{name} is a name of IPython's own", hint=f"%%block {name.lower()}_block")


def notes(pipeline: Pipeline, block: Block, old: Block | None, namespace: Mapping[str, Any] | None) -> Iterable[str]:
    """What the author should know about a definition, one line each."""
    if old is not None and old.cell and block.cell and old.cell != block.cell:
        place = f" in cell [{old.cell_number}]" if old.cell_number is not None else ""
        yield f"{block.name} is also defined{place}; this cell counts now"
    absent = graph.missing(dataclasses.replace(pipeline, blocks=(block,)), pipeline)
    for each in absent:
        yield str(each)
    if absent and block.is_file:
        yield f"Mage gives a file its inputs by place; a header above it says which: %%block {block.name}(UPSTREAM)"
    if hasattr(builtins, block.name):
        yield f"{block.name} hides Python's own {block.name} in this notebook"
    if block.declared and not block.is_file:
        yield from _mismatch(pipeline, block)
    for leak in block.leaks:
        if leak.reason == graph.UNDECLARED:
            continue
        yield leak_note(block.name, leak.name, leak.cell)
    for name in unknown_names(pipeline, block):
        if namespace is None or name not in namespace:
            yield unknown_note(pipeline, block, name)


def renamed_note(old: str, new: str, places: list[str]) -> str:
    """What a rename came to, and who says the old name still.

    >>> renamed_note("clean", "cleaned", ["big [4]", "total [7]"])
    '~ renamed clean → cleaned; 2 cells still say clean: big [4], total [7]'
    """
    still = f"{len(places)} cell{'s' * (len(places) != 1)} still say{'s' * (len(places) == 1)} {old}: {', '.join(places)}"
    return f"~ renamed {old} → {new}" + (f"; {still}" if places else "")


def _mismatch(pipeline: Pipeline, block: Block) -> Iterable[str]:
    own = {block.name, *(parameter.name for parameter in block.parameters)}
    read = [name for name in block.reads if name in pipeline and name not in own and name not in block.after]
    undeclared = [name for name in read if name not in block.upstreams]
    unread = [n for n in block.upstreams if n not in block.reads and n in pipeline and not hasattr(builtins, n)]
    if kind_of(block).watches:  # what it hears of, whether or not it reads what they gave
        unread = []
    if not undeclared and not unread:
        return
    right = dataclasses.replace(block, upstreams=tuple(n for n in (*block.upstreams, *undeclared) if n not in unread))
    if undeclared:
        yield f"{block.name} reads {', '.join(undeclared)}, not in its header: {said(render(right), block.carrier)}"
    if unread:
        order = "".join(f" --after {name}" for name in unread)
        header = said(render(right), block.carrier)
        hint = f"{header}, or for the order only, {said(render(right) + order, block.carrier, whole=True)}"
        yield f"{block.name} declares {', '.join(unread)} and never reads {'it' if len(unread) == 1 else 'them'}: {hint}"


def leak_note(block: str, name: str, cell: int | None) -> str:
    place = f" from cell [{cell}]" if cell is not None else ""
    return f"{block} reads {name}{place}, which a clean run does not have: make it an upstream or a parameter"


def test_notes(pipeline: Pipeline, block: Block, test: Test, leaks: Iterable[tuple[str, int | None]] = ()) -> list[str]:
    """What the author of a test should know: what it reads and will not have."""
    found = [leak_note(f"test {test.name}", name, cell) for name, cell in leaks]
    has = {block.name, *block.upstreams, *(each.name for each in block.parameters)}
    for name in languages.get("python").names(test.source).reads:
        if name in pipeline and name not in has:
            found.append(
                f"test {test.name} reads {name}, which is no upstream of {block.name}: a test has the output, "
                "the upstreams and the parameters of its block"
            )
    return found


def unknown_names(pipeline: Pipeline, block: Block) -> list[str]:
    """The names a block reads that nothing explains: no block, parameter, captured definition or leak."""
    known = {
        *block.upstreams, *(p.name for p in block.parameters), *(d.name for d in block.captured),
        *(leak.name for leak in block.leaks), block.name, *perhaps(block),
    }  # fmt: skip
    return [n for n in block.reads if n not in known and n not in pipeline and name_problem(n) is None]


def perhaps(block: Block) -> tuple[str, ...]:
    """The names it reads that it binds itself on some of its paths."""
    return languages.get(block.language).names(block.source).perhaps if block.reads and block.language in languages else ()


def unknown_note(pipeline: Pipeline, block: Block, name: str) -> str:
    """``twice reads raw: no block, import or parameter. Did you mean source?``."""
    guess = nearest(name, (each for each in pipeline.names if each != block.name))
    return f"{block.name} reads {name}: no block, import or parameter." + (f" Did you mean {guess}?" if guess else "")
