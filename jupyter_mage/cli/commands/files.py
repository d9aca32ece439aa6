"""Commands about files: ``export``, ``import``, ``check``, ``list``."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from pathlib import Path

import click

from .base import json_option, opened, print_json, print_table, project_arguments


@click.command()
@project_arguments
@click.option("--to", "target", type=click.Path(path_type=Path), help="The folder; default: <pipeline>_project beside it.")
@click.option("--yes", "-y", "shared", is_flag=True, help="Write blocks that other pipelines use, too: for all of them.")
@json_option
def export(project: Path, pipeline: str, target: Path | None, shared: bool, as_json: bool) -> None:
    """Write the pipeline as a Mage project."""
    target = Path.cwd() / target if target else None
    with opened(project, pipeline) as session:
        path = target or session.root / f"{session.current}_project"
        written, warnings = session.export(path, shared=shared)
        if as_json:
            print_json({"path": str(path), "files": [str(each) for each in written], "warnings": warnings})
            return
        for warning in warnings:
            click.echo(f"! {warning}", err=True)
        click.echo(
            f"{len(written)} files in {path}\nrun it: {shlex.join(['jupyter', 'mage', 'run', str(path), session.current])}"
        )


@click.command(name="import")
@click.argument("project", type=click.Path(path_type=Path))
@click.argument("pipeline")
@click.option("--to", "target", type=click.Path(path_type=Path), help="The notebook to write; default: <pipeline>.ipynb here.")
def import_(project: Path, pipeline: str, target: Path | None) -> None:
    """Write a notebook of a project's pipeline; runs nothing of it."""
    from ... import projects

    path = target or Path(f"{pipeline}.ipynb")
    projects.import_notebook(project, pipeline, path)
    click.echo(f"wrote {path}; nothing of {pipeline} was run")


@click.command()
@click.argument("project", type=click.Path(path_type=Path))
@json_option
def check(project: Path, as_json: bool) -> None:
    """Look for problems, with file and line; runs nothing."""
    from ... import projects

    problems = projects.check(project)
    if as_json:
        print_json(problems)
    else:
        click.echo("\n".join(problems) or "no problems found; nothing was run")
    if problems:
        sys.exit(1)


@click.command(name="list")
@click.argument("project", type=click.Path(path_type=Path))
@json_option
def list_(project: Path, as_json: bool) -> None:
    """The pipelines of a project: type, blocks, triggers; runs nothing."""
    from ... import projects, report

    found = projects.listed(project)
    if as_json:
        print_json([dataclasses.asdict(each) for each in found])
    else:
        print_table(report.pipelines_table(found))
