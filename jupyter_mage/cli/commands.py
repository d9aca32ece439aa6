"""The commands: each reads its words, calls one method, and prints."""

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
    from ..session import Session

F = TypeVar("F", bound=Callable[..., Any])


class Group(click.Group):
    """Commands whose errors are one message and an exit code, and that guess what a mistyped verb was meant to be."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            from ..errors import nearest

            guess = nearest(args[0], self.list_commands(ctx))
            ctx.fail(f"no command {args[0]!r}." + (f" Did you mean {guess!r}?" if guess else ""))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        from ..errors import JupyterMageError

        try:
            return super().invoke(ctx)
        except JupyterMageError as error:
            error.hint = re.sub(r"%pipeline (\w+)", r"jupyter mage \1 PROJECT", error.hint)
            click.echo(f"Error: {error}", err=True)
            ctx.exit(2)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="jupyter_mage", prog_name="jupyter mage")
def cli() -> None:
    """Pipelines from notebooks and Mage projects: run, plan, look, export.

    PROJECT is a notebook file or a project folder; PIPELINE may be left out where there is only one.
    """


def _project(command: F) -> F:
    command = click.argument("pipeline", required=False, default="")(command)
    return click.argument("project", type=click.Path(path_type=Path))(command)


def _json(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="One JSON document instead of text.")(command)


def _selecting(command: F) -> F:
    command = click.option("--select", "-s", "selection", default="", help="clean, +clean, clean+, tag:daily …")(command)
    return click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="A variable; may be given again.")(
        command
    )


@contextmanager
def _session(project: Path, pipeline: str, durability: str = "process") -> Iterator[Session]:
    import os

    from ..session import Session

    _heed_signals()
    session = Session.open(project, pipeline, origin="cli", durability=durability)
    os.chdir(session.root)
    try:
        yield session
    finally:
        session.close()


@contextmanager
def _history(project: Path) -> Iterator[Session]:
    """A session on the history of a project, whichever of its pipelines can be read."""
    from .. import projects
    from ..session import Session

    projects.format_of(project)
    session = Session(projects.root_of(project), origin="cli")
    try:
        yield session
    finally:
        session.close()


def _heed_signals() -> None:
    """SIGTERM cancels as Ctrl-C does; and so does SIGINT where a script started us in the background, with it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


def _variables(pairs: tuple[str, ...]) -> dict[str, str]:
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise click.UsageError(f"--var {wrong[0]}: write --var NAME=VALUE")
    return {name.strip(): value for name, _, value in (pair.partition("=") for pair in pairs)}


@cli.command()
@_project
@_selecting
@click.option("--force", "-f", is_flag=True, help="Run the selected blocks whatever is cached.")
@click.option("--from", "start", default="", metavar="BLOCK", help="Run this block and all below it, whatever is cached.")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Cut what loaders give to N rows or items.")
@click.option(
    "--durability",
    type=click.Choice(["process", "power"]),
    default="process",
    show_default=True,
    help="What a finished block survives: a kill, or a power cut too.",
)
@click.option("--executor", default="processes", show_default=True, help="inline, threads or processes.")
@click.option("--workers", type=click.IntRange(min=1), help="How many blocks run at once; default: the cores.")
@_json
def run(
    project: Path,
    pipeline: str,
    selection: str,
    variables: tuple[str, ...],
    force: bool,
    start: str,
    sample: int | None,
    durability: str,
    executor: str,
    workers: int | None,
    as_json: bool,
) -> None:
    """Run a pipeline, or a selection of it and what that needs."""
    from ..session import warm
    from . import progress

    warm(executor)
    with _session(project, pipeline, durability) as session:
        given = _variables(variables)
        session.check_request(selection, variables=given, start=start, executor=executor)
        if not as_json:
            _draw(session)
        with progress.shown(session, quiet=as_json):
            result = session.run(
                selection, variables=given, force=force, start=start, executor=executor, workers=workers, sample=sample
            )
        _finish(session, result, as_json, project, pipeline)


@cli.command()
@_project
@click.option("--run", "run_id", default="", help="A run's id or a part of it; default: the last unfinished one.")
@click.option("--executor", default="", help="Default: the run's own.")
@click.option("--workers", type=click.IntRange(min=1))
@_json
def resume(project: Path, pipeline: str, run_id: str, executor: str, workers: int | None, as_json: bool) -> None:
    """Go on in the same run: what had finished in it is not run again."""
    from . import progress

    with _session(project, pipeline) as session:
        with progress.shown(session, quiet=as_json):
            result = session.resume(run_id, executor=executor, workers=workers)
        _finish(session, result, as_json, project, pipeline)


