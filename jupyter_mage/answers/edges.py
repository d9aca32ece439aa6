"""What flowed from one block to another, against the last good run."""

from __future__ import annotations

from ..asked import EdgeFlow
from ..errors import JupyterMageError
from ..flows import flowed, nothing, until, version
from ..session import Session
from .data import Found, find, latest
from .given import Given


def edge(session: Session, given: Given) -> EdgeFlow:
    """``source`` → ``target`` (of ``run``, else as it is now): shape, bytes, and what differs from the version before."""
    pipeline = session.pipeline
    source, target = pipeline[given.text("source")], pipeline[given.text("target")]
    if source.name not in target.upstreams:
        return nothing(source.name, target.name, order_only=True)
    try:
        now = find(session, source.name, given.text("run"))
    except JupyterMageError as error:
        note = f"{error.message}   → {error.hint}" if error.hint else error.message
        return nothing(source.name, target.name, note=note)
    run, at = now.origin["run"], now.origin["at"]
    if now.origin["sampled"]:
        note = "a sample: it is not compared with whole results"
        return {**nothing(source.name, target.name, note=note), "now": version(now.output, run, at)}
    past = until(given.text("run"), session.history.results(session.current, source.name))
    told = flowed(source.name, target.name, now.output, run, at, past)
    return {**told, "taken": _taken(session, target.name, source.name, now)}


def _taken(session: Session, target: str, source: str, now: Found) -> bool | None:
    """Whether the target's last result was made of this version of the source."""
    last = latest(session).get(target)
    inputs = last.ingredients.get("inputs") if last is not None else None
    content = inputs.get(source) if isinstance(inputs, dict) else None
    return None if content is None or session.pipeline[target].mapped == source else content == now.output.content
