"""Verbs about files: ``export``, ``import``, ``use``, ``detach``, ``check``."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from ... import projects
from .base import Notebook, notebook_path, verb

_YES = (("--yes", "-y"), {"action": "store_true", "help": "write blocks that other pipelines use, too: for all of them"})


@verb("export", "writes the Mage project", (("path",), {"nargs": "?", "default": ""}), _YES)
def export(notebook: Notebook, given: argparse.Namespace) -> None:
    session = notebook.session
    path = Path(given.path) if given.path else session.root / f"{session.current}_project"
    written, warnings = session.export(path, notebook=notebook_path(), shared=given.yes)
    for warning in warnings:
        print(f"! {warning}")  # noqa: T201
    again = shlex.join(["jupyter", "mage", "run", str(path), session.current])
    print(f"{len(written)} files in {path}\nrun it: {again}")  # noqa: T201


@verb("import", "a notebook of a project's pipeline", (("project",), {}), (("name",), {}), (("--to",), {"default": ""}))
def import_(_: Notebook, given: argparse.Namespace) -> None:
    target = Path(given.to or f"{given.name}.ipynb")
    projects.import_notebook(Path(given.project), given.name, target)
    print(f"wrote {target}; nothing of {given.name} was run")  # noqa: T201


_FROM = (("--from",), {"dest": "source", "type": Path, "metavar": "PROJECT", "help": "default: the project here"})


@verb("use", "a project's block in a cell that is linked to it", (("name",), {}), _FROM, (("--pipeline",), {"default": ""}))
def use(notebook: Notebook, given: argparse.Namespace) -> None:
    shared = notebook.session.use(given.name, given.source, pipeline=given.pipeline)
    notebook.shell.set_next_input(shared.cell)
    print(shared.said())  # noqa: T201


@verb("detach", "makes a linked block a copy", (("block",), {}))
def detach(notebook: Notebook, given: argparse.Namespace) -> None:
    header = notebook.session.detach(given.block)
    print(f"{given.block} is a copy now; its cell has to say so too: %%block {header}")  # noqa: T201


@verb("check", "looks for problems, runs nothing", (("path",), {"nargs": "?", "default": ""}))
def check(notebook: Notebook, given: argparse.Namespace) -> None:
    problems = notebook.session.check(Path(given.path) if given.path else None)
    print("\n".join(problems) or "no problems found; nothing was run")  # noqa: T201
