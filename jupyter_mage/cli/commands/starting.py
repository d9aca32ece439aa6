"""Commands that begin something: ``init``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("project", type=click.Path(path_type=Path))
def init(project: Path) -> None:
    """Begin a new Mage project in the folder PROJECT; what is there already is left as it is."""
    from ... import beginning

    written = beginning.begin(project)
    click.echo(f"{len(written)} files in {project}\nnext: jupyter mage export NOTEBOOK.ipynb --to {project}")
