"""Every error this package raises on purpose, in one tree.

::

    JupyterMageError
    ├── DefinitionError          a block or pipeline that cannot be
    │   ├── HeaderError          the ``%%block`` line does not read
    │   ├── BlockSyntaxError     the body does not parse
    │   ├── CycleError           the new edge would close a circle
    │   └── UnknownNameError     no such block, option, kind, language, variable
    ├── ProjectError             files that cannot be read or written
    │   ├── FormatError          broken or hostile YAML, notebook or block file
    │   └── UnsafePathError      a path that leaves the project
    ├── RunError                 a run that did not end well
    │   ├── BlockFailedError     a block or one of its tests raised
    │   └── RunCancelledError    interrupted by the user
    ├── StoreError               outputs and history
    │   ├── NotStorableError     a value that no codec can keep
    │   └── CorruptOutputError   an output that is not what was written
    └── PluginError              an unknown plugin, or one whose extra is missing

A message says what is wrong and what was found; ``where`` says the block, cell and line; ``hint`` is the next thing to type.
"""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A place a person can go to: a file or block, a cell's execution count, a line (1 is the cell's first line)."""

    file: str = ""
    block: str = ""
    cell: int | None = None
    line: int | None = None
    column: int | None = None
    """Of ``code``, from 1."""
    code: str = ""
    """The text that ``column`` is of, where an arrow says more than a number."""

    def __str__(self) -> str:
        parts = [self.file, self.block and f"block {self.block}"]
        parts.append(f"cell [{self.cell}]" if self.cell is not None else "")
        parts.append(f"line {self.line}" if self.line is not None else "")
        parts.append(f"column {self.column}" if self.column is not None else "")
        return ", ".join(part for part in parts if part)

    def pointed(self) -> str:
        """The code with an arrow below its column, in two lines of 80 characters at most; empty where there is none.

        >>> print(Where(column=4, code="raw(clean").pointed())
            raw(clean
               ^
        """
        if not self.code or self.column is None:
            return ""
        start = max(self.column - 60, 0)
        shown = "".join(char if char.isprintable() else "·" for char in self.code[start : start + 80])
        return f"    {shown}\n    {' ' * (self.column - 1 - start)}^"


class JupyterMageError(Exception):
    """Base of all; catch it to catch whatever this package refuses.

    >>> str(JupyterMageError("no block raw", where=Where(block="load", line=2), hint="%pipeline"))
    'no block raw (block load, line 2)\\n  → %pipeline'
    """

    def __init__(self, message: str, *, where: Where | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.where, self.hint)

    def _render_traceback_(self) -> list[str]:
        """What IPython shows for it: the message, not our frames."""
        return str(self).splitlines()

    def __str__(self) -> str:
        place = str(self.where) if self.where else ""
        text = f"{self.message} ({place})" if place else self.message
        arrow = self.where.pointed() if self.where else ""
        text = f"{text}\n{arrow}" if arrow else text
        return f"{text}\n  → {self.hint}" if self.hint else text


def _rebuild(kind: type[JupyterMageError], message: str, where: Where | None, hint: str) -> JupyterMageError:
    return kind(message, where=where, hint=hint)


class DefinitionError(JupyterMageError):
    """A block or pipeline that cannot be; whatever was defined before stays."""


class HeaderError(DefinitionError):
    """The ``%%block`` line does not read."""


class BlockSyntaxError(DefinitionError):
    """The body of a block does not parse in its language."""


class CycleError(DefinitionError):
    """The definition would make a block its own upstream."""


class UnknownNameError(DefinitionError):
    """No block, option, kind, language or variable has this name."""


class ProjectError(JupyterMageError):
    """Files that cannot be read or written."""


class FormatError(ProjectError):
    """A YAML file, notebook or block file that is broken, hostile or not ours."""


class UnsafePathError(ProjectError):
    """A name or path that would leave the project."""


class RunError(JupyterMageError):
    """A run that did not end well."""


class BlockFailedError(RunError):
    """A block, or a test of it, raised; the run's other branches went on."""


class RunCancelledError(RunError):
    """The user interrupted the run; what had finished is kept."""


class StoreError(JupyterMageError):
    """Outputs or history could not be kept or read."""


class NotStorableError(StoreError):
    """A value that no codec can keep and give back equal."""


class CorruptOutputError(StoreError):
    """An output on disk is not what was written; its block has to run again."""


class PluginError(JupyterMageError):
    """An unknown plugin, or one whose optional packages are missing."""


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that ``word`` was most likely meant to be, if any is near.

    >>> nearest("rwa", ["raw", "clean"])
    'raw'
    """
    known = list(choices)
    if len(known) > MANY:  # difflib takes microseconds a choice, and thousands of blocks are thousands of choices
        known = heapq.nsmallest(MANY, known, key=lambda each: _unlike(word, each))
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return found[0] if found else None


MANY = 30


def _unlike(word: str, other: str) -> int:
    """Roughly how many letters differ, in a microsecond: by length, by the letters that are there, and by both ends."""
    ends = (word[:1] != other[:1]) + (word[-2:] != other[-2:])
    return abs(len(word) - len(other)) + len(set(word) ^ set(other)) + ends


def unknown(what: str, word: str, choices: Iterable[str], *, where: Where | None = None, hint: str = "") -> UnknownNameError:
    """The error for a name that is not there: it lists what is, best guess first.

    >>> print(unknown("kind", "tranformer", ["transformer", "custom"]))
    no kind 'tranformer'. Did you mean 'transformer'? There are: custom, transformer
    """
    known = sorted(choices)
    guess = nearest(word, known)
    ask = f" Did you mean {guess!r}?" if guess else ""
    listing = f" There are: {', '.join(known[:12])}{', …' if len(known) > 12 else ''}" if known else " There are none yet."
    return UnknownNameError(f"no {what} {word!r}.{ask}{listing}", where=where, hint=hint)
