"""Start another pipeline of the project from a block."""

from __future__ import annotations

from typing import Any

from ..._running import TriggeredRun, run_pipeline

DEFAULT_POLL_INTERVAL = 60


def trigger_pipeline(
    pipeline_uuid: str,
    repo_path: str | None = None,
    variables: dict[str, Any] | None = None,
    check_status: bool = False,
    error_on_failure: bool = False,
    poll_interval: float = DEFAULT_POLL_INTERVAL,  # noqa: ARG001
    poll_timeout: float | None = None,
    schedule_name: str | None = None,  # noqa: ARG001
    verbose: bool = True,
    remote_blocks: Any = None,  # noqa: ARG001
    return_remote_blocks: bool = False,  # noqa: ARG001
    **_: Any,
) -> TriggeredRun:
    """Run a pipeline of this project by the same engine, in processes of its own.

    Without ``check_status`` it goes on by itself, also when this block or run ends. With it, this waits (``poll_timeout``
    seconds at most; nothing is polled). Raises RunError where ``error_on_failure`` and it did not succeed, or where it took
    too long.
    """
    return run_pipeline(
        pipeline_uuid,
        repo_path,
        variables=variables or {},
        wait=check_status,
        check=error_on_failure,
        timeout=poll_timeout,
        verbose=verbose,
    )
