"""The verbs of ``%pipeline``: each reads its words, calls one method, and prints."""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError

from .. import projects, report
from ..errors import BlockFailedError, RunCancelledError, unknown
from ..session import Session
from ..state import Run


class Arguments(argparse.ArgumentParser):
    """Option parsing that says its mistakes as IPython usage errors, in one line."""

    def error(self, message: str) -> Any:
        raise UsageError(f"{message}\n{self.format_usage()}")

    def exit(self, _status: int = 0, message: str | None = None) -> Any:
        raise UsageError(message or "")


def _verb(name: str, description: str, *options: tuple[tuple[str, ...], dict[str, Any]]) -> Arguments:
    parser = Arguments(prog=f"%pipeline {name}", description=description, add_help=False)
    for flags, settings in options:
        parser.add_argument(*flags, **settings)
    return parser


_SELECTION = (("selection",), {"nargs": "*", "help": "clean, +clean, clean+, tag:daily; all when empty"})
_VAR = (("--var",), {"action": "append", "default": [], "metavar": "NAME=VALUE"})
_FORCE = (("--force", "-f"), {"action": "store_true", "help": "run whatever is cached"})
_EXECUTOR = (("--executor",), {"default": "processes", "metavar": "inline|processes"})
_WORKERS = (("--workers",), {"type": int, "default": None})


def _run_of(name: str, default: str) -> tuple[tuple[str, ...], dict[str, Any]]:
    return (name,), {"nargs": "?", "default": default}


_RUN = (("run",), {"nargs": "?", "default": "", "help": "a run's id, a part of it, last, -1"})
_START = (("--from",), {"dest": "start", "default": "", "metavar": "BLOCK", "help": "run this block and all below it"})
_SAMPLE = (("--sample",), {"type": int, "metavar": "N", "help": "cut what loaders give to N rows or items"})

VERBS = {
    "run": _verb(
        "run", "runs the pipeline, or a selection of it", _SELECTION, _VAR, _FORCE, _START, _SAMPLE, _EXECUTOR, _WORKERS
    ),
    "plan": _verb("plan", "what would run, and why", _SELECTION, _VAR, _FORCE),
    "resume": _verb("resume", "goes on in the same run", _RUN, (("--executor",), {"default": ""}), _WORKERS),
    "cancel": _verb("cancel", "interrupts a run, of whatever process here", (("run",), {"nargs": "?", "default": "last"})),
    "test": _verb("test", "runs the tests of blocks", _SELECTION, _VAR),
    "show": _verb("show", "a block's last output, or RUN/BLOCK of a run", (("block",), {})),
    "logs": _verb("logs", "what blocks printed", (("block",), {"nargs": "?", "default": ""}), (("--run",), {"default": "last"})),
    "runs": _verb("runs", "the history of runs", (("--limit",), {"type": int, "default": 20})),
    "diff": _verb("diff", "two runs compared", _run_of("before", "-2"), _run_of("after", "-1")),
    "cache": _verb(
        "cache", "what is kept", (("what",), {"choices": ["ls", "clear", "gc"], "nargs": "?", "default": "ls"}), _SELECTION
    ),
    "export": _verb("export", "writes the Mage project", (("path",), {"nargs": "?", "default": ""})),
    "import": _verb(
        "import", "a notebook of a project's pipeline", (("project",), {}), (("name",), {}), (("--to",), {"default": ""})
    ),
    "check": _verb("check", "looks for problems, runs nothing", (("path",), {"nargs": "?", "default": ""})),
}


