"""What a cell's text cannot say about a block, as notes in the cell's metadata; and cells of blocks that do not run here."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ...code import cells
from ...code.capture import Ledger
from ...code.carriers import read_cell
from ...code.function import mage_decorator
from ...code.header import render
from ...errors import JupyterMageError
from ...model import Block, Limits, Retry, name_problem
from ...plugins import kinds, languages

MAGE = "mage"
LOAD = "%load_ext jupyter_mage"
_NAMES = ("callbacks",)
_LISTS = ("upstreams", "after", "guards", *_NAMES)
_FLAGS = ("dynamic", "reduce")
_TEXTS = ("replicates", "label")


def has_no_cell(block: Block) -> bool:
    """Whether no ``%%block`` cell can say it: its kind or language is not here, its text does not read, or it does not run."""
    if block.problem or block.kind not in kinds or block.language not in languages:
        return True
    return (block.carrier == MAGE or not kinds.get(block.kind).runs) and _said(block) is None


def at_home(block: Block) -> bool:
    """Whether a plain cell reads as a block of this kind: code beside the pipeline, text."""
    usual = "scratchpad" if block.language in languages else "markdown"
    return block.kind == usual and not (usual == "scratchpad" and block.carrier == MAGE and _reads_as_block(block.source))


def _reads_as_block(source: str) -> bool:
    """Whether a code cell of this text is a block or a test, as a scratchpad is that somebody pasted one into."""
    try:
        return read_cell(source) is not None
    except JupyterMageError:
        return True


def is_added(ours: Mapping[str, Any], source: str) -> bool:
    """Whether the cell is one that writing a notebook adds, so that it is no block of the pipeline."""
    return ours.get("added") is True and source.strip() == LOAD


def notes(block: Block) -> dict[str, Any]:
    """The notes of a block that has a cell of its own."""
    found: dict[str, Any] = {name: list(getattr(block, name)) for name in _NAMES if getattr(block, name)}
    found |= {name: True for name in _FLAGS if getattr(block, name)}
    found |= {name: getattr(block, name) for name in _TEXTS if getattr(block, name)}
    if block.carrier == MAGE and not looks_like_mage(block.language, block.source):
        found["carrier"] = MAGE
    if block.carrier == MAGE:
        said = _said(block)
        for name, value in (("retry", block.retry), ("limits", block.limits)):
            if said is None or getattr(said, name) != value:
                found[name] = dataclasses.asdict(value)
    return found


def _said(block: Block) -> Block | None:
    """The block that the cell alone defines; None where it does not read."""
    try:
        return cells.define(cells.read_header(render(block)), block.source, Ledger())
    except JupyterMageError:
        return None


def looks_like_mage(language: str, source: str) -> bool:
    """Whether a cell of this text is a Mage file by itself."""
    return language in languages and languages.get(language).extension == "py" and bool(mage_decorator(source))


def noted(block: Block, notes: Mapping[str, Any], source: str) -> Block:
    """The block with what its cell's notes say, as far as they are in order."""
    changes: dict[str, Any] = {
        name: tuple(notes[name]) for name in _NAMES if _names(notes.get(name)) and not getattr(block, name)
    }
    changes |= {name: True for name in _FLAGS if notes.get(name) is True}
    changes |= {name: notes[name] for name in _TEXTS if isinstance(notes.get(name), str)}
    if isinstance(notes.get("extra"), dict):
        changes["extra"] = notes["extra"]
    if looks_like_mage(block.language, source) or notes.get("carrier") == MAGE:
        changes |= {"carrier": MAGE, "declared": True, "kind_given": True, "header": "", "reads": (), "captured": (), "leaks": ()}
        changes |= {"doc": "", "source": source, "any_case": False}
        for name, made in (("retry", Retry), ("limits", Limits)):
            if isinstance(notes.get(name), dict):
                changes[name] = _made(made, notes[name], getattr(block, name))
    return dataclasses.replace(block, **changes) if changes else block


def _made(made: Any, values: Mapping[str, Any], usual: Any) -> Any:
    """A Retry or Limits out of notes; what it was where they are not in order."""
    fields = {field.name: getattr(usual, field.name) for field in dataclasses.fields(made)}
    for name, value in values.items():
        if name not in fields:
            return usual
        given = tuple(value) if isinstance(value, list) else value
        number = isinstance(given, int | float) and isinstance(fields[name], int | float | None)
        if not number and given is not None and type(given) is not type(fields[name]):
            return usual
        fields[name] = given
    return made(**fields)


# ------------------------------------------------------------------------------------------ blocks without a %%block cell


def as_note(block: Block) -> dict[str, Any]:
    """All of the block but its text: a raw cell cannot say more."""
    found: dict[str, Any] = {"name": block.name, "kind": block.kind, "language": block.language, "carrier": block.carrier}
    for name in _LISTS:
        if getattr(block, name):
            found[name] = list(getattr(block, name))
    found |= {name: getattr(block, name) for name in ("doc", "problem", *_TEXTS, *_FLAGS) if getattr(block, name)}
    for name, usual in (("retry", Retry()), ("limits", Limits())):
        if getattr(block, name) != usual:
            found[name] = dataclasses.asdict(getattr(block, name))
    if block.extra:
        found["extra"] = dict(block.extra)
    if not block.source.strip():
        found["text"] = block.source
    return found


def shown(block: Block) -> str:
    """The cell's text: the block's own, or why there is none."""
    return block.source if block.source.strip() else f"{block.label or block.name}: {block.problem or block.kind}"


def from_note(note: object, source: str, taken: Collection[str]) -> Block | None:
    """The block of such a cell; None where the note is none, or somebody broke it."""
    if not isinstance(note, Mapping):
        return None
    words = {key: note.get(key, "") for key in ("name", "kind", "language", "carrier", "doc", "problem", *_TEXTS)}
    lists = {key: note.get(key, []) for key in _LISTS}
    if not all(isinstance(each, str) for each in words.values()) or not all(_names(each, empty=True) for each in lists.values()):
        return None
    if name_problem(words["name"]) or words["name"].casefold() in taken or not words["kind"] or not words["language"]:
        return None
    text = note.get("text")
    fields: dict[str, Any] = {**words, **{key: tuple(each) for key, each in lists.items()}}
    fields |= {key: note.get(key) is True for key in _FLAGS}
    block = Block(
        **fields,
        source=text if isinstance(text, str) else source,
        kind_given=True,
        declared=True,
        extra=note["extra"] if isinstance(note.get("extra"), dict) else {},
    )
    for name, made in (("retry", Retry), ("limits", Limits)):
        if isinstance(note.get(name), dict):
            block = dataclasses.replace(block, **{name: _made(made, note[name], getattr(block, name))})
    return block


def _names(value: object, *, empty: bool = False) -> bool:
    return isinstance(value, list) and (empty or bool(value)) and all(name_problem(each) is None for each in value)


def still_note(block: Block, derived: str) -> dict[str, Any]:
    """The note of a text or plain code cell that came from a project; empty for one that is at home in the notebook."""
    note = as_note(block)
    ours = {key: value for key, value in block.extra.items() if key != "jupyter_mage"}
    at_home = block.name == derived and not ours and not block.upstreams and not block.label and block.carrier != MAGE
    return {} if at_home else {key: value for key, value in note.items() if key != "text"}


def casefolded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}
