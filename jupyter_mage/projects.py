"""Pipelines on disk: which format a path is, read, checked and converted. Runs none of a project's code."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import advice, graph, revisions
from .engine import runs
from .errors import JupyterMageError, ProjectError, Where, unknown
from .formats.notebook import variables as notebook_variables
from .model import Block, Pipeline, Trigger, legal_name
from .plugins import Format, formats, kinds, languages


def format_of(path: Path) -> Format:
    """The format that takes this path. Raises ProjectError."""
    if not path.exists():
        raise ProjectError(f"{path} does not exist", hint="jupyter mage run NOTEBOOK.ipynb, or PROJECT PIPELINE")
    for name in formats.at_hand():
        plugin = formats.get(name)
        if plugin.accepts(path):
            return plugin
    raise ProjectError(f"{path} is neither a notebook nor a Mage project", hint="a project has pipelines/<name>/metadata.yaml")


def names(path: Path) -> list[str]:
    """The pipelines at this path."""
    return format_of(path).pipelines(path)


def read(path: Path, pipeline: str = "") -> Pipeline:
    """The pipeline of this name at this path, or the only one."""
    plugin = format_of(path)
    if pipeline and pipeline not in (there := plugin.pipelines(path)):
        raise unknown("pipeline", pipeline, there, where=Where(file=str(path)))
    return plugin.read(path, pipeline)


def read_at(path: Path, pipeline: str, revision: str) -> Pipeline:
    """The pipeline as it was at a git revision; one without blocks where the file or pipeline was not there yet.

    Raises ProjectError where git, the checkout or the revision is missing; FormatError where it did not read.
    """
    with revisions.at(path, revision) as copy:
        if copy is None:
            return Pipeline(name=pipeline)
        try:
            plugin = format_of(copy)
            there = plugin.pipelines(copy)
            if copy.is_dir() and pipeline not in there:
                return Pipeline(name=pipeline)
            return plugin.read(copy, pipeline)
        except JupyterMageError as error:
            was = error.where or Where()
            error.where = dataclasses.replace(was, file=f"{path.name} at {revision}")
            raise


def as_now(pipeline: Pipeline, path: Path) -> Pipeline:
    """The pipeline as its file has it, with what the kernel has defined since: cells that have not run here count too."""
    if not path.exists():
        return pipeline
    saved = format_of(path).read(path, pipeline.name)
    blocks = [_newer(block, pipeline.get(block.name)) for block in saved]
    new = [block for block in pipeline if block.name not in saved]
    return graph.resolve(dataclasses.replace(saved, blocks=(*blocks, *new)))


def _newer(saved: Block, here: Block | None) -> Block:
    """The kernel's block where its text is another than the file's; equal text is read in one way only."""
    if here is None or (here.source, here.header, here.tests) == (saved.source, saved.header, saved.tests):
        return saved
    return here


def file_of(root: Path, pipeline: str) -> Path:
    """The notebook or project in ``root`` that has this pipeline. Raises ProjectError where none or several may be meant."""
    plugin = formats.get("mage")
    if plugin.accepts(root) and pipeline in plugin.pipelines(root):
        return root
    found = [each for each in sorted(root.glob("*.ipynb")) if name_of(each) == pipeline]
    if len(found) != 1:
        raise ProjectError(f"it is not known which file pipeline {pipeline} stands in", hint="say it: --file NOTEBOOK.ipynb")
    return found[0]


def root_of(path: Path) -> Path:
    """The folder that relative paths in blocks, local modules and the state folder belong to."""
    full = Path(os.path.realpath(path))
    return full if full.is_dir() else full.parent


def make_importable(root: Path) -> None:
    """Let blocks import the project's own modules: ``import helpers`` and, as in Mage, ``from <project>.utils import …``."""
    for folder in (str(root.parent), str(root)):
        if folder not in sys.path:
            sys.path.insert(0, folder)


def check(path: Path) -> list[str]:
    """Every problem of the notebook or project at ``path``, with file and line."""
    plugin = format_of(path)
    found = [str(problem) for problem in plugin.check(path)]
    if found:
        return found
    for name in plugin.pipelines(path):
        try:
            found += problems(graph.resolve(plugin.read(path, name)))
        except JupyterMageError as error:
            found.append(str(error))
    return found


