"""Runs that a screen asks for: ``jupyter mage …`` as a process of its own, which goes on when screen and server are gone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from . import browsing, finding
from .contract import Started
from .errors import JupyterMageError, ProjectError, unknown

PATIENCE = 20.0
"""Seconds that a process is given until its run has begun; it goes on, then without its id being known here."""
SAID = 2_000
_RAN = (0, 1, 130)
"""How a command ends whose run began: all went well, something failed, it was cancelled."""


def rerun(one: browsing.Project, run: str) -> Started:
    """The same pipeline and selection once more, with the variables that run had of its own."""
    summary = one.reader.summary(run)
    words = _words(one, summary.pipeline, summary, "rerun")
    own = {name: value for name, value in one.reader.run(run).variables.items() if not _usual(one, summary.pipeline, name, value)}
    return start(one, [*words, *_variables(own)])


def resume(one: browsing.Project, run: str) -> Started:
    """Go on in the same run: what had finished is not run again."""
    summary = one.reader.summary(run)
    return {**start(one, _words(one, summary.pipeline, summary, "resume")), "run": run}


def run(
    one: browsing.Project,
    pipeline: str,
    *,
    file: str = "",
    selection: str = "",
    force: bool = False,
    variables: Mapping[str, str] | None = None,
) -> Started:
    """Run a pipeline, or a selection of it, with these variables as they are typed. Raises what the command says is wrong."""
    words = [*_words(one, pipeline, None, "run", file), *(["--select", selection] if selection else [])]
    return start(one, [*words, *_variables(variables or {}), *(["--force"] if force else [])])


def cancel(one: browsing.Project, run: str) -> Started:
    """Interrupt a run of any process on this machine. Raises JupyterMageError where it does not run here."""
    summary = one.reader.summary(run)
    command = browsing.commands(one, summary.pipeline, summary)["cancel"]
    return {"run": run, "command": command, "pid": interrupt(run, one.reader.holder(run))}


def interrupt(run: str, holder: dict[str, object]) -> int:
    """Send the process that holds ``run`` an interrupt; gives its pid. Raises JupyterMageError where there is none here."""
    if not holder:
        raise JupyterMageError(f"run {run} is not running", hint="%pipeline runs")
    if holder.get("host") != socket.gethostname():
        raise JupyterMageError(f"run {run} runs on {holder.get('host')}", hint="cancel it there")
    pid = holder.get("pid")
    if not isinstance(pid, int) or pid <= 1:
        raise JupyterMageError(f"it is not known which process runs {run}", hint="end it yourself")
    os.kill(pid, signal.SIGINT)
    return pid


def start(one: browsing.Project, words: Sequence[str]) -> Started:
    """Start ``jupyter mage WORDS`` in the root folder and wait until its run has begun.

    Raises JupyterMageError with what it printed where it ends before that.
    """
    import shlex

    known = {each.id for each in one.reader.runs(limit=20)}
    output = tempfile.TemporaryFile()  # noqa: SIM115 (the process keeps it)
    command = [sys.executable, "-m", "jupyter_mage.cli", *words]
    process = subprocess.Popen(  # noqa: S603 (our own command, no shell; each word is one argument)
        command, cwd=one.root, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
    )
    threading.Thread(target=process.wait, daemon=True).start()  # or it would stay as a zombie
    try:
        begun = _begun(one, process, known)
        if not begun and process.poll() not in (None, *_RAN):
            output.seek(0)
            said = output.read()[-SAID:].decode(errors="replace").strip().removeprefix("Error: ")
            raise JupyterMageError(said or f"it ended with {process.returncode}", hint=shlex.join(["jupyter", "mage", *words]))
    finally:
        output.close()
    return {"run": begun, "command": shlex.join(["jupyter", "mage", *words]), "pid": process.pid}


def _begun(one: browsing.Project, process: subprocess.Popen[bytes], known: set[str]) -> str:
    """The id of the run that this process began, or went on with; empty where it did not in time."""
    reader, end = one.reader, time.monotonic() + PATIENCE
    while time.monotonic() < end:
        ended = process.poll() is not None  # asked first: what it wrote before it ended is then seen
        for each in reader.runs(limit=20):
            own = each.origin.get("pid") == process.pid and each.id not in known
            if own or reader.holder(each.id).get("pid") == process.pid:
                return str(each.id)
        if ended:
            return ""
        time.sleep(0.05)
    return ""


def _words(one: browsing.Project, pipeline: str, summary: Any, verb: str, file: str = "") -> list[str]:
    place = place_of(one, pipeline, file)
    words = browsing.arguments(one, pipeline, summary, place).get(verb)
    if words is None:
        raise JupyterMageError(f"run {summary.id} is {summary.status}: there is nothing to {verb}", hint="%pipeline runs")
    return words


def place_of(one: browsing.Project, pipeline: str, file: str = "") -> finding.Place:
    """Where the pipeline stands. Raises UnknownNameError, ProjectError where no file, or more than one, has it."""
    place = finding.place_of(one.folder, pipeline, file)
    if place is None:
        found = finding.look(one.folder)
        names = [each.listed.name for each in found.places] if found else []
        if pipeline in names:
            raise ProjectError(f"several files here have a pipeline {pipeline}", hint="jupyter mage run NOTEBOOK.ipynb")
        raise unknown("pipeline", pipeline, names)
    return place


def _usual(one: browsing.Project, pipeline: str, name: str, value: object) -> bool:
    """Whether the pipeline's file gives the variable this value anyway."""
    from . import projects

    place = finding.place_of(one.folder, pipeline)
    usual = projects.read(place.file, pipeline).variables if place else {}
    return name in usual and usual[name] == value


def _variables(given: Mapping[str, object]) -> list[str]:
    return [word for name, value in given.items() for word in ("--var", f"{name}={value}")]
