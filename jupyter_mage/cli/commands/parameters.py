"""Commands about what blocks get: ``vars``, ``freeze``."""

from __future__ import annotations

from pathlib import Path

import click

from .base import json_option, opened, print_json, print_table, read_variables


@click.command(name="vars")
@click.argument("project", type=click.Path(path_type=Path))
@click.argument("given", nargs=-1, metavar="[PIPELINE] [NAME=VALUE]…")
@click.option("--unset", multiple=True, metavar="NAME", help="Take a variable away; may be given again.")
@json_option
def variables(project: Path, given: tuple[str, ...], unset: tuple[str, ...], as_json: bool) -> None:
    """List a pipeline's variables, or set them in its file; everything else in the file stays."""
    from ... import projects, report
    from ...variables import listed

    pipeline, pairs = (given[0], given[1:]) if given and "=" not in given[0] else ("", given)
    project = project.absolute()
    with opened(project, pipeline) as session:
        if pairs or unset:
            session.set_variables(read_variables(pairs, "jupyter mage vars PROJECT"), unset)
            projects.write_variables(project, session.pipeline)
        found = listed(session.pipeline)
        if as_json:
            print_json([report.variable_json(each) for each in found])
        else:
            print_table(report.variables_table(found))


@click.command()
@click.argument("project", type=click.Path(path_type=Path))
@click.argument("names", nargs=-1, required=True, metavar="[PIPELINE] BLOCK")
@click.option(
    "--rows", type=click.IntRange(min=1), default=100, show_default=True, help="Rows or items to keep of each upstream."
)
@click.option(
    "--mask", multiple=True, metavar="COLUMN", help="Replace its values by pseudonyms; may be given again, or with commas."
)
@json_option
def freeze(project: Path, names: tuple[str, ...], rows: int, mask: tuple[str, ...], as_json: bool) -> None:
    """Keep a sample of a block's real inputs, for its tests."""
    import os

    from ... import report

    if len(names) > 2:
        raise click.UsageError("freeze PROJECT [PIPELINE] BLOCK")
    with opened(project, names[0] if len(names) == 2 else "") as session:
        frozen = session.freeze(names[-1], rows=rows, mask=mask)
        if as_json:
            print_json({"folder": str(frozen.folder), "files": [str(each) for each in frozen.files]})
        else:
            click.echo(report.frozen_text(names[-1], frozen, os.path.relpath(frozen.folder)))
