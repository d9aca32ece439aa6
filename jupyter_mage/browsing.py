"""What a screen asks of projects on disk, with no kernel: runs, timelines, pictures, logs, outputs. JSON as `contract` says.

Nothing here runs a project's code, loads a pickle or writes; `starting` starts what runs.
"""

from __future__ import annotations

import os
import shlex
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import contract, finding, flows, live_logs, profiling, redaction, report, vault, view
from .asked import EdgeFlow, Origin, Profiled, Shown
from .errors import JupyterMageError, ProjectError, UnsafePathError, unknown
from .files import inside
from .fingerprint import differences
from .following_runs import Follower, follow
from .model import Output
from .plugins import Store, sinks, stores
from .state import FINISHED, GOOD, Run
from .view import runs as lines

PAGE = 50
"""Runs in one answer."""
EVENTS = 4_000
"""Events that one answer of a log looks through, at most."""


@dataclass(frozen=True, slots=True)
class Project:
    """A folder below ``root`` whose history and outputs are looked at."""

    root: Path
    folder: Path

    @property
    def path(self) -> str:
        """From the root, as it stands in requests and commands; empty for the root itself."""
        return "" if self.folder == self.root else self.folder.relative_to(self.root).as_posix()

    @property
    def state(self) -> Path:
        return self.folder / finding.STATE

    @property
    def reader(self) -> Any:
        return sinks.get("history").reader(self.state)

    @property
    def store(self) -> Store:
        store: Store = stores.get("local")(self.state / "store")
        return store


def project(root: Path, path: str) -> Project:
    """The project of a folder or notebook below ``root``. Its secrets are hidden from now on.

    Raises UnsafePathError for a path that leaves the root, also by a link inside the project, and ProjectError.
    """
    root = Path(os.path.realpath(root))
    full = finding.below(root, path)
    folder = full if full.is_dir() else full.parent
    for name in ("", "history.db", "history.db-wal", "store"):
        inside(root, os.path.relpath(folder, root), finding.STATE, name)
    for each in (folder / ".env", folder / vault.FILE, folder / finding.STATE / "history.db"):
        if each.exists() and not stat.S_ISREG(each.stat().st_mode):
            raise UnsafePathError(f"{each.relative_to(root)} is no plain file")
    vault.learn(folder)
    return Project(root, folder)


# ---- what is there


def found(root: Path) -> contract.Projects:
    """Every project below ``root``, its pipelines, and each one's last run."""
    root = Path(os.path.realpath(root))
    folders, cut = finding.walk(root)
    return {"projects": [_project_line(root, each) for each in folders], "root": root.name, "cut": cut}


def _project_line(root: Path, each: finding.Found) -> contract.ProjectLine:
    path = "" if each.folder == root else each.folder.relative_to(root).as_posix()
    line: contract.ProjectLine = {
        "path": path, "name": each.folder.name, "mage": each.mage, "pipelines": [], "problem": "",
    }  # fmt: skip
    last: Mapping[str, Any] = {}
    try:
        one = project(root, path or ".")
        last = one.reader.last_runs()
    except JupyterMageError as error:
        line["problem"] = str(error)
        one = Project(root, each.folder)
    names = dict.fromkeys(place.listed.name for place in each.places)
    gone = [name for name in last if name not in names]
    line["pipelines"] = [
        *(_pipeline_line(one, place, last.get(place.listed.name)) for place in each.places),
        *(_without_file(one, name, last[name]) for name in gone),
    ]
    return line


def pipelines(one: Project) -> contract.ProjectLine:
    """The pipelines of one project, and each one's last run; none where its folder has none."""
    return _project_line(one.root, finding.look(one.folder) or finding.Found(folder=one.folder))


def _pipeline_line(one: Project, place: finding.Place, last: Any) -> contract.PipelineLine:
    listed = place.listed
    return {
        "name": listed.name,
        "file": place.file.relative_to(one.root).as_posix() if place.file != one.root else "",
        "notebook": place.file.is_file(),
        "type": listed.type,
        "blocks": sum(listed.blocks.values()),
        "triggers": [f"{each.name} ({each.interval or each.type}{'' if each.active else ', off'})" for each in listed.triggers],
        "problem": listed.problem,
        "last": lines.run_line(last) if last else None,
        "commands": commands(one, listed.name, last, place),
    }


def _without_file(one: Project, name: str, last: Any) -> contract.PipelineLine:
    return {
        "name": name, "file": "", "notebook": False, "type": "", "blocks": last.blocks, "triggers": [], "problem": "",
        "last": lines.run_line(last), "commands": commands(one, name, last, None),
    }  # fmt: skip


# ---- commands: what to type for what a button does


_COMMANDS = ("run", "resume", "rerun", "cancel", "show", "logs", "plan", "vars")