class Verbs:
    """What ``%pipeline VERB`` does, in this shell and session."""

    def __init__(self, shell: Any, session: Session, draw: Any) -> None:
        self.shell, self.session, self.draw = shell, session, draw

    def do(self, line: str) -> Any:
        """Run one line: nothing draws the graph."""
        __tracebackhide__ = True
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise UsageError(f"%pipeline: {error}") from error
        if not words:
            return self.draw(self.session)
        if words[0] not in VERBS:
            raise unknown("verb", words[0], VERBS, hint="%pipeline?")
        return getattr(self, f"verb_{words[0]}")(VERBS[words[0]].parse_args(words[1:]))

    def verb_run(self, given: argparse.Namespace) -> Any:
        __tracebackhide__ = True
        from IPython.display import display

        display(self.draw(self.session))  # type: ignore[no-untyped-call]
        run = self.session.run(
            " ".join(given.selection),
            variables=read_variables(given.var),
            force=given.force,
            executor=given.executor,
            workers=given.workers,
            start=given.start,
            sample=given.sample,
        )
        self._after_run(run)

    def verb_resume(self, given: argparse.Namespace) -> None:
        __tracebackhide__ = True
        self._after_run(self.session.resume(given.run, executor=given.executor, workers=given.workers))

    def verb_cancel(self, given: argparse.Namespace) -> None:
        print(f"interrupted {self.session.cancel_run(given.run)}")  # noqa: T201

    def verb_diff(self, given: argparse.Namespace) -> None:
        found = self.session.compare(given.before, given.after)
        print(report.to_text(report.diff_table(found.before, found.after, found.reasons)))  # noqa: T201

    def verb_cache(self, given: argparse.Namespace) -> None:
        if given.what == "ls":
            print(report.to_text(report.cache_table(self.session.cached_outputs())))  # noqa: T201
        elif given.what == "clear":
            print(f"forgot {self.session.clear_cache(' '.join(given.selection))} outputs")  # noqa: T201
        else:
            print(report.collected_line(self.session.collect()))  # noqa: T201

    def verb_test(self, given: argparse.Namespace) -> None:
        __tracebackhide__ = True
        run = self.session.run(" ".join(given.selection), variables=read_variables(given.var), retest=True)
        self._after_run(run)

    def _after_run(self, run: Run) -> None:
        __tracebackhide__ = True
        print(report.to_text(report.run_table(run)))  # noqa: T201
        print(report.run_line(run))  # noqa: T201
        self._bind(run)
        if run.status == "cancelled":
            raise RunCancelledError(f"run {run.id} was cancelled", hint=f"%pipeline resume {run.id}")
        texts = [
            report.failure_text(self.session.pipeline[block.name.split("[")[0]], block.failure, name=block.name, hint=False)
            for block in run.failed
            if block.failure
        ]
        if texts:
            raise BlockFailedError("\n".join(texts), hint=f"correct it, then go on in this run: %pipeline resume {run.id}")

    def _bind(self, run: Run) -> None:
        """Names that the notebook already has for outputs of these blocks show the new ones: no stale value stays."""
        if run.sample is not None:  # a sample is never taken for the whole
            return
        for block in run.blocks.values():
            if block.output is not None and block.name in self.shell.user_ns:
                self.shell.user_ns[block.name] = self.session.store.get(block.output)

    def verb_plan(self, given: argparse.Namespace) -> None:
        steps = self.session.plan(" ".join(given.selection), variables=read_variables(given.var), force=given.force)
        print(report.to_text(report.plan_table(steps)))  # noqa: T201
        print(f"plan: {report.plan_line(steps)}")  # noqa: T201

    def verb_show(self, given: argparse.Namespace) -> None:
        run, slash, block = given.block.rpartition("/")
        if slash:
            print(report.block_run_text(self.session.past_run(run), block))  # noqa: T201
            return
        output = self.session.output(block)
        self.shell.displayhook(self.session.store.get(output))
        print(report.output_text(block, output).splitlines()[0])  # noqa: T201

    def verb_logs(self, given: argparse.Namespace) -> None:
        run = self.session.past_run(given.run)
        if given.block and given.block not in run.blocks:
            raise unknown("block", given.block, run.blocks, hint="%pipeline logs")
        for name, block in run.blocks.items():
            if given.block in ("", name):
                print(f"── {name} · {block.status}\n{block.log or '(printed nothing)'}")  # noqa: T201
                if block.failure and block.failure.traceback:
                    print(block.failure.traceback)  # noqa: T201

    def verb_runs(self, given: argparse.Namespace) -> None:
        print(report.to_text(report.runs_table(self.session.history.runs(None, given.limit))))  # noqa: T201

    def verb_export(self, given: argparse.Namespace) -> None:
        path = Path(given.path) if given.path else self.session.root / f"{self.session.current}_project"
        written, warnings = self.session.export(path, notebook=notebook_path())
        for warning in warnings:
            print(f"! {warning}")  # noqa: T201
        again = shlex.join(["jupyter", "mage", "run", str(path), self.session.current])
        print(f"{len(written)} files in {path}\nrun it: {again}")  # noqa: T201

    def verb_import(self, given: argparse.Namespace) -> None:
        target = Path(given.to or f"{given.name}.ipynb")
        projects.import_notebook(Path(given.project), given.name, target)
        print(f"wrote {target}; nothing of {given.name} was run")  # noqa: T201

    def verb_check(self, given: argparse.Namespace) -> None:
        problems = self.session.check(Path(given.path) if given.path else None)
        print("\n".join(problems) or "no problems found; nothing was run")  # noqa: T201


def read_variables(pairs: list[str]) -> dict[str, str]:
    """``["day=2024-01-01"]`` as a mapping. Raises UsageError where there is no ``=``."""
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"--var {pair}: write --var NAME=VALUE")
        found[name.strip()] = value
    return found


def notebook_path() -> Path | None:
    """The notebook that this kernel serves, where the front end said which."""
    for name in (os.environ.get("JPY_SESSION_NAME"), os.environ.get("__vsc_ipynb_file__")):
        if name:
            for path in (Path(name), Path.cwd() / Path(name).name):
                if path.suffix == ".ipynb" and path.is_file():
                    return path
    return None
