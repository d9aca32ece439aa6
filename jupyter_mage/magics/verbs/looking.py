"""Verbs that look at what ran: ``show``, ``logs``, ``runs``, ``cache``."""

from __future__ import annotations

import argparse
from pathlib import Path

from ... import report
from ...errors import unknown
from ...files import atomic_write
from ...printing import only
from ..displaying import display
from .base import SELECTION, Notebook, verb

_PAGE = (("--html",), {"metavar": "FILE", "help": "write a run, or the last one, as a page that needs nothing else"})


@verb(
    "show", "a block's last output, or RUN/BLOCK of a run", (("block",), {"nargs": "?", "default": ""}), _PAGE,
    examples=("show clean", "show last/clean", "show --html run.html"),
)  # fmt: skip
def show(notebook: Notebook, given: argparse.Namespace) -> None:
    if given.html:
        atomic_write(Path(given.html).absolute(), notebook.session.page(given.block or "last"))
        print(f"wrote {given.html}")  # noqa: T201
        return
    run, slash, block = given.block.rpartition("/")
    if slash:
        print(report.block_run_text(notebook.session.past_run(run), block))  # noqa: T201
        return
    output = notebook.session.output(block)
    display(notebook.shell, notebook.session.store.get(output))
    print(report.output_text(block, output).splitlines()[0])  # noqa: T201


_STREAM = {"dest": "stream", "action": "store_const", "default": "", "help": "only what went there"}


@verb(
    "logs", "what blocks printed", (("block",), {"nargs": "?", "default": ""}), (("--run",), {"default": "last"}),
    (("--stdout",), {**_STREAM, "const": "stdout"}), (("--stderr",), {**_STREAM, "const": "stderr"}),
)  # fmt: skip
def logs(notebook: Notebook, given: argparse.Namespace) -> None:
    run = notebook.session.past_run(given.run)
    if given.block and given.block not in run.blocks:
        raise unknown("block", given.block, run.blocks, hint="%pipeline logs")
    for name, block in run.blocks.items():
        if given.block in ("", name):
            print(f"── {name} · {block.status}\n{only(block.log, given.stream) or '(printed nothing)'}")  # noqa: T201
            if block.failure and block.failure.traceback:
                print(block.failure.traceback)  # noqa: T201


@verb("runs", "the history of runs", (("--limit",), {"type": int, "default": 20}))
def runs(notebook: Notebook, given: argparse.Namespace) -> None:
    print(report.to_text(report.runs_table(notebook.session.history.runs(None, given.limit))))  # noqa: T201


_WHAT = (("what",), {"choices": ["ls", "clear", "gc"], "nargs": "?", "default": "ls"})


@verb("cache", "what is kept", _WHAT, SELECTION)
def cache(notebook: Notebook, given: argparse.Namespace) -> None:
    session = notebook.session
    if given.what == "ls":
        print(report.to_text(report.cache_table(session.cached_outputs())))  # noqa: T201
    elif given.what == "clear":
        print(f"forgot {session.clear_cache(' '.join(given.selection))} outputs")  # noqa: T201
    else:
        print(report.collected_line(session.collect()))  # noqa: T201
