"""Blocks of a project used in a notebook: linked to their file, so that a change is one for all, or detached from it.

A linked cell says so in its header (``--use shared/transformers/clean.py``) and holds the file as it stands. The text is the
truth: writing the pipeline writes the file, for every pipeline that uses it, after these were listed and that was agreed to.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .code.header import render
from .errors import DefinitionError, JupyterMageError, ProjectError, Where, unknown
from .files import atomic_write
from .formats.mage import basis, ownership, project, reading, writing
from .model import Block, Pipeline
from .plugins import formats, languages

RECORD = "links.json"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A block of a project, as a cell may take it over."""

    block: Block
    file: Path
    users: tuple[str, ...]
    """The pipelines of its project that use the file."""

    @property
    def header(self) -> str:
        """The header of the linked cell."""
        return render(self.block)

    @property
    def cell(self) -> str:
        """The whole text of the linked cell."""
        return f"%%block {self.header}\n{self.block.source}"

    def said(self) -> str:
        """``shared/transformers/clean.py is used by daily, weekly: …``."""
        return f"{self.block.use} is used by {', '.join(self.users)}: editing this cell changes it for all of them, at export"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A linked block whose text is not its file's any more."""

    block: str
    use: str
    file: Path
    text: str
    users: tuple[str, ...]


def find(name: str, here: Pipeline, root: Path, source: Path | None = None, pipeline: str = "") -> Shared:
    """The block ``name`` of the project ``source``, linked by a path from ``root``; the pipeline ``here`` is to take it over.

    Raises ProjectError, UnknownNameError where there is none, FormatError where it does not read, DefinitionError where the
    pipeline has another block of this name.
    """
    plugin = formats.get("mage")
    own = here.get(name)
    if source is None:
        source = located(own, root)[0] if own and own.use else root if plugin.accepts(root) else root / f"{here.name}_project"
    source = source.resolve()
    if not source.is_dir() or not plugin.accepts(source):
        raise ProjectError(f"{source} is no project", hint=f"%pipeline use {name} --from PROJECT")
    found: dict[str, Block] = {}
    for each in [pipeline] if pipeline else plugin.pipelines(source):
        for block in plugin.read(source, each):
            if not reading.is_still(block.kind):
                found.setdefault(block.name, block)
    if name not in found:
        raise unknown("block", name, found, where=Where(file=str(source)), hint=f"%pipeline use NAME --from {source}")
    shared = _shared(found[name], source, root)
    if own is not None and own.use != shared.block.use:
        raise DefinitionError(
            f"{name} is a block here already",
            where=Where(block=name, cell=own.cell_number),
            hint=f"give it another name, or delete its cell, then %pipeline use {name} --from {source}",
        )
    return shared


def _shared(block: Block, source: Path, root: Path) -> Shared:
    path, text, language = _file_of(block, source)
    if languages.get(language).extension == "py":  # the file is a cell as it stands, tests and all
        block = dataclasses.replace(
            block, source=text.removesuffix("\n"), language=language, parameters=(), tests=(), carrier=reading.MAGE
        )
    elif block.carrier == reading.MAGE or block.tests:
        raise ProjectError(f"{block.name} is {language} that only its project runs", hint="copy its cell instead")
    usual = "transformer" if block.upstreams else "data_loader"
    given = block.carrier == reading.MAGE or block.kind != usual
    use = Path(os.path.relpath(source / path, root)).as_posix()
    linked = dataclasses.replace(block, use=use, header="", declared=True, kind_given=given, label="", extra={})
    return Shared(block=linked, file=source / path, users=tuple(ownership.users(source, path)))


def _file_of(block: Block, source: Path) -> tuple[str, str, str]:
    """The path, text and language of a block's file, which has the block's name; SQL may stand in a Python file."""
    configuration = block.extra.get("configuration") or {}
    if "uuid" in block.extra or "file_path" in configuration:
        raise ProjectError(
            f"{block.name} stands in no file of its own name", where=Where(file=str(source)), hint="copy its cell instead"
        )
    for language in dict.fromkeys((block.language, "python")):
        path = project.file_of(block.kind, block.name, language, {})
        text = project.Disk(source).code(path).text
        if text is not None and language in languages:
            return path, text, language
    raise ProjectError(
        f"the file of {block.name} is not there", where=Where(file=str(source)), hint="jupyter mage check says more"
    )


