"""Commands that look at what ran: ``show``, ``logs``, ``runs``, ``cache``."""

from __future__ import annotations

from pathlib import Path

import click

from .base import draw, history_of, json_option, opened, print_json, print_table, project_arguments


@click.command()
@project_arguments
@click.argument("block", required=False, default="")
@click.option(
    "--html", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write a run (RUN, else the last) as one page."
)
@json_option
def show(project: Path, pipeline: str, block: str, page: Path | None, as_json: bool) -> None:
    """The graph, a block's last output, or RUN/BLOCK of a run; with --html, a whole run as a page."""
    from ... import report

    if not block and project.suffix == ".ipynb" and pipeline:
        pipeline, block = "", pipeline
    if page is not None:
        _write_page(project, pipeline, block, page.absolute())
        return
    run_id, slash, block = block.rpartition("/")
    with opened(project, pipeline) as session:
        if slash:
            click.echo(report.block_run_text(session.past_run(run_id), block))
            return
        if not block:
            print_json(session.picture()) if as_json else draw(session)
            return
        output = session.output(block)
        if as_json:
            fields = ("content", "type", "size", "rows", "columns", "preview")
            print_json({name: getattr(output, name) for name in fields})
        else:
            click.echo(report.output_text(block, output))


def _write_page(project: Path, pipeline: str, run: str, file: Path) -> None:
    from ...errors import JupyterMageError
    from ...files import atomic_write

    if "/" in run:
        raise JupyterMageError(f"{run}: a page is of a whole run", hint=f"--html {file.name} {run.partition('/')[0]}")
    with opened(project, pipeline) as session:
        atomic_write(file, session.page(run or "last"))
    click.echo(f"wrote {file}")


@click.command()
@project_arguments
@click.argument("block", required=False, default="")
@click.option("--run", "run_id", default="last", show_default=True, help="A run's id, a part of it, last, -1.")
@click.option("--stdout", "stream", flag_value="stdout", default="", help="Only what they printed to stdout.")
@click.option("--stderr", "stream", flag_value="stderr", help="Only what they printed to stderr.")
@json_option
def logs(project: Path, pipeline: str, block: str, run_id: str, stream: str, as_json: bool) -> None:
    """What blocks printed."""
    from ...errors import unknown
    from ...printing import only

    with opened(project, pipeline) as session:
        past = session.past_run(run_id)
        if block and block not in past.blocks:
            raise unknown("block", block, past.blocks)
        chosen = {name: each for name, each in past.blocks.items() if block in ("", name)}
        if as_json:
            print_json({name: {"status": each.status, "log": only(each.log, stream)} for name, each in chosen.items()})
            return
        for name, each in chosen.items():
            click.echo(f"── {name} · {each.status}\n{only(each.log, stream).rstrip() or '(printed nothing)'}")
            if each.failure:
                click.echo(each.failure.traceback.rstrip())


@click.command()
@click.argument("project", type=click.Path(path_type=Path))
@click.argument("pipeline", required=False, default="")
@click.option("--limit", default=20, show_default=True)
@json_option
def runs(project: Path, pipeline: str, limit: int, as_json: bool) -> None:
    """The history of runs, newest first."""
    from ... import report

    with history_of(project) as session:
        summaries = session.history.runs(pipeline or None, limit)
    if as_json:
        fields = ("id", "pipeline", "status", "started", "seconds", "blocks", "origin")
        print_json([{name: getattr(each, name) for name in fields} for each in summaries])
    else:
        print_table(report.runs_table(summaries))


@click.command()
@click.argument("what", type=click.Choice(["ls", "clear", "gc"]))
@project_arguments
@click.option("--select", "-s", "selection", default="", help="With clear: which blocks; default: all.")
@json_option
def cache(what: str, project: Path, pipeline: str, selection: str, as_json: bool) -> None:
    """What is kept: ls lists it, clear forgets it, gc removes what nothing needs and keeps the size in bounds."""
    from ... import report

    with opened(project, pipeline) as session:
        if what == "ls":
            kept = session.cached_outputs()
            fields = ("pipeline", "block", "key", "at", "run")
            if as_json:
                print_json([{**{name: getattr(each, name) for name in fields}, "size": each.output.size} for each in kept])
            else:
                print_table(report.cache_table(kept))
        elif what == "clear":
            click.echo(f"forgot {session.clear_cache(selection)} outputs")
        else:
            click.echo(report.collected_line(session.collect()))
