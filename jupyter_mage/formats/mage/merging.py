"""Two sides that both changed since they last agreed, merged: per line of a block's file, per key of a pipeline's entry.

What only one side changed is taken from it. What both changed otherwise stops the export, with both sides' words.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from ... import graph
from ...errors import FormatError, Where
from ...model import MISSING, Block, Pipeline
from .. import yaml, yaml_edit
from . import entries, reading
from .basis import Basis
from .project import Disk, metadata_path


@dataclass(slots=True)
class Merged:
    """What to write, and what of the project's own changes is in it."""

    metadata: str
    files: dict[str, str]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Conflict:
    """One place that both sides changed."""

    file: str
    line: int
    what: str
    ours: str
    theirs: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}\n    here:    {self.ours}\n    project: {self.theirs}"


def merged(base: Basis, ours: Basis, disk: Disk, folder: str) -> Merged:
    """The project's files with our changes since ``base`` in them. Raises FormatError that lists every conflict."""
    conflicts: list[Conflict] = []
    there = disk.text(metadata_path(folder)) or ""
    theirs = Basis(there, {path: text for path in {*ours.files, *base.files} if (text := disk.code(path).text) is not None})
    result = Merged(there, {})
    _merge_files(base, ours, theirs, result, conflicts)
    document = yaml.load(there, file=metadata_path(folder))
    sides = _Sides(document, metadata_path(folder), conflicts)
    sides.deleted(base, ours, theirs, folder)
    data = sides.value((), yaml.load(base.metadata).data, yaml.load(ours.metadata).data, document.data)
    _raise(conflicts, folder)
    result.metadata = yaml_edit.edit(there, data)
    after = entries.parse(result.metadata, folder)
    problems = after.fatal
    if problems:
        raise FormatError(
            f"what changed here and in the project does not go together: {problems[0].message}",
            where=Where(file=problems[0].file, line=problems[0].line),
            hint="change one of the two, then export again",
        )
    kept = {after.path(each) for each in after.entries}
    result.files = {path: text for path, text in result.files.items() if path in kept}
    if not yaml_edit.same(data, yaml.load(ours.metadata).data):
        result.notes.append(f"{metadata_path(folder)}: its changes in the project are kept")
    return result


def _merge_files(base: Basis, ours: Basis, theirs: Basis, result: Merged, conflicts: list[Conflict]) -> None:
    for path, mine in ours.files.items():
        old, there = base.files.get(path), theirs.files.get(path)
        if there is None or _alike(there, mine):
            result.files[path] = mine if there is None else there
        elif old is not None and _alike(old, there):
            result.files[path] = mine
        elif old is not None and _alike(old, mine):
            result.files[path] = there
            result.notes.append(f"{path}: its changes in the project are kept; `jupyter mage import` brings them here")
        else:
            text = merge_text(path, old or "", mine, there, conflicts)
            result.files[path] = text
            result.notes.append(f"{path}: changed here and in the project; both changes are in it now")


def _alike(one: str, other: str) -> bool:
    return one.removesuffix("\n") == other.removesuffix("\n")


def merge_text(file: str, base: str, ours: str, theirs: str, conflicts: list[Conflict]) -> str:
    """Line by line; what cannot be merged goes to ``conflicts``, with its line in the project's file.

    >>> found = []
    >>> merge_text("a.py", "a\\nb\\nc\\n", "A\\nb\\nc\\n", "a\\nb\\nC\\n", found), found
    ('A\\nb\\nC\\n', [])
    >>> _ = merge_text("a.py", "a\\nb\\n", "x\\nb\\n", "y\\nb\\n", found)
    >>> print(found[0])
    a.py:1: both changed line 1
        here:    x
        project: y
    """
    sides = [text.removesuffix("\n").split("\n") for text in (base, ours, theirs)]
    lines: list[str] = []
    count = len(conflicts)
    for (old, mine, there), line in _regions(*sides):
        if mine in (there, old):
            lines += there
        elif old == there:
            lines += mine
        else:
            last = line + len(there) - 1
            place = f"line {line}" if last <= line else f"lines {line} to {last}"
            conflicts.append(Conflict(file, line, f"both changed {place}", _few(mine), _few(there)))
    text = "\n".join(lines) + "\n"
    if len(conflicts) == count and file.endswith(".py") and _parses(ours) and _parses(theirs) and not _parses(text):
        conflicts.append(Conflict(file, 1, "both changed it, and what comes out does not parse", _few(sides[1]), _few(sides[2])))
    return text


