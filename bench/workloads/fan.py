"""A thousand empty blocks side by side, and one that merges them."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import blocks

from workloads import Workload


class Fan(Workload):
    name = "fan"
    title = "a fan of empty blocks and their merge"
    limits_ms = MappingProxyType({"jupyter_mage": 60, "jupyter_mage-processes": 500})
    ratios = MappingProxyType({"hamilton": 5, "kedro": 40})
    columns = MappingProxyType({"build_s": "build ms"})

    def blocks_in(self, n: int) -> int:
        return n + 2

    def prepare(self, folder: Path, n: int) -> None:
        blocks.write(folder, *blocks.fan(n))


workload = Fan()
