"""A pipeline into a Mage project: everything is made and read back in memory first, then written file by file, each whole.

Nothing that belongs to somebody else is replaced: keys that an existing file has and we do not model stay, files of other
pipelines and files that no pipeline lists are refused.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ... import files as safe_files
from ... import graph
from ...code.header import render
from ...errors import DefinitionError, FormatError, JupyterMageError, ProjectError, Where
from ...model import Block, Pipeline, check_name
from ...plugins import languages
from .. import yaml, yaml_edit
from . import abilities, basis, entries, form, merging, ownership, reading, settings
from .form import Form
from .project import Disk, Memory, Written, metadata_path, requirements, skeleton
from .reading import MAGE


@dataclasses.dataclass(slots=True)
class Plan:
    """What a write will do: texts by path, and files that nothing needs any more."""

    texts: dict[str, str]
    obsolete: list[str]
    folder: str
    basis: basis.Basis
    """What is written of this side alone, to be compared with next time."""
    notes: list[str]
    """What of the project's own changes was kept."""
    forms: dict[str, Form]
    """Of files that are not there, and were otherwise than usual where the pipeline came from."""


def write(pipeline: Pipeline, root: Path, origin: Path | None = None, *, shared: bool = False) -> list[Path]:
    """Write the project; gives the files that changed. Raises FormatError, before anything is touched, for all that is wrong.

    ``origin`` is the notebook that the pipeline stands in: what both changed since it was last imported or exported is merged.
    With ``shared``, files that other pipelines of the project use are replaced too: for all of them.
    """
    plan = prepare(pipeline, root, origin, shared=shared)
    blobs = [(safe_files.inside(root, path), path, text) for path, text in plan.texts.items()]
    made = [
        (place, before := _bytes(place), in_its_form(text, before, plan.forms.get(path), file=path))
        for place, path, text in blobs
    ]
    for place, before, blob in made:
        if blob != before:
            safe_files.atomic_write(place, blob)
    for path in plan.obsolete:
        with contextlib.suppress(FileNotFoundError):
            safe_files.inside(root, path).unlink()
    basis.save(root, plan.folder, origin, plan.basis)
    return [place for place, before, blob in made if blob != before]


def _bytes(place: Path) -> bytes | None:
    return place.read_bytes() if place.is_file() else None


def prepare(pipeline: Pipeline, root: Path, origin: Path | None = None, *, shared: bool = False) -> Plan:
    """Everything that `write` would write. Raises FormatError."""
    if root.exists() and not root.is_dir():
        raise ProjectError(f"{root} is a file; a project is a folder", hint="export to another path")
    _check(pipeline)
    folder = str(pipeline.extra.get("uuid", pipeline.name))
    disk = Disk(root)
    there = disk.text(metadata_path(folder))
    old = entries.parse(there, folder) if there is not None else None
    if old is not None and not old.raw and old.fatal:
        raise reading.all_of(old.fatal)
    base = basis.load(root, folder, origin) or basis.carried(pipeline, disk) if there is not None else None
    template = base.metadata if base else there if there is not None else basis.template(pipeline)
    blocks, metadata = _compose(pipeline, folder, entries.parse(template, folder) if template else None)
    ours = basis.Basis(metadata=yaml_edit.edit(template, metadata) if template else yaml.dump(metadata), files=dict(blocks))
    merged = merging.merged(base, ours, disk, folder) if base else merging.Merged(ours.metadata, dict(blocks))
    uuids = {_uuid(block) for block in pipeline}
    _raise(ownership.problems(merged.files, uuids, disk, folder, old, base, shared=shared))
    used = {path.split("/")[0] for path in blocks if "/" in path}
    return Plan(
        texts={
            **skeleton(used, requirements(blocks), disk),
            **(basis.beside(pipeline, folder) if there is None else {}),  # who deleted a schedule does not want it back
            **merged.files,
            metadata_path(folder): merged.metadata,
        },
        obsolete=ownership.obsolete(old, merged.files, root, folder),
        folder=folder,
        basis=ours,
        notes=merged.notes,
        forms={**basis.forms(pipeline), **_forms(pipeline)},
    )


