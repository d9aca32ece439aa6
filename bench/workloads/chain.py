"""A thousand empty blocks, one after another: what the machinery costs."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import blocks

from workloads import Workload


class Chain(Workload):
    name = "chain"
    title = "a chain of empty blocks"
    limit_ms = 60.0
    ratios = MappingProxyType({"joblib": 25, "hamilton-cache": 25, "kedro": 40, "dagster": 190})
    columns = MappingProxyType({"build_s": "build"})

    def prepare(self, folder: Path, n: int) -> None:
        blocks.write(folder, *blocks.chain(n))


workload = Chain()
