"""What Python itself costs: the functions called one after another, nothing kept."""

from __future__ import annotations

from typing import Any

from . import Runner as Base
from . import Variant

variants = (
    Variant(
        name="floor",
        workloads=("chain", "fan", "frame", "import", "help"),
        imports="pass",
        command=("python", "-c", "pass"),
        note="nothing",
    ),
)


class Runner(Base):
    def run(self) -> Any:
        blocks, values = self.blocks, {}
        for name in blocks.NAMES:
            values[name] = getattr(blocks, name)(*[values[each] for each in blocks.UPSTREAMS[name]])
        return values[blocks.FINAL]