# ---- writing


def export(
    pipeline: Pipeline, root: Path, target: Path, state_folder: Path, origin: Path | None = None, *, shared: bool = False
) -> list[Path]:
    """Write the pipeline to the project ``target``, and with ``shared`` what linked cells changed, wherever it stands.

    Raises ProjectError that lists who uses such a file, before anything is written, where that was not agreed to.
    """
    links = changed(pipeline, root, target, state_folder)
    if not shared:
        refuse(links)
    written = formats.get("mage").write(pipeline, target, origin, shared=shared)
    written += write(links)
    remember(state_folder, [source / path for source, path in (located(block, root) for block in pipeline if block.use)])
    return written


def changed(pipeline: Pipeline, root: Path, target: Path, state_folder: Path) -> list[Link]:
    """The linked blocks that differ from their files. Those of ``target`` itself are written (and asked about) by its own export.

    Raises ProjectError where a link leads to no block file of a project, or its file was changed since it was taken over.
    """
    found = []
    kept = _read(state_folder)
    for block in pipeline:
        if not block.use:
            continue
        source, path = located(block, root)
        text = reading.compose(block, block.language).text
        there = project.Disk(source).code(path).text
        if there == text:
            continue
        base = kept.get(str(source / path))
        if base is not None and base != basis.fingerprint(there or ""):
            both = ", and so was its cell" if base != basis.fingerprint(text) else ""
            raise ProjectError(
                f"{block.use} was changed since it was taken over{both}",
                where=Where(block=block.name, cell=block.cell_number),
                hint=f"%pipeline use {block.name} takes it over as it is now; or keep your own: %pipeline detach {block.name}",
            )
        if source.resolve() != target.resolve():
            users = tuple(ownership.users(source, path))
            found.append(Link(block=block.name, use=block.use, file=source / path, text=text, users=users))
    return found


def located(block: Block, root: Path) -> tuple[Path, str]:
    """The project and the path in it that a linked block's header names: a file that a pipeline there uses, and no other."""
    place = Path(os.path.normpath(root / block.use))
    for source in place.parents:
        path = place.relative_to(source).as_posix()
        if project.is_project(source) and ownership.users(source, path):
            return source, path
    raise ProjectError(
        f"--use {block.use}: no pipeline of a project uses such a file",
        where=Where(block=block.name, cell=block.cell_number, line=1),
        hint=f"correct the path, or take it out: %pipeline detach {block.name}",
    )


def refuse(links: Sequence[Link]) -> None:
    """Raise ProjectError that lists what writing these would change, where there are any."""
    if not links:
        return
    lines = [f"  {link.block}: {link.use}, used by {', '.join(link.users)}" for link in links]
    raise ProjectError(
        "\n".join(["linked blocks were edited; writing them changes them everywhere they are used:", *lines]),
        hint=f"%pipeline export --yes, or make it a copy: %pipeline detach {links[0].block}",
    )


def write(links: Sequence[Link]) -> list[Path]:
    """Write each linked file, whole or not at all."""
    for link in links:
        before = link.file.read_bytes() if link.file.is_file() else None
        atomic_write(link.file, writing.in_its_form(link.text, before))
    return [link.file for link in links]


def remember(state_folder: Path, files: Sequence[Path]) -> None:
    """Note how these files stand, to see later whether somebody else changed them."""
    if not files:
        return
    kept = _read(state_folder)
    kept |= {str(file): basis.fingerprint(_text(file)) for file in files}
    atomic_write(state_folder / RECORD, json.dumps(kept, indent=1, sort_keys=True) + "\n")


def _text(file: Path) -> str:
    return project.Disk(file.parent).code(file.name).text or ""


def _read(state_folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((state_folder / RECORD).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


# ---- and without a file


def detached(block: Block) -> Block:
    """The block as one of its own. Raises JupyterMageError where it is one already."""
    if not block.use:
        raise JupyterMageError(
            f"{block.name} is linked to no file", where=Where(block=block.name), hint="%pipeline use NAME --from PROJECT"
        )
    plain = dataclasses.replace(block, use="", header="")
    return dataclasses.replace(plain, header=render(plain))
