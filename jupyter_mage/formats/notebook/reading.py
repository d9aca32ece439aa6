"""Cells of a notebook as the blocks of a pipeline, in their order. Runs nothing."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ...code import cells
from ...code.capture import Ledger
from ...code.carriers import in_cell, read_cell
from ...code.header import CellHead, Header
from ...errors import DefinitionError, FormatError, JupyterMageError, Where, unknown
from ...graph import resolve
from ...model import Block, Pipeline, Test, check_name
from ...plugins import kinds
from . import kept, variables
from .document import Cell, legal


class Reader:
    """Cells become the blocks of one of the notebook's pipelines."""

    def __init__(self, path: Path, default: str) -> None:
        self.path, self.default = path, default
        self.cells: dict[str, list[tuple[Cell, CellHead | None, Header | None]]] = {}
        self.problems: list[JupyterMageError] = []
        self.ledger = Ledger()
        self.owners: dict[int, str] = {}
        """The block of each cell that is no test, by the cell's place."""

    def place(self, found: Iterable[Cell]) -> None:
        """Give every cell to its pipeline; plain cells are read for what they bind."""
        current = self.default
        for cell in found:
            head = self.head(cell) if cell.sort == "code" else None
            header = self.header(cell, head) if head is not None else None
            if header is not None:
                current = header.pipeline or self.default
            if head is None and cell.sort == "code":
                self.ledger.note(cell.source, cell.number)
            if cell.source.strip() and not kept.is_added(cell.ours, cell.source):
                self.cells.setdefault(current, []).append((cell, head, header))
        self.cells.setdefault(self.default, [])
        if len(self.cells) > 1 and not any(head for _, head, _ in self.cells[self.default]):
            others = [name for name in self.cells if name != self.default]
            self.cells[others[0]] = [*self.cells.pop(self.default), *self.cells[others[0]]]
            self.default = others[0]

    def head(self, cell: Cell) -> CellHead | None:
        """What the cell is; one that has ``@block`` and cannot be a block is a problem."""
        try:
            return read_cell(cell.source, self.ledger.has)
        except JupyterMageError as error:
            self.fail(cell, error)
            return None

    def rename(self, name: str) -> None:
        self.cells[name] = self.cells.pop(self.default)
        self.default = name

    def header(self, cell: Cell, head: CellHead) -> Header | None:
        if head.sort != "block":
            return None
        try:
            header = cells.read_header(head.text, carrier=head.carrier)
            if header.pipeline:
                check_name(header.pipeline, "pipeline name")
            return header
        except JupyterMageError as error:
            self.fail(cell, error)
            return None

    def fail(self, cell: Cell, error: JupyterMageError) -> None:
        found = in_cell(error.where or Where(), cell.source)
        where = dataclasses.replace(found, file=str(self.path), cell=cell.place, line=found.line or 1)
        self.problems.append(FormatError(error.message, where=where, hint=error.hint))

    def pipeline(self, name: str, ours: Mapping[str, Any]) -> Pipeline:
        """Everything read, or one error with everything that does not read."""
        placed = self.cells.get(name, [])
        known: dict[str, Cell] = {}
        for cell, _, header in placed:
            if header is not None and header.name in known:
                first = known[header.name].place
                self.fail(cell, DefinitionError(f"block {header.name} is defined here and in cell [{first}]", hint="rename one"))
            elif header is not None:
                known[header.name] = cell
        blocks = self.blocks(name, placed, known)
        self.tests(placed, blocks)
        if self.problems:
            raise _all_of(self.problems)
        noted, extra = ours.get("variables"), ours.get("extra")
        set_here = variables.said(cell for cell, head, _ in placed if head is None)
        return resolve(
            Pipeline(
                name=name,
                blocks=tuple(blocks.values()),
                variables=variables.merged(noted if isinstance(noted, dict) else {}, set_here, blocks.values(), self.path),
                description=str(ours.get("description", "")),
                extra=extra if isinstance(extra, dict) else {},
            )
        )

    def blocks(self, name: str, placed: Iterable[Any], known: Mapping[str, Cell]) -> dict[str, Block]:
        blocks: dict[str, Block] = {}
        names = Names(name, known)
        for cell, head, header in placed:
            if head is None:
                block = _still(cell, names)
                blocks[block.name] = block
                self.owners[cell.place] = block.name
            elif header is not None and header.name not in blocks:
                try:
                    blocks[header.name] = self.block(cell, head, header, known)
                except JupyterMageError as error:
                    self.fail(cell, error)
        return blocks

    def block(self, cell: Cell, head: CellHead, header: Header, known: Mapping[str, Cell]) -> Block:
        block = cells.define(header, head.body, self.ledger, known=known, number=cell.number)
        return kept.noted(block, cell.ours, head.body)

    def tests(self, placed: Iterable[Any], blocks: dict[str, Block]) -> None:
        """Put test cells to their blocks, with a note where they stand elsewhere than right below."""
        last, below = "", ""
        for cell, head, header in placed:
            if head is None or head.sort != "test":
                last = below = header.name if header else self.owners.get(cell.place, last)
                continue
            words = head.text.split()
            target = words[0] if words else ""
            if target not in blocks:
                self.fail(cell, unknown("block", target, blocks))
                continue
            block = blocks[target]
            name = words[1] if len(words) > 1 else f"test_{len(block.tests) + 1}"
            try:
                test = self.test(target, name, head, blocks, cell.number)
            except JupyterMageError as error:
                self.fail(cell, error)
                continue
            notes = {"comment": head.carrier == "comment", "below": below != target}
            blocks[target] = _with_test(block, test, last if notes["below"] else None, comment=notes["comment"])
            below = target

    def test(self, target: str, name: str, head: CellHead, blocks: Mapping[str, Block], number: int) -> Test:
        check_name(name, "test name")
        if any(test.name == name for test in blocks[target].tests):
            raise DefinitionError(f"{target} has two tests with the name {name}", hint="give one another name")
        known = [each for each, block in blocks.items() if not is_still(block)]
        return cells.define_test(target, name, head.body, self.ledger, known=known, number=number)[0]


