"""The order of a hundred thousand blocks."""

from __future__ import annotations

from types import MappingProxyType

from workloads.plan import Plan


class LargePlan(Plan):
    name = "plan-100k"
    title = "the order of a very large graph, written in an order that works"
    n = 100_000
    limits_ms = MappingProxyType({"jupyter_mage": 210})


workload = LargePlan()
