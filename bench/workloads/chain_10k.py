"""Ten thousand empty blocks, one after another: is the price of a block the same as in a thousand?"""

from __future__ import annotations

from types import MappingProxyType, ModuleType
from typing import Any

from workloads import Workload
from workloads.chain import Chain


class Opened(Workload):
    """The blocks are read from a notebook, and peak memory is noted."""

    columns = MappingProxyType({"build_s": "open ms", "peak_mb": "MB peak above the start"})

    def child(self, runner: Any, blocks: ModuleType, phase: str, record: dict[str, Any]) -> None:
        from child import forget_peak, memory_mb

        build = runner.build

        def opened(blocks: ModuleType) -> None:
            runner.build = build
            runner.reopen(blocks)
            forget_peak()
            self.before = memory_mb("VmRSS")

        runner.build = opened
        super().child(runner, blocks, phase, record)

    def ran(self, runner: Any, record: dict[str, Any]) -> None:  # noqa: ARG002
        from child import memory_mb

        record["peak_mb"] = memory_mb("VmHWM") - self.before


class LongChain(Opened, Chain):
    name = "chain-10k"
    title = "a long chain of empty blocks"
    n = 10_000
    limits_ms = MappingProxyType({"jupyter_mage": 600})
    ratios = MappingProxyType({})


workload = LongChain()
