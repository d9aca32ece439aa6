"""``--help`` of the contender's command; the floor is Python itself, started and ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workloads import Workload, timed


class HelpTime(Workload):
    name = "help"
    title = "--help, a whole process"
    n = 1
    sized = False
    floor_ms = 80.0

    def blocks_in(self, n: int) -> int | None:  # noqa: ARG002
        return None

    def measure(self, file: str, variant: Any, python: Path, folder: Path, n: int) -> dict[str, Any]:  # noqa: ARG002
        done, (wall, cpu) = timed([str(python.parent / variant.command[0]), *variant.command[1:]], python, folder)
        record = {"ok": done.returncode == 0, "wall_s": wall, "cpu_s": cpu}
        return record if record["ok"] else record | {"error": (done.stdout + done.stderr)[-2000:]}


workload = HelpTime()
