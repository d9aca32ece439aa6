"""Verbs that compare: ``verify`` with a fresh process, ``diff`` with a git revision, or of two runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from IPython.core.error import UsageError

from ... import changes, projects, report, revisions
from ...errors import RunError
from ...verification import WRONG
from .base import SELECTION, VAR, Notebook, notebook_path, read_variables, verb

_EFFECTS = (("--effects",), {"action": "store_true", "help": "run blocks that change something outside, too"})


@verb("verify", "the exported project in a fresh process, compared", SELECTION, VAR, _EFFECTS)
def verify(notebook: Notebook, given: argparse.Namespace) -> None:
    __tracebackhide__ = True
    print("exporting, and running it in a fresh process …", flush=True)  # noqa: T201
    found = notebook.session.verify(" ".join(given.selection), variables=read_variables(given.var), effects=given.effects)
    print(found.text())  # noqa: T201
    if not found.good:
        wrong = [each.block for each in found.verdicts if each.state in WRONG]
        raise RunError(
            f"not the same in a fresh process: {', '.join(wrong)}", hint="correct it, run it, and %pipeline verify again"
        )


_WORDS = (("words",), {"nargs": "*", "metavar": "REV|RUN", "help": "a git revision (HEAD), or two; or two runs: -2 -1"})
_REV = (("--rev",), {"nargs": "+", "metavar": "REV", "help": "git revisions, whatever runs are called"})
_RUN = (("--run",), {"nargs": "+", "metavar": "RUN", "help": "runs, whatever git has"})
_FILE = (("--file",), {"type": Path, "metavar": "NOTEBOOK", "help": "the notebook or project, where it is not known"})
_MERMAID = (
    ("--mermaid",),
    {"dest": "form", "action": "store_const", "const": "mermaid", "default": "", "help": "the graph, coloured, as Mermaid"},
)
_MARKDOWN = (
    ("--markdown",),
    {"dest": "form", "action": "store_const", "const": "markdown", "default": "", "help": "a pull request's comment"},
)


@verb("diff", "the pipeline against git, or two runs compared", _WORDS, _REV, _RUN, _FILE, _MERMAID, _MARKDOWN)
def diff(notebook: Notebook, given: argparse.Namespace) -> None:
    session = notebook.session
    words = given.rev or given.run or given.words
    if len(words) > 2:
        raise UsageError("%pipeline diff takes two of them at most")
    path = given.file or notebook_path()
    if given.run or (not given.rev and revisions.compared(words, path or session.root, session.is_run) == "runs"):
        found = session.compare(words[0], words[1] if len(words) > 1 else "-1")
        print(report.to_text(report.diff_table(found.before, found.after, found.reasons)))  # noqa: T201
        return
    path = path or projects.file_of(session.root, session.current)
    print(changes.said(session.changes(path, *words), given.form))  # noqa: T201
