"""What is wrong with a file, as a value: where, what, and whether it cannot be read because of it."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import JupyterMageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong.

    >>> print(Problem(file="pipelines/p/metadata.yaml", line=3, message="a is its own upstream"))
    pipelines/p/metadata.yaml:3: a is its own upstream
    """

    file: str
    line: int | None
    message: str
    fatal: bool = False
    """Whether the pipeline cannot be read because of it."""
    cell: int | None = None
    """Of a notebook, the cell's place; ``line`` is then the cell's."""

    def __str__(self) -> str:
        if self.cell is not None:
            return f"{self.file}, cell [{self.cell}], line {self.line or 1}: {self.message}"
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


def problem_of(error: JupyterMageError, file: str, *, fatal: bool = True) -> Problem:
    """An error as a problem of this file."""
    where = error.where
    line, cell = (where.line, where.cell) if where else (None, None)
    return Problem(file=file, line=line, cell=cell, message=error.message, fatal=fatal)
