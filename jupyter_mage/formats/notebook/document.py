"""The ``.ipynb`` file itself: JSON in, cells out. What is broken is said with its line or cell."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import FormatError, ProjectError, Where
from ...model import name_problem

MAX_BYTES = 300_000_000
_CONFLICT = re.compile(r"^(<{7} |={7}$|>{7} )", re.MULTILINE)


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its place (from 1), what it holds, and what we noted in its metadata."""

    place: int
    sort: str
    source: str
    count: int | None
    ours: Mapping[str, Any]

    @property
    def number(self) -> int:
        """What a person calls the cell: its execution count, or its place where it was not executed."""
        return self.place if self.count is None else self.count


def load(path: Path) -> tuple[list[Cell], Mapping[str, Any]]:
    """The cells, and our notes in the notebook's metadata."""
    data = raw_json(path)
    version = data.get("nbformat")
    if version != 4:
        said = f"format {version!r}" if version is not None else "no nbformat"
        raise FormatError(f"{said}, not 4", where=Where(file=str(path)), hint="open it in Jupyter and save it")
    raw = data.get("cells")
    if not isinstance(raw, list):
        raise FormatError("no list of cells", where=Where(file=str(path)))
    return [_cell(path, place, each) for place, each in enumerate(raw, 1)], _notes(data)


def raw_json(path: Path) -> dict[str, Any]:
    where = Where(file=str(path))
    try:
        size = path.stat().st_size
        if size > MAX_BYTES or not path.is_file():
            raise FormatError(f"{size:,} bytes, or no file: more than {MAX_BYTES:,} bytes are not read", where=where)
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError("not UTF-8 text", where=where) from None
    except OSError as error:
        raise ProjectError(f"could not read it: {error.strerror or error}", where=where) from None
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        conflict = _CONFLICT.search(text)
        if conflict:
            line = text.count("\n", 0, conflict.start()) + 1
            raise FormatError(
                f"a merge conflict marker: {conflict.group().strip()}",
                where=Where(file=str(path), line=line),
                hint="finish the merge",
            ) from None
        raise FormatError(f"not JSON: {error.msg}", where=Where(file=str(path), line=error.lineno)) from None
    except (RecursionError, ValueError) as error:
        raise FormatError(f"not JSON that can be read: {error}", where=where) from None
    if not isinstance(data, dict):
        raise FormatError("not a notebook: no mapping", where=where)
    return data


def _cell(path: Path, place: int, raw: Any) -> Cell:
    where = Where(file=str(path), cell=place)
    if not isinstance(raw, dict):
        raise FormatError("not a cell", where=where)
    source = raw.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise FormatError("its source is not text", where=where)
    if any("\ud800" <= char <= "\udfff" for char in source):
        raise FormatError("its source has half a character (a lone surrogate)", where=where)
    sort = raw.get("cell_type")
    if sort not in ("code", "markdown", "raw"):
        raise FormatError(f"its type is {sort!r:.40}, not code, markdown or raw", where=where)
    count = raw.get("execution_count")
    text = source.replace("\r\n", "\n").replace("\r", "\n")
    return Cell(place, sort, text, count if type(count) is int else None, _notes(raw))


def _notes(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = raw.get("metadata")
    ours = metadata.get("jupyter_mage") if isinstance(metadata, dict) else None
    return ours if isinstance(ours, dict) else {}


def own_name(path: Path, ours: Mapping[str, Any]) -> str:
    """The pipeline's name: as noted, else the file's, made legal: ``01_flights late.ipynb`` is ``flights_late``."""
    noted = ours.get("pipeline")
    if isinstance(noted, str) and name_problem(noted) is None:
        return noted
    return legal(path.stem) or "pipeline"


def legal(text: str) -> str:
    base = re.sub(r"\W+", "_", text, flags=re.ASCII)
    base = re.sub(r"^[\d_]+", "", base).strip("_")[:63]
    return f"{base[:62]}_" if base and name_problem(base) else base
