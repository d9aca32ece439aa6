"""Ten thousand empty blocks side by side, and one that merges them: is a merge quadratic?"""

from __future__ import annotations

from types import MappingProxyType

from workloads.chain_10k import Opened
from workloads.fan import Fan


class WideFan(Opened, Fan):
    name = "fan-10k"
    title = "a wide fan of empty blocks and their merge"
    n = 10_000
    limits_ms = MappingProxyType({"jupyter_mage": 600})
    ratios = MappingProxyType({})


workload = WideFan()
