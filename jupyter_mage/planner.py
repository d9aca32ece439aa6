"""What a run would do and why, without doing it: cached, to run (and what changed), or blocked; with times from history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from . import graph
from .code import units
from .code.parameters import values
from .engine import Cache, Request, has_effects, needed, still_fresh
from .fingerprint import Fingerprint, changed
from .model import Block, Output


class LastResult(Protocol):
    """A block's last good result, as history keeps it."""

    @property
    def output(self) -> Output: ...
    @property
    def ingredients(self) -> Mapping[str, Any]: ...
    @property
    def seconds(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One block of a plan. ``action`` is ``cached``, ``run``, ``maybe`` (it depends on what an upstream gives) or ``blocked``."""

    block: str
    action: str
    reasons: tuple[str, ...] = ()
    seconds: float | None = None
    """How long it took last time, or None if it never ran."""
    output: Output | None = None


def plan(request: Request, *, cache: Cache, fingerprint: Fingerprint, latest: Mapping[str, LastResult]) -> list[Step]:
    """The steps of this request, in topological order."""
    graph.check_runnable(request.pipeline)
    steps: dict[str, Step] = {}
    for name in needed(request.pipeline, request.targets):
        block = request.pipeline[name]
        steps[name] = _step(block, request, steps, cache, fingerprint, latest.get(name))
    return list(steps.values())


def _step(
    block: Block,
    request: Request,
    steps: Mapping[str, Step],
    cache: Cache,
    fingerprint: Fingerprint,
    last: LastResult | None,
) -> Step:
    name, seconds = block.name, last.seconds if last else None

    def step(action: str, *reasons: str) -> Step:
        return Step(block=name, action=action, reasons=reasons, seconds=seconds)

    blocked = [each for each in block.needs if each in steps and steps[each].action == "blocked"]
    if blocked:
        return step("blocked", f"upstream {blocked[0]} is blocked")
    if block.leaks and not request.leaks_allowed:
        return step("blocked", *(f"reads {leak.name}, which a clean run does not have" for leak in block.leaks))
    if name in request.force:
        return step("run", "forced")
    if has_effects(block) and name in request.targets:
        return step("run", "has effects outside: runs whenever it is asked for")
    if block.fresh == 0:
        return step("run", "its output is never kept: --cache off")
    uncertain = [each for each in block.upstreams if each in steps and steps[each].output is None]
    if uncertain and has_effects(block):
        return _unasked(block, step)
    if uncertain:
        return step("maybe" if last else "run", *(f"upstream {each} runs" for each in uncertain))
    contents = {each: output.content for each in block.upstreams if each in steps and (output := steps[each].output)}
    ingredients = fingerprint.from_contents(block, contents, values(block, request.variables), sample=request.sample)
    kept = cache.find(name, ingredients.key)
    if kept is not None and not still_fresh(block, kept):
        return step("run", f"older than {units.seconds_text(block.fresh or 0.0)}")
    if kept is None and has_effects(block):
        return _unasked(block, step)
    if kept is None:
        return step("run", *((changed(last.ingredients, ingredients) or ["its output is gone"]) if last else ["never ran"]))
    if kept.tests != ingredients.tests:
        return Step(block=name, action="run", reasons=("tests changed: only they run",), seconds=0.0, output=kept.output)
    return Step(block=name, action="cached", seconds=seconds, output=kept.output)


def _unasked(block: Block, step: Any) -> Step:
    made: Step = step("blocked", f"has effects outside and was not asked for: run {block.name}")
    return made