def in_its_form(text: str, before: bytes | None, noted: Form | None = None, *, file: str = "") -> bytes:
    """The bytes of a file whose text is to be this: as they are where they say it, else with their line ends and encoding.

    ``noted`` is the form of a file that is not there yet. Raises FormatError for a character that the encoding has not.
    """
    if before is None:
        return (noted or Form()).encoded(text, file=file)
    try:
        old, shape = form.decoded(before)
    except UnicodeDecodeError:
        old, shape = form.salvaged(before)
    return before if old.removesuffix("\n") == text.removesuffix("\n") else shape.encoded(text, file=file)


def _check(pipeline: Pipeline) -> None:
    if "uuid" not in pipeline.extra:
        check_name(pipeline.name, "pipeline name")
    problems: list[JupyterMageError] = []
    for block in pipeline:
        with _collected(problems):
            check_name(block.name)
            _check_block(block, pipeline)
            _check_tests(block)
    problems += [
        FormatError("two blocks differ in nothing but their case", where=Where(block=name))
        for name, count in Counter(name.casefold() for name in pipeline.names).items()
        if count > 1
    ]
    _raise(problems)
    graph.order(pipeline)


def _check_block(block: Block, pipeline: Pipeline) -> None:
    for leak in block.leaks:
        cell = f" from cell [{leak.cell}]" if leak.cell is not None else ""
        raise FormatError(
            f"reads {leak.name}{cell}, which a clean run does not have",
            where=Where(block=block.name),
            hint=f"make {leak.name} an upstream or a parameter: %%block {block.name}({leak.name}) …",
        )
    for name in block.needs:
        if name not in pipeline and block.carrier != MAGE:
            raise FormatError(f"needs {name}, which is no block", where=Where(block=block.name), hint=f"define {name}")


def _check_tests(block: Block) -> None:
    """A test has the block's output and what it captured, and nothing else."""
    for test in block.tests:
        has = {block.name, *block.upstreams, *(p.name for p in block.parameters), *(each.name for each in test.captured)}
        for name in languages.get("python").names(test.source).reads:
            if name not in has and block.carrier != MAGE:
                raise FormatError(
                    f"its test {test.name} reads {name}, which a clean run does not have",
                    where=Where(block=block.name),
                    hint=f"a test has {', '.join([block.name, *block.upstreams])}; functions and constants come from plain cells",
                )


@contextlib.contextmanager
def _collected(problems: list[JupyterMageError]) -> Any:
    try:
        yield
    except (FormatError, DefinitionError) as error:
        problems.append(error)


def _raise(problems: Sequence[JupyterMageError]) -> None:
    """One error as it is, several in one."""
    if len(problems) == 1:
        raise problems[0]
    if problems:
        listing = "\n".join(f"  {problem}" for problem in problems)
        raise FormatError(f"{len(problems)} reasons why this cannot be exported:\n{listing}", where=problems[0].where)


def _compose(pipeline: Pipeline, folder: str, old: entries.Metadata | None) -> tuple[dict[str, str], dict[str, Any]]:
    """The blocks' files and the metadata, both read back to see that they say the same."""
    problems: list[JupyterMageError] = []
    made: dict[str, tuple[str, str | None, dict[str, Any]]] = {}
    languages_of = reading.file_languages(pipeline)
    uuids = {block.name: _uuid(block) for block in pipeline}
    below = graph.downstreams(pipeline)
    listed = {block.name for block in pipeline if abilities.section_of(block) == "blocks"}
    for block in pipeline:
        with _collected(problems):
            downs = [] if block.kind in entries.ATTACHED else [name for name in below[block.name] if name in listed]
            edges = _upstreams(block, pipeline, uuids), [uuids[name] for name in downs]
            made[block.name] = _block(block, languages_of[block.name], edges, old, pipeline)
    _raise(problems)
    texts = {path: text for path, text, _ in made.values() if text is not None}
    metadata = _metadata(pipeline, folder, {name: entry for name, (_, _, entry) in made.items()}, old)
    back = reading.read(Memory({**texts, metadata_path(folder): yaml.dump(metadata)}), folder)
    for block, found in zip(pipeline, back, strict=True):
        fields = _difference(block, found)
        if fields:
            entry = made[block.name][2]
            entry.setdefault("configuration", {}).setdefault("jupyter_mage", {})["fields"] = fields
            entry["configuration"] = _sorted(entry["configuration"])
    if len(texts) < len({path for path, text, _ in made.values() if text is not None}):
        raise FormatError("two blocks would have the same file")
    return texts, metadata


