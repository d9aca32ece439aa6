"""A pipeline's variables in a notebook: lines ``%pipeline vars day=2024-01-01`` of its plain cells, and its metadata."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ...code.parameters import checked
from ...errors import FormatError, JupyterMageError, Where
from ...files import atomic_write
from ...model import Block, Pipeline, name_problem
from .document import Cell, load, raw_json

_LINE = re.compile(r"^[ \t]*%pipeline[ \t]+vars\b(.*)$", re.MULTILINE)


def said(cells: Iterable[Cell]) -> dict[str, tuple[str | None, int]]:
    """What the cells set: each name's text (None where it is unset), and the cell. Nothing is run.

    >>> said([Cell(1, "code", "%pipeline vars day=2024-01-01 n=3\\n%pipeline vars --unset n", 4, {})])
    {'day': ('2024-01-01', 4), 'n': (None, 4)}
    """
    found: dict[str, tuple[str | None, int]] = {}
    for cell in cells:
        for match in _LINE.finditer(cell.source) if cell.sort == "code" else ():
            try:
                words = shlex.split(match[1])
            except ValueError:
                continue  # running the cell says what is wrong with it
            for before, word in zip(["", *words], words, strict=False):
                name, equals, value = word.partition("=")
                if before == "--unset" or (name == "--unset" and equals):
                    found[value or word] = None, cell.number
                elif equals:
                    found[name] = value, cell.number
    return found


def pipeline_noted(path: Path) -> str:
    """The pipeline's name in a notebook's metadata; empty where there is none, or the notebook cannot be read."""
    try:
        found = load(path)[1].get("pipeline")
    except JupyterMageError:
        return ""
    return found if isinstance(found, str) and name_problem(found) is None else ""


def noted(path: Path) -> dict[str, Any]:
    """The variables in a notebook's metadata; none where it cannot be read (whoever reads its cells says why)."""
    try:
        found = load(path)[1].get("variables")
    except JupyterMageError:
        return {}
    return dict(found) if isinstance(found, dict) else {}


def merged(
    noted: Mapping[str, Any], set_: Mapping[str, tuple[str | None, int]], blocks: Iterable[Block], path: Path
) -> dict[str, Any]:
    """The pipeline's variables: those of the metadata, then what cells say. Raises DefinitionError for what does not fit."""
    variables, there = dict(noted), tuple(blocks)
    for name, (value, cell) in set_.items():
        if value is None:
            variables.pop(name, None)
            continue
        try:
            variables |= checked({name: value}, there, variables)
        except JupyterMageError as error:
            error.where = Where(file=str(path), cell=cell)
            raise
    return variables


def write(pipeline: Pipeline, path: Path) -> None:
    """Write the variables into the metadata. Raises FormatError for one that a cell sets: the cell would win."""
    found, ours = load(path)
    noted = ours.get("variables")
    before: Mapping[str, Any] = noted if isinstance(noted, dict) else {}
    for name, (text, cell) in said(found).items():
        if text is not None and (name not in pipeline.variables or str(pipeline.variables[name]) != text):
            raise FormatError(
                f"{name} is set by a cell: %pipeline vars {name}={text}",
                where=Where(file=str(path), cell=cell),
                hint="change it there",
            )
    wanted = {name: value for name, value in pipeline.variables.items() if name in before or name not in said(found)}
    if wanted == before:
        return
    document = raw_json(path)
    notes = document.setdefault("metadata", {}).setdefault("jupyter_mage", {})
    notes["variables"] = wanted
    if not wanted:
        del notes["variables"]
    if not notes:
        del document["metadata"]["jupyter_mage"]
    atomic_write(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
