"""A thousand empty blocks, one after another: what the machinery costs."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import blocks

from workloads import Workload


class Chain(Workload):
    name = "chain"
    title = "a chain of empty blocks"
    limits_ms = MappingProxyType({"jupyter_mage": 60})
    ratios = MappingProxyType({"joblib": 25, "hamilton-cache": 25, "kedro": 40, "dagster": 190})
    columns = MappingProxyType({"build_s": "build ms"})

    def prepare(self, folder: Path, n: int) -> None:
        blocks.write(folder, *blocks.chain(n))


workload = Chain()
