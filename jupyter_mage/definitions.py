"""What cells have defined: pipelines, the ledger of plain cells, each block's latest state, and who wants to know of changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from . import events as ev
from . import graph
from .advice import check_block_name, notes, renamed_note, test_notes
from .code import cells, dependencies, inline_tests, renaming
from .code.capture import Ledger
from .code.header import Header
from .code.source import asserts_nothing
from .errors import DefinitionError, Where, unknown
from .model import Block, Pipeline, check_name
from .plugins import languages
from .state import GOOD, BlockRun, Run
from .variables import affected, changed

_LOOKED_AT = frozenset({*ev.ENDING, ev.BlockSkipped})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Defined:
    """What defining a block came to: the block as it now is, and what the author should know, one line each."""

    block: Block
    pipeline: Pipeline
    header: Header | None = None
    renamed: str = ""
    """The name that its cell had before."""
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A copy of a block's part in the last run that had it: it stays as it is while the run goes on."""

    run: str
    at: float
    sample: int | None
    part: BlockRun


class Definitions:
    """The pipelines of one notebook or project, as they change. It runs nothing.

    >>> definitions = Definitions(Path("."), "demo")
    >>> _ = definitions.define("raw", "1"), definitions.define("twice", "raw * 2")
    >>> definitions.pipeline["twice"].upstreams
    ('raw',)
    """

    def __init__(self, root: Path, pipeline: str) -> None:
        self.root = root
        self.home = self.current = check_name(pipeline, "pipeline name")
        """The notebook's own pipeline, which blocks belong to; and the one that verbs speak of."""
        self.pipelines: dict[str, Pipeline] = {}
        self.ledger = Ledger()
        self.stream = ev.Stream()
        self.board: dict[str, Run] = {}
        """Each pipeline's blocks with their latest state, over all runs."""
        self.live: Run | None = None
        """The state of the run that goes on here, where one does: its engine folds the events, before it tells them."""
        self.stale: dict[str, set[str]] = {}
        self._called: dict[tuple[str, str], str] = {}
        """By pipeline and a name that a block had: the one that it has now."""
        self._listeners: list[Callable[[], None]] = []
        self.stream.subscribe(self._on_event)

    @property
    def pipeline(self) -> Pipeline:
        """The current pipeline, resolved."""
        return self.pipelines.get(self.current) or Pipeline(name=self.current)

    def adopt(self, pipeline: Pipeline) -> Pipeline:
        """Make ``pipeline`` (read from a file, say) the current one. Raises CycleError."""
        resolved = graph.resolve(pipeline)
        graph.order(resolved)
        self.pipelines[resolved.name] = resolved
        self.home = self.current = resolved.name
        self._changed()
        return resolved

    def begin(self, variables: Mapping[str, Any]) -> None:
        """Take over the variables that the notebook's file keeps, before any block is defined."""
        if variables:
            self.pipelines[self.home] = Pipeline(name=self.home, variables=variables)

    def set_variables(self, given: Mapping[str, Any], unset: Iterable[str] = ()) -> None:
        """Set variables of the current pipeline, or take them away. Raises UnknownNameError, DefinitionError."""
        before, self.pipelines[self.current] = self.pipeline, changed(self.pipeline, given, unset)
        for name in affected(before, self.pipeline):
            self._mark_stale(self.current, name, None)
        self._changed()

    def note_cell(self, source: str, number: int | None = None, namespace: Mapping[str, Any] | None = None) -> None:
        """A plain cell has run: remember what it binds; blocks that captured one of these names get the new definition."""
        bound = self.ledger.note(source, number)
        dependencies.watch_modules(self.root)
        for name, pipeline in self.pipelines.items():
            users = {block.name for each in bound for block in pipeline.mentioning(each) if each in cells.takes_from_cells(block)}
            for block in [each for each in pipeline if each.name in users] if users else ():
                again = cells.capture_again(block, self.ledger, known=pipeline.by_name, namespace=namespace)
                self.pipelines[name] = graph.with_definition(self.pipelines[name], again)
                self._mark_stale(name, block.name, block)
        if bound:
            self._changed()

    def define(
        self,
        header: str,
        body: str,
        *,
        carrier: str = "magic",
        cell: str = "",
        number: int | None = None,
        namespace: Mapping[str, Any] | None = None,
    ) -> Defined:
        """Define or redefine the block of this header and body; its dependants become stale.

        Raises HeaderError, BlockSyntaxError, UnknownNameError or CycleError; whatever was defined before then stays.
        """
        read = cells.read_header(header, carrier=carrier)
        name = check_name(read.pipeline, "pipeline name") if read.pipeline else self.home
        check_block_name(read.name)
        before = self.pipelines.get(name) or Pipeline(name=name)
        made = cells.define(read, body, self.ledger, known=before.by_name, namespace=namespace, cell=cell, number=number)
        block = self.noted(name, made)
        twin = _twin(block.name, before)
        if twin:
            raise DefinitionError(
                f"{block.name} and {twin} would be one file on other systems",
                where=Where(block=block.name, cell=number, line=1),
                hint="give one of them another name",
            )
        old = before.get(block.name)
        if old is not None:
            block = dataclasses.replace(block, tests=inline_tests.merged(block.tests, old.tests))
        renamed = next((b for b in before if cell and b.cell == cell and b.name != block.name), None)
        base, places = before, list[str]()
        if renamed is not None:
            base, places, tests = renaming.follow(before, renamed.name, block.name)
            base, block = graph.resolve(base), block if old is not None else dataclasses.replace(block, tests=tests)
        after = graph.with_definition(base, block)
        self.pipelines[name], self.current = after, name
        self._mark_stale(name, block.name, old)
        self._note_name(name, block.name, renamed.name if renamed else "")
        gone = self.forget_cells([cell], keep=(name, block.name, ""))
        elsewhere = self.complete(block.name)
        self._changed()
        after = self.pipelines[name]
        block = after[block.name]
        said = [
            *([renamed_note(renamed.name, block.name, places)] if renamed else []),
            *elsewhere,
            *notes(after, block, old, namespace),
            *(
                f"{up} is called {self._called[name, up]} now"
                for up in block.needs
                if up not in after and (name, up) in self._called
            ),
            *(f"~ {each} is gone: its cell is {block.name} now" for each in gone),
        ]
        return Defined(block=block, header=read, pipeline=after, notes=tuple(said), renamed=renamed.name if renamed else "")

    def noted(self, pipeline: str, block: Block) -> Block:  # noqa: ARG002 (a session knows where to look)
        """The block with what else is known of its cell."""
        return block

    def complete(self, *names: str) -> list[str]:  # noqa: ARG002 (a session knows where to look)
        """Take what these blocks (all, where none is named) need from elsewhere; gives what to say. Nothing is elsewhere."""
        return []

    def take(self, blocks: Iterable[Block]) -> list[str]:
        """Blocks that were read and not defined by a cell come into the current pipeline; gives their names."""
        taken = []
        for block in blocks:
            self.pipelines[self.current] = graph.with_definition(self.pipeline, block)
            taken.append(block.name)
        if taken:
            self._changed()
        return taken

    def define_test(
        self,
        block: str,
        body: str,
        *,
        name: str = "",
        cell: str = "",
        number: int | None = None,
        namespace: Mapping[str, Any] | None = None,
    ) -> Defined:
        """Add a test to a block, or replace the one of this name or cell. Raises UnknownNameError, BlockSyntaxError."""
        pipeline = self.pipeline
        target = pipeline.get(block)
        if target is None:
            raise unknown("block", block, pipeline.names, hint=f"define {block} first, or correct the name behind %%test")
        others = tuple((i, t) for i, t in enumerate(target.tests) if not t.inline)
        place = next((i for i, t in others if (cell and t.cell == cell) or (name and t.name == name)), None)
        label = name or (target.tests[place].name if place is not None else inline_tests.free_name(target.tests))
        check_name(label, "test name")
        if any(each.inline and each.name == label for each in target.tests):
            raise DefinitionError(
                f"{block} has a test {label} in its own cell", where=Where(line=1), hint=f"another name: %%test {block} {label}_2"
            )
        given = {*target.upstreams, *(each.name for each in target.parameters)}
        test, found = cells.define_test(
            block,
            label,
            body,
            self.ledger,
            known=pipeline.by_name,
            namespace=namespace,
            given=given,
            cell=cell,
            number=number,
        )
        tests = list(target.tests)
        tests[place : place + 1 if place is not None else None] = [test] if place is not None else [*tests, test]
        changed = dataclasses.replace(target, tests=tuple(tests))
        self.pipelines[self.current] = pipeline.with_block(changed)
        gone = self.forget_cells([cell], keep=(self.current, block, label))
        self._changed()
        lines = [f"~ {each} is gone: its cell tests {block} now" for each in gone]
        lines += test_notes(pipeline, target, test, [(leak.name, leak.cell) for leak in found.leaks])
        if asserts_nothing(body):
            lines.append(f"test {label} of {block} asserts nothing: assert …")
        return Defined(block=changed, pipeline=self.pipeline, notes=tuple(lines))

    def forget(self, names: Iterable[str]) -> None:
        """Take blocks out of the current pipeline; those that need them wait for them."""
        self.pipelines[self.current] = graph.resolve(self.pipeline.without(names))
        self._changed()

    def forget_cells(self, gone: Iterable[str], *, keep: tuple[str, str, str] = ("", "", "")) -> list[str]:
        """These cells are gone, or hold something else now: so are their blocks and tests, in every pipeline; gives what went.

        ``keep`` is what such a cell holds now: pipeline, block, and the test's name or nothing.
        """
        cells_gone = {each for each in gone if each}
        said: list[str] = []
        for name, pipeline in self.pipelines.items() if cells_gone else ():
            tested = [b for b in pipeline if b.tests and not cells_gone.isdisjoint(t.cell for t in b.tests)]
            names = [b.name for b in pipeline if b.cell in cells_gone and (name, b.name, "") != keep]
            changed = graph.resolve(pipeline.without(names)) if names else pipeline
            said += names
            for block in (changed[each.name] for each in tested if each.name in changed):
                tests = tuple(
                    t for t in block.tests if t.inline or t.cell not in cells_gone or (name, block.name, t.name) == keep
                )
                if tests != block.tests:
                    said += [f"test {t.name} of {block.name}" for t in block.tests if t not in tests]
                    changed = changed.with_block(dataclasses.replace(block, tests=tests))
            self.pipelines[name] = changed
        if said:
            self._changed()
        return said

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after each event and each definition; the answer stops it."""
        self._listeners.append(callback)

        def stop() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return stop

    def standing(self, block: str) -> Standing | None:
        """How a block of the current pipeline stands in its latest run. A copy, for screens: they ask from threads of their
        own, and where an event is being folded in, it may have some of it and not yet the rest.
        """
        board = self.board.get(self.current)
        part = board.blocks.get(block) if board is not None else None
        if board is None or part is None:
            return None
        copy = dataclasses.replace(part)
        return Standing(run=board.id, at=copy.started or board.started or 0.0, sample=board.sample, part=copy)

    def _on_event(self, event: ev.Event) -> None:
        """Keep each block's latest state, over all runs of the pipeline."""
        if isinstance(event, ev.BlockEvent):
            live = self.live
            for pipeline, board in self.board.items():
                if board.id != event.run:
                    continue
                if live is None or live.id != event.run:
                    board.apply(event)
                elif event.block not in board.blocks:  # an item of a mapped block; all others are here since the run began
                    board.blocks[event.block] = live.blocks[event.block]
                if type(event) in _LOOKED_AT and pipeline in self.stale:
                    self.stale[pipeline].discard(event.block)
        elif isinstance(event, ev.RunStarted):
            self._begin(event)  # and no more: a resumed run that began twice would lose what the board shares with it
        else:
            for board in self.board.values():
                if board.id == event.run:
                    board.apply(event)
        if self._listeners:
            self._changed()

    def _begin(self, event: ev.RunStarted) -> None:
        """A run begins or goes on: its blocks have their state from it, the others keep theirs."""
        board = self.board.setdefault(event.pipeline, Run())
        again = set(event.blocks)
        goes_on = isinstance(event, ev.RunResumed) and board.id == event.run
        for name in [each for each in board.blocks if each.split("[")[0] in again]:
            if not (goes_on and board.blocks[name].status in GOOD):
                del board.blocks[name]
        if self.live is not None and self.live.id == event.run:
            board.show(self.live)
        else:
            board.apply(event)

    def _note_name(self, pipeline: str, new: str, old: str) -> None:
        for key, called in list(self._called.items()):
            if key == (pipeline, new):
                del self._called[key]
            elif old and (key[0], called) == (pipeline, old):
                self._called[key] = new
        if old:
            self._called[pipeline, old] = new

    def _mark_stale(self, pipeline: str, name: str, old: Block | None) -> None:
        new = self.pipelines[pipeline][name]
        known = self.board[pipeline].blocks if pipeline in self.board else {}
        if known and (old is None or _behaviour(old) != _behaviour(new)):
            below = graph.below(self.pipelines[pipeline], name)
            self.stale.setdefault(pipeline, set()).update(each for each in {name, *below} if each in known)

    def _changed(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def _twin(name: str, pipeline: Pipeline) -> str:
    """The block whose name differs from this in nothing but its case, or empty. All names at once: they are ASCII."""
    if name in pipeline:
        return ""
    text = "\n".join(("", *pipeline.names, ""))
    place = text.lower().find(f"\n{name.lower()}\n")
    return "" if place < 0 else text[place + 1 : place + 1 + len(name)]


def _behaviour(block: Block) -> tuple[object, ...]:
    """What of a definition decides its output: layout and comments do not."""
    normal = languages.get(block.language).normalise(block.source)
    return normal, block.language, block.upstreams, block.parameters, block.captured
