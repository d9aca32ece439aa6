"""Frozen inputs: a sample of what a block's upstreams really gave, as small files in the project, for the block's tests.

``tests/fixtures/<pipeline>/<block>/``: one Parquet or JSON file an upstream, and ``fixture.json`` with the parameters. Nothing in
them changes but with the data: no times, runs or machines. Only whole inputs are frozen, never those of a sampled or leaky run.
"""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from . import samples
from .code.parameters import values
from .engine import has_effects
from .errors import DefinitionError, FormatError, JupyterMageError, ProjectError, Where, nearest, unknown
from .files import atomic_write, inside
from .masking import Masker
from .model import Block, Pipeline, name_problem

ROWS = 100
"""Rows or items of each upstream that are kept."""
NOTE = "fixture.json"
MAX_JSON = 1_000_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One upstream of a fixture: rows (or items) kept of so many, and the masked columns."""

    name: str
    type: str
    rows: int | None
    of: int | None
    masked: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What freezing a block came to."""

    folder: Path
    inputs: tuple[Input, ...]
    files: tuple[Path, ...]


class Grounds(Protocol):
    """Of a session, what freezing needs."""

    root: Path

    @property
    def pipeline(self) -> Pipeline: ...
    def run(self, selection: str, *, check: bool) -> Any: ...
    def value(self, block: str) -> Any: ...


def folder_of(root: Path, pipeline: str, block: str) -> Path:
    return inside(root, f"tests/fixtures/{pipeline}/{block}")


# ---- making them


def freeze(grounds: Grounds, name: str, *, rows: int = ROWS, mask: Sequence[str] = ()) -> Frozen:
    """Keep a sample of each upstream's value, and the parameters. Raises JupyterMageError, and writes nothing then."""
    if rows < 1:
        raise DefinitionError(f"rows is {rows}; at least one has to be kept", hint="--rows 100")
    pipeline = grounds.pipeline
    block = pipeline[name]
    _refuse(block, pipeline)
    above = [each for each in block.upstreams if not has_effects(pipeline[each])]
    if above:
        grounds.run(" ".join(above), check=True)
    whole = {each: grounds.value(each) for each in block.upstreams}
    masker, masked = Masker(), _columns(whole, [part for each in mask for part in each.split(",") if part])
    for upstream, names in masked.items():
        masker.avoid(samples.values_of(whole[upstream], names))
    kept = samples.samples(whole, rows)
    hidden = {each: samples.masked(masker, kept[each], masked[each]) for each in kept}
    given = _given(block, pipeline)
    parameters = {key: masker.texts.get(each, each) if isinstance(each, str) else each for key, each in given.items()}
    _check_nothing_shows(masker, hidden, masked)
    inputs = tuple(
        Input(
            name=each,
            type=samples.type_of(value),
            rows=samples.length(hidden[each]),
            of=samples.length(value),
            masked=tuple(sorted(masked[each])),
        )
        for each, value in whole.items()
    )
    blobs = {each: _written(each, value, block) for each, value in hidden.items()}
    return _write(folder_of(grounds.root, pipeline.name, block.name), inputs, blobs, parameters)


def _input(name: str, whole: Any, kept: Any, masked: set[str]) -> Input:
    rows, of = samples.length(kept), samples.length(whole)
    return Input(name=name, type=samples.type_of(whole), rows=rows, of=of, masked=tuple(sorted(masked)))


def _refuse(block: Block, pipeline: Pipeline) -> None:
    where = Where(block=block.name, cell=block.cell_number)
    if not block.upstreams:
        raise DefinitionError(
            f"{block.name} has no upstream, so there is nothing to freeze",
            where=where,
            hint="freeze a block below it: its tests then run without this one",
        )
    for each in (block, *(pipeline[name] for name in block.upstreams if name in pipeline)):
        if each.leaks:
            raise DefinitionError(
                f"{each.name} reads {each.leaks[0].name}, which only the notebook has: a fixture of it could not be made again",
                where=where,
                hint=f"make {each.leaks[0].name} an upstream or a parameter of {each.name}",
            )


