"""A block's header, carried otherwise: the cell of a notebook file rewritten in place, or the text to paste."""

from __future__ import annotations

from pathlib import Path

from .code import carriers
from .code.header import render
from .errors import DefinitionError, FormatError, JupyterMageError, Where, unknown
from .model import Block


def cell_of(block: Block, carrier: str) -> str:
    """The cell's text of a block that is known, its header carried by ``carrier``. Raises DefinitionError.

    >>> print(cell_of(Block(name="big", source="orders[1:]", header="big(orders)"), "comment"))
    #| block: big(orders)
    orders[1:]
    """
    text = carriers.rebuilt(block.header or render(block), block.source, block.carrier, block.name)
    return carriers.switch(text, carrier, upstreams=block.upstreams)


def switch_in_file(path: Path, name: str, carrier: str, block: Block) -> bool:
    """Rewrite the cell of block ``name`` in the notebook at ``path``; False where it has this carrier already.

    Nothing else of the file changes. Raises UnknownNameError, DefinitionError, FormatError.
    """
    from .formats.notebook.document import load
    from .formats.notebook.patching import replace_sources

    if path.suffix != ".ipynb":
        raise FormatError("no notebook", where=Where(file=str(path)), hint="jupyter mage carrier NOTEBOOK.ipynb BLOCK comment")
    found: dict[str, tuple[int, str]] = {}
    for cell in load(path)[0]:
        try:
            head = carriers.read_cell(cell.source) if cell.sort == "code" else None
            if head is not None and head.sort == "block":
                found.setdefault(name_in(head.text, head.carrier), (cell.place, cell.source))
        except JupyterMageError:
            continue  # another cell, which does not read; `check` says so
    if name not in found:
        raise unknown("block", name, found, where=Where(file=str(path)))
    place, source = found[name]
    try:
        made = carriers.switch(source, carrier, upstreams=block.upstreams)
    except DefinitionError as error:
        error.where = Where(file=str(path), cell=place, block=name)
        raise
    return replace_sources(path, {place: made})


def name_in(header: str, carrier: str) -> str:
    """The block's name in a header's text."""
    from .code.cells import read_header

    return read_header(header, carrier=carrier).name
