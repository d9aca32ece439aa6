"""The pipeline as a graph: edges, order, cycles, selection. Pure functions over frozen values; every loop is iterative."""

from __future__ import annotations

import dataclasses
import heapq
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import CycleError, DefinitionError, Where, nearest, unknown
from .model import Block, Leak, Pipeline

UNDECLARED = "a block that is not in the header"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """An upstream that is no block (yet)."""

    block: str
    upstream: str
    guess: str = ""

    def __str__(self) -> str:
        ask = f" Did you mean {self.guess}?" if self.guess else ""
        return f"{self.block} waits for {self.upstream}: no such block.{ask}"


def resolve(pipeline: Pipeline) -> Pipeline:
    """The pipeline with inferred upstreams and default kinds filled in, and leaks that turned out to be blocks dropped.

    >>> raw = Block(name="raw", source="1")
    >>> resolve(Pipeline(name="p", blocks=(raw, Block(name="twice", source="raw * 2", reads=("raw",))))).blocks[1].upstreams
    ('raw',)
    """
    names = frozenset(pipeline.names)
    return dataclasses.replace(pipeline, blocks=tuple(_resolve_block(block, names) for block in pipeline.blocks))


def as_named(block: Block, names: Iterable[str]) -> tuple[str, ...]:
    """What the block reads, spelled as the blocks are that it means: SQL's ``orders`` is the block ``Orders``.

    >>> as_named(Block(name="b", source="", reads=("orders", "x"), any_case=True), ["Orders"])
    ('Orders', 'x')
    """
    if not block.any_case:
        return block.reads
    there = {name.casefold(): name for name in names}
    return tuple(dict.fromkeys(there.get(name.casefold(), name) for name in block.reads))


def _resolve_block(block: Block, names: Collection[str]) -> Block:
    if block.any_case and (reads := as_named(block, names)) != block.reads:
        block = dataclasses.replace(block, reads=reads)
    if block.declared:
        upstreams = block.upstreams
    else:
        own = {block.name, *(parameter.name for parameter in block.parameters)}
        upstreams = tuple(name for name in block.reads if name in names and name not in own)
    changes: dict[str, Any] = {}
    if upstreams != block.upstreams:
        changes["upstreams"] = upstreams
    if not block.kind_given:
        kind = "transformer" if upstreams else "data_loader"
        if kind != block.kind:
            changes["kind"] = kind
    leaks = tuple(leak for leak in block.leaks if leak.name not in names) + _undeclared(block, names, upstreams)
    if leaks != block.leaks:
        changes["leaks"] = leaks
    if not block.declared and any(each.name in names for each in block.captured):
        changes["captured"] = tuple(each for each in block.captured if each.name not in names)
    return dataclasses.replace(block, **changes) if changes else block


def _undeclared(block: Block, names: Collection[str], upstreams: tuple[str, ...]) -> tuple[Leak, ...]:
    """Blocks that a body reads and its header does not have: the notebook may know the name, a clean run does not."""
    if not block.declared:
        return ()
    given = {block.name, *upstreams, *(each.name for each in block.parameters), *(each.name for each in block.captured)}
    return tuple(Leak(name=name, reason=UNDECLARED) for name in block.reads if name in names and name not in given)


def missing(pipeline: Pipeline, among: Pipeline | None = None) -> list[Missing]:
    """The declared upstreams of ``pipeline`` that no block of ``among`` (itself) has as its name, with the nearest there is."""
    there = pipeline if among is None else among
    return [
        Missing(block=block.name, upstream=upstream, guess=nearest(upstream, set(there.names) - {block.name}) or "")
        for block in pipeline
        for upstream in block.needs
        if upstream not in there
    ]


def downstreams(pipeline: Pipeline) -> dict[str, list[str]]:
    """For each block, the blocks that need it, in the pipeline's order."""
    found: dict[str, list[str]] = {name: [] for name in pipeline.names}
    for block in pipeline:
        for upstream in block.needs:
            if upstream in found:
                found[upstream].append(block.name)
    return found


