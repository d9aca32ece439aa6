"""Eight blocks that only compute, on two cores; two plain processes that do the same stand beside it."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import blocks

from workloads import Workload, middle

WORK = 3_000_000


class CpuBound(Workload):
    name = "cpu"
    title = "blocks that only compute, on two cores"
    n = 8
    columns = MappingProxyType({"build_s": "build ms"})

    def blocks_in(self, n: int) -> int | None:  # noqa: ARG002
        return None

    def prepare(self, folder: Path, n: int) -> None:
        blocks.write(folder, *blocks.busy(n, WORK))

    def goals(self, found: dict[str, Any]) -> list[dict[str, Any]]:
        """By wall time, the best of each: nothing else says whether two cores were used."""
        ours, plain = middle(found, "jupyter_mage-processes", "wall_s", min), middle(found, "floor-2-processes", "wall_s", min)
        if ours is None or plain is None:
            return []
        return [{"what": "of the speed of two plain processes", "at_least": 0.95, "is": plain / ours}]


workload = CpuBound()