def commands(one: Project, pipeline: str, run: Any = None, place: finding.Place | None = None) -> contract.Commands:
    """What to type, from the root folder; empty where it makes no sense or no file has the pipeline."""
    words = {name: shlex.join(["jupyter", "mage", *found]) for name, found in arguments(one, pipeline, run, place).items()}
    return {name: words.get(name, "") for name in _COMMANDS}  # type: ignore[return-value]


def arguments(one: Project, pipeline: str, run: Any, place: finding.Place | None) -> dict[str, list[str]]:
    """The words behind ``jupyter mage``, for each thing that can be done now."""
    place = place or finding.place_of(one.folder, pipeline)
    file = argument(one, place.file if place else one.folder)
    found: dict[str, list[str]] = {}
    if run is not None and run.status == "running":
        found["cancel"] = ["cancel", file, run.id]
    if place is None:
        return found
    named = [file] if place.alone else [file, pipeline]
    found |= {name: [name, *named] for name in ("run", "show", "plan", "vars")}
    if run is None:
        return found
    found["logs"] = ["logs", *named, "--run", run.id]
    if run.status != "running":
        found["rerun"] = ["run", *named, *(["--select", run.selection] if run.selection else [])]
    if run.status in FINISHED - GOOD:
        found["resume"] = ["resume", *named, "--run", run.id]
    return found


def argument(one: Project, file: Path) -> str:
    """How a command that is typed in the root folder names a file or folder."""
    text = os.path.relpath(file, one.root)
    return f"./{text}" if text.startswith("-") else text


# ---- runs


def runs(one: Project, *, pipeline: str = "", status: str = "", before: str = "", limit: int = PAGE) -> contract.RunsPage:
    """A page of the history, newest first."""
    reader = one.reader
    stamp = reader.stamp()
    limit = max(1, min(limit, 200))
    page = reader.runs(pipeline or None, status=status or None, before=before, limit=limit + 1)
    return {
        "runs": [lines.run_line(each) for each in page[:limit]],
        "more": len(page) > limit,
        "pipelines": sorted(reader.last_runs()),
        "stamp": stamp,
    }


def run(one: Project, name: str, after: int = 0) -> contract.RunDetail:
    """A run with its blocks; with ``after``, only blocks of which something was said behind that event."""
    reader = one.reader
    stamp, summary = reader.stamp(), reader.summary(name)
    with follow(reader, one.state, name) as followed:
        told, left = lines.block_lines(followed.run, followed.timeline, summary.status)
        whole = followed.needs_whole(after)
        return {
            "run": lines.run_line(summary),
            "whole": whole,
            "blocks": told if whole else [each for each in told if followed.touched.get(each["name"], 0) > after],
            "items_left": left,
            "variables": {key: _short(value) for key, value in followed.run.variables.items()},
            "now": time.time(),
            "sequence": followed.sequence,
            "stamp": stamp,
            "commands": commands(one, summary.pipeline, summary),
        }


def picture(one: Project, name: str, after: int = 0) -> contract.RunPicture:
    """A run as it is drawn, or what of it changed behind event ``after``, where that is still known."""
    reader = one.reader
    stamp, summary = reader.stamp(), reader.summary(name)
    with follow(reader, one.state, name) as followed:
        drawn = _drawn(followed, summary.status, followed.compared_with(reader))
        before = followed.pictures.get(after) if after else None
        followed.remember(drawn)
        return {"picture": view.changes(before, drawn), "sequence": followed.sequence, "stamp": stamp}  # type: ignore[typeddict-item]


def _drawn(followed: Follower, status: str, before: Mapping[str, Output]) -> dict[str, Any]:
    drawn = view.picture(followed.pipeline, followed.run, before=before)
    if drawn["run"] and status != drawn["run"]["status"]:  # its process died: no event says so
        drawn["run"]["status"] = status
        states: dict[str, Any] = {
            block: {**state, "status": status, "detail": status} if state["status"] not in FINISHED else state
            for block, state in drawn["states"].items()
        }
        drawn["states"] = states
    return drawn


