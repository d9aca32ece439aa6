"""mage_check.py PROJECT PIPELINE REPORT: run a pipeline in the real mage-ai and say, block by block, what became of it.

Runs in Mage's own environment (see ``run_in_mage.sh``), so it imports nothing of ours.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any


def main(project: str, pipeline_uuid: str, report: str) -> None:
    from mage_ai.settings.repo import set_repo_path

    set_repo_path(project)
    from mage_ai.data_preparation.models.pipeline import Pipeline

    found: dict[str, dict[str, Any]] = {}
    said: dict[str, Any] = {"ok": True, "error": None, "mode": os.environ.get("MODE", "cli")}
    pipeline = None
    try:
        pipeline = Pipeline.get(pipeline_uuid, repo_path=project)
        MODES[said["mode"]](project, pipeline, found)
    except BaseException as error:
        said |= {"ok": False, "error": f"{type(error).__name__}: {error}"[:600]}
    partition = found.pop("", {}).get("partition")
    said["blocks"] = _blocks(pipeline, partition, found) if pipeline is not None else {}
    Path(report).write_text(json.dumps(said, indent=1, default=str))


def run_cli(project: str, pipeline: Any, found: dict[str, dict[str, Any]]) -> None:
    """What ``mage run PROJECT PIPELINE --test`` does, watched."""
    from mage_ai.cli.main import run
    from mage_ai.data_preparation.models.block import Block

    execute, test = Block.execute_sync, Block.run_tests

    def execute_sync(self: Any, *arguments: Any, **keywords: Any) -> Any:
        row = found.setdefault(self.uuid, {"status": "failed"})
        result = execute(self, *arguments, **keywords)
        row["status"] = "completed"
        return result

    def run_tests(self: Any, *arguments: Any, **keywords: Any) -> Any:
        row = found.setdefault(self.uuid, {})
        row["tests"] = "failed"
        result = test(self, *arguments, **keywords)
        row["tests"] = len(self.test_functions or [])
        return result

    Block.execute_sync, Block.run_tests = execute_sync, run_tests
    run(
        project_path=project,
        pipeline_uuid=pipeline.uuid,
        test=True,
        runtime_vars=os.environ.get("RUNTIME_VARS") or None,
        **dict.fromkeys(
            ["block_uuid", "execution_partition", "executor_type", "callback_url", "block_run_id", "pipeline_run_id"]
        ),
        skip_sensors=False,
        template_runtime_configuration=None,
    )


def run_one_process(project: str, pipeline: Any, found: dict[str, dict[str, Any]]) -> None:
    """What the scheduler does with a triggered run, block by block in this process; the partition is found under ``""``."""
    schedules, trigger = _trigger(project, pipeline)
    from mage_ai.orchestration.pipeline_scheduler import configure_pipeline_run_payload, run_pipeline

    payload, _ = configure_pipeline_run_payload(trigger, pipeline.type, _variables())
    run = schedules.PipelineRun.create(**payload)
    run.update(status=schedules.PipelineRun.PipelineRunStatus.RUNNING)
    try:
        run_pipeline(run.id, run.get_variables(), {})
    finally:
        _noted(schedules, run, found)


def run_triggered(project: str, pipeline: Any, found: dict[str, dict[str, Any]]) -> None:
    """A triggered run under the scheduler's own loop: a process for each block."""
    import time

    schedules, trigger = _trigger(project, pipeline)
    from mage_ai.orchestration.job_manager import get_job_manager
    from mage_ai.orchestration.pipeline_scheduler import schedule_all
    from mage_ai.orchestration.triggers.utils import create_and_start_pipeline_run

    manager = get_job_manager()
    manager.start()
    run = create_and_start_pipeline_run(pipeline, trigger, _variables(), should_schedule=False)
    try:
        while str(getattr(run.status, "value", run.status)) in ("initial", "running"):
            schedule_all()
            time.sleep(6.0)  # by default it is ten; within two, a job that is put where a worker just ends stays there for good
            run.refresh()
    finally:
        _noted(schedules, run, found)
        manager.stop()
    if str(getattr(run.status, "value", run.status)) != "completed":
        raise RuntimeError(f"the run is {run.status}")


def _trigger(project: str, pipeline: Any) -> tuple[Any, Any]:
    from mage_ai.data_preparation.models.triggers import ScheduleStatus, ScheduleType
    from mage_ai.orchestration.db import db_connection
    from mage_ai.orchestration.db.database_manager import database_manager

    database_manager.run_migrations()
    db_connection.start_session()
    from mage_ai.orchestration.db.models import schedules

    return schedules, schedules.PipelineSchedule.create(
        name="check",
        pipeline_uuid=pipeline.uuid,
        schedule_type=ScheduleType.API,
        status=ScheduleStatus.ACTIVE,
        repo_path=project,
    )


def _variables() -> dict[str, Any]:
    return {"variables": json.loads(os.environ.get("RUNTIME_VARS") or "{}")}


def _noted(schedules: Any, run: Any, found: dict[str, dict[str, Any]]) -> None:
    run.refresh()
    for row in schedules.BlockRun.query.filter(schedules.BlockRun.pipeline_run_id == run.id).all():
        row.refresh()
        found[row.block_uuid] = {"status": str(getattr(row.status, "value", row.status))}
    found[""] = {"partition": str(run.execution_partition)}


MODES = {"cli": run_cli, "oneproc": run_one_process, "trigger": run_triggered}


def _blocks(pipeline: Any, partition: str | None, found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    from df_hash import describe

    rows = {}
    manager = pipeline.variable_manager
    for uuid, block in pipeline.blocks_by_uuid.items():
        run = found.get(f"{uuid}:{block.replicated_block}" if block.replicated_block else uuid, {})
        row = rows[uuid] = {"status": "not run", "outputs": [], **run}
        for name in sorted(manager.get_variables_by_block(pipeline.uuid, uuid, partition=partition)):
            value = manager.get_variable(pipeline.uuid, uuid, name, partition=partition)
            row["outputs"].append(describe(value))
    return rows


if __name__ == "__main__":
    main(*sys.argv[1:])