@cli.command()
@click.argument("project", type=click.Path(path_type=Path))
@click.argument("run", required=False, default="last")
def cancel(project: Path, run: str) -> None:
    """Interrupt a run, of whatever process on this machine."""
    with _history(project) as session:
        click.echo(f"interrupted {session.cancel_run(run)}")


@cli.command()
@_project
@click.option("--run", "runs", nargs=2, default=("-2", "-1"), show_default=True, help="The two runs to compare.")
@_json
def diff(project: Path, pipeline: str, runs: tuple[str, str], as_json: bool) -> None:
    """Two runs compared: blocks, states, rows, schema, time."""
    from .. import report

    with _session(project, pipeline) as session:
        found = session.compare(*runs)
        if as_json:
            _print_json({"runs": [_run_json(found.before), _run_json(found.after)], "reasons": found.reasons})
        else:
            _print_table(report.diff_table(found.before, found.after, found.reasons))


@cli.command()
@click.argument("what", type=click.Choice(["ls", "clear", "gc"]))
@_project
@click.option("--select", "-s", "selection", default="", help="With clear: which blocks; default: all.")
@_json
def cache(what: str, project: Path, pipeline: str, selection: str, as_json: bool) -> None:
    """What is kept: ls lists it, clear forgets it, gc removes what nothing needs and keeps the size in bounds."""
    from .. import report

    with _session(project, pipeline) as session:
        if what == "ls":
            kept = session.cached_outputs()
            fields = ("pipeline", "block", "key", "at", "run")
            if as_json:
                _print_json([{**{name: getattr(each, name) for name in fields}, "size": each.output.size} for each in kept])
            else:
                _print_table(report.cache_table(kept))
        elif what == "clear":
            click.echo(f"forgot {session.clear_cache(selection)} outputs")
        else:
            click.echo(report.collected_line(session.collect()))


@cli.command()
@_project
@_selecting
@_json
def test(project: Path, pipeline: str, selection: str, variables: tuple[str, ...], as_json: bool) -> None:
    """Run the tests of blocks; outputs come from the cache where nothing changed."""
    from . import progress

    with _session(project, pipeline) as session:
        with progress.shown(session, quiet=as_json):
            result = session.run(selection, variables=_variables(variables), retest=True)
        _finish(session, result, as_json, project, pipeline)


def _finish(session: Session, result: Any, as_json: bool, project: Path, pipeline: str) -> None:
    from .. import report

    words = [str(project), *([pipeline] if pipeline else [])]
    resume_words = shlex.join(["jupyter", "mage", "resume", *words, "--run", result.id])
    if as_json:
        again = {} if result.status == "succeeded" else {"resume": resume_words}
        _print_json({**_run_json(result), **again})
    else:
        _print_table(report.run_table(result))
        for block in result.failed:
            if block.failure:
                click.echo(
                    report.failure_text(session.pipeline[block.name.split("[")[0]], block.failure, name=block.name, hint=False),
                    err=True,
                )
        click.echo(report.run_line(result))
        if result.status != "succeeded":
            click.echo(f"  → {'' if result.status == 'cancelled' else 'correct it, then '}go on in this run: {resume_words}")
    if result.status == "cancelled":
        sys.exit(130)
    if result.status != "succeeded":
        sys.exit(1)


@cli.command()
@_project
@_selecting
@click.option("--force", "-f", is_flag=True)
@_json
def plan(project: Path, pipeline: str, selection: str, variables: tuple[str, ...], force: bool, as_json: bool) -> None:
    """Show what would run and why; runs nothing."""
    from .. import report

    with _session(project, pipeline) as session:
        steps = session.plan(selection, variables=_variables(variables), force=force)
        if as_json:
            _print_json([{"block": s.block, "action": s.action, "reasons": list(s.reasons), "seconds": s.seconds} for s in steps])
        else:
            _print_table(report.plan_table(steps))
            click.echo(f"plan: {report.plan_line(steps)}")


@cli.command()
@click.argument("project", type=click.Path(path_type=Path))
@click.argument("pipeline", required=False, default="")
@click.option("--limit", default=20, show_default=True)
@_json
def runs(project: Path, pipeline: str, limit: int, as_json: bool) -> None:
    """The history of runs, newest first."""
    from .. import report

    with _history(project) as session:
        summaries = session.history.runs(pipeline or None, limit)
    if as_json:
        fields = ("id", "pipeline", "status", "started", "seconds", "blocks", "origin")
        _print_json([{name: getattr(each, name) for name in fields} for each in summaries])
    else:
        _print_table(report.runs_table(summaries))