def _short(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 200 else f"{text[:199]}…"


def logs(one: Project, name: str, *, block: str = "", search: str = "", after: int = 0) -> contract.LogPage:
    """Lines behind event ``after``, and what blocks that run now have printed so far."""
    reader = one.reader
    stamp, summary = log_stamp(one, name), reader.summary(name)
    numbered = reader.events(name, after, EVENTS)
    told, cursor, more = lines.log_page(numbered, block=block, search=search)
    with follow(reader, one.state, name) as followed:
        blocks = [each for each in followed.run.blocks if not each.endswith("]")]
        running = [each.name for each in followed.run.blocks.values() if each.status == "running" and not each.is_item]
        live = _live(one, name, running, block, search) if summary.status == "running" else []
    return {
        "lines": told,
        "cursor": cursor or after,
        "more": more or len(numbered) == EVENTS,
        "live": live,
        "blocks": blocks,
        "status": summary.status,
        "stamp": stamp,
    }


def _live(one: Project, run: str, running: list[str], block: str, search: str) -> list[contract.LiveLog]:
    found: list[contract.LiveLog] = []
    for each in running:
        said = [line for line in live_logs.read(one.state, run, each) if search.casefold() in line["text"].casefold()]
        if said and block in ("", each):
            found.append({"block": each, "lines": said})
    return found


def log_stamp(one: Project, run: str) -> str:
    """Another one when anything was written since, or printed by a block that runs."""
    return f"{one.reader.stamp()}-{live_logs.stamp(one.state, run)}"


def diff(one: Project, before: str, after: str) -> contract.RunDiff:
    """Two runs, block by block: states, shapes, and what each result was made of."""
    reader = one.reader
    old, new = reader.run(reader.summary(before).id), reader.run(reader.summary(after).id)
    reasons = why_different(reader, old, new)
    place = finding.place_of(one.folder, new.pipeline)
    file = argument(one, place.file if place else one.folder)
    named = [file] if place is None or place.alone else [file, new.pipeline]
    return {
        "before": lines.run_line(reader.summary(before)),
        "after": lines.run_line(reader.summary(after)),
        "blocks": report.diff_lines(old, new, reasons),
        "variables": [
            f"{key}: {_short(old.variables.get(key, '–'))} → {_short(new.variables.get(key, '–'))}"
            for key in dict.fromkeys((*old.variables, *new.variables))
            if old.variables.get(key) != new.variables.get(key)
        ],
        "command": shlex.join(["jupyter", "mage", "diff", *named, before, after]) if place else "",
    }


def why_different(history: Any, old: Run, new: Run) -> dict[str, list[str]]:
    """For each block whose key differs in two runs, what its results were made of otherwise."""
    keys = {block.key for run in (old, new) for block in run.blocks.values() if block.key}
    made = history.ingredients(sorted(keys))
    reasons = {}
    for name, block in new.blocks.items():
        other = old.blocks.get(name)
        if other is not None and other.key != block.key and other.key in made and block.key in made:
            reasons[name] = differences(made[other.key], made[block.key])
    return reasons


# ---- outputs


def preview(one: Project, run: str, block: str, *, start: int = 0, rows: int = profiling.ROWS, first: int = 0) -> Shown:
    """Rows of what a block gave in a run, columns from number ``first``.

    Raises UnknownNameError, and JupyterMageError where it gave nothing.
    """
    origin, output, command = _output(one, run, block)
    seen = profiling.preview(output, one.store, start=start, rows=rows, first=first, command=command)
    image = profiling.image(output, one.store)
    return {"origin": origin, "preview": profiling.bounded(seen), "image": image, "first": first}


def profile(one: Project, run: str, block: str, *, first: int = 0) -> Profiled:
    """Each column of what a block gave in a run, from number ``first``. Raises as `preview` does."""
    origin, output, command = _output(one, run, block)
    return {"origin": origin, "profile": profiling.profile(output, one.store, first=first, command=command), "first": first}


def edge(one: Project, run: str, source: str, target: str) -> EdgeFlow:
    """What flowed from one block to another in a run, against the last good run before it. Raises UnknownNameError."""
    reader = one.reader
    summary = reader.summary(run)
    with follow(reader, one.state, summary.id) as followed:
        pipeline, parts = followed.pipeline, dict(followed.run.blocks)
    part, order_only = parts.get(pipeline[source].name), source not in pipeline[target].upstreams
    if order_only or part is None or part.output is None:
        note = f"{source} gave nothing in run {run}: it {part.status if part else 'was no part of it'}"
        return flows.nothing(source, target, order_only=order_only, note=note)
    if part.sampled:
        note = "a sample: it is not compared with whole results"
        return {**flows.nothing(source, target, note=note), "now": flows.version(part.output, run, part.started)}
    past = flows.until(run, reader.results(summary.pipeline, source))
    return flows.flowed(source, target, part.output, run, part.started, past)


def _output(one: Project, run: str, block: str) -> tuple[Origin, Output, str]:
    reader = one.reader
    past: Run = reader.run(reader.summary(run).id)
    if block not in past.blocks:
        raise unknown("block", block, past.blocks)
    part = past.blocks[block]
    if part.output is None:
        raise ProjectError(f"{block} gave nothing in run {run}: {part.status}")
    origin: Origin = {
        "block": block, "run": run, "status": part.status, "at": part.started, "seconds": part.seconds,
        "sampled": part.sampled, "sample": past.sample if part.sampled else None, "stale": False,
    }  # fmt: skip
    shown = arguments(one, past.pipeline, None, None).get("show")
    command = shlex.join(["jupyter", "mage", *shown, f"{run}/{block}"]) if shown else ""
    return origin, reader.output(part.output.content) or part.output, command


def hidden(answer: Any) -> Any:
    """The answer with every known secret hidden."""
    return redaction.hide_all(answer)
