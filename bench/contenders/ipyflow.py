"""ipyflow: a notebook whose cells are watched while they run, so that it knows which needs which."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import Runner as Base
from . import Variant, shell

variants = (
    Variant(
        name="ipyflow",
        workloads=("define",),
        environment="ipyflow",
        packages=("ipyflow", "ipython"),
        note="the graph, by running",
    ),
)


class Runner(Base):
    def build(self, blocks: ModuleType) -> None:
        """Nothing: its cells are."""

    def notebook(self, blocks: ModuleType) -> tuple[Any, list[str], Callable[[], int]]:
        made = shell("ipyflow")
        cells = [f"{name} = {body}" for name, (_, body) in zip(blocks.NAMES, blocks.CELLS, strict=True)]
        return made, cells, lambda: sum(name in made.user_ns for name in blocks.NAMES)
