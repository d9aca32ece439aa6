"""pytask: a task a block, each with a pickle as its product; a re-run compares the files' hashes."""

from __future__ import annotations

import os
import sys
import types
from types import ModuleType
from typing import Any

from . import Runner as Base
from . import Variant

variants = (
    Variant(
        name="pytask",
        workloads=("chain", "fan", "cached", "import", "help", "cold"),
        environment="pytask",
        packages=("pytask",),
        imports="import pytask",
        command=("pytask", "--help"),
        note="outputs, database",
    ),
)

ONE_BLOCK = """
from pathlib import Path

def task_one(produces=Path("one.txt")):
    produces.write_text("1")
"""


class Runner(Base):
    def imports(self) -> None:
        import pytask  # noqa: F401

        sys.setrecursionlimit(100_000)  # it recurses over the chain: Python's own limit fails at a thousand blocks

    def build(self, blocks: ModuleType) -> None:
        import pytask

        self.blocks, self.kept = blocks, self.folder / "pytask"
        self.kept.mkdir(exist_ok=True)
        nodes = {name: pytask.PickleNode(path=self.kept / f"{name}.pkl", name=name) for name in blocks.NAMES}
        self.tasks = []
        for name in blocks.NAMES:
            given = getattr(blocks, name)
            function = types.FunctionType(given.__code__, given.__globals__, name)
            function.__module__ = given.__module__
            inputs = {each: nodes[each] for each in blocks.UPSTREAMS[name]}
            self.tasks.append(pytask.task(name=name, kwargs=inputs, produces=nodes[name])(function))
        self.last = nodes[blocks.FINAL]

    def run(self) -> Any:
        import pytask

        os.chdir(self.kept)
        session = pytask.build(tasks=self.tasks, verbose=0, show_locals=False, root=self.kept)
        if session.exit_code:
            raise RuntimeError(f"pytask ended with {session.exit_code}")
        return self.last

    def value(self, result: Any) -> Any:
        return result.load()

    def one_block(self) -> list[str]:
        (self.folder / "task_one.py").write_text(ONE_BLOCK)
        return ["pytask", "task_one.py"]
