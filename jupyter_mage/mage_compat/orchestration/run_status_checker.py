"""Whether another pipeline's run is done: what sensors ask."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ...errors import RunError, unknown
from .. import _here
from .._running import place_of


def check_status(
    pipeline_uuid: str,
    execution_date: datetime,
    repo_path: str | None = None,
    block_uuid: str | None = None,
    hours: int = 24,
) -> bool:
    """Whether the newest run of the pipeline that started in the ``hours`` before ``execution_date`` (UTC) has succeeded, or
    that block in it.

    False where there is none, or it still runs. Raises RunError where it failed or was cancelled, so that a sensor stops waiting.
    """
    from ...session import Session

    root, name = place_of(pipeline_uuid, Path(repo_path) if repo_path else _here.root())
    session = Session.open(root, name)
    try:
        if block_uuid is not None and block_uuid not in session.pipeline:
            raise unknown("block", block_uuid, session.pipeline.names)
        end = (execution_date.replace(tzinfo=UTC) if execution_date.tzinfo is None else execution_date).timestamp()
        for each in session.history.runs(session.current, 1000):
            if end - hours * 3600 <= each.started <= end:
                run = session.history.run(each.id)
                status = run.blocks[block_uuid].status if block_uuid in run.blocks else run.status if block_uuid is None else ""
                if status in ("failed", "cancelled", "skipped"):
                    raise RunError(
                        f"{block_uuid or pipeline_uuid} {status} in run {run.id}", hint=f"jupyter mage logs {root} {name}"
                    )
                return status in ("succeeded", "cached")
        return False
    finally:
        session.close()