def _forms(pipeline: Pipeline) -> dict[str, Form]:
    """Forms of the files of blocks that know them: those in another encoding do."""
    found = {}
    for block in pipeline:
        note, given = _noted(block).get("form"), block.extra.get("configuration")
        if note is not None:
            settings_of = given if isinstance(given, Mapping) else {}
            path = entries.file_path(block.kind, _uuid(block), reading.in_file(block.language), settings_of)
            found[path] = form.of_note(note)
    return found


def _upstreams(block: Block, pipeline: Pipeline, uuids: Mapping[str, str]) -> list[str]:
    """The uuids in the entry's ``upstream_blocks``."""
    if block.kind in entries.ATTACHED:
        return abilities.watched(block, pipeline, uuids)
    noted = _noted(block).get("absent")
    absent = noted if isinstance(noted, Mapping) else {}
    return [uuids.get(name) or absent.get(name, name) for name in dict.fromkeys((*block.upstreams, *block.after))]


def _noted(block: Block) -> Mapping[str, Any]:
    found = block.extra.get("jupyter_mage")
    return found if isinstance(found, Mapping) else {}


def _difference(block: Block, found: Block) -> dict[str, Any]:
    """The fields of a block that its file and header do not give back."""
    fields: dict[str, Any] = {
        key: getattr(block, key) for key in ("source", "doc", "label") if getattr(block, key) != getattr(found, key)
    }
    if block.captured != found.captured:
        fields["captured"] = [dataclasses.asdict(each) for each in block.captured]
    return fields if block.carrier != MAGE and not reading.is_still(block.kind) else {}


def _uuid(block: Block) -> str:
    return str(block.extra.get("uuid", block.name))


def _block(
    block: Block, language: str, edges: tuple[list[str], list[str]], old: entries.Metadata | None, pipeline: Pipeline
) -> tuple[str, str | None, dict[str, Any]]:
    """A block's path, text (None: it has none of its own, or is not there) and entry."""
    ups, downs = edges
    written = reading.compose(block, language)
    extra = {key: value for key, value in block.extra.items() if key not in ("uuid", "configuration", "jupyter_mage")}
    before = old.get(_uuid(block)) if old else None
    given = block.extra.get("configuration")
    kept = dict(before.configuration) if before else {}
    if before and before.ours is not None:
        kept.pop("use_raw_sql", None)
    configuration: dict[str, Any] = {**written.configuration, **kept, **(given if isinstance(given, Mapping) else {})}
    configuration.pop("jupyter_mage", None)
    ours = _ours(block, written)
    if ours:
        configuration["jupyter_mage"] = ours
    entry = {**(before.raw if before else {}), **extra, "uuid": _uuid(block)}
    replicated = _replicated(block, pipeline, old)
    entry.pop("replicated_block", None)
    if replicated:
        entry["replicated_block"] = replicated
    abilities.complete(block, configuration)
    _derive(entry, before, old, {"type": block.kind, "language": language, "upstream_blocks": ups, "downstream_blocks": downs})
    said = str((before.ours or {}).get("header", "")) if before else ""
    for key, option in settings.KEYS.items():  # what our header said goes with it; what was set in Mage stays
        if key not in extra and option in said:
            entry.pop(key, None)
    entry |= settings.rewritten(block, before.raw if before else {})
    entry.pop("configuration", None)
    if configuration or (before and isinstance(before.raw.get("configuration"), Mapping)):
        entry["configuration"] = configuration
    elif before and "configuration" in before.raw:
        entry["configuration"] = before.raw["configuration"]
    path = "" if replicated else entries.file_path(block.kind, _uuid(block), language, configuration)
    as_it_is = block.carrier == MAGE
    absent = as_it_is and not block.source and block.doc == reading.not_there(path)  # also one that is too large to read
    inline = as_it_is and before is not None and before.raw.get("content") == block.source
    return path, None if absent or inline or replicated or not path else written.text, _sorted(entry)


