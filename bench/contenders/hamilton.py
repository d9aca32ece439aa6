"""Apache Hamilton: its static driver on two threads (nothing kept), and with its cache."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import Runner as Base
from . import Variant, functions, shell

_SAME = {"environment": "hamilton", "packages": ("sf-hamilton", "pandas")}
variants = (
    Variant(
        name="hamilton",
        workloads=("chain", "fan", "chain-10k", "fan-10k", "import"),
        mode="threads",
        imports="from hamilton import driver",
        note="nothing",
        **_SAME,
    ),
    Variant(name="hamilton-cache", workloads=("chain", "fan", "cached", "frame"), mode="cache", note="outputs", **_SAME),
    Variant(
        name="hamilton-notebook",
        workloads=("define",),
        mode="notebook",
        environment="hamilton_notebook",
        packages=("sf-hamilton", "ipython"),
        note="a module a cell",
    ),
)


class Runner(Base):
    def imports(self) -> None:
        if self.mode == "notebook":
            return
        from hamilton import driver  # noqa: F401

        sys.setrecursionlimit(100_000)  # it recurses over the chain: Python's own limit fails at a thousand blocks

    def build(self, blocks: ModuleType) -> None:
        from hamilton import base, driver

        self.blocks = blocks
        builder = driver.Builder().with_modules(blocks)
        if self.mode == "cache":
            builder = builder.with_cache(path=str(self.folder / "hamilton")).with_adapters(base.DictResult())
        else:
            from hamilton.plugins import h_threadpool

            builder = builder.with_adapters(h_threadpool.FutureAdapter(max_workers=2, result_builder=base.DictResult()))
        self.driver = builder.build()

    def notebook(self, blocks: ModuleType) -> tuple[Any, list[str], Callable[[], int]]:
        made = shell("hamilton.plugins.jupyter_magic")
        texts = zip(blocks.NAMES, functions(blocks), strict=True)
        cells = [f"%%cell_to_module module_{name}\n{text}" for name, text in texts]
        return made, cells, lambda: sum(f"module_{name}" in made.user_ns for name in blocks.NAMES)

    def run(self) -> Any:
        return self.driver.execute([self.blocks.FINAL])[self.blocks.FINAL]
