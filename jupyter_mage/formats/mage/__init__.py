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

import contextlib
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from ... import graph
from ...errors import FormatError, JupyterMageError, Where, unknown
from ...model import Pipeline, Trigger
from ..problem import Problem
from . import basis, checking, project, reading, triggers, variables, writing
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

    def write(self, pipeline: Pipeline, path: Path, origin: Path | None = None, *, shared: bool = False) -> list[Path]:
        """Write it; nothing is touched where something is wrong. Gives the files that changed.

        ``origin`` is the notebook it stands in: what both changed since they last agreed is merged, or refused with both sides.
        Files that other pipelines use too are replaced only with ``shared``.
        """
        return writing.write(pipeline, path, origin, shared=shared)

    def write_variables(self, pipeline: Pipeline, path: Path) -> None:
        """Write the pipeline's variables, and leave every other line."""
        variables.write(pipeline, path)

    def check(self, path: Path, pipeline: str = "") -> list[Problem]:
        """Everything that is wrong with the project, or with one pipeline of it."""
        return checking.check(path, pipeline)

    def warnings(self, pipeline: Pipeline, path: Path | None = None, origin: Path | None = None) -> list[str]:
        """What Mage would do otherwise than we do, for this pipeline; and what a write to ``path`` would take from there."""
        news = writing.prepare(pipeline, path, origin, shared=True).notes if path is not None else []
        return [*news, *checking.warnings(pipeline)]

    def imported(self, pipeline: Pipeline, path: Path, target: Path) -> Pipeline:
        """The pipeline as the notebook ``target`` will have it; what it and the project agree on is noted in both."""
        folder = str(pipeline.extra.get("uuid", pipeline.name))
        found = basis.of_project(path, folder)
        blocks = pipeline.blocks
        if all(block.carrier == reading.MAGE for block in blocks):  # cells of ours stand as their author wants them
            blocks = tuple(graph.reading_order(blocks, reading.is_still))
        if found is None:
            return dataclasses.replace(pipeline, blocks=blocks)
        with contextlib.suppress(JupyterMageError):  # a project that cannot be written to can be imported
            basis.save(path, folder, target, found)
        return dataclasses.replace(pipeline, blocks=blocks, extra={**pipeline.extra, "jupyter_mage": basis.noted(found)})

    def triggers(self, path: Path, pipeline: str = "") -> tuple[Trigger, ...]:
        """The triggers in ``triggers.yaml``. Raises FormatError with file and line."""
        return triggers.read(Disk(path), pipeline)

    def write_triggers(self, found: Sequence[Trigger], path: Path, pipeline: str) -> bool:
        """Write ``triggers.yaml``; what says the same stays byte for byte. Gives whether the file changed."""
        return triggers.write(found, path, pipeline)


format = Mage()  # noqa: A001 (the name that entry points give it)