def _few(lines: Sequence[str]) -> str:
    shown = "\n             ".join(lines[:12]) if lines else "(nothing)"
    return f"{shown}\n             … {len(lines) - 12} lines more" if len(lines) > 12 else shown


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _regions(base: list[str], ours: list[str], theirs: list[str]) -> Iterable[tuple[tuple[list[str], ...], int]]:
    """The three texts cut at lines that all have, and the line of each cut in ``theirs``."""
    cuts = [(0, 0, 0)]
    for start, end in _common(base, ours, theirs):
        cuts += [start, end]
    cuts.append((len(base), len(ours), len(theirs)))
    for (b0, o0, t0), (b1, o1, t1) in pairwise(cuts):
        if b1 > b0 or o1 > o0 or t1 > t0:
            yield (base[b0:b1], ours[o0:o1], theirs[t0:t1]), t0 + 1


def _common(base: list[str], ours: list[str], theirs: list[str]) -> Iterable[tuple[tuple[int, int, int], tuple[int, int, int]]]:
    matches = [difflib.SequenceMatcher(None, base, side, autojunk=False).get_matching_blocks() for side in (ours, theirs)]
    i = j = 0
    while i < len(matches[0]) and j < len(matches[1]):
        mine, there = matches[0][i], matches[1][j]
        start, end = max(mine.a, there.a), min(mine.a + mine.size, there.a + there.size)
        if start < end:
            first = (start, mine.b + start - mine.a, there.b + start - there.a)
            yield first, (end, first[1] + end - start, first[2] + end - start)
        if mine.a + mine.size < there.a + there.size:
            i += 1
        else:
            j += 1


# ------------------------------------------------------------------------------------------------------------ metadata


def _touched(base: Basis, side: Basis, folder: str) -> set[str]:
    """The uuids whose file this side changed since."""
    metadata = entries.parse(base.metadata, folder)
    paths = {each.uuid: metadata.path(each) for each in metadata.entries}
    return {
        uuid
        for uuid, path in paths.items()
        if path and path in base.files and path in side.files and not _alike(base.files[path], side.files[path])
    }


_DELETED_HERE = "{} is deleted here and changed in the project"
_DELETED_THERE = "{} is changed here and deleted in the project"


@dataclass(slots=True)
class _Sides:
    """Merges values key by key, entries by their uuid."""

    document: yaml.Document
    file: str
    conflicts: list[Conflict]

    def deleted(self, base: Basis, ours: Basis, theirs: Basis, folder: str) -> None:
        """Blocks that one side took away while the other changed their files."""
        listed = [{each.uuid for each in entries.parse(side.metadata, folder).entries} for side in (ours, theirs)]
        for uuid in sorted((_touched(base, theirs, folder) & listed[1]) - listed[0]):
            self.conflict(("blocks",), _DELETED_HERE.format(uuid), "(deleted)", f"see {uuid}")
        for uuid in sorted((_touched(base, ours, folder) & listed[0]) - listed[1]):
            self.conflict(("blocks",), _DELETED_THERE.format(uuid), f"see {uuid}", "(deleted)")

    def value(self, where: yaml.Path, base: Any, ours: Any, theirs: Any) -> Any:
        if yaml_edit.same(ours, theirs) or yaml_edit.same(base, ours):
            return theirs
        if yaml_edit.same(base, theirs):
            return ours
        if all(each is MISSING or isinstance(each, Mapping) for each in (base, ours, theirs)):
            return self.mapping(where, *({} if each is MISSING else each for each in (base, ours, theirs)))
        if all(each is MISSING or isinstance(each, list) for each in (base, ours, theirs)):
            lists = [[] if each is MISSING else each for each in (base, ours, theirs)]
            if all(_uuid(item) for each in lists for item in each):
                return self.entries(where, *({_uuid(item): item for item in each} for each in lists))
            if all(isinstance(item, str) for each in lists for item in each):
                return _ordered(*lists)
        if all(isinstance(each, str) and "\n" in each for each in (ours, theirs)):
            return merge_text(self.file, base if isinstance(base, str) else "", ours, theirs, self.conflicts)
        self.conflict(where, f"both changed {_said(where)}", ours, theirs)
        return theirs

    def mapping(self, where: yaml.Path, base: Mapping[Any, Any], ours: Mapping[Any, Any], theirs: Mapping[Any, Any]) -> Any:
        found = {}
        for key in dict.fromkeys([*theirs, *ours]):
            value = self.value((*where, key), base.get(key, MISSING), ours.get(key, MISSING), theirs.get(key, MISSING))
            if value is not MISSING:
                found[key] = value
        return found

    def entries(self, where: yaml.Path, base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]) -> list[Any]:
        places = {uuid: index for index, uuid in enumerate(theirs)}
        found = {}
        for uuid in _ordered(list(base), list(ours), list(theirs), both=True):
            old, mine, there = (side.get(uuid, MISSING) for side in (base, ours, theirs))
            place = (*where, places[uuid]) if uuid in places else where
            if mine is MISSING and old is not MISSING and not yaml_edit.same(old, there):
                self.conflict(place, _DELETED_HERE.format(uuid), "(deleted)", f"see {uuid}")
            elif there is MISSING and old is not MISSING and not yaml_edit.same(old, mine):
                self.conflict(place, _DELETED_THERE.format(uuid), f"see {uuid}", "(deleted)")
            elif (value := self.value(place, old, mine, there)) is not MISSING:
                found[uuid] = value
        return list(found.values())

    def conflict(self, where: yaml.Path, what: str, ours: Any, theirs: Any) -> None:
        said = ["(nothing)" if each is MISSING else f"{each}"[:200] for each in (ours, theirs)]
        self.conflicts.append(Conflict(self.file, self.document.line(*where), what, *said))


