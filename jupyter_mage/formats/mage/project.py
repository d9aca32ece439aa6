"""A Mage project's files: where things stand, reading them safely, the files that every project has."""

from __future__ import annotations

import os
import re
import stat
import sys
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from ... import files
from ...code.dependencies import imported
from ...errors import FormatError, ProjectError, UnsafePathError, Where
from ...model import name_problem
from ...plugins import kinds, languages
from . import form
from .form import Form

METADATA = "metadata.yaml"
MAX_FILE = 1_000_000
MAX_CODE = 10_000_000
_EXTENSIONS = {"r": "r", "yaml": "yaml", "markdown": "md"}
_SINGULAR = frozenset(["custom"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A block as it goes to disk: its file, Mage's settings for it, and what only we need."""

    text: str
    configuration: Mapping[str, Any] = field(default_factory=dict)
    ours: Mapping[str, Any] = field(default_factory=dict)
    language: str = ""
    """Of the file, where it is not the block's own."""


@dataclass(frozen=True, slots=True)
class Code:
    """A block's file."""

    text: str | None
    """None where there is none to read."""
    form: Form = field(default_factory=Form)
    problem: str = ""
    """Why the block cannot run, where the file is there and is no text."""


class Files(Protocol):
    """Texts by their path in the project."""

    def text(self, path: str) -> str | None:
        """The text, or None where there is no such file. Raises ProjectError for one that must not be read."""

    def code(self, path: str) -> Code:
        """A block's file, which may be no UTF-8, or no text at all. Raises ProjectError for one that must not be read."""


class Disk:
    """The files of the project at ``root``; nothing outside it, nothing but ordinary text files of a bounded size."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def text(self, path: str) -> str | None:
        blob, size = self.read(path, MAX_FILE)
        if size > MAX_FILE:
            raise FormatError(f"{size:,} bytes, more than the {MAX_FILE:,} that are read", where=Where(file=path))
        return _decoded(blob, path) if blob is not None else None

    def code(self, path: str) -> Code:
        if leaves(path):  # a ``file_path`` of another machine, mostly
            return Code(None, problem=f"its file {path} is outside the project, and is not read")
        blob, size = self.read(path, MAX_CODE)
        if blob is None:
            return Code(None)
        if size > MAX_CODE:
            return Code(None, problem=f"its file {path} has {size:,} bytes, more than the {MAX_CODE:,} that are read")
        try:
            return Code(*form.decoded(blob))
        except UnicodeDecodeError as error:
            line = blob[: error.start].count(b"\n") + 1
            problem = f"its file {path} is not UTF-8 text (line {line}), and no coding line says what it is"
            return Code(*form.salvaged(blob), problem=problem)

    def read(self, path: str, most: int) -> tuple[bytes | None, int]:
        """The bytes of an ordinary file, up to so many, and how many it has; None where there is none."""
        place = files.inside(self.root, path)
        try:
            handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None, 0
        except (OSError, ValueError) as error:
            raise ProjectError(f"could not read {path}: {error}", where=Where(file=path)) from None
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise FormatError("not an ordinary file", where=Where(file=path))
            self.refuse_moved(handle, path)
            if status.st_size > most:
                return b"", status.st_size
            with os.fdopen(handle, "rb", closefd=False) as stream:
                blob = stream.read(most + 1)
            return blob, len(blob)
        finally:
            os.close(handle)

    def refuse_moved(self, handle: int, path: str) -> None:
        """Raise UnsafePathError where a folder became a link out of the project between the look at it and the opening."""
        opened, base = Path(f"/proc/self/fd/{handle}"), Path(os.path.realpath(self.root))
        if opened.exists() and base not in Path(os.path.realpath(opened)).parents:
            raise UnsafePathError(f"{path!r} is outside the project {self.root}")


def _decoded(blob: bytes, path: str) -> str:
    try:
        return form.decoded(blob, cookies=False)[0]
    except UnicodeDecodeError as error:
        line = blob[: error.start].count(b"\n") + 1
        raise FormatError("not UTF-8 text", where=Where(file=path, line=line), hint="save it as UTF-8") from None


class Memory:
    """Files that are not written yet."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    def text(self, path: str) -> str | None:
        return self.texts.get(path)

    def code(self, path: str) -> Code:
        return Code(self.texts.get(path))


def is_project(path: Path) -> bool:
    """Whether the folder looks like a Mage project."""
    return path.is_dir() and ((path / "pipelines").is_dir() or (path / METADATA).is_file())


def pipeline_folders(root: Path) -> list[str]:
    """Names of the folders below ``pipelines`` that hold a pipeline."""
    base = root / "pipelines"
    if not base.is_dir():
        return []
    return sorted(each.name for each in base.iterdir() if each.is_dir() and (each / METADATA).is_file())


def metadata_path(folder: str) -> str:
    return f"pipelines/{folder}/{METADATA}"


def folder_of(kind: str) -> str:
    """The folder of a kind's files: the plugin's, or Mage's rule where there is none."""
    if kind in kinds:
        return kinds.get(kind).folder
    return kind if kind in _SINGULAR else f"{kind}s"


def extension_of(language: str) -> str:
    if language in languages:
        return languages.get(language).extension
    return _EXTENSIONS.get(language, language)


def leaves(path: str) -> bool:
    """Whether a path leads out of the project by what it says alone.

    >>> leaves("/home/x/a.py"), leaves("a/../../b"), leaves("a/../b")
    (True, True, False)
    """
    return Path(path).is_absolute() or Path(os.path.normpath(path)).parts[:1] == ("..",)


def file_of(kind: str, uuid: str, language: str, configuration: Mapping[str, Any]) -> str:
    """The path of a block's file in the project."""
    given = configuration.get("file_path")
    if isinstance(given, str) and given:
        return given
    if not re.fullmatch(r"\w+", kind) or not re.fullmatch(r"\w+", language):
        raise UnsafePathError(f"{kind!r} or {language!r} is no word, so the block has no file")
    path = f"{folder_of(kind)}/{uuid}.{extension_of(language)}"
    if leaves(path):
        raise UnsafePathError(f"{path!r} is outside the project")
    return path


def legal(text: str, taken: Collection[str], *, fallback: str = "block") -> str:
    """A legal name near ``text``, none of ``taken`` (which are case-folded).

    >>> legal("dbt/Größe v2!", ()), legal("class", ()), legal("A", {"a"})
    ('dbt_Groe_v2', 'class_', 'A_2')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    base = re.sub(r"\W+", "_", plain)
    base = (re.sub(r"^[\d_]+", "", base).rstrip("_") or fallback)[:63]
    if name_problem(base):
        base = f"{base[:62]}_"
    name, number = base, 2
    while name.casefold() in taken:
        name = f"{base[: 62 - len(str(number))]}_{number}"
        number += 1
    return name


GITIGNORE = """.jupyter_mage/
.file_versions/
.logs/
.variables/
*.duckdb
*.duckdb.wal
__pycache__/
"""
PROJECT = "project_type: standalone\nhelp_improve_mage: false\n"
IO_CONFIG = "version: 0.1.1\ndefault:\n  DUCKDB_DATABASE: mage.duckdb\n  DUCKDB_SCHEMA: main\n"


_WITH_MAGE = frozenset(["mage_ai", "numpy", "pandas", "pyarrow"])


def requirements(texts: Mapping[str, str]) -> str:
    """A line for each package that the Python files import and that Mage does not bring along."""
    python = [text for path, text in texts.items() if path.endswith(".py") and not path.startswith("scratchpads/")]
    modules = {name.split(".")[0] for text in python for name in imported(text)}
    modules |= {"duckdb"} if any(path.endswith(".sql") for path in texts) else set()
    packages = {_package(name) for name in modules - sys.stdlib_module_names - _WITH_MAGE}
    return "".join(f"{name}\n" for name in sorted(packages - {""}))


def _package(module: str) -> str:
    """The package that has this module; empty for one that is not installed from anywhere: the user's own."""
    try:
        return str(metadata.metadata(module)["Name"])
    except metadata.PackageNotFoundError:
        return next(iter(metadata.packages_distributions().get(module, [])), "")


def skeleton(folders: Iterable[str], needs: str, disk: Disk) -> dict[str, str]:
    """The files that a new project needs and has not; of one that is there, only those of folders that it has not."""
    found = {f"{folder}/__init__.py": "" for folder in sorted(set(folders)) if not (disk.root / folder).is_dir()}
    if (disk.root / "pipelines").is_dir():
        return found
    found |= {
        ".gitignore": GITIGNORE,
        "__init__.py": "",
        METADATA: PROJECT,
        "io_config.yaml": IO_CONFIG,
        "requirements.txt": needs,
    }
    return {path: text for path, text in found.items() if disk.text(path) is None}
