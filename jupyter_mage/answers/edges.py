"""What flowed from one block to another, against the last good run."""

from __future__ import annotations

from ..asked import EdgeFlow, Version
from ..errors import JupyterMageError
from ..flows import change
from ..model import Output
from ..session import Session
from ..sinks.history import Result
from .data import Found, find, latest
from .given import Given


def edge(session: Session, given: Given) -> EdgeFlow:
    """``source`` → ``target`` (of ``run``, else as it is now): shape, bytes, and what differs from the version before."""
    pipeline = session.pipeline
    source, target = pipeline[given.text("source")], pipeline[given.text("target")]
    found: EdgeFlow = {
        "source": source.name, "target": target.name, "order_only": source.name not in target.upstreams, "now": None,
        "before": None, "since": "", "change": None, "taken": None, "note": "",
    }  # fmt: skip
    if found["order_only"]:
        return {**found, "note": f"{target.name} only waits for {source.name}: nothing flows"}
    try:
        now = find(session, source.name, given.text("run"))
    except JupyterMageError as error:
        return {**found, "note": f"{error.message}   → {error.hint}" if error.hint else error.message}
    found["now"] = _version(now.output, now.origin["run"], now.origin["at"])
    if now.origin["sampled"]:
        return {**found, "note": "a sample: it is not compared with whole results"}
    before, since = _before(session, now)
    return {
        **found,
        "before": None if before is None else _version(before.output, before.run, before.at),
        "since": since,
        "change": change(before.output if before else None, now.output),
        "taken": _taken(session, target.name, source.name, now),
    }


def _before(session: Session, now: Found) -> tuple[Result | None, str]:
    """The last good result that differs from this one, and the run in between that gave the same."""
    past = session.history.results(session.current, now.origin["block"])
    place = next((n for n, each in enumerate(past) if each.output.content == now.output.content), -1)
    earlier = past[place + 1 :]
    before = next((each for each in earlier if each.output.content != now.output.content), None)
    since = earlier[0].run if earlier and earlier[0] is not before else ""
    return before, since


def _taken(session: Session, target: str, source: str, now: Found) -> bool | None:
    """Whether the target's last result was made of this version of the source."""
    last = latest(session).get(target)
    inputs = last.ingredients.get("inputs") if last is not None else None
    content = inputs.get(source) if isinstance(inputs, dict) else None
    return None if content is None or session.pipeline[target].mapped == source else content == now.output.content


def _version(output: Output, run: str, at: float | None) -> Version:
    return {
        "run": run, "at": at, "type": output.type, "rows": output.rows, "bytes": output.size,
        "columns": None if output.columns is None else len(output.columns),
    }  # fmt: skip
