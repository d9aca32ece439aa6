"""One block by the contender's own command, from nothing: a whole process."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import contenders

from workloads import Workload, timed


class Cold(Workload):
    name = "cold"
    title = "one block by the command line, a whole process"
    n = 1
    sized = False
    ratios = MappingProxyType({"mage-ai": 7})

    def blocks_in(self, n: int) -> int | None:  # noqa: ARG002
        return None

    def measure(self, file: str, variant: Any, python: Path, folder: Path, n: int) -> dict[str, Any]:  # noqa: ARG002
        command = contenders.load(file).Runner(variant.mode, folder).one_block()
        done, (wall, cpu) = timed([str(python.parent / command[0]), *command[1:]], python, folder)
        record = {"ok": done.returncode == 0, "wall_s": wall, "cpu_s": cpu}
        return record if record["ok"] else record | {"error": (done.stdout + done.stderr)[-2000:]}


workload = Cold()
