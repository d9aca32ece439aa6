"""Verbs about the cells themselves: ``carrier``, ``rename``, ``rm``."""

from __future__ import annotations

import argparse

from ...code.carriers import CARRIERS
from ...errors import unknown
from .base import Notebook, verb


@verb(
    "carrier",
    "the header as a magic, a comment or a decorator",
    (("block",), {}),
    (("carrier",), {"metavar": "|".join(CARRIERS)}),
)
def carrier(notebook: Notebook, given: argparse.Namespace) -> None:
    if given.carrier not in CARRIERS:
        raise unknown("carrier", given.carrier, CARRIERS, hint=f"%pipeline carrier {given.block} comment")
    text = notebook.session.cell_text(given.block, given.carrier)
    print(f"put this in the place of {given.block}'s cell, and run it:\n\n{text}")  # noqa: T201
    if given.carrier == "decorator" and "block" not in notebook.shell.user_ns:
        print("\neditors know the name from a plain cell: from jupyter_mage import block")  # noqa: T201


@verb(
    "rename",
    "a block, in its cell and in all that read it",
    (("block",), {}),
    (("name",), {}),
    examples=("rename raw orders",),
)
def rename(notebook: Notebook, given: argparse.Namespace) -> None:
    _edit(notebook, do="rename", block=given.block, to=given.name)


@verb("rm", "delete a block: its cell, and the cells that test it", (("block",), {}), examples=("rm raw",))
def remove(notebook: Notebook, given: argparse.Namespace) -> None:
    _edit(notebook, do="delete", block=given.block)


def _edit(notebook: Notebook, **wanted: str) -> None:
    from ...editing import Edit

    for line in notebook.session.edit_open(Edit(**wanted)):
        print(line)  # noqa: T201
