"""What a run's page shows, read from a project's history and store. Nothing of the project runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from .. import browsing
from ..model import Failure
from ..state import Run
from .parts import Kept

LINES = 200
"""Of each block's log, so many of its last lines."""


def of_run(one: browsing.Project, name: str) -> Kept:
    """A run of this id. Raises UnknownNameError where there is none."""
    logs, left = _logs(one, name)
    run = one.reader.run(name)
    made = one.reader.ingredients(sorted({block.key for block in run.blocks.values() if block.key}))
    detail = browsing.run(one, name)
    return Kept(
        detail=dict(detail),
        picture=dict(browsing.picture(one, name)["picture"]),
        logs=logs,
        left=left,
        errors={block.name: _around(block.failure) for block in run.failed if block.failure},
        parameters={**_parameters(run, made), **detail["variables"]},
        versions=_versions(run, made),
        made=f"jupyter_mage {version('jupyter_mage')} · {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    )


def _logs(one: browsing.Project, name: str) -> tuple[dict[str, list[dict[str, Any]]], dict[str, int]]:
    kept: dict[str, deque[dict[str, Any]]] = {}
    counts: dict[str, int] = {}
    cursor, more = 0, True
    while more:
        found = browsing.logs(one, name, after=cursor)
        for line in found["lines"]:
            kept.setdefault(line["block"], deque(maxlen=LINES)).append(dict(line))
            counts[line["block"]] = counts.get(line["block"], 0) + 1
        more, cursor = found["more"] and found["cursor"] > cursor, found["cursor"]
    return {block: list(lines) for block, lines in kept.items()}, {
        block: count - LINES for block, count in counts.items() if count > LINES
    }


def _around(failure: Failure) -> list[str]:
    """The line that failed, and what its inputs were."""
    code = [f"{failure.line} │ {failure.code.rstrip()}"] if failure.code.strip() else []
    inputs = [f"{name} has {said}" for name, said in failure.inputs]
    return [*code, *failure.rows.splitlines(), *inputs, *([failure.guess] if failure.guess else [])]


def _parameters(run: Run, made: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """What parameters were; ``name of block`` where blocks had different values."""
    found = [
        (name, block.name, value if isinstance(value, str) else repr(value))
        for block in run.blocks.values()
        for name, value in made.get(block.key, {}).get("parameters", {}).items()
    ]
    values: dict[str, set[str]] = {}
    for name, _, value in found:
        values.setdefault(name, set()).add(value)
    return {name if len(values[name]) == 1 else f"{name} of {block}": value for name, block, value in found}


def _versions(run: Run, made: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Python, and the packages that the results were made with."""
    packages = {package: str(version) for each in made.values() for package, version in each.get("packages", {}).items()}
    python = {"Python": str(run.origin["python"])} if run.origin.get("python") else {}
    return {**python, **dict(sorted(packages.items()))}
