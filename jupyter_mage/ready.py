"""What of a request is the same each time: which blocks run, in which order, and what waits for what. Made once a pipeline."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from . import graph
from .model import Block, Pipeline
from .outline import Outline, outline
from .plugins import Kind
from .spelling import kind_of, kinds_of

KEPT = 4
"""So many are remembered: of the pipelines that somebody runs again and again just now."""


@dataclass(slots=True, kw_only=True)
class Ready:
    """A pipeline's blocks as a run takes them up. Nobody changes it: many runs may share one."""

    pipeline: Pipeline
    targets: tuple[str, ...]
    all_names: tuple[str, ...]
    """The targets and all above them, in topological order."""
    names: tuple[str, ...]
    """Those of them that are still to be done."""
    waits: Mapping[str, int]
    """For each of ``names``, how many of them have to end before it starts."""
    below: Mapping[str, Sequence[str]]
    """For each, those that wait for it."""
    kinds: Mapping[str, Kind]
    watchers: tuple[str, ...]
    """The callbacks among ``names``."""
    graph: Outline


def needed(pipeline: Pipeline, targets: Sequence[str]) -> tuple[str, ...]:
    """The targets and all above them that run at all, in topological order."""
    wanted = set(targets)
    if len(wanted) < len(pipeline):
        wanted |= graph.ancestors(pipeline, targets)
    order = graph.order(runnable(pipeline))
    return order if wanted.issuperset(order) else tuple([name for name in order if name in wanted])


def runnable(pipeline: Pipeline) -> Pipeline:
    """The pipeline without the blocks that are only kept and shown; the same one where there are none."""
    still = {name for name, kind in kinds_of(pipeline).items() if not kind.runs}
    if not still:
        return pipeline
    return replace(pipeline, blocks=tuple(block for block in pipeline if block.kind not in still or runs(block)))


def runs(block: Block) -> bool:
    """Whether the block is executed at all; markdown is not."""
    kind = kind_of(block)
    return kind.runs or kind.aside


_KNOWN: list[Ready] = []


def ready(pipeline: Pipeline, targets: tuple[str, ...], done: Collection[str] = ()) -> Ready:
    """The pipeline made ready for a run of these targets; ``done`` are the blocks that a resumed run has done already.

    >>> a, b = Block(name="a", source="1"), Block(name="b", source="a", upstreams=("a",))
    >>> made = ready(Pipeline(name="p", blocks=(a, b)), ("b",))
    >>> made.names, made.waits, made.below
    (('a', 'b'), {'a': 0, 'b': 1}, {'a': ['b'], 'b': []})
    """
    if done:
        return _made(pipeline, targets, done)
    for known in tuple(_KNOWN):
        if known.pipeline is pipeline and known.targets == targets:
            return known
    made = _made(pipeline, targets, done)
    _KNOWN[:] = [made, *_KNOWN[: KEPT - 1]]
    return made


def _made(pipeline: Pipeline, targets: tuple[str, ...], done: Collection[str]) -> Ready:
    blocks = pipeline.by_name
    all_names = needed(pipeline, targets)
    names = tuple([name for name in all_names if name not in done]) if done else all_names
    waits = dict.fromkeys(names, 0)
    below: dict[str, list[str]] = {name: [] for name in names}
    for name in names:
        for each in blocks[name].needs:
            if each in below:
                below[each].append(name)
                waits[name] += 1
    known = kinds_of(pipeline)
    watching = {name for name, kind in known.items() if kind.watches}
    watchers = [name for name in names if blocks[name].kind in watching] if watching else []
    for name in watchers:
        if not blocks[name].needs:  # it watches the whole run
            others = [each for each in names if each not in watchers]
            waits[name] = len(others)
            for each in others:
                below[each].append(name)
    return Ready(
        pipeline=pipeline, targets=targets, all_names=all_names, names=names, waits=waits, below=below,
        kinds=known, watchers=tuple(watchers), graph=outline([blocks[name] for name in all_names]),
    )  # fmt: skip