def _said(where: yaml.Path) -> str:
    return ".".join(str(each + 1) if isinstance(each, int) else each for each in where) or "the file"


def _uuid(item: Any) -> str:
    found = item.get("uuid") if isinstance(item, Mapping) else None
    return found if isinstance(found, str) else ""


def _ordered(base: list[str], ours: list[str], theirs: list[str], *, both: bool = False) -> list[str]:
    """The list with what each side added and without what each took out, in the order of the side that changed the order.

    With ``both``, what only one side has stays in.

    >>> _ordered(["a", "b"], ["b", "a", "x"], ["a", "b", "c"]), _ordered(["a", "b"], ["a"], ["a", "b", "c"])
    (['b', 'c', 'a', 'x'], ['a', 'c'])
    """
    kept = [each for each in base if each in ours and each in theirs]
    first, second = (ours, theirs) if [each for each in ours if each in kept] != kept else (theirs, ours)
    result = list(dict.fromkeys(first))
    for before, each in pairwise(["", *second]):
        if each not in result:
            result.insert(result.index(before) + 1 if before in result else len(result) if before else 0, each)
    gone = set() if both else {each for each in base if each not in ours or each not in theirs}
    return [each for each in result if each not in gone]


def _raise(conflicts: list[Conflict], folder: str) -> None:
    if conflicts:
        listing = "\n".join(f"  {each}".replace("\n", "\n  ") for each in conflicts[:20])
        count = f"{len(conflicts)} place{'s' * (len(conflicts) > 1)}"
        raise FormatError(
            f"{folder} changed here and in the project since they last agreed, in {count}; nothing was written:\n{listing}",
            where=Where(file=conflicts[0].file, line=conflicts[0].line),
            hint="make both sides say the same there (the cell or the project's file), then export again",
        )


# --------------------------------------------------------------------------------------------------------------- order


def in_file_order(pipeline: Pipeline, old: entries.Metadata | None, uuid: Callable[[Block], str]) -> list[Block]:
    """The blocks in the order of the file, where the pipeline's order is the one that reading the file gives; else in its own."""
    blocks = list(pipeline)
    if old is None:
        return blocks
    place = {each.uuid: index for index, each in enumerate(old.entries)}
    known = [block for block in blocks if uuid(block) in place]
    as_filed = sorted(known, key=lambda block: place[uuid(block)])
    if [each.name for each in graph.reading_order(as_filed, reading.is_still)] != [each.name for each in known]:
        return blocks
    result = list(as_filed)
    before: Block | None = None
    for block in blocks:
        if uuid(block) not in place:
            result.insert(result.index(before) + 1 if before else 0, block)
        before = block
    return result
