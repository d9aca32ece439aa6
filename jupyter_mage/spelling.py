"""A pipeline as a run sees it: what Mage's files say in a word is spelled out, so that the engine knows blocks and edges only.

A conditional or callback that is attached to several blocks is asked or told for each of them; what is below a dynamic block
is mapped over it. The pipeline itself stays as its author wrote it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from operator import is_

from . import graph
from .errors import DefinitionError, Where
from .model import Block, Pipeline
from .plugins import Kind, kinds, languages

_PLAIN = Kind(name="", folder="")
_PARENT = "parent_block_uuid"
"""By this name a conditional of Mage is told which block it is asked about."""


def kind_of(block: Block) -> Kind:
    """What is known of the block's kind; one of a kind that is not here runs as any other block."""
    return kinds.get(block.kind) if block.kind in kinds else _PLAIN


def kinds_of(blocks: Iterable[Block]) -> dict[str, Kind]:
    """What is known of the kinds of these blocks, by name: each is looked up once, however many blocks there are."""
    return {block.kind: kind_of(block) for block in {block.kind: block for block in blocks}.values()}


def with_callbacks(pipeline: Pipeline, wanted: Collection[str], *, whole: bool) -> set[str]:
    """Callbacks that hear of one of the ``wanted`` blocks, and where it is the ``whole`` run those that hear of it."""
    heard = {
        name for block in pipeline if block.callbacks and block.name in wanted for name in block.callbacks if name in pipeline
    }
    watching = {name for name, kind in kinds_of(pipeline).items() if kind.watches}
    for block in [each for each in pipeline if each.kind in watching] if watching else ():
        watched = any(each in wanted for each in block.upstreams) or (whole and not block.upstreams)
        if watched and block.name not in wanted:
            heard.add(block.name)
    return heard


def without_waiting(pipeline: Pipeline) -> Pipeline:
    """The pipeline whose sensors find what they wait for at once."""
    found = (replace(b, source="True", carrier="magic", language="python", tests=()) if kind_of(b).waits else b for b in pipeline)
    return replace(pipeline, blocks=tuple(found))


def spelled_out(pipeline: Pipeline, wanted: Collection[str]) -> Pipeline:
    """The pipeline of the ``wanted`` blocks and what they need, spelled out. Raises DefinitionError for what cannot be said."""
    guarded: dict[str, list[Block]] = {}
    heard: dict[str, list[Block]] = {}
    for block in [each for each in pipeline if (each.guards or each.callbacks) and each.name in wanted]:
        for name in block.guards:
            guarded.setdefault(name, []).append(_guard_checked(block, pipeline.get(name)))
        for name in block.callbacks:
            heard.setdefault(name, []).append(block)
    made: list[Block] = []
    asked: dict[tuple[str, str], str] = {}
    known = kinds_of(pipeline)
    for block in pipeline:
        kind = known[block.kind]
        if kind.decides and block.is_file and not block.upstreams and block.name in guarded:
            made += _asked(block, guarded[block.name], asked)
        elif kind.watches:
            made += _told(block, heard.get(block.name, []), wanted)
        else:
            made.append(block)
    if asked:
        made = [replace(b, guards=tuple(asked.get((g, b.name), g) for g in b.guards)) if b.guards else b for b in made]
    spread = any(block.dynamic for block in made)
    spelling = {name: languages.get(name).spelled for name in {block.language for block in made} if name in languages}
    blocks = tuple([spelling[b.language](b, pipeline) if b.language in spelling else b for b in made])
    same = len(blocks) == len(pipeline) and all(map(is_, blocks, pipeline.blocks))
    result = pipeline if same else replace(pipeline, blocks=blocks)
    return _mapped(result) if spread else result


def _guard_checked(block: Block, guard: Block | None) -> Block:
    if guard is not None and not kind_of(guard).decides:
        raise DefinitionError(
            f"--if {guard.name}: {guard.name} is a {guard.kind}, and only a conditional decides",
            where=Where(block=block.name, cell=block.cell_number, line=1),
            hint=f"%%block {guard.name} --kind conditional",
        )
    return block


def _asked(guard: Block, blocks: list[Block], asked: dict[tuple[str, str], str]) -> list[Block]:
    """The conditional with the inputs of the block that it guards; one part for each, where it can tell them apart."""
    if len(blocks) == 1 or (len({block.upstreams for block in blocks}) == 1 and _PARENT not in guard.source):
        return [replace(guard, upstreams=blocks[0].upstreams, parent=blocks[0].label or blocks[0].name)]
    for block in blocks:
        asked[guard.name, block.name] = f"{guard.name}[{block.name}]"
    return [
        replace(guard, name=f"{guard.name}[{block.name}]", upstreams=block.upstreams, parent=block.label or block.name)
        for block in blocks
    ]


def _told(callback: Block, blocks: list[Block], wanted: Collection[str]) -> list[Block]:
    """The callback with those that it hears of in this run; one part for each block that it is attached to."""
    own = tuple(each for each in callback.upstreams if each in wanted)
    if own or len(blocks) < 2:
        return [replace(callback, upstreams=(*own, *(block.name for block in blocks)))]
    return [replace(callback, name=f"{callback.name}[{block.name}]", upstreams=(block.name,)) for block in blocks]


def _mapped(pipeline: Pipeline) -> Pipeline:
    """Blocks below a dynamic one are mapped over it, and those below them over what each run of them gave."""
    blocks: dict[str, Block] = {block.name: block for block in pipeline}
    for name in graph.order(pipeline):
        block = blocks[name]
        over = [each for each in block.upstreams if each in blocks and _gives_many(blocks[each])]
        if not over or block.mapped:
            continue
        if len(over) > 1:
            raise DefinitionError(
                f"{name} is below two dynamic blocks, {' and '.join(over)}: which of their items belong together is not said",
                where=Where(block=name),
                hint="let one block pair the items, and make that one dynamic",
            )
        blocks[name] = replace(block, mapped=over[0])
    return replace(pipeline, blocks=tuple(blocks[block.name] for block in pipeline))


def _gives_many(block: Block) -> bool:
    return block.dynamic or (bool(block.mapped) and block.is_file and not block.reduce)


def context(block: Block, run: Mapping[str, object]) -> dict[str, object]:
    """What a block file of Mage finds in ``kwargs`` beside variables: of the run, and of the block itself."""
    parent = {_PARENT: block.parent} if block.parent else {}
    return {**run, "block_uuid": block.label or block.name, "configuration": block.configuration, "context": {}, **parent}
