"""Commands that compare: ``verify`` with a fresh process, ``diff`` with a git revision, or of two runs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .base import json_option, opened, print_json, print_table, project_arguments, read_variables, run_json, selecting


@click.command()
@project_arguments
@selecting
@click.option("--effects", is_flag=True, help="Run blocks that change something outside, too.")
@json_option
def verify(project: Path, pipeline: str, selection: str, variables: tuple[str, ...], effects: bool, as_json: bool) -> None:
    """Export it, run that in a fresh process, compare each output with the one kept here; exit code 1 where they differ."""
    from ... import verification

    with opened(project, pipeline) as session:
        try:
            found = session.verify(selection, variables=read_variables(variables), effects=effects)
        except KeyboardInterrupt:
            click.echo("cancelled: the fresh process was ended", err=True)
            sys.exit(130)
    if as_json:
        print_json({"pipeline": found.pipeline, "good": found.good, "blocks": verification.listed(found.verdicts)})
    else:
        click.echo(found.text())
    if not found.good:
        sys.exit(1)


@click.command()
@project_arguments
@click.option("--rev", "revs", multiple=True, metavar="REV", help="A git revision (default: HEAD); again: a second one.")
@click.option("--run", "runs", nargs=2, default=None, help="Two runs to compare instead: their ids, last, -1.")
@click.option("--mermaid", "form", flag_value="mermaid", default="", help="The graph as Mermaid, coloured by what changed.")
@click.option("--markdown", "form", flag_value="markdown", help="A pull request's comment: table, graph, code.")
@json_option
def diff(
    project: Path,
    pipeline: str,
    revs: tuple[str, ...],
    runs: tuple[str, str] | None,
    form: str,
    as_json: bool,
) -> None:
    """The pipeline against a git revision, by meaning: blocks, edges, parameters, options, tests. Or two runs."""
    from ... import changes, report

    if len(revs) > 2 or (revs and runs):
        raise click.UsageError("one or two --rev, or one --run")
    path = project.resolve()
    with opened(project, pipeline) as session:
        if runs:
            found = session.compare(*runs)
            if as_json:
                print_json({"runs": [run_json(found.before), run_json(found.after)], "reasons": found.reasons})
            else:
                print_table(report.diff_table(found.before, found.after, found.reasons))
            return
        changed = session.changes(path, *revs)
        print_json(changes.as_json(changed)) if as_json else click.echo(changes.said(changed, form))
