"""Notebooks (``.ipynb``), read from their text and written as Jupyter writes them. Runs nothing.

Cells become blocks in their order: ``%%block`` cells what they say, plain code and text cells blocks that never run (scratchpad,
markdown), so that a notebook comes back cell by cell. Outputs, attachments and cell ids are not part of a pipeline.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from ...errors import FormatError, JupyterMageError, Where, unknown
from ...files import atomic_write
from ...model import Pipeline, Trigger, check_name
from ..problem import Problem, problem_of
from . import variables
from .document import load, own_name
from .reading import Reader
from .writing import keep_what_is_there, made_cells, pipeline_notes, unique_ids

__all__ = ["format"]


class Notebook:
    """The format of Jupyter notebooks."""

    name = "notebook"

    def accepts(self, path: Path) -> bool:
        return path.suffix == ".ipynb"

    def pipelines(self, path: Path) -> list[str]:
        """The notebook's own pipeline, and those that headers name with ``--pipeline``."""
        found, ours = load(path)
        reader = Reader(path, own_name(path, ours))
        reader.place(found)
        return list(dict.fromkeys([reader.default, *reader.cells]))

    def read(self, path: Path, pipeline: str = "") -> Pipeline:
        """The notebook's pipeline, under this name; or the one that headers call so.

        Raises FormatError that names the cell and line of everything that does not read.
        """
        found, ours = load(path)
        reader = Reader(path, own_name(path, ours))
        reader.place(found)
        if pipeline and pipeline not in reader.cells:
            if len(reader.cells) > 1:
                raise unknown("pipeline", pipeline, reader.cells)
            reader.rename(check_name(pipeline, "pipeline name"))
        return reader.pipeline(pipeline or reader.default, ours)

    def write_variables(self, pipeline: Pipeline, path: Path) -> None:
        """Write the pipeline's variables into the notebook's metadata; cells and outputs stay."""
        variables.write(pipeline, path)

    def check(self, path: Path) -> list[Problem]:
        """Everything that is wrong with the notebook's cells."""
        try:
            found, ours = load(path)
        except JupyterMageError as error:
            return [problem_of(error, str(path))]
        reader = Reader(path, own_name(path, ours))
        reader.place(found)
        for name in reader.cells:
            with contextlib.suppress(JupyterMageError):  # they are in its list
                reader.pipeline(name, ours)
        return list(dict.fromkeys(problem_of(error, str(path)) for error in reader.problems))

    def warnings(self, pipeline: Pipeline, path: Path | None = None, origin: Path | None = None) -> list[str]:  # noqa: ARG002
        """None: a notebook is where pipelines are at home."""
        return []

    def imported(self, pipeline: Pipeline, path: Path, target: Path) -> Pipeline:  # noqa: ARG002 (the protocol's)
        """The pipeline as it is."""
        return pipeline

    def triggers(self, path: Path, pipeline: str = "") -> tuple[Trigger, ...]:  # noqa: ARG002 (the protocol's)
        """None: they belong to a project."""
        return ()

    def write(self, pipeline: Pipeline, path: Path, origin: Path | None = None, *, shared: bool = False) -> list[Path]:  # noqa: ARG002
        """Write the notebook. One that is there keeps its outputs where cells are equal; where cells would go, it is refused."""
        made = list(made_cells(pipeline))
        metadata: dict[str, Any] = {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
        if path.exists():
            metadata |= keep_what_is_there(path, made)
        unique_ids(made)
        metadata["jupyter_mage"] = pipeline_notes(pipeline, path)
        if not metadata["jupyter_mage"]:
            del metadata["jupyter_mage"]
        document = {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
        text = json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
        try:
            blob = text.encode()
        except UnicodeEncodeError:
            raise FormatError("a cell holds half a character (a lone surrogate)", where=Where(file=str(path))) from None
        if path.is_file() and path.read_bytes() == blob:
            return []
        atomic_write(path, blob)
        return [path]


format = Notebook()  # noqa: A001 (the name that entry points give it)
