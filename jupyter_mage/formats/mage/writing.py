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
from .. import yaml
from . import entries, ownership, reading, settings
from .project import Disk, Memory, Written, file_of, metadata_path, requirements, skeleton
from .reading import MAGE


@dataclasses.dataclass(slots=True)
class Plan:
    """What a write will do: texts by path, and files that nothing needs any more."""

    texts: dict[str, str]
    obsolete: list[str]
    folder: str


def write(pipeline: Pipeline, root: Path, *, shared: bool = False) -> list[Path]:
    """Write the project; gives the files that changed. Raises FormatError, before anything is touched, for all that is wrong.

    With ``shared``, files that other pipelines of the project use are replaced too: for all of them.
    """
    plan = prepare(pipeline, root, shared=shared)
    changed = []
    for path, text in plan.texts.items():
        place = safe_files.inside(root, path)
        if not place.is_file() or place.read_bytes() != text.encode():
            safe_files.atomic_write(place, text)
            changed.append(place)
    for path in plan.obsolete:
        with contextlib.suppress(FileNotFoundError):
            safe_files.inside(root, path).unlink()
    return changed


def prepare(pipeline: Pipeline, root: Path, *, shared: bool = False) -> Plan:
    """Everything that `write` would write. Raises FormatError."""
    if root.exists() and not root.is_dir():
        raise ProjectError(f"{root} is a file; a project is a folder", hint="export to another path")
    _check(pipeline)
    folder = str(pipeline.extra.get("uuid", pipeline.name))
    disk = Disk(root)
    old = entries.load(disk, folder) if disk.text(metadata_path(folder)) is not None else None
    if old is not None and not old.raw and old.fatal:
        raise reading.all_of(old.fatal)
    texts, metadata = _compose(pipeline, folder, old)
    metadata_text = yaml.dump(metadata)
    blocks = dict(texts)
    texts[metadata_path(folder)] = metadata_text
    uuids = {_uuid(block) for block in pipeline}
    _raise(ownership.problems(pipeline, blocks, uuids, disk, folder, old, shared=shared))
    used = {path.split("/")[0] for path in blocks if "/" in path}
    kept = {path: text for path, text in skeleton(used, requirements(blocks)).items() if disk.text(path) is None}
    return Plan(texts={**kept, **texts}, obsolete=ownership.obsolete(old, blocks, root, folder), folder=folder)


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
        if name not in pipeline:
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
    for block in pipeline:
        with _collected(problems):
            edges = [uuids[name] for name in block.needs], [uuids[name] for name in below[block.name]]
            made[block.name] = _block(block, languages_of[block.name], edges, old)
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
    block: Block, language: str, edges: tuple[list[str], list[str]], old: entries.Metadata | None
) -> tuple[str, str | None, dict[str, Any]]:
    """A block's path, text (None: leave the file that is not there) and entry."""
    written = reading.compose(block, language)
    extra = {key: value for key, value in block.extra.items() if key not in ("uuid", "configuration", "jupyter_mage")}
    before = next((each for each in old.entries if each.uuid == _uuid(block)), None) if old else None
    given = block.extra.get("configuration")
    kept = dict(before.configuration) if before else {}
    if before and before.ours is not None:
        kept.pop("use_raw_sql", None)
    configuration: dict[str, Any] = {**written.configuration, **kept, **(given if isinstance(given, Mapping) else {})}
    configuration.pop("jupyter_mage", None)
    ours = _ours(block, written)
    if ours:
        configuration["jupyter_mage"] = ours
    entry = {**(before.raw if before else {}), **extra}
    entry |= {
        "uuid": _uuid(block),
        "type": block.kind,
        "language": language,
        "upstream_blocks": edges[0],
        "downstream_blocks": edges[1],
    }
    said = str((before.ours or {}).get("header", "")) if before else ""
    for key, option in settings.KEYS.items():  # what our header said goes with it; what was set in Mage stays
        if key not in extra and option in said:
            entry.pop(key, None)
    entry |= settings.written(block)
    entry.pop("configuration", None)
    if configuration:
        entry["configuration"] = configuration
    path = file_of(block.kind, _uuid(block), language, configuration)
    absent = block.carrier == MAGE and not block.source and block.doc == reading.not_there(path)
    return path, None if absent else written.text, _sorted(entry)


def _ours(block: Block, written: Written) -> dict[str, Any]:
    """What stands in ``configuration: {jupyter_mage: …}``."""
    given = block.extra.get("jupyter_mage")
    ours: dict[str, Any] = dict(given) if isinstance(given, Mapping) else {}
    if block.use:
        ours["use"] = block.use
    if block.carrier == MAGE and not block.use:
        return ours
    ours["written"] = ownership.fingerprint(written.text)
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
    extra = {key: value for key, value in pipeline.extra.items() if key != "uuid"}
    data: dict[str, Any] = {**(old.raw if old else {}), **extra, "uuid": folder}
    data.setdefault("name", folder)
    data.setdefault("type", "python")
    for key, value in (("description", pipeline.description), ("variables", dict(pipeline.variables))):
        if value:
            data[key] = value
        elif data.get(key):
            del data[key]
    data["blocks"] = list(made.values())
    return _sorted(data)


def _sorted(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _sorted(data[key]) if isinstance(data[key], Mapping) else data[key] for key in sorted(data, key=str)}
