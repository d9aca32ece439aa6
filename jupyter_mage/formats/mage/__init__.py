"""Mage projects: ``pipelines/<name>/metadata.yaml`` and one file a block. Reading and checking run none of their code.

>>> import tempfile
>>> from jupyter_mage.model import Block, Pipeline
>>> pipeline = Pipeline(name="daily", blocks=(Block(name="raw", source="[1, 2]", header="raw"),))
>>> with tempfile.TemporaryDirectory() as folder:
...     written = format.write(pipeline, Path(folder))
...     format.read(Path(folder), "daily") == pipeline
True
"""

from __future__ import annotations

from pathlib import Path

from ...errors import FormatError, Where, unknown
from ...model import Pipeline
from ..problem import Problem
from . import checking, project, reading, variables, writing
from .project import Disk, is_project, pipeline_folders

__all__ = ["Problem", "check", "format", "project", "warnings"]

warnings = checking.warnings
check = checking.check


class Mage:
    """The format that real Mage reads and writes."""

    name = "mage"

    def accepts(self, path: Path) -> bool:
        return is_project(path)

    def pipelines(self, path: Path) -> list[str]:
        return pipeline_folders(path)

    def read(self, path: Path, pipeline: str = "") -> Pipeline:
        """The pipeline of this name, or the only one. Raises UnknownNameError, FormatError with file and line."""
        found = pipeline_folders(path)
        if not found:
            raise FormatError(
                "no pipelines in it", where=Where(file=str(path)), hint="a folder that has pipelines/NAME/metadata.yaml"
            )
        if not pipeline and len(found) > 1:
            raise FormatError(
                f"several pipelines: {', '.join(found[:12])}", where=Where(file=str(path)), hint=f"say which one: {found[0]}"
            )
        folder = pipeline or found[0]
        if folder not in found:
            raise unknown("pipeline", folder, found)
        return reading.read(Disk(path), folder)

    def write(self, pipeline: Pipeline, path: Path, *, shared: bool = False) -> list[Path]:
        """Write it; nothing is touched where something is wrong. Gives the files that changed.

        Files that other pipelines use too are replaced only with ``shared``.
        """
        return writing.write(pipeline, path, shared=shared)

    def write_variables(self, pipeline: Pipeline, path: Path) -> None:
        """Write the pipeline's variables, and leave every other line."""
        variables.write(pipeline, path)

    def check(self, path: Path, pipeline: str = "") -> list[Problem]:
        """Everything that is wrong with the project, or with one pipeline of it."""
        return checking.check(path, pipeline)

    def warnings(self, pipeline: Pipeline) -> list[str]:
        """What Mage would do otherwise than we do, for this pipeline."""
        return checking.warnings(pipeline)


format = Mage()  # noqa: A001 (the name that entry points give it)
