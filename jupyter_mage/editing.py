"""The graph edits the text: an edge, a name, a kind, a block more or less, as new texts of the notebook's cells. Runs nothing.

The cells are the only truth: an edit is a function of their texts and gives new ones, or a refusal in the words that defining
them would have. Whoever holds the notebook puts the texts in; the kernel then reads them (`follow`).
"""

from __future__ import annotations

import ast
import dataclasses
import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from . import graph
from .advice import check_block_name
from .code import cells, header_edit, source
from .code.carriers import read_cell, rebuilt, said
from .code.function import mage_decorator, output_rule
from .code.header import CellHead, Header, render
from .code.renaming import rename_free
from .definitions import Definitions
from .errors import DefinitionError, HeaderError, JupyterMageError, unknown
from .model import Block, Pipeline, check_name
from .plugins import kinds, languages


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is wanted: ``do`` is a word of `EDITS`; the others are what it needs."""

    do: str
    block: str = ""
    to: str = ""
    """The new name, kind or language; of ``connect`` and ``disconnect``, the upstream; of ``make``, the cell's id."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A new cell."""

    source: str
    below: str
    """The id of the cell above it; empty for the end, or where the front end likes it."""
    select: tuple[int, int]
    """Where its name stands, to type over."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """The texts after an edit, by cell id, and what to say of it."""

    texts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    removed: tuple[str, ...] = ()
    added: tuple[Added, ...] = ()
    select: tuple[int, int] | None = None
    """Of the first text, what a person may want to type over."""
    command: str = ""
    """What a person would type for it."""
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class _Cell:
    """A cell that is a block or a test."""

    id: str
    source: str
    head: CellHead
    block: Block | None
    """None for a test, or a header that does not read."""

    @property
    def tests(self) -> str:
        """The block that it tests, or empty."""
        words = self.head.text.split()
        return words[0] if self.head.sort == "test" and words else ""


class Texts:
    """The notebook's code cells as blocks: what their texts say, whatever has been executed.

    >>> texts = Texts({"c1": "%%block raw\\n1", "c2": "%%block twice\\nraw * 2"}, Pipeline(name="p"))
    >>> texts.pipeline["twice"].upstreams
    ('raw',)
    """

    def __init__(self, given: Mapping[str, str], known: Pipeline, home: str = "") -> None:
        self.known, self.home, self.given = known, home or known.name, given
        self.cells = [cell for each, text in given.items() if (cell := self._read(each, text)) is not None]
        """Those of the pipeline."""
        found: dict[str, _Cell] = {}
        for cell in self.cells:
            if cell.block is not None and (cell.block.name not in found or self._counts(cell)):
                found[cell.block.name] = cell
        self.by_name = found
        elsewhere = (block for block in known if block.name not in found and block.cell not in given)
        mine = [cell.block for cell in found.values() if cell.block is not None]
        self.pipeline = graph.resolve(Pipeline(name=known.name, blocks=(*mine, *elsewhere)))

    def _counts(self, cell: _Cell) -> bool:
        """Of two cells with one name, the one that was executed last."""
        block = self.known.get(cell.block.name) if cell.block else None
        return block is not None and block.cell == cell.id

    def _read(self, cell: str, text: str) -> _Cell | None:
        try:
            head = read_cell(text)
            if head is None or head.sort == "test":
                return None if head is None else _Cell(cell, text, head, None)
            header = cells.read_header(head.text, carrier=head.carrier)
        except JupyterMageError:
            return None
        if (header.pipeline or self.home) != self.known.name:
            return None
        old = self.known.get(header.name)
        return _Cell(cell, text, head, _block(header, head, cell, old.cell_number if old else None))

    def cell(self, name: str) -> _Cell:
        """The cell of a block. Raises UnknownNameError, or DefinitionError for a block that has none here."""
        if name in self.by_name:
            return self.by_name[name]
        if name in self.known:
            raise DefinitionError(f"no cell of this notebook defines {name}", hint=f"%pipeline show {name}")
        raise unknown("block", name, self.by_name)

    @property
    def carrier(self) -> str:
        """What a new header is carried by: comments where this notebook has them."""
        return "comment" if any(cell.head.carrier == "comment" for cell in self.cells) else "magic"

    def block(self, name: str) -> Block:
        self.cell(name)
        return self.pipeline[name]


def _block(header: Header, head: CellHead, cell: str, number: int | None) -> Block:
    """The block of a cell as far as its edges go; a body that does not parse reads nothing."""
    language = languages.get(header.language or "python")
    reads: tuple[str, ...] = ()
    if not (language.extension == "py" and mage_decorator(head.body)):
        try:
            reads = language.names(head.body).reads
        except (JupyterMageError, SyntaxError, ValueError, RecursionError, MemoryError):
            reads = ()
    return Block(
        name=header.name, source=head.body, language=language.name, kind=header.kind or "data_loader",
        kind_given=bool(header.kind), upstreams=header.upstreams or (), declared=header.upstreams is not None,
        after=header.after, guards=header.guards, mapped=header.mapped, reads=reads, any_case=language.any_case,
        parameters=header.parameters, header=header.text, carrier=head.carrier, cell=cell, cell_number=number,
    )  # fmt: skip


def as_cells(pipeline: Pipeline) -> dict[str, str]:
    """The blocks and tests that are defined as cells, by the ids of theirs; a name where there is no id.

    >>> as_cells(Pipeline(name="p", blocks=(Block(name="raw", source="1", header="raw", cell="c1"),)))
    {'c1': '%%block raw\\n1'}
    """
    made: dict[str, str] = {}
    for block in pipeline:
        made[block.cell or block.name] = rebuilt(block.header or render(block), block.source, block.carrier, block.name)
        for test in block.tests:
            if not test.inline:
                made[test.cell or f"{block.name} {test.name}"] = f"%%test {block.name} {test.name}\n{test.source}"
    return made


def edit(given: Mapping[str, str], wanted: Edit, known: Pipeline, home: str = "") -> Edited:
    """The cells ``given`` (text by id, in the notebook's order) after an edit. ``known`` are the blocks that the kernel has.

    Raises UnknownNameError, HeaderError, CycleError or DefinitionError where the edit cannot be.

    >>> cells = {"c1": "%%block raw\\n1", "c2": "%%block total(raw)\\nraw"}
    >>> dict(edit(cells, Edit(do="rename", block="raw", to="orders"), Pipeline(name="p")).texts)
    {'c1': '%%block orders\\n1', 'c2': '%%block total(orders)\\norders'}
    """
    if wanted.do not in EDITS:
        raise unknown("edit", wanted.do, EDITS)
    return EDITS[wanted.do](Texts(given, known, home), wanted)


# ------------------------------------------------------------------------------------------------------------------- edges


def _connect(texts: Texts, wanted: Edit) -> Edited:
    block, up = texts.block(wanted.block), wanted.to
    if up not in texts.pipeline:
        raise unknown("block", up, [each for each in texts.pipeline.names if each != block.name])
    if up == block.name:
        raise HeaderError(f"{up} cannot be its own upstream")
    if up in (*block.upstreams, *block.guards):
        raise DefinitionError(f"{block.name} gets {up} already")
    above = kinds.get(texts.pipeline[up].kind)
    if not above.runs:
        raise DefinitionError(f"{up} is kept, not run: its kind is {above.name}")
    cell = texts.cell(block.name)
    if above.decides:  # it says whether, and gives nothing
        if cell.head.carrier == "decorator":
            raise DefinitionError("a def cannot say --if", hint=f"%pipeline carrier {block.name} comment")
        text = header_edit.set_option(cell.source, "--if", ",".join((*block.guards, up)))
    else:
        text = header_edit.connect(cell.source, up, inferred=block.upstreams)
    return _one(texts, cell, text)


def _disconnect(texts: Texts, wanted: Edit) -> Edited:
    block, up = texts.block(wanted.block), wanted.to
    if up not in block.needs:
        raise DefinitionError(f"{block.name} does not get {up}")
    cell = texts.cell(block.name)
    text = header_edit.disconnect(cell.source, up, inferred=() if block.declared else block.upstreams)
    note = f"{block.name} still reads {up}: a clean run does not have it any more" if up in block.reads else ""
    return _one(texts, cell, text, note)


# ----------------------------------------------------------------------------------------------------------------- options


def _kind(texts: Texts, wanted: Edit) -> Edited:
    block, cell = texts.block(wanted.block), texts.cell(wanted.block)
    if wanted.to not in kinds.names():
        raise unknown("kind", wanted.to, kinds.names(), hint=f"%%block {block.name} --kind transformer")
    if block.kind == wanted.to:
        raise DefinitionError(f"{block.name} is a {wanted.to} already")
    usual = graph.resolve(texts.pipeline.with_block(dataclasses.replace(block, kind_given=False)))[block.name].kind
    return _one(texts, cell, header_edit.set_option(cell.source, "--kind", "" if usual == wanted.to else wanted.to))


def _language(texts: Texts, wanted: Edit) -> Edited:
    block, cell = texts.block(wanted.block), texts.cell(wanted.block)
    if wanted.to not in languages.names():
        raise unknown("language", wanted.to, languages.names(), hint="%%block NAME --sql")
    if block.language == wanted.to:
        raise DefinitionError(f"{block.name} is {wanted.to} already")
    text = header_edit.set_language(cell.source, wanted.to, languages.names())
    note = f"the body of {block.name} is still {block.language}: write it in {wanted.to}, and run the cell"
    return _one(texts, cell, text, note if block.source.strip() else "", checked=False)


# ------------------------------------------------------------------------------------------------------------------ rename


def _rename(texts: Texts, wanted: Edit) -> Edited:
    old, new = texts.block(wanted.block).name, wanted.to
    if old == new:
        raise DefinitionError(f"{old} is its name already")
    _check_free(texts, new, besides=old)
    cell = texts.cell(old)
    own = texts.pipeline[old]
    notes: list[str] = []
    changed = {cell.id: header_edit.rename(_body_called(cell.source, own, old, new, notes, own=True), new)}
    for each in texts.cells:
        if each.id == cell.id:
            continue
        if each.block is None:
            if each.tests == old:
                changed[each.id] = _test_called(each, old, new, notes)
        elif each.block.name in texts.by_name and texts.by_name[each.block.name] is each:
            block = texts.pipeline[each.block.name]
            if old in (*block.needs, block.mapped):
                text = header_edit.call(each.source, old, new)
                changed[each.id] = _body_called(text, block, old, new, notes)
    notes += [f"cell {place} says {old}, and was left as it is" for place in _plain_with(texts, old)]
    made = _after(texts, changed)
    return dataclasses.replace(made, command=f"%pipeline rename {old} {new}", notes=tuple(notes))


def _check_free(texts: Texts, name: str, *, besides: str = "") -> None:
    """Refuse a name that no block can have, or that one has."""
    check_name(name)
    check_block_name(name)
    for other in texts.pipeline.names:
        if other == name:
            raise DefinitionError(f"block {name} is there already", hint="give it another name")
        if other.casefold() == name.casefold() and other != besides:
            raise DefinitionError(f"{name} and {other} would be one file on other systems", hint="give it another name")


def _body_called(text: str, block: Block, old: str, new: str, notes: list[str], *, own: bool = False) -> str:
    """The cell with its body calling ``old`` ``new``; where that is not sure, as it is, and a note. Refuses a name it has."""
    if block.language not in languages or mage_decorator(block.source):
        return text
    language = languages.get(block.language)
    try:
        names = language.names(block.source)
        has = new in (*names.reads, *names.binds) and old in (*names.reads, *(names.binds if own else ()))
    except (JupyterMageError, SyntaxError, ValueError, RecursionError, MemoryError):
        has = False
    if has:
        raise DefinitionError(f"{block.name} has a {new} of its own in its body", hint="give it another name")

    def change(body: str) -> str | None:
        return rename_free(body, old, new, own=own) if own and language.extension == "py" else language.rename(body, old, new)

    changed = header_edit.with_body(text, change, output=new if own else "")
    if changed is None:
        notes.append(f"{new if own else block.name} still says {old} in its body: change it there")
    return text if changed is None else changed


def _test_called(cell: _Cell, old: str, new: str, notes: list[str]) -> str:
    text = header_edit.retarget(cell.source, new)
    changed = header_edit.with_body(text, lambda body: languages.get("python").rename(body, old, new))
    if changed is None:
        notes.append(f"a test of {new} still says {old}: change it there")
    return text if changed is None else changed


def _plain_with(texts: Texts, name: str) -> list[int]:
    """The places (from 1) of code cells that are no block or test of the pipeline and have the word."""
    ours, word = {cell.id for cell in texts.cells}, re.compile(rf"(?<![\w.]){re.escape(name)}\b")
    return [place for place, (each, text) in enumerate(texts.given.items(), 1) if each not in ours and word.search(text)]


# ------------------------------------------------------------------------------------------------------- more and less blocks


def _delete(texts: Texts, wanted: Edit) -> Edited:
    cell = texts.cell(wanted.block)
    tests = [each.id for each in texts.cells if each.tests == wanted.block]
    waiting = [block.name for block in texts.pipeline if wanted.block in block.needs]
    notes = [f"{', '.join(waiting)} now wait{'s' * (len(waiting) == 1)} for {wanted.block}"] if waiting else []
    return Edited(removed=(cell.id, *tests), command=f"%pipeline rm {wanted.block}", notes=tuple(notes))


def _add(texts: Texts, wanted: Edit) -> Edited:
    above = texts.block(wanted.block) if wanted.block else None
    name = wanted.to or _free(texts, "new_block")
    _check_free(texts, name)
    carrier = (
        "comment" if (above or next(iter(texts.pipeline), None) or Block(name="x", source="")).carrier == "comment" else "magic"
    )
    text = f"{said(f'{name}({above.name})' if above else name, carrier)}\n{above.name if above else ''}"
    place = texts.cell(above.name).id if above else ""
    order = list(texts.given)
    tests = {cell.id for cell in texts.cells if above and cell.tests == above.name}
    while place and (at := order.index(place) + 1) < len(order) and order[at] in tests:
        place = order[at]
    start = text.index(name, 2)
    new = Added(source=text, below=place, select=(start, start + len(name)))
    return Edited(added=(new,), command=text.partition("\n")[0])


def _free(texts: Texts, name: str) -> str:
    taken = {each.casefold() for each in texts.pipeline.names}
    numbered = (name if number == 1 else f"{name}_{number}" for number in itertools.count(1))
    return next(each for each in numbered if each.casefold() not in taken)


def _make(texts: Texts, wanted: Edit) -> Edited:
    text = texts.given.get(wanted.to)
    if text is None:
        raise DefinitionError("the cell is no code cell of this notebook")
    if read_cell(text) is not None:
        raise DefinitionError("the cell is a block, or a test, already")
    if text.lstrip().startswith("%%"):
        raise DefinitionError(f"the cell starts with {text.split()[0]}, and a cell has one magic", hint="take that line out")
    tree = source.parse(text)
    if tree.body and all(isinstance(each, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef) for each in tree.body):
        raise DefinitionError("imports and functions need no block: blocks that read them take them along")
    variable = _last_name(tree)
    name = _free(texts, variable if variable and not _refused(variable) else "new_block")
    if variable and name != variable and output_rule(text, name) == "":
        text = f"{text.rstrip()}\n{variable}"  # else the block would give nothing
    made = f"{said(name, texts.carrier)}\n{text}"
    start = made.index(name, 2)
    edited = Edited(texts={wanted.to: made}, command=made.partition("\n")[0], select=(start, start + len(name)))
    return dataclasses.replace(edited, texts=_after(texts, edited.texts).texts)


def _refused(name: str) -> bool:
    try:
        check_name(name)
        check_block_name(name)
    except DefinitionError:
        return True
    return False


def _last_name(tree: ast.Module) -> str:
    """The variable that the cell assigns last, or shows last."""
    for node in reversed(tree.body):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        if targets and isinstance(targets[0], ast.Name):
            return targets[0].id
    return ""


EDITS: dict[str, Callable[[Texts, Edit], Edited]] = {
    "connect": _connect,
    "disconnect": _disconnect,
    "rename": _rename,
    "delete": _delete,
    "add": _add,
    "kind": _kind,
    "language": _language,
    "make": _make,
}


# ---------------------------------------------------------------------------------------------------------- what came of it


def _one(texts: Texts, cell: _Cell, text: str, note: str = "", *, checked: bool = True) -> Edited:
    """The edit of one cell; its header is shown as what a person would type."""
    made = _after(texts, {cell.id: text}, checked=checked)
    return dataclasses.replace(made, command=_typed(text), notes=(note,) if note else ())


def _after(texts: Texts, changed: Mapping[str, str], *, checked: bool = True) -> Edited:
    """The texts, when every one of them reads, and closes no circle. Raises HeaderError, CycleError."""
    for each, text in changed.items():
        head = read_cell(text)
        if head is None:
            raise DefinitionError("the cell would be no block any more")
        if head.sort == "test":
            continue
        header = cells.read_header(head.text, carrier=head.carrier)
        if checked and texts.pipeline.get(header.name) is not None:
            old = texts.pipeline[header.name]
            graph.with_definition(texts.pipeline, _block(header, head, each, old.cell_number))
    return Edited(texts={each: text for each, text in changed.items() if text != texts.given[each]})


def _typed(text: str) -> str:
    head = read_cell(text)
    if head is None or head.carrier != "decorator":
        return said(head.text, head.carrier) if head else ""
    lines = head.text.split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("@"))
    return "\n".join(lines[start:])


# ------------------------------------------------------------------------------------------------------- the kernel reads it


def follow(
    definitions: Definitions, changed: Mapping[str, str], removed: Iterable[str], namespace: Mapping[str, Any] | None = None
) -> list[str]:
    """Define what the changed cells say now, running none; gives what to say of it. A text that does not read is said, too."""
    notes = [f"~ {gone} is gone" for gone in definitions.forget_cells(removed)]
    for cell, text in _renamed_first(definitions.pipeline, changed):
        try:
            head = read_cell(text)
            if head is None:
                notes += [f"~ {gone} is gone: its cell is a plain cell now" for gone in definitions.forget_cells([cell])]
            elif head.sort == "test":
                name, *rest = head.text.split()
                definitions.define_test(name, head.body.rstrip("\n"), name=" ".join(rest), cell=cell, namespace=namespace)
            else:
                old = next((block for block in definitions.pipeline if block.cell == cell), None)
                definitions.define(
                    head.text, head.body.rstrip("\n"), carrier=head.carrier, cell=cell,
                    number=old.cell_number if old else None, namespace=namespace,
                )  # fmt: skip
        except JupyterMageError as error:
            notes.append(error.message)
    return notes


def _renamed_first(pipeline: Pipeline, changed: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """Cells whose block has another name now before those that read it; tests, which need their block, last."""
    names = {block.cell: block.name for block in pipeline if block.cell}

    def rank(item: tuple[str, str]) -> int:
        try:
            head = read_cell(item[1])
            if head is None or head.sort == "test":
                return 2
            return int(cells.read_header(head.text, carrier=head.carrier).name == names.get(item[0]))
        except JupyterMageError:
            return 1

    return sorted(changed.items(), key=rank)
