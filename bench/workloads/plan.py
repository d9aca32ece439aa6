"""The order of ten thousand blocks, each with up to three upstreams among the hundred before it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from workloads import Workload

ROUNDS = 3


def graph(n: int, *, shuffled: bool) -> dict[str, tuple[str, ...]]:
    """Each block's upstreams; in an order that works, as most are written, or in none."""
    chance = random.Random(0)
    made = {
        f"b{i}": tuple(f"b{each}" for each in sorted({chance.randrange(max(0, i - 100), i) for _ in range(3 if i else 0)}))
        for i in range(n)
    }
    names = list(made)
    if shuffled:
        chance.shuffle(names)
    return {name: made[name] for name in names}


class Plan(Workload):
    name = "plan"
    title = "the order of a large graph, written in an order that works"
    n = 10_000
    limits_ms = MappingProxyType({"jupyter_mage": 12})
    ratios = MappingProxyType({"networkx": 4})
    columns = MappingProxyType({"shuffled_s": "written in no order ms"})

    def prepare(self, folder: Path, n: int) -> None:
        (folder / "bench_blocks.py").write_text(f"CALLS = []\nN = {n}\n")

    def child(self, runner: Any, blocks: ModuleType, phase: str, record: dict[str, Any]) -> None:  # noqa: ARG002
        record["ok"] = True
        record["wall_s"], record["cpu_s"] = self._best(runner, graph(blocks.N, shuffled=False), record)
        record["shuffled_s"] = self._best(runner, graph(blocks.N, shuffled=True), record)[1]

    def _best(self, runner: Any, upstreams: Mapping[str, tuple[str, ...]], record: dict[str, Any]) -> tuple[float, float]:
        """Wall and CPU seconds from the edges to the order, the best of some rounds: they depend on nothing but the graph."""
        from child import Watch

        times = []
        for _ in range(ROUNDS):
            plan = runner.planner(upstreams)
            with Watch() as watch:
                order = plan()
            times.append((watch.wall, watch.cpu))
        place = {name: index for index, name in enumerate(order)}
        if set(place) != set(upstreams) or any(place[up] > place[name] for name, ups in upstreams.items() for up in ups):
            record |= {"ok": False, "error": "a block is missing, or stands before one that it needs"}
        return min(times, key=lambda each: each[1])


workload = Plan()
