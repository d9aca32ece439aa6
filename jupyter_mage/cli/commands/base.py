"""What commands share: their arguments, the session they open, how they print and end."""

from __future__ import annotations

import json
import re
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ...session import Session

F = TypeVar("F", bound=Callable[..., Any])


class Group(click.Group):
    """Commands whose errors are one message and an exit code, and that guess what a mistyped verb was meant to be."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            from ...errors import nearest

            guess = nearest(args[0], self.list_commands(ctx))
            ctx.fail(f"no command {args[0]!r}." + (f" Did you mean {guess!r}?" if guess else ""))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        from ...errors import JupyterMageError

        try:
            return super().invoke(ctx)
        except JupyterMageError as error:
            known = "|".join(self.commands)  # what is no command is said as it is typed in a notebook
            error.hint = re.sub(rf"%pipeline ({known})\b", r"jupyter mage \1 PROJECT", error.hint)
            click.echo(f"Error: {error}", err=True)
            ctx.exit(2)


def project_arguments(command: F) -> F:
    command = click.argument("pipeline", required=False, default="")(command)
    return click.argument("project", type=click.Path(path_type=Path))(command)


def json_option(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="One JSON document instead of text.")(command)


def selecting(command: F) -> F:
    command = click.option("--select", "-s", "selection", default="", help="clean, +clean, clean+, tag:daily …")(command)
    return click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="A variable; may be given again.")(
        command
    )


@contextmanager
def opened(project: Path, pipeline: str, durability: str = "process") -> Iterator[Session]:
    import os
    import shlex

    from ...errors import JupyterMageError
    from ...session import Session

    heed_signals()
    session = Session.open(project, pipeline, origin="cli", durability=durability)
    os.chdir(session.root)
    try:
        yield session
    except JupyterMageError as error:  # a selection is an option here; what it is of was typed a moment ago
        place = shlex.join([str(project), *([pipeline] if pipeline else [])])
        error.hint = re.sub(
            r"%pipeline run((?: \+\w+)+)", lambda words: f"jupyter mage run {place} --select '{words[1][1:]}'", error.hint
        )
        raise
    finally:
        session.close()


@contextmanager
def history_of(project: Path) -> Iterator[Session]:
    """A session on the history of a project, whichever of its pipelines can be read."""
    from ... import projects
    from ...session import Session

    projects.format_of(project)
    session = Session(projects.root_of(project), origin="cli")
    try:
        yield session
    finally:
        session.close()


def heed_signals() -> None:
    """SIGTERM cancels as Ctrl-C does; and so does SIGINT where a script started us in the background, with it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


def read_variables(pairs: tuple[str, ...], word: str = "--var") -> dict[str, str]:
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise click.UsageError(f"{word} {wrong[0]}: write {word} NAME=VALUE")
    return {name.strip(): value for name, _, value in (pair.partition("=") for pair in pairs)}


def ask_for(session: Session, project: Path, pipeline: str, selection: str, given: dict[str, str]) -> dict[str, Any]:
    """Ask for what the run reads, and say what one would have typed."""
    from ... import asking
    from ...variables import changed

    wanted = asking.wanted(changed(session.pipeline, given), selection)
    answers = asking.different(wanted, asking.prompted(wanted))
    words = [
        "jupyter",
        "mage",
        "run",
        str(project),
        *([pipeline] if pipeline else []),
        *(["--select", selection] if selection else []),
    ]
    words += [word for name, value in given.items() if name not in answers for word in ("--var", f"{name}={value}")]
    click.echo(asking.command([shlex.join(words)], wanted, answers), err=True)
    return {**given, **answers}


def finish(session: Session, result: Any, as_json: bool, project: Path, pipeline: str) -> None:
    from ... import failures, report

    words = [str(project), *([pipeline] if pipeline else [])]
    resume_words = shlex.join(["jupyter", "mage", "resume", *words, "--run", result.id])
    if as_json:
        again = {} if result.status == "succeeded" else {"resume": resume_words}
        print_json({**run_json(result), **again})
    else:
        print_table(report.run_table(result, session.before))
        blocks = session.pipeline
        for block in result.failed:
            if block.failure:
                own = blocks[block.name.split("[")[0]]
                said = failures.text(own, block.failure, name=block.name, hint=False, colour=True, names=blocks.names)
                click.echo(said, err=True)  # click takes the colours out where no terminal reads
        click.echo(report.run_line(result))
        if result.failed:
            look = shlex.join(["jupyter", "mage", "open", *words, result.failed[0].name])
            click.echo(f"  → look into it: {look}")
        if result.status != "succeeded":
            click.echo(f"  → {'' if result.status == 'cancelled' else 'correct it, then '}go on in this run: {resume_words}")
    if result.status == "cancelled":
        sys.exit(130)
    if result.status != "succeeded":
        sys.exit(1)


def stop_at(error: BaseException, root: Path) -> None:
    """The debugger at the user's line that raised ``error``, until it is quit."""
    import pdb  # noqa: T100 (it is what was asked for)

    from ...failures import chained, own_frames

    frames, _ = own_frames(error, root)
    click.echo(f"{type(error).__name__}: {error}")
    pdb.post_mortem(chained(frames) or error.__traceback__)


def draw(session: Session) -> None:
    from ... import view

    click.echo(view.text(session.picture()))


def run_json(run: Any) -> dict[str, Any]:
    blocks = []
    for block in run.blocks.values():
        failure = block.failure
        blocks.append(
            {
                "name": block.name,
                "status": block.status,
                "seconds": block.seconds,
                "rows": block.output.rows if block.output else None,
                "columns": [name for name, _ in block.output.columns] if block.output and block.output.columns else None,
                "error": f"{failure.error}: {failure.message}" if failure else None,
                "line": failure.line if failure else None,
                "reason": block.reason or None,
                "attempt": block.attempt,
                "sampled": block.sampled,
                "tests": list(block.tests),
            }
        )
    return {
        "run": run.id,
        "pipeline": run.pipeline,
        "status": run.status,
        "seconds": run.seconds,
        "sample": run.sample,
        "blocks": blocks,
    }


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def print_table(table: Any) -> None:
    import shutil

    from ... import report

    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size((110, 24)).columns
    click.echo(report.to_text(table, width=width, colour=terminal))
