"""Commands that run: ``run``, ``resume``, ``cancel``, ``test``, ``plan``."""

from __future__ import annotations

from pathlib import Path

import click

from .base import (
    ask_for,
    draw,
    finish,
    history_of,
    json_option,
    opened,
    print_json,
    print_table,
    project_arguments,
    read_variables,
    selecting,
    stop_at,
)
from .mage_words import MageWords, mage_words


@click.command()
@project_arguments
@selecting
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
@click.option("--debug", is_flag=True, help="Run in this process, and stop at the line that fails (pdb).")
@click.option("--ask", is_flag=True, help="Ask for the variables first, one a line.")
@mage_words
@json_option
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
    debug: bool,
    ask: bool,
    mage: MageWords,
    as_json: bool,
) -> None:
    """Run a pipeline, or a selection of it and what that needs. The words of `mage run` are understood too."""
    from ... import progress

    if debug and as_json:
        raise click.UsageError("--debug asks and --json tells: take one of them")
    caught: list[BaseException] = []
    with opened(project, pipeline, durability) as session:
        given = {**mage.variables, **read_variables(variables)}
        selection = mage.selection(session) or selection
        session.warm("inline" if debug else executor)
        if ask:
            given = ask_for(session, project, pipeline, selection, given)
        session.check_request(selection, variables=given, start=start, executor=executor)
        if not as_json:
            draw(session)
        with progress.shown(session.stream, session.printed, quiet=as_json):
            result = session.run(
                selection, variables=given, force=force, start=start, executor=executor, workers=workers, sample=sample,
                debug=caught.append if debug else None, strict=mage.strict, skip_sensors=mage.skip_sensors,
            )  # fmt: skip
        if caught:
            stop_at(caught[0], session.root)
        finish(session, result, as_json, project, pipeline)


@click.command()
@project_arguments
@click.option("--run", "run_id", default="", help="A run's id or a part of it; default: the last unfinished one.")
@click.option("--executor", default="", help="Default: the run's own.")
@click.option("--workers", type=click.IntRange(min=1))
@json_option
def resume(project: Path, pipeline: str, run_id: str, executor: str, workers: int | None, as_json: bool) -> None:
    """Go on in the same run: what had finished in it is not run again."""
    from ... import progress

    with opened(project, pipeline) as session:
        with progress.shown(session.stream, session.printed, quiet=as_json):
            result = session.resume(run_id, executor=executor, workers=workers)
        finish(session, result, as_json, project, pipeline)


@click.command()
@click.argument("project", type=click.Path(path_type=Path))
@click.argument("run", required=False, default="last")
def cancel(project: Path, run: str) -> None:
    """Interrupt a run, of whatever process on this machine."""
    with history_of(project) as session:
        click.echo(f"interrupted {session.cancel_run(run)}")


@click.command()
@project_arguments
@selecting
@json_option
def test(project: Path, pipeline: str, selection: str, variables: tuple[str, ...], as_json: bool) -> None:
    """Run the tests of blocks; outputs come from the cache where nothing changed."""
    from ... import progress

    with opened(project, pipeline) as session:
        with progress.shown(session.stream, session.printed, quiet=as_json):
            result = session.run(selection, variables=read_variables(variables), retest=True)
        finish(session, result, as_json, project, pipeline)


@click.command()
@project_arguments
@selecting
@click.option("--force", "-f", is_flag=True)
@json_option
def plan(project: Path, pipeline: str, selection: str, variables: tuple[str, ...], force: bool, as_json: bool) -> None:
    """Show what would run and why; runs nothing."""
    from ... import report

    with opened(project, pipeline) as session:
        steps = session.plan(selection, variables=read_variables(variables), force=force)
        if as_json:
            print_json([{"block": s.block, "action": s.action, "reasons": list(s.reasons), "seconds": s.seconds} for s in steps])
        else:
            print_table(report.plan_table(steps))
            click.echo(f"plan: {report.plan_line(steps)}")