def order(pipeline: Pipeline) -> tuple[str, ...]:
    """Topological order; among blocks that are free, the order they were written in. Raises CycleError with the path.

    >>> order(Pipeline(name="p", blocks=(Block(name="b", source="", upstreams=("a",)), Block(name="a", source=""))))
    ('a', 'b')
    """
    names = tuple(dict.fromkeys(pipeline.names))
    blocks = pipeline.blocks if len(names) == len(pipeline) else tuple(pipeline[name] for name in names)
    if _in_order(blocks, pipeline):
        return names
    place = dict(zip(names, range(len(names)), strict=True))
    waits = [0] * len(names)
    after: dict[int, list[int]] = {}
    for index, block in enumerate(blocks):
        for each in block.needs:
            above = place.get(each)
            if above is not None:
                waits[index] += 1
                after.setdefault(above, []).append(index)
    ready = [index for index, count in enumerate(waits) if not count]  # sorted, so it is a heap
    done: list[str] = []
    pop, push = heapq.heappop, heapq.heappush
    while ready:
        first = pop(ready)
        done.append(names[first])
        for below in after.get(first, ()):
            waits[below] -= 1
            if not waits[below]:
                push(ready, below)
    if len(done) < len(names):
        raise cycle_error(pipeline, find_cycle(pipeline))
    return tuple(done)


def _in_order(blocks: Sequence[Block], pipeline: Pipeline) -> bool:
    """Whether each block stands behind all that it needs, as most are written; names that are no blocks do not count."""
    seen: set[str] = set()
    for block in blocks:
        if not seen.issuperset(block.needs) and any(each in pipeline and each not in seen for each in block.needs):
            return False
        seen.add(block.name)
    return True


def as_networkx(pipeline: Pipeline) -> Any:
    """The pipeline as a `networkx.DiGraph`, from upstream to downstream, blocks as attributes: for analysis, not for running.

    >>> blocks = Block(name="a", source=""), Block(name="b", source="", upstreams=("a",))
    >>> sorted(as_networkx(Pipeline(name="p", blocks=blocks)).edges)
    [('a', 'b')]
    """
    import networkx  # 0.25 s to import, so only where it is used

    made = networkx.DiGraph(name=pipeline.name)
    made.add_nodes_from((block.name, {"block": block}) for block in pipeline)
    made.add_edges_from((upstream, block.name) for block in pipeline for upstream in block.needs if upstream in made)
    return made


def find_cycle(pipeline: Pipeline, start: str | None = None) -> list[str]:
    """One cycle (through ``start``, if there is one), each block followed by what it needs, the first again at the end."""
    import networkx

    needs = as_networkx(pipeline).reverse(copy=False)
    try:
        path = [edge[0] for edge in networkx.find_cycle(needs, start)]
    except networkx.NetworkXNoCycle:
        return []
    if start in path:
        path = path[path.index(start) :] + path[: path.index(start)]
    return [*path, path[0]]


def cycle_error(pipeline: Pipeline, path: Sequence[str]) -> CycleError:
    """``cycle: raw ← load ← clean ← raw (cells [3] [7] [5])``."""
    numbers = [block.cell_number for name in path[:-1] if (block := pipeline.get(name))]
    cells = f" (cells {' '.join(f'[{n}]' for n in numbers)})" if numbers and all(n is not None for n in numbers) else ""
    return CycleError(f"cycle: {' ← '.join(path)}{cells}", hint="take one of these upstreams out of its header")


class _OneMore:
    """These names and one more: a set of them all, made anew for each definition, would cost more than the definition."""

    __slots__ = ("_more", "_names")

    def __init__(self, names: Collection[str], more: str) -> None:
        self._names, self._more = names, more

    def __contains__(self, name: object) -> bool:
        return name == self._more or name in self._names

    def __iter__(self) -> Iterator[str]:
        yield from self._names
        if self._more not in self._names:
            yield self._more

    def __len__(self) -> int:
        return len(self._names) + (self._more not in self._names)


