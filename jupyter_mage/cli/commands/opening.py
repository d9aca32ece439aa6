"""The command that looks into a block: ``open``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .base import opened, project_arguments


@click.command(name="open")
@project_arguments
@click.argument("block", required=False, default="")
@click.option("--ipython", is_flag=True, help="Start IPython with the inputs bound and the body typed in.")
def open_(project: Path, pipeline: str, block: str, ipython: bool) -> None:
    """A block's real inputs and its body, as the text of a plain cell.

    BLOCK is clean, RUN/clean of one run, or score[3] of a mapped block. A block that failed comes with what it failed on.
    """
    if not block:  # PIPELINE may be left out
        pipeline, block = "", pipeline
    if not block:
        raise click.UsageError("name a block: jupyter mage open PROJECT BLOCK")
    where = f"Session.open(Path({str(project.resolve())!r}){f', {pipeline!r}' if pipeline else ''})"
    head = f"from pathlib import Path\n\nfrom jupyter_mage import Session\n\nblocks = {where}.blocks\n"
    with opened(project, pipeline) as session:
        text = session.open_cell(block)
        if not ipython:
            click.echo(head + text, nl=False)
        else:
            _interactive({"blocks": session.blocks}, text)


def _interactive(names: dict[str, Any], text: str) -> None:
    """IPython on a terminal: the inputs are loaded, the body stands at the prompt."""
    from IPython.terminal.ipapp import TerminalIPythonApp

    inputs, _, body = text.partition("\n\n")
    app: Any = TerminalIPythonApp.instance(display_banner=False)
    app.initialize([])
    app.shell.user_ns.update(names)
    click.echo(inputs)
    app.shell.run_cell(inputs, store_history=False)
    app.shell.set_next_input(body.rstrip("\n"))
    app.start()
