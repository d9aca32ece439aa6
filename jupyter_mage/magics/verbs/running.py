"""Verbs that run: ``run``, ``resume``, ``cancel``, ``test``, ``plan``."""

from __future__ import annotations

import argparse
import contextlib
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from ... import asking, failures, report
from ...errors import RunCancelledError
from ...events import Event, RunStarted
from ...state import Run
from ...variables import changed
from ..errors import coloured, stop_at
from ..form import Form
from ..progress import shown
from .base import FORCE, SELECTION, VAR, WORKERS, Notebook, read_variables, verb

_START = (("--from",), {"dest": "start", "default": "", "metavar": "BLOCK", "help": "run this block and all below it"})
_SAMPLE = (("--sample",), {"type": int, "metavar": "N", "help": "cut what loaders give to N rows or items"})
_EXECUTOR = (("--executor",), {"default": "processes", "metavar": "NAME", "help": "inline, threads or processes"})


_DEBUG = (("--debug",), {"action": "store_true", "help": "run inline, and stop at the line that fails"})
_ASK = (("--ask",), {"action": "store_true", "help": "asks for the variables first"})


@verb("run", "runs the pipeline, or a selection of it", SELECTION, VAR, _ASK, FORCE, _START, _SAMPLE, _EXECUTOR, WORKERS, _DEBUG,
    examples=("run", "run +clean --var day=2024-01-01", "run tag:daily --force", "run clean --debug"),
)  # fmt: skip
def run(notebook: Notebook, given: argparse.Namespace) -> Any:
    __tracebackhide__ = True
    if given.ask:
        _ask(notebook, given)
    else:
        _run(notebook, given, read_variables(given.var))


def _ask(notebook: Notebook, given: argparse.Namespace) -> None:
    """A form where there is a front end for it, else a question a line."""
    __tracebackhide__ = True
    selection, before = " ".join(given.selection), read_variables(given.var)
    variables = asking.wanted(changed(notebook.session.pipeline, before), selection)
    start = ["%pipeline run", *given.selection, *(f"--var {shlex.quote(f'{name}={value}')}" for name, value in before.items())]
    if not hasattr(notebook.shell, "kernel"):
        answers = asking.different(variables, asking.prompted(variables))
        print(asking.command(start, variables, answers))  # noqa: T201
        _run(notebook, given, {**before, **answers})
        return
    from IPython.display import display

    form = Form(variables, start, lambda answers: _run(notebook, given, {**before, **answers}))
    display(form.box)  # type: ignore[no-untyped-call]
    names = ", ".join(each.name for each in variables)
    print(f"asks for {names}; without a form: {asking.command(start, variables, {})} --var {variables[0].name}=…")  # noqa: T201


def _run(notebook: Notebook, given: argparse.Namespace, variables: Mapping[str, Any]) -> None:
    __tracebackhide__ = True
    selection = " ".join(given.selection)
    notebook.session.check_request(selection, variables=variables, start=given.start, executor=given.executor)
    caught: list[BaseException] = []
    with drawn(notebook), shown(notebook.shell, notebook.session):
        done = notebook.session.run(
            selection,
            variables=variables,
            force=given.force,
            executor=given.executor,
            workers=given.workers,
            start=given.start,
            sample=given.sample,
            debug=caught.append if given.debug else None,
        )
    if caught:
        stop_at(notebook.shell, caught[0], notebook.session.root)
    after_run(notebook, done)


_RUN = (("run",), {"nargs": "?", "default": "", "help": "a run's id, a part of it, last, -1"})


@verb("resume", "goes on in the same run", _RUN, (("--executor",), {"default": ""}), WORKERS,
    examples=("resume", "resume last", "resume 20260101-120000-ab12cd"),
)  # fmt: skip
def resume(notebook: Notebook, given: argparse.Namespace) -> None:
    __tracebackhide__ = True
    with drawn(notebook), shown(notebook.shell, notebook.session):
        done = notebook.session.resume(given.run, executor=given.executor, workers=given.workers)
    after_run(notebook, done)


@verb("cancel", "interrupts a run, of whatever process here", (("run",), {"nargs": "?", "default": "last"}))
def cancel(notebook: Notebook, given: argparse.Namespace) -> None:
    print(f"interrupted {notebook.session.cancel_run(given.run)}")  # noqa: T201


@verb("test", "runs the tests of blocks", SELECTION, VAR, examples=("test", "test clean", "test tag:daily"))
def test(notebook: Notebook, given: argparse.Namespace) -> None:
    __tracebackhide__ = True
    with shown(notebook.shell, notebook.session):
        done = notebook.session.run(" ".join(given.selection), variables=read_variables(given.var), retest=True)
    after_run(notebook, done)


@verb("plan", "what would run, and why", SELECTION, VAR, FORCE, examples=("plan", "plan clean+", "plan --var day=2024-01-01"))
def plan(notebook: Notebook, given: argparse.Namespace) -> None:
    steps = notebook.session.plan(" ".join(given.selection), variables=read_variables(given.var), force=given.force)
    print(report.to_text(report.plan_table(steps)))  # noqa: T201
    print(f"plan: {report.plan_line(steps)}")  # noqa: T201


@contextlib.contextmanager
def drawn(notebook: Notebook) -> Iterator[None]:
    """Show the graph from when the run starts, live until it ends; from then on it stays as that run left it."""
    from IPython.display import display

    __tracebackhide__ = True
    graphs: list[Any] = []

    def begun(event: Event) -> None:
        if isinstance(event, RunStarted) and not graphs:
            graphs.append(notebook.draw(notebook.session))
            display(graphs[0])  # type: ignore[no-untyped-call]

    stop = notebook.session.stream.subscribe(begun)
    try:
        yield
    finally:
        stop()
        for graph in graphs:
            if graph is not None:
                graph.stop()


def after_run(notebook: Notebook, run: Run) -> None:
    """Print what came of a run, and end the cell as it ended."""
    __tracebackhide__ = True
    print(report.to_text(report.run_table(run, notebook.session.before)))  # noqa: T201
    print(report.run_line(run))  # noqa: T201
    _bind(notebook, run)
    if run.status == "cancelled":
        raise RunCancelledError(f"run {run.id} was cancelled", hint=f"%pipeline resume {run.id}")
    pipeline = notebook.session.pipeline
    failed = [(pipeline[block.name.split("[")[0]], block.failure, block.name) for block in run.failed if block.failure]
    if failed:
        drawn = (
            "\n".join(failures.text(*each[:2], name=each[2], hint=False, names=pipeline.names, colour=colour) for each in failed)
            for colour in (False, True)
        )
        look = f"look into it: %pipeline open {failed[0][2]}\n" if not failed[0][1].test else ""
        raise coloured(drawn, hint=f"{look}correct it, then go on in this run: %pipeline resume {run.id}")


def _bind(notebook: Notebook, run: Run) -> None:
    """Names that the notebook already has for outputs of these blocks show the new ones: no stale value stays."""
    if run.sample is not None:  # a sample is never taken for the whole
        return
    for block in run.blocks.values():
        if block.output is not None and block.name in notebook.shell.user_ns:
            notebook.shell.user_ns[block.name] = notebook.session.store.get(block.output)
