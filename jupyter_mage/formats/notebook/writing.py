"""A pipeline as the cells of a notebook, as Jupyter would write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...code import cells
from ...code.capture import Ledger
from ...code.carriers import rebuilt
from ...code.header import render
from ...errors import FormatError, Where
from ...model import Block, Pipeline
from ...plugins import languages
from . import kept
from .document import Cell, load, own_name, raw_json
from .reading import Names, is_still

_WRITTEN = {"magic": "%%{sort} {text}", "comment": "#| {sort}: {text}"}


def made_cells(pipeline: Pipeline) -> Iterator[dict[str, Any]]:
    """The cells, in the blocks' order, tests in their places; their ids follow from names alone."""
    plain = [block.source for block in pipeline if is_still(block) and block.language in languages]
    if not any(kept.LOAD in source for source in plain):
        yield _json_cell("code", "load-jupyter-mage", kept.LOAD, {"added": True})
    missing = _missing_definitions(pipeline, plain)
    if missing:
        yield _json_cell("code", "definitions", missing)
    placed = _placed_tests(pipeline)
    yield from placed.pop("", [])
    names = Names(pipeline.name, [block.name for block in pipeline if not is_still(block)])
    for block in pipeline:
        yield _block_cell(block, names)
        here = [i for i, t in enumerate(block.tests) if not t.inline and _places(block).get(t.name) not in pipeline]
        yield from (_test_cell(block, index) for index in here)
        yield from placed.pop(block.name, [])


def unique_ids(made: Iterable[dict[str, Any]]) -> None:
    """Number the ids that several cells have."""
    seen: set[str] = set()
    for cell in made:
        base, number = cell["id"], 2
        while cell["id"] in seen:
            cell["id"], number = f"{base[:58]}-{number}", number + 1
        seen.add(cell["id"])


def _ours(block: Block) -> Mapping[str, Any]:
    found = block.extra.get("jupyter_mage")
    return found if isinstance(found, Mapping) else {}


def _places(block: Block) -> Mapping[str, Any]:
    """Where tests stand that do not stand below their block."""
    found = _ours(block).get("test_places")
    return found if isinstance(found, Mapping) else {}


def _placed_tests(pipeline: Pipeline) -> dict[str, list[dict[str, Any]]]:
    placed: dict[str, list[dict[str, Any]]] = {}
    for block in pipeline:
        for index, test in enumerate(block.tests):
            place = _places(block).get(test.name)
            if isinstance(place, str) and place in pipeline:
                placed.setdefault(place, []).append(_test_cell(block, index))
    return placed


def _missing_definitions(pipeline: Pipeline, plain: Iterable[str]) -> str:
    """A plain cell for what blocks captured and no plain cell of the pipeline defines."""
    ledger = Ledger()
    for source in plain:
        ledger.note(source)
    # a test that stands in its block's own file finds there what it needs
    tests = [test for block in pipeline for test in block.tests if not (test.inline and block.carrier == "mage")]
    groups = [*(block.captured for block in pipeline), *(test.captured for test in tests)]
    needed = [each for each in cells.merge_definitions(*groups) if each not in ledger.resolve([each.name]).captured]
    imports = "\n".join(each.source for each in needed if each.sort == "import")
    others = [each.source for each in needed if each.sort != "import"]
    return "\n\n\n".join(part for part in (imports, *others) if part)


def _block_cell(block: Block, names: Names) -> dict[str, Any]:
    name = block.name
    plain = is_still(block) and kept.at_home(block)
    if not plain and kept.has_no_cell(block):
        return _json_cell("raw", name, kept.shown(block), {"block": kept.as_note(block)})
    if plain:
        code = block.language in languages
        sort = "code" if code else "raw" if _ours(block).get("cell_type") == "raw" else "markdown"
        if not block.source.strip():
            return _json_cell("raw", name, kept.shown(block), {"block": kept.as_note(block)})
        derived = names.of(Cell(place=0, sort=sort, source=block.source, count=None, ours={}))
        note = kept.still_note(block, derived)
        return _json_cell(sort, name, block.source, {"block": note} if note else None)
    extra = {key: value for key, value in block.extra.items() if key != "jupyter_mage"}
    ours = {key: value for key, value in _ours(block).items() if key not in ("test_places", "comment_tests", "bare")}
    if ours:
        extra["jupyter_mage"] = ours
    notes = {**({"extra": extra} if extra else {}), **kept.notes(block)}
    text = rebuilt(block.header or render(block), block.source, block.carrier, name)
    return _json_cell("code", name, block.source if _ours(block).get("bare") is True else text, notes)


def _test_cell(block: Block, index: int) -> dict[str, Any]:
    test = block.tests[index]
    text = block.name if test.name == f"test_{index + 1}" else f"{block.name} {test.name}"
    listed = _ours(block).get("comment_tests")
    carrier = "comment" if isinstance(listed, list) and test.name in listed else "magic"
    first = _WRITTEN[carrier].format(sort="test", text=text)
    return _json_cell("code", f"{block.name[:30]}-{test.name[:30]}", f"{first}\n{test.source}")


def _json_cell(sort: str, identity: str, source: str, notes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": sort, "id": identity, "metadata": {"jupyter_mage": notes} if notes else {}}
    cell["source"] = source.splitlines(keepends=True) if "\r" not in source else source
    if sort == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell


def pipeline_notes(pipeline: Pipeline, path: Path) -> dict[str, Any]:
    """What the cells cannot say about the pipeline."""
    notes: dict[str, Any] = {
        "variables": dict(pipeline.variables),
        "description": pipeline.description,
        "extra": dict(pipeline.extra),
    }
    if pipeline.name != own_name(path, {}):
        notes["pipeline"] = pipeline.name
    return {key: value for key, value in notes.items() if value}


_KEPT = ("id", "outputs", "execution_count", "attachments")


def keep_what_is_there(path: Path, made: list[dict[str, Any]]) -> dict[str, Any]:
    """Give equal cells of the notebook that is there their outputs, tags and ids; gives its own metadata.

    Raises FormatError where it has cells that would be lost.
    """
    found, _ = load(path)
    data = raw_json(path)
    there = {(cell.sort, cell.source.rstrip("\n")): old for cell, old in zip(found, data["cells"], strict=True)}
    new = {(cell["cell_type"], "".join(cell["source"]).rstrip("\n")): cell for cell in made}
    lost = [cell for cell in found if cell.source.strip() and (cell.sort, cell.source.rstrip("\n")) not in new]
    if lost:
        raise FormatError(
            f"it is there already, with {len(lost)} cells that would be lost",
            where=Where(file=str(path), cell=lost[0].place),
            hint="choose another name, or move the old notebook away",
        )
    for key, cell in new.items():
        old = there.get(key, {})
        cell |= {name: old[name] for name in _KEPT if name in old and (name != "id" or isinstance(old[name], str))}
        if isinstance(old.get("metadata"), dict):
            cell["metadata"] = {**old["metadata"], **cell["metadata"]}
    metadata = data.get("metadata")
    return metadata if isinstance(metadata, dict) else {}
