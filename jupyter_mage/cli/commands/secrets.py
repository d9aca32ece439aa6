"""``jupyter mage secrets set|list|rm``: values that a project needs and no file of it shows."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from .base import Group, json_option, print_json


@click.group(cls=Group)
def secrets() -> None:
    """Secrets of a project: blocks read them by name, and what is printed shows them as ***."""


def _of_project(command: Callable[..., Any]) -> Callable[..., Any]:
    folder = click.Path(path_type=Path, exists=True, file_okay=False)
    return click.option("--project", "-p", type=folder, default=Path(), help="The project's folder; default: here.")(command)


@secrets.command(name="set")
@click.argument("name")
@click.option("--keyring", is_flag=True, help="Keep the value in the system's keyring, not in a file of yours.")
@_of_project
def set_(name: str, keyring: bool, project: Path) -> None:
    """Keep a secret; its value is asked for, or read from a pipe. An argument could be seen by everybody on the machine."""
    from ... import vault

    if sys.stdin.isatty():
        value = click.prompt(f"{name}", hide_input=True, confirmation_prompt=True)
    else:
        value = sys.stdin.read().removesuffix("\n")
    vault.put(project.resolve(), name, value, keyring=keyring)
    place = "the system's keyring" if keyring else f"{project / vault.FILE}, readable by you alone"
    click.echo(f"{name} is kept in {place}")
    click.echo(f"  → {{{{ mage_secret_var('{name}') }}}} in io_config.yaml, get_secret_value('{name}') in a block")


@secrets.command(name="list")
@_of_project
@json_option
def list_(project: Path, as_json: bool) -> None:
    """The names of the project's secrets, and where each is kept; no values."""
    from ... import vault

    found = vault.names(project.resolve())
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(f"{name}  ({place})" for name, place in found.items()) or "no secrets")


@secrets.command(name="rm")
@click.argument("name")
@_of_project
def rm(name: str, project: Path) -> None:
    """Forget a secret."""
    from ... import vault

    vault.remove(project.resolve(), name)
    click.echo(f"{name} is forgotten")
