"""The verbs of ``%pipeline``. A new one is a function in a file of this folder, and a word in `VERBS`."""

from __future__ import annotations

import shlex
from typing import Any

from IPython.core.error import UsageError

from ...errors import unknown
from . import cells, comparing, files, helping, looking, opening, parameters, running
from .base import Notebook, Verb, notebook_path

VERBS: dict[str, Verb] = {
    each.name: each
    for each in (
        running.run, running.plan, running.resume, running.cancel, running.test,
        opening.open_, looking.show, looking.logs, looking.runs, looking.cache,
        comparing.verify, comparing.diff,
        files.export, files.import_, files.use, files.detach, files.check, helping.help_,
        cells.carrier, cells.rename, cells.remove,
        parameters.variables, parameters.freeze,
    )
}  # fmt: skip


def speak(notebook: Notebook, line: str) -> Any:
    """Do what the line behind ``%pipeline`` says; an empty one draws the graph. Raises UsageError, UnknownNameError."""
    __tracebackhide__ = True
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"%pipeline: {error}") from error
    for line in notebook.session.read_news():
        print(line)  # noqa: T201
    if not words:
        return notebook.draw(notebook.session)
    if words[0] not in VERBS:
        raise unknown("verb", words[0], VERBS, hint="%pipeline?")
    verb = VERBS[words[0]]
    return verb.do(notebook, verb.parser.parse_args(words[1:]))


__all__ = ["VERBS", "Notebook", "notebook_path", "speak"]
