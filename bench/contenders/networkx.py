"""networkx: what is usually taken to put a graph in order; it runs nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import Runner as Base
from . import Variant

variants = (
    Variant(
        name="networkx",
        workloads=("plan", "plan-100k", "import"),
        packages=("networkx",),
        imports="import networkx",
        note="nothing",
    ),
)


class Runner(Base):
    def imports(self) -> None:
        import networkx  # noqa: F401

    def planner(self, upstreams: dict[str, tuple[str, ...]]) -> Callable[[], Any]:
        import networkx

        def plan() -> Any:
            made = networkx.DiGraph()
            made.add_nodes_from(upstreams)
            made.add_edges_from((above, name) for name, ups in upstreams.items() for above in ups)
            return list(networkx.topological_sort(made))

        return plan
