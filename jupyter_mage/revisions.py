"""A notebook or project as it was at a git revision, read with the ``git`` command. Nothing is checked out, nothing is run."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from .errors import ProjectError, Where
from .files import atomic_write

LARGEST = 1_000_000
"""Bytes that a project's file may have to be read; notebooks may have more."""
_READ = frozenset({".yaml", ".yml", ".py", ".sql", ".r", ".md"})


def is_revision(text: str, path: Path) -> bool:
    """Whether git knows ``text`` as a commit (a branch, a tag, ``HEAD~2`` …) in the checkout that ``path`` is in."""
    if "\0" in text:  # no program can be given such a word
        return False
    try:
        return _run(path, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{text}^{{commit}}").returncode == 0
    except ProjectError:
        return False


def compared(words: Sequence[str], path: Path, is_run: Callable[[str], bool]) -> str:
    """What words behind ``diff`` mean: ``runs`` or ``revisions`` (as no words do).

    Raises ProjectError where a word is neither or may be both.
    """
    sorts = [(is_run(word), is_revision(word, path)) for word in words]
    if all(revision and not run for run, revision in sorts):
        return "revisions"
    if all(run and not revision for run, revision in sorts):
        return "runs"
    for word, (run, revision) in zip(words, sorts, strict=True):
        if run and revision:
            raise ProjectError(
                f"{word} is a run and a git revision", hint=f"say which: %pipeline diff --rev {word}, or diff --run {word}"
            )
        if not run and not revision:
            raise ProjectError(f"{word!r} is neither a run nor a git revision here", hint="%pipeline runs; git branch --all")
    raise ProjectError(f"{words[0]} and {words[1]} are a run and a git revision", hint="two runs, or two revisions")


def commit(text: str, path: Path) -> str:
    """The full id of the commit that ``text`` names. Raises ProjectError where it names none."""
    found = _run(path, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{text}^{{commit}}")
    if found.returncode:
        raise ProjectError(
            f"{text!r} is no revision here", where=Where(file=str(path)), hint="git branch --all; git log --oneline"
        )
    return found.stdout.decode().strip()


@contextmanager
def at(path: Path, revision: str) -> Iterator[Path | None]:
    """A copy of the notebook file or project folder ``path`` as it was; None where that revision has none.

    Raises ProjectError where git, the checkout or the revision is missing.
    """
    full = path.resolve()
    wanted = commit(revision, full)
    top = Path(_said(full, "rev-parse", "--show-toplevel").decode().rstrip("\n")).resolve()
    inside = PurePosixPath(full.relative_to(top).as_posix())
    with tempfile.TemporaryDirectory(prefix="jupyter_mage_revision_") as folder:
        target = Path(folder) / full.name
        entries = _listed(full, wanted, inside, folder=full.suffix != ".ipynb")
        for name, blob in _contents(full, entries):
            place = target / name.relative_to(inside) if name != inside else target
            atomic_write(place, blob, durable=False)
        yield target if entries else None


def _listed(path: Path, wanted: str, inside: PurePosixPath, *, folder: bool) -> list[tuple[PurePosixPath, str]]:
    """Name and object id of the ordinary files below ``inside`` that a pipeline is read from."""
    out = _said(path, "ls-tree", "-r", "-z", "-l", "--full-tree", wanted, "--", *([str(inside)] if str(inside) != "." else []))
    found = []
    for line in out.decode("utf-8", "surrogateescape").split("\0"):
        if not line:
            continue
        facts, _, name = line.partition("\t")
        mode, _, identity, size = facts.split()
        place = PurePosixPath(name)
        wanted_here = place == inside or (folder and place.suffix.lower() in _READ and int(size) <= LARGEST)
        if mode in ("100644", "100755") and wanted_here:
            found.append((place, identity))
    return found


def _contents(path: Path, entries: Sequence[tuple[PurePosixPath, str]]) -> Iterator[tuple[PurePosixPath, bytes]]:
    out = _said(path, "cat-file", "--batch", stdin="".join(f"{identity}\n" for _, identity in entries).encode())
    position = 0
    for name, _ in entries:
        end = out.index(b"\n", position)
        size = int(out[position:end].split()[2])
        yield name, out[end + 1 : end + 1 + size]
        position = end + 1 + size + 1


def _said(path: Path, *words: str, stdin: bytes = b"") -> bytes:
    done = _run(path, *words, stdin=stdin)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().removeprefix("fatal: ") or f"git {words[0]} failed"
        raise ProjectError(reason, where=Where(file=str(path)))
    return done.stdout


def _run(path: Path, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run git where ``path`` is. Raises ProjectError where there is no git, or no checkout."""
    folder = path if path.is_dir() else path.parent
    command = ["git", "-C", str(folder), *words]
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, check=False)  # noqa: S603 (git, with our own words)
    except FileNotFoundError:
        raise ProjectError(
            "there is no git command on this machine", hint="install git, or compare runs: %pipeline diff -2 -1"
        ) from None
    if done.returncode == 128 and b"not a git repository" in done.stderr:
        raise ProjectError(f"{folder} is in no git checkout", hint="git init, or compare two runs: %pipeline diff -2 -1")
    return done
