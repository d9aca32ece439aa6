"""The graph edits the text: the cells' new texts, for whoever holds the notebook to put in. Defines nothing."""

from __future__ import annotations

from typing import Any, TypedDict

from ..editing import Edit
from ..errors import JupyterMageError
from ..session import Session
from .given import Given


class NewCell(TypedDict):
    """A cell that an edit adds."""

    source: str
    below: str
    """The id of the cell above it, or empty."""
    select: list[int]


class Edited(TypedDict):
    """What an edit comes to."""

    texts: list[list[str]]
    """Id and new text of each cell that changes."""
    removed: list[str]
    added: list[NewCell]
    select: list[int]
    """Of the first text, from where to where a person may want to type over; empty for nowhere."""
    command: str
    notes: list[str]


def edit(session: Session, given: Given) -> Edited:
    """``do`` with ``block`` and ``to`` (see `editing.Edit`), in the ``cells``: id and text of each code cell, in their order."""
    wanted = Edit(do=given.text("do"), block=given.text("block"), to=given.text("to"))
    try:
        found = session.edit(given.pairs("cells"), wanted)
    except JupyterMageError as error:
        error.where = None  # a place in a text that there is not
        raise
    return {
        "texts": [[each, text] for each, text in found.texts.items()],
        "removed": list(found.removed),
        "added": [{"source": each.source, "below": each.below, "select": list(each.select)} for each in found.added],
        "select": list(found.select or ()),
        "command": found.command,
        "notes": list(found.notes),
    }


def mermaid(session: Session, _: Given) -> dict[str, Any]:
    """The pipeline as Mermaid draws it, for a README or a pull request."""
    from .. import view

    return {"text": view.mermaid(session.picture())}
