"""A Mage project by the contender's own command: one block, and twenty-one in a row; block files as Mage's templates have them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import MappingProxyType
from typing import Any

from workloads import TIMEOUT, Workload, environment

MORE = 20
_BLOCK = """if '{kind}' not in globals():
    from mage_ai.data_preparation.decorators import {kind}


@{kind}
def made({given}*args, **kwargs):
    with open({noted!r}, 'a') as file:
        file.write('{name}\\n')
    return {value}
"""


class MageProject(Workload):
    name = "mage-project"
    title = "a Mage project of one block by the command line, a whole process"
    n = 1
    sized = False
    ratios = MappingProxyType({"mage-ai": 7})
    columns = MappingProxyType({"peak_mb": "peak MB", "block_s": "ms a block more", "block_cpu_s": "CPU ms a block more"})

    def blocks_in(self, n: int) -> int | None:  # noqa: ARG002
        return None

    def measure(self, file: str, variant: Any, python: Path, folder: Path, n: int) -> dict[str, Any]:  # noqa: ARG002
        one = _run(variant, python, folder / "one", 1)
        many = _run(variant, python, folder / "many", 1 + MORE) if one["ok"] else one
        if not many["ok"]:
            return many
        more = {f"block{each}_s": (many[f"{of}_s"] - one[f"{of}_s"]) / MORE for each, of in (("", "wall"), ("_cpu", "cpu"))}
        return one | more


def _run(variant: Any, python: Path, folder: Path, count: int) -> dict[str, Any]:
    """Write the project and run it: wall and CPU seconds, and the most memory that one of its processes had."""
    folder.mkdir()
    noted = folder / "noted"
    write(folder / "project", count, noted)
    command = [str(python.parent / variant.project[0]), *variant.project[1:], str(folder / "project"), "bench"]
    with tempfile.TemporaryFile("w+") as said:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=environment(python, folder), stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - started
        said.seek(0)
        text = said.read()
    names = noted.read_text().split() if noted.exists() else []
    if process.returncode or names != [f"b{place}" for place in range(count)] or wall > TIMEOUT:
        return {"ok": False, "error": f"exit {process.returncode}, ran {names}: {text[-2000:]}"}
    shutil.rmtree(folder / "project")
    return {"ok": True, "wall_s": wall, "cpu_s": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}


def write(project: Path, count: int, noted: Path) -> None:
    """So many blocks, each on the one before; each notes that it ran."""
    for name in ("pipelines/bench", "data_loaders", "transformers"):
        (project / name).mkdir(parents=True)
    (project / "metadata.yaml").write_text("project_type: standalone\nhelp_improve_mage: false\n")
    entries = []
    for place in range(count):
        kind, given, value = ("transformer", "number, ", "number + 1") if place else ("data_loader", "", "1")
        text = _BLOCK.format(kind=kind, given=given, value=value, name=f"b{place}", noted=str(noted))
        (project / f"{kind}s/b{place}.py").write_text(text)
        above = [f"b{place - 1}"] if place else []
        below = [f"b{place + 1}"] if place + 1 < count else []
        entries.append({"uuid": f"b{place}", "type": kind, "upstream_blocks": above, "downstream_blocks": below})
    document = {"type": "python", "name": "bench", "blocks": entries}
    (project / "pipelines/bench/metadata.yaml").write_text(json.dumps(document, indent=1))


workload = MageProject()