def with_definition(pipeline: Pipeline, block: Block) -> Pipeline:
    """The resolved pipeline with ``block`` defined or redefined; raises CycleError and changes nothing where it closes a circle.

    Only the block and those that read it are looked at again: ``pipeline`` is resolved, and every new edge touches the block.
    """
    names = _OneMore(pipeline.by_name, block.name)
    made = pipeline.with_block(_resolve_block(block, names))
    if block.name not in pipeline:
        for each in pipeline.mentioning(block.name):
            if block.name in as_named(each, names):
                made = made.with_block(_resolve_block(each, names))
    needed = any(block.name in each.needs for each in made.mentioning(block.name))  # else it closes no circle
    if needed and block.name in ancestors(made, [block.name]):
        error = cycle_error(made, find_cycle(made, block.name))
        kept = f"; kept the previous {block.name}" if block.name in pipeline else f"; {block.name} is not defined"
        where = Where(block=block.name, cell=block.cell_number, line=1)
        raise CycleError(error.message + kept, where=where, hint=error.hint)
    return made


def ancestors(pipeline: Pipeline, names: Iterable[str]) -> set[str]:
    """All blocks above these, themselves left out unless one is above another."""
    found: set[str] = set()
    waiting = [each for name in names if (block := pipeline.get(name)) for each in block.needs]
    while waiting:
        name = waiting.pop()
        block = pipeline.get(name)
        if block is not None and name not in found:
            found.add(name)
            waiting += block.needs
    return found


def descendants(pipeline: Pipeline, names: Iterable[str]) -> set[str]:
    """All blocks below these."""
    return _reach(downstreams(pipeline), names)


def below(pipeline: Pipeline, name: str) -> set[str]:
    """`descendants` of one block; where these are few, it does not look at the others.

    >>> below(Pipeline(name="p", blocks=(Block(name="b", source="", upstreams=("a",)), Block(name="a", source=""))), "a")
    {'b'}
    """
    found: set[str] = set()
    waiting = [name]
    while waiting:
        above = waiting.pop()
        new = [each.name for each in pipeline.mentioning(above) if above in each.needs and each.name not in found]
        found.update(new)
        waiting += new
    return found


