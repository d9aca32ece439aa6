"""The commands of ``jupyter mage``. A new one is a function in a file of this folder, and a word in the tuple below."""

from __future__ import annotations

import click

from . import cells, comparing, files, looking, opening, parameters, running, secrets, starting
from .base import Group


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="jupyter_mage", prog_name="jupyter mage")
def cli() -> None:
    """Pipelines from notebooks and Mage projects: run, plan, look, export.

    PROJECT is a notebook file or a project folder; PIPELINE may be left out where there is only one.
    """


for _command in (
    running.run, running.resume, running.cancel, running.test, running.plan,
    opening.open_, looking.show, looking.logs, looking.runs, looking.cache,
    comparing.verify, comparing.diff,
    files.export, files.import_, files.check, files.list_,
    starting.init, cells.carrier, parameters.variables, parameters.freeze, secrets.secrets,
):  # fmt: skip
    cli.add_command(_command)