@cli.command()
@_project
@click.argument("block", required=False, default="")
@click.option("--run", "run_id", default="last", show_default=True, help="A run's id, a part of it, last, -1.")
@_json
def logs(project: Path, pipeline: str, block: str, run_id: str, as_json: bool) -> None:
    """What blocks printed."""
    from ..errors import unknown

    with _session(project, pipeline) as session:
        past = session.past_run(run_id)
        if block and block not in past.blocks:
            raise unknown("block", block, past.blocks)
        chosen = {name: each for name, each in past.blocks.items() if block in ("", name)}
        if as_json:
            _print_json({name: {"status": each.status, "log": each.log} for name, each in chosen.items()})
            return
        for name, each in chosen.items():
            click.echo(f"── {name} · {each.status}\n{each.log.rstrip() or '(printed nothing)'}")
            if each.failure:
                click.echo(each.failure.traceback.rstrip())


@cli.command()
@_project
@click.argument("block", required=False, default="")
@_json
def show(project: Path, pipeline: str, block: str, as_json: bool) -> None:
    """The graph, a block's last output, or RUN/BLOCK of a run."""
    from .. import report

    if not block and project.suffix == ".ipynb" and pipeline:
        pipeline, block = "", pipeline
    run_id, slash, block = block.rpartition("/")
    with _session(project, pipeline) as session:
        if slash:
            click.echo(report.block_run_text(session.past_run(run_id), block))
            return
        if not block:
            _print_json(session.picture()) if as_json else _draw(session)
            return
        output = session.output(block)
        if as_json:
            fields = ("content", "type", "size", "rows", "columns", "preview")
            _print_json({name: getattr(output, name) for name in fields})
        else:
            click.echo(report.output_text(block, output))


@cli.command()
@_project
@click.option("--to", "target", type=click.Path(path_type=Path), help="The folder; default: <pipeline>_project beside it.")
@_json
def export(project: Path, pipeline: str, target: Path | None, as_json: bool) -> None:
    """Write the pipeline as a Mage project."""
    target = Path.cwd() / target if target else None
    with _session(project, pipeline) as session:
        path = target or session.root / f"{session.current}_project"
        written, warnings = session.export(path)
        if as_json:
            _print_json({"path": str(path), "files": [str(each) for each in written], "warnings": warnings})
            return
        for warning in warnings:
            click.echo(f"! {warning}", err=True)
        click.echo(
            f"{len(written)} files in {path}\nrun it: {shlex.join(['jupyter', 'mage', 'run', str(path), session.current])}"
        )


@cli.command(name="import")
@click.argument("project", type=click.Path(path_type=Path))
@click.argument("pipeline")
@click.option("--to", "target", type=click.Path(path_type=Path), help="The notebook to write; default: <pipeline>.ipynb here.")
def import_(project: Path, pipeline: str, target: Path | None) -> None:
    """Write a notebook of a project's pipeline; runs nothing of it."""
    from .. import projects

    path = target or Path(f"{pipeline}.ipynb")
    projects.import_notebook(project, pipeline, path)
    click.echo(f"wrote {path}; nothing of {pipeline} was run")


@cli.command()
@click.argument("project", type=click.Path(path_type=Path))
@_json
def check(project: Path, as_json: bool) -> None:
    """Look for problems, with file and line; runs nothing."""
    from .. import projects

    problems = projects.check(project)
    if as_json:
        _print_json(problems)
    else:
        click.echo("\n".join(problems) or "no problems found; nothing was run")
    if problems:
        sys.exit(1)


@cli.command(name="list")
@click.argument("project", type=click.Path(path_type=Path))
@_json
def list_(project: Path, as_json: bool) -> None:
    """The pipelines of a project."""
    from .. import projects

    names = projects.names(project)
    if as_json:
        _print_json(names)
    else:
        click.echo("\n".join(names))


def _draw(session: Session) -> None:
    from .. import view

    click.echo(view.text(session.picture()))


def _run_json(run: Any) -> dict[str, Any]:
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


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def _print_table(table: Any) -> None:
    import shutil

    from .. import report

    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size((110, 24)).columns
    click.echo(report.to_text(table, width=width, colour=terminal))
