"""``pipelines/<name>/metadata.yaml``, read: its entries, its edges made whole, and everything that is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import FormatError, Where
from .. import yaml
from ..problem import Problem
from .project import Files, legal, metadata_path

SECTIONS = ("callbacks", "conditionals", "widgets")
"""Lists of entries beside ``blocks``; kept, and their edges checked."""


@dataclass(slots=True)
class Entry:
    """One block of the file."""

    uuid: str
    kind: str
    language: str
    line: int
    raw: Mapping[str, Any]
    upstreams: list[str] = field(default_factory=list)
    name: str = ""

    @property
    def configuration(self) -> Mapping[str, Any]:
        found = self.raw.get("configuration")
        return found if isinstance(found, Mapping) else {}

    @property
    def ours(self) -> Mapping[str, Any] | None:
        """What we noted about the block when we wrote it, or None where somebody else did."""
        found = self.configuration.get("jupyter_mage")
        return found if isinstance(found, Mapping) else None


@dataclass(slots=True)
class Metadata:
    """The whole file."""

    folder: str
    raw: Mapping[str, Any]
    entries: list[Entry]
    problems: list[Problem]

    @property
    def fatal(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.fatal]


def load(files: Files, folder: str) -> Metadata:
    """Read the file; what is wrong is listed, not raised."""
    path = metadata_path(folder)
    reader = _Reader(path)
    try:
        text = files.text(path)
        if text is None:
            raise FormatError("there is no such pipeline", where=Where(file=path))
        document = yaml.load(text, file=path)
    except FormatError as error:
        line = error.where.line if error.where else None
        reader.problems.append(Problem(file=path, line=line, message=error.message, fatal=True))
        return Metadata(folder, {}, [], reader.problems)
    for line, note in document.notes:
        reader.warn(line, note)
    if not isinstance(document.data, Mapping):
        reader.fail(1, "not a mapping of a pipeline's keys (blocks, name, type …)")
        return Metadata(folder, {}, [], reader.problems)
    entries = reader.entries(document)
    reader.edges(entries, document)
    return Metadata(folder, document.data, entries, reader.problems)


class _Reader:
    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def fail(self, line: int, message: str) -> None:
        self.problems.append(Problem(file=self.path, line=line, message=message, fatal=True))

    def warn(self, line: int, message: str) -> None:
        self.problems.append(Problem(file=self.path, line=line, message=message))

    def entries(self, document: yaml.Document) -> list[Entry]:
        blocks = document.data.get("blocks")
        if blocks is None:
            return []
        if not isinstance(blocks, list):
            self.fail(document.line("blocks"), "blocks is not a list")
            return []
        found = [self.entry(raw, index, document) for index, raw in enumerate(blocks)]
        entries = [each for each in found if each is not None]
        for uuid, count in Counter(each.uuid.casefold() for each in entries).items():
            if count > 1:
                lines = [each.line for each in entries if each.uuid.casefold() == uuid]
                self.fail(lines[1], f"the uuid {uuid!r} stands here and in line {lines[0]}: no two blocks share a file")
        taken: set[str] = set()
        for each in entries:
            each.name = legal(each.uuid, taken)
            taken.add(each.name.casefold())
        return entries

    def entry(self, raw: Any, index: int, document: yaml.Document) -> Entry | None:
        line = document.line("blocks", index)
        if not isinstance(raw, Mapping):
            self.fail(line, f"a block is a mapping with uuid and type, not {raw!r:.40}")
            return None
        for key in ("uuid", "type"):
            if not isinstance(raw.get(key), str) or not raw[key]:
                self.fail(document.line("blocks", index, key), f"a block's {key} has to be text, not {raw.get(key)!r:.40}")
                return None
        language = raw.get("language") or "python"
        if not isinstance(language, str):
            self.fail(document.line("blocks", index, "language"), f"language has to be text, not {language!r:.40}")
            return None
        if not isinstance(raw.get("configuration") or {}, Mapping):
            self.fail(document.line("blocks", index, "configuration"), "configuration is not a mapping")
            return None
        return Entry(uuid=raw["uuid"], kind=raw["type"], language=language, line=document.line("blocks", index, "uuid"), raw=raw)

    def edges(self, entries: list[Entry], document: yaml.Document) -> None:
        """Fill in `Entry.upstreams` from both sides."""
        lists = {each.uuid: (self.names(each, "upstream_blocks"), self.names(each, "downstream_blocks")) for each in entries}
        downs = {uuid: set(each[1]) for uuid, each in lists.items()}
        by_uuid = {each.uuid: each for each in entries}
        special = self.special(document)
        for each in entries:
            ups, _ = lists[each.uuid]
            each.upstreams = [up for up in dict.fromkeys(ups) if self.known(each, up, lists)]
            if len(set(ups)) != len(ups):
                self.warn(each.line, f"{each.uuid}: the same upstream stands twice")
            for up in each.upstreams:
                if each.uuid not in downs[up]:
                    self.warn(each.line, f"{up} does not list {each.uuid} in downstream_blocks: `mage run` would not reach it")
        for each in entries:
            for down in dict.fromkeys(lists[each.uuid][1]):
                if down in special or not self.known(each, down, lists):
                    continue
                target = by_uuid[down]
                if each.uuid not in target.upstreams:
                    self.warn(
                        target.line,
                        f"{down} does not list {each.uuid} in upstream_blocks: Mage's scheduler would not wait for it",
                    )
                    target.upstreams.append(each.uuid)
        self.cycle(entries)

    def special(self, document: yaml.Document) -> set[str]:
        """The uuids of callbacks, conditionals and charts: blocks may list them below themselves."""
        found: set[str] = set()
        for section in SECTIONS:
            listed = document.data.get(section)
            for each in listed if isinstance(listed, list) else []:
                if isinstance(each, Mapping) and isinstance(each.get("uuid"), str):
                    found.add(each["uuid"])
        return found

    def names(self, entry: Entry, key: str) -> list[str]:
        listed = entry.raw.get(key, [])
        if listed is None:
            self.warn(entry.line, f"{entry.uuid}: {key} is empty, which Mage cannot load; write []")
            return []
        if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
            self.fail(entry.line, f"{entry.uuid}: {key} has to be a list of uuids, not {listed!r:.60}")
            return []
        return listed

    def known(self, entry: Entry, other: str, lists: Mapping[str, Any]) -> bool:
        if other == entry.uuid:
            self.fail(entry.line, f"{entry.uuid} is its own upstream")
        elif other not in lists:
            self.fail(entry.line, f"{entry.uuid} has an edge to {other!r}, which is no block of this pipeline")
        return other in lists and other != entry.uuid

    def cycle(self, entries: list[Entry]) -> None:
        left = {each.uuid: list(each.upstreams) for each in entries}
        below: dict[str, list[str]] = {uuid: [] for uuid in left}
        for uuid, ups in left.items():
            for up in ups:
                below[up].append(uuid)
        waiting = {uuid: len(ups) for uuid, ups in left.items()}
        ready = [uuid for uuid, count in waiting.items() if not count]
        while ready:
            uuid = ready.pop()
            del waiting[uuid]
            for down in below[uuid]:
                waiting[down] -= 1
                if not waiting[down]:
                    ready.append(down)
        if waiting:
            self.fail(*self.path_of(waiting, left, entries))

    def path_of(self, waiting: Mapping[str, int], left: Mapping[str, list[str]], entries: list[Entry]) -> tuple[int, str]:
        path = [next(iter(waiting))]
        while path[-1] not in path[:-1]:
            path.append(next(up for up in left[path[-1]] if up in waiting))
        path = path[path.index(path[-1]) :]
        line = next(each.line for each in entries if each.uuid == path[0])
        return line, f"cycle: {' ← '.join(path[:12])}{' …' if len(path) > 12 else ''}"
