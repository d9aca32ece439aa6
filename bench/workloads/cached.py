"""A thousand blocks again with nothing changed: at once in the same process, and in a whole new one."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import blocks

from workloads import Workload

ROUNDS = 3


class Cached(Workload):
    name = "cached"
    title = "a chain of empty blocks, run again with nothing changed"
    limits_ms = MappingProxyType({"jupyter_mage": 10})
    ratios = MappingProxyType({"joblib": 30, "hamilton-cache": 50})
    columns = MappingProxyType({"new_process_wall_s": "new process ms", "new_process_cpu_s": "its CPU ms"})

    def prepare(self, folder: Path, n: int) -> None:
        blocks.write(folder, *blocks.chain(n))

    def measure(self, file: str, variant: Any, python: Path, folder: Path, n: int) -> dict[str, Any]:
        record = super().measure(file, variant, python, folder, n)
        if record["ok"]:
            again = self.spawn(file, variant, python, folder, "again")
            record |= {"new_process_wall_s": again["process_wall_s"], "new_process_cpu_s": again["process_cpu_s"]}
            if not again["ok"]:
                record |= {"ok": False, "error": f"in a new process: {again['error']}"}
        return record

    def child(self, runner: Any, blocks: ModuleType, phase: str, record: dict[str, Any]) -> None:
        runner.reopen(blocks)
        if phase == "first":
            result = runner.run()
            record["executed"] = runner.executed(result)
            self.check(runner.value(result), blocks, record, executed=len(blocks.NAMES))
            if not record["ok"]:
                return
        self._again(runner, blocks, record, rounds=ROUNDS if phase == "first" else 1)

    def _again(self, runner: Any, blocks: ModuleType, record: dict[str, Any], rounds: int) -> None:
        """The best of some runs, of which none may execute a body."""
        from child import Watch

        times = []
        for _ in range(rounds):
            blocks.CALLS.clear()
            with Watch() as watch:
                result = runner.rerun()
            times.append((watch.wall, watch.cpu))
            record["executed"] = runner.executed(result)
            self.check(runner.value(result), blocks, record, executed=0)
            if not record["ok"]:
                return
        record |= {"wall_s": min(wall for wall, _ in times), "cpu_s": min(cpu for _, cpu in times)}


workload = Cached()