def _replicated(block: Block, pipeline: Pipeline, old: entries.Metadata | None) -> str:
    """The uuid in ``replicated_block``; empty where the block has a file of its own, as one whose source was changed has."""
    if not block.replicates:
        return str(_noted(block).get("original", ""))
    original = pipeline.get(block.replicates)
    if original is None:
        return ""
    file = reading.compose(original, reading.file_languages(pipeline)[original.name]).text
    if block.source not in (original.source, file.removesuffix("\n")):
        return ""
    before = old.get(_uuid(block)) if old else None
    found = old.original(before) if old and before else None
    return before.replicated if before and found and found.uuid == _uuid(original) and before.replicated else _uuid(original)


def _derive(entry: dict[str, Any], before: entries.Entry | None, old: entries.Metadata | None, values: Mapping[str, Any]) -> None:
    """Put in what follows from the block, where the entry does not say it already: by a default, or in another order."""
    for key, value in values.items():
        if before is None or old is None or not _says(before, old, key, value):
            entry[key] = value


def _says(before: entries.Entry, old: entries.Metadata, key: str, value: Any) -> bool:
    if key in ("type", "language"):
        return bool(value == (before.kind if key == "type" else before.language))
    there = before.raw.get(key, [])
    if not isinstance(there, list) or (len(set(there)) < len(there) and key != "downstream_blocks"):
        return False  # whom a block feeds may be said twice; what it gets may not
    if key == "upstream_blocks" and before.kind not in entries.ATTACHED:
        return bool(there == value)
    beside = {each.uuid for each in old.entries if each.section != "blocks"}
    known = {each.uuid for each in old.entries} - (beside if key == "downstream_blocks" else set())
    return bool(set(there) & known == set(value))


def _ours(block: Block, written: Written) -> dict[str, Any]:
    """What stands in ``configuration: {jupyter_mage: …}``."""
    given = block.extra.get("jupyter_mage")
    ours = {key: value for key, value in given.items() if key not in abilities.LOCAL_NOTES} if isinstance(given, Mapping) else {}
    if block.use:
        ours["use"] = block.use
    if block.carrier == MAGE and not block.use:
        return ours
    ours["written"] = basis.fingerprint(written.text)
    if reading.is_still(block.kind) or block.carrier == MAGE:
        return ours
    ours |= {"header": block.header or render(block), **written.ours}
    if not block.header:
        ours["typed"] = False
    if block.carrier != "magic":
        ours["carrier"] = block.carrier
    return ours


def _metadata(
    pipeline: Pipeline, folder: str, made: Mapping[str, dict[str, Any]], old: entries.Metadata | None
) -> dict[str, Any]:
    """The pipeline's file: what an existing one has beside our keys stays."""
    extra = {key: value for key, value in pipeline.extra.items() if key not in ("uuid", "jupyter_mage")}
    data: dict[str, Any] = {**(old.raw if old else {}), **extra}
    if old is None:
        data |= {"uuid": folder, "name": data.get("name", folder), "type": data.get("type", "python")}
    if pipeline.description and pipeline.description != data.get("description"):
        data["description"] = pipeline.description
    if pipeline.variables:
        data["variables"] = dict(pipeline.variables)
    for key, value in (("description", pipeline.description), ("variables", pipeline.variables)):
        if not value and data.get(key):
            del data[key]
    abilities.lists(made, merging.in_file_order(pipeline, old, _uuid), data, old.raw if old else {})
    return _sorted(data)


def _sorted(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _sorted(data[key]) if isinstance(data[key], Mapping) else data[key] for key in sorted(data, key=str)}
