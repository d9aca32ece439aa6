"""The import that a kernel waits for; the floor is Python itself, started and ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workloads import Workload, timed


class ImportTime(Workload):
    name = "import"
    title = "import, a whole process"
    n = 1
    sized = False
    floor_ms = 60.0

    def blocks_in(self, n: int) -> int | None:  # noqa: ARG002
        return None

    def measure(self, file: str, variant: Any, python: Path, folder: Path, n: int) -> dict[str, Any]:  # noqa: ARG002
        done, (wall, cpu) = timed([str(python), "-c", variant.imports], python, folder)
        record = {"ok": done.returncode == 0, "wall_s": wall, "cpu_s": cpu}
        return record if record["ok"] else record | {"error": done.stderr[-2000:]}


workload = ImportTime()
