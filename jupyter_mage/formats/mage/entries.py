"""``pipelines/<name>/metadata.yaml``, read: its entries, its edges made whole, and everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import FormatError, ProjectError, Where
from .. import yaml
from ..problem import Problem
from .project import Files, file_of, legal, metadata_path

SECTIONS = {"callbacks": "callback", "conditionals": "conditional", "widgets": "chart"}
"""Lists of entries beside ``blocks``, and what is in them. ``extensions`` has a list for each extension."""

ATTACHED = frozenset(["callback", "conditional"])
"""Kinds whose ``upstream_blocks`` are not what they get data from, but the blocks that they watch."""


@dataclass(slots=True)
class Entry:
    """One block of the file."""

    uuid: str
    kind: str
    language: str
    line: int
    raw: Mapping[str, Any]
    section: str = "blocks"
    """The list it stands in: ``blocks``, ``callbacks``, …, ``extensions/great_expectations``."""
    upstreams: list[str] = field(default_factory=list)
    """Uuids that its data comes from, from both sides' lists; one that is no block stays, and `Metadata.absent` has it."""
    watches: list[str] = field(default_factory=list)
    """Of a callback or conditional: the uuids of the blocks it belongs to."""
    name: str = ""
    problem: str = ""
    """Why it cannot run as it stands, or empty."""

    @property
    def configuration(self) -> Mapping[str, Any]:
        found = self.raw.get("configuration")
        return found if isinstance(found, Mapping) else {}

    @property
    def ours(self) -> Mapping[str, Any] | None:
        """What we noted about the block when we wrote it, or None where somebody else did."""
        found = self.configuration.get("jupyter_mage")
        return found if isinstance(found, Mapping) else None

    @property
    def replicated(self) -> str:
        """The uuid of the block whose file it shares, or empty."""
        found = self.raw.get("replicated_block")
        return found if isinstance(found, str) else ""


@dataclass(slots=True)
class Metadata:
    """The whole file."""

    folder: str
    raw: Mapping[str, Any]
    entries: list[Entry]
    problems: list[Problem]
    absent: dict[str, str] = field(default_factory=dict)
    """Uuids that entries name as upstreams and that no entry has, with legal names for them."""

    @property
    def fatal(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.fatal]

    def get(self, uuid: str) -> Entry | None:
        return next((each for each in self.entries if each.uuid == uuid), None)

    def original(self, entry: Entry) -> Entry | None:
        """The entry whose file this one has: itself, or what it replicates; None where that is not there."""
        found: Entry | None = entry
        for _ in self.entries:
            if found is None or not found.replicated:
                return found
            found = self.get(found.replicated)
        return None

    def path(self, entry: Entry) -> str | None:
        """The entry's file; None for one that has none. Raises UnsafePathError."""
        source = self.original(entry)
        return file_path(source.kind, source.uuid, source.language, source.configuration) or None if source else None


def file_path(kind: str, uuid: str, language: str, configuration: Mapping[str, Any]) -> str:
    """The path of a block's file, or empty for a kind that has none. Raises UnsafePathError."""
    return "" if kind == "global_data_product" else file_of(kind, uuid, language, configuration)


def load(files: Files, folder: str) -> Metadata:
    """Read the file; what is wrong is listed, not raised."""
    path = metadata_path(folder)
    try:
        text = files.text(path)
        if text is None:
            raise FormatError("there is no such pipeline", where=Where(file=path))
    except ProjectError as error:
        line = error.where.line if error.where else None
        return Metadata(folder, {}, [], [Problem(file=path, line=line, message=error.message, fatal=True)])
    return parse(text, folder)


def parse(text: str, folder: str) -> Metadata:
    """The file's text, read; what is wrong is listed, not raised."""
    path = metadata_path(folder)
    reader = _Reader(path)
    try:
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
    reader.edges(entries)
    absent: dict[str, str] = {}
    taken = {each.name.casefold() for each in entries}
    for uuid in dict.fromkeys(up for each in entries for up in each.upstreams):
        if uuid not in reader.uuids:
            absent[uuid] = legal(uuid, taken)
            taken.add(absent[uuid].casefold())
    return Metadata(folder, document.data, entries, reader.problems, absent)


