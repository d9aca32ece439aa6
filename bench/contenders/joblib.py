"""joblib.Memory: each function's results in files, found again by a hash of its arguments."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from . import Runner as Base
from . import Variant

variants = (
    Variant(
        name="joblib",
        workloads=("chain", "fan", "cached", "frame", "import"),
        environment="joblib",
        packages=("joblib", "pandas"),
        imports="import joblib",
        note="outputs",
    ),
)


class Runner(Base):
    def imports(self) -> None:
        import joblib  # noqa: F401

    def build(self, blocks: ModuleType) -> None:
        import joblib

        self.blocks = blocks
        memory = joblib.Memory(self.folder / "joblib", verbose=0)
        self.functions = {name: memory.cache(getattr(blocks, name)) for name in blocks.NAMES}

    def run(self) -> Any:
        blocks, values = self.blocks, {}
        for name in blocks.NAMES:
            values[name] = self.functions[name](*[values[each] for each in blocks.UPSTREAMS[name]])
        return values[blocks.FINAL]
