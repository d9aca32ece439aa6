"""A block's output in a glance: its first rows, its columns, and where it is from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .. import profiling
from ..asked import Origin, Profiled, Shown
from ..errors import JupyterMageError, Where, unknown
from ..model import Output
from ..session import Session
from ..state import BlockRun
from .given import Given

AT_ONCE = 4
"""Columns that are profiled at once: the kernel answers nothing else meanwhile, not even Cancel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An output, and what is said of where it is from."""

    output: Output
    origin: Origin


def preview(session: Session, given: Given) -> Shown:
    """``block`` (of ``run``, else the latest): ``rows`` rows from ``start``, columns from ``first``."""
    found = find(session, given.text("block"), given.text("run"))
    first = given.number("first")
    rows = given.number("rows", profiling.ROWS)
    seen = profiling.preview(
        found.output,
        session.store,
        start=given.number("start"),
        rows=rows,
        first=first,
        command=_command(found.origin, given.text("run")),
    )
    image = profiling.image(found.output, session.store)
    return {"origin": found.origin, "preview": profiling.bounded(seen), "image": image, "first": first}


def profile(session: Session, given: Given) -> Profiled:
    """``block`` (of ``run``, else the latest): the columns from number ``first``, a few at once."""
    found = find(session, given.text("block"), given.text("run"))
    first = given.number("first")
    seen = profiling.profile(
        found.output, session.store, first=first, most=AT_ONCE, command=_command(found.origin, given.text("run"))
    )
    return {"origin": found.origin, "profile": seen, "first": first}


def find(session: Session, block: str, run: str = "") -> Found:
    """The output of a block: that of a run, else the latest, even a sample's.

    Raises UnknownNameError; JupyterMageError where there is none.
    """
    if run:
        return _of_run(session, block, run)
    pipeline = session.pipeline
    name = pipeline[block].name
    stands, last = session.standing(name), latest(session).get(name)
    stale = name in session.stale.get(pipeline.name, ())
    if stands is not None and stands.part.sampled and stands.part.output and (last is None or stands.at >= last.at):
        return _found(stands.part, stands.run, stands.sample, stale=stale)
    if last is None:
        raise JupyterMageError(f"{name} has no output yet", where=Where(block=name), hint=f"%pipeline run {name}")
    status = "kept" if stands is not None and stands.part.status == "cached" else "succeeded"
    origin: Origin = {
        "block": name, "run": last.run, "status": status, "at": last.at, "seconds": last.seconds, "sampled": False,
        "sample": None, "stale": stale,
    }  # fmt: skip
    return Found(output=last.output, origin=origin)


def latest(session: Session) -> dict[str, Any]:
    """Each block's last good result; none where nothing ever ran."""
    return session.history.latest(session.current) if ran(session) else {}


def ran(session: Session) -> bool:
    """Whether anything ever ran here: to look makes no history."""
    return (session.state_folder / "history.db").exists()


def _of_run(session: Session, block: str, run: str) -> Found:
    past = session.past_run(run)
    part = past.blocks.get(block)
    if part is None:
        raise unknown("block", block, past.blocks, hint=f"%pipeline logs --run {past.id}")
    if part.output is None:
        raise JupyterMageError(
            f"{block} gave nothing in run {past.id}: it {part.status}",
            where=Where(block=block),
            hint=f"%pipeline show {past.id}/{block}",
        )
    return _found(part, past.id, past.sample)


def _found(part: BlockRun, run: str, sample: int | None, *, stale: bool = False) -> Found:
    assert part.output is not None, part.name
    origin: Origin = {
        "block": part.name, "run": run, "status": part.status, "at": part.started, "seconds": part.seconds,
        "sampled": part.sampled, "sample": sample if part.sampled else None, "stale": stale,
    }  # fmt: skip
    return Found(output=part.output, origin=origin)


def _command(origin: Origin, run: str) -> str:
    """What shows it in a cell: of the latest whole result its name is enough."""
    own = f"{origin['run']}/" if run or origin["sampled"] else ""
    return f"%pipeline show {own}{origin['block']}"
