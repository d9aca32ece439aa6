"""What a pipeline's files were when a notebook and its project last agreed: at the last import or export.

It stands in the project's ``.jupyter_mage/exports`` (which git ignores), one for each notebook, and tells at the next export
which side changed what. A notebook also carries the fingerprints of the files that it was imported from: where the record is not
(a clone, a notebook that was renamed), they still tell whether anybody changed a file since.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ... import files as safe_files
from ...errors import JupyterMageError
from ...model import Pipeline
from . import entries, form
from .form import Form
from .project import Disk, metadata_path

_MAX_BYTES = 100_000_000


BESIDE = ("triggers.yaml", "interactions.yaml", "data_integration_catalog.json")
"""What Mage keeps of a pipeline beside its ``metadata.yaml``."""


@dataclass(frozen=True, slots=True)
class Basis:
    """The text of ``metadata.yaml``, and of each block's file by its path."""

    metadata: str
    files: Mapping[str, str]
    forms: Mapping[str, Form] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)
    """The texts of the files of BESIDE that were there, by path."""
    """Of files whose bytes are not just their text in UTF-8."""


def load(root: Path, folder: str, origin: Path | None) -> Basis | None:
    """What was kept of this pipeline for this notebook, or None where nothing was, or nothing that reads."""
    with contextlib.suppress(OSError, ValueError, LookupError, AttributeError, TypeError, RecursionError, JupyterMageError):
        place = safe_files.inside(root, _path(root, folder, origin))
        if place.stat().st_size > _MAX_BYTES:
            return None
        data = json.loads(place.read_bytes())
        metadata, texts = data["metadata"], data["files"]
        if isinstance(metadata, str) and all(isinstance(text, str) for text in texts.values()):
            return Basis(metadata, texts)
    return None


def save(root: Path, folder: str, origin: Path | None, basis: Basis) -> None:
    """Keep it. Raises ProjectError where it cannot be written."""
    place = safe_files.inside(root, _path(root, folder, origin))
    blob = json.dumps({"metadata": basis.metadata, "files": basis.files}, sort_keys=True, ensure_ascii=False).encode()
    if not place.is_file() or place.read_bytes() != blob:
        safe_files.atomic_write(place, blob, mode=0o600)
        ignore = place.parents[2] / ".gitignore"
        if not ignore.exists():
            safe_files.atomic_write(ignore, "*\n", mode=0o600)


def _path(root: Path, folder: str, origin: Path | None) -> str:
    name = fingerprint(os.path.relpath(os.path.realpath(origin), os.path.realpath(root))) if origin else "python"
    return f".jupyter_mage/exports/{folder}/{name}.json"


def fingerprint(text: str) -> str:
    """A short name of a file's text, noted when it is written: it tells later whether somebody changed the file."""
    import xxhash

    return f"xxh3-{xxhash.xxh3_64_hexdigest(text.encode())}"


def of_project(root: Path, folder: str) -> Basis | None:
    """The files as they are now; None where they do not read."""
    disk = Disk(root)
    with contextlib.suppress(JupyterMageError):
        own = disk.code(metadata_path(folder))
        if own.text is None:
            return None
        metadata = entries.parse(own.text, folder)
        paths = sorted({path for each in metadata.entries if (path := metadata.path(each)) is not None})
        codes = {path: code for path in paths if (code := disk.code(path)).text is not None}
        others = {name: disk.code(f"pipelines/{folder}/{name}") for name in BESIDE}
        others = {name: code for name, code in others.items() if code.text is not None and not code.problem}
        placed = {f"pipelines/{folder}/{name}": code for name, code in others.items()}
        forms = {path: code.form for path, code in {**codes, **placed, metadata_path(folder): own}.items() if code.form != Form()}
        texts = {path: code.text or "" for path, code in codes.items()}
        return Basis(own.text, texts, forms, {name: code.text or "" for name, code in others.items()})
    return None


def noted(basis: Basis) -> dict[str, Any]:
    """What an imported notebook carries of the files it came from."""
    found: dict[str, Any] = {"metadata": basis.metadata, "files": {path: fingerprint(text) for path, text in basis.files.items()}}
    if basis.forms:
        found["forms"] = {path: each.noted() for path, each in basis.forms.items()}
    if basis.beside:
        found["beside"] = dict(basis.beside)
    return found


def beside(pipeline: Pipeline, folder: str) -> dict[str, str]:
    """By path, what stood beside the pipeline's own file when it was imported: a project that has no such pipeline gets it."""
    kept = _notes(pipeline).get("beside")
    texts = kept if isinstance(kept, Mapping) else {}
    return {f"pipelines/{folder}/{name}": texts[name] for name in BESIDE if isinstance(texts.get(name), str)}


def forms(pipeline: Pipeline) -> dict[str, Form]:
    """How the files stood that the pipeline was imported from."""
    kept = _notes(pipeline).get("forms")
    return {path: form.of_note(note) for path, note in kept.items()} if isinstance(kept, Mapping) else {}


def template(pipeline: Pipeline) -> str | None:
    """The file that the pipeline was imported from, as its notebook keeps it: what it says the same, stays as it was."""
    text = _notes(pipeline).get("metadata")
    return text if isinstance(text, str) and entries.parse(text, pipeline.name).raw else None


def carried(pipeline: Pipeline, disk: Disk) -> Basis | None:
    """What the pipeline's notebook carries of the files it was imported from: of block files those that nobody changed since."""
    text, names = template(pipeline), _notes(pipeline).get("files")
    if text is None or not isinstance(names, Mapping):
        return None
    there = {path: found for path in names if isinstance(path, str) and (found := disk.code(path).text) is not None}
    return Basis(text, {path: found for path, found in there.items() if fingerprint(found) == names[path]})


def _notes(pipeline: Pipeline) -> Mapping[str, Any]:
    notes = pipeline.extra.get("jupyter_mage")
    return notes if isinstance(notes, Mapping) else {}
