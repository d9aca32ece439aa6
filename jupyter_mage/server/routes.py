"""The routes below ``jupyter-mage/api/``, one a line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import browsing, onlooking, starting
from .asked import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What is asked, how, and who answers; ``answer`` is called on a thread of its own."""

    name: str
    answer: Callable[[Path, Asked], Any]
    method: str = "GET"
    waits: Callable[[Path, Asked], str] | None = None
    """What it compares with ``stamp``, where it waits: it answers when that is another one, or ``wait`` seconds are over."""


def _project(root: Path, asked: Asked) -> browsing.Project:
    return browsing.project(root, asked.text("project", "") or ".")


def _projects(root: Path, _: Asked) -> Any:
    return browsing.found(root)


def _pipelines(root: Path, asked: Asked) -> Any:
    return browsing.pipelines(_project(root, asked))


def _runs(root: Path, asked: Asked) -> Any:
    return browsing.runs(
        _project(root, asked),
        pipeline=asked.text("pipeline", ""),
        status=asked.text("status", ""),
        before=asked.text("before", ""),
        limit=asked.number("limit", browsing.PAGE),
    )


def _run(root: Path, asked: Asked) -> Any:
    return browsing.run(_project(root, asked), asked.run(), asked.number("after", 0))


def _picture(root: Path, asked: Asked) -> Any:
    return browsing.picture(_project(root, asked), asked.run(), asked.number("after", 0))


def _logs(root: Path, asked: Asked) -> Any:
    block = asked.block() if asked.text("block", "") else ""
    return browsing.logs(
        _project(root, asked), asked.run(), block=block, search=asked.text("search", ""), after=asked.number("after", 0)
    )


def _diff(root: Path, asked: Asked) -> Any:
    return browsing.diff(_project(root, asked), asked.run("before"), asked.run("after"))


def _preview(root: Path, asked: Asked) -> Any:
    one, run, block = _project(root, asked), asked.run(), asked.block()
    start, rows, first = asked.number("start", 0), asked.number("rows", 50, most=500), asked.number("first", 0)
    return browsing.preview(one, run, block, start=start, rows=rows, first=first)


def _profile(root: Path, asked: Asked) -> Any:
    return browsing.profile(_project(root, asked), asked.run(), asked.block(), first=asked.number("first", 0))


def _edge(root: Path, asked: Asked) -> Any:
    return browsing.edge(_project(root, asked), asked.run(), asked.block("source"), asked.block("target"))


def _ask(root: Path, asked: Asked) -> Any:
    one, given = _project(root, asked), asked.words("given")
    return onlooking.ask(one, asked.pipeline(), asked.text("what"), given, file=asked.text("file", ""))


def _start(root: Path, asked: Asked) -> Any:
    one, file, selection = _project(root, asked), asked.text("file", ""), asked.text("selection", "")
    variables = asked.variables("variables")
    return starting.run(one, asked.pipeline(), file=file, selection=selection, force=asked.yes("force"), variables=variables)


def _rerun(root: Path, asked: Asked) -> Any:
    return starting.rerun(_project(root, asked), asked.run())


def _resume(root: Path, asked: Asked) -> Any:
    return starting.resume(_project(root, asked), asked.run())


def _cancel(root: Path, asked: Asked) -> Any:
    return starting.cancel(_project(root, asked), asked.run())


def _stamp(root: Path, asked: Asked) -> str:
    found: str = _project(root, asked).reader.stamp()
    return found


def _log_stamp(root: Path, asked: Asked) -> str:
    return browsing.log_stamp(_project(root, asked), asked.run())


ROUTES = (
    Route(name="projects", answer=_projects),
    Route(name="pipelines", answer=_pipelines),
    Route(name="runs", answer=_runs, waits=_stamp),
    Route(name="run", answer=_run, waits=_stamp),
    Route(name="picture", answer=_picture, waits=_stamp),
    Route(name="logs", answer=_logs, waits=_log_stamp),
    Route(name="diff", answer=_diff),
    Route(name="preview", answer=_preview),
    Route(name="profile", answer=_profile),
    Route(name="edge", answer=_edge),
    Route(name="ask", answer=_ask, waits=_stamp),
    Route(name="start", method="POST", answer=_start),
    Route(name="rerun", method="POST", answer=_rerun),
    Route(name="resume", method="POST", answer=_resume),
    Route(name="cancel", method="POST", answer=_cancel),
)
