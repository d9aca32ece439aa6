"""What it costs to keep what a run says: two events a block into the history, on the run's thread and in all."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from workloads import Workload, middle


class Events(Workload):
    name = "events"
    title = "two events a block, kept"
    limits_ms = MappingProxyType({"jupyter_mage": 10})
    columns = MappingProxyType({"each_us": "µs an event on the run's thread"})

    def prepare(self, folder: Path, n: int) -> None:
        (folder / "bench_blocks.py").write_text(f"CALLS = []\nN = {n}\n")

    def child(self, runner: Any, blocks: ModuleType, phase: str, record: dict[str, Any]) -> None:  # noqa: ARG002
        from child import Watch

        tell, kept = runner.events(blocks.N)
        with Watch() as watch:
            seconds = tell()
        record |= {"ok": kept() == blocks.N, "wall_s": watch.wall, "cpu_s": watch.cpu, "each_us": seconds / blocks.N / 2 * 1e6}
        if not record["ok"]:
            record["error"] = f"{kept()} of {blocks.N} blocks are in the history"

    def goals(self, found: dict[str, Any]) -> list[dict[str, Any]]:
        each = middle(found, "jupyter_mage", "each_us")
        return [] if each is None else [{"what": "µs an event on the run's thread", "at_most": 0.5, "is": each}]


workload = Events()
