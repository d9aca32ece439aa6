"""Dask: delayed functions on two threads; nothing kept."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from . import Runner as Base
from . import Variant

variants = (
    Variant(
        name="dask",
        workloads=("chain", "fan", "chain-10k", "fan-10k", "import", "help"),
        environment="dask",
        packages=("dask",),
        imports="import dask",
        command=("dask", "--help"),
        note="nothing",
    ),
)


class Runner(Base):
    def imports(self) -> None:
        import dask
        import dask.delayed
        import dask.threaded  # noqa: F401

    def build(self, blocks: ModuleType) -> None:
        import dask

        self.blocks = blocks
        delayed: dict[str, Any] = {}
        for name in blocks.NAMES:
            function = dask.delayed(getattr(blocks, name), pure=False)
            delayed[name] = function(*[delayed[each] for each in blocks.UPSTREAMS[name]])
        self.last = delayed[blocks.FINAL]

    def run(self) -> Any:
        return self.last.compute(scheduler="threads", num_workers=2)