def _with_test(block: Block, test: Test, place: str | None, *, comment: bool) -> Block:
    noted = block.extra.get("jupyter_mage")
    ours: dict[str, Any] = dict(noted) if isinstance(noted, Mapping) else {}
    if place is not None:
        ours["test_places"] = {**ours.get("test_places", {}), test.name: place}
    if comment:
        ours["comment_tests"] = [*ours.get("comment_tests", []), test.name]
    extra = {**block.extra, "jupyter_mage": ours} if ours else block.extra
    return dataclasses.replace(block, tests=(*block.tests, test), extra=extra)


def _all_of(problems: list[JupyterMageError]) -> JupyterMageError:
    if len(problems) == 1:
        return problems[0]
    listing = "\n".join(f"  {problem}".replace("\n", "\n  ") for problem in problems[:50])
    return FormatError(f"{len(problems)} problems:\n{listing}", where=problems[0].where)


class Names:
    """Names for text and plain code, from what they say first; stable as long as that does not change."""

    def __init__(self, pipeline: str, taken: Iterable[str]) -> None:
        self.pipeline = pipeline
        self.taken = {name.casefold() for name in taken}
        self.counts = {"text": 0, "code": 0}

    def of(self, cell: Cell) -> str:
        sort = "code" if cell.sort == "code" else "text"
        self.counts[sort] += 1
        said = _first_definition(cell.source) if sort == "code" else _first_heading(cell.source)
        base = legal(f"{self.pipeline}_{said or f'{sort}_{self.counts[sort]}'}"[:58])
        name, number = base, 2
        while name.casefold() in self.taken:
            name, number = f"{base}_{number}", number + 1
        self.taken.add(name.casefold())
        return name


def _first_heading(source: str) -> str:
    match = re.search(r"^#+\s+(.+)$", source, re.MULTILINE)
    return legal(match[1]).lower() if match else ""


def _first_definition(source: str) -> str:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return node.name
    return "imports" if tree.body and all(isinstance(node, ast.Import | ast.ImportFrom) for node in tree.body) else ""


def _still(cell: Cell, names: Names) -> Block:
    """A cell that is no block: kept in its place. One that came from a project says what it was there."""
    code = cell.sort == "code"
    known = kept.from_note(cell.ours.get("block"), cell.source, names.taken)
    if known is not None:
        names.taken.add(known.name.casefold())
        return known
    return Block(
        name=names.of(cell),
        source=cell.source,
        language="python" if code else "markdown",
        kind="scratchpad" if code else "markdown",
        kind_given=True,
        declared=True,
        extra={"jupyter_mage": {"cell_type": "raw"}} if cell.sort == "raw" else {},
    )


def is_still(block: Block) -> bool:
    """Whether the block is a cell that never runs as a block: text, plain code."""
    return block.kind in kinds and not kinds.get(block.kind).runs
