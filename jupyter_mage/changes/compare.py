"""What changed between two forms of a pipeline, by meaning: blocks, edges, parameters, options, tests; not cells and lines.

A block whose body only has other comments, layout or carrier does the same; one that has another name and the same body was
renamed, and those that follow the new name do the same too.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..code.header import render
from ..errors import JupyterMageError
from ..model import MISSING, Block, Definition, Parameter, Pipeline, Test
from ..plugins import kinds, languages

ADDED, REMOVED, RENAMED, CHANGED, SAME = "added", "removed", "renamed", "changed", "same behaviour"
MARKS = {ADDED: "+", REMOVED: "−", RENAMED: "»", CHANGED: "~", SAME: "≈"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One block that is not as it was."""

    block: str
    """Its name now, or what it was called where it is gone."""
    sort: str
    """``added``, ``removed``, ``renamed``, ``changed`` or ``same behaviour``."""
    lines: tuple[str, ...] = ()
    """What changed, one line each."""
    code: tuple[str, ...] = ()
    """The lines of the body's diff."""
    was: str = ""
    """The old name of one that was renamed."""


Edge = tuple[str, str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """All that changed. Pipelines are kept, so that screens can draw both."""

    old: Pipeline
    new: Pipeline
    before: str
    after: str
    blocks: tuple[Change, ...] = ()
    edges_added: tuple[Edge, ...] = ()
    edges_removed: tuple[Edge, ...] = ()
    """By the names that blocks have now."""
    pipeline: tuple[str, ...] = ()
    """Variables and the description."""
    cells: str = ""
    """Text and plain cells, counted."""

    def __bool__(self) -> bool:
        return bool(self.blocks or self.edges_added or self.edges_removed or self.pipeline or self.cells)

    def of(self, sort: str) -> list[Change]:
        return [each for each in self.blocks if each.sort == sort]

    @property
    def renames(self) -> dict[str, str]:
        """Old names and new ones."""
        return {each.was: each.block for each in self.blocks if each.was}


def compare(old: Pipeline, new: Pipeline, *, before: str = "before", after: str = "now") -> Changes:
    """What ``new`` has that ``old`` had not, and the other way round.

    >>> raw, twice = Block(name="raw", source="1"), Block(name="twice", source="raw*2", upstreams=("raw",))
    >>> src, after = Block(name="src", source="1  # one"), Block(name="twice", source="src*2", upstreams=("src",))
    >>> old, new = Pipeline(name="p", blocks=(raw, twice)), Pipeline(name="p", blocks=(src, after))
    >>> [(each.block, each.sort, each.was) for each in compare(old, new).blocks]
    [('src', 'renamed', 'raw'), ('twice', 'same behaviour', '')]
    """
    was, now = _running(old), _running(new)
    renames = _renames(was, now)
    found = []
    for name, block in now.items():
        source = next((earlier for earlier, later in renames.items() if later == name), name)
        earlier = was.get(source)
        if earlier is None:
            found.append(Change(block=name, sort=ADDED, lines=(render(block),)))
            continue
        change = _change(earlier, block, renames, was=source if source != name else "")
        found += [change] if change else []
    gone = [name for name in was if name not in now and name not in renames]
    found += [Change(block=name, sort=REMOVED) for name in gone]
    edges = {(renames.get(up, up), renames.get(block.name, block.name)) for block in was.values() for up in block.needs}
    edges_now = {(up, block.name) for block in now.values() for up in block.needs}
    return Changes(
        old=old, new=new, before=before, after=after, blocks=tuple(found),
        edges_added=tuple(sorted(edges_now - edges)), edges_removed=tuple(sorted(edges - edges_now)),
        pipeline=tuple(_of_pipeline(old, new)), cells=_cells(old, new),
    )  # fmt: skip


def _running(pipeline: Pipeline) -> dict[str, Block]:
    return {block.name: block for block in pipeline if block.kind not in kinds or kinds.get(block.kind).runs}


def _cells(old: Pipeline, new: Pipeline) -> str:
    """``2 added, 1 removed``: cells that are no blocks. One that was edited is one of each."""
    was = [block.source for block in old if block.kind in kinds and not kinds.get(block.kind).runs]
    now = [block.source for block in new if block.kind in kinds and not kinds.get(block.kind).runs]
    added, removed = sum(each not in was for each in now), sum(each not in now for each in was)
    edited = min(added, removed)
    counts = {"changed": edited, "added": added - edited, "removed": removed - edited}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


# ---- renames


def _renames(was: Mapping[str, Block], now: Mapping[str, Block]) -> dict[str, str]:
    """Blocks that are gone and those that do the same under a new name; again while that explains more."""
    gone = [block for name, block in was.items() if name not in now]
    come = [block for name, block in now.items() if name not in was]
    renames: dict[str, str] = {}
    found = True
    while found:
        found = False
        for earlier in gone:
            later = None if earlier.name in renames else _same_body(earlier, come, renames)
            if later is not None:
                renames[earlier.name] = later.name
                found = True
    return renames


def _same_body(earlier: Block, come: list[Block], renames: Mapping[str, str]) -> Block | None:
    taken = set(renames.values())
    ups = tuple(renames.get(up, up) for up in earlier.upstreams)
    same = [
        each
        for each in come
        if each.name not in taken
        and each.language == earlier.language
        and each.parameters == earlier.parameters
        and _normal(each) == _normal(_following(earlier, {**renames, earlier.name: each.name}))
    ]
    return next((each for each in same if each.upstreams == ups), same[0] if len(same) == 1 else None)


def _following(block: Block, renames: Mapping[str, str]) -> Block:
    """The block as it would be had its author followed these renames."""
    if not renames:
        return block
    words = re.compile(rf"(?<![\w.])(?:{'|'.join(sorted(map(re.escape, renames), key=len, reverse=True))})\b")

    def renamed(source: str) -> str:
        return words.sub(lambda match: renames[match[0]], source)

    return dataclasses.replace(
        block,
        name=renames.get(block.name, block.name),
        source=renamed(block.source),
        tests=tuple(dataclasses.replace(test, source=renamed(test.source)) for test in block.tests),
        upstreams=tuple(renames.get(each, each) for each in block.upstreams),
        after=tuple(renames.get(each, each) for each in block.after),
        mapped=renames.get(block.mapped, block.mapped),
    )


def _normal(block: Block) -> str:
    return _normalised(block.language, block.source)


def _normalised(language: str, source: str) -> str:
    if language not in languages:
        return source
    try:
        return languages.get(language).normalise(source)
    except JupyterMageError:  # a body that does not parse: its text is all there is
        return source


# ---- one block


def _change(earlier: Block, block: Block, renames: Mapping[str, str], *, was: str) -> Change | None:
    """What became of a block, or None where it is as it was."""
    followed = _following(earlier, renames)
    lines = list(_differences(followed, block))
    code: tuple[str, ...] = ()
    if _normal(followed) != _normal(block):
        code = _diff(earlier.source, block.source)
        count = sum(line[0] in "+-" for line in code)
        lines.insert(0, f"code: {count} line{'s' * (count != 1)}")
    if was:
        return Change(block=block.name, sort=RENAMED, lines=(f"was {was}", *lines), code=code, was=was)
    if lines:
        return Change(block=block.name, sort=CHANGED, lines=tuple(lines), code=code)
    if earlier.source != block.source or earlier.carrier != block.carrier:
        followed_names = [old for old in renames if old in (*earlier.reads, *earlier.upstreams)]
        why = "comments or layout" if followed.source != block.source else "another carrier"
        if followed_names and earlier.source != followed.source:
            why = f"follows {', '.join(f'{name} → {renames[name]}' for name in followed_names)}"
        return Change(block=block.name, sort=SAME, lines=(why,))
    return None


_ELSEWHERE = frozenset(
    {
        *("name", "source", "upstreams", "parameters", "captured", "tests"),
        *("declared", "reads", "kind_given", "header", "carrier", "leaks", "problem", "extra", "cell", "cell_number"),
    }
)
"""Fields that are said in their own way, or that say nothing of what the block does."""


def _differences(old: Block, new: Block) -> Iterator[str]:
    yield from _upstreams(old, new)
    yield from _named("parameter", _parameters(old), _parameters(new))
    for field in dataclasses.fields(Block):
        if field.name not in _ELSEWHERE:
            yield from _option(field.name, getattr(old, field.name), getattr(new, field.name))
    yield from _named("definition", _definitions(old.captured), _definitions(new.captured), shown=False)
    yield from _named("test", _tests(old), _tests(new), shown=False)


def _upstreams(old: Block, new: Block) -> Iterator[str]:
    gone = [each for each in old.upstreams if each not in new.upstreams]
    come = [each for each in new.upstreams if each not in old.upstreams]
    if gone or come:
        yield "upstreams: " + ", ".join([*(f"+{each}" for each in come), *(f"−{each}" for each in gone)])
    elif old.upstreams != new.upstreams:
        yield f"upstreams in another order: {', '.join(old.upstreams)} → {', '.join(new.upstreams)}"


def _named(what: str, old: Mapping[str, str], new: Mapping[str, str], *, shown: bool = True) -> Iterator[str]:
    for name in dict.fromkeys((*old, *new)):
        if name not in old:
            yield f"{what} {new[name] if shown else name} added"
        elif name not in new:
            yield f"{what} {old[name] if shown else name} removed"
        elif old[name] != new[name]:
            yield f"{what} {old[name]} → {new[name]}" if shown else f"{what} {name} changed"


def _option(name: str, old: Any, new: Any) -> Iterator[str]:
    if old == new:
        return
    if dataclasses.is_dataclass(old) and type(old) is type(new):
        for field in dataclasses.fields(old):
            yield from _option(field.name, getattr(old, field.name), getattr(new, field.name))
    else:
        yield f"{name.replace('_', ' ')}: {_value(old)} → {_value(new)}"


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None or value == "" else str(value)


def _parameters(block: Block) -> dict[str, str]:
    return {each.name: _spelled(each) for each in block.parameters}


def _tests(block: Block) -> dict[str, str]:
    return {each.name: _test(each) for each in block.tests}


def _spelled(parameter: Parameter) -> str:
    text = f"{parameter.name}: {parameter.annotation}" if parameter.annotation else parameter.name
    return text if parameter.default is MISSING else f"{text} = {parameter.default!r}"


def _definitions(captured: tuple[Definition, ...]) -> dict[str, str]:
    return {each.name: _normalised("python", each.source) for each in captured}


def _test(test: Test) -> str:
    """What of a test decides whether it passes, whatever other fields it has."""
    parts = {field.name: getattr(test, field.name) for field in dataclasses.fields(test) if field.compare}
    parts |= {"source": _normalised("python", test.source), "captured": _definitions(test.captured)}
    return repr(parts)


def _diff(old: str, new: str) -> tuple[str, ...]:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=1)
    return tuple(line for line in lines if not line.startswith(("---", "+++", "@@")))


def _of_pipeline(old: Pipeline, new: Pipeline) -> Iterator[str]:
    was = {name: f"{name} = {value!r}" for name, value in old.variables.items()}
    now = {name: f"{name} = {value!r}" for name, value in new.variables.items()}
    yield from _named("variable", was, now)
    if old.description != new.description:
        yield "description changed"
