"""Luigi: a task a block, each with a JSON file as its target; a re-run looks only whether the last file is there."""

from __future__ import annotations

import json
import logging
from types import ModuleType
from typing import Any

from . import Runner as Base
from . import Variant

variants = (
    Variant(
        name="luigi",
        workloads=("chain", "fan", "cached", "import", "help"),
        environment="luigi",
        packages=("luigi",),
        imports="import luigi",
        command=("luigi", "--help"),
        note="outputs",
    ),
)


class Runner(Base):
    def imports(self) -> None:
        import luigi  # noqa: F401

        logging.getLogger("luigi").setLevel(logging.ERROR)
        logging.getLogger("luigi-interface").setLevel(logging.ERROR)

    def build(self, blocks: ModuleType) -> None:
        self.blocks = blocks
        self.targets = self.folder / "luigi"
        self.targets.mkdir(exist_ok=True)
        self.task = _task(blocks, self.targets)

    def run(self) -> Any:
        import luigi

        if not luigi.build(
            [self.task(block=self.blocks.FINAL)], local_scheduler=True, workers=1, log_level="ERROR", no_lock=True
        ):
            raise RuntimeError("luigi failed")
        return json.loads((self.targets / f"{self.blocks.FINAL}.json").read_text())


def _task(blocks: ModuleType, targets: Any) -> Any:
    import luigi

    class Block(luigi.Task):
        block = luigi.Parameter()

        def requires(self) -> list[Any]:
            return [Block(block=each) for each in blocks.UPSTREAMS[self.block]]

        def output(self) -> Any:
            return luigi.LocalTarget(f"{targets}/{self.block}.json")

        def run(self) -> None:
            arguments = []
            for target in self.input():
                with target.open() as file:
                    arguments.append(json.load(file))
            value = getattr(blocks, self.block)(*arguments)
            with self.output().open("w") as file:
                json.dump(value, file)

    return Block
