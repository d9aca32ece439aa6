"""Runs a pipeline in a process of its own: a block that starts another pipeline must not share its engine, nor its fate."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import redaction
from ..errors import ProjectError, RunError, unknown
from . import _here


@dataclass(slots=True)
class TriggeredRun:
    """A run that was started; ``status`` is as Mage words it: ``running``, ``completed``, ``failed``, ``cancelled``."""

    pipeline_uuid: str
    status: str
    id: str = ""
    error: str = ""


STATUS = {"succeeded": "completed"}


def place_of(pipeline: str, root: Path) -> tuple[Path, str]:
    """The project or notebook that has this pipeline, and its name there. Raises UnknownNameError.

    A pipeline is ``pipelines/<name>/`` of the project, or a notebook ``<name>.ipynb`` in its folder.
    """
    if (root / "pipelines" / pipeline / "metadata.yaml").is_file():
        return root, pipeline
    notebook = root / f"{pipeline}.ipynb"
    if "/" not in pipeline and notebook.is_file():
        return notebook, ""
    there = [each.parent.name for each in root.glob("pipelines/*/metadata.yaml")] + [each.stem for each in root.glob("*.ipynb")]
    raise unknown("pipeline", pipeline, sorted(there))


def run_pipeline(
    pipeline: str,
    project: str | None = None,
    *,
    variables: dict[str, Any],
    selection: str = "",
    wait: bool,
    check: bool = False,
    timeout: float | None = None,
    verbose: bool = True,
) -> TriggeredRun:
    """Start the pipeline; with ``wait``, come back when it is over. Raises RunError, UnknownNameError, ProjectError."""
    path, name = place_of(pipeline, Path(project) if project else _here.root())
    try:
        request = json.dumps({"path": str(path), "pipeline": name, "variables": variables, "selection": selection})
    except TypeError as error:
        raise ProjectError(
            f"a variable for {pipeline} is not JSON: {error}", hint="give text, numbers, lists and dicts"
        ) from error
    process = subprocess.Popen(  # noqa: S603 (our own interpreter, and a module of ours)
        [sys.executable, "-m", "jupyter_mage.mage_compat._child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if wait else subprocess.DEVNULL,
        stderr=None if wait else subprocess.DEVNULL,
        text=True,
        start_new_session=not wait,  # else it ends with us: what waits for it is gone
    )
    if not wait:
        assert process.stdin is not None
        with process.stdin:
            process.stdin.write(request)
        process.returncode = 0  # nobody waits for it
        return TriggeredRun(pipeline, "running")
    try:
        answer, _ = process.communicate(request, timeout=timeout)
    except BaseException as error:
        process.terminate()
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise RunError(
                f"{pipeline} was not done after {timeout:g} s and was cancelled", hint="a longer poll_timeout"
            ) from error
        raise
    return _finished(pipeline, answer, process.returncode, check=check, verbose=verbose)


def _finished(pipeline: str, answer: str, code: int, *, check: bool, verbose: bool) -> TriggeredRun:
    try:
        told = json.loads(answer.strip().splitlines()[-1])
    except (ValueError, IndexError):
        told = {"status": "failed", "error": f"its process ended with code {code}"}
    status = STATUS.get(told["status"], told["status"])
    run = TriggeredRun(pipeline, status, told.get("id", ""), redaction.hide(told.get("error", "")))
    if verbose:
        print(f"{pipeline}: {status}" + (f": {run.error}" if run.error else ""))  # noqa: T201
    if check and status != "completed":
        raise RunError(f"{pipeline} {status}" + (f": {run.error}" if run.error else ""), hint=f"jupyter mage runs {_here.root()}")
    return run