def _given(block: Block, pipeline: Pipeline) -> dict[str, Any]:
    names = {each.name for each in block.parameters}
    found = values(block, pipeline.variables)
    return {name: found[name] for name in sorted(found) if name in names or block.is_file}


def _columns(whole: Mapping[str, Any], mask: Iterable[str]) -> dict[str, set[str]]:
    """Which columns of which upstream are masked: ``email`` in all that have it, ``raw.email`` in one."""
    found: dict[str, set[str]] = {name: set() for name in whole}
    there = {name: samples.columns(value) for name, value in whole.items()}
    for each in mask:
        upstream, _, column = each.rpartition(".")
        if upstream and upstream not in there:
            raise unknown("upstream", upstream, there, hint=f"--mask {column}")
        places = [name for name in there if column in there[name] and upstream in ("", name)]
        if not places:
            raise unknown("column to mask", column, {name for names in there.values() for name in names}, hint="--mask COLUMN")
        for name in places:
            found[name].add(column)
    return found


def _check_nothing_shows(masker: Masker, hidden: Mapping[str, Any], masked: Mapping[str, set[str]]) -> None:
    """Refuse where a masked text still stands in a column that is not masked."""
    secrets = [text for text in masker.texts if len(text) > 3]
    for upstream, value in hidden.items() if secrets else ():
        for column, texts in samples.texts(value):
            if column in masked[upstream]:
                continue
            found = next((text for text in texts if any(secret in text for secret in secrets)), None)
            if found is not None:
                raise DefinitionError(
                    f"{upstream}.{column} holds values that are masked elsewhere",
                    where=Where(block=upstream),
                    hint=f"--mask {','.join(sorted({*masked[upstream], column}))}",
                )


# ---- files


def _written(name: str, value: Any, block: Block) -> tuple[str, bytes]:
    """A file's name and bytes. Raises JupyterMageError for what no such file keeps exactly."""
    where = Where(block=block.name, cell=block.cell_number)
    if samples.is_frame(value):
        blob = _parquet(name, value, where)
        return f"{name}.parquet", blob
    try:
        text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False, sort_keys=False) + "\n"
    except (TypeError, ValueError, RecursionError):
        text = ""
    if not text or json.loads(text) != value or type(json.loads(text)) is not type(value):
        raise JupyterMageError(
            f"{name} gives a {samples.type_of(value)}, which a fixture cannot keep: tables and JSON only",
            where=where,
            hint=f"freeze a block above {name}, or make {name} return a frame, list or dict",
        )
    if len(text) > MAX_JSON:
        raise JupyterMageError(f"{name} is {len(text):,} bytes as JSON, too much for a fixture", where=where, hint="--rows 20")
    return f"{name}.json", text.encode()


def _parquet(name: str, frame: Any, where: Where) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    try:
        table = frame.to_arrow() if samples.library(frame) == "polars" else pa.Table.from_pandas(frame)
        pq.write_table(table, sink, compression="zstd")
        problem = _differs(frame, _read_parquet(sink.getvalue(), samples.library(frame)))
    except (pa.ArrowException, TypeError, ValueError) as error:
        problem = str(error).splitlines()[0]
    if problem:
        raise JupyterMageError(
            f"{name} does not come out of a Parquet file as it went in: {problem}",
            where=where,
            hint="give its columns one plain type each",
        )
    return sink.getvalue()


def _differs(before: Any, after: Any) -> str:
    if samples.library(before) == "polars":
        return "" if before.equals(after) and before.schema == after.schema else "other values or types"
    import pandas as pd

    try:
        pd.testing.assert_frame_equal(before, after)
    except AssertionError as error:
        return " ".join(str(error).split())[:200]
    return ""


def _read_parquet(blob: bytes, library: str) -> Any:
    if library == "polars":
        import polars as pl

        return pl.read_parquet(io.BytesIO(blob))
    import pyarrow.parquet as pq

    return pq.read_table(io.BytesIO(blob)).to_pandas()


