"""Pipelines below a folder: Mage projects, notebooks, and what ran there. Bounded, follows no link, runs nothing.

What was read of a file is kept until the file changes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from . import projects
from .errors import JupyterMageError, ProjectError, UnsafePathError
from .files import inside
from .plugins import formats, kinds

STATE = ".jupyter_mage"
DEPTH = 8
FOLDERS = 5_000
"""Folders that are looked into, at most."""
SECONDS = 5.0
NOTEBOOK = 20_000_000
"""Bytes that a notebook may have to be looked into."""
SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "venv", "env"})
MARKS = (b"%%block", b"#| block", b"#|block", b"@block", b"jupyter_mage")
"""A notebook that has none of these has no blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a pipeline stands."""

    file: Path
    """The notebook, or the project's folder."""
    listed: projects.Listed
    alone: bool
    """Whether it is the only one of its file, so that commands need not name it."""


@dataclass(slots=True, kw_only=True)
class Found:
    """A folder with pipelines, or with a history."""

    folder: Path
    mage: bool = False
    places: list[Place] = field(default_factory=list)


def below(root: Path, path: str) -> Path:
    """The folder or file ``path`` below ``root``. Raises UnsafePathError for one that leaves it or is hidden, ProjectError.

    >>> below(Path("."), "../etc")
    Traceback (most recent call last):
    jupyter_mage.errors.UnsafePathError: '../etc' is no path below this server's root
    """
    parts = path.split("/")
    if path.startswith("/") or "\\" in path or any(part.startswith(".") and part != "." for part in parts):
        raise UnsafePathError(f"{path!r} is no path below this server's root")
    full = inside(root, path)
    if not full.exists():
        raise ProjectError(f"there is no {path!r} here")
    return full


def walk(root: Path) -> tuple[list[Found], bool]:
    """Every folder below ``root`` that has pipelines or a history, in order; and whether some were not looked into."""
    found: list[Found] = []
    end, cut = time.monotonic() + SECONDS, False
    left, looked = [(Path(os.path.realpath(root)), 0)], 0
    while left:
        folder, depth = left.pop()
        looked += 1
        if looked > FOLDERS or time.monotonic() > end:
            return found, True
        notebooks, folders = _entries(folder)
        one = look(folder, notebooks)
        if one is not None:
            found.append(one)
        own = _own_folders() if one is not None and one.mage else frozenset()
        deeper = [each for each in folders if each.name not in own]
        cut = cut or (depth >= DEPTH and bool(deeper))
        left += [(each, depth + 1) for each in reversed(deeper)] if depth < DEPTH else []
    return found, cut


def look(folder: Path, notebooks: list[Path] | None = None) -> Found | None:
    """What this folder has; None where it has nothing of ours."""
    if notebooks is None:
        notebooks, _ = _entries(folder)
    mage = formats.get("mage").accepts(folder)
    places = _places(folder, _stamp_of_project(folder)) if mage else ()
    places += tuple(place for each in notebooks for place in _places_of(each))
    if not places and not mage and not (folder / STATE / "history.db").is_file():
        return None
    return Found(folder=folder, mage=mage, places=list(places))


def place_of(folder: Path, pipeline: str, file: str = "") -> Place | None:
    """Where the pipeline of this name stands in ``folder``; None where no file, or more than one, has it.

    ``file`` is the notebook's name, where several may have it.
    """
    found = look(folder)
    places = [each for each in found.places if each.listed.name == pipeline] if found else []
    places = [each for each in places if file in ("", each.file.name)]
    return places[0] if len(places) == 1 else None


def _entries(folder: Path) -> tuple[list[Path], list[Path]]:
    """Notebooks and folders in it that are no links, not hidden, and no environment of installed packages."""
    notebooks, folders = [], []
    try:
        with os.scandir(folder) as entries:
            for each in sorted(entries, key=lambda entry: entry.name):
                if each.name.startswith(".") or each.name in SKIPPED:
                    continue
                if each.is_dir(follow_symlinks=False):
                    if not _environment(each.path):
                        folders.append(Path(each.path))
                elif each.name.endswith(".ipynb") and each.is_file(follow_symlinks=False):
                    notebooks.append(Path(each.path))
    except OSError:  # gone meanwhile, or not ours to read: there is nothing to show
        return [], []
    return notebooks, folders


def _environment(folder: str) -> bool:
    return os.path.exists(f"{folder}/pyvenv.cfg") or os.path.exists(f"{folder}/conda-meta")  # noqa: PTH110 (thousands of times)


@lru_cache(maxsize=1)
def _own_folders() -> frozenset[str]:
    """Folders of a Mage project that hold its parts and no projects."""
    return frozenset({"pipelines", "utils", "dbt", "interactions", *(kinds.get(name).folder for name in kinds.names())})


def _places_of(notebook: Path) -> tuple[Place, ...]:
    try:
        status = notebook.stat()
    except OSError:
        return ()
    return _places_in(notebook, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=2_000)
def _places_in(notebook: Path, _: int, size: int) -> tuple[Place, ...]:
    """The pipelines of a notebook that has blocks."""
    if size > NOTEBOOK:
        return ()
    try:
        content = notebook.read_bytes()
    except OSError:
        return ()
    if not any(mark in content for mark in MARKS):
        return ()
    return tuple(each for each in _listed(notebook) if each.listed.blocks or each.listed.problem)


@lru_cache(maxsize=500)
def _places(folder: Path, _: tuple[tuple[str, int], ...]) -> tuple[Place, ...]:
    return tuple(_listed(folder))


def _stamp_of_project(folder: Path) -> tuple[tuple[str, int], ...]:
    files = sorted(folder.glob("pipelines/*/*.yaml"))
    return tuple((str(each), each.stat().st_mtime_ns) for each in files if each.is_file())


def _listed(path: Path) -> Iterator[Place]:
    try:
        listed = projects.listed(path)
    except JupyterMageError as error:  # a file that does not read is there with the reason
        listed = [projects.Listed(name=path.stem, problem=str(error))]
    for each in listed:
        yield Place(file=path, listed=each, alone=len(listed) == 1)
