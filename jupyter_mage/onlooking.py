"""A pipeline's file, asked as a kernel is asked of its own: plan, variables, outputs, edges. With no kernel; nothing is written.

It is a session that only looks: it reads file, history and store, and runs nothing. Unlike the command line it makes no module of
the project importable: it lives in a server, whose own imports are none of a project's business. What it says to type is for a
shell.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from . import answers, browsing, finding, projects, starting, view
from .answers.given import Given
from .errors import JupyterMageError, unknown
from .model import Pipeline
from .session import Session
from .state import Run

ASKED: Mapping[str, answers.Answer] = {
    "picture": lambda session, _: session.picture(),
    **{name: answers.ASKED[name] for name in ("preview", "profile", "edge", "plan", "variables", "fit")},
}
"""What may be asked; the other answers edit cells, which are in no kernel here."""


class Onlooker(Session):
    """A session on a pipeline that was read, with a history that it leaves as it is. Raises CycleError."""

    def __init__(self, one: browsing.Project, pipeline: Pipeline) -> None:
        super().__init__(one.folder, pipeline=pipeline.name, origin="server")
        self._reader = one.reader
        self.adopt(pipeline)

    @property
    def history(self) -> Any:
        return self._reader

    def picture(self) -> dict[str, Any]:
        """As it is in the file, with what the last run made of it: read again, because others run it."""
        recent = self.history.runs(self.current, 1)
        run = self.history.run(recent[0].id) if recent else Run()
        before = self.history.before(run.id, self.pipeline.names) if recent else {}
        return view.picture(self.pipeline, run, before=before)


def ask(one: browsing.Project, pipeline: str, what: str, given: Mapping[str, Any], *, file: str = "") -> Any:
    """What a kernel that has this pipeline would answer to ``what``, with ``given`` as its words.

    Raises what it would say was wrong, and UnknownNameError where there is no such pipeline.
    """
    place = starting.place_of(one, pipeline, file)
    answer = ASKED.get(what)
    if answer is None:
        raise unknown("answer", what, ASKED)
    words = [browsing.argument(one, place.file), place.listed.name]
    try:
        return _spelled(answer(Onlooker(one, _read(place)), Given(given)), words)
    except JupyterMageError as error:
        error.hint = as_command(error.hint, words)
        raise


def _read(place: finding.Place) -> Pipeline:
    if place.file.is_dir():  # its blocks stand in many files
        return projects.read(place.file, place.listed.name)
    status = place.file.stat()
    return _notebook(place.file, place.listed.name, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=32)
def _notebook(file: Path, pipeline: str, _: int, __: int) -> Pipeline:
    """Kept until the file changes: one asks at each letter that is typed."""
    return projects.read(file, pipeline)


# ---- what to type


def _spelled(answer: Any, words: list[str]) -> Any:
    """The answer, whose commands are for a shell."""
    if not isinstance(answer, Mapping):
        return answer
    return {
        name: as_command(part, words) if name == "command" and isinstance(part, str) else _spelled(part, words)
        for name, part in answer.items()
    }


def as_command(line: str, words: list[str]) -> str:
    """What one types in a shell for a line of a notebook; any other text as it is.

    >>> as_command("%pipeline run clean+ --var day=2024-01-01", ["sales/daily.ipynb", "daily"])
    'jupyter mage run sales/daily.ipynb daily --select clean+ --var day=2024-01-01'
    >>> as_command("%pipeline show raw", ["sales", "daily"]), as_command("define a block: %%block NAME", ["sales", "daily"])
    ('jupyter mage show sales daily raw', 'define a block: %%block NAME')
    """
    found = re.fullmatch(r"%pipeline ([a-z]+)((?: .*)?)", line)
    if found is None:
        return line
    verb = found[1]
    try:
        rest = shlex.split(found[2])
    except ValueError:  # words for people
        return line
    if verb in ("run", "plan"):
        count = next((n for n, word in enumerate(rest) if word.startswith("-")), len(rest))
        rest = [*(["--select", " ".join(rest[:count])] if count else []), *rest[count:]]
    return shlex.join(["jupyter", "mage", verb, *words, *rest])