def _write(
    folder: Path, inputs: Sequence[Input], blobs: Mapping[str, tuple[str, bytes]], parameters: Mapping[str, Any]
) -> Frozen:
    upstreams = {each.name: _entry(each, blobs[each.name][0]) for each in inputs}
    note = json.dumps({"parameters": dict(parameters), "upstreams": upstreams}, indent=1, ensure_ascii=False, default=str) + "\n"
    old = _note(folder) if (folder / NOTE).is_file() else {}
    files = {folder / file: blob for file, blob in blobs.values()} | {folder / NOTE: note.encode()}
    for path, blob in files.items():
        if not path.is_file() or path.read_bytes() != blob:
            atomic_write(path, blob)
    for each in (old.get("upstreams") or {}).values():
        path = folder / Path(str(each.get("file", ""))).name
        if path not in files and path.is_file():
            path.unlink()
    return Frozen(folder=folder, inputs=tuple(inputs), files=tuple(files))


def _entry(found: Input, file: str) -> dict[str, Any]:
    entry = {"file": file, "type": found.type, "rows": found.rows, "of": found.of, "masked": list(found.masked)}
    return {key: value for key, value in entry.items() if value not in (None, [])}


# ---- using them


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """What a block gets from its frozen inputs."""

    inputs: Mapping[str, Any]
    parameters: Mapping[str, Any]


def load(root: Path, pipeline: str, block: Block) -> Fixture | None:
    """The block's frozen inputs, or None where there are none.

    Raises FormatError where they are broken, or made for other upstreams than the block has now.
    """
    folder = folder_of(root, pipeline, block.name)
    if not block.upstreams or not (folder / NOTE).is_file():
        return None
    note, where = _note(folder), Where(file=str(folder / NOTE), block=block.name)
    upstreams = note.get("upstreams")
    listed = upstreams if isinstance(upstreams, dict) else {}
    missing = [name for name in block.upstreams if not isinstance(listed.get(name), dict)]
    if missing:
        was = nearest(missing[0], listed)
        raise FormatError(
            f"the frozen inputs have no {', '.join(missing)}" + (f" (they have {was})" if was else ""),
            where=where,
            hint=f"freeze again: %pipeline freeze {block.name}",
        )
    inputs = {name: _load(folder / Path(str(listed[name].get("file"))).name, listed[name], where) for name in block.upstreams}
    parameters = note.get("parameters")
    names = {each.name for each in block.parameters}
    known = parameters if isinstance(parameters, dict) else {}
    return Fixture(inputs=inputs, parameters={k: v for k, v in known.items() if k in names or block.is_file})


def _load(path: Path, entry: Mapping[str, Any], where: Where) -> Any:
    try:
        blob = path.read_bytes()
        return json.loads(blob) if path.suffix == ".json" else _read_parquet(blob, str(entry.get("type", "")).split(".")[0])
    except OSError as error:
        raise ProjectError(f"{path.name} is not there: {error.strerror}", where=where, hint="freeze again") from error
    except ValueError as error:  # pyarrow's errors are ValueErrors
        reason = str(error).partition("\n")[0]
        raise FormatError(f"{path.name} cannot be read: {reason}", where=where, hint="freeze again") from error


def _note(folder: Path) -> dict[str, Any]:
    path = folder / NOTE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError(f"not JSON: {error}", where=Where(file=str(path)), hint="freeze again") from error
    return found if isinstance(found, dict) else {}


def copy(root: Path, target: Path, pipeline: Pipeline) -> list[Path]:
    """Take the fixtures of a pipeline's blocks along to another folder: the files that changed there."""
    changed = []
    if root.resolve() == target.resolve():
        return []
    for block in pipeline:
        if name_problem(block.name):
            continue
        folder = folder_of(root, pipeline.name, block.name)
        for path in sorted(folder.glob("*")) if folder.is_dir() else ():
            place = inside(target, f"tests/fixtures/{pipeline.name}/{block.name}/{path.name}")
            blob = path.read_bytes() if path.is_file() else b""
            if path.suffix in (".json", ".parquet") and (not place.is_file() or place.read_bytes() != blob):
                atomic_write(place, blob)
                changed.append(place)
    return changed
