"""The notebook's saved file beside the kernel: which cells are gone, were edited, or have not run here. Runs nothing.

Front ends send a cell's identity along, and some of them the cells that were deleted; the file tells what they do not. It is only
believed where it was saved after the block was defined: a new cell is not in it yet.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from pathlib import Path

from .engine import runs
from .errors import JupyterMageError
from .formats.notebook import kept
from .formats.notebook.document import load, own_name, raw_json
from .formats.notebook.reading import Reader
from .model import Block, Pipeline
from .plugins import languages

Signature = tuple[int, int, int]


@dataclasses.dataclass(frozen=True, slots=True)
class Contents:
    """What the file holds: blocks by name, the ids of its cells, and whether all of it could be read."""

    blocks: dict[str, Block]
    ids: frozenset[str]
    whole: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What the file says of a pipeline that the kernel did not know."""

    gone: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    unrun: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    """Blocks that came from the file and are otherwise there now."""

    def lines(self, file: str, known: Collection[str] = ()) -> list[str]:
        """What to say of it, where the kernel knows these blocks by now."""
        said = [f"~ {name} is gone: its cell is not in {file} any more" for name in self.gone]
        said += [f"{name}: its cell was edited after it ran; run it again" for name in self.edited]
        unrun = [name for name in self.unrun if name not in known]
        if unrun:
            said.append(f"not run in this kernel, though in {file}: {', '.join(unrun)}")
        return said


class SavedNotebook:
    """A notebook's file, read again when it has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: tuple[Signature | None, str, Contents] | None = None
        self._when: dict[tuple[str, str], Signature | None] = {}
        self._taken: set[tuple[str, str]] = set()
        self._left: dict[tuple[str, str], Signature | None] = {}

    def taken(self, pipeline: str, block: str) -> None:
        """This block was read from the file: it follows the file."""
        self.defined(pipeline, block)
        self._taken.add((pipeline, block))

    def defined(self, pipeline: str, block: str) -> None:
        """A cell has defined this block: until the file is saved again, it says nothing of it."""
        self._when[pipeline, block] = self._signature()
        self._taken.discard((pipeline, block))
        self._left.pop((pipeline, block), None)

    def left(self, pipeline: str, blocks: Iterable[str]) -> None:
        """The cells of these were deleted, or have another name now: until the file is saved again, it is behind."""
        now = self._signature()
        self._left.update({(pipeline, block): now for block in blocks})

    def noted(self, pipeline: str, block: Block) -> Block:
        """The block that a cell has defined, with what the notes of its cell say: the text alone cannot."""
        contents = self.contents(pipeline)
        there = contents.blocks.get(block.name) if contents else None
        if there is None or there.language != block.language:
            return block
        extra = {key: value for key, value in there.extra.items() if key != "jupyter_mage"}
        notes = kept.notes(there) | ({"extra": {**extra, **block.extra}} if extra else {})
        return kept.noted(block, notes, block.source) if notes else block

    def _behind(self, pipeline: str, block: str) -> bool:
        return (pipeline, block) in self._left and self._left[pipeline, block] == self._signature()

    def news(self, pipeline: Pipeline) -> News:
        """What of this pipeline's cells has gone, changed, or not run."""
        contents = self.contents(pipeline.name)
        if contents is None:
            return News()
        now, gone, edited, again = self._signature(), list[str](), list[str](), list[str]()
        same_ids = any(block.cell in contents.ids for block in pipeline if block.cell)
        for block in pipeline:
            if self._when.get((pipeline.name, block.name), now) == now:
                continue
            there = contents.blocks.get(block.name)
            if (pipeline.name, block.name) in self._taken:
                again += [block.name] if there is None or _text(there) != _text(block) else []
            elif there is None and block.cell not in contents.ids and (contents.whole or same_ids):
                gone.append(block.name)
            elif there is None or (block.header and _text(there) != _text(block)):
                edited.append(block.name)
        unrun = [name for name in contents.blocks if name not in pipeline and not self._behind(pipeline.name, name)]
        return News(gone=tuple(gone), edited=tuple(edited), unrun=tuple(unrun), again=tuple(again))

    def needed(self, pipeline: Pipeline, names: Iterable[str]) -> list[Block]:
        """The blocks of the file that these need, directly or not, and that the kernel does not have."""
        found: dict[str, Block] = {}
        contents = self.contents(pipeline.name)
        waiting = [block for name in names if (block := pipeline.get(name)) is not None] if contents else []
        seen: set[str] = set()
        while waiting and contents:
            block = waiting.pop()
            seen.add(block.name)
            wanted = (*block.needs, *(() if block.declared else block.reads))
            folded = {name.casefold(): name for name in contents.blocks} if block.any_case else {}
            for name in wanted:
                name = folded.get(name.casefold(), name)
                above = pipeline.get(name) or contents.blocks.get(name)
                if above is None or name in seen or name in (each.name for each in block.parameters):
                    continue
                if name not in pipeline:
                    if self._behind(pipeline.name, name):
                        continue
                    found.setdefault(name, above)
                waiting.append(above)
        return list(found.values())

    def contents(self, pipeline: str) -> Contents | None:
        """What the file holds of this pipeline; None where it cannot be read (just now, perhaps)."""
        now = self._signature()
        if self._read is None or self._read[:2] != (now, pipeline):
            try:
                self._read = now, pipeline, _contents(self.path, pipeline)
            except (JupyterMageError, OSError):
                return None
        return self._read[2]

    def _signature(self) -> Signature | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _text(block: Block) -> tuple[object, ...]:
    normal = languages.get(block.language).normalise(block.source) if block.language in languages else block.source
    return normal, block.language, block.parameters, block.declared and block.upstreams, block.after, block.mapped


def _contents(path: Path, pipeline: str) -> Contents:
    found, ours = load(path)
    raw = raw_json(path)["cells"]
    reader = Reader(path, own_name(path, ours))
    reader.place(found)
    placed = reader.cells.get(pipeline, reader.cells[reader.default])
    known = {header.name: cell for cell, _, header in placed if header is not None}
    blocks = reader.blocks(pipeline, placed, known)
    reader.tests(placed, blocks)
    numbers = {header.name: cell for cell, _, header in reversed(placed) if header is not None}
    made = {
        name: dataclasses.replace(block, cell=str(raw[numbers[name].place - 1].get("id") or ""), cell_number=None)
        for name, block in blocks.items()
        if name in numbers and runs(block)
    }
    return Contents(made, frozenset(str(cell.get("id")) for cell in raw if cell.get("id")), not reader.problems)
