"""This project, as its users get it: history, outputs and cache on, durability ``process``."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from . import Runner as Base
from . import Variant

variants = (
    Variant(
        name="jupyter_mage",
        workloads=("chain", "fan", "cached", "frame", "import", "help"),
        mode="inline",
        packages=("jupyter_mage", "pandas", "pyarrow"),
        imports="import jupyter_mage",
        command=("jupyter", "mage", "--help"),
        note="outputs, history",
    ),
    Variant(
        name="jupyter_mage-processes", workloads=("fan",), mode="processes", packages=("jupyter_mage",), note="outputs, history"
    ),
)


class Runner(Base):
    def imports(self) -> None:
        import jupyter_mage.session  # noqa: F401

    def start(self) -> None:
        """A run of one block in a project of its own: plugins are imported, and worker processes warm."""
        from jupyter_mage import Session

        self.warm = Session(self.folder / "warm", pipeline="warm") if self.mode == "inline" else None
        if self.warm is not None:
            self.warm.define("one", "1")
            self.warm.run(executor="inline", check=True)

    def build(self, blocks: ModuleType) -> None:
        from jupyter_mage import Session

        self.blocks = blocks
        self.session = Session(self.folder / "project", pipeline="bench")
        for header, body in blocks.CELLS:
            self.session.define(header, body)
        if self.mode == "processes":
            # two blocks of another pipeline, so that both workers are warm
            self.session.define("one --pipeline warm", "1")
            self.session.define("two --pipeline warm", "2")
            self.session.run(executor=self.mode, check=True)
            self.session.current = "bench"

    def reopen(self, blocks: ModuleType) -> None:
        from jupyter_mage import Session

        self.blocks = blocks
        self.session = Session.open(self.folder / "bench.ipynb")

    def run(self) -> Any:
        return self.session.run(executor=self.mode, check=True)

    def value(self, result: Any) -> Any:
        return self.session.store.get(result.blocks[self.blocks.FINAL].output)

    def executed(self, result: Any) -> int:
        return sum(block.status == "succeeded" for block in result.blocks.values())

    def close(self) -> None:
        self.session.close()
        if self.warm is not None:
            self.warm.close()
