"""Commands that begin something: ``init``."""

from __future__ import annotations

import re
from pathlib import Path

import click


@click.command()
@click.argument("project", type=click.Path(path_type=Path))
@click.option(
    "--project-type", type=click.Choice(["standalone", "main", "sub"]), default="standalone", help="For Mage: noted only."
)
@click.option("--project-uuid", default="", metavar="TEXT", help="For Mage: noted only.")
@click.option("--cluster-type", hidden=True)
def init(project: Path, project_type: str, project_uuid: str, cluster_type: str | None) -> None:
    """Begin a new Mage project in the folder PROJECT; what is there already is left as it is."""
    from ... import beginning

    if cluster_type is not None:
        raise click.UsageError("--cluster-type is for the workspaces of Mage's own server, which is not here: leave it out")
    if not re.fullmatch(r"[\w-]*", project_uuid):
        raise click.UsageError(f"--project-uuid is letters, digits, - and _, not {project_uuid:.40}")
    written = beginning.begin(project, type_=project_type, uuid=project_uuid)
    click.echo(f"{len(written)} files in {project}\nnext: jupyter mage export NOTEBOOK.ipynb --to {project}")
