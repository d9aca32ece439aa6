"""From asking for a run until the first block's body begins in a process: nothing started yet, and workers warm."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from workloads import Workload, middle


class FirstBlock(Workload):
    name = "first"
    title = "from Run to the first block's body, in a process (wall time)"
    n = 1
    sized = False
    columns = MappingProxyType({"warm_s": "warm ms"})

    def blocks_in(self, n: int) -> int | None:  # noqa: ARG002
        return None

    def prepare(self, folder: Path, n: int) -> None:  # noqa: ARG002
        (folder / "bench_blocks.py").write_text("CALLS = []\n")

    def child(self, runner: Any, blocks: ModuleType, phase: str, record: dict[str, Any]) -> None:  # noqa: ARG002
        from child import Watch

        with Watch() as watch:
            cold, warm = runner.first_block()
        record |= {"ok": True, "wall_s": cold, "warm_s": warm, "cpu_s": watch.cpu}

    def goals(self, found: dict[str, Any]) -> list[dict[str, Any]]:
        us = "jupyter_mage-processes"
        cold, warm = middle(found, us, "wall_s"), middle(found, us, "warm_s")
        if cold is None or warm is None:
            return []
        return [
            {"what": "ms to the first block, cold", "at_most": 100, "is": cold * 1000},
            {"what": "ms to the first block, warm", "at_most": 5, "is": warm * 1000},
        ]


workload = FirstBlock()
