"""Whose a file of the project is: what an export may replace or remove, and what it may not."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from pathlib import Path

from ...errors import FormatError, JupyterMageError, ProjectError, Where
from . import entries
from .basis import Basis, fingerprint
from .project import Disk, pipeline_folders


def problems(
    texts: Mapping[str, str],
    uuids: Collection[str],
    disk: Disk,
    folder: str,
    old: entries.Metadata | None,
    base: Basis | None,
    *,
    shared: bool = False,
) -> list[JupyterMageError]:
    """Why these files may not be written: each that would be lost, and what to do. ``shared`` ones may be written.

    With a record of the last import or export both sides' changes were merged, and only other pipelines' files are left.
    """
    dropped = [] if base else _dropped(uuids, folder, old)
    return [*dropped, *_replaced(texts, disk, folder, old, base, shared=shared)]


def _dropped(uuids: Collection[str], folder: str, old: entries.Metadata | None) -> list[JupyterMageError]:
    """Blocks that somebody else put into the pipeline and that it would not have any more."""
    lost = [each.uuid for each in old.entries if each.uuid not in uuids and each.ours is None] if old else []
    return [
        FormatError(
            f"pipeline {folder} is there already, with a block {uuid} that this export would drop",
            where=Where(file=f"pipelines/{folder}/metadata.yaml"),
            hint="import that pipeline first, or export under another name",
        )
        for uuid in lost
    ]


def _replaced(
    texts: Mapping[str, str],
    disk: Disk,
    folder: str,
    old: entries.Metadata | None,
    base: Basis | None,
    *,
    shared: bool,
) -> list[JupyterMageError]:
    mine = _files_of(old) if old else {}
    owners: dict[str, list[str]] | None = None
    found: list[JupyterMageError] = []
    for path, text in texts.items():
        there = disk.code(path).text
        if there is None or there.removesuffix("\n") == text.removesuffix("\n"):
            continue
        owners = _owners(disk, folder) if owners is None else owners
        known = base is not None and path in base.files
        reason, hint = "" if known else _reason(mine.get(path), there, folder), _TAKE_OVER
        if path in owners and (not reason or path not in mine):
            users = f"pipeline{'s' * (len(owners[path]) != 1)} {', '.join(owners[path])}"
            reason = "" if shared else f"is used by {users} too: writing it changes it there as well"
            hint = "--yes writes it for all of them; another name gives this pipeline a block of its own"
        if reason:
            found.append(FormatError(f"the file {path} {reason}", where=Where(file=path), hint=hint))
    return found


_TAKE_OVER = "take its changes over (`jupyter mage import`, or `%pipeline use`), rename the block, or move the file away"


def _reason(entry: entries.Entry | None, there: str, folder: str) -> str:
    """Why the file of this entry is not ours to replace, or nothing."""
    if entry is None:
        return f"is there already, and pipeline {folder} does not list it"
    if entry.ours is None:
        return "was not written by an export"
    written = entry.ours.get("written")
    return "was changed since it was exported" if isinstance(written, str) and written != fingerprint(there) else ""


def _files_of(metadata: entries.Metadata) -> dict[str, entries.Entry]:
    found = {}
    for each in metadata.entries:
        with contextlib.suppress(ProjectError):
            path = metadata.path(each)
            if path is not None and not each.replicated:
                found[path] = each
    return found


def _owners(disk: Disk, folder: str) -> dict[str, list[str]]:
    """The other pipelines' files, each with those that use it."""
    found: dict[str, list[str]] = {}
    for other in pipeline_folders(disk.root):
        if other != folder:
            for path in _files_of(entries.load(disk, other)):
                found.setdefault(path, []).append(other)
    return found


def users(root: Path, path: str) -> list[str]:
    """The pipelines of a project that use a file of it."""
    return _owners(Disk(root), "").get(path, [])


def obsolete(old: entries.Metadata | None, texts: Mapping[str, str], root: Path, folder: str) -> list[str]:
    """Files of blocks that are gone: those that we wrote, nobody changed and no other pipeline lists."""
    if old is None:
        return []
    disk = Disk(root)
    gone = []
    for path, entry in _files_of(old).items():
        there = disk.code(path).text if path not in texts and entry.ours is not None else None
        if there is not None and entry.ours is not None and entry.ours.get("written") == fingerprint(there):
            gone.append(path)
    others = _owners(disk, folder) if gone else {}
    return [path for path in gone if path not in others]
