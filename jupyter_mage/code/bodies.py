"""What was found out about bodies, kept from one process to the next: a notebook of a thousand cells is then opened without
parsing each of them again.

A body that reads the same says the same, to the same Python and the same version of this package: a file of what was found goes
by both. It has names and texts only; nothing in it is ever run, and what does not read is found out anew.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import xxhash

from ..errors import ProjectError
from ..files import atomic_write
from ..plugins import Names


class Found:
    """What a body reads and binds, its normal form and docstring, and the arguments with which it is known to compile."""

    __slots__ = ("checked", "doc", "names", "normal")

    def __init__(self, names: Names, normal: str, doc: str | None = None, checked: tuple[str, ...] = ()) -> None:
        self.names, self.normal, self.doc, self.checked = names, normal, doc, {*checked}

    def as_json(self) -> list[Any]:
        names = self.names
        return [names.reads, names.binds, names.perhaps, self.normal, self.doc, sorted(self.checked)]

    @classmethod
    def from_json(cls, kept: list[Any]) -> Found:
        reads, binds, perhaps, normal, doc, checked = kept
        return cls(Names(reads=tuple(reads), binds=tuple(binds), perhaps=tuple(perhaps)), normal, doc, tuple(checked))


class Opening:
    """What one opening finds kept, and finds out."""

    def __init__(self, path: Path) -> None:
        self._path, self._kept = path, _read(path)
        self.found: dict[str, Found] = {}
        self.news = False

    def keep(self) -> None:
        """Write what was found out; not before its folder is there, which the first run makes."""
        if self.news and self._path.parent.is_dir():
            document = {"by": _maker(), "bodies": {_key(source): found.as_json() for source, found in self.found.items()}}
            with contextlib.suppress(ProjectError, OSError, ValueError):  # a folder that cannot be written to: then without
                atomic_write(self._path, json.dumps(document), durable=False, mode=0o600)
            self.news = False

    def of(self, source: str) -> Found | None:
        found = self.found.get(source)
        if found is None and (kept := self._kept.get(_key(source))) is not None:
            with contextlib.suppress(TypeError, ValueError):
                found = self.found[source] = Found.from_json(kept)
        return found

    def note(self, source: str, found: Found) -> None:
        self.found[source], self.news = found, True


_opening: Opening | None = None


def known(source: str) -> Found | None:
    """What is known of this body, while a notebook is opened `from_file`."""
    return _opening.of(source) if _opening is not None else None


def note(source: str, names: Names, normal: str) -> None:
    """Keep what a body reads and binds, and its normal form."""
    if _opening is not None:
        _opening.note(source, Found(names, normal))


def note_doc(source: str, doc: str) -> None:
    found = known(source)
    if found is not None and _opening is not None:
        found.doc, _opening.news = doc, True


def checked(source: str, block: str, arguments: tuple[str, ...]) -> bool:
    """Whether the body is known to compile as this block's."""
    found = known(source)
    return found is not None and _signature(block, arguments) in found.checked


def note_checked(source: str, block: str, arguments: tuple[str, ...]) -> None:
    found = known(source)
    if found is not None and _opening is not None:
        found.checked.add(_signature(block, arguments))
        _opening.news = True


@contextlib.contextmanager
def from_file(path: Path) -> Iterator[Opening]:
    """While the ``with`` lasts, take what is known of bodies from this file, and note what is found out."""
    global _opening
    before, _opening = _opening, Opening(path)
    try:
        yield _opening
    finally:
        _opening = before


def _read(path: Path) -> dict[str, list[Any]]:
    with contextlib.suppress(OSError, ValueError, RecursionError):
        document = json.loads(path.read_bytes())
        if isinstance(document, dict) and document.get("by") == _maker() and isinstance(document.get("bodies"), dict):
            return {key: kept for key, kept in document["bodies"].items() if isinstance(kept, list)}
    return {}


def _key(source: str) -> str:
    return xxhash.xxh3_128_hexdigest(source.encode("utf-8", "surrogatepass"))


def _signature(block: str, arguments: tuple[str, ...]) -> str:
    return f"{block}({', '.join(arguments)})"


@cache
def _maker() -> str:
    """This Python, and the modules that read bodies as they stand on the disk."""
    stats = (os.stat(path) for path in sorted(Path(__file__).parent.glob("*.py")))  # noqa: PTH116 (thirty of them)
    return _key(sys.version + " ".join(f"{each.st_size} {each.st_mtime_ns}" for each in stats))
