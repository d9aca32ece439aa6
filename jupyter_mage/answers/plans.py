"""What a run would do, why, and for how long."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Mapping
from typing import Any

from .. import report
from ..asked import Plan, PlanStep
from ..fingerprint import Fingerprint
from ..planner import Step
from ..redaction import hide
from ..session import Session
from .data import latest
from .given import Given

STEPS = 500
DIFF = 4_000
"""Characters of one diff, and a tenth of the reasons."""
ALL_DIFFS = 100_000

_prints: dict[str, Fingerprint] = {}
"""By project: what keys are made with here. A run's own fingerprint belongs to the thread that runs."""


def plan(session: Session, given: Given) -> Plan:
    """``selection`` with ``variables`` (as typed) and ``force``: block by block. Raises what `run` would raise before it runs."""
    selection, variables, force = given.text("selection"), given.texts("variables"), given.flag("force")
    print_ = _prints.setdefault(str(session.root), Fingerprint(session.root))
    steps = session.plan(selection, variables=variables, force=force, fingerprint=print_)
    last, pipeline = latest(session), session.pipeline
    room, shown = ALL_DIFFS, list[PlanStep]()
    for step in steps[:STEPS]:
        block = pipeline.get(step.block.split("[")[0])
        diff = _diff(last.get(step.block), block.source) if block is not None and step.action in ("run", "maybe") else ""
        diff = diff if len(diff) <= room else ""
        room -= len(diff)
        shown.append(_step(step, diff))
    running = [step for step in steps if step.action in ("run", "maybe")]
    known = [step.seconds for step in running if step.seconds is not None]
    return {
        "pipeline": pipeline.name,
        "selection": selection,
        "command": command(selection, variables, force=force),
        "steps": shown,
        "steps_left": len(steps) - len(shown),
        "said": report.plan_line(steps),
        "seconds": sum(known) if known else None,
        "unknown": len(running) - len(known),
        "tags": sorted({tag for block in pipeline for tag in block.tags})[:STEPS],
    }


def command(selection: str, variables: Mapping[str, str], *, force: bool = False) -> str:
    """What one types to run it.

    >>> command("clean+", {"day": "2024-01-01", "who": "a b"}, force=True)
    "%pipeline run clean+ --var day=2024-01-01 --var 'who=a b' --force"
    """
    words = [*selection.split(), *(word for name, value in variables.items() for word in ("--var", f"{name}={value}"))]
    return " ".join(["%pipeline run", *map(shlex.quote, words), *(["--force"] if force else [])])


def _step(step: Step, diff: str) -> PlanStep:
    return {
        "block": step.block,
        "action": step.action,  # type: ignore[typeddict-item]  # one of four words
        "why": [hide(reason.split("\n")[0])[: DIFF // 10] for reason in step.reasons[:20]],
        "diff": diff,
        "seconds": step.seconds,
        "output": step.output.describe() if step.output else "",
    }


def _diff(last: Any, source: str) -> str:
    """What changed in a body since its last good result."""
    before = last.ingredients.get("source") if last is not None else None
    if not isinstance(before, str) or before == source:
        return ""
    lines = difflib.unified_diff(before.splitlines(), hide(source).splitlines(), lineterm="", n=2)
    text = hide("\n".join(line for line in lines if not line.startswith(("---", "+++"))))
    return text if len(text) <= DIFF else f"{text[:DIFF]}\n…"
