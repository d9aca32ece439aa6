"""What a body's imports reach: project-local modules, by content, and installed packages, by version. Imports nothing."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from types import ModuleType

_STDLIB = sys.stdlib_module_names


@lru_cache(maxsize=8192)
def imported(source: str) -> tuple[str, ...]:
    """Dotted names of the modules that ``source`` imports, anywhere in it.

    >>> imported("import pandas as pd\\ndef f():\\n    from lib.clean import tidy")
    ('lib.clean', 'pandas')
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return tuple(sorted(found))


def local_modules(sources: Iterable[str], root: Path) -> dict[str, str]:
    """Each project file that these sources' imports reach (through others too), with a hash of its content."""
    files: dict[str, str] = {}
    waiting = [name for source in sources for name in imported(source)]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name.split(".")[0] in _STDLIB:
            continue
        seen.add(name)
        for path in _module_files(name, root):
            text, content = _read(str(path), path.stat().st_mtime_ns)
            files[path.relative_to(root).as_posix()] = content
            waiting.extend(imported(text))
    return dict(sorted(files.items()))


def packages(sources: Iterable[str], root: Path) -> set[str]:
    """Top-level names of what these sources import that is neither the standard library's nor the project's own.

    >>> packages(["import json, pandas.testing"], Path("."))
    {'pandas'}
    """
    tops = {name.split(".")[0] for source in sources if "import" in source for name in imported(source)}
    return {name for name in tops - _STDLIB if not _module_files(name, root)}


def _module_files(name: str, root: Path) -> list[Path]:
    parts = name.split(".")
    found = []
    for end in range(1, len(parts) + 1):
        base = root.joinpath(*parts[:end])
        found += [path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()]
    return found


@lru_cache(maxsize=1024)
def _read(path: str, _modified: int) -> tuple[str, str]:
    import xxhash

    blob = Path(path).read_bytes()
    return blob.decode("utf-8", "replace"), xxhash.xxh3_128_hexdigest(blob)


def file_content(path: Path) -> str:
    """A hash of a file's content (of names and content, for a folder), or ``missing``; read again when it was touched."""
    try:
        found = path.stat()
    except OSError:
        return "missing"
    if path.is_dir():
        parts = [f"{each.name} {file_content(each)}" for each in sorted(path.iterdir()) if not each.name.startswith(".")]
        return _hash("\n".join(parts).encode())
    return _hash_file(str(path), found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=4096)
def _hash_file(path: str, _modified: int, _size: int) -> str:
    import xxhash

    digest = xxhash.xxh3_128()
    with Path(path).open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _hash(blob: bytes) -> str:
    import xxhash

    return xxhash.xxh3_128_hexdigest(blob)


_seen: dict[str, int] = {}


def watch_modules(root: Path) -> None:
    """Remember how the loaded modules of the project stand on disk."""
    for name, path in _loaded(root):
        if name not in _seen:
            _seen[name] = _modified(path)


def forget_modules(root: Path, *, changed_only: bool = False) -> bool:
    """Drop the project's modules, so that they are imported afresh; with ``changed_only`` only if one of them was edited."""
    loaded = _loaded(root)
    if changed_only and all(_seen.get(name, _modified(path)) == _modified(path) for name, path in loaded):
        return False
    for name, _ in loaded:
        cached = getattr(sys.modules.pop(name, None), "__cached__", None)
        if cached:
            Path(cached).unlink(missing_ok=True)  # it is told by whole seconds: two edits in one would look like none
        _seen.pop(name, None)
    importlib.invalidate_caches()
    return bool(loaded)


_outside: dict[str, dict[str, ModuleType]] = {}
"""For each root, the loaded modules that are known not to be below it: they are hundreds, and are looked at once."""


_nothing_loaded: dict[str, dict[str, ModuleType]] = {}
"""For each root, the loaded modules when last none of them was below it."""


def _loaded(root: Path) -> list[tuple[str, str]]:
    start = f"{root}/"
    if sys.modules == _nothing_loaded.get(start):  # by identity, and faster than a look at each
        return []
    outside = (f"{sys.prefix}/", f"{root}/.venv/")
    found = []
    known = _outside.setdefault(start, {})
    for name, module in sys.modules.copy().items():
        if known.get(name) is module:
            continue
        path = getattr(module, "__file__", None)
        if path and path.startswith(start) and not path.startswith(outside) and not name.startswith("jupyter_mage"):
            found.append((name, path))
        else:
            known[name] = module
    if not found:
        _nothing_loaded[start] = dict(sys.modules)
    return found


def _modified(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return -1


def package_versions(sources: Iterable[str], *, local: Iterable[str] = ()) -> dict[str, str]:
    """The installed version of each package that these sources import; the standard library is Python's version.

    ``local`` are project files (from `local_modules`), which are no packages.

    >>> "json" in package_versions(["import json"])
    False
    """
    ours = {path.split("/")[0].removesuffix(".py") for path in local}
    tops = {name.split(".")[0] for source in sources for name in imported(source)}
    versions = {name: _version(name) for name in sorted(tops - _STDLIB - ours)}
    return {name: version for name, version in versions.items() if version}


@lru_cache(maxsize=1024)
def _version(module: str) -> str:
    """The version of the package that has this module: the one of its name, else the one whose list of files has it."""
    from importlib import metadata  # a fifth of what a worker imports, where it is imported

    try:
        return metadata.version(module)
    except metadata.PackageNotFoundError:
        pass
    starts = (f"\n{module}/", f"\n{module}.py,", f"\n{module}.")
    for distribution in metadata.distributions():
        record = "\n" + (distribution.read_text("RECORD") or "")
        if any(start in record for start in starts):
            return distribution.version
    return ""