def problems(pipeline: Pipeline) -> list[str]:
    """What would stop this pipeline from running clean, one line each."""
    found = [str(each) for each in graph.missing(pipeline)]
    try:
        graph.order(pipeline)
    except JupyterMageError as error:
        found.append(str(error))
    for block in pipeline:
        if block.kind not in kinds:
            found.append(f"{block.name}: no kind {block.kind!r} here; it would not run")
        if block.language not in languages and runs(block):
            found.append(f"{block.name}: no language {block.language!r} here; it would not run")
        if runs(block):
            found += [advice.unknown_note(pipeline, block, name) for name in advice.unknown_names(pipeline, block)]
        found += [f"{block.name} reads {leak.name}, which a clean run does not have" for leak in block.leaks if runs(block)]
    return found


def import_notebook(project: Path, pipeline: str, target: Path) -> Pipeline:
    """Write a notebook of a project's pipeline. Refuses to replace a file."""
    if target.exists():
        raise ProjectError(f"{target} exists and is left as it is", hint="--to ANOTHER.ipynb")
    plugin, found = format_of(project), read(project, pipeline)
    formats.get("notebook").write(plugin.imported(found, project, target), target)
    return found


def name_of(notebook: Path) -> str:
    """What a notebook's pipeline is called: as its metadata says (an imported one's does), else after its file; reads no cell."""
    return notebook_variables.pipeline_noted(notebook) or legal_name(notebook.stem)


def variables_of(notebook: Path) -> dict[str, Any]:
    """The variables that a notebook's file keeps for its pipeline; reads no cell."""
    return notebook_variables.noted(notebook)


def write_variables(path: Path, pipeline: Pipeline) -> None:
    """Write the pipeline's variables into its file at ``path``; everything else in it stays as it is. Raises ProjectError."""
    format_of(path).write_variables(pipeline, path)


def texts(pipeline: Pipeline) -> dict[str, Any]:
    """All that files of this pipeline would show, by what it is."""
    found: dict[str, Any] = {f"variable {name}": value for name, value in pipeline.variables.items()}
    for block in pipeline:
        captured = "\n".join(each.source for each in block.captured)
        tests = "\n".join(each.source for each in block.tests)
        found[f"block {block.name}"] = "\n".join((block.header, block.source, captured, tests))
    return found


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A pipeline as a list of them shows it."""

    name: str
    type: str = ""
    blocks: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """How many blocks of each kind."""
    triggers: tuple[Trigger, ...] = ()
    problem: str = ""
    """Why it does not read, or empty."""


def listed(path: Path) -> list[Listed]:
    """The pipelines at this path and what they are made of. One that does not read is there with the reason."""
    plugin, found = format_of(path), []
    for name in plugin.pipelines(path):
        try:
            pipeline, triggers_of = plugin.read(path, name), plugin.triggers(path, name)
        except JupyterMageError as error:
            found.append(Listed(name=name, problem=str(error)))
            continue
        kinds_of = Counter(block.kind for block in pipeline)
        type_ = str(pipeline.extra.get("type", "python"))
        found.append(Listed(name=name, type=type_, blocks=dict(kinds_of), triggers=triggers_of))
    return found


def triggers(path: Path, pipeline: str) -> tuple[Trigger, ...]:
    """What starts runs of this pipeline. Raises FormatError with file and line."""
    return format_of(path).triggers(path, pipeline)


def laid_out(pipeline: Pipeline, layout: Pipeline) -> Pipeline:
    """The kernel's blocks among the notebook's text cells, in the notebook's order; blocks that it lacks come last.

    What only the notebook's file knows goes along: where a block was imported from, cells of blocks that do not run here, and
    imported blocks whose cells were not run yet.
    """
    placed = [
        _with_notes(pipeline[each.name], each) if each.name in pipeline else each
        for each in layout
        if each.name in pipeline or not runs(each) or each.problem or each.is_file
    ]
    placed_names = {each.name for each in placed}
    return dataclasses.replace(
        pipeline,
        blocks=(*placed, *(each for each in pipeline if each.name not in placed_names)),
        description=pipeline.description or layout.description,
        variables=pipeline.variables or layout.variables,
        extra={**layout.extra, **pipeline.extra},
    )


def _with_notes(block: Block, noted: Block) -> Block:
    """The kernel's block, with what its cell's metadata says: the kernel has the cell's text only."""
    fields = ("label", "callbacks", "dynamic", "reduce", "replicates", "carrier")
    if noted.carrier != block.carrier and noted.source == block.source and noted.upstreams == block.upstreams:
        return dataclasses.replace(noted, cell=block.cell, cell_number=block.cell_number)
    usual = {field.name: field.default for field in dataclasses.fields(Block)}
    missing = {name: getattr(noted, name) for name in fields if getattr(block, name) == usual[name]}
    return dataclasses.replace(block, extra={**noted.extra, **block.extra}, **missing)