class _Reader:
    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.uuids: dict[str, Entry] = {}

    def fail(self, line: int, message: str) -> None:
        self.problems.append(Problem(file=self.path, line=line, message=message, fatal=True))

    def warn(self, line: int, message: str) -> None:
        self.problems.append(Problem(file=self.path, line=line, message=message))

    def entries(self, document: yaml.Document) -> list[Entry]:
        found = [
            self.entry(raw, (*where, index), document, section, kind)
            for section, kind, where, listed in self.lists(document)
            for index, raw in enumerate(listed)
        ]
        entries = [each for each in found if each is not None]
        self.twins(entries)
        self.uuids = {each.uuid: each for each in entries}
        taken: set[str] = set()
        for each in entries:
            each.name = legal(each.uuid, taken)
            taken.add(each.name.casefold())
        return entries

    def lists(self, document: yaml.Document) -> Iterator[tuple[str, str, yaml.Path, list[Any]]]:
        """Every list of entries: its name, the kind that is usual in it, its place, itself."""
        data = document.data
        places: list[tuple[str, str, yaml.Path, Any]] = [("blocks", "", ("blocks",), data.get("blocks"))]
        places += [(section, kind, (section,), data.get(section)) for section, kind in SECTIONS.items()]
        extensions = data.get("extensions")
        if extensions is not None and not isinstance(extensions, Mapping):
            self.fail(document.line("extensions"), "extensions is not a mapping")
        for name, extension in extensions.items() if isinstance(extensions, Mapping) else ():
            listed = extension.get("blocks") if isinstance(extension, Mapping) else None
            places.append((f"extensions/{name}", "extension", ("extensions", name, "blocks"), listed))
        for section, kind, where, listed in places:
            if isinstance(listed, list):
                yield section, kind, where, listed
            elif listed is not None:
                self.fail(document.line(*where), f"{section} is not a list")

    def twins(self, entries: list[Entry]) -> None:
        """No two entries have one uuid, and no two of one type differ in nothing but case: that is one file on many disks."""
        first: dict[str, Entry] = {}
        for each in entries:
            other = first.setdefault(each.uuid.casefold(), each)
            if other is not each and (other.uuid == each.uuid or (other.kind, other.language) == (each.kind, each.language)):
                self.fail(each.line, f"the uuid {each.uuid!r} stands here and in line {other.line}: no two blocks share a file")

    def entry(self, raw: Any, where: yaml.Path, document: yaml.Document, section: str, usual: str) -> Entry | None:
        line = document.line(*where)
        if not isinstance(raw, Mapping):
            self.fail(line, f"a block is a mapping with uuid and type, not {raw!r:.40}")
            return None
        kind = usual if usual and raw.get("type") is None else raw.get("type")
        for key, value in (("uuid", raw.get("uuid")), ("type", kind)):
            if not isinstance(value, str) or not value:
                self.fail(document.line(*where, key), f"a block's {key} has to be text, not {value!r:.40}")
                return None
        language = raw.get("language") or "python"
        if not isinstance(language, str):
            self.fail(document.line(*where, "language"), f"language has to be text, not {language!r:.40}")
            return None
        if not isinstance(raw.get("configuration") or {}, Mapping):
            self.fail(document.line(*where, "configuration"), "configuration is not a mapping")
            return None
        entry = Entry(
            uuid=raw["uuid"],
            kind=str(kind),
            language=language,
            line=document.line(*where, "uuid"),
            raw=raw,
            section=section,
        )
        self.judge(entry)
        return entry

    def judge(self, entry: Entry) -> None:
        """What of an entry's other keys is not as Mage has it; it is kept as it is."""
        for key, sort in _TYPES.items():
            value = entry.raw.get(key)
            if value is not None and not isinstance(value, sort):
                self.warn(
                    entry.line, f"{entry.uuid}: {key} is {value!r:.40}, which Mage does not expect; it is kept and not used"
                )

    def edges(self, entries: list[Entry]) -> None:
        """Fill in `Entry.upstreams` and `Entry.watches` from both sides."""
        listed = {each.uuid: (self.names(each, "upstream_blocks"), self.names(each, "downstream_blocks")) for each in entries}
        for each in entries:
            ups = list(dict.fromkeys(listed[each.uuid][0]))
            if len(set(ups)) != len(listed[each.uuid][0]):
                self.warn(each.line, f"{each.uuid}: the same upstream stands twice")
            if each.kind in ATTACHED:
                each.watches = [up for up in ups if self.known(each, up)]
                continue
            each.upstreams = [up for up in ups if up != each.uuid]
            if each.uuid in ups:
                self.fail(each.line, f"{each.uuid} is its own upstream")
            for up in each.upstreams:
                if self.known(each, up) and each.section == "blocks" and each.uuid not in listed[up][1]:
                    self.warn(each.line, f"{up} does not list {each.uuid} in downstream_blocks: `mage run` would not reach it")
        for each in entries:
            for down in dict.fromkeys(listed[each.uuid][1]):
                self.below(each, down)
        self.cycle(entries)

    def below(self, each: Entry, down: str) -> None:
        """An edge that only the upper block lists."""
        if down == each.uuid:
            self.fail(each.line, f"{each.uuid} is its own upstream")
            return
        target = self.uuids.get(down)
        if each.kind in ATTACHED or (target is not None and target.kind in ATTACHED):
            return
        if not self.known(each, down) or target is None or each.uuid in target.upstreams:
            return
        message = f"{down} does not list {each.uuid} in upstream_blocks: Mage's scheduler would not wait for it"
        self.warn(target.line, message)
        target.upstreams.append(each.uuid)

    def names(self, entry: Entry, key: str) -> list[str]:
        listed = entry.raw.get(key, [])
        if listed is None:
            self.warn(entry.line, f"{entry.uuid}: {key} is empty, which Mage cannot load; write []")
            return []
        if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
            self.fail(entry.line, f"{entry.uuid}: {key} has to be a list of uuids, not {listed!r:.60}")
            return []
        return listed

    def known(self, entry: Entry, other: str) -> bool:
        if other not in self.uuids:
            self.warn(entry.line, f"{entry.uuid} has an edge to {other!r}, which is no block of this pipeline")
        return other in self.uuids

    def cycle(self, entries: list[Entry]) -> None:
        left = {each.uuid: [up for up in each.upstreams if up in self.uuids] for each in entries}
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


_TYPES: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "executor_type": str,
    "executor_config": Mapping,
    "retry_config": (Mapping, str),
    "timeout": (int, float, str),
    "color": str,
    "groups": list,
    "replicated_block": str,
    "content": str,
}
"""What Mage expects of a block's other keys; text may be a template."""
