"""Kedro: its sequential runner with data in memory, and with every dataset pickled to a file."""

from __future__ import annotations

import logging
from types import ModuleType
from typing import Any

from . import Runner as Base
from . import Variant

_SAME = {"environment": "kedro", "packages": ("kedro", "kedro-datasets", "pandas")}
variants = (
    Variant(
        name="kedro",
        workloads=("chain", "fan", "import", "help"),
        imports="import kedro.pipeline, kedro.runner, kedro.io",
        command=("kedro", "--help"),
        note="nothing",
        **_SAME,
    ),
    Variant(name="kedro-pickle", workloads=("frame",), mode="pickle", note="outputs", **_SAME),
)


class Runner(Base):
    def imports(self) -> None:
        import kedro.io
        import kedro.pipeline
        import kedro.runner  # noqa: F401

        logging.getLogger("kedro").setLevel(logging.WARNING)

    def build(self, blocks: ModuleType) -> None:
        from kedro.io import DataCatalog
        from kedro.pipeline import Pipeline, node

        self.blocks = blocks
        steps = [
            node(getattr(blocks, name), inputs=list(blocks.UPSTREAMS[name]) or None, outputs=name, name=f"node_{name}")
            for name in blocks.NAMES
        ]
        self.pipeline = Pipeline(steps)
        datasets = {}
        if self.mode == "pickle":
            from kedro_datasets.pickle import PickleDataset

            datasets = {name: PickleDataset(filepath=f"{self.folder}/kedro/{name}.pkl") for name in blocks.NAMES}
        self.catalog = DataCatalog(datasets)

    def run(self) -> Any:
        from kedro.runner import SequentialRunner

        return SequentialRunner().run(self.pipeline, self.catalog)[self.blocks.FINAL]

    def value(self, result: Any) -> Any:
        return result.load() if hasattr(result, "load") else result