def _reach(edges: Mapping[str, Sequence[str]], names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = deque(each for name in names for each in edges.get(name, ()))
    while waiting:
        name = waiting.popleft()
        if name in edges and name not in found:
            found.add(name)
            waiting.extend(edges[name])
    return found


def select(pipeline: Pipeline, selection: str) -> tuple[str, ...]:
    """The blocks that a selection names, in the pipeline's order; an empty selection is all of them.

    ``clean``, ``+clean`` (and all above), ``clean+`` (and all below), ``+clean+``, ``tag:daily``, ``kind:data_exporter``;
    several, separated by spaces or commas, are joined. Raises UnknownNameError with the nearest name.
    """
    words = selection.replace(",", " ").split()
    if not words:
        return pipeline.names
    chosen: set[str] = set()
    for word in words:
        name = word.strip("+")
        matched = _match(pipeline, name)
        chosen |= matched
        if word.startswith("+"):
            chosen |= ancestors(pipeline, matched)
        if word.endswith("+"):
            chosen |= descendants(pipeline, matched)
    return tuple(name for name in pipeline.names if name in chosen)


def _match(pipeline: Pipeline, word: str) -> set[str]:
    sort, colon, value = word.partition(":")
    if not colon:
        if word not in pipeline:
            raise unknown("block", word, pipeline.names)
        return {word}
    if sort not in ("tag", "kind", "language"):
        raise unknown("selector", f"{sort}:", ["tag:", "kind:", "language:"])
    chosen = {
        block.name
        for block in pipeline
        if value in (block.tags if sort == "tag" else (block.kind if sort == "kind" else block.language,))
    }
    if not chosen:
        known = {
            "tag": {tag for b in pipeline for tag in b.tags},
            "kind": {b.kind for b in pipeline},
            "language": {b.language for b in pipeline},
        }
        raise unknown(f"block with {sort}", value, known[sort])
    return chosen


def rest(pipeline: Pipeline, without: Iterable[str]) -> str:
    """The selection of everything but these blocks and what is below them; empty where nothing is left.

    >>> blocks = [Block(name=n, source="", upstreams=u) for n, u in (("a", ()), ("m", ("a",)), ("c", ("a",)), ("d", ("m", "c")))]
    >>> rest(Pipeline(name="p", blocks=tuple(blocks)), ["m"])
    '+c'
    """
    gone = set(without)
    gone |= {block.name for block in pipeline if any(each not in pipeline for each in block.needs)}
    for name in order(pipeline):
        if gone & {*_gates(pipeline[name])}:
            gone.add(name)
    left = [block for block in pipeline if block.name not in gone]
    inner = {name for block in left for name in (*_gates(block), *block.callbacks)}
    return " ".join(f"+{block.name}" for block in left if block.name not in inner)


def check_runnable(pipeline: Pipeline, among: Pipeline | None = None) -> None:
    """Raise DefinitionError where blocks cannot run or an upstream is missing, naming all of them and how to run the rest."""
    stopped = [block for block in pipeline if block.problem]
    if stopped:
        left = rest(pipeline, [block.name for block in stopped])
        lines = [f"{block.name}: {block.problem}" for block in stopped]
        raise DefinitionError(
            lines[0] if len(lines) == 1 else "\n".join([f"{len(lines)} blocks of this run cannot run here:", *lines[:50]]),
            where=Where(block=stopped[0].name),
            hint=f"all the rest: %pipeline run {left}" if left else "jupyter mage check says what else is wrong",
        )
    for block in pipeline:
        if block.mapped and block.mapped not in block.upstreams:
            where = Where(block=block.name, cell=block.cell_number, line=1)
            hint = f"%%block {block.name}({block.mapped}) --map {block.mapped}"
            raise DefinitionError(f"--map {block.mapped}: {block.mapped} is no upstream of {block.name}", where=where, hint=hint)
    absent = missing(pipeline, among)
    if absent:
        first = absent[0]
        raise DefinitionError(
            "\n".join(str(each) for each in absent),
            where=Where(block=first.block, cell=pipeline[first.block].cell_number, line=1),
            hint=f"correct the header, or define it: %%block {first.upstream}",
        )


def reading_order(blocks: Iterable[Block], still: Callable[[str], bool]) -> list[Block]:
    """Each block below what it needs, and otherwise as they stand; text stays above the block that it stood above.

    ``still`` says of a kind whether its blocks are only read.

    >>> one, other = Block(name="b", source="", upstreams=("a",)), Block(name="a", source="")
    >>> [block.name for block in reading_order([one, Block(name="t", source="", kind="md"), other], lambda kind: kind == "md")]
    ['t', 'a', 'b']
    """
    groups: dict[str, list[Block]] = {}
    above: list[Block] = []
    for block in blocks:
        above.append(block)
        if not still(block.kind):
            groups[block.name], above = above, []
    placed: dict[str, list[Block]] = {}
    for name in groups:
        open_: dict[str, Iterator[str]] = {} if name in placed else {name: iter(_gates(groups[name][-1]))}
        while open_:
            here, left = next(reversed(open_.items()))
            up = next((each for each in left if each in groups and each not in placed and each not in open_), None)
            if up is None:
                del open_[here]
                placed[here] = groups[here]
            else:
                open_[up] = iter(_gates(groups[up][-1]))
    return [block for group in placed.values() for block in group] + above


def _gates(block: Block) -> tuple[str, ...]:
    return (*block.needs, *block.guards)
