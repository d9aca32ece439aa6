"""Commands about the cells of a notebook: ``carrier``."""

from __future__ import annotations

from pathlib import Path

import click

from .base import opened


@click.command()
@click.argument("notebook", type=click.Path(path_type=Path))
@click.argument("block")
@click.argument("carrier", metavar="magic|comment|decorator")
def carrier(notebook: Path, block: str, carrier: str) -> None:
    """Write a block's header otherwise: %%block, #| block: or @block. Changes that cell and nothing else of the file."""
    with opened(notebook, "") as session:
        changed = session.switch_carrier(notebook, block, carrier)
    click.echo(f"{block} in {notebook} is carried by a {carrier} {'now' if changed else 'already'}")
